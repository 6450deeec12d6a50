/*
 * follow_dirs: the directories that logs lie in and the open logs, watched with inotify.
 *
 * Private to the folder. Knows libinotifytools, and alone does. A directory is watched for names that come and go, a
 * file for what is written, so that other files in the directory raise no event. The library watches the directories
 * alone: it leaks and confuses a file watched by name across rotations (measured on 3.22); the watch of a file is the
 * kernel's, on the library's descriptor. A watch is never removed, it goes with its file; late events of an old
 * directory do no harm, because an event only causes a check. The library keeps its state in file-static variables: one
 * instance per process.
 */
#ifndef WFS_FOLLOW_DIRS_H
#define WFS_FOLLOW_DIRS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

enum {
	FOLLOW_DIRS_MAX = 256, /* known at a time; more are watched again when they come up again */
	FOLLOW_NAMES_MAX = 8,  /* links from a log's path to its file, and the file */
};

struct follow_dirs {
	int fd;                       /* of inotify: CLOEXEC, below FD_SETSIZE */
	int watched[FOLLOW_DIRS_MAX]; /* the kernel's numbers of them */
	size_t n;
};

/* The names under which events for one path come. */
struct follow_names {
	char name[FOLLOW_NAMES_MAX][NAME_MAX + 1];
	size_t n;
	bool complete; /* every change raises an event: all watched, local, no linked directory */
};

int follow_dirs_open(struct follow_dirs *dirs, struct why *why);
void follow_dirs_close(struct follow_dirs *dirs);

/*
 * Watches the directory of path and, while path is a link, that of what it points to: writing to a
 * link's target raises no event beside the link. May be called again at any time, to notice a link that
 * was changed or a directory that was replaced.
 * Where a directory is not there, or closed, the nearest one above it is watched.
 * path: absolute, shorter than PATH_MAX. Returns -errno when path's own directory cannot be watched
 * (ret is filled nevertheless); that another cannot be watched only makes ret not complete.
 */
int follow_dirs_watch(struct follow_dirs *dirs, const char *path, struct follow_names *ret, struct why *why);

/*
 * Watches what is written to an open file, or cut off. path: its name. Returns the number that its events will have,
 * the same as long as it is the same file, or -1 when it cannot be watched.
 */
int follow_dirs_watch_file(const struct follow_dirs *dirs, int fd, const char *path);

/*
 * The next event, without waiting; false when there is none. Read all of them before poll(2): the library
 * reads many at a time into a buffer of its own.
 */
struct follow_event {
	const char *name; /* in some directory; borrowed until the next call; NULL: of none */
	int file;         /* without a name: of the file that has this number, if one has */
	bool all;         /* concerns all paths and files */
	bool lost;        /* a directory is not watched any more: call follow_dirs_watch for all paths */
};
bool follow_dirs_next(struct follow_dirs *dirs, struct follow_event *ret);

/* Is an event with this name for the path? One for a rotated file of it is: it may still be written to. */
bool follow_names_match(const struct follow_names *names, const char *name);

#endif
