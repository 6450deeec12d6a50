/*
 * sandbox: what a process gives up, each step checked and then proved, or it does not go on.
 *
 * The engine reads strangers' text, so it runs as its own user, without capabilities, unable to gain any
 * (no_new_privs), with the system calls it needs and no others (seccomp). Knows libcap-ng and libseccomp.
 */
#ifndef WFS_SANDBOX_H
#define WFS_SANDBOX_H

#include "base/why.h"

/*
 * Becomes user with its groups, for good. user: a name, or "" to stay who we are. Only root can become
 * somebody else: another user may only stay.
 * Errors: -ENOENT no such user, with the remedy; -EPERM when a step did not work or could be undone.
 */
int sandbox_become(const char *user, struct why *why);

/* No capabilities, no new privileges, and only the system calls the engine needs; anything else kills it. */
int sandbox_engine(struct why *why);

#endif
