/* status: prints the daemon's health: the problems first, then figures, from the daemon or the database. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/rows.h"
#include "admin/state.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "base/traffic.h"
#include "command/command.h"
#include "command/health.h"
#include "command/show.h"
#include "engine/choice.h"
#include "report/metrics.h"
#include "report/replace.h"

enum { LABEL_WIDTH = 11 };

enum form {
	FOR_PEOPLE,
	JSON,
	CHECK, /* one line and an exit status, for monitoring */
	PROMETHEUS,
};

struct status {
	const struct config *config;
	enum form form;
	const char *output; /* for PROMETHEUS; NULL: standard output */
	struct health health;
	bool is_new;   /* neither database nor daemon exist yet: only that it does not run is reported */
	json_t *state; /* as filled by state_put */
};

static json_int_t number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *const text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

/* --- as JSON --- */

/* Adds the members that are not from the database. */
static void put_health(const struct status *s)
{
	json_t *const problems = alloc_check(json_array(), 0, "JSON");
	size_t bytes_left = SIZE_MAX;

	for (size_t i = 0; i < s->health.n; i++)
		(void)rows_append(problems, rows_problem(&s->health.list[i]), &bytes_left);
	json_put_bool(s->state, "running", s->health.daemon == DAEMON_RUNNING);
	json_put(s->state, "problems", problems);
}

static void print_json(const struct status *s)
{
	put_health(s);
	command_print_json(json_incref(s->state));
}

/*
 * Prefers the daemon's reply to what was read from the database: it includes what is not written yet. Lists in a reply
 * may be truncated; that of the logs is used if it is complete.
 */
static void put_reply(const struct status *s)
{
	json_t *const logs = json_object_get(s->health.reply, "logs");
	const char *key;
	json_t *value;

	json_object_foreach(s->health.reply, key,
	                    value) if (json_is_integer(value) || json_is_string(value) || json_is_object(value))
		json_put(s->state, key, json_incref(value));
	if (logs != NULL && json_array_size(logs) == json_array_size(json_object_get(s->state, "logs")))
		json_put(s->state, "logs", json_incref(logs));
}

/* --- for people --- */

static void time_or_never(const json_t *object, const char *key, bool utc, char out[static TIME_LOCAL_MAX])
{
	const json_t *const time = json_object_get(object, key);

	if (json_is_string(time))
		show_json_time(time, utc, out);
	else
		(void)snprintf(out, TIME_LOCAL_MAX, "never");
}

/* Prints a row: a label, and text in as many lines as it needs. */
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

		time_local_text(p->since_s, utc, since);
		(void)text_escape((struct span){p->what, strlen(p->what)}, what, sizeof what);
		(void)text_escape((struct span){p->remedy, strlen(p->remedy)}, remedy, sizeof remedy);
		(void)fputs(show_colour(p->critical ? SHOW_BAD : SHOW_DUBIOUS), stdout);
		print_row("PROBLEM", "%s%s%s%s", what, p->since_s != 0 ? " (since " : "", p->since_s != 0 ? since : "",
		          p->since_s != 0 ? ")" : "");
		(void)fputs(show_colour(SHOW_PLAIN), stdout);
		print_row("", "%s", remedy);
	}
}

static void print_sockets(const struct status *s, bool utc)
{
	size_t i;
	json_t *socket;

	json_array_foreach(json_object_get(s->state, "sockets"), i, socket)
	{
		const json_int_t lines = number(socket, "lines"), cut = number(socket, "cut");
		char at[TIME_LOCAL_MAX];

		time_or_never(socket, "last_line_at", utc, at);
		print_row("socket", "%s", text_of(socket, "path"));
		print_row("", "%" JSON_INTEGER_FORMAT " %s, %" JSON_INTEGER_FORMAT " too long, last line %s", lines,
		          plural(lines, "line", "lines"), cut, at);
	}
}

static void print_logs(const struct status *s, bool utc)
{
	size_t i;
	json_t *log;

	json_array_foreach(json_object_get(s->state, "logs"), i, log)
	{
		const json_int_t lines = number(log, "lines"), lag = number(log, "lag_bytes");
		char at[TIME_LOCAL_MAX];

		time_or_never(log, "last_line_at", utc, at);
		print_row("log", "%s", text_of(log, "path"));
		print_row("", "%" JSON_INTEGER_FORMAT " %s, %" JSON_INTEGER_FORMAT " %s behind, last line %s", lines,
		          plural(lines, "line", "lines"), lag, plural(lag, "byte", "bytes"), at);
	}
}

