/*
 * portlists: which ports are closed to a blocked client, by what it did: [firewall] ports and ports.NAME.
 *
 * NAME is a category, or the beginning of rules' names up to a "-" ("sshd": sshd-auth ...); the latter goes first.
 * Names with the same ports share a list; list 0 is that of all that has no name of its own. A block belongs to one
 * list; a client with blocks in several is closed out of all their ports. Zeroed, then portlists_read for each key,
 * portlists_settle, then the rest. Pure; copied like a value.
 */
#ifndef WFS_BASE_PORTLISTS_H
#define WFS_BASE_PORTLISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PORTLISTS_PORTS_MAX = 15, /* of one list: multiport's limit: XT_MULTI_PORTS, linux/netfilter/xt_multiport.h */
	PORTLISTS_MAX = 8,        /* lists */
	PORTLISTS_NAMES_MAX = 24,
	PORTLISTS_NAME_MAX = 16,                                      /* bytes, with the NUL */
	PORTLISTS_TEXT_MAX = PORTLISTS_MAX * PORTLISTS_PORTS_MAX * 6, /* "65535," */
};

struct portlists_ports {
	size_t n; /* 0: all, and all protocols */
	uint16_t ports[PORTLISTS_PORTS_MAX];
};

struct portlists {
	bool given; /* list 0 is the user's: names that are not are left out by portlists_settle */
	size_t n_names;
	struct {
		char name[PORTLISTS_NAME_MAX];
		bool given;
		uint8_t list;
		struct portlists_ports ports;
	} names[PORTLISTS_NAMES_MAX];
	size_t n; /* lists, 1 at least */
	struct {
		char name[PORTLISTS_NAME_MAX]; /* of the first that has it; of list 0 "" */
		struct portlists_ports ports;
	} lists[PORTLISTS_MAX];
};

/*
 * Reads "25,465 587"; name "": of list 0; a name that was read before is replaced. given: by the user, no default.
 * Returns NULL, or what would have been right.
 */
const char *portlists_read(struct portlists *lists, const char *name, const char *text, bool given);

/* When all is read: finds the lists. Returns NULL, or what would have been right. */
const char *portlists_settle(struct portlists *lists);

/* True when both close the same ports for the same names. Both settled. */
bool portlists_equal(const struct portlists *a, const struct portlists *b);

/* The list of a block because of such a rule. */
uint8_t portlists_of(const struct portlists *lists, const char *rule, const char *category);

/* True when some list closes the port. */
bool portlists_has(const struct portlists *lists, uint16_t port);

/* The ports of one list, or (PORTLISTS_MAX) of all: "25,465,587", ascending, or "all". */
void portlists_text(const struct portlists *lists, size_t list, char out[static PORTLISTS_TEXT_MAX]);

#endif
