/*
 * gates: the [gate NAME] sections: who has to come back before the first connection is let in.
 *
 * A client of one of networks that opens a connection to one of ports is refused for pause_s, and may connect from then
 * on for window_s, count times, until it has proven itself. Of several gates that with the longest network that has the
 * client decides; without networks a gate is for all. pass_networks need not wait. Zeroed, then gates_add for each
 * section and gates_read for its keys, gates_settle, then the rest. Pure; copied like a value.
 */
#ifndef WFS_BASE_GATES_H
#define WFS_BASE_GATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"

enum {
	GATES_MAX = 4,           /* their rules are one transaction of the kernel, of less than 192 KiB */
	GATES_NAME_MAX = 16,     /* bytes, with the NUL */
	GATES_NETWORKS_MAX = 16, /* of a gate: each is a rule for every new connection */
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
	int64_t open_after_s; /* 2 .. 1 day: without a sign of life the gate is open */
	size_t n_passes;
	struct net pass_networks[GATES_PASSES_MAX];
};

struct gates {
	size_t n;
	struct gate gates[GATES_MAX]; /* in the order of the file */
	size_t reading;               /* the one that gates_add was called for last */
};

/* A gate of that name is there, at first with the defaults. Returns NULL, or what would have been right. */
const char *gates_add(struct gates *gates, const char *name);

/* key: "pause" and the like, of the gate that was added last. Returns NULL, or what would have been right. */
const char *gates_read(struct gates *gates, const char *key, const char *value);

/* When all is read. Errors: -EINVAL with what is wrong about which gate. */
int gates_settle(const struct gates *gates, struct why *why);

/* The gate that decides about a client; -1: none does. */
int gates_of(const struct gates *gates, const struct addr *addr);

bool gates_same_name(const struct gate *a, const struct gate *b);

/* Is this the same, but for what needs no restart (pass, pass_networks)? */
bool gates_equal(const struct gates *a, const struct gates *b);

#endif
