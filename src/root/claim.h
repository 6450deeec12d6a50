/*
 * claim: a chain and its lists have one owner at a time in a network namespace.
 *
 * Two daemons with the same names would undo each other's work at every comparison. The owner of a chain or a list
 * holds a lock on a file in /run that only root can open, named after it and the number of the network namespace; when
 * it dies, however it happens, the kernel releases it.
 */
#ifndef WFS_ROOT_CLAIM_H
#define WFS_ROOT_CLAIM_H

#include "base/why.h"
#include "root/root.h"

enum { CLAIM_PATH_MAX = 128 };

struct claim {
	struct claim_lock {
		int fd; /* -1: none */
		char path[CLAIM_PATH_MAX];
	} chain, list;
};

/*
 * Locks all or nothing: where the rules are not ours the chain is not, either. *ret: the caller's, claim_drop.
 * Errors: -EALREADY another process holds it, which why names; -EACCES and the like, with the remedy.
 */
int claim_take(const struct root_config *config, struct claim *ret, struct why *why);

void claim_drop(struct claim *claim);

#endif
