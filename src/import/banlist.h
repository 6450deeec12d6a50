/*
 * banlist: reads addresses and networks from the output of other programs, with one parser for all their formats.
 *
 * It reads plain lists, CSV, "ipset save", "nft list set" and its JSON, "cscli decisions list -o json", and what
 * export writes.
 *
 * Text: a word that is an address, a network or a range (FIRST-LAST) is an entry. In each line these are the first
 * one, and further ones directly after an entry or after "," or "{". So an address in a comment is not blocked, nor
 * one in a quoted text of several words or in a line that begins with ";" or "//". In "nft list" only the elements of
 * sets are read, in CrowdSec's alerts only decisions that ban. A time after "timeout", "expires" or "for" is the time
 * left. After "nomatch" (ipset), the element is no entry. The rest of a line after "#" is the reason.
 *
 * JSON: an entry is "range" (nft), and each string of this kind under the key "value", "address", "ip" or "addr", or
 * without a key. Beside it may be "len" (with "addr"); "duration", "expires" or "timeout"; and "scenario" or
 * "reason".
 *
 * Everything else is ignored: the caller shows how many entries were found. Pure. Limits: BANLIST_MAX entries,
 * BANLIST_BYTES of text. Errors: -EINVAL if JSON has an error, -E2BIG if there are too many entries.
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
	int64_t left_s;                  /* 0: unknown */
	char reason[BANLIST_REASON_MAX]; /* escaped; "": none */
};

struct banlist {
	size_t n, cap;
	struct banlist_entry *list;
};

/* Adds the entries in text. */
int banlist_parse(struct span text, struct banlist *list, struct why *why);
void banlist_add(struct banlist *list, const struct banlist_entry *entry);
void banlist_done(struct banlist *list);

#endif
