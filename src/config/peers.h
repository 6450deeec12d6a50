/*
 * peers: the hosts that blocks are shared with, and what each of them may do: the file /etc/watchforspammers/peers.
 *
 * Knows base only. Both programs read it: watchforspammers-share for the keys, the daemon for how much a peer's
 * messages count. One peer a line, words separated by blanks; "#" begins a comment:
 *
 *   NAME KEY RIGHTS [weight=1..100] [longest=DURATION] [per_minute=N] [prefix=LENGTH4/LENGTH6] [observe]
 *   mx2 ed25519:h9vU... block,lift,white weight=100 longest=7d per_minute=600 prefix=24/48
 *
 * A file is accepted whole or not at all. The key is only looked at as text here: 32 bytes in base64 (RFC 4648, with
 * its padding). Aborts if memory cannot be allocated.
 */
#ifndef WFS_CONFIG_PEERS_H
#define WFS_CONFIG_PEERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"

#define PEERS_DEFAULT_PATH "/etc/watchforspammers/peers"
#define PEERS_KEY_BEGIN    "ed25519:"

enum {
	PEERS_MAX = 1024,
	PEERS_NAME_MAX = 33,         /* with the NUL */
	PEERS_KEY_MAX = 53,          /* "ed25519:", 44 characters, the NUL */
	PEERS_FULL = 100,            /* the weight of a block that is active at once */
	PEERS_LONGEST_S = 7 * 86400, /* a block of a peer lasts at most so long */
	PEERS_PER_MINUTE = 600,
	PEERS_PREFIX4 = 24,
	PEERS_PREFIX6 = 48,
};

/* Bits: what a peer may say. */
enum peers_right {
	PEERS_BLOCK = 1,
	PEERS_LIFT = 2,  /* its own blocks */
	PEERS_WHITE = 4, /* ends the blocks of all, for a day */
	PEERS_GOOD = 8,  /* which networks have clients that are proven good there */
};

struct peers_peer {
	char name[PEERS_NAME_MAX];
	char key[PEERS_KEY_MAX];
	unsigned rights;
	unsigned weight;           /* 1..PEERS_FULL */
	int64_t longest_s;         /* 1..PEERS_LONGEST_S */
	unsigned per_minute;       /* 1..: blocks in a minute; more suspend it */
	unsigned prefix4, prefix6; /* no wider network than these, in the family's own terms */
	bool observe;              /* its blocks are recorded, and not active */
};

struct peers {
	size_t n;
	struct peers_peer *list; /* in the order of the file */
};

/*
 * Reads the file; an absent one has no peers. *ret is the caller's, peers_done. Errors: -EINVAL with "path:line:
 * reason", -errno from reading.
 */
int peers_read(const char *path, struct peers *ret, struct why *why);

/* The same from memory; path is only the name for messages. */
int peers_parse(const char *path, struct span text, struct peers *ret, struct why *why);

/* A zeroed one, too. */
void peers_done(struct peers *peers);

/* The one of that name, or NULL. */
const struct peers_peer *peers_find(const struct peers *peers, struct span name);

/* True for 1..32 letters, digits, "-", "_" and ".", as hosts and rules are named. */
bool peers_is_name(struct span name);

#endif
