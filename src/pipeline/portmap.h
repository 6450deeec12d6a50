/*
 * portmap: which list of ports a stored block or hit belongs to, by the id of its rule: nothing else of it is stored.
 *
 * Knows config and store. Each rule is read from the database once.
 */
#ifndef WFS_PIPELINE_PORTMAP_H
#define WFS_PIPELINE_PORTMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/portlists.h"
#include "store/store.h"

/* Zeroed but for store and lists, which are borrowed; then portmap_list, then portmap_done. */
struct portmap {
	struct store *store;
	const struct portlists *lists;
	size_t n;
	uint8_t *known; /* by id */
};

/* rule: the id. 0, which needs no reading, while there is but one list, and for a rule that cannot be read. */
uint8_t portmap_list(struct portmap *map, int64_t rule);

void portmap_done(struct portmap *map);

#endif
