/* status: the daemon's health: what is wrong first; then how much there is, from what it wrote into the database. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/lengths.h"
#include "base/plural.h"
#include "command/command.h"
#include "command/health.h"
#include "command/show.h"
#include "store/query.h"

enum {
	LABEL_WIDTH = 11,
	LIST_MAX = 32, /* the name of a list */
};

struct log_state {
	const char *path;
	int64_t bytes_read, lines, cut, lag_bytes, last_line_at, unparsed;
};

struct status {
	const struct config *config;
	struct health health;
	size_t n_logs;
	struct log_state logs[CONFIG_LOGS_MAX]; /* as the configuration has them */
	struct query_totals totals;
	int64_t capacity, drift, last_sync_at, tracked, forgotten, braked, refused;
	json_t *rules_fault, *refused_why, *ports, *prefixes, *suspended;
};

/* --- what there is --- */

static int64_t lag(const char *path, int64_t position)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > position ? st.st_size - position : 0;
}

static int64_t said_number(struct store *store, const char *key)
{
	struct why ignored; /* what cannot be read is not known */
	const char *text = NULL;

	return query_said(store, key, &text, &ignored) == 0 && text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* A sentence; null when it said none. */
static json_t *said_text(struct store *store, const char *key)
{
	struct why ignored;
	const char *text = NULL;

	if (query_said(store, key, &text, &ignored) < 0 || text == NULL || *text == '\0')
		return json_null();
	return command_json_text((struct span){text, strlen(text)});
}

static int gather_logs(struct store *store, struct status *s, struct why *why)
{
	struct query_log log;
	int rc;

	query_logs(store);
	while ((rc = query_next_log(store, &log, why)) == 0)
		for (size_t i = 0; i < s->n_logs; i++)
			if (strcmp(s->logs[i].path, log.path) == 0)
				s->logs[i] = (struct log_state){.path = s->logs[i].path,
				                                .bytes_read = log.position,
				                                .lines = log.lines,
				                                .cut = log.cut,
				                                .lag_bytes = lag(log.path, log.position),
				                                .last_line_at = log.last_line_at,
				                                .unparsed = log.unparsed};
	return rc < 0 ? rc : 0;
}

/* What holds the networks that are blocked, as the daemon said. */
struct lists {
	char name[LIST_MAX], lengths[LENGTHS_TEXT_MAX];
};

static void gather_lists(struct store *store, struct lists *ret)
{
	struct why ignored; /* what cannot be read is not known */
	const char *text = NULL;

	*ret = (struct lists){.name = ""};
	if (query_said(store, "list", &text, &ignored) == 0 && text != NULL)
		(void)snprintf(ret->name, sizeof ret->name, "%s", text);
	if (query_said(store, "lengths", &text, &ignored) == 0 && text != NULL)
		(void)snprintf(ret->lengths, sizeof ret->lengths, "%s", text);
}

/* Each network that is blocked, and the kernel's list that holds it. */
static int gather_prefixes(struct store *store, json_t *prefixes, struct why *why)
{
	struct lists lists;
	const char *text;
	int rc;

	gather_lists(store, &lists);
	query_prefixes(store, clock_unix_s(), (struct query_bound){0});
	while ((rc = query_next_prefix(store, &text, why)) == 0) {
		const char *const slash = strchr(text, '/');
		const unsigned long length = slash == NULL ? 0 : strtoul(slash + 1, NULL, 10);
		char list[2 * LIST_MAX];

		if (lists.name[0] == '\0')
			(void)snprintf(list, sizeof list, "no list");
		else if (lengths_text_has(lists.lengths, strchr(text, ':') == NULL, (unsigned)length)) /* <= 128 */
			(void)snprintf(list, sizeof list, "%s%lu", lists.name, length);
		else
			(void)snprintf(list, sizeof list, "in pieces");
		(void)json_array_append_new(prefixes, json_pack("{s:s, s:s}", "address", text, "list", list));
	}
	return rc < 0 ? rc : 0;
}

static int gather_suspended(struct store *store, json_t *suspended, struct why *why)
{
	struct query_suspension s;
	int rc;

	query_suspensions(store);
	while ((rc = query_next_suspension(store, &s, why)) == 0)
		(void)json_array_append_new(suspended, json_pack("{s:s, s:o, s:s}", "rule", s.rule, "since",
		                                                 command_json_time(s.since_s), "why", s.why));
	return rc < 0 ? rc : 0;
}

static int gather(struct store *store, struct status *s, struct why *why)
{
	int rc = gather_logs(store, s, why);

	if (rc == 0)
		rc = query_totals(store, clock_unix_s(), (struct query_bound){0}, &s->totals, why);
	if (rc == 0)
		rc = gather_prefixes(store, s->prefixes, why);
	if (rc == 0)
		rc = gather_suspended(store, s->suspended, why);
	s->capacity = said_number(store, "capacity");
	s->drift = said_number(store, "drift");
	s->last_sync_at = said_number(store, "last_sync_at");
	s->tracked = said_number(store, "tracked");
	s->forgotten = said_number(store, "forgotten");
	s->braked = said_number(store, "braked");
	s->refused = said_number(store, "refused");
	s->rules_fault = said_text(store, "rules_fault");
	s->refused_why = said_text(store, "refused_why");
	s->ports = said_text(store, "ports");
	return rc;
}

/* --- as JSON --- */

static json_t *json_problems(const struct health *h)
{
	json_t *const list = json_array();

	for (size_t i = 0; i < h->n; i++) {
		const struct problem *const p = &h->list[i];

		(void)json_array_append_new(
			list, json_pack("{s:s, s:o, s:o, s:o, s:s}", "kind", problems_name(p->kind), "what",
		                        command_json_text((struct span){p->what, strlen(p->what)}), "since",
		                        command_json_time(p->since_s), "remedy",
		                        command_json_text((struct span){p->remedy, strlen(p->remedy)}), "level",
		                        p->critical ? "critical" : "warning"));
	}
	return list;
}

static json_t *json_logs(const struct status *s)
{
	json_t *const list = json_array();

	for (size_t i = 0; i < s->n_logs; i++) {
		const struct log_state *const log = &s->logs[i];

		(void)json_array_append_new(
			list, json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:I}", "path", log->path, "bytes_read",
		                        (json_int_t)log->bytes_read, "lines", (json_int_t)log->lines, "cut",
		                        (json_int_t)log->cut, "lag_bytes", (json_int_t)log->lag_bytes, "last_line_at",
		                        command_json_time(log->last_line_at), "unparsed", (json_int_t)log->unparsed));
	}
	return list;
}

