/*
 * restarts: what of a new configuration takes effect only after a restart.
 *
 * Private to the folder. A reload asks before it puts the new one in place, and logs it afterwards.
 */
#ifndef WFS_ENGINE_RESTARTS_H
#define WFS_ENGINE_RESTARTS_H

#include <stdbool.h>

#include "config/config.h"

/* What differs, of that. */
struct restarts {
	bool sources, journal, export, ip6_prefix;
	bool rest; /* [firewall], [gate], [control], [database] path, [run] user */
};

struct restarts restarts_find(const struct config *old, const struct config *new);

/* Gives the new configuration what the kernel's lists were made with: ip6_prefix and ports. */
void restarts_keep(const struct config *old, struct config *new);

/* A warning for each. */
void restarts_log(const struct restarts *restarts);

#endif
