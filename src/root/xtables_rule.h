/*
 * xtables_rule: one rule of the legacy iptables, put together from matches and a target. Pure. Knows no list and no
 * chain.
 *
 * rule_begin, then matches in the order the kernel shall evaluate them, one target, rule_end.
 * Source: include/uapi/linux/netfilter/x_tables.h and xt_*.h; measured on 6.18.
 */
#ifndef WFS_ROOT_XTABLES_RULE_H
#define WFS_ROOT_XTABLES_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "root/root.h"
#include "root/xtables_family.h"

void rule_begin(struct rule *rule, enum xtables_family family);

/* Space for a match; returns its size bytes of data, zeroed. The first "same" of them count in a comparison. */
void *rule_match(struct rule *rule, const char *name, uint8_t revision, size_t size, size_t same);

/*
 * Space for the target: "ACCEPT", "DROP" or a chain's name (libiptc knows which; size 0), or an extension with its
 * data;
 * "": none, the packet goes on.
 */
void *rule_target(struct rule *rule, const char *name, size_t size);

/* protocol: 0: any. byte, value, mask: one byte (of the 16) of the source under a mask (0: any). */
void rule_end(struct rule *rule, enum xtables_family family, uint8_t protocol, unsigned byte, uint8_t value,
              uint8_t mask);

/* The destination is one of the config's ports, none: nothing is asked; where open connections are kept the packet
 * opens one. */
void rule_match_ports(const struct root_config *config, struct rule *rule);

/* Of TCP: the packet opens a connection; nothing is asked where open ones are not kept. */
void rule_match_opening(const struct root_config *config, struct rule *rule);

/* "--limit 10/minute --limit-burst 5", and LOG with the config's prefix as target. */
void rule_target_log(const struct root_config *config, struct rule *rule);

/* What is done with a packet. reset: tcp-reset, which the kernel accepts for TCP only. */
void rule_target_reject(enum xtables_family family, bool reset, struct rule *rule);

#endif
