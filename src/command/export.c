/* export: prints blocked, allowed or often hostile addresses as a list for other programs. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "command/command.h"
#include "command/exportfile.h"
#include "store/query.h"

enum { WITHIN_DEFAULT_S = 24 * 3600 };

struct request {
	enum export_format format;
	bool allowed;
	int64_t hits, within_s; /* hits 0: blocked or allowed ones */
	const char *output;     /* NULL: standard output */
};

static const struct option options[] = {
	{"format", required_argument, NULL, 'f'}, {"allowed", no_argument, NULL, 'a'},
	{"hits", required_argument, NULL, 'n'},   {"within", required_argument, NULL, 'w'},
	{"output", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};

static int parse_format(const char *word, struct request *q)
{
	size_t i = EXPORT_PLAIN;
	const int status = command_word("export", "--format", word, export_names, EXPORT_FORMATS, &i);

	q->format = (enum export_format)i;
	return status;
}

static bool parse_hits(const char *word, int64_t *ret)
{
	char *end;

	*ret = strtoll(word, &end, 10);
	return *word >= '1' && *word <= '9' && *end == '\0' && *ret < INT64_MAX;
}

static int parse_option(int option, void *request)
{
	struct request *const q = request;

	switch (option) {
	case 'f':
		return parse_format(optarg, q);
	case 'a':
		q->allowed = true;
		return COMMAND_DONE;
	case 'n':
		return parse_hits(optarg, &q->hits) ? COMMAND_DONE
		                                    : command_usage("export", "--hits wants a number from 1 on");
	case 'w':
		return duration_parse(optarg, &q->within_s)
		               ? COMMAND_DONE
		               : command_usage("export", "--within wants a duration, such as 24h or 7d");
	case 'o':
		q->output = optarg;
		return COMMAND_DONE;
	default:
		return COMMAND_USAGE;
	}
}

static int parse(int argc, char **argv, const struct command_env *env, struct request *q)
{
	int status;

	*q = (struct request){.format = env->json ? EXPORT_JSON : EXPORT_PLAIN};
	if ((status = command_options(argc, argv, options, parse_option, q)) != COMMAND_DONE)
		return status;
	if (optind < argc)
		return command_no_word(argv[0], argv[optind]);
	if (q->allowed && q->hits > 0)
		return command_usage("export", "either --allowed or --hits");
	if (q->within_s > 0 && q->hits == 0)
		return command_usage("export", "--within needs --hits: how many hits in that time");
	if (env->json && q->format != EXPORT_JSON)
		return command_usage("export", "either --json or --format");
	if (q->within_s == 0)
		q->within_s = WITHIN_DEFAULT_S;
	return COMMAND_DONE;
}

/* --- reading the database --- */

static int read_allowed(struct store *store, int64_t now_s, struct export_list *ret, struct why *why)
{
	struct query_allowance allowance;
	int rc;

	query_allowances(store, now_s);
	while ((rc = query_next_allowance(store, &allowance, why)) == 0)
		export_add_allowance(ret, &allowance);
	return rc < 0 ? rc : 0;
}

static int read_frequent(struct store *store, int64_t since_s, int64_t hits, struct export_list *ret, struct why *why)
{
	struct query_frequent address;
	int rc;

	query_frequent(store, since_s, hits);
	while ((rc = query_next_frequent(store, &address, why)) == 0)
		export_add_address(ret, &address);
	return rc < 0 ? rc : 0;
}

static int read_list(const struct config *config, struct store *store, const struct request *q, int64_t now_s,
                     struct export_list *ret, struct why *why)
{
	if (q->hits > 0)
		return read_frequent(store, now_s - q->within_s, q->hits, ret, why);
	return q->allowed ? read_allowed(store, now_s, ret, why) : exportfile_read(config, store, now_s, ret, why);
}

int command_export(int argc, char **argv, const struct command_env *env)
{
	const int64_t now_s = clock_unix_s();
	struct export_list list = {0};
	struct request q;
	struct config *config;
	struct store *store;
	struct why why;
	int rc, status = parse(argc, argv, env, &q);

	if (status != COMMAND_DONE || (config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	if ((store = command_database(config)) == NULL) {
		config_free(config);
		return COMMAND_SYSTEM;
	}
	rc = read_list(config, store, &q, now_s, &list, &why);
	store_close(store);
	config_free(config);
	export_seal(&list, q.format);
	if (rc == 0 && q.output != NULL)
		rc = exportfile_write(&list, q.format, now_s, q.output, &why);
	else if (rc == 0)
		export_write(&list, q.format, now_s, stdout);
	export_done(&list);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}
