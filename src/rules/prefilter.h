/*
 * prefilter: selects the rules that are worth trying on a message.
 *
 * Private to the folder. Most messages match no rule, and most rules fail on a message for a reason that is cheap to
 * check: it is from another program, begins differently, or lacks a literal that the regex needs (literal.h). The
 * result is a superset in the order of the rules: no rule that is left out could have matched. Verified by
 * tests/unit/rules/rules.c, which compares the matches with and without it (struct rules, no_prefilter).
 *
 * Why this is not done by a library: measured over 400,000 lines with all shipped rules, in ns per line, including the
 * matching: this 142; without the remembered openings 185; without the first bytes 167; without dropping useless
 * literals 168; PCRE2 alone 772. Vectorscan 5.4.9 with one prefilter database per program finds the same lines in 644,
 * of which it takes 469 itself, and compiles for 1.2 s at each reload. Hyperscan's design is for thousands of patterns
 * over a stream; here a program has a dozen, nearly all anchored at the start of a short text.
 *
 * Owns a cache of programs and openings, for one thread. Knows compiled rules. Aborts if memory cannot be allocated.
 */
#ifndef WFS_RULES_PREFILTER_H
#define WFS_RULES_PREFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/prefix16.h"
#include "base/text.h"
#include "rules/compiled.h"

struct prefilter;
struct prefilter_program;

/* The state of a walk through the rules for one message. Private. */
struct prefilter_walk {
	const struct prefilter_program *program;
	size_t base, end; /* range of the program's rules: base is the one of bit 0 in worth; end is where to stop */
	/*
	 * Rules that are still possible judging by the beginning of the message, and not visited yet; bit i: base + i.
	 */
	uint64_t worth;
	bool disabled;
	struct span message, behind; /* behind: the text after a queue id, if there may be one */
	struct prefix16 words, behind_words;
	uint64_t tried, present; /* which of the program's literals were searched, and found; bit i: literal i */
};

/* rules, data, context: borrowed. data and context serve for matches whose result is not needed afterwards. */
struct prefilter *prefilter_new(const struct rules *rules, pcre2_match_data *data, pcre2_match_context *context);
void prefilter_free(struct prefilter *p);

/* Returns true if a rule is for this program, enabled or not, but not if only "also" rules are. */
bool prefilter_knows(struct prefilter *p, struct span program);

/*
 * Begins a walk through the rules for a message of a program. Returns false if none can match; then there is no walk.
 * disabled: include rules that are not enabled. message: must stay valid for the walk.
 */
bool prefilter_begin(struct prefilter *p, struct span program, struct span message, bool disabled,
                     struct prefilter_walk *ret);

/*
 * prefilter_next returns the next rule worth trying, or NULL at the end. It goes through the rules without "also", and
 * after a call of prefilter_also through those with it, wherever the walk was.
 */
const struct compiled *prefilter_next(struct prefilter_walk *walk);
void prefilter_also(struct prefilter_walk *walk);

#endif
