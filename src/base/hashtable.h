/*
 * hashtable: uthash, as all that use it do: FNV-1a, because its own default has a switch that falls through, which our
 * warnings refuse; and where memory cannot be allocated it ends as alloc.h does.
 */
#ifndef WFS_BASE_HASHTABLE_H
#define WFS_BASE_HASHTABLE_H

#include "base/alloc.h"

#define HASH_FUNCTION(key, len, hash) HASH_FNV(key, len, hash)
#define uthash_fatal(text)            alloc_failed(0, "a hash table")
#include <uthash.h>

#endif
