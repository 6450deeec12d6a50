/*
 * saved: a copy of all that is known of one subject or network, to be put back when what followed shall not count.
 *
 * Private to the folder. Takes no memory: the copy is in struct saved, with its lists.
 */
#ifndef WFS_SAVED_H
#define WFS_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "verdict/clients.h"

struct saved {
	struct net net;
	bool known;
	struct tracked t; /* but for its lists, which are: */
	size_t n_scores, n_offences, n_good;
	struct node scores[VERDICT_SCORES_MAX], offences[CLIENTS_OFFENCES], good[1];
};

/* ret: written whole. */
void saved_take(const struct clients *clients, const struct net *net, struct saved *ret);

/* Other entries may be moved or forgotten by it, as by clients_find_or_add. */
void saved_put_back(struct clients *clients, const struct saved *saved, uint32_t now_s);

#endif
