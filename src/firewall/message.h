/*
 * message: defines and checks the packets between the engine and the root process.
 *
 * Both directions use one struct over a SOCK_SEQPACKET pair; only the entries in use are sent. The engine sends
 * requests; root answers each with one packet of the same verb and number. Root trusts nothing in a request: it
 * checks size, verb, count, prefix lengths, seconds and reserved bytes, then its own never-block list, then its
 * limits. Nothing here belongs to one backend. Byte order is the host's: both ends are one program on one machine.
 */
#ifndef WFS_FIREWALL_MESSAGE_H
#define WFS_FIREWALL_MESSAGE_H

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
	MESSAGE_SECONDS_MAX = 10 * 366 * 86400, /* ten years: practically for ever, far from overflow */
};

enum message_verb {
	MESSAGE_PREPARE = 1, /* create rules and lists with room for n4 and n6 entries */
	MESSAGE_ADD = 2,     /* block entries from now on; the time of one that exists restarts */
	MESSAGE_DEL = 3,     /* unblock entries; an absent one is no error */
	MESSAGE_LIST = 4,    /* return what is held, starting at index cursor; more follows while cursor != 0 */
	/* return addresses that opened too many connections since the last FLOODS, as many as fit */
	MESSAGE_FLOODS = 5,
	/*
	 * pass an open configuration file along with the answer: cursor 0 is the main file, n the n-th of its
	 * directory
	 */
	MESSAGE_CONFIG = 6,
	MESSAGE_LIMITS = 7, /* return only the fields that every answer has */
	/* end the open connections of entries to our ports; without entries: test whether that works */
	MESSAGE_KILL = 8,
	MESSAGE_PUBLISHED = 9, /* return a port that DNAT sends past the hooks */
	MESSAGE_LOOK = 10,     /* return the same entries with the counts that LIST has; they may be absent */
	MESSAGE_DROPPED = 30,  /* like LIST, but only entries that dropped packets; if the answers have watched */
	MESSAGE_GATES = 33,    /* keep the gates as configured; n4 1: close them from now on, for their open_after */
	MESSAGE_PASS = 34,     /* let entries pass the gates for left_s from now on */
	MESSAGE_UNPASS = 35,   /* no longer let entries pass; an absent one is no error */
	MESSAGE_CLOSE = 36,    /* make entries (addresses) start over at every gate */
	/* return what gate n4 has counted since its last COUNTS; like LIST, more follows while cursor != 0 */
	MESSAGE_COUNTS = 37,
	MESSAGE_SETTLED = 31, /* the lists hold what is wanted: remove what a daemon with another backend left */
	/*
	 * Sent by root without a request, number 0: another program, named in why, changed the kernel's lists. These
	 * entries may be missing or unwanted; without entries, any may.
	 */
	MESSAGE_CHANGED = 32,
};

struct message_entry {
	uint8_t addr[16]; /* struct addr */
	/* struct net: IPv4 96 + 8..128, IPv6 32..128 (PASS, UNPASS: IPv4 at least 97, IPv6 1); host bits are zero */
	uint8_t len;
	uint8_t list;        /* number of the list of ports, below PORTLISTS_MAX; root knows how many there are */
	uint8_t reserved[2]; /* zero */
	/*
	 * ADD, PASS: for how long, 1..MESSAGE_SECONDS_MAX. Answer to LIST: until the kernel drops the entry by
	 * itself, UINT32_MAX: never. Otherwise 0.
	 */
	uint32_t left_s;
	/*
	 * answer to LIST, LOOK: since its last dropped packet, or since it was added; LOOK: UINT32_MAX: unknown;
	 * otherwise 0
	 */
	uint32_t idle_s;
	/* answer to LIST, LOOK: lower bound of packets dropped since it was last in such an answer; otherwise 0 */
	uint32_t dropped;
	uint64_t bytes; /* likewise, bytes of these packets, at most MESSAGE_BYTES_MAX; 0 if nobody counts them */
};

#define MESSAGE_BYTES_MAX (UINT64_C(1) << 48)

