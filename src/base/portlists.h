/*
 * portlists: which ports are closed to a blocked client, depending on its offence: [firewall] ports and ports.NAME.
 *
 * NAME is a category, or the beginning of rule names up to a "-" ("sshd": sshd-auth ...); the latter takes precedence.
 * Names with the same ports share a list; list 0 is for everything without a name of its own. A block belongs to one
 * list; a client with blocks in several lists is kept out of the ports of all of them.
 * Order: zeroed; portlists_read for each key; portlists_settle; then the rest. Pure; copied like a value.
 */
#ifndef WFS_BASE_PORTLISTS_H
#define WFS_BASE_PORTLISTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PORTLISTS_PORTS_MAX = 15, /* per list: the limit of multiport: XT_MULTI_PORTS, linux/netfilter/xt_multiport.h */
	PORTLISTS_MAX = 8,        /* lists */
	PORTLISTS_NAMES_MAX = 24,
	PORTLISTS_NAME_MAX = 16,                                      /* bytes, including the NUL */
	PORTLISTS_TEXT_MAX = PORTLISTS_MAX * PORTLISTS_PORTS_MAX * 6, /* "65535," */
};

struct portlists_ports {
	size_t n; /* 0: all ports, and all protocols */
	uint16_t ports[PORTLISTS_PORTS_MAX];
};

struct portlists {
	bool given; /* the user set list 0: portlists_settle then drops the default names */
	size_t n_names;
	struct {
		char name[PORTLISTS_NAME_MAX];
		bool given;
		uint8_t list;
		struct portlists_ports ports;
	} names[PORTLISTS_NAMES_MAX];
	size_t n; /* number of lists, at least 1 */
	struct {
		char name[PORTLISTS_NAME_MAX]; /* of the first name that has it; "" for list 0 */
		struct portlists_ports ports;
	} lists[PORTLISTS_MAX];
};

/* Returns true if a list may have this name: at most 15 letters, digits and "-". */
bool portlists_is_name(const char *name);

/*
 * Reads "25,465 587" for a name; "" means list 0. A name that was read before is replaced. given: set by the user, not
 * a default. Returns NULL, or what a valid value would be.
 */
const char *portlists_read(struct portlists *lists, const char *name, const char *text, bool given);

/* Assigns the lists when all keys are read. Returns NULL, or what a valid value would be. */
const char *portlists_settle(struct portlists *lists);

/* Returns true if both close the same ports for the same names. Both must be settled. */
bool portlists_equal(const struct portlists *a, const struct portlists *b);

/* Returns the NAME that the rule's name begins with (borrowed), or NULL. */
const char *portlists_name(const struct portlists *lists, const char *rule);

/* Returns the list for a block caused by a rule of this name and category. Of another host's rule, its name here has
 * only what portlists_name returned ("peer/HOST/sshd"), or nothing ("peer/HOST"). */
uint8_t portlists_of(const struct portlists *lists, const char *rule, const char *category);

/* Returns true if some list closes the port. */
bool portlists_has(const struct portlists *lists, uint16_t port);

/* Writes the ports of one list, or of all if list is PORTLISTS_MAX: "25,465,587", ascending, or "all". */
void portlists_text(const struct portlists *lists, size_t list, char out[static PORTLISTS_TEXT_MAX]);

#endif
