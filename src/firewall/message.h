/*
 * message: the packets between the engine and the root process.
 *
 * One struct in both directions over a SOCK_SEQPACKET pair, of which only the entries in use are sent; the engine asks,
 * root answers each packet with one packet of the same verb and number. Root trusts nothing in it: size, verb, count,
 * prefix lengths, seconds and reserved bytes are checked, then its own never-block list, then its limits. Nothing here
 * belongs to one backend.
 * Host byte order: both ends are one program on one machine.
 */
#ifndef WFS_MESSAGE_H
#define WFS_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/lengths.h"
#include "base/portlists.h"

enum {
	MESSAGE_ENTRIES = 256,
	MESSAGE_LIST_MAX = 24,
	MESSAGE_CHOSEN_MAX = 128,
	MESSAGE_GATES_MAX = 4,
	MESSAGE_SECONDS_MAX = 10 * 366 * 86400, /* ten years: as good as for ever, far from overflow */
};

enum message_verb {
	MESSAGE_PREPARE = 1, /* n4, n6 wanted soon: rules and lists are there and large enough */
	MESSAGE_ADD = 2,     /* entries are blocked from now on; one that is there already starts again */
	MESSAGE_DEL = 3,     /* entries are not blocked any more; one that is not there is no error */
	MESSAGE_LIST = 4,    /* what is held, from place "cursor" on; more comes while cursor != 0 */
	MESSAGE_FLOODS = 5,  /* addresses that opened too many connections since the last FLOODS, as many as fit */
	MESSAGE_CONFIG = 6,  /* a file of the configuration comes along with the answer, open for reading: cursor 0 the
	                        main one, n the n-th of its directory */
	MESSAGE_LIMITS = 7,  /* only the fields of every answer */
	MESSAGE_KILL = 8,    /* the open connections of entries end, those to our ports; without any: could they? */
	MESSAGE_PUBLISHED = 9, /* does DNAT lead clients of our ports past the hooks? */
	MESSAGE_LOOK = 10,     /* the same entries come back, with what LIST reports of each; it may be absent */
	MESSAGE_DROPPED = 30,  /* as LIST, but only of those that dropped packets, where root is notified of what others
	                          change (watched) */
	MESSAGE_GATES = 33,    /* the gates are as configured; n4 1: and closed from now on, for their open_after */
	MESSAGE_PASS = 34,     /* entries need not wait at the gates, for left_s from now on */
	MESSAGE_UNPASS = 35,   /* entries need; one that did not pass is no error */
	MESSAGE_CLOSE = 36,    /* entries, addresses, begin again at every gate */
	MESSAGE_COUNTS =
		37, /* what gate n4 has counted since the last COUNTS of it; as LIST, more comes while cursor != 0 */
	MESSAGE_SETTLED = 31, /* the lists hold what is wanted: what a daemon with another backend left may go */
	/*
	 * Root to engine without a request, number 0: another program, which why names, changed the kernel's lists;
	 * these entries may be missing or be there unwanted; without any: all may.
	 */
	MESSAGE_CHANGED = 32,
};

struct message_entry {
	uint8_t addr[16]; /* struct addr */
	uint8_t len;  /* struct net: IPv4 96 + 8..128, IPv6 32..128 (PASS, UNPASS: IPv4 97, IPv6 1 at least); host bits
	                 are zero */
	uint8_t list; /* which list of ports, below PORTLISTS_MAX; root knows how many there are */
	uint8_t reserved[2]; /* zero */
	/* ADD, PASS: to block, to pass, 1..MESSAGE_SECONDS_MAX; answer to LIST: until the kernel forgets it by itself,
	 * UINT32_MAX: never; else 0 */
	uint32_t left_s;
	uint32_t idle_s;  /* answer to LIST, LOOK: since a packet of it was dropped or it was added; LOOK: UINT32_MAX:
	                     not known; else 0 */
	uint32_t dropped; /* answer to LIST, LOOK: packets dropped since it was last in such an answer, at least; else 0
	                   */
	uint64_t bytes;   /* likewise: bytes of these packets, MESSAGE_BYTES_MAX at most; 0: nobody counts them */
};

