/*
 * engine: the daemon's loop; with replay the only place where input, rules, verdict, store and firewall meet.
 *
 * Runs without privilege. Reads logs, decides, commits, and only then notifies the root process; what the kernel
 * holds is compared with the database at start, after every change, on SIGHUP, after any error and
 * every [firewall] resync.
 */
#ifndef WFS_ENGINE_H
#define WFS_ENGINE_H

#include <stdbool.h>

#include "base/why.h"
#include "config/config.h"

/* The processes beside it, and the configuration that root opens. */
struct engine_root {
	int fd;                  /* the engine's end of the pair to it */
	const char *config_path; /* the name for messages, borrowed */
	bool may_be_absent;      /* the configuration: then it means the defaults */
	int export_fd;           /* of engine/exporter.h; owned by the engine, once it is made */
};

/* As the root process hands it over. *ret is the caller's. Errors: those of config_read, -EPIPE when root is gone. */
int engine_config(const struct engine_root *root, struct config **ret, struct why *why);

/*
 * Opens what the engine needs: rules, database, logs. config is owned here, and requested again on SIGHUP.
 * Errors: -EINVAL for rules or a database that is not ours (exit 2), else the system's error (exit 3).
 */
struct engine;
int engine_new(struct config *config, const struct engine_root *root, struct engine **ret, struct why *why);

/*
 * Runs until SIGTERM, SIGINT or the end of the root process; on SIGHUP reloads config and rules.
 * Returns the exit status: 0, or 3 with a sentence logged.
 */
int engine_run(struct engine *engine);

/* NULL is allowed. */
void engine_free(struct engine *engine);

#endif
