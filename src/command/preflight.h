/*
 * preflight: what "run" will need of this machine: its user, the logs, the kernel; and which ports stay open.
 *
 * Changes nothing: the firewall is tried in a network namespace of its own, the logs by a child that becomes the user.
 * Needs root for both; other users get what modes and /proc show.
 */
#ifndef WFS_PREFLIGHT_H
#define WFS_PREFLIGHT_H

#include "config/config.h"
#include "rules/rulefile.h"
#include "rules/rules.h"

/*
 * Settles config (config_settle). errors: what keeps "run" from starting, or from reading anything. warnings: the rest.
 * Both are added to. rules NULL: they cannot be read, so the contents of the logs are not checked. ret_sources: a
 * sentence on what would be read, and why.
 */
void preflight(struct config *config, const struct rules *rules, struct rulefile_errors *errors,
               struct rulefile_errors *warnings, struct why *ret_sources);

#endif