/* Prints one of the journal's counters, unless it is 0. */
static void print_count(const json_t *journal, const char *key, const char *what, const char *more)
{
	if (number(journal, key) > 0)
		print_row("", "%" JSON_INTEGER_FORMAT " %s%s", number(journal, key), what, more);
}

static void print_journal(const struct status *s, bool utc)
{
	const json_t *const journal = json_object_get(s->state, "journal");
	const json_int_t lines = number(journal, "lines");
	char at[TIME_LOCAL_MAX];

	if (!json_is_object(journal))
		return;
	time_or_never(journal, "last_line_at", utc, at);
	print_row("log", "%s, because %s", text_of(journal, "name"), text_of(s->state, "sources_why"));
	print_row("", "%" JSON_INTEGER_FORMAT " %s, last line %s", lines, plural(lines, "line", "lines"), at);
	print_count(journal, "forged", "forged: by users who may not write such lines", "");
	print_count(journal, "damaged", "damaged and passed over", "");
	print_count(journal, "lost", "at most rotated away before they were read", "");
	print_count(journal, "suppressed", "dropped by journald, last of ", text_of(journal, "suppressed_unit"));
}

static void print_numbers(const struct status *s, bool utc)
{
	const json_t *const t = s->state;
	const json_int_t drift = number(t, "drift"), tracked = number(t, "tracked"), lost = number(t, "forgotten");
	char at[TIME_LOCAL_MAX], forgotten[64] = "", dropped[TRAFFIC_PHRASE_MAX];
	size_t i;
	json_t *row;

	print_row("hits", "%" JSON_INTEGER_FORMAT, number(t, "hits"));
	print_row("blocks", "%" JSON_INTEGER_FORMAT " active, %" JSON_INTEGER_FORMAT " in all",
	          number(t, "blocks_active"), number(t, "blocks_total"));
	traffic_phrase(number(t, "packets"), number(t, "bytes"), dropped);
	print_row("dropped", "%s", dropped);
	time_or_never(t, "last_sync_at", utc, at);
	if (config_observes(s->config))
		print_row("firewall", "observe: nobody is blocked; the active blocks are those that would be");
	else
		print_row("firewall",
		          "%s, %" JSON_INTEGER_FORMAT " %s, room for %" JSON_INTEGER_FORMAT
		          " addresses, %" JSON_INTEGER_FORMAT " %s at the last sync (%s)",
		          text_of(t, "backend"), number(t, "held"), plural(number(t, "held"), "entry", "entries"),
		          number(t, "capacity"), drift, plural(drift, "difference", "differences"), at);
	if (json_is_string(json_object_get(t, "backend_reason")))
		print_row("", "chosen by backend = auto: %s", text_of(t, "backend_reason"));
	if (lost > 0)
		(void)snprintf(forgotten, sizeof forgotten, ", %" JSON_INTEGER_FORMAT " forgotten for want of room",
		               lost);
	print_row("tracked", "%" JSON_INTEGER_FORMAT " %s%s", tracked, plural(tracked, "address", "addresses"),
	          forgotten);
	json_array_foreach(json_object_get(t, "prefixes"), i, row)
		print_row("network", "%s in %s", text_of(row, "address"), text_of(row, "list"));
}

static void print_tarpit(const struct status *s)
{
	const json_int_t held = number(s->state, "tarpit_held"), total = number(s->state, "tarpit_total");

	if (s->config->firewall.action == CONFIG_TARPIT)
		print_row("tarpit",
		          "%" JSON_INTEGER_FORMAT " %s held at the last sync, %" JSON_INTEGER_FORMAT " since the start",
		          held, plural(held, "connection", "connections"), total);
}

static void print_gates(const struct status *s)
{
	size_t i;
	json_t *gate;

	json_array_foreach(json_object_get(s->state, "gates"), i, gate)
	{
		const bool closed = s->health.daemon != DAEMON_STOPPED && json_is_true(json_object_get(gate, "closed"));
		char waits[DURATION_TEXT_MAX];

		print_row("gate",
		          "%s, %s: %" JSON_INTEGER_FORMAT " paused, %" JSON_INTEGER_FORMAT
		          " in their window; today %" JSON_INTEGER_FORMAT " %s%s, %" JSON_INTEGER_FORMAT
		          " let in, %" JSON_INTEGER_FORMAT " passed",
		          text_of(gate, "name"), closed ? "closed" : "open", number(gate, "paused"),
		          number(gate, "in_window"), number(gate, "refused_today"),
		          plural(number(gate, "refused_today"), "connection", "connections"),
		          config_observes(s->config) ? " would have been refused" : " refused",
		          number(gate, "let_in_today"), number(gate, "passed_today"));
		duration_short_text(number(gate, "waits_s"), waits);
		if (json_is_string(json_object_get(gate, "waits_longest")))
			print_row("", "%s has waited longest without coming back: %s", text_of(gate, "waits_longest"),
			          waits);
	}
}

