#include "input/follow_dirs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inotifytools/inotify.h>
#include <inotifytools/inotifytools.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
	/* MOVED_FROM and DELETE report at once that a log is gone, ATTRIB that it may have become readable. */
	EVENTS = IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ATTRIB | IN_DELETE_SELF | IN_MOVE_SELF |
	         IN_ONLYDIR,
	DIR_LOST = IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF,
	PATH_OF_FD_MAX = 32,
};

/*
 * Finds the inotify descriptors below FD_SETSIZE: the library has no function that returns its own, and calls
 * select(2), which accepts none above.
 */
static int find_inotify(fd_set *ret)
{
	struct dirent *entry;
	DIR *dir;

	FD_ZERO(ret);
	dir = opendir("/proc/self/fd");
	if (dir == NULL)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		const int fd = atoi(entry->d_name);
		char what[32];
		const ssize_t len = readlinkat(dirfd(dir), entry->d_name, what, sizeof what - 1);

		if (len < 0 || fd >= FD_SETSIZE)
			continue;
		what[len] = '\0';
		if (strcmp(what, "anon_inode:inotify") == 0)
			FD_SET(fd, ret);
	}
	(void)closedir(dir);
	return 0;
}

int follow_dirs_open(struct follow_dirs *dirs, struct why *why)
{
	fd_set before, after;
	int fd = 0, rc;

	rc = find_inotify(&before);
	if (rc < 0)
		return why_set(why, -rc, "cannot read /proc/self/fd: %s", strerror(-rc));
	if (!inotifytools_initialize()) {
		const int err = inotifytools_error();

		return why_set(why, err > 0 ? err : EIO, "cannot start inotify: %s%s", strerror(err),
		               err == EMFILE ? "; see sysctl fs.inotify.max_user_instances" : "");
	}
	rc = find_inotify(&after);
	while (rc == 0 && fd < FD_SETSIZE && (!FD_ISSET(fd, &after) || FD_ISSET(fd, &before)))
		fd++;
	if (rc < 0 || fd == FD_SETSIZE)
		return why_set(why, EBUSY, "cannot find a new descriptor of inotify in /proc/self/fd");
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	dirs->fd = fd;
	dirs->n = 0;
	return 0;
}

void follow_dirs_close(struct follow_dirs *dirs)
{
	dirs->n = 0;
	inotifytools_cleanup();
}

/* Other hosts write to these file systems, and the kernel here is not notified: inotify(7). */
static bool is_remote(const char *dir)
{
	struct statfs fs;

	if (statfs(dir, &fs) < 0)
		return true;
	switch ((uint32_t)fs.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case FUSE_SUPER_MAGIC:
	case V9FS_MAGIC:
	case CEPH_SUPER_MAGIC:
	case AFS_SUPER_MAGIC:
	case AFS_FS_MAGIC:
	case CODA_SUPER_MAGIC:
	case OCFS2_SUPER_MAGIC:
		return true;
	default:
		return false;
	}
}

static int watch_dir(struct follow_dirs *dirs, const char *dir, struct why *why)
{
	/*
	 * The kernel identifies directories: the same directory has the same watch descriptor, different ones never
	 * share one.
	 */
	const int wd = inotify_add_watch(dirs->fd, dir, EVENTS);
	int err = wd < 0 ? errno : 0;

	for (size_t i = 0; i < dirs->n && wd >= 0; i++) {
		if (dirs->watched[i] == wd)
			return 0;
	}
	/* Add each only once: the library never frees what is added twice. */
	if (wd >= 0 && !inotifytools_watch_file(dir, EVENTS))
		err = inotifytools_error() > 0 ? inotifytools_error() : EIO;
	if (err != 0)
		return why_set(why, err, "cannot watch %s: %s%s", dir, strerror(err),
		               err == ENOSPC ? "; see sysctl fs.inotify.max_user_watches" : "");
	/* Forgetting watches is cheap: they are merely added to the library again. */
	if (dirs->n == FOLLOW_DIRS_MAX)
		dirs->n = 0;
	dirs->watched[dirs->n++] = wd;
	return 0;
}

