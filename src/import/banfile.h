/*
 * banfile: reads addresses and networks from the output of other programs, and finds out which format it has.
 *
 * It reads plain lists, CSV, "ipset save", "nft list set" and its JSON, "cscli decisions list" as JSON and raw,
 * rbldnsd's data sets, and what export writes. It refuses zone files, whose names are addresses backwards.
 *
 * JSON: see banjson.h. A table with a header: see bancsv.h.
 *
 * Other text: a word that is an address, a network or a range (FIRST-LAST) is an entry. In each line these are the
 * first one, and further ones directly after an entry or after "," or "{". So an address in a comment is not blocked,
 * nor one in a quoted text of several words or in a line that begins with ";", "//" or "$". In "nft list" only the
 * elements of sets are read. A time after "timeout", "expires" or "for" is the time left. After "nomatch" (ipset), the
 * element is no entry. The rest of a line after "#" is the reason, or after ":2:" (rbldnsd).
 *
 * Everything else is ignored: the caller shows how many entries were found. Loopback is never an entry. Pure. Limits:
 * those of banlist, BANFILE_BYTES of text. Errors: those of banlist, -EINVAL if JSON or CSV has an error, or for a
 * zone file.
 */
#ifndef WFS_IMPORT_BANFILE_H
#define WFS_IMPORT_BANFILE_H

#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "import/banlist.h"

enum { BANFILE_BYTES = 256 << 20 };

/* Adds the entries in text. */
int banfile_parse(struct span text, int64_t now_s, struct banlist *list, struct why *why);

#endif
