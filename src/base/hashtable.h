/*
 * hashtable: includes uthash with the settings that the whole program uses. The hash is FNV-1a because uthash's default
 * has a switch that falls through, which our warnings reject. Aborts as alloc.h does if memory cannot be allocated.
 */
#ifndef WFS_BASE_HASHTABLE_H
#define WFS_BASE_HASHTABLE_H

#include "base/alloc.h"

#define HASH_FUNCTION(key, len, hash) HASH_FNV(key, len, hash)
#define uthash_fatal(text)            alloc_failed(0, "a hash table")
#include <uthash.h>

#endif
