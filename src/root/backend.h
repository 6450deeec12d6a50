/*
 * backend: what keeps blocked clients out, behind one table of functions. root.c calls nothing else.
 *
 * A new backend is a file of its own in this folder that defines backend_NAME, and a row in base/backends.h. It
 * receives what to hold and lists what it holds; root has already decided which addresses may be blocked, and how many
 * at once. What it cannot hold as it is (limits) comes in pieces. It keeps no rule of time but its own: the engine
 * removes what has expired. One process, one thread, as root. Errors: 0 or -errno with a sentence that names the
 * remedy.
 */
#ifndef WFS_ROOT_BACKEND_H
#define WFS_ROOT_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/backends.h"
#include "base/lengths.h"
#include "base/why.h"
#include "root/root.h"

struct backend_entry {
	struct net net;
	uint8_t list;    /* which list of ports; lists.h's, a backend does not look at it */
	uint32_t left_s; /* add: to block, at least 1; list: until the kernel forgets it by itself, UINT32_MAX: never */
	uint32_t idle_s; /* list, look: since a packet of it was dropped or it was added; look: UINT32_MAX: not known */
	uint32_t dropped; /* list, look: packets dropped since it was last read by either, at least */
	uint64_t bytes;   /* list, look: of these, BACKEND_BYTES_MAX at most; 0: nobody counts them */
};

/* So much comes in the time between two readings of no network; thousands of them add up without an overflow. */
#define BACKEND_BYTES_MAX (UINT64_C(1) << 48)

enum { BACKEND_REFUSED_MAX = 256 }; /* as many as one add may get */

/* What was not added. */
struct backend_refused {
	uint32_t n;
	struct why why;                       /* of the first */
	struct net nets[BACKEND_REFUSED_MAX]; /* by backend_refuse */
	uint8_t lists[BACKEND_REFUSED_MAX];   /* theirs; as in backend_entry */
};

struct backend_limits {
	uint32_t held4, held6;
	uint32_t capacity;        /* entries that can be held as it is now, per family */
	uint32_t most;            /* entries that prepare can make capacity for, per family */
	struct lengths lengths;   /* of networks that can be held as they are */
	char list[ROOT_NAME_MAX]; /* where addresses are; with a length behind it: where such networks are. "": nowhere
	                           */
};

enum { BACKEND_CHANGE_MAX = 256, BACKEND_WHO_MAX = 64 };

/* What others changed. */
struct backend_change {
	bool all; /* anything may be missing, or be there that nobody added */
	size_t n; /* else these may */
	struct backend_touched {
		struct net net;
		uint8_t list; /* filled in by lists.h: a backend knows of one only */
	} touched[BACKEND_CHANGE_MAX];
	uint32_t pid;               /* who did it last; 0: not known */
	char name[BACKEND_WHO_MAX]; /* of that process, as it calls itself: any bytes but NUL */
};

enum backend_end {
	BACKEND_LEAVE,  /* all stays in the kernel */
	BACKEND_UNDO,   /* what open made is removed; what it found stays */
	BACKEND_REMOVE, /* all is removed; where the rules are not ours the lists are emptied instead */
};

struct backend {
	const char *name;

	/*
	 * Takes over what a daemon before us left, or recreates it. config: borrowed until close. *ret_without6: NULL,
	 * or the sentence why IPv6 is not blocked; lives as long.
	 */
	int (*open)(const struct root_config *config, void **ret, const char **ret_without6, struct why *why);

	/*
	 * Makes what is missing, and capacity for n4 and n6 entries. It may empty the lists for that: the caller adds
	 * everything again. *ret_repaired: something had vanished or was not as configured.
	 */
	int (*prepare)(void *self, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why);

	/*
	 * Adds, or restarts the time, in one go. -ENOSPC: prepare makes capacity; then, as after every error, some of
	 * them may have been added. refused: may count some before the call.
	 */
	int (*add)(void *self, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
	           struct why *why);

	/* Removes; it is no error when something is not there. */
	int (*del)(void *self, const struct net *nets, size_t n, struct why *why);

	/*
	 * Copies what is held from place "cursor" on, at most cap; *ret_n: how many, below cap at the end. From 0 on
	 * all of it is read again, piece by piece, so that no call takes long.
	 */
	int (*list)(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n, struct why *why);

	/* The same about these entries alone: fills idle_s, dropped and bytes of each. */
	int (*look)(void *self, struct backend_entry *entries, size_t n, struct why *why);

	/* As list, but only of those that dropped packets since they were last read. NULL where watched is. */
	int (*dropped)(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
	               struct why *why);

	/* Addresses that opened too many connections since the last call, at most cap. */
	int (*floods)(void *self, struct addr *out, size_t cap, size_t *ret_n, struct why *why);

	void (*limits)(const void *self, struct backend_limits *ret);

	/*
	 * A descriptor that is readable when others may have changed something. NULL: this backend is not notified, so
	 * all must be compared from time to time.
	 */
	int (*watched)(const void *self);

	/* What others changed since the last call; rules are whole again, where that is possible. False: nothing. NULL:
	 * as above. */
	bool (*changed)(void *self, struct backend_change *ret);

	/* Frees. self: NULL does nothing. */
	int (*close)(void *self, enum backend_end end, struct why *why);

	/* What close removes, of a daemon that could not do it itself. *ret_removed: something was there. */
	int (*clean)(const struct root_config *config, bool *ret_removed, struct why *why);
};

#define BACKEND_DECLARE(name) extern const struct backend backend_##name;
BACKENDS(BACKEND_DECLARE)
#undef BACKEND_DECLARE

/* NULL: there is none of that name. */
const struct backend *backend_find(const char *name);

/* One of them all, from 0 on; NULL: no more. */
const struct backend *backend_number(size_t i);

/* Counts an entry as refused, because of a reason that does not name it. */
void backend_refuse(struct backend_refused *refused, const struct net *net, const char *because);

#endif
