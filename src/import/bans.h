/*
 * bans: reads the active bans from fail2ban's database.
 *
 * It opens the database read-only; fail2ban may keep running. It reads every version since 0.9: bips (4), bans (3),
 * and bans without a ban time of their own (1 and 2), which take the jail's. Errors: -ENOENT if there is none,
 * -EINVAL if it is not fail2ban's database, others as the database's. Source: the tables bips and bans of fail2ban
 * 0.9 to 1.1, server/database.py.
 */
#ifndef WFS_IMPORT_BANS_H
#define WFS_IMPORT_BANS_H

#include <stdint.h>

#include "base/why.h"
#include "import/banlist.h"
#include "import/fail2ban.h"

/*
 * Reads the bans that end after now_s, sorted; an address has only its longest one, and the reason names the jail.
 * left_s is 0 for a ban without end or of more than ten years. Skips networks that can never be blocked
 * (net_is_never).
 */
int bans_read(const char *path, const struct fail2ban *fail2ban, int64_t now_s, struct banlist *list, struct why *why);

#endif
