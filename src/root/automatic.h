/*
 * automatic: chooses the backend if the configuration says [firewall] backend = auto.
 *
 * It chooses recent if legacy xtables and xt_recent are available. It chooses nftables if they are not, if there are
 * gates, or if more blocks are active at the start than recent can hold. The choice is made at the start; if
 * something changes later, the backend reports it, and a restart chooses again.
 */
#ifndef WFS_ROOT_AUTOMATIC_H
#define WFS_ROOT_AUTOMATIC_H

#include <stdbool.h>
#include <stdint.h>

#include "root/lists.h"

struct automatic {
	const struct backend *backend;
	struct lists *lists;  /* of the backend; the caller closes them */
	const char *without6; /* see open in backend.h */
	struct why reason;    /* why this backend was chosen */
};

/* Chooses a backend and opens it. Errors: those of both backends, in one sentence. */
int automatic_open(const struct root_config *config, struct automatic *ret, struct why *why);

/*
 * Checks the choice before the first prepare. If the open backend cannot hold n4 and n6 entries, opens nftables and
 * closes the former, leaving what that one found in the kernel. If nftables cannot be opened, keeps the choice.
 */
void automatic_fit(const struct root_config *config, uint32_t n4, uint32_t n6, struct automatic *chosen);

#endif
