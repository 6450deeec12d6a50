/*
 * bans: the bans that fail2ban has in force, from its database.
 *
 * Opens it for reading only; fail2ban may go on. Reads every version since 0.9: bips (4), bans (3), bans without a time
 * of their own (1 and 2), which is then the jail's. Errors: -ENOENT there is none, -EINVAL not its database, others as
 * the database's. Source: the tables bips and bans of fail2ban 0.9 to 1.1, server/database.py.
 */
#ifndef WFS_IMPORT_BANS_H
#define WFS_IMPORT_BANS_H

#include <stdint.h>

#include "base/why.h"
#include "import/banlist.h"
#include "import/fail2ban.h"

/*
 * Those that last longer than now_s, each address with its longest, in order; the reason names the jail. A ban for
 * ever, or for more than ten years: left_s 0. What can never be blocked (net_is_never) is none.
 */
int bans_read(const char *path, const struct fail2ban *fail2ban, int64_t now_s, struct banlist *list, struct why *why);

#endif
