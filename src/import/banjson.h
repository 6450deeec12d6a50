/*
 * banjson: reads the entries in JSON: one value, or one after the other.
 *
 * An entry is each string that denotes addresses, under one of banlist_address_names or without a key; and "range" of
 * nft, an array of two. Beside it may be "len" (with "addr"), the time left, the end, and the reason. In CrowdSec's
 * alerts only decisions that ban are entries.
 *
 * Pure. Errors: those of banlist, -EINVAL if the JSON has an error.
 */
#ifndef WFS_IMPORT_BANJSON_H
#define WFS_IMPORT_BANJSON_H

#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "import/banlist.h"

int banjson_parse(struct span text, int64_t now_s, struct banlist *list, struct why *why);

#endif
