#include "input/logfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/remedy.h"

static int64_t birth_ns(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &stx) < 0 || (stx.stx_mask & STATX_BTIME) == 0)
		return 0;
	return stx.stx_btime.tv_sec * 1000000000 + stx.stx_btime.tv_nsec;
}

static int refuse(const char *path, mode_t mode, struct why *why)
{
	if (S_ISDIR(mode))
		return why_set(why, EISDIR, "cannot read %s: it is a directory", path);
	return why_set(why, EINVAL, "cannot read %s: it is not a regular file", path);
}

int logfile_open(struct logfile **ret, const char *path, struct why *why)
{
	char remedy[REMEDY_MAX];
	struct logfile *file;
	struct stat st;
	int fd, rc;

	/* Do not even open other files: opening a FIFO unblocks its writer, and opening a tape rewinds it. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		return refuse(path, st.st_mode, why);
	/* It may have been replaced meanwhile; O_NONBLOCK keeps open from blocking then. */
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		const int err = errno;

		return why_set(why, err, "cannot read %s: %s%s", path, strerror(err), remedy_read(err, path, remedy));
	}
	if (fstat(fd, &st) < 0) {
		rc = why_set(why, errno, "cannot read %s: %s", path, strerror(errno));
		goto close_fd;
	}
	if (!S_ISREG(st.st_mode)) {
		rc = refuse(path, st.st_mode, why);
		goto close_fd;
	}
	/* Not alloc_zero: the pages of block are touched only when there is something to read. */
	file = alloc_raw(1, sizeof *file, "a log");
	memset(file, 0, offsetof(struct logfile, block));
	file->path = alloc_text(path, "a log");
	file->fd = fd;
	file->dev = st.st_dev;
	file->ino = st.st_ino;
	file->born_ns = birth_ns(fd);
	*ret = file;
	return 0;

close_fd:
	(void)close(fd);
	return rc;
}

void logfile_close(struct logfile *file)
{
	if (file == NULL)
		return;
	(void)close(file->fd);
	free(file->path);
	free(file);
}

static bool has_bytes_at(const struct logfile *file, int64_t start, const char *bytes, size_t len)
{
	char found[POSITION_FIRST_MAX];

	assert(len <= sizeof found);
	return len == 0 || (pread(file->fd, found, len, start) == (ssize_t)len && memcmp(found, bytes, len) == 0);
}

/* Returns true if file has what was read from like, at the same offsets. Both may be the same file. */
static bool still_there(const struct logfile *file, const struct logfile *like)
{
	const size_t held = like->end - like->begin;
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return true; /* unknown; the next read returns the reason */
	return st.st_size >= like->position + (int64_t)held + like->passed &&
	       has_bytes_at(file, 0, like->first, like->first_len) &&
	       has_bytes_at(file, like->last_start, like->last, like->last_len) &&
	       has_bytes_at(file, like->position, like->block + like->begin,
	                    held < POSITION_LAST_MAX ? held : POSITION_LAST_MAX);
}

/* Sets the position to next, the end of the line of len bytes at text that begins at offset start. */
static void set_position(struct logfile *file, int64_t start, const char *text, size_t len, int64_t next)
{
	file->last_start = start;
	file->last_len = len < POSITION_LAST_MAX ? len : POSITION_LAST_MAX;
	memcpy(file->last, text, file->last_len);
	file->position = next;
	file->searched = 0;
	file->passed = 0;
}

static void forget_held(struct logfile *file)
{
	file->at_end = false;
	file->begin = file->end = file->searched = 0;
	file->passed = 0;
}

/* Returns the line of len bytes at begin, whose LF is at lf. */
static int return_line(struct logfile *file, size_t len, const char *lf, struct record *ret)
{
	const int64_t start = file->position;

	ret->cut = len > LINE_MAX_BYTES || file->passed > 0;
	ret->clean = false;
	ret->more = lf + 1 < file->block + file->end;
	ret->text = (struct span){file->block + file->begin, ret->cut ? LINE_MAX_BYTES : len};
	ret->start = start;
	ret->next = start + (int64_t)len + file->passed + 1;
	set_position(file, start, ret->text.p, ret->text.len, ret->next);
	file->begin = (size_t)(lf + 1 - file->block);
	return LOGFILE_LINE;
}

