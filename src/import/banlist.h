/*
 * banlist: addresses and networks in what other programs print: one parser for all their forms.
 *
 * Reads plain lists, CSV, "ipset save", "nft list set" and its JSON, "cscli decisions list -o json", and what export
 * writes. Text: a word that is an address, a network or a range (FIRST-LAST) is an entry, of each line the first, and
 * further ones directly behind another or behind "," or "{": a comment that names an address blocks nobody, nor does a
 * text of several words in quotes, or a line that begins with ";" or "//". Of "nft list" only the elements of sets are
 * read, of CrowdSec's alerts only decisions that ban. "timeout", "expires" or "for" and a time behind it say how long
 * it has left, "nomatch" (ipset) that it is none; the rest of a line behind "#" is the reason. JSON: "range" (nft) and
 * every string of that kind that has the key "value", "address", "ip", "addr" or none; "len" beside "addr"; "duration",
 * "expires" or "timeout" beside it; "scenario" or "reason". Whatever else is there is passed over: the caller shows how
 * many entries were found. Pure. Limits: BANLIST_MAX entries, BANLIST_BYTES of text. Errors: -EINVAL JSON with an
 * error, -E2BIG too many.
 */
#ifndef WFS_IMPORT_BANLIST_H
#define WFS_IMPORT_BANLIST_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "base/why.h"

enum {
	BANLIST_MAX = 1000000,
	BANLIST_BYTES = 256 << 20,
	BANLIST_REASON_MAX = 100,
};

struct banlist_entry {
	struct net net;
	int64_t left_s;                  /* 0: not known */
	char reason[BANLIST_REASON_MAX]; /* escaped; "": none */
};

struct banlist {
	size_t n, cap;
	struct banlist_entry *list;
};

/* Adds what text has. */
int banlist_parse(struct span text, struct banlist *list, struct why *why);
void banlist_add(struct banlist *list, const struct banlist_entry *entry);
void banlist_done(struct banlist *list);

#endif
