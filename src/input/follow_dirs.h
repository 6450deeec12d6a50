/*
 * follow_dirs: watches the directories of logs and the open logs with inotify.
 *
 * Private to the folder. The only user of libinotifytools. A directory is watched for names that appear and disappear;
 * a file is watched for writes, so that other files in the directory raise no events. The library watches the
 * directories only: it leaks and confuses files that are watched by name across rotations (measured on 3.22). So files
 * are watched with the system call, on the library's descriptor. A watch is never removed explicitly; it ends with its
 * file. Late events of an old directory do no harm, because an event only causes a check. The library keeps its state
 * in file-static variables: only one instance per process.
 */
#ifndef WFS_INPUT_FOLLOW_DIRS_H
#define WFS_INPUT_FOLLOW_DIRS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"

enum {
	FOLLOW_DIRS_MAX = 256, /* directories remembered at a time; more are watched again when they are next needed */
	FOLLOW_NAMES_MAX = 8,  /* the symlinks from a log's path to its file, and the file */
};

struct follow_dirs {
	int fd;                       /* the inotify descriptor: CLOEXEC, below FD_SETSIZE */
	int watched[FOLLOW_DIRS_MAX]; /* the kernel's watch descriptors of the directories */
	size_t n;
};

/* The file names whose events concern one path. */
struct follow_names {
	char name[FOLLOW_NAMES_MAX][NAME_MAX + 1];
	size_t n;
	/* Every change raises an event: all directories are watched and local, none is reached by a symlink. */
	bool complete;
};

int follow_dirs_open(struct follow_dirs *dirs, struct why *why);
void follow_dirs_close(struct follow_dirs *dirs);

/*
 * Watches the directory of path and, while path is a symlink, that of its target: writing to the target raises no event
 * beside the link. May be called again at any time, to notice a changed link or a replaced directory.
 * If a directory does not exist or cannot be entered, the nearest one above it is watched instead.
 * path: absolute, shorter than PATH_MAX. Returns -errno if path's own directory cannot be watched (*ret is set
 * nevertheless). If another one cannot be watched, only ret->complete becomes false.
 */
int follow_dirs_watch(struct follow_dirs *dirs, const char *path, struct follow_names *ret, struct why *why);

/*
 * Watches an open file for writes and truncation. path: its name. Returns the watch descriptor that its events will
 * have, the same for as long as it is the same file, or -1 if it cannot be watched.
 */
int follow_dirs_watch_file(const struct follow_dirs *dirs, int fd, const char *path);

/* One event. Read all of them before poll(2): the library reads many at a time into its own buffer. */
struct follow_event {
	const char *name; /* of a file in some directory; borrowed until the next call; NULL: the event has no name */
	int file;         /* if name is NULL: the watch descriptor of a file, if any file has it */
	bool all;         /* concerns all paths and files */
	bool lost;        /* a directory is no longer watched: call follow_dirs_watch for all paths */
};
bool follow_dirs_next(struct follow_dirs *dirs, struct follow_event *ret);

/*
 * Returns true if an event with this name concerns the path. Names of its rotated files count: they may still be
 * written.
 */
bool follow_names_match(const struct follow_names *names, const char *name);

#endif
