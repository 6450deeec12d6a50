/*
 * message: what a host publishes for the others: one entry of its stream, as signed JSON.
 *
 * Knows base and peers only. Pure: no keys, no network, no clock. The signature covers message_canonical, not the
 * JSON, so neither the order of members nor blanks matter. Unknown members are ignored.
 *
 *   {"v":1,"id":"mx1:1795888700:48213","at":1795888802,"op":"block","net":"2001:db8:1:2::/64","until":1795892402,
 *    "offence":2,"rule":"postfix-relay","category":"relay","sig":"ed25519:..."}
 *   {"v":1,"id":"mx1:1795888700:48214","at":1795888802,"op":"good","until":1796104802,"known":"00ab12cd...",
 *    "sig":"ed25519:..."}
 *
 * id: the host, the era and a number; (era, number) only grows. A new era, named by the server's time, begins when a
 * host finds its stream empty or its daemon has a new database. Each event has a range of a million numbers: the
 * first is the event's own; the others are for messages published after it about the host itself and about what is
 * good there. at, until: by the host's clock; only their difference matters. No user names and no log lines leave a
 * host.
 *
 * What is good is published once a day, a few networks in each message (verdict/elsewhere.h explains the numbers). It
 * is a sorted list, not a Bloom filter: so each message counts by itself even if others are lost, its size is
 * proportional to its content, and the reader can count what a peer publishes.
 */
#ifndef WFS_SHARE_MESSAGE_H
#define WFS_SHARE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/hexlist.h"
#include "base/text.h"
#include "base/why.h"
#include "config/peers.h"

enum {
	MESSAGE_MAX = 1024,         /* bytes of a message, and of its canonical form */
	MESSAGE_WORD_MAX = 65,      /* of a rule's name, including the NUL */
	MESSAGE_SIGNATURE_MAX = 97, /* "ed25519:", 88 characters of base64 and the NUL */
	MESSAGE_OFFENCE_MAX = 1000,
};

enum message_op {
	MESSAGE_BLOCK, /* net is hostile until until_s */
	MESSAGE_LIFT,  /* the block of exactly net has ended */
	/* a person on this host unblocked net: so should all, and older blocks do not count until until_s */
	MESSAGE_WHITE,
	MESSAGE_OWN,  /* net is an address of this host, until until_s */
	MESSAGE_GOOD, /* networks whose clients have proven good on this host, until until_s; has no net */
	MESSAGE_OPS,
};

struct message {
	char host[PEERS_NAME_MAX];
	int64_t era, number;   /* >= 0 */
	int64_t at_s, until_s; /* until_s: 0 for LIFT */
	enum message_op op;
	struct net net;
	struct hexlist known; /* only GOOD */
	unsigned offence;     /* only BLOCK; 0: blocked by hand */
	/* only BLOCK, otherwise "": letters, digits, "-", "_", "." */
	char rule[MESSAGE_WORD_MAX], category[MESSAGE_WORD_MAX];
};

/*
 * Parses a message; text may be any bytes. signature: receives the text of "sig", which is not verified here. Returns
 * 0, or -EINVAL with the reason.
 */
int message_parse(struct span text, struct message *ret, char signature[static MESSAGE_SIGNATURE_MAX], struct why *why);

/* Writes the bytes that are signed: each member on a line. Returns how many. */
size_t message_canonical(const struct message *message, char out[static MESSAGE_MAX]);

/* Writes the JSON, NUL-terminated. Returns its length. */
size_t message_print(const struct message *message, const char *signature, char out[static MESSAGE_MAX]);

/* Returns "block", "lift" ... */
const char *message_op_text(enum message_op op);

/*
 * Copies word without the characters that a rule or category name may not contain, truncated; "other" if nothing is
 * left.
 */
void message_word(const char *word, char out[static MESSAGE_WORD_MAX]);

#endif
