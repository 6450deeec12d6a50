/*
 * newrule: "check --new": a rule that is begun from a line of a log, for a person to finish.
 */
#ifndef WFS_NEWRULE_H
#define WFS_NEWRULE_H

#include "config/config.h"

/*
 * Prints the rule, or why there is none: a rule of the configuration matches the line already, or it has no header or
 * no address. line: NULL for the first of standard input, which must be open. Returns the command's exit status.
 */
int newrule_print(const char *line, const struct config *config);

#endif
