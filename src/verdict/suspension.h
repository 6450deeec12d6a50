/*
 * suspension: which proven good subjects each rule blocked within the last hour, and which rules are suspended.
 *
 * Private to the folder. Initialise to zero except limit; release with suspension_done. The caller decides on
 * suspending. Rules are numbers; those from VERDICT_RULES_MAX on (VERDICT_NO_RULE) are never recorded or suspended.
 * Times are Unix seconds. Limits: at most limit subjects per rule, except those known from before: the caller suspends
 * a rule instead of recording one more. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_SUSPENSION_H
#define WFS_VERDICT_SUSPENSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "verdict/verdict.h"

enum { SUSPENSION_S = 3600 };

/* A proven good subject that a rule blocked. */
struct matched {
	struct net net;
	uint32_t time_s;
	unsigned rule;
};

struct suspension {
	unsigned limit; /* subjects of one rule; 0: no limit, and nothing is recorded */
	struct matched *matched;
	size_t n_matched, cap;
	bool suspended[VERDICT_RULES_MAX];
	uint32_t resumed_s[VERDICT_RULES_MAX]; /* earlier matches do not count against the rule */
	size_t n_suspended;
};

/* Frees the memory. */
void suspension_done(struct suspension *suspension);

/* Suspends a rule, or resumes it now. */
void suspension_suspend(struct suspension *suspension, unsigned rule, bool suspended, uint32_t now_s);

/* Records that a rule was resumed at at_s. */
void suspension_note_resumed(struct suspension *suspension, unsigned rule, uint32_t at_s, uint32_t now_s);

/* Records that a rule blocked net, which was proven good, at time_s. */
void suspension_note_match(struct suspension *suspension, unsigned rule, const struct net *net, uint32_t time_s,
                           uint32_t now_s);

/* Writes the subjects that a rule blocked within the hour; returns how many, at most cap. */
size_t suspension_list(const struct suspension *suspension, unsigned rule, struct net *out, size_t cap, uint32_t now_s);

/* Returns true if a block of net, which is proven good, would be one too many for a rule. */
bool suspension_is_full(const struct suspension *suspension, unsigned rule, const struct net *net, uint32_t now_s);

/* Called for each piece of evidence. */
static inline bool suspension_is_suspended(const struct suspension *suspension, unsigned rule)
{
	return rule < VERDICT_RULES_MAX && suspension->suspended[rule];
}

#endif
