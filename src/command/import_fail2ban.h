/*
 * import_fail2ban: "import fail2ban": converts an installation of fail2ban into files to review, and compares what
 * its filters and our rules match in its logs.
 */
#ifndef WFS_COMMAND_IMPORT_FAIL2BAN_H
#define WFS_COMMAND_IMPORT_FAIL2BAN_H

#include "command/command.h"

struct import_fail2ban {
	/* directory and database of fail2ban; database NULL: the one that its configuration names */
	const char *from, *database;
	const char *output; /* a directory that must not exist yet */
};

/* Returns the command's exit status. */
int import_fail2ban(const struct import_fail2ban *q, const struct command_env *env);

#endif
