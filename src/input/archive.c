#include "input/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"

enum {
	HEAD_MAX = 6, /* bytes of the longest magic number below */
	ARCHIVE_BLOCK = 256 << 10,
};

/* Magic numbers of compressed files: gzip RFC 1952, bzip2, xz .xz-format 2.1.1, zstd RFC 8878, lz4 frame, compress. */
static const struct magic {
	size_t len;
	unsigned char bytes[HEAD_MAX];
} magics[] = {
	{2, {0x1F, 0x8B}},
	{3, {'B', 'Z', 'h'}},
	{6, {0xFD, '7', 'z', 'X', 'Z', 0}},
	{4, {0x28, 0xB5, 0x2F, 0xFD}},
	{4, {0x04, 0x22, 0x4D, 0x18}},
	{2, {0x1F, 0x9D}},
};

struct archived {
	char *path;
	int fd;
	struct archive *archive; /* NULL for a plain file */
	const char *unpacked;    /* the last block from libarchive: what has not been returned yet */
	size_t unpacked_len;
	int64_t mtime_s, size, done;
	size_t head_len, head_given; /* the bytes read to detect the format, which are returned first */
	char head[HEAD_MAX];
};

static bool is_compressed(const struct archived *in)
{
	for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
		if (in->head_len >= magics[i].len && memcmp(in->head, magics[i].bytes, magics[i].len) == 0)
			return true;
	return false;
}

/* Feeds libarchive from our descriptor: the head is already read, and standard input cannot be rewound. */
static la_ssize_t feed(struct archive *archive, void *client, const void **ret)
{
	static _Thread_local char block[ARCHIVE_BLOCK];
	struct archived *const in = client;
	ssize_t got;

	*ret = block;
	if (in->head_given < in->head_len) {
		memcpy(block, in->head, in->head_len);
		in->head_given = in->head_len;
		return (la_ssize_t)in->head_len;
	}
	do
		got = read(in->fd, block, sizeof block);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		archive_set_error(archive, errno, "%s", strerror(errno));
	else
		in->done += got;
	return got;
}

static int open_archive(struct archived *in, struct why *why)
{
	struct archive_entry *entry;

	in->archive = alloc_check(archive_read_new(), 0, "libarchive's state");
	(void)archive_read_support_filter_all(in->archive);
	(void)archive_read_support_format_raw(in->archive);
	if (archive_read_open(in->archive, in, NULL, feed, NULL) != ARCHIVE_OK ||
	    archive_read_next_header(in->archive, &entry) != ARCHIVE_OK)
		return why_set(why, EIO, "%s: cannot unpack it: %s", in->path, archive_error_string(in->archive));
	return 0;
}

int archived_open(const char *path, struct archived **ret, struct why *why)
{
	const bool standard_input = strcmp(path, "-") == 0;
	struct archived *const in = alloc_zero(1, sizeof *in, "an old log");
	ssize_t got = 1;
	struct stat st;
	int rc;

	in->path = alloc_text(standard_input ? "standard input" : path, "an old log");
	in->fd = standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (in->fd < 0 || fstat(in->fd, &st) < 0) {
		rc = why_set(why, errno, "%s: %s", path, strerror(errno));
		goto fail;
	}
	if (!standard_input && !S_ISREG(st.st_mode)) {
		rc = why_set(why, EINVAL, "%s: not a regular file", path);
		goto fail;
	}
	in->mtime_s = S_ISREG(st.st_mode) ? st.st_mtime : time(NULL);
	in->size = S_ISREG(st.st_mode) ? st.st_size : 0;
	while (in->head_len < HEAD_MAX && got > 0) {
		got = read(in->fd, in->head + in->head_len, HEAD_MAX - in->head_len);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0)
			in->head_len += (size_t)got;
	}
	if (got < 0) {
		rc = why_set(why, errno, "%s: %s", path, strerror(errno));
		goto fail;
	}
	in->done = (int64_t)in->head_len;
	(void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (is_compressed(in) && (rc = open_archive(in, why)) < 0)
		goto fail;
	*ret = in;
	return 0;
fail:
	archived_close(in);
	return rc;
}

void archived_close(struct archived *in)
{
	if (in == NULL)
		return;
	if (in->archive != NULL)
		(void)archive_read_free(in->archive);
	if (in->fd > STDIN_FILENO)
		(void)close(in->fd);
	free(in->path);
	free(in);
}

int64_t archived_mtime(const struct archived *in)
{
	return in->mtime_s;
}

bool archived_may_grow(const struct archived *in)
{
	return in->size > 0 && in->archive == NULL;
}

void archived_progress(const struct archived *in, int64_t *ret_done, int64_t *ret_size)
{
	*ret_done = in->size > 0 ? in->done : 0;
	*ret_size = in->size;
}

ssize_t archived_peek(const struct archived *in, char *buf, size_t cap, int64_t offset)
{
	return pread(in->fd, buf, cap, offset);
}

int archived_seek(struct archived *in, int64_t offset, struct why *why)
{
	if (lseek(in->fd, offset, SEEK_SET) < 0)
		return why_set(why, errno, "%s: %s", in->path, strerror(errno));
	in->head_given = in->head_len;
	in->done = offset;
	return 0;
}

ssize_t archived_read(struct archived *in, char *buf, size_t cap, struct why *why)
{
	ssize_t got;

	if (in->archive != NULL) {
		/* archive_read_data would lose what the same call unpacked before an error. */
		size_t len;

		while (in->unpacked_len == 0) {
			const void *block;
			la_int64_t offset;
			const int rc = archive_read_data_block(in->archive, &block, &in->unpacked_len, &offset);

			if (rc == ARCHIVE_EOF)
				return 0;
			if (rc < ARCHIVE_OK) {
				in->unpacked_len = 0;
				return why_set(why, EIO, "%s: cannot unpack the rest: %s", in->path,
				               archive_error_string(in->archive));
			}
			in->unpacked = block;
		}
		len = in->unpacked_len < cap ? in->unpacked_len : cap;
		memcpy(buf, in->unpacked, len);
		in->unpacked += len;
		in->unpacked_len -= len;
		return (ssize_t)len;
	}
	if (in->head_given < in->head_len) {
		const size_t left = in->head_len - in->head_given, len = left < cap ? left : cap;

		memcpy(buf, in->head + in->head_given, len);
		in->head_given += len;
		return (ssize_t)len;
	}
	do
		got = read(in->fd, buf, cap);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return why_set(why, errno, "%s: %s", in->path, strerror(errno));
	in->done += got;
	return got;
}
