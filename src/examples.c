#include "examples.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "input/line.h"

enum { LOOK_MAX = 120 };

static void fault(struct rulefile_faults *faults, const struct rulefile_rule *rule,
                  const struct rulefile_example *example, const char *what)
{
	char look[LOOK_MAX];

	(void)text_escape((struct span){example->text, strlen(example->text)}, look, sizeof look);
	rulefile_fault(faults, "%s:%u: %s of [%s]: %s\n    %s", rule->file, example->line,
	               example->hit ? "hit" : "miss", rule->name, what, look);
}

static void try_example(struct rules_scratch *scratch, const struct rulefile_rule *rule,
                        const struct rulefile_example *example, struct rulefile_faults *faults)
{
	/* Examples carry no year: any will do, but a leap year takes every day. */
	const int64_t end_2024_s = 1735689600;
	struct line_clock clock;
	struct rules_hit hit;
	struct line line;
	char what[160];

	line_clock_init(&clock, end_2024_s, 0);
	if (line_parse(&clock, example->text, strlen(example->text), &line) != LINE_OK) {
		fault(faults, rule, example, "the line has no header we know");
		return;
	}
	if (rules_match(scratch, line.program, line.message, true, &hit) != RULES_HIT) {
		if (example->hit)
			fault(faults, rule, example, "no rule takes it; 'watchforspammers explain' shows why");
		return;
	}
	if (hit.rule->text != rule) {
		if (example->hit) {
			(void)snprintf(what, sizeof what, "[%s] takes it first", hit.rule->text->name);
			fault(faults, rule, example, what);
		}
		return;
	}
	if (!example->hit) {
		fault(faults, rule, example, "the rule takes it, but must not");
	} else if (!addr_equal(&hit.address, &example->address)) {
		char got[ADDR_TEXT_MAX];

		(void)addr_text(&hit.address, got);
		(void)snprintf(what, sizeof what, "the rule names another address: %s", got);
		fault(faults, rule, example, what);
	}
}

size_t examples_try(const struct rules *rules, struct rulefile_faults *faults)
{
	struct rules_scratch *const scratch = rules_scratch_new(rules);
	size_t n = 0;

	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rulefile_rule *const rule = rules_at(rules, i)->text;

		for (size_t j = 0; j < rule->n_examples; j++, n++)
			try_example(scratch, rule, &rule->examples[j], faults);
	}
	rules_scratch_free(scratch);
	return n;
}

int examples_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra,
                  struct rules **ret, struct rulefile_faults *faults, struct why *why)
{
	struct rules *rules = NULL;
	const int rc = rules_load(dirs, n_dirs, extra, n_extra, &rules, faults, why);

	if (rc < 0)
		return rc;
	(void)examples_try(rules, faults);
	if (faults->n > 0) {
		rules_free(rules);
		return why_set(why, EINVAL, "%s", faults->text[0]);
	}
	*ret = rules;
	return 0;
}