static void print_json(const struct status *s)
{
	json_t *const json = json_pack("{s:o, s:I, s:I, s:I, s:s, s:I, s:I, s:o, s:b, s:O}", "logs", json_logs(s), "hits",
	                               (json_int_t)s->totals.hits, "blocks_active", (json_int_t)s->totals.blocks_active,
	                               "blocks_total", (json_int_t)s->totals.blocks_total, "backend",
	                               s->config->firewall.backend, "capacity", (json_int_t)s->capacity, "drift",
	                               (json_int_t)s->drift, "last_sync_at", command_json_time(s->last_sync_at), "running",
	                               s->health.daemon == DAEMON_RUNNING, "rules_fault", s->rules_fault);

	(void)json_object_update_new(
		json, json_pack("{s:I, s:I, s:I, s:I, s:O, s:O, s:O, s:O, s:o}", "tracked", (json_int_t)s->tracked, "forgotten",
	                        (json_int_t)s->forgotten, "braked", (json_int_t)s->braked, "refused", (json_int_t)s->refused,
	                        "refused_why", s->refused_why, "prefixes", s->prefixes, "suspended", s->suspended, "ports", s->ports, "problems",
	                        json_problems(&s->health)));
	command_print_json(json);
}

/* --- for people --- */

static void time_or_never(int64_t time_s, bool utc, char out[static TIME_LOCAL_MAX])
{
	if (time_s == 0)
		(void)snprintf(out, TIME_LOCAL_MAX, "never");
	else
		time_local_text(time_s, utc, out);
}

