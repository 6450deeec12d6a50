#include "rulecheck/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"

struct buffer {
	char *bytes; /* SAMPLE_MAX bytes and a NUL */
	size_t n;
};

static int write_all(int fd, const char *p, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, p, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		p += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Frees the buffer unless *ret takes it over. */
static int finish(struct buffer *b, struct sample *ret, struct why *why)
{
	int fd = -1, rc = 0;

	if (b->n == 0)
		rc = why->text[0] != '\0' ? -ENODATA : why_set(why, ENODATA, "there are no lines");
	else if ((fd = memfd_create("log", MFD_CLOEXEC)) < 0)
		rc = why_set(why, errno, "a file in memory: %s", strerror(errno));
	else if ((rc = write_all(fd, b->bytes, b->n)) < 0)
		rc = why_set(why, -rc, "a file in memory: %s", strerror(-rc));
	if (rc < 0) {
		if (fd >= 0)
			(void)close(fd);
		free(b->bytes);
		return rc;
	}
	b->bytes[b->n] = '\0';
	*ret = (struct sample){fd, b->bytes, b->n};
	return 0;
}

void sample_done(struct sample *sample)
{
	(void)close(sample->fd);
	free(sample->text);
	*sample = (struct sample){.fd = -1};
}

/* --- files --- */

/* Adds at most the last max bytes, from the beginning of a line to the end of one. */
static void add_tail(struct buffer *b, int fd, off_t size, size_t max)
{
	const off_t from = size > (off_t)max ? size - (off_t)max : 0;
	char *const to = b->bytes + b->n, *begin = to, *end;
	ssize_t got;
	size_t n = 0;

	while (n < max && (got = pread(fd, to + n, max - n, from + (off_t)n)) > 0)
		n += (size_t)got;
	if (from > 0 && (begin = memchr(to, '\n', n)) != NULL)
		begin++;
	if (begin == NULL || (end = memrchr(begin, '\n', (size_t)(to + n - begin))) == NULL)
		return;
	memmove(to, begin, (size_t)(end + 1 - begin));
	b->n += (size_t)(end + 1 - begin);
}

static void add_file(struct buffer *b, const char *path, size_t max, struct why *why)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	int rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		rc = -errno;
	else if (!S_ISREG(st.st_mode))
		rc = -EINVAL;
	else
		add_tail(b, fd, st.st_size, max);
	if (fd >= 0)
		(void)close(fd);
	if (rc < 0 && why->text[0] == '\0')
		(void)why_set(why, -rc, "%s: %s", path, rc == -EINVAL ? "not a file" : strerror(-rc));
}

int sample_files(const char *const *paths, size_t n, struct sample *ret, struct why *why)
{
	struct buffer b = {.bytes = alloc_raw(SAMPLE_MAX + 1, 1, "the lines of a log")};
	glob_t found = {0};

	why->text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		(void)glob(paths[i], GLOB_NOCHECK | (i > 0 ? GLOB_APPEND : 0), NULL, &found);
	for (size_t i = 0; i < found.gl_pathc; i++)
		add_file(&b, found.gl_pathv[i], (SAMPLE_MAX - b.n) / (found.gl_pathc - i), why);
	if (n > 0)
		globfree(&found);
	return finish(&b, ret, why);
}

/* --- the journal --- */

int sample_journal(const struct journal_where *where, int64_t since_s, struct sample *ret, struct why *why)
{
	struct buffer b = {.bytes = alloc_raw(SAMPLE_MAX + 1, 1, "the lines of the journal")};
	char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES];
	struct journal *journal = NULL;
	struct journal_entry entry;
	int rc = journal_open(where, &journal, why);

	if (rc == 0)
		rc = journal_seek_time(journal, since_s, why);
	while (rc == 0 && b.n + sizeof text + 1 < SAMPLE_MAX && (rc = journal_next(journal, &entry, why)) == 0) {
		const struct span line = journal_text(&entry.record, text, sizeof text);

		memcpy(b.bytes + b.n, line.p, line.len);
		b.n += line.len;
		b.bytes[b.n++] = '\n';
	}
	journal_close(journal);
	if (rc < 0) {
		free(b.bytes);
		return rc;
	}
	why->text[0] = '\0';
	return finish(&b, ret, why);
}
