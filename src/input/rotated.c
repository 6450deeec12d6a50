#include "input/rotated.h"

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
#include "input/chunks.h"
#include "input/logfile.h"

struct found {
	char name[NAME_MAX + 1];
	struct timespec mtime;
};

static bool ends_in(const char *name, const char *const endings[])
{
	const char *const dot = strrchr(name, '.');

	for (size_t i = 0; dot != NULL && endings[i] != NULL; i++)
		if (strcmp(dot, endings[i]) == 0)
			return true;
	return false;
}

static bool is_compressed(const char *name)
{
	static const char *const endings[] = {".gz", ".bz2", ".xz", ".zst", NULL};

	return ends_in(name, endings);
}

/*
 * Returns true for logrotate's names: "mail.log.1", "mail.log.20261120", "mail.log-20261120", "mail.log-20261120-1400";
 * and for compressed ones if compressed is true.
 */
static bool is_rotated(const char *name, const char *base, bool compressed)
{
	static const char *const others[] = {".lz4", ".lzma", ".Z", ".zip", NULL};
	const size_t len = strlen(base);
	size_t digits = 0;

	if (strncmp(name, base, len) != 0 || (name[len] != '.' && name[len] != '-') || ends_in(name, others) ||
	    (is_compressed(name) && !compressed))
		return false;
	while (isdigit((unsigned char)name[len + 1 + digits]))
		digits++;
	return digits >= (name[len] == '-' ? 8U : 1U);
}

/* Returns true if a was written before b. If both have the same time, the names decide: .2 is older than .1. */
static bool is_older(const struct found *a, const struct found *b, size_t base_len)
{
	if (a->mtime.tv_sec != b->mtime.tv_sec)
		return a->mtime.tv_sec < b->mtime.tv_sec;
	if (a->mtime.tv_nsec != b->mtime.tv_nsec)
		return a->mtime.tv_nsec < b->mtime.tv_nsec;
	/* Numbers count backwards, dates (eight digits or more) forwards. */
	if (strlen(a->name) < base_len + 8 && strlen(b->name) < base_len + 8)
		return strverscmp(a->name, b->name) > 0;
	return strverscmp(a->name, b->name) < 0;
}

/* Inserts one in its place among at most ROTATED_MAX files; drops the oldest if needed. Returns the new n. */
static size_t insert(struct found *list, size_t n, const struct found *one, size_t base_len)
{
	size_t at = n;

	while (at > 0 && is_older(one, &list[at - 1], base_len))
		at--;
	if (n == ROTATED_MAX) {
		if (at == 0)
			return n;
		memmove(list, list + 1, (at - 1) * sizeof *list);
		list[at - 1] = *one;
		return n;
	}
	memmove(list + at + 1, list + at, (n - at) * sizeof *list);
	list[at] = *one;
	return n + 1;
}

static size_t collect(DIR *dir, const char *base, bool compressed, struct found *list)
{
	struct stat own = {0}, st;
	struct dirent *entry;
	size_t n = 0;

	(void)fstatat(dirfd(dir), base, &own, 0);
	while ((entry = readdir(dir)) != NULL) {
		struct found one;

		if (!is_rotated(entry->d_name, base, compressed) ||
		    fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
			continue;
		if (st.st_dev == own.st_dev && st.st_ino == own.st_ino)
			continue; /* mail.log is a symlink to it: not a rotated file */
		memcpy(one.name, entry->d_name, strlen(entry->d_name) + 1);
		one.mtime = st.st_mtim;
		n = insert(list, n, &one, strlen(base));
	}
	return n;
}

/*
 * Reads the first line of a plain file, if it has a complete one. Returns false if the file cannot be opened. A first
 * line that is too long to identify a file counts as none.
 */
static bool fill_plain(struct rotated *file, const char *path)
{
	struct logfile *in;
	struct why ignored;

	if (logfile_open(&in, path, &ignored) < 0)
		return false;
	file->size = logfile_lag(in);
	if (logfile_identify(in) == LOGFILE_LINE) {
		file->first_len = in->first_len;
		memcpy(file->first, in->first, in->first_len);
	}
	logfile_close(in);
	return true;
}

static bool fill_compressed(struct rotated *file, const char *path)
{
	struct chunks *in;
	struct why ignored;
	struct span first;
	const int rc = chunks_open(path, true, &in, &ignored);

	if (rc == -EIO)
		return true; /* damaged */
	if (rc < 0)
		return false;
	first = chunks_first(in);
	file->first_len = first.len;
	memcpy(file->first, first.p, first.len);
	chunks_close(in);
	return true;
}

/* Returns false if the file cannot be read: it was renamed or removed meanwhile, or permission was denied. */
static bool fill(struct rotated *ret, const char *path)
{
	struct rotated file = {.compressed = is_compressed(path)};

	if (!(file.compressed ? fill_compressed : fill_plain)(&file, path))
		return false;
	file.path = alloc_text(path, "the old logs");
	*ret = file;
	return true;
}

/* Returns true if file is a compressed version of other, which still exists. */
static bool is_made_of(const struct rotated *file, const struct rotated *other)
{
	const size_t len = strlen(other->path);

	return file->compressed && !other->compressed && strncmp(file->path, other->path, len) == 0 &&
	       file->path[len] == '.' && strchr(file->path + len + 1, '.') == NULL;
}

/* Removes files that are still being compressed. Returns the new n. */
static size_t leave_out_made(struct rotated *list, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		bool is_made = false;

		for (size_t k = 0; k < n && !is_made; k++)
			is_made = is_made_of(&list[i], &list[k]);
		list[i].being_made = is_made;
	}
	for (size_t i = 0; i < n; i++)
		if (list[i].being_made)
			free(list[i].path);
		else
			list[kept++] = list[i];
	return kept;
}

int rotated_list(const char *path, bool compressed, struct rotated **ret, size_t *ret_n, struct why *why)
{
	const char *const slash = strrchr(path, '/');
	char found[PATH_MAX + NAME_MAX + 2];
	struct found *list;
	struct rotated *old;
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
	list = alloc_zero(ROTATED_MAX, sizeof *list, "the old logs");
	n = collect(dir, slash + 1, compressed, list);
	(void)closedir(dir);

	old = alloc_zero(n > 0 ? n : 1, sizeof *old, "the old logs");
	for (size_t i = 0; i < n; i++) {
		memcpy(found + dir_len, list[i].name, strlen(list[i].name) + 1);
		if (fill(&old[used], found))
			used++;
	}
	free(list);
	*ret = old;
	*ret_n = leave_out_made(old, used);
	return 0;
}

void rotated_free(struct rotated *old, size_t n)
{
	if (old == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		free(old[i].path);
	free(old);
}
