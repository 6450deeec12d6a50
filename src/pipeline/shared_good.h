/*
 * shared_good: which clients are proven good: what this host sends to other hosts, and what it received from them.
 *
 * For sharing alone. Off without a key. A client that is proven good on another host needs double the score to be
 * blocked here, and has no other benefit: no rule and no peer is suspended because of it. No address leaves the host,
 * and no client's number is stored with an address. Today's networks are gathered once a day (UTC), at most
 * SHARED_GOOD_MAX; if there are more, those with the lowest numbers.
 *
 * The key file has one line of 32 hexadecimal digits and mode 0640 or less; all hosts of a group share the key. Errors:
 * see store.h.
 */
#ifndef WFS_PIPELINE_SHARED_GOOD_H
#define WFS_PIPELINE_SHARED_GOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hexlist.h"
#include "base/why.h"
#include "config/peers.h"
#include "store/store.h"
#include "verdict/verdict.h"

enum {
	SHARED_GOOD_MAX = 1 << 16, /* networks that this host sends */
	SHARED_GOOD_S = 60 * 3600, /* how long a sent number counts: one day's messages may be missed */
	SHARED_GOOD_KEPT = 3 * (SHARED_GOOD_MAX / HEXLIST_MAX + 1), /* messages kept of one peer */
};

struct shared_good_key {
	bool on;
	uint8_t bytes[SIPHASH_KEY];
};

struct shared_good {
	struct store *store;
	struct elsewhere *elsewhere;
	struct shared_good_key key;
	int64_t day; /* that numbers is for, since 1970; -1: none */
	size_t n;
	uint32_t *numbers; /* ascending */
};

/* Initialises it; sharing is off. */
void shared_good_init(struct shared_good *good, struct store *store);
void shared_good_done(struct shared_good *good);

/* Reads the key; path "" means off. Errors: see secretfile_read; -EINVAL: the file has no key. */
int shared_good_read_key(const char *path, struct shared_good_key *ret, struct why *why);

/* Forgets everything, and reads from the database what the peers with the right to send it have sent. */
int shared_good_load(struct shared_good *good, const struct shared_good_key *key, const struct peers *may,
                     int64_t now_s, struct why *why);

/* Handles a peer's message, within a transaction. Positive: it is refused, and why has the reason. */
int shared_good_receive(struct shared_good *good, const char *peer, const struct hexlist *known, int64_t until_s,
                        int64_t now_s, struct why *why);

/* Discards everything that a peer sent, within a transaction. */
int shared_good_void(struct shared_good *good, const char *peer, const struct peers *may, int64_t now_s,
                     struct why *why);

/* Returns one part of what this host sends today; *ret_parts: the number of parts. ret is empty after the last. */
void shared_good_part(struct shared_good *good, const struct verdict *verdict, size_t part, int64_t now_s,
                      size_t *ret_parts, struct hexlist *ret);

#endif
