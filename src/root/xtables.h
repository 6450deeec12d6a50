/*
 * xtables: our chain, the jump to it and its rules, in the legacy iptables of both families.
 *
 * The only place that knows libiptc. What must be there comes as a plan; it is compared with what is there, and only
 * what differs is written, in one commit; so calling it twice does no harm. Other people's chains and rules are never
 * touched, but for jumps to our chain. It does not know what the rules match, or how.
 *
 * Locking: flock on /run/xtables.lock ($XTABLES_LOCKFILE), as iptables does: the kernel notices a foreign
 * change only when it changes the number of rules, and would undo any other silently (measured).
 * Errors: -errno with the remedy; -EPERM no capability, -ENOENT or -ENOPROTOOPT no legacy xtables or no
 * such match, -EAFNOSUPPORT no IPv6, -EBUSY the lock is held for too long.
 * Source: iptables 1.8.9 libiptc/; measured on 6.18.
 */
#ifndef WFS_ROOT_XTABLES_H
#define WFS_ROOT_XTABLES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

enum xtables_family { XTABLES_IP4, XTABLES_IP6 };

/* GCC 11 mistakes a shorter string given to libiptc for an overread, so names are kept in the full 32 bytes. */
struct label {
	char text[32]; /* xt_chainlabel */
};

enum { XTABLES_JUMPS_MAX = 4 };

/*
 * Chains by number, each after those that it jumps to. Packets come to "main"; those that are forwarded, where DNAT may
 * have changed the port, to "forwarded", which may be the same.
 */
struct rule;
struct xtables_plan {
	size_t n_jumps;
	struct {
		const char *from;
		bool optional; /* there need not be such a chain */
	} jumps[XTABLES_JUMPS_MAX];
	const char *modules; /* what the kernel may lack of these rules, as modprobe's arguments */
	unsigned n_chains, main, forwarded;
	const void *of; /* for the functions */
	struct label (*name)(const void *of, unsigned chain);
	/* Rule number "place" of a chain. False: it has no more; a chain without any is not wanted, but for main. */
	bool (*rule)(const void *of, unsigned chain, unsigned place, struct rule *ret);
	/* The jump to main, or to forwarded. */
	void (*jump)(const void *of, unsigned chain, struct rule *ret);
};

/* Makes the kernel's rules as planned. *ret_changed: something had to be changed. */
int xtables_apply(enum xtables_family family, const struct xtables_plan *plan, bool *ret_changed, struct why *why);

/* Removes our chains, wanted or not, and every jump to them. */
int xtables_remove(enum xtables_family family, const struct xtables_plan *plan, bool *ret_changed, struct why *why);

/* False when the table of rules was never used, so that none of ours can be in it: reading it would make the kernel
 * load it. */
bool xtables_is_used(enum xtables_family family);

/* Is there such a chain, perhaps from a daemon before us? */
int xtables_has(enum xtables_family family, const struct label *chain, bool *ret, struct why *why);

#endif
