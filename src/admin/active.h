/*
 * active: the blocks that are active now and concern a network. Read only. Errors as of store.h.
 *
 * Private to the folder.
 */
#ifndef WFS_ADMIN_ACTIVE_H
#define WFS_ADMIN_ACTIVE_H

#include "admin/admin.h"

/* list: each network once; all: every block of them, as the database has it. Both are the caller's: active_done. */
struct active_list {
	size_t n, n_all;
	struct block *list, *all;
};

/* Every active block that contains net, and those that are in it. *ret is written always. */
int active_find(const struct admin *admin, const struct net *net, int64_t now_s, struct active_list *ret,
                struct why *why);

/* Accepts a zeroed one. */
void active_done(struct active_list *list);

/* True when all of inner is in outer. */
bool active_lies_in(const struct net *inner, const struct net *outer);

#endif
