#include "verdict/clients.h"

#include <stdlib.h>

#include "base/alloc.h"

/*
 * In its place, since two tables would be the most memory a replay ever holds.
 *
 * Why no chain is cut (a chain: the used places from an entry's home up to it). Places are emptied from the last old
 * one down. When place i has just been emptied, all used places from i on hold entries that were placed by the new
 * size; an entry whose new home is i or above goes to the first free place from there on, so its chain is of such
 * places alone. What is emptied later is below i, and no part of it. Homes go up with the hash and with the size, so
 * nearly all entries are of this kind. The few whose new home is below i (they were far from home, behind others or
 * around the end), or that would wrap around the end to where others still have to move, wait beside the table, and are
 * added as new ones are when all chains are whole.
 */
void clients_rehash(struct clients *s, size_t old_size)
{
	struct tracked *aside = NULL;
	size_t n_aside = 0;

	for (size_t i = old_size; i-- > 0;) {
		const struct tracked t = s->table[i];
		struct tracked *home, *to;

		if (!t.used)
			continue;
		s->table[i] = (struct tracked){0};
		home = &s->table[clients_home(s, &t.addr, (uint8_t)t.len)];
		if (home >= &s->table[i] && (to = clients_place(s, &t.addr, (uint8_t)t.len)) >= home) {
			*to = t;
			continue;
		}
		aside = alloc_one_more(aside, n_aside, sizeof *aside, "the table of clients");
		aside[n_aside++] = t;
	}
	for (size_t i = 0; i < n_aside; i++)
		*clients_place(s, &aside[i].addr, (uint8_t)aside[i].len) = aside[i];
	free(aside);
}
