/*
 * blockstate: whether an address or a network is blocked now, by what and until when; how far it is from a block, or
 * why it is never blocked.
 *
 * Private to the folder. Read only. Errors as of store.h.
 */
#ifndef WFS_ADMIN_BLOCKSTATE_H
#define WFS_ADMIN_BLOCKSTATE_H

#include "admin/admin.h"

/* Why nothing of net is blocked, a constant sentence; NULL when it may be. */
const char *blockstate_never(const struct admin *admin, const struct net *net);

/* Whether all of net is blocked, and until when; ret->net: by which block, or net itself when it is by several. */
int blockstate_find(const struct admin *admin, const struct net *net, int64_t now_s, bool *ret_blocked,
                    struct block *ret, struct why *why);

/* Into the reply: the member "address". */
void blockstate_put_net(json_t *reply, const struct net *net);

/* Into the reply: blocked, until when, by which block; or how far from a block. */
int blockstate_put(const struct admin *admin, const struct net *net, int64_t now_s, json_t *reply, struct why *why);

/* The same after a change: what cannot be read is left out. */
void blockstate_put_new(const struct admin *admin, const struct net *net, int64_t now_s, json_t *reply);

#endif
