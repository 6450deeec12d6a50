/*
 * xtables_rule: builds one rule of the legacy iptables from matches and a target. Pure. Knows no list and no chain.
 *
 * Call rule_begin, then the matches in the order the kernel evaluates them, one target, and rule_end. Source:
 * include/uapi/linux/netfilter/x_tables.h and xt_*.h; measured on 6.18.
 */
#ifndef WFS_ROOT_XTABLES_RULE_H
#define WFS_ROOT_XTABLES_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "root/root.h"
#include "root/xtables_family.h"

void rule_begin(struct rule *rule, enum xtables_family family);

/* Appends a match. Returns its size bytes of data, zeroed. A comparison includes only the first same bytes of them. */
void *rule_match(struct rule *rule, const char *name, uint8_t revision, size_t size, size_t same);

/*
 * Appends the target and returns its data. name: "ACCEPT", "DROP" or a chain's name (libiptc distinguishes them; size
 * 0), an extension with size bytes of data, or "" for none: the packet continues.
 */
void *rule_target(struct rule *rule, const char *name, size_t size);

/* Completes the rule. protocol: 0 for any. byte, value, mask: one byte (of 16) of the source under a mask (0: any). */
void rule_end(struct rule *rule, enum xtables_family family, uint8_t protocol, unsigned byte, uint8_t value,
              uint8_t mask);

/*
 * Matches the configured destination ports; without any, matches all. If open connections are kept, matches only
 * packets that open a connection.
 */
void rule_match_ports(const struct root_config *config, struct rule *rule);

/* Matches TCP packets that open a connection; matches all if open connections are not kept. */
void rule_match_opening(const struct root_config *config, struct rule *rule);

/* Adds "--limit 10/minute --limit-burst 5", and as target LOG with the configured prefix. */
void rule_target_log(const struct root_config *config, struct rule *rule);

/* Adds a REJECT target. reset: with a TCP reset, which the kernel accepts for TCP only. */
void rule_target_reject(enum xtables_family family, bool reset, struct rule *rule);

#endif
