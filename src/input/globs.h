/*
 * globs: the files that patterns of logs denote, and the news that there may be others.
 *
 * "/var/log/pods/mail_*.log": a pattern is a path in which *, ? and [ have the meaning of glob(7), in names
 * of directories, too. Watches the directories in which a match may come: each that the part of the pattern
 * before a wildcard denotes, or, where it is not there, the nearest one above it. First they are watched,
 * then the files are listed, so that none is missed in between. What raises no event (NFS, a file system that
 * is mounted) is found when globs_find is called for another reason. Knows names only; never opens a file.
 * Order: globs_new; globs_find for each pattern; again whenever globs_news.
 * Limits: what is above GLOBS_FILES_MAX is left out.
 */
#ifndef WFS_INPUT_GLOBS_H
#define WFS_INPUT_GLOBS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

enum {
	GLOBS_FILES_MAX = 1024, /* matches of one pattern, and directories watched for each part of it */
};

/* True when the path of a log is a pattern. */
bool globs_is_pattern(const char *path);

/* True when the pattern denotes the path. */
bool globs_match(const char *pattern, const char *path);

/* The files that match, in the order of their names; the caller's, globs_free_files. None is no error: *ret_n
 * is 0. */
void globs_files(const char *pattern, char ***ret, size_t *ret_n);
void globs_free_files(char **files, size_t n);

struct globs;

/* Its fd is CLOEXEC. Errors: of inotify_init1, with the sysctl that limits it. */
int globs_new(struct globs **ret, struct why *why);

/* Accepts NULL. */
void globs_free(struct globs *globs);

/* Readable when a file may have come; for poll(2). */
int globs_fd(const struct globs *globs);

/* True when a file may have come since the last call; does not wait. */
bool globs_news(const struct globs *globs);

/*
 * Watches the directories of a pattern, and lists its files as globs_files does. Errors: of
 * inotify_add_watch, when a limit is reached, with the sysctl; the files are listed all the same.
 */
int globs_find(const struct globs *globs, const char *pattern, char ***ret, size_t *ret_n, struct why *why);

#endif
