/*
 * restarts: finds what parts of a new configuration take effect only after a restart.
 *
 * Private to the folder. A reload finds them before it activates the new configuration, and logs them afterwards.
 */
#ifndef WFS_ENGINE_RESTARTS_H
#define WFS_ENGINE_RESTARTS_H

#include <stdbool.h>

#include "config/config.h"

/* The parts that differ. */
struct restarts {
	bool sources, journal, export, ip6_prefix;
	bool rest; /* [firewall], [gate], [control], [database] path, [run] user */
};

struct restarts restarts_find(const struct config *old, const struct config *new);

/* Copies to the new configuration what the kernel's lists were created with: ip6_prefix and ports. */
void restarts_keep(const struct config *old, struct config *new);

/* Logs a warning for each. */
void restarts_log(const struct restarts *restarts);

#endif
