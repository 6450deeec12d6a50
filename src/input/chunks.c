#include "input/chunks.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "input/archive.h"
#include "input/repeat.h"
#include "input/unwrap.h"

struct chunks {
	char *path;
	bool keep_tail, leave_tail; /* as requested; whether it applies to this file */
	struct archived *in;
	const atomic_bool *stop; /* NULL: nothing stops reading */
	bool eof;
	int rc; /* an error, returned after everything that was read before it */
	struct why why;
	int64_t offset; /* in the log, of the first byte of carry */
	int64_t until;  /* reading stops at this offset */
	size_t first_len, carry_len;
	char first[POSITION_FIRST_MAX];
	char carry[CHUNKS_SIZE]; /* bytes read but not returned yet */
};

static bool is_stopped(const struct chunks *c)
{
	return c->stop != NULL && *c->stop;
}

/* Appends to the *len bytes until there are cap bytes or the file ends. */
static void read_more(struct chunks *c, char *bytes, size_t *len, size_t cap)
{
	while (*len < cap && !c->eof && !is_stopped(c)) {
		const ssize_t got = archived_read(c->in, bytes + *len, cap - *len, &c->why);

		if (got < 0)
			c->rc = (int)got; /* an errno, fits */
		c->eof = got <= 0;
		*len += got > 0 ? (size_t)got : 0;
	}
}

static int open_log(struct chunks *c, struct why *why)
{
	const char *lf;
	size_t len;
	int rc;

	archived_close(c->in);
	c->in = NULL;
	if ((rc = archived_open(c->path, &c->in, why)) < 0)
		return rc;
	c->leave_tail = c->keep_tail && archived_may_grow(c->in);
	c->eof = false;
	c->rc = 0;
	c->offset = 0;
	c->until = INT64_MAX;
	c->carry_len = 0;
	read_more(c, c->carry, &c->carry_len, LINE_MAX_BYTES);
	if (c->rc < 0 && c->carry_len == 0) {
		*why = c->why;
		return c->rc;
	}
	lf = memchr(c->carry, '\n', c->carry_len);
	len = lf == NULL ? c->carry_len : (size_t)(lf - c->carry);
	c->first_len = len < POSITION_FIRST_MAX ? len : POSITION_FIRST_MAX;
	memcpy(c->first, c->carry, c->first_len);
	return 0;
}

int chunks_open(const char *path, bool leave_tail, struct chunks **ret, struct why *why)
{
	struct chunks *const c = alloc_zero(1, sizeof *c, "an old log");
	int rc;

	c->path = alloc_text(path, "an old log");
	c->keep_tail = leave_tail;
	if ((rc = open_log(c, why)) < 0) {
		chunks_close(c);
		return rc;
	}
	*ret = c;
	return 0;
}

void chunks_close(struct chunks *c)
{
	if (c == NULL)
		return;
	archived_close(c->in);
	free(c->path);
	free(c);
}

void chunks_stop_when(struct chunks *c, const atomic_bool *stop)
{
	c->stop = stop;
}

struct span chunks_first(const struct chunks *c)
{
	return (struct span){c->first, c->first_len};
}

int64_t chunks_mtime(const struct chunks *c)
{
	return archived_mtime(c->in);
}

void chunks_progress(const struct chunks *c, int64_t *ret_done, int64_t *ret_size)
{
	archived_progress(c->in, ret_done, ret_size);
}

/* Returns true if the line before a position begins with last. back: the len bytes before the position. */
static bool ends_with(const char *back, size_t len, struct span last)
{
	const char *start;

	if (len > 0 && back[len - 1] == '\n')
		len--;
	start = memrchr(back, '\n', len);
	if (start == NULL && len >= CHUNKS_SIZE - 1)
		return true; /* the beginning of such a long line is no longer in memory */
	start = start == NULL ? back : start + 1;
	len -= (size_t)(start - back);
	return len >= last.len && memcmp(start, last.p, last.len) == 0;
}

