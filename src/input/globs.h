/*
 * globs: lists the files that match the patterns of logs, and reports that new ones may have appeared.
 *
 * A pattern such as "/var/log/pods/mail_*.log" is a path in which *, ? and [ have the meaning of glob(7), also in names
 * of directories. The module watches every directory in which a match may appear: those that match the part of the
 * pattern before a wildcard, or the nearest existing directory above. It first watches the directories and then lists
 * the files, so that none is missed in between. Files that raise no event (NFS, a newly mounted file system) are found
 * when globs_find is next called for another reason. Handles names only; never opens a file.
 * Order: globs_new; globs_find for each pattern; again whenever globs_news returns true.
 * Limits: matches above GLOBS_FILES_MAX are left out.
 */
#ifndef WFS_INPUT_GLOBS_H
#define WFS_INPUT_GLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

enum {
	GLOBS_FILES_MAX = 1024, /* matches of one pattern, and directories watched for each part of it */
};

/* Returns true if the path of a log is a pattern. */
bool globs_is_pattern(const char *path);

/* Returns true if the pattern matches the path. */
bool globs_match(const char *pattern, const char *path);

/*
 * Lists the matching files, sorted by name; the caller frees them with globs_free_files. No match is no error: *ret_n
 * is 0.
 */
void globs_files(const char *pattern, char ***ret, size_t *ret_n);
void globs_free_files(char **files, size_t n);

struct globs;

/* Opens inotify, with a CLOEXEC descriptor. Errors: those of inotify_init1(2), with the sysctl that sets the limit. */
int globs_new(struct globs **ret, struct why *why);

/* Frees globs; accepts NULL. */
void globs_free(struct globs *globs);

/* Returns the descriptor for poll(2): it is readable when a file may have appeared. */
int globs_fd(const struct globs *globs);

/* Returns true if a file may have appeared since the last call; does not wait. */
bool globs_news(const struct globs *globs);

/*
 * Watches the directories of a pattern, and lists its files like globs_files. Errors: those of inotify_add_watch(2) at
 * a limit, with the sysctl; the files are listed nevertheless.
 */
int globs_find(const struct globs *globs, const char *pattern, char ***ret, size_t *ret_n, struct why *why);

#endif
