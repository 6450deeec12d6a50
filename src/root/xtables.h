/*
 * xtables: maintains our chain, the jumps to it and its rules in the legacy iptables of both families.
 *
 * Only the xtables files know libiptc. The caller describes the wanted rules as a plan; it is compared with what
 * exists, and only the differences are written, in one commit; so calling it twice does no harm. Other chains and
 * rules are never touched, except for jumps to our chain. The module does not know what the rules match, or how.
 *
 * Locking: flock on /run/xtables.lock ($XTABLES_LOCKFILE), as iptables does. Without it, a concurrent change by
 * another program would be undone silently, unless it changes the number of rules, which the kernel notices
 * (measured). Errors: -errno with the remedy; -EPERM without the capability, -ENOENT or -ENOPROTOOPT if there is no
 * legacy xtables or no such match, -EAFNOSUPPORT without IPv6, -EBUSY if the lock is held for too long. Source:
 * iptables 1.8.9 libiptc/; measured on 6.18.
 */
#ifndef WFS_ROOT_XTABLES_H
#define WFS_ROOT_XTABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

enum xtables_family { XTABLES_IP4, XTABLES_IP6 };

/* GCC 11 mistakes a shorter string passed to libiptc for an overread, so names are kept in the full 32 bytes. */
struct label {
	char text[32]; /* xt_chainlabel */
};

enum { XTABLES_JUMPS_MAX = 4 };

/*
 * The chains and rules wanted. Chains are numbered, each after those it jumps to. Packets enter main; forwarded ones,
 * whose port DNAT may have changed, enter forwarded, which may be the same chain.
 */
struct rule;
struct xtables_plan {
	size_t n_jumps;
	struct {
		const char *from;
		bool optional; /* the chain from need not exist */
	} jumps[XTABLES_JUMPS_MAX];
	const char *modules; /* arguments for modprobe: modules that these rules need */
	unsigned n_chains, main, forwarded;
	const void *of; /* passed to the functions below */
	struct label (*name)(const void *of, unsigned chain);
	/*
	 * Returns rule number "place" of a chain; false if it has no more. A chain without rules is not wanted,
	 * except main.
	 */
	bool (*rule)(const void *of, unsigned chain, unsigned place, struct rule *ret);
	/* Returns the jump to main or to forwarded. */
	void (*jump)(const void *of, unsigned chain, struct rule *ret);
};

/* Makes the kernel's rules match the plan. *ret_changed: something had to be changed. */
int xtables_apply(enum xtables_family family, const struct xtables_plan *plan, bool *ret_changed, struct why *why);

/* Removes all chains of the plan, with or without rules, and every jump to them. */
int xtables_remove(enum xtables_family family, const struct xtables_plan *plan, bool *ret_changed, struct why *why);

/*
 * Returns false if the filter table was never used, so that none of our rules can be in it. Reading the table would
 * make the kernel load it.
 */
bool xtables_is_used(enum xtables_family family);

/* Returns in *ret whether the chain exists, perhaps from an earlier daemon. */
int xtables_has(enum xtables_family family, const struct label *chain, bool *ret, struct why *why);

/* Calls found for each chain whose name begins so. of: passed to it. */
int xtables_chains(enum xtables_family family, const char *begin, void (*found)(void *of, const char *chain), void *of,
                   struct why *why);

#endif
