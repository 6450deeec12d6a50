/*
 * worst: the addresses and networks of the highest offences, among all that were blocked.
 *
 * Private to the folder. Pure. The rule is borrowed.
 */
#ifndef WFS_REPLAY_WORST_H
#define WFS_REPLAY_WORST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/block.h"
#include "rules/rules.h"

enum { WORST_MAX = 40 };

/* An address or a network that was blocked. */
struct worst_blocked {
	struct block block; /* its last; offence: the highest it came to */
	const struct rule *rule;
};

/* Zeroed: none. */
struct worst {
	size_t n; /* of the highest offences, the worst first; of equals the earlier one */
	struct worst_blocked list[WORST_MAX];
	bool others; /* than these were blocked, too */
};

/* One more block, and the rule that led to it. */
void worst_note(struct worst *worst, const struct block *block, const struct rule *rule);

#endif
