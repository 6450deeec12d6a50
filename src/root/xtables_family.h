/*
 * xtables_family: hides the legacy iptables of IPv4 and IPv6 behind one table of functions, and defines a rule. For
 * xtables and xtables_rule.
 *
 * Source: iptables 1.8.9 libiptc/; include/uapi/linux/netfilter_ipv4/ip_tables.h, netfilter_ipv6/ip6_tables.h.
 */
#ifndef WFS_ROOT_XTABLES_FAMILY_H
#define WFS_ROOT_XTABLES_FAMILY_H

#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <stddef.h>
#include <stdint.h>

#include "root/xtables.h"

enum { RULE_MAX = 1536 }; /* the longest is 168 + state 40 + connbytes 56 + hashlimit 400 + recent 264 + target 40 */

/* A rule in the kernel's format: head, matches and target, each aligned. mask: the bytes that a comparison includes. */
struct rule {
	size_t len;
	size_t target_at;
	unsigned char mask[RULE_MAX];
	union {
		struct ipt_entry ip4;
		struct ip6t_entry ip6;
		unsigned char bytes[RULE_MAX];
	} u;
};

/*
 * libiptc exists twice, once per family, with the same functions over different entry types. This table and the few
 * typed functions it names hold all differences, so that everything else is written once, as plain C that a debugger
 * can follow. Including one file twice under macros would save these lines but lose that.
 */
struct family {
	const char *tool;
	const char *module;
	const struct xtc_ops *ops; /* libiptc's own table of the functions whose arguments contain no entry */
	size_t head_len;
	uint32_t reject, reset; /* REJECT's codes for port unreachable and TCP reset */
	/* Completes a rule with a protocol (0: any), and with one byte (of 16) of the source under a mask (0: any). */
	void (*finish)(struct rule *rule, uint8_t protocol, unsigned byte, uint8_t value, uint8_t mask);
	int (*has)(const char *chain, struct rule *rule, struct xtc_handle *handle);
	int (*append)(const char *chain, const struct rule *rule, struct xtc_handle *handle);
	int (*insert_first)(const char *chain, const struct rule *rule, struct xtc_handle *handle);
	int (*delete_at)(const char *chain, unsigned at, struct xtc_handle *handle);
	int (*delete_chain)(const char *chain, struct xtc_handle *handle);
	/* next returns the rule after this one (NULL: the first); target returns the name of a rule's target. */
	const void *(*next)(const char *chain, const void *rule, struct xtc_handle *handle);
	const char *(*target)(const void *rule, struct xtc_handle *handle);
};

extern const struct family xtables_families[2]; /* indexed by enum xtables_family */

#endif