/* Prints the hosts that blocks are shared with. Suspended ones are listed among the rules. */
static void print_peers(const struct status *s, bool utc)
{
	const json_int_t sent = number(s->state, "sent"), good = number(s->state, "good_elsewhere");
	char at[TIME_LOCAL_MAX];
	size_t i;
	json_t *peer;

	if (json_array_size(json_object_get(s->state, "peers")) > 0 ||
	    json_is_string(json_object_get(s->state, "reported_at"))) {
		time_or_never(s->state, "reported_at", utc, at);
		print_row("shared",
		          "%" JSON_INTEGER_FORMAT " %s sent since the start, watchforspammers-share last reported %s",
		          sent, plural(sent, "message", "messages"), at);
	}
	if (good > 0)
		print_row("", "%" JSON_INTEGER_FORMAT " %s known to be good elsewhere", good,
		          plural(good, "network is", "networks are"));
	json_array_foreach(json_object_get(s->state, "peers"), i, peer)
	{

		show_json_time(json_object_get(peer, "received_at"), utc, at);
		print_row(i == 0 ? "peers" : "", "%s, last message received %s, %" JSON_INTEGER_FORMAT " ms on its way",
		          text_of(peer, "name"), at, number(peer, "lag_ms"));
		print_row("", "%" JSON_INTEGER_FORMAT " messages accepted, %" JSON_INTEGER_FORMAT " refused",
		          number(peer, "accepted"), number(peer, "refused"));
		if (number(peer, "refused") > 0)
			print_row("", "the last: %s", text_of(peer, "refused_why"));
	}
}

static void print_block_files(const struct status *s)
{
	size_t i;
	json_t *file;

	json_array_foreach(json_object_get(s->state, "block_files"), i, file)
	{
		const json_int_t n = number(file, "networks"), bad = number(file, "bad_lines");
		char left_out[64] = "";

		if (bad > 0)
			(void)snprintf(left_out, sizeof left_out, ", %" JSON_INTEGER_FORMAT " %s left out", bad,
			               plural(bad, "line", "lines"));
		print_row("listed", "%s", text_of(file, "path"));
		print_row("", "%" JSON_INTEGER_FORMAT " %s%s", n, plural(n, "network", "networks"), left_out);
	}
}

static void print_daemon(const struct health *h)
{
	static const char *const words[] = {
		[DAEMON_STOPPED] = "not running", [DAEMON_RUNNING] = "running", [DAEMON_UNKNOWN] = "not known"};

	print_row("daemon", "%s", words[h->daemon]);
}

/* Prints one line for monitoring; after the "|" are values for its graphs. */
static int print_check(const struct status *s)
{
	static const char *const words[] = {[HEALTH_OK] = "OK",
	                                    [HEALTH_WARNING] = "WARNING",
	                                    [HEALTH_CRITICAL] = "CRITICAL",
	                                    [HEALTH_UNKNOWN] = "UNKNOWN"};
	const enum health_level level = health_level(&s->health);
	char what[2 * WHY_MAX] = "running";

	if (s->health.n > 0)
		(void)text_escape((struct span){s->health.list[0].what, strlen(s->health.list[0].what)}, what,
		                  sizeof what);
	(void)printf("%s: %s", words[level], what);
	if (s->health.n > 1)
		(void)printf(" (and %zu more)", s->health.n - 1);
	(void)printf(" | blocked=%" JSON_INTEGER_FORMAT " hits=%" JSON_INTEGER_FORMAT "c\n",
	             number(s->state, "blocks_active"), number(s->state, "hits"));
	return (int)level;
}

/* --- the command --- */

/*
 * Opens and reads the database. Returns -errno with a sentence if not everything could be read. *ret: for further
 * queries.
 */
static int read_database(const struct status *s, struct store **ret, struct why *why)
{
	const int rc = command_open_database(s->config, ret, why);
	struct why ignored;
	const int read = state_put(s->state, rc == 0 ? *ret : NULL, NULL, s->config, clock_unix_s(),
	                           (struct query_bound){0}, SIZE_MAX, rc == 0 ? why : &ignored);

	return rc < 0 ? rc : read;
}

/* store NULL: it cannot be read, which is reported as a problem. */
static int write_metrics(const struct status *s, struct store *store, FILE *out, struct why *why)
{
	put_health(s);
	metrics_write_state(s->state, out);
	return store == NULL ? 0 : metrics_write_store(store, clock_unix_s(), out, why);
}

