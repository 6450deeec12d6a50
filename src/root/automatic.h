/*
 * automatic: which backend, where [firewall] backend = auto leaves it open.
 *
 * recent, where legacy xtables and xt_recent are there; nftables, where they are not, where there are gates, or when
 * more is active at the start than recent can hold. Chosen at the start: what changes later is said by the backend, and
 * a restart chooses again.
 */
#ifndef WFS_ROOT_AUTOMATIC_H
#define WFS_ROOT_AUTOMATIC_H

#include <stdbool.h>
#include <stdint.h>

#include "root/lists.h"

struct automatic {
	const struct backend *backend;
	struct lists *lists;  /* of the backend; the caller's to close */
	const char *without6; /* as of open in backend.h */
	struct why reason;    /* for this one */
};

/* Errors: both backends', in one sentence. */
int automatic_open(const struct root_config *config, struct automatic *ret, struct why *why);

/*
 * Before the first prepare: opens nftables instead when the one that is open cannot hold so many, which is closed then;
 * what it found in the kernel stays there. Keeps it where that fails.
 */
void automatic_fit(const struct root_config *config, uint32_t n4, uint32_t n6, struct automatic *chosen);

#endif