/* Skips what is before position. Returns true if the line that ends there begins with last. */
static bool skip_to(struct chunks *c, int64_t position, struct span last)
{
	char *const window = alloc_raw(1, 2 * CHUNKS_SIZE, "an old log"); /* keeps the last bytes, for the comparison */
	size_t kept = c->carry_len;
	bool same;

	memcpy(window, c->carry, kept);
	c->offset += (int64_t)kept;
	c->carry_len = 0;
	while (c->offset < position && !c->eof && !is_stopped(c)) {
		const int64_t left = position - c->offset;
		size_t len = kept;

		read_more(c, window, &len, kept + (left < CHUNKS_SIZE ? (size_t)left : CHUNKS_SIZE));
		c->offset += (int64_t)(len - kept);
		kept = len < CHUNKS_SIZE ? len : CHUNKS_SIZE;
		memmove(window, window + len - kept, kept);
	}
	same = c->offset == position && ends_with(window, kept, last);
	free(window);
	return same;
}

int chunks_seek(struct chunks *c, int64_t position, struct span last, struct why *why)
{
	int rc;

	assert(c->offset == 0 && position >= 0);
	if (position <= (int64_t)c->carry_len) {
		if (!ends_with(c->carry, (size_t)position, last))
			return CHUNKS_OTHER;
		c->offset = position;
		c->carry_len -= (size_t)position;
		memmove(c->carry, c->carry + position, c->carry_len);
		return 0;
	}
	if (skip_to(c, position, last))
		return 0;
	/* The file is damaged before the position: it cannot be verified, and what is readable was read before. */
	if (c->rc < 0) {
		*why = c->why;
		return c->rc;
	}
	if (strcmp(c->path, "-") == 0)
		return why_set(why, EINVAL,
		               "standard input starts like a log in the database but differs from it; replay it from "
		               "a file");
	rc = open_log(c, why);
	return rc < 0 ? rc : CHUNKS_OTHER;
}

int64_t chunks_size(const struct chunks *c)
{
	int64_t done, size;

	archived_progress(c->in, &done, &size);
	return archived_may_grow(c->in) ? size : 0;
}

size_t chunks_peek(const struct chunks *c, int64_t offset, char *line, size_t cap, int64_t *ret_start)
{
	char bytes[2 * LINE_MAX_BYTES];
	const ssize_t got = archived_peek(c->in, bytes, sizeof bytes, offset > 0 ? offset - 1 : 0);
	const char *start = bytes, *end;
	size_t len;

	if (got <= 0)
		return 0;
	if (offset > 0) { /* the byte before shows whether a line begins here */
		start = memchr(bytes, '\n', (size_t)got);
		if (start++ == NULL)
			return 0;
	}
	end = memchr(start, '\n', (size_t)(bytes + got - start));
	len = (size_t)((end == NULL ? bytes + got : end) - start);
	len = len < cap ? len : cap;
	memcpy(line, start, len);
	*ret_start = (offset > 0 ? offset - 1 : 0) + (start - bytes);
	return len;
}

int chunks_bound(struct chunks *c, int64_t from, int64_t until, struct why *why)
{
	assert(c->offset == 0 && archived_may_grow(c->in));
	c->until = until;
	if (from > 0) {
		const int rc = archived_seek(c->in, from, why);

		if (rc < 0)
			return rc;
		c->offset = from;
		c->carry_len = 0;
		c->eof = false;
	}
	return 0;
}

/* Returns the beginning of a line longer than a chunk, and skips the rest. */
static void read_overlong(struct chunks *c, struct chunks_piece *piece)
{
	const char *lf = NULL;

	piece->is_cut = true;
	piece->end = piece->start + (int64_t)piece->len;
	while (lf == NULL && !c->eof && !is_stopped(c)) {
		size_t len = 0;

		read_more(c, c->carry, &len, CHUNKS_SIZE);
		lf = memchr(c->carry, '\n', len);
		piece->end += lf == NULL ? (int64_t)len : lf + 1 - c->carry;
		if (lf != NULL) {
			c->carry_len = len - (size_t)(lf + 1 - c->carry);
			memmove(c->carry, lf + 1, c->carry_len);
		}
	}
	piece->len = LINE_MAX_BYTES;
}

