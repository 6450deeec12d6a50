/*
 * accounts: counts from how many networks logins to each account failed within the window.
 *
 * Private to the folder. Initialise to zero except limit and window_s; release with accounts_done. A network is an IPv4
 * /24 or an IPv6 /48. Limits: ACCOUNTS_MAX accounts, 400 KiB, in sets of four, each with its latest
 * ACCOUNTS_NETWORKS_MAX networks. A full set forgets the account that was tried from the fewest networks; of several,
 * the one tried longest ago. So a word list from a few addresses does not displace an account that many addresses
 * attack. Account numbers are keyed (base/account.h), so no seed is needed. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_ACCOUNTS_H
#define WFS_VERDICT_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
	ACCOUNTS_MAX = 1 << 12,
	ACCOUNTS_NETWORKS_MAX = 12, /* also the highest limit */
};

struct account;

struct accounts {
	int64_t window_s;
	unsigned limit;       /* networks that make an attack; 0: there are no attacks, and nothing is recorded */
	struct account *list; /* ACCOUNTS_MAX entries; NULL before the first one */
};

void accounts_done(struct accounts *accounts);

/* Records a failed login to the account from addr at time_s. Times usually ascend. */
void accounts_note(struct accounts *accounts, uint32_t account, const struct addr *addr, uint32_t time_s,
                   uint32_t now_s);

/* Returns from how many networks logins failed within the window; at most ACCOUNTS_NETWORKS_MAX. */
unsigned accounts_networks(const struct accounts *accounts, uint32_t account, uint32_t now_s);

#endif
