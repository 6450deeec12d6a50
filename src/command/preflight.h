/*
 * preflight: checks what "run" needs of this machine (its user, the logs, the kernel), and which ports stay open.
 *
 * Changes nothing: the firewall is tried in a separate network namespace, the logs by a child that becomes the user.
 * Both need root; without it, only modes and /proc are checked.
 */
#ifndef WFS_COMMAND_PREFLIGHT_H
#define WFS_COMMAND_PREFLIGHT_H

#include "config/config.h"
#include "rules/rulefile.h"
#include "rules/rules.h"

/*
 * Settles config (config_settle) and checks it. errors: receives what prevents "run" from starting, or from reading
 * anything. warnings: receives everything else. rules NULL: they cannot be read, so the logs' contents are not
 * checked. ret_sources: a sentence that says what would be read, and why.
 */
void preflight(struct config *config, const struct rules *rules, struct rulefile_errors *errors,
               struct rulefile_errors *warnings, struct why *ret_sources);

#endif