/* Makes space for a read: moves the bytes in use to the front, and keeps only the beginning of an overlong line. */
static void make_space(struct logfile *file)
{
	const size_t held = file->end - file->begin;
	const size_t kept = held < LINE_MAX_BYTES + 1 ? held : LINE_MAX_BYTES;

	if (file->begin > 0)
		memmove(file->block, file->block + file->begin, kept);
	file->passed += (int64_t)(held - kept);
	file->begin = 0;
	file->end = file->searched = kept;
}

int logfile_next(struct logfile *file, struct record *ret)
{
	const char *lf = NULL;

	if (file->end > file->begin + file->searched)
		lf = memchr(file->block + file->begin + file->searched, '\n', file->end - file->begin - file->searched);
	for (int reads = 0; lf == NULL; reads++) {
		size_t held;
		ssize_t n;

		if (file->at_end)
			return LOGFILE_DRY;
		if (reads == LOGFILE_READS_MAX)
			return LOGFILE_MORE;
		make_space(file);
		held = file->end;
		do {
			n = pread(file->fd, file->block + held, sizeof file->block - held,
			          file->position + (int64_t)held + file->passed);
		} while (n < 0 && errno == EINTR);
		if (n < 0)
			return -errno;
		/* Check after the read, not before: only then the bytes certainly follow what was there. */
		if (!still_there(file, file))
			return LOGFILE_REPLACED;
		if (n == 0)
			return LOGFILE_DRY;
		/* Whatever is written from now on raises an event. */
		file->at_end = (size_t)n < sizeof file->block - held;
		file->end += (size_t)n;
		lf = memchr(file->block + held, '\n', (size_t)n);
		if (lf == NULL && file->passed > 0) {
			file->passed += n;
			file->end = held;
		} else if (lf != NULL && file->passed > 0) {
			file->passed += lf - (file->block + held);
			return return_line(file, held, lf, ret);
		}
	}
	return return_line(file, (size_t)(lf - (file->block + file->begin)), lf, ret);
}

void logfile_wake(struct logfile *file)
{
	file->dry = file->at_end = false;
}

int logfile_identify(struct logfile *file)
{
	struct record line = {0};
	const int rc = logfile_next(file, &line);

	if (rc != LOGFILE_LINE)
		return rc;
	assert(line.text.p != NULL);
	file->first_len = line.text.len < POSITION_FIRST_MAX ? line.text.len : POSITION_FIRST_MAX;
	memcpy(file->first, line.text.p, file->first_len);
	file->known = true;
	forget_held(file);
	set_position(file, 0, "", 0, 0);
	return LOGFILE_LINE;
}

/* Returns the offset of the line that ends with the LF before position, or -1 if there is no LF. */
static int64_t line_start(struct logfile *file, int64_t position)
{
	int64_t end = position - 1;

	if (!has_bytes_at(file, end, "\n", 1))
		return -1;
	while (end > 0) {
		const size_t want = end < LOGFILE_BLOCK ? (size_t)end : LOGFILE_BLOCK;
		const char *lf;

		if (pread(file->fd, file->block, want, end - (int64_t)want) != (ssize_t)want)
			return -1;
		end -= (int64_t)want;
		lf = memrchr(file->block, '\n', want);
		if (lf != NULL)
			return end + (lf + 1 - file->block);
	}
	return 0;
}

bool logfile_seek(struct logfile *file, int64_t position, const char *last, size_t last_len)
{
	int64_t start;

	assert(last_len <= POSITION_LAST_MAX);
	forget_held(file);
	set_position(file, 0, "", 0, 0);
	if (position == 0)
		return true;
	if (position < 0)
		return false;
	start = line_start(file, position);
	if (start < 0 || (int64_t)last_len > position - 1 - start || !has_bytes_at(file, start, last, last_len))
		return false;
	set_position(file, start, last_len > 0 ? last : "", last_len, position);
	return true;
}

void logfile_restart(struct logfile *file)
{
	forget_held(file);
	set_position(file, 0, "", 0, 0);
	file->number = 0;
	file->known = false;
	file->first_len = 0;
}

bool logfile_carry_on(struct logfile *other, const struct logfile *file)
{
	if (!file->known || !still_there(other, file))
		return false;
	forget_held(other);
	set_position(other, file->last_start, file->last, file->last_len, file->position);
	memcpy(other->first, file->first, file->first_len);
	other->first_len = file->first_len;
	other->known = true;
	other->number = file->number;
	return true;
}

int64_t logfile_lag(const struct logfile *file)
{
	struct stat st;

	if (fstat(file->fd, &st) < 0 || st.st_size < file->position)
		return 0;
	return st.st_size - file->position;
}
