/*
 * health: collects all problems, from the daemon itself if it can be queried, otherwise from what is visible from
 * outside.
 *
 * Knows the socket, the database's queries, and the logs' modes. Prints nothing. Cannot fail: what cannot be
 * determined is itself a problem.
 */
#ifndef WFS_COMMAND_HEALTH_H
#define WFS_COMMAND_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/problems.h"
#include "base/json.h"
#include "command/daemon.h"
#include "config/config.h"
#include "store/query.h"

enum { HEALTH_MAX = 256 };

struct health {
	enum daemon_state daemon;
	json_t *reply; /* of the daemon to "status", which the caller releases; NULL: none */
	size_t n;
	struct problem list[HEALTH_MAX]; /* most severe first */
};

enum health_level {
	HEALTH_OK, /* the values are the exit codes of monitoring plugins */
	HEALTH_WARNING,
	HEALTH_CRITICAL,
	HEALTH_UNKNOWN,
};

/*
 * Collects the problems. config_error: "" for none. store: NULL if the database cannot be read, for the reason in
 * database_error, which is "" if that is no problem.
 */
void health_gather(const struct config *config, const char *config_error, struct store *store,
                   const char *database_error, struct health *ret);

/* Returns the worst level of all problems; HEALTH_UNKNOWN if none is critical but too much is unknown. */
enum health_level health_level(const struct health *health);

#endif
