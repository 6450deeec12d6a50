/*
 * portmap: finds the port list of a stored block or hit from the id of its rule, because the port list is not stored.
 *
 * Knows config and store. Reads each rule from the database once.
 */
#ifndef WFS_PIPELINE_PORTMAP_H
#define WFS_PIPELINE_PORTMAP_H

#include <stddef.h>
#include <stdint.h>

#include "base/portlists.h"
#include "store/store.h"

/* Initialise to zero except store and lists, which are borrowed. Release with portmap_done. */
struct portmap {
	struct store *store;
	const struct portlists *lists;
	size_t n;
	uint8_t *known; /* by id */
};

/*
 * Returns the port list of the rule with this id. Returns 0 if the rule cannot be read and, without reading it, if
 * there is only one list.
 */
uint8_t portmap_list(struct portmap *map, int64_t rule);

void portmap_done(struct portmap *map);

#endif
