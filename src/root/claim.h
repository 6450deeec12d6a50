/*
 * claim: ensures that a chain and its lists have one owner at a time per network namespace.
 *
 * Two daemons that use the same names would undo each other's work at every comparison. The owner of a chain or a
 * list holds a lock on a file in /run that only root can open; its name contains the chain or list and the inode
 * number of the network namespace. The kernel releases the lock when the owner dies, in whatever way.
 */
#ifndef WFS_ROOT_CLAIM_H
#define WFS_ROOT_CLAIM_H

#include "base/why.h"
#include "root/root.h"

enum { CLAIM_PATH_MAX = 128 };

struct claim {
	struct claim_lock {
		int fd; /* -1: not locked */
		char path[CLAIM_PATH_MAX];
	} chain, list;
};

/*
 * Locks both or nothing; if manage_rules is false, only the list. *ret: the caller releases it with claim_drop.
 * Errors: -EALREADY if another process holds a lock, which why names; -EACCES and others, with the remedy.
 */
int claim_take(const struct root_config *config, struct claim *ret, struct why *why);

void claim_drop(struct claim *claim);

#endif
