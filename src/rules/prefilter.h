/*
 * prefilter: which rules are worth a try on a message.
 *
 * Private to the folder. Most messages match no rule, and most rules fail on a message for a reason that is cheap to
 * see: it is of another program, begins otherwise, or lacks a literal that the regex cannot do without (literal.h).
 * What is found is a superset, in the order of the rules: each rule left out would not have matched. Proven by
 * tests/unit/rules/rules.c, which compares the matches with and without it (struct rules, no_prefilter).
 *
 * Why no library does it. Measured over 400,000 lines with all shipped rules, in ns a line, matching
 * included: this 142; without the remembered openings 185; without the first bytes 167; without giving up
 * useless literals 168; PCRE2 alone 772. Vectorscan 5.4.9 with one prefilter database a program finds the
 * same lines in 644, of which it needs 469 by itself, and compiles for 1.2 s at each reload. Hyperscan's
 * design is for thousands of patterns over a stream; here a program has a dozen, nearly all anchored at the
 * start of a short text.
 *
 * Owns what it remembers of programs and openings, for one thread. Knows compiled rules. Aborts if memory
 * cannot be allocated.
 */
#ifndef WFS_PREFILTER_H
#define WFS_PREFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix16.h"
#include "base/text.h"
#include "rules/compiled.h"

struct prefilter;
struct prefilter_program;

/* What is known of one message, and how far its rules have been walked through. Private. */
struct prefilter_walk {
	const struct prefilter_program *program;
	size_t base, end; /* of the program's rules: those that worth is about, and where to stop */
	uint64_t worth;   /* those still possible by how the message begins, and not walked over; bit i: base +
	                     i */
	bool disabled;
	struct span message, behind; /* behind: a queue id, where there may be one */
	struct prefix16 words, behind_words;
	uint64_t tried, present; /* which of the program's literals are in it; bit i: literal i */
};

/* rules, data, context: borrowed; the last two for matches that leave nothing behind. */
struct prefilter *prefilter_new(const struct rules *rules, pcre2_match_data *data, pcre2_match_context *context);
void prefilter_free(struct prefilter *p);

/* True when a rule is for this program, enabled or not, but for "also" rules alone. */
bool prefilter_knows(struct prefilter *p, struct span program);

/*
 * Begins a walk through the rules for a message of a program. False: none can match, and there is no walk. disabled:
 * rules that are not enabled count as well. message: as long as the walk.
 */
bool prefilter_begin(struct prefilter *p, struct span program, struct span message, bool disabled,
                     struct prefilter_walk *ret);

/*
 * The next rule worth a try, NULL at the end: first those without "also"; after prefilter_also, those with
 * it, however far the walk had come.
 */
const struct compiled *prefilter_next(struct prefilter_walk *walk);
void prefilter_also(struct prefilter_walk *walk);

#endif
