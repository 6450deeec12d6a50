/*
 * session_key: the hash table key of a session, or of a client whose events are counted once.
 *
 * Private to the folder. All bytes of the struct are compared.
 */
#ifndef WFS_RULES_SESSION_KEY_H
#define WFS_RULES_SESSION_KEY_H

#include <string.h>

#include "rules/rules.h"

struct session_key {
	uint64_t realm;             /* distinguishes equal ids: a hash of host and rule file, for example */
	char id[RULES_SESSION_MAX]; /* padded with zeros */
};

/* Makes a key. id: at most RULES_SESSION_MAX bytes, not ending in a NUL. */
static inline struct session_key session_key_of(uint64_t realm, struct span id)
{
	struct session_key key = {.realm = realm};

	memcpy(key.id, id.p, id.len);
	return key;
}

#endif
