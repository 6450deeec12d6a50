/*
 * bans: the bans that fail2ban has in force, from its database.
 *
 * Opens it for reading only; fail2ban may go on. Errors: -ENOENT there is none, -EINVAL not its database, others as the
 * database's. Source: the tables bips and bans of fail2ban 0.11 to 1.1, server/database.py.
 */
#ifndef WFS_IMPORT_BANS_H
#define WFS_IMPORT_BANS_H

#include <stdint.h>

#include "base/why.h"
#include "import/banlist.h"

/* Those that last longer than now_s, each address with its longest; the reason names the jail. A ban for ever: left_s 0. */
int bans_read(const char *path, int64_t now_s, struct banlist *list, struct why *why);

#endif
