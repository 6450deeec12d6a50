/*
 * rights: finds what the peer of a Unix socket may do, from its credentials in the kernel.
 *
 * Knows base only. Root and the daemon's own user may do everything. Members of one group may change things, those of
 * another may read, those of a third may share; a peer in several groups has the rights of the best one. Source:
 * unix(7), SO_PEERCRED and SO_PEERGROUPS: credentials and groups are those at connect(2), measured on 6.18 in
 * tests/unit/control/control.c.
 */
#ifndef WFS_CONTROL_RIGHTS_H
#define WFS_CONTROL_RIGHTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/why.h"

enum rights {
	RIGHTS_NONE, /* an untrusted peer; over TCP, any peer until it sends a token */
	RIGHTS_READ,
	RIGHTS_SHARE, /* what watchforspammers-share needs: to watch, and to pass on what other hosts say */
	RIGHTS_WRITE,
	RIGHTS_N,
};

enum {
	RIGHTS_GROUP_MAX = 64, /* bytes of a name, including the NUL */
	RIGHTS_USER_MAX = 41,
};

/* Positive result of rights_give. */
enum {
	RIGHTS_LIMITED = 1, /* the socket cannot be given to the group; the reason is in why */
};

struct rights_groups {
	char writers[RIGHTS_GROUP_MAX], readers[RIGHTS_GROUP_MAX], sharers[RIGHTS_GROUP_MAX]; /* "" if none */
	int64_t gids[RIGHTS_N];                                                               /* -1 if none */
};

/* Copies the names, truncated if necessary. The groups give no rights until rights_give. */
void rights_init(struct rights_groups *groups, const char *writers, const char *readers, const char *sharers);

/* Gives the socket at path to the group with these rights. Returns 0 or RIGHTS_LIMITED. */
int rights_give(struct rights_groups *groups, enum rights rights, const char *path, struct why *why);

/* Returns the rights and the uid of the peer of fd, a Unix socket; RIGHTS_NONE if the kernel does not know it. */
enum rights rights_of(const struct rights_groups *groups, int fd, uid_t *ret_uid);

/*
 * Finds the name of a user, truncated if necessary; "" if /etc/passwd does not have it. Reads at most 10,000 lines of
 * it.
 */
void rights_user_name(uid_t uid, char out[static RIGHTS_USER_MAX]);

/* Writes the error for a peer that may not do this: it says who may. */
void rights_refusal(const struct rights_groups *groups, bool writing, char out[static WHY_MAX]);

#endif
