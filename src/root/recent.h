/*
 * recent: addresses in the kernel's xt_recent lists, and the rules that make them count.
 *
 * A list holds what the kernel parameter ip_list_tot says, 100 if nobody raised it, and when one more is
 * written it forgets the eldest without a word. So what a list holds is known here and a full one refuses;
 * when more are wanted than one list takes, 256 lists are made and an address goes by its last byte.
 * The mask belongs to a list, not to an entry, so each length of networks has its list (iptc.h), in which a network
 * stands as its first address; a network of another length is refused.
 *
 * Knows iptc and the files in /proc/net/xt_recent. One process, one thread, as root.
 * Errors: 0 or -errno with a sentence. Never waits, but for iptables' lock (iptc.h).
 * Source: net/netfilter/xt_recent.c; measured on 6.18, tests/unit/firewall_root.c.
 */
#ifndef WFS_ROOT_RECENT_H
#define WFS_ROOT_RECENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "root/members.h"
#include "root/root.h"

struct recent_size {
	uint32_t held4, held6;
	uint32_t per_list; /* ip_list_tot */
	uint32_t shards;   /* lists per family: 1 or 256 */
};

/*
 * Takes over what a daemon before us left, or makes rules and lists anew. config: borrowed until
 * recent_close. *ret_without6: NULL, or the sentence that says why IPv6 is not blocked; lives as long.
 */
struct recent;
int recent_open(const struct root_config *config, struct recent **ret, const char **ret_without6,
                struct why *why);

/*
 * Makes what is missing and lists enough for n4 and n6 addresses. A change of the number of lists empties
 * them; the caller feeds them anew. *ret_healed: something had vanished or was not as configured.
 */
int recent_ensure(struct recent *recent, uint32_t n4, uint32_t n6, bool *ret_healed, struct why *why);

/*
 * Adds one address or network, or begins its time anew. -ENOSPC: its list is full; -EAFNOSUPPORT: IPv6 is not
 * blocked here, or no list holds such a network; others: the kernel's answer, after one try with the list opened anew.
 */
int recent_add(struct recent *recent, const struct net *net, struct why *why);

/* Removes one; it is no error when it is not there. */
int recent_del(struct recent *recent, const struct net *net, struct why *why);

/* True when recent_ensure can make room for such a network by splitting its list. */
bool recent_can_split(const struct recent *recent, const struct net *net);

/* Reads every list from the kernel. */
int recent_read(struct recent *recent, struct why *why);

/*
 * Copies what recent_read read, with what was added and removed since, from place "from" on; returns
 * how many, 0 at the end. cap: room at out.
 */
size_t recent_copy(const struct recent *recent, uint32_t from, struct members_entry *out, size_t cap);

/*
 * Takes out of the list of those who opened too many connections, and copies, at most cap. Nothing where there is no such
 * list.
 */
int recent_floods(struct recent *recent, struct addr *out, size_t cap, size_t *ret_n, struct why *why);

/* True when recent_open found nothing of ours and made it all. */
bool recent_is_made(const struct recent *recent);

struct recent_size recent_size(const struct recent *recent);

/*
 * Frees; with remove also takes away our rules and with them the lists; where the rules are not ours it
 * empties the lists. Takes NULL.
 */
int recent_close(struct recent *recent, bool remove, struct why *why);

/* What recent_close removes, of a daemon that could not do it itself. *ret_removed: something was there. */
int recent_clean(const struct root_config *config, bool *ret_removed, struct why *why);

#endif
