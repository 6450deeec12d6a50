/*
 * peers: the hosts that blocks are shared with, and what each of them may do: the file /etc/watchforspammers/peers.
 *
 * Knows base only. Both programs read the file: watchforspammers-share for the keys, the daemon for the weight of a
 * peer's messages. Each line has one peer, as words separated by blanks; "#" begins a comment:
 *
 *   NAME KEY RIGHTS [weight=1..100] [longest=DURATION] [per_minute=N] [prefix=LENGTH4/LENGTH6] [observe]
 *   mx2 ed25519:h9vU... block,lift,white weight=100 longest=7d per_minute=600 prefix=24/48
 *
 * A file is accepted as a whole or not at all. The key is only checked as text here: 32 bytes in base64 (RFC 4648, with
 * padding). Aborts if memory cannot be allocated.
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
	PEERS_NAME_MAX = 33,         /* bytes, including the NUL */
	PEERS_KEY_MAX = 53,          /* "ed25519:", 44 characters, the NUL */
	PEERS_FULL = 100,            /* a block with this weight is active at once */
	PEERS_LONGEST_S = 7 * 86400, /* the longest block that a peer can cause */
	PEERS_PER_MINUTE = 600,
	PEERS_PREFIX4 = 24,
	PEERS_PREFIX6 = 48,
};

/* Flags: what a peer may send. */
enum peers_right {
	PEERS_BLOCK = 1,
	PEERS_LIFT = 2,  /* may end its own blocks */
	PEERS_WHITE = 4, /* may end all blocks of a client, for a day */
	PEERS_GOOD = 8,  /* may say which networks have clients that are proven good there */
};

struct peers_peer {
	char name[PEERS_NAME_MAX];
	char key[PEERS_KEY_MAX];
	unsigned rights;
	unsigned weight;           /* 1..PEERS_FULL */
	int64_t longest_s;         /* 1..PEERS_LONGEST_S */
	unsigned per_minute;       /* at least 1: blocks per minute; more suspend the peer */
	unsigned prefix4, prefix6; /* the shortest prefixes of its blocks, in the family's own terms */
	bool observe;              /* its blocks are recorded but not active */
};

struct peers {
	size_t n;
	struct peers_peer *list; /* in the order of the file */
};

/*
 * Reads the file; a missing file has no peers. The caller frees *ret with peers_done. Errors: -EINVAL with "path:line:
 * reason", -errno from reading.
 */
int peers_read(const char *path, struct peers *ret, struct why *why);

/* Like peers_read, but parses text; path is only for messages. */
int peers_parse(const char *path, struct span text, struct peers *ret, struct why *why);

/* Frees and empties peers; accepts a zeroed one. */
void peers_done(struct peers *peers);

/* Returns the peer of that name, or NULL. */
const struct peers_peer *peers_find(const struct peers *peers, struct span name);

/* Returns true for 1..32 letters, digits, "-", "_" and ".", the form of names of hosts and rules. */
bool peers_is_name(struct span name);

#endif
