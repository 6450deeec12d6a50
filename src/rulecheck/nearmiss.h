/*
 * nearmiss: a line that no rule matched: which rule came nearest, and where did it stop?
 *
 * Knows the inside of rules (compiled.h). PCRE2 itself reports how far a regex got: the longest beginning
 * of the message that it could still continue from (a hard partial match), and the longest beginning of the
 * regex that fits. Slow beside rules_match_all (a millisecond for a program's rules): for people, not for the
 * daemon. Every match is under the limits of rules.h. One thread.
 */
#ifndef WFS_RULECHECK_NEARMISS_H
#define WFS_RULECHECK_NEARMISS_H

#include "base/text.h"
#include "rules/rules.h"

/* What kept a rule from matching a line. */
enum nearmiss_why {
	NEARMISS_STOPPED,     /* the match goes up to place and not beyond */
	NEARMISS_LIMIT,       /* the match or the unless gives up: too many steps */
	NEARMISS_UNLESS,      /* the match fits; place is what the unless found */
	NEARMISS_NOT_ADDRESS, /* the match fits; place is where the address should be, and is no address */
	NEARMISS_NEVER,       /* the match fits; place is an address that may never be blocked */
	NEARMISS_NAME,        /* the match fits; place is a name that is not generic */
	NEARMISS_NOT_IN,      /* the match fits; place is a sender or recipient that is not in the rule's file */
	NEARMISS_IN,          /* the match fits; place is one that is, and must not be */
	NEARMISS_HELO,        /* the match fits; place is a HELO name that is not foreign to the client's */
	NEARMISS_ALSO,        /* it would match the line, but only besides a rule that matches it */
	NEARMISS_MATCHES,     /* nothing: it matches the line by itself */
};

struct nearmiss {
	const struct rule *rule;
	enum nearmiss_why why;
	struct span place;  /* into the message, never NULL; STOPPED: empty, before the byte where it stopped */
	const char *wanted; /* STOPPED: what of the match, its macros in place, did not fit there; else NULL */
};

/* nearmiss_find's answers. */
enum {
	NEARMISS_FOUND = 0,
	NEARMISS_NO_RULES = 1, /* no rule is for this program */
	NEARMISS_NONE = 2,     /* none fits even the first byte */
};

/* Of the rules for this program the one that got furthest; ret is filled by NEARMISS_FOUND. */
int nearmiss_find(const struct rules *rules, struct span program, struct span message, struct nearmiss *ret);

/* The same for one rule, whatever program it is for. */
void nearmiss_of_rule(const struct rules *rules, size_t index, struct span message, struct nearmiss *ret);

/* The program a rule names that is most like this one; NULL when none is near. As long as rules. */
const char *nearmiss_program(const struct rules *rules, struct span program);

/* A sentence for why, which goes with place. */
const char *nearmiss_sentence(enum nearmiss_why why);

#endif
