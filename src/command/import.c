/* import: blocks a list of addresses from other programs, or converts a whole fail2ban into files to review. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/import_fail2ban.h"
#include "import/banfile.h"

enum { LINE_MAX_LEN = NET_TEXT_MAX + DURATION_TEXT_MAX + BANLIST_REASON_MAX + 64 };

struct request {
	struct import_fail2ban fail2ban;
	const char *duration, *reason; /* for a list */
	bool dry;
};

static const struct option options[] = {{"from", required_argument, NULL, 'f'},
                                        {"database", required_argument, NULL, 'd'},
                                        {"output", required_argument, NULL, 'o'},
                                        {"for", required_argument, NULL, 't'},
                                        {"reason", required_argument, NULL, 'r'},
                                        {"dry-run", no_argument, NULL, 'n'},
                                        {NULL, 0, NULL, 0}};

/* --- a list --- */

static int read_text(const char *path, char **ret, size_t *ret_len, struct why *why)
{
	FILE *const in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	size_t n = 0, cap = 1 << 16, got;
	char *text = alloc_raw(cap, 1, "a list to import");
	int rc = 0;

	if (in == NULL) {
		free(text);
		return why_set(why, errno, "%s: %s", path, strerror(errno));
	}
	while (rc == 0 && (got = fread(text + n, 1, cap - n, in)) > 0) {
		n += got;
		if (n == cap)
			text = alloc_resize(text, cap *= 2, 1, "a list to import");
		if (n > BANFILE_BYTES)
			rc = why_set(why, E2BIG, "%s: longer than %d MiB", path, BANFILE_BYTES >> 20);
	}
	if (rc == 0 && ferror(in))
		rc = why_set(why, EIO, "%s: cannot be read", path);
	if (in != stdin)
		(void)fclose(in);
	*ret = text;
	*ret_len = n;
	return rc;
}

/* Writes the control socket's request "block"; see protocol.h. */
static size_t order_of(const struct banlist_entry *entry, const struct request *q, char line[static LINE_MAX_LEN])
{
	char address[NET_TEXT_MAX], left[DURATION_TEXT_MAX] = "";

	(void)net_text(&entry->net, address);
	if (entry->left_s > 0)
		duration_text(entry->left_s, left);
	return (size_t)snprintf(line, LINE_MAX_LEN, "block %s for %s reason %s\n", address,
	                        *left != '\0' ? left : q->duration,
	                        entry->reason[0] != '\0' ? entry->reason : q->reason);
}

struct counts {
	size_t done, refused;
};

/* Sends the requests one by one. What the daemon refuses is printed and skipped. */
static int block_all(int fd, const struct banlist *list, const struct request *q, struct counts *ret, struct why *why)
{
	char line[LINE_MAX_LEN];

	*ret = (struct counts){0};
	for (size_t i = 0; i < list->n; i++) {
		json_t *reply = NULL;
		const size_t len = order_of(&list->list[i], q, line);
		const int rc = daemon_ask(fd, line, len, &reply, why);

		if (rc < 0)
			return rc;
		if (json_is_true(json_object_get(reply, "ok"))) {
			ret->done++;
		} else {
			const char *const error = json_string_value(json_object_get(reply, "error"));

			ret->refused++;
			(void)fprintf(stderr, "watchforspammers: %.*s: %s\n", (int)strcspn(line + 6, " "), line + 6,
			              error != NULL ? error : "refused");
		}
		json_decref(reply);
	}
	return 0;
}

static void print_list(const struct banlist *list, const struct request *q)
{
	char line[LINE_MAX_LEN];

	for (size_t i = 0; i < list->n; i++) {
		(void)order_of(&list->list[i], q, line);
		(void)fputs(line, stdout);
	}
}

static int order_list(const struct banlist *list, const struct request *q, const struct command_env *env)
{
	struct counts counts;
	struct config *config;
	struct why why;
	int fd, rc, status;

	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	fd = rc = daemon_connect(config, false, &why);
	config_free(config);
	if (fd >= 0) {
		rc = block_all(fd, list, q, &counts, &why);
		(void)close(fd);
	}
	if (rc < 0)
		return command_fail(COMMAND_SYSTEM, &why);
	(void)printf("%zu %s blocked, %zu refused\n", counts.done, plural((int64_t)counts.done, "address", "addresses"),
	             counts.refused);
	return counts.refused > 0 ? COMMAND_NO : COMMAND_DONE;
}

static int import_list(const char *path, const struct request *q, const struct command_env *env)
{
	struct banlist list = {0};
	char *text = NULL;
	size_t len = 0;
	struct why why, detail;
	int status = COMMAND_DONE, rc = read_text(path, &text, &len, &why);

	if (rc == 0 && (rc = banfile_parse((struct span){text, len}, clock_unix_s(), &list, &detail)) < 0)
		(void)why_set(&why, -rc, "%s: %s", path, detail.text);
	free(text);
	if (rc < 0) {
		status = command_fail(COMMAND_SYSTEM, &why);
	} else if (list.n == 0) {
		(void)why_set(&why, ENOENT, "%s: no address in it", path);
		status = command_fail(COMMAND_NO, &why);
	} else if (q->dry) {
		print_list(&list, q);
	} else {
		status = order_list(&list, q, env);
	}
	banlist_done(&list);
	return status;
}

/* --- the command --- */

static int parse_option(int option, void *request)
{
	struct request *const q = request;
	int64_t ignored_s;

	switch (option) {
	case 'f':
		q->fail2ban.from = optarg;
		return COMMAND_DONE;
	case 'd':
		q->fail2ban.database = optarg;
		return COMMAND_DONE;
	case 'o':
		q->fail2ban.output = optarg;
		return COMMAND_DONE;
	case 't':
		q->duration = optarg;
		return duration_parse(optarg, &ignored_s)
		               ? COMMAND_DONE
		               : command_usage("import", "--for wants a duration, such as 7d");
	case 'r':
		q->reason = optarg;
		return strlen(optarg) < BANLIST_REASON_MAX ? COMMAND_DONE
		                                           : command_usage("import", "--reason is too long");
	default:
		q->dry = true;
		return COMMAND_DONE;
	}
}

int command_import(int argc, char **argv, const struct command_env *env)
{
	struct request q = {
		.fail2ban = {"/etc/fail2ban", NULL, "fail2ban-import"}, .duration = "7d", .reason = "imported"};
	int status;

	if ((status = command_options(argc, argv, options, parse_option, &q)) != COMMAND_DONE)
		return status;
	if (optind < argc && strcmp(argv[optind], "fail2ban") == 0)
		return optind + 1 < argc ? command_no_word(argv[0], argv[optind + 1])
		                         : import_fail2ban(&q.fail2ban, env);
	if (optind + 1 < argc && strcmp(argv[optind], "list") == 0)
		return optind + 2 < argc ? command_no_word(argv[0], argv[optind + 2])
		                         : import_list(argv[optind + 1], &q, env);
	return command_usage(argv[0], "import what? \"fail2ban\", or \"list\" and a file");
}
