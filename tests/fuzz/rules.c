/*
 * Fuzz target of rules: a program, LF, and messages cut at LF, against the shipped rules (WFS_SOURCE_ROOT).
 * Whatever the bytes are:
 * - every span lies in the message, and the address that a rule names stands there as text;
 * - nobody is named who may never be blocked;
 * - the same message gives the same answer twice, and the same rule alone would take it;
 * - sessions take whatever comes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/rules.h"
#include "rules/sessions.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct rules *rules;
static struct rules_scratch *scratch;
static struct sessions *sessions;

static void check(bool good)
{
	if (!good)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *const root = getenv("WFS_SOURCE_ROOT");
	char dir[4096];
	const char *const dirs[] = {dir};
	struct rulefile_faults faults;
	struct why why;

	(void)argc;
	(void)argv;
	(void)snprintf(dir, sizeof dir, "%s/patterns", root != NULL ? root : ".");
	if (rules_load(dirs, 1, NULL, 0, &rules, &faults, &why) < 0) {
		(void)fprintf(stderr, "%s\n", why.text);
		exit(2);
	}
	rulefile_faults_done(&faults);
	scratch = rules_scratch_new(rules);
	sessions = sessions_new();
	return 0;
}

static void check_inside(struct span span, struct span message)
{
	if (span.p == NULL) {
		check(span.len == 0);
		return;
	}
	check(span.p >= message.p && span.len <= message.len &&
	      (size_t)(span.p - message.p) <= message.len - span.len);
}

static void check_hit(const struct rules_hit *hit, struct span message)
{
	struct net net;
	struct addr there;

	check_inside(hit->name, message);
	check_inside(hit->detail, message);
	check_inside(hit->where, message);
	check(hit->count >= 1 && hit->count <= RULES_COUNT_MAX);
	check(hit->score == hit->rule->text->score * (int)hit->count);
	check_inside(hit->session, message);
	check(hit->session.len <= RULES_SESSION_MAX);
	if (hit->kind == RULES_KIND_HIT)
		check(hit->where.p != NULL);
	if (hit->where.p == NULL)
		return;
	check(addr_parse(hit->where.p, hit->where.len, &there) && addr_equal(&there, &hit->address));
	net = net_of(&hit->address);
	check(!net_is_never(&net));
}

static void one_message(struct span program, struct span message, int64_t time_s)
{
	static const struct span host = {"mx", 2};
	struct rules_hit hits[RULES_HITS_MAX], again[RULES_HITS_MAX];
	const size_t n = rules_match_all(scratch, program, message, true, hits);

	check(n <= RULES_HITS_MAX);
	check(rules_match_all(scratch, program, message, true, again) == n);
	for (size_t i = 0; i < n; i++) {
		check_hit(&hits[i], message);
		check(hits[i].rule == again[i].rule && hits[i].where.p == again[i].where.p);
		check(rules_takes(scratch, hits[i].rule->index, program, message, false));
		check(i == 0 || (hits[i].rule->text->also && hits[0].score > 0));
		(void)sessions_resolve(sessions, host, time_s, &hits[i]);
		check(hits[i].count <= RULES_COUNT_MAX);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data; /* bytes are bytes */
	const char *const end = p + size;
	struct span program = {p, 0};
	int64_t time_s = 0;

	for (bool first = true; p < end; first = false) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));

		if (lf == NULL)
			lf = end;
		if (first)
			program.len = (size_t)(lf - p);
		else
			one_message(program, (struct span){p, (size_t)(lf - p)}, time_s += 60);
		p = lf < end ? lf + 1 : end;
	}
	return 0;
}
