/*
 * nearmiss: finds the rule that came nearest to matching a line, and the place where its match stopped.
 *
 * Uses the internals of rules (compiled.h). PCRE2 itself reports how far a regex got: the longest beginning of the
 * message from which it could still continue (a hard partial match), and the longest beginning of the regex that
 * matches. Slow compared with rules_match_all (a millisecond for the rules of a program): for people, not for the
 * daemon. Every match obeys the limits of rules.h. For one thread.
 */
#ifndef WFS_RULECHECK_NEARMISS_H
#define WFS_RULECHECK_NEARMISS_H

#include "base/text.h"
#include "rules/rules.h"

/* Why a rule did not match a line. */
enum nearmiss_why {
	NEARMISS_STOPPED,     /* the match reaches place and stops there */
	NEARMISS_LIMIT,       /* the match or the unless was aborted: too many steps */
	NEARMISS_UNLESS,      /* the regex matches; place is what the unless found */
	NEARMISS_NOT_ADDRESS, /* the regex matches; place is where the address should be, but is none */
	NEARMISS_NEVER,       /* the regex matches; place is an address that must never be blocked */
	NEARMISS_NAME,        /* the regex matches; place is a name that is not generic */
	NEARMISS_NOT_IN,      /* the regex matches; place is a sender or recipient that is not in the rule's file */
	NEARMISS_IN,          /* the regex matches; place is one that is in the file, but must not be */
	NEARMISS_HELO,        /* the regex matches; place is a HELO name that is not foreign to the client's name */
	NEARMISS_CUT,         /* place is a repetition by rsyslog whose end is missing */
	NEARMISS_ALSO,        /* it would match the line, but only in addition to another rule */
	NEARMISS_MATCHES,     /* no reason: it matches the line by itself */
};

struct nearmiss {
	const struct rule *rule;
	enum nearmiss_why why;
	/* Points into the message, p is never NULL; STOPPED: empty, before the byte where the match stopped. */
	struct span place;
	/* STOPPED: the rest of the regex, macros expanded, that did not match there; otherwise NULL. */
	const char *wanted;
};

/* Results of nearmiss_find. */
enum {
	NEARMISS_FOUND = 0,
	NEARMISS_NO_RULES = 1, /* no rule is for this program */
	NEARMISS_NONE = 2,     /* no rule matches even the first byte, or the message is one of NEARMISS_CUT */
};

/* Finds the rule for this program whose match got furthest; sets *ret if it returns NEARMISS_FOUND. */
int nearmiss_find(const struct rules *rules, struct span program, struct span message, struct nearmiss *ret);

/* Does the same for one rule, whatever program it is for. */
void nearmiss_of_rule(const struct rules *rules, size_t index, struct span message, struct nearmiss *ret);

/*
 * Returns the program name in a rule that is most similar to this one, or NULL if none is near. Valid as long as rules.
 */
const char *nearmiss_program(const struct rules *rules, struct span program);

/* Returns a sentence for why; it refers to place. */
const char *nearmiss_sentence(enum nearmiss_why why);

#endif
