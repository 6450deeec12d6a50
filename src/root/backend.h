/*
 * backend: the interface behind which blocked clients are kept out. root.c calls nothing else.
 *
 * A new backend is a file in this folder that defines backend_NAME, plus a row in base/backends.h. It receives what to
 * hold and lists what it holds; root has already decided which addresses may be blocked and how many at once.
 * Networks of a length that the backend cannot hold (see limits) arrive split into smaller ones. A backend applies no
 * timeouts but those of the kernel: the engine removes expired blocks. One process, one thread, as root. Errors: 0 or
 * -errno with a sentence that names the remedy.
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
	uint8_t list; /* number of the list of ports; used by lists.h, ignored by backends */
	/* add: seconds to block, at least 1; list: seconds until the kernel drops the entry, UINT32_MAX: never */
	uint32_t left_s;
	/* list, look: since the last dropped packet, or since it was added; look: UINT32_MAX if unknown */
	uint32_t idle_s;
	uint32_t dropped; /* list, look: lower bound of packets dropped since either of them last read it */
	uint64_t bytes;   /* list, look: bytes of these packets, at most BACKEND_BYTES_MAX; 0 if nobody counts them */
};

/* No network receives this many bytes between two readings, and sums of thousands of them do not overflow. */
#define BACKEND_BYTES_MAX (UINT64_C(1) << 48)

enum { BACKEND_REFUSED_MAX = 256 }; /* as many as one call of add may receive */

/* The entries that were not added. */
struct backend_refused {
	uint32_t n;
	struct why why;                       /* for the first of them */
	struct net nets[BACKEND_REFUSED_MAX]; /* filled by backend_refuse */
	uint8_t lists[BACKEND_REFUSED_MAX];   /* list numbers of nets; see backend_entry */
};

struct backend_limits {
	uint32_t held4, held6;
	uint32_t capacity;      /* entries per family that fit now */
	uint32_t most;          /* entries per family that prepare can make room for */
	struct lengths lengths; /* lengths of networks that can be held as they are */
	/* name of the list of addresses; networks are in a list of this name with their length appended. "": none */
	char list[ROOT_NAME_MAX];
};

enum { BACKEND_CHANGE_MAX = 256, BACKEND_WHO_MAX = 64 };

/* What another program changed. */
struct backend_change {
	bool all; /* anything may be missing, or have been added */
	size_t n; /* otherwise only the entries in touched */
	struct backend_touched {
		struct net net;
		uint8_t list; /* filled in by lists.h: a backend knows only one list */
	} touched[BACKEND_CHANGE_MAX];
	uint32_t pid;               /* process that made the last change; 0: unknown */
	char name[BACKEND_WHO_MAX]; /* that process's own name; any bytes but NUL */
};

enum { BACKEND_NAMES_MAX = 32 };

/* The names of lists of ports. */
struct backend_names {
	size_t n;
	char names[BACKEND_NAMES_MAX][PORTLISTS_NAME_MAX]; /* filled by backend_name */
};

enum backend_end {
	BACKEND_LEAVE,  /* everything stays in the kernel */
	BACKEND_UNDO,   /* what open created is removed; what it found stays */
	BACKEND_REMOVE, /* everything is removed; if manage_rules is false, the lists are emptied instead */
};

struct backend {
	const char *name;

	/*
	 * Takes over what an earlier daemon left, or creates it. config: borrowed until close. *ret_without6: NULL,
	 * or a sentence that says why IPv6 is not blocked; valid until close.
	 */
	int (*open)(const struct root_config *config, void **ret, const char **ret_without6, struct why *why);

	/*
	 * Creates what is missing, and makes room for n4 and n6 entries. It may empty the lists to do so; the caller
	 * then adds everything again. *ret_repaired: something had vanished or differed from the configuration.
	 */
	int (*prepare)(void *self, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why);

	/*
	 * Adds entries in one go; an entry that exists has its time restarted. -ENOSPC: call prepare to make room.
	 * After this and any other error, some of them may have been added. refused: may already hold some before the
	 * call.
	 */
	int (*add)(void *self, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
	           struct why *why);

	/* Removes entries; it is no error if one is absent. */
	int (*del)(void *self, const struct net *nets, size_t n, struct why *why);

	/*
	 * Copies at most cap of the entries held, starting at index cursor. *ret_n: the number copied; less than cap
	 * at the end. A call with cursor 0 starts to read everything again, piece by piece, so that no call takes
	 * long.
	 */
	int (*list)(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n, struct why *why);

	/* Reads these entries alone: fills idle_s, dropped and bytes of each. */
	int (*look)(void *self, struct backend_entry *entries, size_t n, struct why *why);

	/* Like list, but only for entries that dropped packets since they were last read. NULL if watched is NULL. */
	int (*dropped)(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
	               struct why *why);

	/* Returns addresses that opened too many connections since the last call, at most cap. */
	int (*floods)(void *self, struct addr *out, size_t cap, size_t *ret_n, struct why *why);

	void (*limits)(const void *self, struct backend_limits *ret);

	/*
	 * Returns a descriptor that becomes readable when another program may have changed something. NULL: this
	 * backend is not notified, so everything must be compared from time to time.
	 */
	int (*watched)(const void *self);

	/*
	 * Reports what other programs changed since the last call, and repairs the rules if possible. Returns false
	 * if nothing changed. NULL: as for watched.
	 */
	bool (*changed)(void *self, struct backend_change *ret);

	/* Frees self. NULL does nothing. */
	int (*close)(void *self, enum backend_end end, struct why *why);

	/* Removes what close would, for a daemon that could not do it itself. *ret_removed: something was there. */
	int (*clean)(const struct root_config *config, bool *ret_removed, struct why *why);

	/*
	 * Finds the lists of ports in the kernel that bear our mark, of whatever configuration: the NAME of each chain
	 * CHAIN_NAME. ret: zeroed by the caller. NULL: nothing is in the kernel.
	 */
	int (*names)(const struct root_config *config, struct backend_names *ret, struct why *why);
};

#define BACKEND_DECLARE(name) extern const struct backend backend_##name;
BACKENDS(BACKEND_DECLARE)
#undef BACKEND_DECLARE

/* Returns NULL if there is no backend of that name. */
const struct backend *backend_find(const char *name);

/* Returns backend number i, counted from 0; NULL if there is none. */
const struct backend *backend_number(size_t i);

/* Records a name; ignores what cannot be one, what is recorded already, and what does not fit. */
void backend_name(struct backend_names *names, const char *name);

/* Records a network as refused. because: the reason, without the network's name. */
void backend_refuse(struct backend_refused *refused, const struct net *net, const char *because);

#endif
