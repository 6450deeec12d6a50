/*
 * health: everything that is wrong, from the daemon itself when it may be queried, else from what is visible from
 * outside.
 *
 * Knows the socket, the database as it is queried, and the logs' modes. Nothing here prints. Cannot fail: what cannot
 * be found out is a problem itself.
 */
#ifndef WFS_HEALTH_H
#define WFS_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/problems.h"
#include "command/daemon.h"
#include "config/config.h"
#include "store/query.h"

enum { HEALTH_MAX = 256 };

struct health {
	enum daemon_state daemon;
	bool asked; /* the daemon answered */
	size_t n;
	struct problem list[HEALTH_MAX]; /* the worst first */
};

enum health_level {
	HEALTH_OK, /* the values are exit codes of monitoring plugins */
	HEALTH_WARNING,
	HEALTH_CRITICAL,
	HEALTH_UNKNOWN,
};

/* config_error: "" for none. store: NULL when the database cannot be read, database_error why; "" when that is no
 * problem. */
void health_gather(const struct config *config, const char *config_error, struct store *store,
                   const char *database_error, struct health *ret);

/* The worst of all; when nothing is critical, but much is not known: unknown. */
enum health_level health_level(const struct health *health);

#endif
