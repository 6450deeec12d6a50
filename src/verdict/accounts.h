/*
 * accounts: from how many networks logins to each account failed within the window.
 *
 * Private to the folder. Initialise to zero except limit and window_s; release with accounts_done. A network is an IPv4
 * /24 or an IPv6 /48. Limits: ACCOUNTS_MAX accounts, 400 KiB, in sets of four, each with the latest
 * ACCOUNTS_NETWORKS_MAX networks; in a full set the account tried from the fewest networks is forgotten, of equals the
 * one tried longest ago: so a word list from a few addresses pushes out none that many attack. Numbers of accounts are
 * keyed (base/account.h): no seed is needed. Aborts if memory cannot be allocated.
 */
#ifndef WFS_VERDICT_ACCOUNTS_H
#define WFS_VERDICT_ACCOUNTS_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

enum {
	ACCOUNTS_MAX = 1 << 12,
	ACCOUNTS_NETWORKS_MAX = 12, /* the highest limit, too */
};

struct account;

struct accounts {
	int64_t window_s;
	unsigned limit;       /* networks that make an attack; 0: none do, and nothing is noted */
	struct account *list; /* ACCOUNTS_MAX; NULL before the first */
};

void accounts_done(struct accounts *accounts);

/* A login to it failed from addr at time_s. Times mostly go forward. */
void accounts_note(struct accounts *accounts, uint32_t account, const struct addr *addr, uint32_t time_s,
                   uint32_t now_s);

/* From how many networks they failed within the window; at most ACCOUNTS_NETWORKS_MAX. */
unsigned accounts_networks(const struct accounts *accounts, uint32_t account, uint32_t now_s);

#endif