/* What a gate has counted since the previous COUNTS, and the clients it holds now. */
struct message_gate {
	uint64_t delays_s; /* delays of clients that came, from the first SYN to the first connection: their sum ... */
	uint32_t n_delays; /* ... and their number */
	uint32_t asked, refused, admitted; /* connection attempts; the remaining part of asked had a pass */
	/* clients: whose pause began; that connected in the window; that came after it and started over */
	uint32_t began, came, late;
	uint32_t paused, window; /* clients now; window: no longer paused ... */
	uint32_t waiting;        /* ... of both, those that have not yet connected in the window */
	uint32_t waits_s;        /* how long the client that has waited longest has been waiting; 0: none waits */
	uint8_t waits[16];       /* that client, as in struct addr */
	uint32_t reserved;       /* zero: the struct has no padding */
};

/* Counters of the tarpit, if [firewall] action has one. */
struct message_tarpit {
	uint64_t began;    /* connections held since the start */
	uint32_t held;     /* connections held now */
	uint32_t reserved; /* zero */
};

/* The packet. A field is zero unless its comment names the verb. */
struct message {
	uint32_t verb;
	uint32_t number; /* counted by the engine; the answer repeats it */
	/*
	 * Number of entries, 0..MESSAGE_ENTRIES: in ADD, DEL, KILL, LOOK, PASS, UNPASS, CLOSE; in answers to ADD (the
	 * refused ones), LIST, FLOODS and LOOK.
	 */
	uint32_t n;
	uint32_t cursor; /* LIST: 0 first, then that of the last answer; only grows. CONFIG: number of the file */
	/*
	 * PREPARE: entries wanted. GATES: n4 1: close. COUNTS: n4: number of the gate. Every answer: entries held
	 * now.
	 */
	uint32_t n4, n6;
	uint32_t capacity; /* every answer: entries per family that fit now */
	/* answer to ADD: entries not added (never-block, full list); they are returned unless error is set */
	uint32_t refused;
	/* answer to PREPARE, GATES: 1 if something was missing and has been recreated; GATES: the passes are lost */
	uint32_t repaired;
	uint32_t ended;         /* answer to KILL: connections ended */
	uint32_t port;          /* answer to PUBLISHED: a port that DNAT sends past the hooks; 0: none */
	uint32_t watched;       /* every answer: 1 if CHANGED reports what others change; 0: the engine must compare */
	int32_t error;          /* answer: 0, or -errno with a sentence in why; ADD: after -ENOSPC, PREPARE helps */
	struct lengths lengths; /* every answer: lengths that can be held as they are; other networks must be split */
	/*
	 * Every answer: name of the list of addresses; networks are in a list of this name with their length
	 * appended. "": none.
	 */
	char list[MESSAGE_LIST_MAX];
	char backend[MESSAGE_LIST_MAX];  /* every answer: the backend's name */
	char chosen[MESSAGE_CHOSEN_MAX]; /* every answer: why that backend was chosen; "": it was configured */
	struct message_gate gate;        /* answer to COUNTS, if cursor is 0 */
	struct message_tarpit tarpit;    /* every answer */
	char why[256];                   /* NUL-terminated; about the error, otherwise about the first refused entry */
	struct message_entry entries[MESSAGE_ENTRIES];
};

/* Returns how many bytes of m are sent. m->n: at most MESSAGE_ENTRIES. */
static inline size_t message_size(const struct message *m)
{
	return offsetof(struct message, entries) + m->n * sizeof m->entries[0];
}

/* Returns whether a packet may contain the entry's network; does not check the numbers. Pure. */
bool message_entry_is_good(const struct message_entry *entry);
/* The same for PASS and UNPASS, which may be wider: an error there lets a client in. */
bool message_pass_is_good(const struct message_entry *entry);

/* Returns whether a request is valid, so that root may act on it. len: bytes received; no more of m are read. Pure. */
bool message_is_request(const struct message *m, size_t len);

/* Returns whether an answer is valid and fits the request. len: as above. Pure. */
bool message_is_answer(const struct message *m, size_t len, const struct message *request);

/* Returns whether m is a valid CHANGED. len: as above. Pure. */
bool message_is_notice(const struct message *m, size_t len);

#endif
