/*
 * import_fail2ban: "import fail2ban": an installation of fail2ban as files to look at, and what its filters and our
 * rules match in its logs.
 */
#ifndef WFS_COMMAND_IMPORT_FAIL2BAN_H
#define WFS_COMMAND_IMPORT_FAIL2BAN_H

#include "command/command.h"

struct import_fail2ban {
	const char *from, *database; /* of fail2ban; database NULL: the one that its configuration names */
	const char *output;          /* a directory that does not exist yet */
};

/* Returns the command's exit status. */
int import_fail2ban(const struct import_fail2ban *q, const struct command_env *env);

#endif
