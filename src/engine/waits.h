/*
 * waits: blocks that are not in the kernel yet, because a DNS list that would allow their client has not answered.
 *
 * Private to the folder. A block is decided and stored as ever, so a crash loses nothing; it enters the kernel when all
 * lists with "allow" have answered or after [dns] wait. Then it is sent only if the verdict still has it: an answer, or
 * a person, may have lifted it. Limit: WAITS_MAX; what is more does not wait. Time: milliseconds of any clock that does
 * not go back.
 */
#ifndef WFS_ENGINE_WAITS_H
#define WFS_ENGINE_WAITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"

enum {
	WAITS_MAX = 256,
	WAITS_TEXT_MAX = 128, /* of a rule, a reason and a detail, for the log; more is cut */
};

struct waits_entry {
	struct block block;
	int64_t until_ms;
	char rule[WAITS_TEXT_MAX], reason[WAITS_TEXT_MAX], detail[WAITS_TEXT_MAX];
};

/* Zeroed: none. */
struct waits {
	size_t n;
	struct waits_entry entries[WAITS_MAX];
};

/* False: there is no place, so it must be sent now. The texts are copied; detail: "" for none. */
bool waits_add(struct waits *waits, const struct block *block, int64_t until_ms, const char *rule, const char *reason,
               const char *detail);

/* They are in the database now, and have ids. */
void waits_stored(struct waits *waits, const struct block *blocks, size_t n);

/* Removes the i-th; another one takes its place. */
void waits_remove(struct waits *waits, size_t i);

/* When the first is to be sent at the latest; INT64_MAX: there is none. */
int64_t waits_due_ms(const struct waits *waits);

#endif
