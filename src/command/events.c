/* events: prints the events in the database (each block, lift, expiry ...) or each hit, and follows new ones. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/rows.h"
#include "base/duration.h"
#include "command/command.h"
#include "store/mend.h"
#include "store/query.h"

enum { LOOK_MS = 500 }; /* interval between looking for new events */

struct request {
	enum query_stream stream;
	int64_t since;
	bool follow;
};

/* Prints "17  2026-11-20 13:37:42 UTC  block 192.0.2.7 until 2026-11-20 13:47:42 UTC (postfix-dnsbl)". */
static void print_text(const struct query_event *e, bool utc)
{
	char time[TIME_LOCAL_MAX], until[TIME_LOCAL_MAX];

	time_local_text(e->time_s, utc, time);
	(void)printf("%" PRId64 "  %s  %s", e->id, time, e->what);
	if (e->address != NULL)
		(void)printf(" %s", e->address);
	if (e->until_s > e->time_s) {
		time_local_text(e->until_s, utc, until);
		(void)printf(" until %s", until);
	}
	if (e->rule != NULL)
		(void)printf(" (%s)", e->rule);
	if (e->text != NULL)
		(void)printf(": %s", e->text);
	(void)putchar('\n');
}

/* Prints the events after *since, and updates it to the last one. */
static int print_new(struct store *store, const struct command_env *env, enum query_stream stream, int64_t *since,
                     struct why *why)
{
	struct query_event event;
	int rc;

	query_events(store, stream, *since);
	while ((rc = query_next_event(store, &event, why)) == 0) {
		if (env->json)
			command_print_json(rows_event(&event));
		else
			print_text(&event, env->utc);
		*since = event.id;
	}
	if (fflush(stdout) != 0 || ferror(stdout))
		return why_set(why, EIO, "standard output: cannot write");
	return rc < 0 ? rc : 0;
}

/*
 * Opens the database. It must contain the last event that the reader has seen; one that replaced a damaged database
 * does not.
 */
static int open_database(const struct config *config, const struct request *q, int64_t since, struct store **ret,
                         struct why *why)
{
	int64_t newest;
	int rc = command_open_database(config, ret, why);

	if (rc == 0 && (rc = query_begins_after(*ret, q->stream, since, &newest, why)) < 0) {
		store_close(*ret);
		*ret = NULL;
	}
	return rc;
}

/* Follows until the output is closed or the database cannot be read. */
static int follow(const struct config *config, const struct command_env *env, const struct request *q, struct why *why)
{
	static const struct timespec pause = {0, LOOK_MS * 1000000L};
	struct store *store = NULL;
	int64_t since = q->since;
	int rc = 0;

	while (rc == 0) {
		if (store != NULL && store_health(store) != STORE_FINE) { /* another file has its name */
			store_close(store);
			store = NULL;
		}
		if (store == NULL)
			rc = open_database(config, q, since, &store, why);
		if (rc == 0)
			rc = print_new(store, env, q->stream, &since, why);
		(void)nanosleep(&pause, NULL);
	}
	store_close(store);
	return rc;
}

static bool parse_id(const char *text, int64_t *ret)
{
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	return errno == 0 && end != text && *end == '\0' && *ret >= 0;
}

static int run(const struct request *q, const struct command_env *env)
{
	int status = COMMAND_SYSTEM, rc;
	struct store *store = NULL;
	int64_t since = q->since;
	struct config *config;
	struct why why;

	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	if (q->follow) {
		rc = follow(config, env, q, &why);
	} else if ((rc = open_database(config, q, since, &store, &why)) == 0) {
		rc = print_new(store, env, q->stream, &since, &why);
		store_close(store);
	}
	config_free(config);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}

int command_events(int argc, char **argv, const struct command_env *env)
{
	static const char *const options[] = {"--since", "--follow", "--hits", NULL};
	struct request q = {0};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--follow") == 0) {
			q.follow = true;
		} else if (strcmp(argv[i], "--hits") == 0) {
			q.stream = QUERY_STREAM_HITS;
		} else if (strcmp(argv[i], "--since") == 0) {
			if (++i == argc || !parse_id(argv[i], &q.since))
				return command_usage(argv[0], "--since: the number of an event, 0 or more");
		} else if (argv[i][0] == '-') {
			return command_no_option(argv[0], argv[i], options);
		} else {
			return command_no_word(argv[0], argv[i]);
		}
	}
	return run(&q, env);
}
