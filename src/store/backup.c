#include "store/backup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sql.h"

static int fail(const char *path, const char *what, struct why *why)
{
	const int err = errno;

	return why_set(why, err, "%s: cannot %s it: %s", path, what, strerror(err));
}

/*
 * Copies into an empty file, which will become path. The copy does not use WAL, so that every user who may read it can
 * open it.
 */
static int copy_to(struct store *store, const char *temporary, const char *path, struct why *why)
{
	sqlite3 *to = NULL;
	sqlite3_backup *backup = NULL;
	int rc = sqlite3_open_v2(temporary, &to, SQLITE_OPEN_READWRITE, NULL);

	if (rc == SQLITE_OK && (backup = sqlite3_backup_init(to, "main", store->db, "main")) == NULL)
		rc = sqlite3_errcode(to);
	if (rc == SQLITE_OK) {
		(void)sqlite3_backup_step(backup, -1);
		rc = sqlite3_backup_finish(backup);
	}
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		(void)why_set(why, EIO, "%s: cannot copy %s there: %s%s", path, store->path, sqlite3_errmsg(to),
		              rc == SQLITE_FULL ? sql_remedy(ENOSPC) : "");
	(void)sqlite3_close(to);
	return rc == SQLITE_OK ? 0 : -EIO;
}

/* Also removes what SQLite leaves beside a file that it could not write. */
static void remove_unfinished(const char *temporary)
{
	char beside[PATH_MAX + sizeof "-journal"];

	(void)snprintf(beside, sizeof beside, "%s-journal", temporary);
	(void)unlink(beside);
	(void)unlink(temporary);
}

/* Gives the file its name once everything is on disk. */
static int publish(int fd, const char *temporary, const char *path, bool replace, struct why *why)
{
	char dir[PATH_MAX];
	const char *const slash = strrchr(path, '/');
	int dir_fd;

	if (fsync(fd) < 0)
		return fail(temporary, "write", why);
	if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, replace ? 0 : RENAME_NOREPLACE) < 0) {
		if (errno == EEXIST)
			return why_set(why, EEXIST, "%s: it exists; name another file, or --force to replace it", path);
		return fail(path, "create", why);
	}
	(void)snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
	               slash == NULL ? "." : path);
	dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir_fd >= 0) {
		(void)fsync(dir_fd);
		(void)close(dir_fd);
	}
	return 0;
}

static int check_replaced(const struct store *store, const char *path, struct why *why)
{
	struct stat st, own;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISREG(st.st_mode))
		return why_set(
			why, EINVAL,
			"%s: is a device, a link or a directory, which a backup does not replace; name another file",
			path);
	if (stat(store->path, &own) == 0 && st.st_dev == own.st_dev && st.st_ino == own.st_ino)
		return why_set(why, EINVAL, "%s: is the database itself; name another file", path);
	return 0;
}

int store_backup(struct store *store, const char *path, bool replace, struct why *why)
{
	char temporary[PATH_MAX];
	struct stat st;
	int fd, rc;

	if (snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= (int)sizeof temporary)
		return why_set(why, ENAMETOOLONG, "%s: the name is too long", path);
	if (replace && check_replaced(store, path, why) < 0)
		return -EINVAL;
	if (!replace && access(path, F_OK) == 0)
		return why_set(why, EEXIST, "%s: it exists; name another file, or --force to replace it", path);
	if ((fd = mkostemp(temporary, O_CLOEXEC)) < 0)
		return fail(path, "create", why);
	rc = copy_to(store, temporary, path, why);
	if (rc == 0 && (stat(store->path, &st) < 0 || fchmod(fd, st.st_mode & 0666) < 0))
		rc = fail(temporary, "set the mode of", why);
	if (rc == 0)
		rc = publish(fd, temporary, path, replace, why);
	if (rc < 0)
		remove_unfinished(temporary);
	(void)close(fd);
	return rc;
}
