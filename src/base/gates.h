/*
 * gates: the [gate NAME] sections: which clients must retry before their first connection is accepted.
 *
 * A client in one of the networks that connects to one of the ports is refused for pause_s. After that it may connect
 * for window_s, at most count times, until it has proven itself. If several gates match a client, the one with the
 * longest matching network decides; a gate without networks matches everybody. Clients in pass_networks need not wait.
 * Order: zeroed; gates_add for each section and gates_read for each of its keys; gates_settle; then the rest. Pure;
 * copied like a value.
 */
#ifndef WFS_BASE_GATES_H
#define WFS_BASE_GATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"

enum {
	GATES_MAX = 4,           /* the rules of all gates are one kernel transaction of less than 192 KiB */
	GATES_NAME_MAX = 16,     /* bytes, including the NUL */
	GATES_NETWORKS_MAX = 16, /* per gate: each is a firewall rule that every new connection passes */
	GATES_PASSES_MAX = 64,
	GATES_PORTS_MAX = 15,
	GATES_COUNT_MAX = 1000,
};

struct gate {
	char name[GATES_NAME_MAX]; /* letters, digits, "-" */
	size_t n_networks;         /* 0: everybody */
	struct net networks[GATES_NETWORKS_MAX];
	size_t n_ports;
	uint16_t ports[GATES_PORTS_MAX];
	int64_t pause_s;      /* 1 .. 1 day */
	int64_t window_s;     /* pause_s .. 30 days */
	int64_t count;        /* 1 .. GATES_COUNT_MAX */
	int64_t pass_s;       /* 60 .. 10 years */
	int64_t open_after_s; /* 2 .. 1 day: the gate opens if the daemon gives no sign of life for this long */
	size_t n_passes;
	struct net pass_networks[GATES_PASSES_MAX];
};

struct gates {
	size_t n;
	struct gate gates[GATES_MAX]; /* in the order of the file */
	size_t reading;               /* index of the gate that gates_add was last called for */
};

/*
 * Adds a gate of that name with the default values, or selects the existing one for gates_read. Returns NULL, or what a
 * valid name would be.
 */
const char *gates_add(struct gates *gates, const char *name);

/*
 * Sets one key ("pause" and so on) of the gate that gates_add was last called for. Returns NULL, or what a valid value
 * would be.
 */
const char *gates_read(struct gates *gates, const char *key, const char *value);

/* Checks the gates when all are read. Errors: -EINVAL; why says what is wrong with which gate. */
int gates_settle(const struct gates *gates, struct why *why);

/* Returns the index of the gate that decides about a client, or -1 if none does. */
int gates_of(const struct gates *gates, const struct addr *addr);

bool gates_same_name(const struct gate *a, const struct gate *b);

/* Returns true if both are the same, except for what needs no restart (pass, pass_networks). */
bool gates_equal(const struct gates *a, const struct gates *b);

#endif