int follow_dirs_watch_file(const struct follow_dirs *dirs, int fd, const char *path)
{
	char of_fd[PATH_OF_FD_MAX];
	int wd;

	/* Watch by descriptor, so that it is certainly this file; without /proc, by its recent name. */
	(void)snprintf(of_fd, sizeof of_fd, "/proc/self/fd/%d", fd);
	wd = inotify_add_watch(dirs->fd, of_fd, IN_MODIFY);
	return wd >= 0 ? wd : inotify_add_watch(dirs->fd, path, IN_MODIFY);
}

static bool is_absent(int rc)
{
	return rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES;
}

/*
 * Called if dir does not exist or cannot be entered. Watches the nearest directory above it that can be watched, so
 * that creating dir, or a directory on the path to it, raises an event. What was created a moment before is found by
 * the periodic check. name: set to the file name that the event will have.
 */
static int watch_above(struct follow_dirs *dirs, char *dir, char name[static NAME_MAX + 1], struct why *why)
{
	int rc = -ENOENT;

	while (is_absent(rc) && strcmp(dir, "/") != 0) {
		char *const slash = strrchr(dir, '/');

		(void)snprintf(name, NAME_MAX + 1, "%s", slash + 1);
		slash[slash == dir] = '\0';
		rc = watch_dir(dirs, dir, why);
	}
	return rc;
}

int follow_dirs_watch(struct follow_dirs *dirs, const char *path, struct follow_names *ret, struct why *why)
{
	char at[PATH_MAX], dir[PATH_MAX], real[PATH_MAX], target[PATH_MAX];
	int rc_own = 0;

	ret->n = 0;
	ret->complete = true;
	memcpy(at, path, strlen(path) + 1);
	while (ret->n < FOLLOW_NAMES_MAX) {
		char *const name = strrchr(at, '/') + 1;
		const size_t dir_len = (size_t)(name - at);
		struct why ignored;
		ssize_t len;
		int rc;

		if (strlen(name) > NAME_MAX)
			break;
		memcpy(ret->name[ret->n], name, strlen(name) + 1);
		memcpy(dir, at, dir_len);
		dir[dir_len > 1 ? dir_len - 1 : 1] = '\0';
		rc = watch_dir(dirs, dir, ret->n == 0 ? why : &ignored);
		if (ret->n++ == 0)
			rc_own = rc;
		if (is_absent(rc)) {
			ret->complete = false;
			return watch_above(dirs, dir, ret->name[ret->n - 1], why);
		}
		/* A symlink among the directories can be changed without an event for us. */
		if (rc < 0 || is_remote(dir) || realpath(dir, real) == NULL || strcmp(dir, real) != 0)
			ret->complete = false;
		len = readlink(at, target, sizeof target);
		if (len < 0)
			return rc_own; /* not a symlink: done */
		if ((size_t)len + dir_len >= sizeof at)
			break;
		target[len] = '\0';
		memcpy(target[0] == '/' ? at : name, target, (size_t)len + 1);
	}
	ret->complete = false; /* too many symlinks, or the path is too long */
	return rc_own;
}

bool follow_names_match(const struct follow_names *names, const char *name)
{
	for (size_t i = 0; i < names->n; i++) {
		if (strncmp(name, names->name[i], strlen(names->name[i])) == 0)
			return true;
	}
	return false;
}

bool follow_dirs_next(struct follow_dirs *dirs, struct follow_event *ret)
{
	/* (0, 1) is the one form of the call that neither waits nor loops. */
	const struct inotify_event *const event = inotifytools_next_events(0, 1);

	if (event == NULL)
		return false;
	ret->lost = (event->mask & DIR_LOST) != 0;
	ret->file = event->wd;
	for (size_t i = 0; i < dirs->n && (event->mask & IN_IGNORED) != 0; i++) {
		if (dirs->watched[i] != event->wd)
			continue;
		dirs->watched[i] = dirs->watched[--dirs->n];
		ret->lost = true;
	}
	ret->all = ret->lost || (event->mask & IN_Q_OVERFLOW) != 0;
	ret->name = event->len > 0 ? event->name : NULL;
	return true;
}
