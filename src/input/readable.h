/*
 * readable: checks whether the daemon's user can read a log, and explains what to do if not.
 *
 * Knows base only. Looks at type, mode and owner of the file and of the directories on its path; never at its content.
 * Reads /etc/group itself, so that the sandboxed engine can use it.
 */
#ifndef WFS_INPUT_READABLE_H
#define WFS_INPUT_READABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/why.h"

enum { READABLE_GROUPS_MAX = 256 };

/* The user that should read, with its groups. */
struct readable_user {
	const char *name;
	uid_t uid;
	size_t n_gids;
	gid_t gids[READABLE_GROUPS_MAX];
};

/*
 * Looks up a user and its groups; "": the user of this process. Errors: -ENOENT with the remedy if there is no such
 * user.
 */
int readable_user(const char *name, struct readable_user *ret, struct why *why);

/*
 * Checks the mode bits, since no process can try as another user. Returns 0; -EISDIR or -EINVAL if path is no regular
 * file; -ENOENT, -EACCES, or the error of stat(2); with a sentence.
 */
int readable_by(const char *path, const struct readable_user *user, struct why *why);

/* Returns true if no syslog daemon is installed and the journal exists. */
bool readable_journal_only(void);

/* Writes how to make path readable for user (a name; "": the one that starts the daemon), as far as it can be known. */
void readable_remedy(const char *path, const char *user, struct why *remedy);

/* The same for a pattern (globs.h) that matches no file. */
void readable_pattern_remedy(const char *pattern, const char *user, struct why *remedy);

#endif
