/* newrule: "check --new": drafts a rule from a log line, for a person to finish. */
#ifndef WFS_COMMAND_NEWRULE_H
#define WFS_COMMAND_NEWRULE_H

#include "config/config.h"

/*
 * Prints the rule, or why there is none: a configured rule matches the line already, or it has no header or no
 * address. line: NULL for the first line of standard input, which must be open. Returns the command's exit status.
 */
int newrule_print(const char *line, const struct config *config);

#endif
