/*
 * engine: the daemon's loop; with replay the only place where input, rules, verdict, store and firewall meet.
 *
 * Runs without privilege. Reads logs, decides, commits, and only then tells the root process; what the kernel
 * holds is compared with what the database says at start, after every change, on SIGHUP, after any error and
 * every [firewall] resync.
 */
#ifndef WFS_ENGINE_H
#define WFS_ENGINE_H

#include "base/why.h"
#include "config.h"

struct engine;

/*
 * Opens what the engine needs: rules, database, logs. config is taken over. config_path: read again on
 * SIGHUP, borrowed. firewall_fd: the engine's end of the pair to the root process.
 * Errors: -EINVAL for rules or a database that is not ours (exit 2), else what the system said (exit 3).
 */
int engine_new(struct config *config, const char *config_path, int firewall_fd, struct engine **ret,
               struct why *why);

/*
 * Runs until SIGTERM, SIGINT or the end of the root process; answers SIGHUP by reading config and rules anew.
 * Returns the exit status: 0, or 3 with a sentence logged.
 */
int engine_run(struct engine *engine);

/* Takes NULL. */
void engine_free(struct engine *engine);

#endif
