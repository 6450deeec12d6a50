#include "verdict/clients.h"

#include <stdlib.h>

#include "base/alloc.h"

/*
 * Rehashes in place, since two tables would be the most memory that a replay ever uses.
 *
 * Why no chain is interrupted (a chain: the used slots from an entry's home up to the entry). Slots are emptied from
 * the last old one down. When slot i has just been emptied, all used slots from i on hold entries that were placed
 * according to the new size. An entry whose new home is i or above goes to the first free slot from there on, so its
 * chain consists only of such slots. Slots that are emptied later are below i, and not part of it. Homes increase with
 * the hash and with the size, so nearly all entries are of this kind. A few entries are set aside: those whose new home
 * is below i (they were far from their home, behind others or around the end), and those that would wrap around the end
 * to slots with entries still to be moved. They are added like new entries when all chains are complete.
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
