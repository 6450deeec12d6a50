/*
 * active: finds the active blocks that concern a network. Read-only. Errors: see store.h.
 *
 * Private to the folder.
 */
#ifndef WFS_ADMIN_ACTIVE_H
#define WFS_ADMIN_ACTIVE_H

#include "admin/admin.h"

/* list: each network once; all: every block of these networks, as in the database. Release with active_done. */
struct active_list {
	size_t n, n_all;
	struct block *list, *all;
};

/* Finds every active block that contains net or lies within it. Always writes *ret. */
int active_find(const struct admin *admin, const struct net *net, int64_t now_s, struct active_list *ret,
                struct why *why);

/* Accepts a zeroed struct. */
void active_done(struct active_list *list);

/* Returns true if all of inner is in outer. */
bool active_lies_in(const struct net *inner, const struct net *outer);

#endif
