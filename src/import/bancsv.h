/*
 * bancsv: reads the entries in a table with a header line: CSV of RFC 4180, or with ";" or tabs instead of commas.
 *
 * The header names the columns, in any order and case: one of banlist_address_names, the time left, the end, and the
 * reason. In "cscli decisions list -o raw" only what bans is an entry.
 *
 * Pure. Errors: those of banlist, -EINVAL if a quote has no end.
 */
#ifndef WFS_IMPORT_BANCSV_H
#define WFS_IMPORT_BANCSV_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "import/banlist.h"

/* Returns whether the first line is such a header: of two columns or more, one of them with addresses. */
bool bancsv_has_header(struct span text);

/* Adds the entries of a text with a header. */
int bancsv_parse(struct span text, int64_t now_s, struct banlist *list, struct why *why);

#endif