/* Returns status 0 even if there are problems: the metrics contain them. */
static int print_metrics(const struct status *s, struct store *store)
{
	struct replace file;
	struct why why;
	int rc;

	if (s->output == NULL) {
		rc = write_metrics(s, store, stdout, &why);
	} else if ((rc = replace_open(&file, s->output, &why)) == 0) {
		rc = write_metrics(s, store, file.out, &why);
		if (rc == 0)
			rc = replace_commit(&file, &why);
		else
			replace_abandon(&file);
	}
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}

static int answer(const struct status *s, struct store *store, const struct command_env *env, int rc,
                  const struct why *why)
{
	switch (s->form) {
	case CHECK:
		return print_check(s);
	case PROMETHEUS:
		return print_metrics(s, rc == 0 ? store : NULL);
	case JSON:
		print_json(s);
		break;
	case FOR_PEOPLE:
		print_problems(&s->health, env->utc);
		print_daemon(&s->health);
		if (rc == 0) {
			print_logs(s, env->utc);
			print_journal(s, env->utc);
			print_sockets(s, env->utc);
			print_numbers(s, env->utc);
			print_block_files(s);
			print_tarpit(s);
			print_gates(s);
			print_peers(s, env->utc);
		}
		break;
	}
	if (rc < 0 && !s->is_new)
		return command_fail(COMMAND_SYSTEM, why);
	return s->health.n > 0 ? COMMAND_NO : COMMAND_DONE;
}

/* Settles config as the daemon recorded that it chose; otherwise as it would choose now. */
static void settle(struct config *config)
{
	struct store *store = NULL;
	struct choice choice;
	struct why ignored;
	const char *text = NULL;

	if (command_open_database(config, &store, &ignored) == 0 &&
	    query_state(store, "reads_journal", &text, &ignored) == 0 && text != NULL) {
		config_settle(config, strcmp(text, "yes") == 0 && config->journal.read != CONFIG_NO);
	} else {
		choice_make(config, false, clock_unix_s(), &choice);
		config_settle(config, choice.journal);
	}
	store_close(store);
}

static int run(struct status *s, const char *config_error, const struct command_env *env)
{
	struct store *store = NULL;
	int status, rc;
	struct why why;

	s->state = alloc_check(json_object(), 0, "JSON");
	rc = read_database(s, &store, &why);
	s->is_new = rc == -ENOENT && daemon_state(s->config) == DAEMON_STOPPED;
	health_gather(s->config, config_error, rc == 0 ? store : NULL, rc < 0 && !s->is_new ? why.text : "",
	              &s->health);
	put_reply(s);
	status = answer(s, store, env, rc, &why);
	json_decref(s->health.reply);
	store_close(store);
	json_decref(s->state);
	return status;
}

static const struct option options[] = {{"check", no_argument, NULL, 'c'},
                                        {"prometheus", no_argument, NULL, 'p'},
                                        {"output", required_argument, NULL, 'o'},
                                        {NULL, 0, NULL, 0}};

static int parse(int argc, char **argv, const struct command_env *env, struct status *ret)
{
	int option;

	ret->form = env->json ? JSON : FOR_PEOPLE;
	opterr = 0;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (option) {
		case 'c':
			ret->form = CHECK;
			break;
		case 'p':
			ret->form = PROMETHEUS;
			break;
		case 'o':
			ret->output = optarg;
			break;
		default:
			return command_no_getopt(argv, options);
		}
	if (optind < argc)
		return command_no_word(argv[0], argv[optind]);
	if (env->json && ret->form != JSON)
		return command_usage(argv[0], "--check, --prometheus or --json: only one of them");
	if (ret->output != NULL && ret->form != PROMETHEUS)
		return command_usage(argv[0], "--output needs --prometheus");
	return COMMAND_DONE;
}

int command_status(int argc, char **argv, const struct command_env *env)
{
	struct status *const s = alloc_zero(1, sizeof *s, "the status"); /* too large for the stack */
	int status = parse(argc, argv, env, s);
	struct config *config = NULL;
	struct why config_error;

	if (status == COMMAND_DONE && (config = command_config_rest(env, &config_error, &status)) == NULL &&
	    s->form == CHECK) {
		(void)printf("UNKNOWN: %s\n", config_error.text);
		status = (int)HEALTH_UNKNOWN;
	}
	if (config != NULL) {
		settle(config);
		s->config = config;
		status = run(s, config_error.text, env);
		config_free(config);
	}
	free(s);
	return status;
}
