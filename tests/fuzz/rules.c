/*
 * Fuzz target of rules: messages of one program, cut at LF, against the shipped rules (WFS_SOURCE_ROOT).
 * The first byte chooses the program among those of the rules' examples; 255: the first line names it.
 * Whatever the bytes are:
 * - every span lies in the message, and the address that a rule names stands there as text;
 * - nobody is named who may never be blocked;
 * - the same message gives the same answer twice, and without anything that saves regexes their work;
 * - the same rule alone would take it, and "explain" finds a reason for a line that none takes;
 * - sessions take whatever comes.
 * The seeds are the examples: each by itself, and all of a rule as one log.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/line.h"
#include "rulecheck/nearmiss.h"
#include "rules/compiled.h"
#include "rules/rules.h"
#include "rules/sessions.h"
#include "seeds.h"

enum {
	PROGRAMS_MAX = 255,
	NAMED = 255, /* by the first line */
	RULES_MAX = 1024,
	EXPLAINED_MAX = 1, /* messages of an input: it is slow */
};

/* What libFuzzer is to find beside our own code: PCRE2 and its programs are none that it sees. */
enum { HIT, NOTED = RULES_MAX, LIMITS = 2 * RULES_MAX, NOT_ADDRESSES, NEVER, N_COUNTERS };
__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[N_COUNTERS];

static struct rules *rules, *plain;
static struct rules_scratch *scratch, *plain_scratch;
static struct sessions *sessions;
static struct span programs[PROGRAMS_MAX];
static size_t n_programs;

/* --- the beginning --- */

static struct rules *load(void)
{
	char *const dir = seeds_source("patterns");
	const char *const dirs[] = {dir};
	struct rulefile_errors errors;
	struct rules *loaded;
	struct why why;

	if (rules_load(dirs, 1, NULL, 0, &loaded, &errors, &why) < 0) {
		(void)fprintf(stderr, "%s\n", why.text);
		exit(2);
	}
	rulefile_errors_done(&errors);
	free(dir);
	return loaded;
}

static uint8_t program_number(struct span program)
{
	size_t i = 0;

	while (i < n_programs && (programs[i].len != program.len || memcmp(programs[i].p, program.p, program.len) != 0))
		i++;
	check(i < PROGRAMS_MAX);
	if (i == n_programs)
		programs[n_programs++] = program;
	return (uint8_t)i; /* < PROGRAMS_MAX */
}

/* The examples of a rule; their texts live as long as the rules. */
static void add_examples(const struct rulefile_rule *rule)
{
	char all[1 << 16];
	size_t len = 0;
	uint8_t program = 0;
	struct line_clock clock;
	struct line line;

	line_clock_init(&clock, 1735689600, 0);
	for (size_t i = 0; i < rule->n_examples; i++) {
		const char *const text = rule->examples[i].text;

		if (line_parse(&clock, text, strlen(text), &line) != LINE_OK || line.program.p == NULL)
			continue;
		program = program_number(line.program);
		seeds_add(&program, 1, line.message.p, line.message.len);
		check(len + line.message.len < sizeof all);
		memcpy(all + len, line.message.p, line.message.len);
		len += line.message.len;
		all[len++] = '\n';
	}
	if (len > 0)
		seeds_add(&program, 1, all, len);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	rules = load();
	plain = load();
	plain->no_prefilter = true;
	check(rules_count(rules) <= RULES_MAX);
	scratch = rules_scratch_new(rules);
	plain_scratch = rules_scratch_new(plain);
	sessions = sessions_new();
	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < rules_count(rules); i++)
		add_examples(rules_at(rules, i)->text);
	return 0;
}

/* --- one input --- */

static void check_inside(struct span span, struct span message)
{
	if (span.p == NULL) {
		check(span.len == 0);
		return;
	}
	check(span.p >= message.p && span.len <= message.len && (size_t)(span.p - message.p) <= message.len - span.len);
}

static void check_hit(const struct rules_hit *hit, struct span message)
{
	struct net net;
	struct addr there;

	check_inside(hit->name, message);
	check_inside(hit->detail, message);
	check_inside(hit->from, message);
	check_inside(hit->to, message);
	check_inside(hit->helo, message);
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

static bool same(const struct rules_hit a[], const struct rules_hit b[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i].rule->index != b[i].rule->index || a[i].where.p != b[i].where.p || a[i].count != b[i].count)
			return false;
	return true;
}

static void count_stat(const struct rules_stat *before)
{
	const struct rules_stat now = rules_stat(scratch);

	counters[LIMITS] |= now.limits > before->limits;
	counters[NOT_ADDRESSES] |= now.not_addresses > before->not_addresses;
	counters[NEVER] |= now.never > before->never;
}

static void explain(struct span program, struct span message)
{
	struct nearmiss nearest;

	if (nearmiss_find(rules, program, message, &nearest) != NEARMISS_FOUND)
		return;
	check(nearest.place.p != NULL);
	check_inside(nearest.place, message);
}

/* True when a rule took it. */
static bool one_message(struct span program, struct span message, int64_t time_s)
{
	static const struct span host = {"mx", 2};
	struct rules_hit hits[RULES_HITS_MAX], again[RULES_HITS_MAX];
	const struct rules_stat before = rules_stat(scratch);
	const size_t n = rules_match_all(scratch, program, message, true, hits);

	check(n <= RULES_HITS_MAX);
	count_stat(&before);
	check(rules_match_all(scratch, program, message, true, again) == n && same(hits, again, n));
	check(rules_match_all(plain_scratch, program, message, true, again) == n && same(hits, again, n));
	for (size_t i = 0; i < n; i++) {
		const size_t index = hits[i].rule->index;

		check_hit(&hits[i], message);
		check(rules_would_match(scratch, index, program, message, false));
		check(i == 0 || (hits[i].rule->text->also && hits[0].score > 0));
		if (sessions_resolve(sessions, host, time_s, &hits[i]) == RULES_HIT) {
			check(sessions_unreported(sessions, host, time_s, &hits[i]) <= hits[i].count);
			counters[HIT + index] = 1;
		} else {
			counters[NOTED + index] = 1;
		}
		check(hits[i].count <= RULES_COUNT_MAX);
	}
	return n > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data; /* bytes are bytes */
	const char *const end = p + size;
	struct span program = {NULL, 0};
	unsigned explained = 0;
	int64_t time_s = 0;

	if (size == 0)
		return 0;
	if (data[0] != NAMED)
		program = programs[data[0] % n_programs];
	sessions_clear(sessions);
	for (p++; p < end;) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		struct span text;

		if (lf == NULL)
			lf = end;
		text = (struct span){p, (size_t)(lf - p)};
		if (program.p == NULL)
			program = text;
		else if (!one_message(program, text, time_s += 60) && explained++ < EXPLAINED_MAX)
			explain(program, text);
		p = lf < end ? lf + 1 : end;
	}
	return 0;
}
