/* list: the clients blocked now, or allowed for a while. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin/rows.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/traffic.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/show.h"
#include "store/query.h"

static const struct query_bound everything = {0, 0};

/* Rules that are suspended: clients they would have blocked are missing above. */
static int print_suspended(struct store *store, struct why *why)
{
	struct query_suspension s;
	int rc;

	query_suspensions(store);
	while ((rc = query_next_suspension(store, &s, why)) == 0)
		(void)printf("rule %s is SUSPENDED and blocks nobody: %s; 'watchforspammers resume %s'\n", s.rule, s.why, s.rule);
	return rc < 0 ? rc : 0;
}

/* The names that share a list: "auth, manual". */
static void print_names(const struct portlists *lists, size_t list)
{
	const char *between = "  to those of ";

	for (size_t i = 0; i < lists->n_names; i++)
		if (lists->names[i].list == list) {
			(void)printf("%s%s", between, lists->names[i].name);
			between = ", ";
		}
}

/* Which ports are closed to them, and which to those of some categories. */
static void print_ports(struct store *store, const struct config *config)
{
	const struct portlists *const lists = &config->firewall.ports;
	const char *reported = NULL;
	char ports[PORTLISTS_TEXT_MAX];
	struct why ignored;

	if (query_state(store, "ports", &reported, &ignored) != 0 || reported == NULL)
		return; /* unknown */
	config_ports_text(config, 0, ports);
	(void)printf("ports closed to them: %s\n", strcmp(ports, "none") == 0 ? "set by your own rules" : ports);
	for (size_t list = 1; list < lists->n && strcmp(ports, "none") != 0; list++) {
		config_ports_text(config, list, ports);
		print_names(lists, list);
		(void)printf(": %s\n", ports);
	}
}

/* How wide the columns must be; the reason gets the rest. */
struct widths {
	size_t n; /* rows */
	int address, until, hits, packets, rule;
	int bytes; /* 0: no column, since the bytes of no row are known */
};

/* "in 9m41s" */
static void until_text(const struct query_block *a, int64_t now_s, char out[static DURATION_TEXT_MAX + 3])
{
	char left[DURATION_TEXT_MAX];

	duration_short_text(a->until_s - now_s, left);
	(void)snprintf(out, DURATION_TEXT_MAX + 3, "in %s", left);
}

static void widen(int *width, size_t columns)
{
	if ((int)columns > *width)
		*width = (int)columns; /* columns of a screen */
}

static int measure(struct store *store, int64_t now_s, struct widths *ret, struct why *why)
{
	struct query_block a;
	char text[DURATION_TEXT_MAX + 3];
	int rc;

	*ret = (struct widths){.address = sizeof "ADDRESS" - 1,
	                       .until = sizeof "UNTIL" - 1,
	                       .hits = sizeof "HITS" - 1,
	                       .packets = sizeof "DROPPED" - 1,
	                       .rule = sizeof "RULE" - 1};
	query_active(store, now_s, everything);
	while ((rc = query_next_block(store, &a, why)) == 0) {
		until_text(&a, now_s, text);
		widen(&ret->address, strlen(a.address));
		widen(&ret->until, strlen(text));
		widen(&ret->hits, (size_t)snprintf(text, sizeof text, "%" PRId64, a.hits));
		widen(&ret->packets, (size_t)snprintf(text, sizeof text, "%" PRId64, a.packets));
		widen(&ret->rule, strlen(a.rule));
		if (a.bytes > 0)
			ret->bytes = sizeof "BYTES" - 1; /* and no text of bytes is wider */
		ret->n++;
	}
	return rc < 0 ? rc : 0;
}