/* Returns the line whose LF is the byte before at. */
static struct span line_before(const char *bytes, size_t at)
{
	const char *const lf = at > 1 ? memrchr(bytes, '\n', at - 1) : NULL;
	const char *const start = lf == NULL ? bytes : lf + 1;

	return (struct span){start, (size_t)(bytes + at - 1 - start)};
}

/*
 * Returns how many of the whole bytes belong to this chunk, so that related lines stay together: the parts of a line
 * (unwrap.h), and, if more follows, a line and those that repeat it (repeat.h), which may or may not be in the buffer
 * yet.
 */
static size_t piece_end(const char *bytes, size_t whole, bool more)
{
	size_t at = whole;

	while (more && at > 0 && repeat_may_be(line_before(bytes, at)))
		at = (size_t)(line_before(bytes, at).p - bytes);
	if (more && at > 0)
		at = (size_t)(line_before(bytes, at).p - bytes);
	while (at > 0 && unwrap_is_part(line_before(bytes, at)))
		at = (size_t)(line_before(bytes, at).p - bytes);
	return at == 0 && more ? whole : at; /* the chunk has no other lines: they must be separated */
}

int chunks_next(struct chunks *c, struct chunks_piece *piece, struct why *why)
{
	const char *lf;

	if (c->offset >= c->until)
		return CHUNKS_END;
	piece->start = c->offset;
	piece->is_cut = false;
	piece->len = c->carry_len;
	memcpy(piece->bytes, c->carry, c->carry_len);
	c->carry_len = 0;
	read_more(c, piece->bytes, &piece->len, CHUNKS_SIZE);
	lf = memrchr(piece->bytes, '\n', piece->len);
	if (lf == NULL && piece->len == CHUNKS_SIZE && !c->eof) {
		read_overlong(c, piece);
	} else {
		const bool tail = c->eof && !c->leave_tail && c->rc == 0;
		size_t whole = tail ? piece->len : lf == NULL ? 0 : (size_t)(lf + 1 - piece->bytes);

		if (!tail)
			whole = piece_end(piece->bytes, whole, !c->eof);
		if (!c->eof) {
			c->carry_len = piece->len - whole;
			memcpy(c->carry, piece->bytes + whole, c->carry_len);
		}
		piece->len = whole;
		piece->end = piece->start + (int64_t)whole;
	}
	piece->bytes[piece->len] = '\0';
	if (is_stopped(c))
		return CHUNKS_END; /* nothing of this chunk was returned, so the position stays before it */
	c->offset = piece->end;
	if (piece->len > 0)
		return 0;
	if (c->rc < 0)
		*why = c->why;
	return c->rc < 0 ? c->rc : CHUNKS_END;
}

bool chunks_line(const struct chunks_piece *piece, size_t *at, struct record *ret)
{
	const char *const p = piece->bytes + *at, *const end = piece->bytes + piece->len, *stop, *lf;
	size_t len;

	if (p >= end)
		return false;
	stop = strchrnul(p, '\n'); /* the LF, or a NUL before it, or the NUL after the chunk */
	ret->clean = stop == end || *stop == '\n';
	lf = ret->clean ? stop : memchr(stop, '\n', (size_t)(end - stop));
	len = (size_t)((lf == NULL ? end : lf) - p);
	ret->text = (struct span){p, len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES};
	ret->cut = len > LINE_MAX_BYTES || piece->is_cut;
	ret->start = piece->start + (int64_t)*at;
	*at += len + (p + len < end);
	ret->next = piece->start + (int64_t)*at;
	if (ret->cut && piece->is_cut)
		ret->next = piece->end;
	return true;
}
