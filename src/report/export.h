/*
 * export: addresses and networks in the formats of other programs: files of addresses, firewalls, DNS blocklists.
 *
 * A list is collected, then sealed, then written. Formats that cannot hold one network inside another, or that end an
 * entry by themselves at another time than its neighbour, get the widest only: see export_seal. Pure but for the
 * stream. Bytes that a client chose are in none of it: an entry has an address, times, and texts from rule files.
 *
 * Formats, and what reads them:
 *   plain    an address or network a line           grep, scripts
 *   cidr     the same, each with its length         ip, other firewalls
 *   csv      RFC 4180, with a line of names         spreadsheets, sqlite3 .import --csv
 *   json     an object a line, as list --json       jq
 *   nft      two sets, replaced in one transaction  nft -f: nft(8)
 *   ipset    two sets, with the time that is left   ipset restore: ipset(8)
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

/* As in the table above; and which of them a word names, EXPORT_FORMATS: none. */
extern const char *const export_names[EXPORT_FORMATS + 1]; /* ends with NULL */
enum export_format export_format_of(const char *word);

struct export_entry {
	struct net net;
	int64_t since_s, until_s; /* until_s 0: no end is known */
	int64_t hits;             /* -1: not known */
	unsigned cause;           /* of export_list */
};

struct export_cause {
	char *rule, *reason, *category;
};

struct export_list {
	size_t n, n_causes;
	struct export_entry *list;
	struct export_cause *causes; /* each combination once: there are as many as rules, not as entries */
};

/* Adds what the database has. A network that cannot be read is left out: none can be in there. */
void export_add_block(struct export_list *list, const struct query_block *block);
void export_add_allowance(struct export_list *list, const struct query_allowance *allowance);
void export_add_listed(struct export_list *list, const struct net *net); /* that a file of others lists */
void export_add_address(struct export_list *list, const struct query_frequent *address);

/* By address; for a format that needs it, without networks and addresses inside another one. */
void export_seal(struct export_list *list, enum export_format format);

/* now_s: the serial number of a zone, what is left of a block. Errors of the stream: ferror(3). */
void export_write(const struct export_list *list, enum export_format format, int64_t now_s, FILE *out);

void export_done(struct export_list *list);

#endif
