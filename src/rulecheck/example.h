/*
 * example: checks that a rule does what its own "hit" and "miss" lines require.
 *
 * Private to the folder. Knows rules and sessions. The caller parses the lines (rules does not know the framing): one
 * struct example_line for each of a rule's examples, in order.
 */
#ifndef WFS_RULECHECK_EXAMPLE_H
#define WFS_RULECHECK_EXAMPLE_H

#include "base/text.h"
#include "rules/rules.h"
#include "rules/sessions.h"

/* The line of one example, parsed. */
struct example_line {
	struct span host;    /* p is NULL if the line has none */
	struct span program; /* p is NULL if the line has no known header */
	struct span message;
};

/* Results of example_try. */
enum {
	EXAMPLE_RIGHT = 0,
	EXAMPLE_NO_HEADER,     /* the line cannot be parsed */
	EXAMPLE_NOT_MATCHED,   /* a hit that no rule matches */
	EXAMPLE_OTHER_RULE,    /* a hit that an earlier rule matches: ret->rule */
	EXAMPLE_OTHER_ADDRESS, /* a hit that names another address: ret->address */
	EXAMPLE_MATCHED,       /* a miss that the rule matches */
};

/*
 * Tries one example of a rule after the "given" lines above it, each line one second after the one before, with a table
 * of sessions that is emptied first. which: its index in the rule's examples; lines: all n_examples of them. *ret is
 * set if a rule matched the line; see the results above. A "given" line is always right. Includes disabled rules.
 * Conditions on files hold for this rule and for no other.
 */
int example_try(struct rules_scratch *scratch, struct sessions *sessions, const struct rule *rule, size_t which,
                const struct example_line *lines, struct rules_hit *ret);

/* Returns the sentence for a result, for messages: "the rule matches it, but must not". */
const char *example_sentence(int answer);

#endif
