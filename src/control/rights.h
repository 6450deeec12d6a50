/*
 * rights: what the peer of a Unix socket may do, by its credentials from the kernel.
 *
 * Knows base only. Root and the daemon's own user may do everything, members of one group may change things, members of
 * another may read, those of a third may share; a peer in several groups has the rights of the best.
 * Source: unix(7), SO_PEERCRED and SO_PEERGROUPS: credentials and groups as of connect(2), measured on 6.18 in
 * tests/unit/control/control.c.
 */
#ifndef WFS_RIGHTS_H
#define WFS_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/why.h"

enum rights {
	RIGHTS_NONE, /* an untrusted peer; over TCP, until it sends a token */
	RIGHTS_READ,
	RIGHTS_SHARE, /* what watchforspammers-share needs: to watch, and to hand over what other hosts say */
	RIGHTS_WRITE,
	RIGHTS_N,
};

enum {
	RIGHTS_GROUP_MAX = 64, /* bytes of a name, with the NUL */
	RIGHTS_USER_MAX = 41,
};

/* Positive result of rights_give. */
enum {
	RIGHTS_LIMITED = 1, /* the group cannot be given the socket: why has the reason */
};

struct rights_groups {
	char writers[RIGHTS_GROUP_MAX], readers[RIGHTS_GROUP_MAX], sharers[RIGHTS_GROUP_MAX]; /* "": none */
	int64_t gids[RIGHTS_N];                                                               /* -1: none */
};

/* Names are copied, cut if need be. The groups have no members until rights_give. */
void rights_init(struct rights_groups *groups, const char *writers, const char *readers, const char *sharers);

/* Gives the socket at path to the group of these rights. Returns 0 or RIGHTS_LIMITED. */
int rights_give(struct rights_groups *groups, enum rights rights, const char *path, struct why *why);

/* The rights and the uid of the peer of fd, a Unix socket; RIGHTS_NONE when the kernel does not know it. */
enum rights rights_of(const struct rights_groups *groups, int fd, uid_t *ret_uid);

/* The name of a user, cut if need be; "" when /etc/passwd does not have it. Reads at most 10,000 lines of it. */
void rights_user_name(uid_t uid, char out[static RIGHTS_USER_MAX]);

/* The error for a peer that may not do this: it names who may. */
void rights_refusal(const struct rights_groups *groups, bool writing, char out[static WHY_MAX]);

#endif
