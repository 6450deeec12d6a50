/*
 * xtables_rule: which rules stand in which of our chains, for one family and one layout of lists. Pure. For iptc
 * alone.
 *
 * Source: include/uapi/linux/netfilter/xt_*.h; measured on 6.18.
 */
#ifndef WFS_ROOT_XTABLES_RULE_H
#define WFS_ROOT_XTABLES_RULE_H

#include <libiptc/libiptc.h>
#include <stdbool.h>

#include "root/xtables.h"
#include "root/xtables_family.h"

enum {
	RULE_SUBS = 16, /* chains that the sixteen values of the low four bits lead to; of each kind */
	RULE_MAIN = XTABLES_KINDS *
	            RULE_SUBS, /* number of the chain that is jumped to; those before are the others */
};

struct layout {
	enum xtables_family family;
	const struct root_config *config;
	unsigned n_shards; /* 1 or XTABLES_SHARDS */
};

/* GCC 11 takes a shorter string given to libiptc for an overread, so names are kept in the full 32 bytes. */
struct label {
	xt_chainlabel text;
};

/* The name of a chain. */
struct label rule_chain(const struct root_config *config, unsigned chain);

/* Rule number "place" of a chain. False: it has no more; a chain without any is not wanted. */
bool rule_of_chain(const struct layout *layout, unsigned chain, unsigned place, struct rule *rule);

/* The rule that leads to RULE_MAIN. */
void rule_jump(const struct layout *layout, struct rule *rule);

#endif
