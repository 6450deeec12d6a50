#include "rulecheck/example.h"

#include <stdbool.h>

enum { SOME_TIME_S = 1700000000 }; /* time of a rule's first example; each comes a second after the one above it */

/*
 * Finds the hit of the given rule for an example line, or else that of the rule that matched it. Returns false if none
 * did. *ret_complete: the hit names an address.
 */
static bool find_piece(struct rules_scratch *scratch, struct sessions *sessions, const struct rule *rule,
                       const struct example_line *lines, size_t which, struct rules_hit *ret, bool *ret_complete)
{
	const struct example_line *const line = &lines[which];
	struct rules_hit hits[RULES_HITS_MAX];
	const size_t n = rules_match_all(scratch, line->program, line->message, true, hits);
	bool found = false;

	for (size_t i = 0; i < n; i++) {
		const bool complete =
			sessions_resolve(sessions, line->host, SOME_TIME_S + (int64_t)which, &hits[i]) == RULES_HIT;

		if (i > 0 && hits[i].rule != rule)
			continue;
		*ret = hits[i];
		*ret_complete = complete || hits[i].kind == RULES_KIND_ADDRESS;
		found = true;
	}
	return found;
}

int example_try(struct rules_scratch *scratch, struct sessions *sessions, const struct rule *rule, size_t which,
                const struct example_line *lines, struct rules_hit *ret)
{
	const struct rulefile_example *const example = &rule->text->examples[which];
	bool complete = false, found;

	if (lines[which].program.p == NULL)
		return EXAMPLE_NO_HEADER;
	if (example->given)
		return EXAMPLE_RIGHT;
	sessions_clear(sessions);
	rules_scratch_example(scratch, rule->index);
	for (size_t i = 0; i < which; i++)
		if (rule->text->examples[i].given && lines[i].program.p != NULL)
			(void)find_piece(scratch, sessions, rule, lines, i, ret, &complete);
	complete = false;
	found = find_piece(scratch, sessions, rule, lines, which, ret, &complete);
	if (!example->hit)
		return found && ret->rule == rule &&
		                       (complete || ret->kind == RULES_KIND_EVENT || ret->kind == RULES_KIND_FORGET)
		               ? EXAMPLE_MATCHED
		               : EXAMPLE_RIGHT;
	if (!found)
		return EXAMPLE_NOT_MATCHED;
	if (ret->rule != rule)
		return EXAMPLE_OTHER_RULE;
	if (example->unnamed)
		return complete ? EXAMPLE_OTHER_ADDRESS : EXAMPLE_RIGHT;
	if (!complete)
		return EXAMPLE_NOT_MATCHED;
	return addr_equal(&ret->address, &example->address) ? EXAMPLE_RIGHT : EXAMPLE_OTHER_ADDRESS;
}

const char *example_sentence(int answer)
{
	static const char *const sentences[] = {
		[EXAMPLE_RIGHT] = "as it should be",
		[EXAMPLE_NO_HEADER] = "the line has no known header",
		[EXAMPLE_NOT_MATCHED] = "no rule matches it; 'watchforspammers explain' shows why",
		[EXAMPLE_OTHER_RULE] = "an earlier rule matches it",
		[EXAMPLE_OTHER_ADDRESS] = "the rule finds another address",
		[EXAMPLE_MATCHED] = "the rule matches it, but must not",
	};

	return sentences[answer];
}
