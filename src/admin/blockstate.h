/*
 * blockstate: finds out whether an address or network is blocked now, by what and until when; or how far it is from
 * being blocked, or why it is never blocked.
 *
 * Private to the folder. Read-only. Errors: see store.h.
 */
#ifndef WFS_ADMIN_BLOCKSTATE_H
#define WFS_ADMIN_BLOCKSTATE_H

#include "admin/admin.h"

/* Returns a constant sentence that says why nothing of net is ever blocked; NULL if it may be blocked. */
const char *blockstate_never(const struct admin *admin, const struct net *net);

/*
 * Finds whether all of net is blocked, and until when. ret->net: the network of the block, or net itself if several
 * blocks cover it.
 */
int blockstate_find(const struct admin *admin, const struct net *net, int64_t now_s, bool *ret_blocked,
                    struct block *ret, struct why *why);

/* Adds the member "address" to the reply. */
void blockstate_put_net(json_t *reply, const struct net *net);

/* Adds the member "waiting" to the reply: what of net is not written yet; net {0}: of all. */
void blockstate_put_waiting(const struct admin *admin, const struct net *net, json_t *reply);

/* Adds to the reply whether net is blocked, until when and by which block; or how far it is from being blocked. */
int blockstate_put(const struct admin *admin, const struct net *net, int64_t now_s, json_t *reply, struct why *why);

/* The same after a change: omits what cannot be read. */
void blockstate_put_new(const struct admin *admin, const struct net *net, int64_t now_s, json_t *reply);

#endif
