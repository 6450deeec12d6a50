/*
 * waits: blocks that are not in the kernel yet, because a DNS list that may allow their client has not answered.
 *
 * Private to the folder. Such a block is decided and stored as usual, so a crash loses nothing. It enters the kernel
 * when all lists with "allow" have answered, or after [dns] wait, but only if the verdict still has it: an answer or a
 * person may have lifted it. Limit: WAITS_MAX; further blocks do not wait. Time: milliseconds of any monotonic clock.
 */
#ifndef WFS_ENGINE_WAITS_H
#define WFS_ENGINE_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"

enum {
	WAITS_MAX = 256,
	WAITS_TEXT_MAX = 128, /* bytes of a rule, reason or detail for the log; longer ones are truncated */
};

struct waits_entry {
	struct block block;
	int64_t until_ms;
	char rule[WAITS_TEXT_MAX], reason[WAITS_TEXT_MAX], detail[WAITS_TEXT_MAX];
};

/* Initialise to zero: empty. */
struct waits {
	size_t n;
	struct waits_entry entries[WAITS_MAX];
};

/* Adds a block. Returns false if there is no room: it must be sent now. Copies the texts; detail: "" for none. */
bool waits_add(struct waits *waits, const struct block *block, int64_t until_ms, const char *rule, const char *reason,
               const char *detail);

/* Records that the blocks are now in the database and have ids. */
void waits_stored(struct waits *waits, const struct block *blocks, size_t n);

/* Removes the i-th entry; the last one takes its place. */
void waits_remove(struct waits *waits, size_t i);

/* Returns when the first block is to be sent at the latest; INT64_MAX if there is none. */
int64_t waits_due_ms(const struct waits *waits);

#endif
