/*
 * running: the blocks that run now and concern a network. Read only. Errors as of store.h.
 */
#ifndef WFS_ADMIN_RUNNING_H
#define WFS_ADMIN_RUNNING_H

#include "admin/admin.h"

/* Each network once; list is the caller's, to be freed. Zeroed: none. */
struct running_list {
	size_t n;
	struct reconcile_block *list;
};

/* Every running block that net is in, and those that are in it. *ret is written always. */
int running_find(const struct admin *admin, const struct net *net, int64_t now_s, struct running_list *ret,
                 struct why *why);

/* True when all of inner is in outer. */
bool running_lies_in(const struct net *inner, const struct net *outer);

#endif
