/*
 * export: writes addresses and networks in the formats of other programs: address lists, firewalls, DNS blocklists.
 *
 * A list is collected, sealed, then written. Some formats cannot hold one network inside another, or let each entry
 * expire by itself; they get only the widest networks: see export_seal. Pure except for the stream. Nothing that a
 * client chose is in the output: an entry consists of an address, times, and texts from rule files.
 *
 * Formats, and what reads them:
 *   plain    an address or network per line         grep, scripts
 *   cidr     the same, each with its length         ip, other firewalls
 *   csv      RFC 4180, with a header line           spreadsheets, sqlite3 .import --csv
 *   json     an object per line, as list --json     jq
 *   nft      two sets, replaced in one transaction  nft -f: nft(8)
 *   ipset    two sets, with the time left           ipset restore: ipset(8)
 *   rbldnsd  one combined data set, as a DNSBL      rbldnsd(8), "combined"
 *   bind     a zone file of a DNSBL                 named, nsd, knot: RFC 1035, RFC 5782, wildcards of RFC 4592
 */
#ifndef WFS_REPORT_EXPORT_H
#define WFS_REPORT_EXPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/addr.h"
#include "base/formats.h"
#include "store/query.h"

enum export_format {
#define EXPORT_ROW(NAME, name) EXPORT_##NAME,
	FORMATS(EXPORT_ROW)
#undef EXPORT_ROW
		EXPORT_FORMATS,
};

/* The names in the table above; export_format_of returns the format with that name, or EXPORT_FORMATS. */
extern const char *const export_names[EXPORT_FORMATS + 1]; /* NULL-terminated */
enum export_format export_format_of(const char *word);

struct export_entry {
	struct net net;
	int64_t since_s, until_s; /* until_s 0: no known end */
	int64_t hits;             /* -1: unknown */
	unsigned cause;           /* index in export_list.causes */
};

struct export_cause {
	char *rule, *reason, *category;
};

struct export_list {
	size_t n, n_causes;
	struct export_entry *list;
	struct export_cause *causes; /* each combination once: there are as many as rules, not as entries */
};

/* Add what the database has. A network that cannot be parsed is skipped; the database contains none. */
void export_add_block(struct export_list *list, const struct query_block *block);
void export_add_allowance(struct export_list *list, const struct query_allowance *allowance);
void export_add_listed(struct export_list *list, const struct net *net); /* a network that an external file lists */
void export_add_address(struct export_list *list, const struct query_frequent *address);

/* Sorts by address; if the format requires it, removes networks and addresses that are inside others. */
void export_seal(struct export_list *list, enum export_format format);

/* Writes the list. now_s: serial number of a zone, and the base of the time left. Errors of the stream: ferror(3). */
void export_write(const struct export_list *list, enum export_format format, int64_t now_s, FILE *out);

void export_done(struct export_list *list);

#endif
