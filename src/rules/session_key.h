/*
 * session_key: what a session, or a client whose events are counted once, is found by in a hash table.
 *
 * Private to the folder. All of its bytes count.
 */
#ifndef WFS_RULES_SESSION_KEY_H
#define WFS_RULES_SESSION_KEY_H

#include <string.h>

#include "rules/rules.h"

struct session_key {
	uint64_t realm;             /* keeps the same id apart: a hash of host and rule file, say */
	char id[RULES_SESSION_MAX]; /* zeros behind it */
};

/* id: at most RULES_SESSION_MAX bytes, without a NUL at its end. */
static inline struct session_key session_key_of(uint64_t realm, struct span id)
{
	struct session_key key = {.realm = realm};

	memcpy(key.id, id.p, id.len);
	return key;
}

#endif
