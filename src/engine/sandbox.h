/*
 * sandbox: what a process gives up, each step checked and then proved, or it does not go on.
 *
 * The engine reads attacker-controlled text, so it runs as its own user, without capabilities, unable to gain any
 * (no_new_privs), with the system calls it needs and no others (seccomp), and, where the kernel can do it, writes
 * nowhere but where it must (landlock). Knows libcap-ng, libseccomp and Landlock's system calls.
 * Source: landlock(7), linux/landlock.h.
 */
#ifndef WFS_ENGINE_SANDBOX_H
#define WFS_ENGINE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

/*
 * Becomes user with its groups, for good. user: a name, or "" to stay as we are. Only root can become
 * another user: others may only stay.
 * Errors: -ENOENT no such user, with the remedy; -EPERM when a step did not work or could be undone.
 */
int sandbox_become(const char *user, struct why *why);

/*
 * For root, about to write a file at path in a directory that belongs to another user: becomes that user, but for
 * reading, which goes on as root's. So the file is the user's, and nothing the user put there (a link) makes root write
 * elsewhere. *ret_became: false when there was nothing to do. Before the first thread. Errors: -EPERM and the like when
 * a step did not work.
 */
int sandbox_as_owner(const char *path, bool *ret_became, struct why *why);

/*
 * No capabilities, no new privileges, and only the system calls the engine needs; anything else kills it. Files can be
 * opened for writing, made and removed only in the directories of the n paths (and below), and nothing can be executed:
 * -EACCES. What was open stays so. A kernel without Landlock (before 5.13, or configured so) leaves this last one out.
 * Reading is left to the permissions of files: logs, and links among rules, may be anywhere, and a reload may name
 * others.
 */
int sandbox_engine(const char *const paths[], size_t n, struct why *why);

/* The same for a replay, which may also start threads. path: ends with a slash when it is the directory itself. */
int sandbox_replay(const char *path, struct why *why);

/* The same for the tarpit: nothing can be opened, read or written but the connections it accepts. */
int sandbox_tarpit(struct why *why);

#endif
