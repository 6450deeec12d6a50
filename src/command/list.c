/* list: who is blocked now. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "command/command.h"
#include "command/daemon.h"
#include "store/report.h"

static void print_json(const struct report_active *a)
{
	command_print_json(json_pack("{s:s, s:o, s:o, s:s, s:s, s:s, s:I, s:I, s:I, s:o}", "address", a->address, "since",
	                             command_json_time(a->since_s), "until", command_json_time(a->until_s), "rule", a->rule,
	                             "reason", a->reason, "category", a->category, "hits", (json_int_t)a->hits, "offence",
	                             (json_int_t)a->offence, "knocks", (json_int_t)a->knocks, "knocked", command_json_time(a->knocked_s)));
}

/* Rules that are suspended: who they would have blocked is missing above. */
static int print_suspended(struct report *report, struct why *why)
{
	struct report_suspension s;
	int rc;

	report_suspensions(report);
	while ((rc = report_next_suspension(report, &s, why)) == 0)
		(void)printf("rule %s is SUSPENDED and blocks nobody: %s; 'watchforspammers resume %s'\n", s.rule, s.why, s.rule);
	return rc < 0 ? rc : 0;
}

/* Which ports the daemon closes to them; what it did not say is not known. */
static void print_ports(struct report *report)
{
	const char *ports = NULL;
	struct why ignored;

	if (report_said(report, "ports", &ports, &ignored) == 0 && ports != NULL)
		(void)printf("ports closed to them: %s\n", strcmp(ports, "none") == 0 ? "as your own rules say" : ports);
}

static void print_row(const struct report_active *a, int64_t now_s)
{
	char left[DURATION_TEXT_MAX], since[TIME_TEXT_MAX];

	duration_text(a->until_s - now_s, left);
	time_text(a->since_s, since);
	(void)printf("%-39s  %-20s  %10s  %7" PRId64 "  %5" PRId64 "  %6" PRId64 "  %s (%s)\n", a->address, since, left,
	             a->offence, a->hits, a->knocks, a->reason, a->rule);
}

int command_list(int argc, char **argv, const struct command_env *env)
{
	const int64_t now_s = clock_unix_s();
	int status = COMMAND_DONE, rc;
	struct config *config = NULL;
	struct store *store = NULL;
	struct report *report = NULL;
	struct report_active active;
	struct why why;
	size_t n = 0;

	if (argc > 1)
		return command_usage(argv[0], "no arguments wanted");
	if ((config = command_config(env, &status)) == NULL)
		return status;
	status = COMMAND_SYSTEM;
	daemon_warn_stopped(config);
	if ((store = command_database(config)) == NULL)
		goto out;
	if (report_open(store, &report, &why) < 0) {
		(void)command_fail(COMMAND_SYSTEM, &why);
		goto out;
	}
	report_active(report, now_s);
	while ((rc = report_next_active(report, &active, &why)) == 0) {
		if (env->json) {
			print_json(&active);
		} else {
			if (n == 0)
				(void)printf("%-39s  %-20s  %10s  %7s  %5s  %6s  %s\n", "ADDRESS", "SINCE", "LEFT", "OFFENCE", "HITS", "KNOCKS",
				             "REASON (RULE)");
			print_row(&active, now_s);
		}
		n++;
	}
	if (rc < 0) {
		(void)command_fail(COMMAND_SYSTEM, &why);
		goto out;
	}
	if (n == 0 && !env->json)
		(void)printf("nobody is blocked\n");
	else if (!env->json)
		print_ports(report);
	if (!env->json && print_suspended(report, &why) < 0) {
		(void)command_fail(COMMAND_SYSTEM, &why);
		goto out;
	}
	status = COMMAND_DONE;
out:
	report_close(report);
	store_close(store);
	config_free(config);
	return status;
}
