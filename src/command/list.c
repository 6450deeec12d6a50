/* list: who is blocked now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/show.h"
#include "store/query.h"

static const struct query_bound everything = {0, 0};

static void print_json(const struct query_block *a)
{
	command_print_json(json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "address", a->address, "since",
	                             command_json_time(a->since_s), "until", command_json_time(a->until_s), "rule", a->rule,
	                             "reason", a->reason, "category", a->category, "hits", (json_int_t)a->hits, "offence",
	                             (json_int_t)a->offence, "knocks", (json_int_t)a->knocks, "knocked", command_json_time(a->knocked_s)));
}

/* Rules that are suspended: who they would have blocked is missing above. */
static int print_suspended(struct store *store, struct why *why)
{
	struct query_suspension s;
	int rc;

	query_suspensions(store);
	while ((rc = query_next_suspension(store, &s, why)) == 0)
		(void)printf("rule %s is SUSPENDED and blocks nobody: %s; 'watchforspammers resume %s'\n", s.rule, s.why, s.rule);
	return rc < 0 ? rc : 0;
}

/* Which ports the daemon closes to them; what it did not say is not known. */
static void print_ports(struct store *store)
{
	const char *ports = NULL;
	struct why ignored;

	if (query_said(store, "ports", &ports, &ignored) == 0 && ports != NULL)
		(void)printf("ports closed to them: %s\n", strcmp(ports, "none") == 0 ? "as your own rules say" : ports);
}

/* How wide the columns must be; the reason takes the rest. */
struct widths {
	size_t n; /* rows */
	int address, until, hits, knocks, rule;
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

	*ret = (struct widths){0, sizeof "ADDRESS" - 1, sizeof "UNTIL" - 1, sizeof "HITS" - 1, sizeof "DROPPED" - 1, sizeof "RULE" - 1};
	query_active(store, now_s, everything);
	while ((rc = query_next_block(store, &a, why)) == 0) {
		until_text(&a, now_s, text);
		widen(&ret->address, strlen(a.address));
		widen(&ret->until, strlen(text));
		widen(&ret->hits, (size_t)snprintf(text, sizeof text, "%" PRId64, a.hits));
		widen(&ret->knocks, (size_t)snprintf(text, sizeof text, "%" PRId64, a.knocks));
		widen(&ret->rule, strlen(a.rule));
		ret->n++;
	}
	return rc < 0 ? rc : 0;
}

static void print_row(const struct query_block *a, int64_t now_s, const struct widths *w)
{
	enum { REASON_MIN = 10 };
	const size_t used = (size_t)(w->address + w->until + w->hits + w->knocks + w->rule) + 5 * sizeof "  " - 5;
	const size_t width = show_width();
	char until[DURATION_TEXT_MAX + 3];

	until_text(a, now_s, until);
	(void)printf("%-*s  %-*s  %*" PRId64 "  %*" PRId64 "  %-*s  ", w->address, a->address, w->until, until, w->hits, a->hits,
	             w->knocks, a->knocks, w->rule, a->rule);
	show_piece(a->reason, width > used + REASON_MIN ? width - used : REASON_MIN);
	(void)putchar('\n');
}

static int print_active(struct store *store, int64_t now_s, bool json, struct why *why)
{
	struct query_block a;
	struct widths w;
	int rc = measure(store, now_s, &w, why);

	if (rc < 0)
		return rc;
	if (!json && w.n == 0)
		(void)printf("nobody is blocked\n");
	else if (!json)
		(void)printf("%-*s  %-*s  %*s  %*s  %-*s  REASON\n", w.address, "ADDRESS", w.until, "UNTIL", w.hits, "HITS", w.knocks,
		             "DROPPED", w.rule, "RULE");
	query_active(store, now_s, everything);
	while ((rc = query_next_block(store, &a, why)) == 0)
		if (json)
			print_json(&a);
		else
			print_row(&a, now_s, &w);
	if (rc == STORE_NONE && !json && w.n > 0)
		print_ports(store);
	return rc < 0 ? rc : 0;
}

int command_list(int argc, char **argv, const struct command_env *env)
{
	int status = COMMAND_DONE;
	struct config *config = NULL;
	struct store *store = NULL;
	struct why why;

	if (argc > 1)
		return command_no_word(argv[0], argv[1]);
	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	status = COMMAND_SYSTEM;
	daemon_warn_stopped(config);
	if ((store = command_database(config)) == NULL)
		goto out;
	if (print_active(store, clock_unix_s(), env->json, &why) < 0) {
		(void)command_fail(COMMAND_SYSTEM, &why);
		goto out;
	}
	if (!env->json && print_suspended(store, &why) < 0) {
		(void)command_fail(COMMAND_SYSTEM, &why);
		goto out;
	}
	status = COMMAND_DONE;
out:
	store_close(store);
	config_free(config);
	return status;
}
