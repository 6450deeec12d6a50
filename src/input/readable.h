/*
 * readable: can the daemon's user read a log, and if not, what would help?
 *
 * Knows base only. Reads types, modes and owners of the file and of the directories on the way; never its content.
 * Reads /etc/group itself, so that the sandboxed engine may ask, too.
 */
#ifndef WFS_INPUT_READABLE_H
#define WFS_INPUT_READABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/why.h"

enum { READABLE_GROUPS_MAX = 256 };

/* The user that shall read, with its groups. */
struct readable_user {
	const char *name;
	uid_t uid;
	size_t n_gids;
	gid_t gids[READABLE_GROUPS_MAX];
};

/* The user of that name with its groups; "": the user of this process. Errors: -ENOENT no such user, with the remedy.
 */
int readable_user(const char *name, struct readable_user *ret, struct why *why);

/*
 * By the mode bits, since no process can try as another user: 0, or -EISDIR and -EINVAL for what is no regular file,
 * -ENOENT, -EACCES, or the error of stat(2), with the sentence.
 */
int readable_by(const char *path, const struct readable_user *user, struct why *why);

/* True when no syslog daemon is installed, and the journal is there. */
bool readable_journal_only(void);

/* What would help user (a name; "": the one that starts the daemon) to read path, as far as it can be known. */
void readable_remedy(const char *path, const char *user, struct why *remedy);

/* The same for a pattern (globs.h) that no file matches. */
void readable_pattern_remedy(const char *pattern, const char *user, struct why *remedy);

#endif
