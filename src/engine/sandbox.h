/*
 * sandbox: drops a process's privileges. Each step is checked and then proved; otherwise the process must not continue.
 *
 * The engine reads attacker-controlled text. So it runs as its own user, without capabilities and unable to gain any
 * (no_new_privs), with only the system calls that it needs (seccomp) and, where the kernel supports it, with write
 * access only where it must write (Landlock). Knows libcap-ng, libseccomp and Landlock's system calls. Source:
 * landlock(7), linux/landlock.h.
 */
#ifndef WFS_ENGINE_SANDBOX_H
#define WFS_ENGINE_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

/*
 * Switches to user and its groups permanently. user: a name, or "" to change nothing. Only root can become another
 * user. Errors: -ENOENT if there is no such user, with the remedy; -EPERM if a step failed or could be undone.
 */
int sandbox_become(const char *user, struct why *why);

/*
 * For root, about to write a file at path in a directory of another user: becomes that user, but keeps root's
 * permission to read. So the file belongs to the user, and nothing that the user put there (such as a link) can make
 * root write elsewhere. *ret_became: false if there was nothing to do. Call before starting threads. Errors: -EPERM and
 * the like if a step failed.
 */
int sandbox_as_owner(const char *path, bool *ret_became, struct why *why);

/*
 * Drops all capabilities, sets no_new_privs, and allows only the system calls that the engine needs; any other kills
 * it. Files can be opened for writing, created and removed only in the directories of the n paths (and below), and
 * nothing can be executed: -EACCES. Open files stay usable. A kernel without Landlock (before 5.13, or configured so)
 * omits this last restriction. Reading is left to file permissions: logs, and links among rules, may be anywhere, and a
 * reload may name others.
 */
int sandbox_engine(const char *const paths[], size_t n, struct why *why);

/* The same for a replay, which may also start threads. path: ends with a slash if it is the directory itself. */
int sandbox_replay(const char *path, struct why *why);

/* The same for the tarpit: it can open nothing, and use only the connections that it accepts. */
int sandbox_tarpit(struct why *why);

#endif
