/*
 * engine: the daemon's loop. Besides replay, it is the only place where input, rules, verdict, store and firewall meet.
 *
 * Runs without privileges. Reads logs, decides, notifies the root process and commits. Compares the kernel with the
 * database at start, after each change by another program, on SIGHUP, after any error, and every [firewall] resync.
 */
#ifndef WFS_ENGINE_ENGINE_H
#define WFS_ENGINE_ENGINE_H

#include <stdbool.h>

#include "base/why.h"
#include "config/config.h"

/* The engine's connections to the other processes, and the configuration that root opens. */
struct engine_root {
	int fd;                  /* the engine's end of the socket pair to the root process */
	const char *config_path; /* its name for messages, borrowed */
	bool may_be_absent;      /* if the configuration is absent, the defaults apply */
	int export_fd;           /* see engine/exporter.h; the engine owns it once it is created */
};

/*
 * Reads the configuration that the root process hands over. The caller owns *ret. Errors: those of config_read; -EPIPE
 * if the root process is gone.
 */
int engine_config(const struct engine_root *root, struct config **ret, struct why *why);

/*
 * Creates the engine and opens what it needs: rules, database, logs. Takes ownership of config; SIGHUP requests it
 * again. Errors: -EINVAL for bad rules or a database that is not ours (exit status 2); otherwise the system's error
 * (exit status 3).
 */
struct engine;
int engine_new(struct config *config, const struct engine_root *root, struct engine **ret, struct why *why);

/*
 * Runs until SIGTERM, SIGINT or the end of the root process; SIGHUP reloads config and rules. Returns the exit status:
 * 0, or 3 after logging a sentence.
 */
int engine_run(struct engine *engine);

/* Accepts NULL. */
void engine_free(struct engine *engine);

#endif