static void print_row(const struct query_block *a, int64_t now_s, const struct widths *w)
{
	enum { REASON_MIN = 8 };
	const size_t used = (size_t)(w->address + w->until + w->hits + w->packets + w->rule) + 5 * sizeof "  " - 5 +
	                    (w->bytes > 0 ? (size_t)w->bytes + sizeof "  " - 1 : 0);
	const size_t width = show_width();
	char until[DURATION_TEXT_MAX + 3], bytes[TRAFFIC_TEXT_MAX];

	until_text(a, now_s, until);
	traffic_text(a->packets, a->bytes, bytes);
	(void)printf("%-*s  %-*s  %*" PRId64 "  %*" PRId64 "  ", w->address, a->address, w->until, until, w->hits, a->hits, w->packets,
	             a->packets);
	if (w->bytes > 0)
		(void)printf("%*s  ", w->bytes, bytes);
	(void)printf("%-*s  ", w->rule, a->rule);
	show_piece(a->reason, width > used + REASON_MIN ? width - used : REASON_MIN);
	(void)putchar('\n');
}

static int print_blocked(struct store *store, const struct config *config, int64_t now_s, struct why *why)
{
	const bool observes = config_observes(config);
	struct query_block a;
	struct widths w;
	int rc = measure(store, now_s, &w, why);

	if (rc < 0)
		return rc;
	if (w.n == 0)
		(void)printf("nobody %s blocked\n", observes ? "would be" : "is");
	else
		(void)printf("%-*s  %-*s  %*s  %*s  %s%-*s  REASON\n", w.address, "ADDRESS", w.until, "UNTIL", w.hits, "HITS", w.packets,
		             "DROPPED", w.bytes > 0 ? "BYTES  " : "", w.rule, "RULE");
	query_active(store, now_s, everything);
	while ((rc = query_next_block(store, &a, why)) == 0)
		print_row(&a, now_s, &w);
	if (rc == STORE_NONE && w.n > 0 && observes)
		(void)printf("they would be blocked; backend observe blocks nobody\n");
	else if (rc == STORE_NONE && w.n > 0)
		print_ports(store, config);
	return rc < 0 ? rc : print_suspended(store, why);
}

static int print_blocked_json(struct store *store, const struct config *config, int64_t now_s, struct why *why)
{
	struct query_block a;
	int rc;

	query_active(store, now_s, everything);
	while ((rc = query_next_block(store, &a, why)) == 0)
		command_print_json(rows_block(&a, config));
	return rc < 0 ? rc : 0;
}

/* Addresses allowed for a while; nothing from the configuration. */
static int print_allowed(struct store *store, int64_t now_s, const struct command_env *env, struct why *why)
{
	struct query_allowance a;
	size_t n = 0;
	int rc;

	query_allowances(store, now_s);
	while ((rc = query_next_allowance(store, &a, why)) == 0) {
		json_t *const row = rows_allowance(&a);
		char until[TIME_LOCAL_MAX];

		if (env->json) {
			command_print_json(row);
			continue;
		}
		n++;
		time_local_text(a.until_s, env->utc, until);
		(void)printf("%s  until %s  %s", a.address, until, a.cause);
		if (a.reason[0] != '\0')
			(void)printf(": %s", json_string_value(json_object_get(row, "reason")));
		(void)putchar('\n');
		json_decref(row);
	}
	if (rc == STORE_NONE && !env->json && n == 0)
		(void)printf("no address is temporarily allowed\n");
	return rc < 0 ? rc : 0;
}

int command_list(int argc, char **argv, const struct command_env *env)
{
	static const char *const options[] = {"--allowed", NULL};
	const bool allowed = argc == 2 && strcmp(argv[1], "--allowed") == 0;
	const char *const last = argv[argc - 1];
	const int64_t now_s = clock_unix_s();
	int status = COMMAND_DONE, rc;
	struct config *config;
	struct store *store;
	struct why why;

	if (argc > 1 && !allowed)
		return last[0] == '-' ? command_no_option(argv[0], last, options) : command_no_word(argv[0], last);
	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	if (!allowed)
		daemon_warn_stopped(config);
	if ((store = command_database(config)) == NULL) {
		config_free(config);
		return COMMAND_SYSTEM;
	}
	if (allowed)
		rc = print_allowed(store, now_s, env, &why);
	else
		rc = env->json ? print_blocked_json(store, config, now_s, &why)
		               : print_blocked(store, config, now_s, &why);
	store_close(store);
	config_free(config);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}
