/*
 * message: what a host publishes for the others: one entry of its stream, as JSON with a signature.
 *
 * Knows base and peers only. Pure: neither keys nor network nor clock. The signature is over message_canonical, not
 * over the JSON, so that neither the order of members nor blanks matter; members that are not known are ignored, and
 * mean nothing.
 *
 *   {"v":1,"id":"mx1:1795888700:48213","at":1795888802,"op":"block","net":"2001:db8:1:2::/64","until":1795892402,
 *    "offence":2,"rule":"postfix-relay","category":"relay","sig":"ed25519:..."}
 *   {"v":1,"id":"mx1:1795888700:48214","at":1795888802,"op":"good","until":1796104802,"known":"00ab12cd...","sig":"ed25519:..."}
 *
 * id: the host, the era and a number; (era, number) only grows. An era begins when a host finds
 * its stream empty, or its daemon has a new database; it is the server's time then. An event has a million numbers: the
 * first is its own, the others are of what was published after it about the host itself, and of what is good there. at,
 * until: by the clock of the host; only their difference means anything. No user names and no log lines leave a host.
 *
 * What is good is sent once a day, some networks in each message (verdict/elsewhere.h has what the numbers are): a
 * sorted list and no Bloom filter, because each message counts for itself then, whichever others are lost, its size is
 * as small as its content, and the reader can count what a peer publishes.
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
	MESSAGE_WORD_MAX = 65,      /* of a rule's name, with the NUL */
	MESSAGE_SIGNATURE_MAX = 97, /* "ed25519:", 88 characters of base64, the NUL */
	MESSAGE_OFFENCE_MAX = 1000,
};

enum message_op {
	MESSAGE_BLOCK, /* net is hostile until then */
	MESSAGE_LIFT,  /* its block of exactly net is over */
	MESSAGE_WHITE, /* a person here ended the blocks of net: so should all, and older ones do not count until then
	                */
	MESSAGE_OWN,   /* net is an address of this host, until then */
	MESSAGE_GOOD,  /* networks with clients that are proven good here, until then; has no net */
	MESSAGE_OPS,
};

struct message {
	char host[PEERS_NAME_MAX];
	int64_t era, number;   /* >= 0 */
	int64_t at_s, until_s; /* until_s: 0 for LIFT */
	enum message_op op;
	struct net net;
	struct hexlist known;                                    /* of GOOD */
	unsigned offence;                                        /* of BLOCK; 0: by hand */
	char rule[MESSAGE_WORD_MAX], category[MESSAGE_WORD_MAX]; /* of BLOCK; else "": letters, digits, "-", "_", "." */
};

/*
 * Reads a message of any bytes; signature gets the text of "sig", which is not verified here. Returns 0, or -EINVAL
 * with what is wrong.
 */
int message_parse(struct span text, struct message *ret, char signature[static MESSAGE_SIGNATURE_MAX], struct why *why);

/* The bytes that are signed: each member on a line. Returns how many. */
size_t message_canonical(const struct message *message, char out[static MESSAGE_MAX]);

/* As it is sent, NUL-ended; returns its length. */
size_t message_print(const struct message *message, const char *signature, char out[static MESSAGE_MAX]);

/* "block", "lift" ... */
const char *message_op_text(enum message_op op);

/* A copy of word without what names may not contain, cut; "other" if nothing is left. For rule and category. */
void message_word(const char *word, char out[static MESSAGE_WORD_MAX]);

#endif
