#include "pipeline/portmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/hits.h"

enum {
	UNKNOWN = PORTLISTS_MAX,
	RULES_MAX = 1 << 20, /* larger ids are looked up each time */
};

static uint8_t look_up(const struct portmap *map, int64_t rule)
{
	struct why ignored;
	uint8_t list = 0;

	return store_rule_list(map->store, rule, map->lists, &list, &ignored) == 0 ? list : 0;
}

uint8_t portmap_list(struct portmap *map, int64_t rule)
{
	const size_t at = (size_t)rule;

	if (map->lists->n < 2)
		return 0;
	if (rule < 0 || rule >= RULES_MAX)
		return look_up(map, rule);
	if (at >= map->n) {
		const size_t n = at < 256 ? 256 : 2 * at;

		map->known = alloc_resize(map->known, n, sizeof *map->known, "the rules' ports");
		memset(map->known + map->n, UNKNOWN, n - map->n);
		map->n = n;
	}
	if (map->known[at] == UNKNOWN)
		map->known[at] = look_up(map, rule);
	return map->known[at];
}

void portmap_done(struct portmap *map)
{
	free(map->known);
	map->known = NULL;
	map->n = 0;
}