#define MESSAGE_BYTES_MAX (UINT64_C(1) << 48)

/* What a gate has counted since it was asked before, and whom it holds. */
struct message_gate {
	uint64_t delays_s; /* of clients that came: their sum, from the first SYN to the first connection ... */
	uint32_t n_delays; /* ... and of how many */
	uint32_t asked, refused, admitted; /* connections; the rest of asked passed */
	uint32_t began, came, late; /* clients: the pause began; connected in the window; began again, after it */
	uint32_t paused, window;    /* clients, now; window: not paused any more ... */
	uint32_t waiting;           /* ... those of both that did not connect in the window yet */
	uint32_t waits_s;           /* the one that has waited longest; 0: none waits */
	uint8_t waits[16];          /* which, struct addr */
	uint32_t reserved;          /* zero: no byte of it is left to chance */
};

/* What the tarpit counts, if [firewall] action has one. */
struct message_tarpit {
	uint64_t began;    /* connections held since the start */
	uint32_t held;     /* now */
	uint32_t reserved; /* zero */
};

/* A field that its comment does not give to a verb is zero. */
struct message {
	uint32_t verb;
	uint32_t number; /* the engine counts requests; the answer carries the same */
	/* Entries used, 0..MESSAGE_ENTRIES: of ADD, DEL, KILL, LOOK, PASS, UNPASS, CLOSE, answers to ADD (those
	 * refused), LIST, FLOODS and LOOK. */
	uint32_t n;
	uint32_t cursor; /* LIST: 0 first, then the last answer's; it only grows. CONFIG: which file */
	/* PREPARE: wanted; GATES: n4 1: closes; COUNTS: n4, which gate; in every answer: held now */
	uint32_t n4, n6;
	uint32_t capacity; /* in every answer: entries that can be held as it is now, per family */
	uint32_t
		refused; /* answer to ADD: entries not added: never-block, full list; without an error they come back */
	uint32_t repaired; /* answer to PREPARE, GATES: 1 when something was missing and has been made; of GATES: passes
	                      are gone */
	uint32_t ended;    /* answer to KILL: connections */
	uint32_t port;     /* answer to PUBLISHED: one that leads past them; 0: none */
	uint32_t watched;  /* in every answer: 1: CHANGED reports what others change; 0: it must be looked for */
	int32_t error;     /* answer: 0, or -errno with the sentence in why; ADD: -ENOSPC: PREPARE helps */
	struct lengths lengths; /* in every answer: what can be held as it is; anything else must come in pieces */
	/* In every answer: the list of addresses; its name and a length is the list of such networks. "": there is
	 * none. */
	char list[MESSAGE_LIST_MAX];
	char backend[MESSAGE_LIST_MAX];  /* in every answer: its name */
	char chosen[MESSAGE_CHOSEN_MAX]; /* in every answer: why that one; "": it was configured */
	struct message_gate gate;        /* answer to COUNTS, when cursor is 0 */
	struct message_tarpit tarpit;    /* in every answer */
	char why[256];                   /* NUL-ended; of the error, else of the first that was refused */
	struct message_entry entries[MESSAGE_ENTRIES];
};

/* How many bytes of m are sent. m->n: at most MESSAGE_ENTRIES. */
static inline size_t message_size(const struct message *m)
{
	return offsetof(struct message, entries) + m->n * sizeof m->entries[0];
}

/* True when the network of an entry may be in a packet; does not check its numbers. Pure. */
bool message_entry_is_good(const struct message_entry *entry);
/* The same of PASS and UNPASS: an error there lets a client in, so it may be wider. */
bool message_pass_is_good(const struct message_entry *entry);

/* True when a request has a form root may act on. len: bytes received; those of m behind them are not read. Pure. */
bool message_is_request(const struct message *m, size_t len);

/* True when an answer fits the request. len: as above. Pure. */
bool message_is_answer(const struct message *m, size_t len, const struct message *request);

/* True when it is a CHANGED. len: as above. Pure. */
bool message_is_notice(const struct message *m, size_t len);

#endif
