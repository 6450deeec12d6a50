/*
 * shared_good: which clients are proven good: what other hosts are told of it, and what they told.
 *
 * For sharing alone. Off without a key. A client that is proven good on another host needs double here, and
 * has nothing else from it: no rule and no peer is suspended because of it. No address leaves the host, and
 * no client's number is kept with an address. Today's networks are gathered once a day (UTC), SHARED_GOOD_MAX
 * at most; of more, those with the lowest numbers.
 *
 * The key: a file of one line, 32 hexadecimal digits, mode 0640 or less; all hosts of a group have
 * the same. Errors as of store.h.
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
	SHARED_GOOD_MAX = 1 << 16, /* networks of this host */
	SHARED_GOOD_S = 60 * 3600, /* what is sent counts so long: one day's may be missed */
	SHARED_GOOD_KEPT = 3 * (SHARED_GOOD_MAX / HEXLIST_MAX + 1), /* messages of one peer */
};

struct shared_good_key {
	bool on;
	uint8_t bytes[SIPHASH_KEY];
};

struct shared_good {
	struct store *store;
	struct elsewhere *elsewhere;
	struct shared_good_key key;
	int64_t day; /* since 1970, of numbers; -1: there are none */
	size_t n;
	uint32_t *numbers; /* ascending */
};

/* Initialises it, off. */
void shared_good_init(struct shared_good *good, struct store *store);
void shared_good_done(struct shared_good *good);

/* Reads the key; path "": off. Errors: those of secretfile_read; -EINVAL: no key. */
int shared_good_read_key(const char *path, struct shared_good_key *ret, struct why *why);

/* Forgets all, and reads from the database what those peers told who may. */
int shared_good_load(struct shared_good *good, const struct shared_good_key *key, const struct peers *may,
                     int64_t now_s, struct why *why);

/* What a peer told; in a transaction. Positive: it is refused, why has the reason. */
int shared_good_receive(struct shared_good *good, const char *peer, const struct hexlist *known, int64_t until_s,
                        int64_t now_s, struct why *why);

/* All that a peer told is void; in a transaction. */
int shared_good_void(struct shared_good *good, const char *peer, const struct peers *may, int64_t now_s,
                     struct why *why);

/* A part of what this host has to tell today; *ret_parts: how many there are. Empty after the last. */
void shared_good_part(struct shared_good *good, const struct verdict *verdict, size_t part, int64_t now_s,
                      size_t *ret_parts, struct hexlist *ret);

#endif