/* A row: what it is about, and the rest, in as many lines as it needs. */
static void print_row(const char *label, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void print_row(const char *label, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = alloc_vformat("the status", fmt, ap);
	va_end(ap);
	show_wrapped(label, LABEL_WIDTH, text);
	free(text);
}

static void print_problems(const struct health *h, bool utc)
{
	for (size_t i = 0; i < h->n; i++) {
		const struct problem *const p = &h->list[i];
		char since[TIME_LOCAL_MAX], what[2 * WHY_MAX], remedy[2 * WHY_MAX];

		time_or_never(p->since_s, utc, since);
		(void)text_escape((struct span){p->what, strlen(p->what)}, what, sizeof what);
		(void)text_escape((struct span){p->remedy, strlen(p->remedy)}, remedy, sizeof remedy);
		print_row("PROBLEM", "%s%s%s%s", what, p->since_s != 0 ? " (since " : "", p->since_s != 0 ? since : "",
		          p->since_s != 0 ? ")" : "");
		print_row("", "%s", remedy);
	}
}

static void print_logs(const struct status *s, bool utc)
{
	for (size_t i = 0; i < s->n_logs; i++) {
		const struct log_state *const log = &s->logs[i];
		char at[TIME_LOCAL_MAX];

		time_or_never(log->last_line_at, utc, at);
		print_row("log", "%s", log->path);
		print_row("", "%" PRId64 " %s, %" PRId64 " %s behind, last line %s", log->lines,
		          plural(log->lines, "line", "lines"), log->lag_bytes, plural(log->lag_bytes, "byte", "bytes"), at);
	}
}

static void print_numbers(const struct status *s, bool utc)
{
	char at[TIME_LOCAL_MAX], forgotten[64] = "";

	print_row("hits", "%" PRId64, s->totals.hits);
	print_row("blocks", "%" PRId64 " active, %" PRId64 " in all", s->totals.blocks_active, s->totals.blocks_total);
	time_or_never(s->last_sync_at, utc, at);
	print_row("firewall", "%s, room for %" PRId64 " addresses, %" PRId64 " %s at the last sync (%s)",
	          s->config->firewall.backend, s->capacity, s->drift, plural(s->drift, "difference", "differences"), at);
	if (s->forgotten > 0)
		(void)snprintf(forgotten, sizeof forgotten, ", %" PRId64 " forgotten for want of room", s->forgotten);
	print_row("tracked", "%" PRId64 " %s%s", s->tracked, plural(s->tracked, "address", "addresses"), forgotten);
	for (size_t i = 0; i < json_array_size(s->prefixes); i++) {
		const json_t *const row = json_array_get(s->prefixes, i);

		print_row("network", "%s in %s", json_string_value(json_object_get(row, "address")),
		          json_string_value(json_object_get(row, "list")));
	}
}

static void print_daemon(const struct health *h)
{
	static const char *const words[] = {
		[DAEMON_STOPPED] = "not running", [DAEMON_RUNNING] = "running", [DAEMON_UNKNOWN] = "not known"};

	print_row("daemon", "%s", words[h->daemon]);
}

/* The one line that monitoring wants; what follows the "|" is for its graphs. */
static int print_check(const struct status *s)
{
	static const char *const words[] = {[HEALTH_OK] = "OK",
	                                    [HEALTH_WARNING] = "WARNING",
	                                    [HEALTH_CRITICAL] = "CRITICAL",
	                                    [HEALTH_UNKNOWN] = "UNKNOWN"};
	const enum health_level level = health_level(&s->health);
	char what[2 * WHY_MAX] = "running";

	if (s->health.n > 0)
		(void)text_escape((struct span){s->health.list[0].what, strlen(s->health.list[0].what)}, what, sizeof what);
	(void)printf("%s: %s", words[level], what);
	if (s->health.n > 1)
		(void)printf(" (and %zu more)", s->health.n - 1);
	(void)printf(" | blocked=%" PRId64 " hits=%" PRId64 "c\n", s->totals.blocks_active, s->totals.hits);
	return (int)level;
}

/* --- the command --- */

/* Opens and reads the database; -errno with a sentence when not all could be read. *ret: for the caller to use. */
static int read_database(const struct config *config, struct store **ret, struct status *s, struct why *why)
{
	const int rc = command_open_database(config, ret, why);

	return rc == 0 ? gather(*ret, s, why) : rc;
}

static int answer(const struct status *s, bool check, const struct command_env *env, int rc, const struct why *why)
{
	if (check)
		return print_check(s);
	if (env->json) {
		print_json(s);
	} else {
		print_problems(&s->health, env->utc);
		print_daemon(&s->health);
		if (rc == 0) {
			print_logs(s, env->utc);
			print_numbers(s, env->utc);
		}
	}
	if (rc < 0)
		return command_fail(COMMAND_SYSTEM, why);
	return s->health.n > 0 ? COMMAND_NO : COMMAND_DONE;
}

static void status_init(struct status *s, const struct config *config)
{
	*s = (struct status){.config = config,
	                     .rules_fault = json_null(),
	                     .refused_why = json_null(),
	                     .ports = json_null(),
	                     .prefixes = json_array(),
	                     .suspended = json_array(),
	                     .n_logs = config->n_logs};
	for (size_t i = 0; i < s->n_logs; i++)
		s->logs[i].path = config->logs[i];
}

static void status_done(struct status *s)
{
	json_decref(s->rules_fault);
	json_decref(s->refused_why);
	json_decref(s->ports);
	json_decref(s->prefixes);
	json_decref(s->suspended);
}

static int run(const struct config *config, const char *config_error, bool check, const struct command_env *env)
{
	struct status *const s = alloc_raw(1, sizeof *s, "the status"); /* large for a stack */
	struct store *store = NULL;
	int status, rc;
	struct why why;

	status_init(s, config);
	rc = read_database(config, &store, s, &why);
	health_gather(config, config_error, rc == 0 ? store : NULL, rc < 0 ? why.text : "", &s->health);
	status = answer(s, check, env, rc, &why);
	store_close(store);
	status_done(s);
	free(s);
	return status;
}

int command_status(int argc, char **argv, const struct command_env *env)
{
	static const char *const options[] = {"--check", NULL};
	const bool check = argc == 2 && strcmp(argv[1], "--check") == 0;
	const char *const last = argv[argc - 1];
	int status = COMMAND_SYSTEM;
	struct config *config;
	struct why config_error;

	if (argc > 1 && !check)
		return last[0] == '-' ? command_no_option(argv[0], last, options) : command_no_word(argv[0], last);
	if ((config = command_config_rest(env, &config_error, &status)) == NULL) {
		if (check)
			(void)printf("UNKNOWN: %s\n", config_error.text);
		return check ? (int)HEALTH_UNKNOWN : status;
	}
	status = run(config, config_error.text, check, env);
	config_free(config);
	return status;
}
