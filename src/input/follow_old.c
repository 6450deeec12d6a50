/* The rotated brothers of a log: what lies beside it under its name and a number or a date. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "input/follow.h"
#include "input/logfile.h"

struct brother {
	char name[NAME_MAX + 1];
	struct timespec mtime;
};

static bool is_compressed(const char *name)
{
	static const char *const endings[] = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".lzma", ".Z", ".zip"};
	const char *const dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && i < sizeof endings / sizeof endings[0]; i++) {
		if (strcmp(dot, endings[i]) == 0)
			return true;
	}
	return false;
}

/* "mail.log.1", "mail.log.20261120", "mail.log-20261120", "mail.log-20261120-1400": logrotate's names. */
static bool is_brother(const char *name, const char *base)
{
	const size_t len = strlen(base);
	size_t digits = 0;

	if (strncmp(name, base, len) != 0 || (name[len] != '.' && name[len] != '-') || is_compressed(name))
		return false;
	while (isdigit((unsigned char)name[len + 1 + digits]))
		digits++;
	return digits >= (name[len] == '-' ? 8U : 1U);
}

/* Written earlier? Within one tick of the file system's clock the names tell: .2 is older than .1. */
static bool is_older(const struct brother *a, const struct brother *b, size_t base_len)
{
	if (a->mtime.tv_sec != b->mtime.tv_sec)
		return a->mtime.tv_sec < b->mtime.tv_sec;
	if (a->mtime.tv_nsec != b->mtime.tv_nsec)
		return a->mtime.tv_nsec < b->mtime.tv_nsec;
	/* A number counts backwards, a date (eight digits and more) forwards. */
	if (strlen(a->name) < base_len + 8 && strlen(b->name) < base_len + 8)
		return strverscmp(a->name, b->name) > 0;
	return strverscmp(a->name, b->name) < 0;
}

/* Puts one in its place among at most FOLLOW_OLD_FILES_MAX; the oldest falls out. Returns the new n. */
static size_t insert(struct brother *brothers, size_t n, const struct brother *one, size_t base_len)
{
	size_t at = n;

	while (at > 0 && is_older(one, &brothers[at - 1], base_len))
		at--;
	if (n == FOLLOW_OLD_FILES_MAX) {
		if (at == 0)
			return n;
		memmove(brothers, brothers + 1, (at - 1) * sizeof *brothers);
		brothers[at - 1] = *one;
		return n;
	}
	memmove(brothers + at + 1, brothers + at, (n - at) * sizeof *brothers);
	brothers[at] = *one;
	return n + 1;
}

static size_t collect(DIR *dir, const char *base, struct brother *brothers)
{
	struct stat own = {0}, st;
	struct dirent *entry;
	size_t n = 0;

	(void)fstatat(dirfd(dir), base, &own, 0);
	while ((entry = readdir(dir)) != NULL) {
		struct brother one;

		if (!is_brother(entry->d_name, base) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (st.st_dev == own.st_dev && st.st_ino == own.st_ino)
			continue; /* mail.log is a link to it: not old */
		memcpy(one.name, entry->d_name, strlen(entry->d_name) + 1);
		one.mtime = st.st_mtim;
		n = insert(brothers, n, &one, strlen(base));
	}
	return n;
}

/* False when it cannot be read: renamed or removed since, or not ours to read. */
static bool fill(struct follow_old *old, const char *path)
{
	struct logfile *file;
	struct why ignored;
	int rc;

	if (logfile_open(&file, path, &ignored) < 0)
		return false;
	/* A first line of more than a block's many reads is no line to know a file by. */
	rc = logfile_identify(file);
	memset(old, 0, sizeof *old);
	old->path = alloc_text(path, "the old logs");
	old->size = logfile_lag(file);
	if (rc == LOGFILE_LINE) {
		old->first_len = file->first_len;
		memcpy(old->first, file->first, file->first_len);
	}
	logfile_close(file);
	return true;
}

int follow_old_list(const char *path, struct follow_old **ret, size_t *ret_n, struct why *why)
{
	const char *const slash = strrchr(path, '/');
	char found[PATH_MAX + NAME_MAX + 2];
	struct brother *brothers;
	struct follow_old *old;
	size_t dir_len, n, used = 0;
	DIR *dir;

	if (slash == NULL || strlen(path) >= PATH_MAX)
		return why_set(why, EINVAL, "%s: not an absolute path of a file", path);
	dir_len = (size_t)(slash - path) + 1;
	memcpy(found, path, dir_len);
	found[dir_len] = '\0';
	dir = opendir(found);
	if (dir == NULL)
		return why_set(why, errno, "cannot list %s: %s", found, strerror(errno));
	brothers = alloc_zero(FOLLOW_OLD_FILES_MAX, sizeof *brothers, "the old logs");
	n = collect(dir, slash + 1, brothers);
	(void)closedir(dir);

	old = alloc_zero(n > 0 ? n : 1, sizeof *old, "the old logs");
	for (size_t i = 0; i < n; i++) {
		memcpy(found + dir_len, brothers[i].name, strlen(brothers[i].name) + 1);
		if (fill(&old[used], found))
			used++;
	}
	free(brothers);
	*ret = old;
	*ret_n = used;
	return 0;
}

void follow_old_free(struct follow_old *old, size_t n)
{
	if (old == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		free(old[i].path);
	free(old);
}
