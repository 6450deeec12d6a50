/*
 * worst: the addresses and networks with the highest offences among all that were blocked.
 *
 * Private to the folder. Pure. Borrows the rules.
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
	struct block block; /* its last block, with the highest offence it ever had */
	const struct rule *rule;
};

/* Initialise to zero: empty. */
struct worst {
	size_t n; /* highest offence first; among equals, earliest first */
	struct worst_blocked list[WORST_MAX];
	bool others; /* others were blocked, too */
};

/* Adds a block, and the rule that caused it. */
void worst_note(struct worst *worst, const struct block *block, const struct rule *rule);

#endif
