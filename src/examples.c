#include "examples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "input/line.h"
#include "rules/example.h"

enum { LOOK_MAX = 120 };

static void fault(struct rulefile_faults *faults, const struct rulefile_rule *rule,
                  const struct rulefile_example *example, const char *what)
{
	char look[LOOK_MAX];

	(void)text_escape((struct span){example->text, strlen(example->text)}, look, sizeof look);
	rulefile_fault(faults, "%s:%u: %s of [%s]: %s\n    %s", rule->file, example->line,
	               example->hit ? "hit" : "miss", rule->name, what, look);
}

static void take_apart(struct line_clock *clock, const struct rulefile_example *example, struct example_line *ret)
{
	struct line line;

	*ret = (struct example_line){0};
	if (line_parse(clock, example->text, strlen(example->text), &line) == LINE_OK)
		*ret = (struct example_line){line.host, line.program, line.message};
}

static void try_example(struct rules_scratch *scratch, struct sessions *sessions, const struct rule *rule, size_t which,
                        const struct example_line *lines, struct rulefile_faults *faults)
{
	struct rules_hit hit = {0};
	const int answer = example_try(scratch, sessions, rule, which, lines, &hit);
	char what[160], got[ADDR_TEXT_MAX];

	switch (answer) {
	case EXAMPLE_RIGHT:
		return;
	case EXAMPLE_OTHER_RULE:
		(void)snprintf(what, sizeof what, "%s: [%s]", example_sentence(answer), hit.rule->text->name);
		break;
	case EXAMPLE_OTHER_ADDRESS:
		(void)addr_text(&hit.address, got);
		(void)snprintf(what, sizeof what, "%s: %s", example_sentence(answer), got);
		break;
	default:
		(void)snprintf(what, sizeof what, "%s", example_sentence(answer));
	}
	fault(faults, rule->text, &rule->text->examples[which], what);
}

size_t examples_try(const struct rules *rules, struct rulefile_faults *faults)
{
	/* Examples carry no year: any will do, but a leap year takes every day. */
	const int64_t end_2024_s = 1735689600;
	struct rules_scratch *const scratch = rules_scratch_new(rules);
	struct sessions *const sessions = sessions_new();
	size_t n = 0;

	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *const rule = rules_at(rules, i);
		struct example_line *const lines = calloc(rule->text->n_examples + 1, sizeof *lines);
		struct line_clock clock;

		if (lines == NULL)
			abort();
		line_clock_init(&clock, end_2024_s, 0);
		for (size_t j = 0; j < rule->text->n_examples; j++)
			take_apart(&clock, &rule->text->examples[j], &lines[j]);
		for (size_t j = 0; j < rule->text->n_examples; j++, n++)
			try_example(scratch, sessions, rule, j, lines, faults);
		free(lines);
	}
	sessions_free(sessions);
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
