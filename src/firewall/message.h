/*
 * message: the packets between the engine and the root process.
 *
 * One struct of one size in both directions over a SOCK_SEQPACKET pair; the engine asks, root answers each
 * packet with one packet of the same verb and number. Root trusts nothing in it: size, verb, count, prefix
 * lengths, seconds and reserved bytes are checked, then its own never-block list, then its limits.
 * Host byte order: both ends are one program on one machine.
 */
#ifndef WFS_MESSAGE_H
#define WFS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MESSAGE_ENTRIES = 64,
	MESSAGE_SECONDS_MAX = 10 * 366 * 86400, /* ten years: as good as for ever, far from overflow */
};

enum message_verb {
	MESSAGE_ENSURE = 1, /* n4, n6 wanted soon: chain, jump, rules and lists are there and large enough */
	MESSAGE_ADD = 2,    /* entries are in the kernel from now on; one that is there is refreshed */
	MESSAGE_DEL = 3,    /* entries are not in the kernel any more; one that is not there is no error */
	MESSAGE_LIST = 4,   /* what is in the kernel, from place "cursor" on; more comes while cursor != 0 */
	MESSAGE_FLOODS = 5, /* addresses that opened too many connections since they were last told, as many as fit */
	MESSAGE_CONFIG = 6, /* the file of the configuration, open for reading, comes along with the answer */
};

struct message_entry {
	uint8_t addr[16];    /* struct addr */
	uint8_t len;         /* struct net: IPv4 96 + 8..128, IPv6 32..128; host bits are zero */
	uint8_t knocked;     /* LIST: 1 when a packet was dropped since the LIST before, written or not; else 0 */
	uint8_t reserved[2]; /* zero */
	uint32_t seconds;    /* ADD: left to block, 1..MESSAGE_SECONDS_MAX; DEL, FLOODS: 0; LIST: since last seen */
};

/* A field that its comment does not give to a verb is zero; so is the rest of entries, for secrecy. */
struct message {
	uint32_t verb;
	uint32_t number;    /* the engine counts requests; the answer carries the same */
	uint32_t n;         /* ADD, DEL, answers to LIST and FLOODS: entries used, 0..MESSAGE_ENTRIES */
	uint32_t cursor;    /* LIST: 0 first, then as the last answer said; it only grows */
	uint32_t n4, n6;    /* ENSURE: wanted; in every answer: held now */
	uint32_t capacity;  /* in every answer: entries that can be held with the layout of now, per family */
	uint32_t shards;    /* in every answer: kernel lists per family now */
	uint32_t refused;   /* answer to ADD: entries not taken: never-block, full list */
	uint32_t healed;    /* answer to ENSURE: 1 when something was missing and has been made */
	int32_t error;      /* answer: 0, or -errno with the sentence in why; ADD: -ENOSPC: ENSURE helps */
	char why[256];      /* NUL-ended; of the error, else of the first that was refused */
	struct message_entry entries[MESSAGE_ENTRIES];
};

/* True when the network of an entry may stand in a packet; says nothing of its seconds. Pure. */
bool message_entry_is_good(const struct message_entry *entry);

/* True when a request has a form root may act on. len: bytes received. Pure. */
bool message_is_request(const struct message *m, size_t len);

/* True when an answer fits the request. Pure. */
bool message_is_answer(const struct message *m, size_t len, const struct message *request);

#endif
