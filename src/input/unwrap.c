#include "input/unwrap.h"

#include <stdint.h>
#include <string.h>

#include "input/cursor.h"
#include "input/frame.h"

enum { STAMP_LEN_MAX = 40 }; /* bytes of "2026-11-20T14:01:02.123456789+01:00", and some to spare */

static const char json_start[] = "{\"log\":\"";

/* --- json-file --- */

/* Where decoded text is written; it is never longer than its source. */
struct out {
	char *p;
};

static void put_utf8(struct out *out, uint32_t c)
{
	if (c < 0x80) {
		*out->p++ = (char)c;
		return;
	}
	if (c < 0x800) {
		*out->p++ = (char)(0xC0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*out->p++ = (char)(0xE0 | c >> 12);
		} else {
			*out->p++ = (char)(0xF0 | c >> 18);
			*out->p++ = (char)(0x80 | (c >> 12 & 0x3F));
		}
		*out->p++ = (char)(0x80 | (c >> 6 & 0x3F));
	}
	*out->p++ = (char)(0x80 | (c & 0x3F));
}

/* Returns the end of four hexadecimal digits, or NULL. */
static const char *read_hex4(const char *p, const char *end, uint32_t *ret)
{
	static const char digits[] = "0123456789abcdef0123456789ABCDEF";

	if (end - p < 4)
		return NULL;
	*ret = 0;
	for (int i = 0; i < 4; i++) {
		const char *const digit = memchr(digits, p[i], sizeof digits - 1);

		if (digit == NULL)
			return NULL;
		*ret = *ret << 4 | (uint32_t)(digit - digits) % 16;
	}
	return p + 4;
}

/* Decodes "\u00e9" or a pair such as "\ud83d\ude00"; p: after the "\u". Returns its end, or NULL for half a pair. */
static const char *read_unicode(const char *p, const char *end, struct out *out)
{
	uint32_t c, low;

	p = read_hex4(p, end, &c);
	if (p == NULL || (c >= 0xDC00 && c < 0xE000))
		return NULL;
	if (c >= 0xD800 && c < 0xDC00) {
		p = cursor_word(p, end, "\\u");
		if (p == NULL || (p = read_hex4(p, end, &low)) == NULL || low < 0xDC00 || low >= 0xE000)
			return NULL;
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
	}
	put_utf8(out, c);
	return p;
}

/* Decodes an escape; p: after its backslash. Returns its end, or NULL if there is no such escape. */
static const char *read_escape(const char *p, const char *end, struct out *out)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	const char *name;

	if (p == end)
		return NULL;
	if (*p == 'u')
		return read_unicode(p + 1, end, out);
	name = memchr(names, *p, sizeof names - 1);
	if (name == NULL)
		return NULL;
	*out->p++ = values[name - names];
	return p + 1;
}

/* Decodes a string; p: after its opening quote. Returns the end of the closing quote, or NULL if there is none. */
static const char *read_string(const char *p, const char *end, struct out *out)
{
	while (p != NULL && p < end && *p != '"') {
		if (*p == '\\')
			p = read_escape(p + 1, end, out);
		else
			*out->p++ = *p++;
	}
	return p == NULL || p == end ? NULL : p + 1;
}

/* What follows the text of a json-file line. */
struct rest {
	struct span stream, time;
};

static bool read_rest(const char *p, const char *end, struct rest *ret)
{
	static const char key[] = ",\"time\":\"";
	const char *const stream = cursor_word(p, end, ",\"stream\":\""), *stream_end, *time = NULL;

	if (stream == NULL || end - p < 3 || end[-1] != '}' || end[-2] != '"')
		return false;
	stream_end = cursor_lower(stream, end);
	for (const char *q = stream_end; (q = memmem(q, (size_t)(end - q), key, sizeof key - 1)) != NULL;) {
		q += sizeof key - 1;
		time = q;
	}
	if (time == NULL || end - 2 - time > STAMP_LEN_MAX)
		return false;
	*ret = (struct rest){cursor_span(stream, stream_end), cursor_span(time, end - 2)};
	return memchr(ret->time.p, '"', ret->time.len) == NULL && memchr(ret->time.p, ' ', ret->time.len) == NULL;
}

static void put(struct out *out, struct span text)
{
	memcpy(out->p, text.p, text.len);
	out->p += text.len;
}

/*
 * Converts a line of json-file to a line of CRI. Returns false if it is none or is damaged. out: LINE_MAX_BYTES; the
 * result fits, because the keys and quotes are longer than what replaces them. The text is decoded first, and then
 * moved behind the rest.
 */
static bool decode(struct span text, char *out, size_t *ret_len)
{
	const char *const end = text.p + text.len, *const start = cursor_word(text.p, end, json_start), *p;
	struct out at = {out};
	char head[STAMP_LEN_MAX + 16];
	struct out head_at = {head};
	struct rest rest;
	size_t len, head_len;
	bool whole;

	if (start == NULL || text.len > LINE_MAX_BYTES || (p = read_string(start, end, &at)) == NULL ||
	    !read_rest(p, end, &rest))
		return false;
	if (!span_is(rest.stream, "stdout") && !span_is(rest.stream, "stderr"))
		return false;
	len = (size_t)(at.p - out);
	whole = len > 0 && out[len - 1] == '\n';
	len -= whole;
	if (memchr(out, '\n', len) != NULL)
		return false; /* the runtime splits lines; so this is something else */
	put(&head_at, rest.time);
	put(&head_at, cursor_constant(" "));
	put(&head_at, rest.stream);
	put(&head_at, cursor_constant(whole ? " F " : " P "));
	head_len = (size_t)(head_at.p - head);
	memmove(out + head_len, out, len);
	memcpy(out, head, head_len);
	*ret_len = head_len + len;
	return true;
}

/* --- CRI --- */

/* A line of CRI. */
struct cri {
	size_t stream; /* its index in struct unwrap */
	bool part;
	size_t head; /* bytes before the text */
};

static bool read_cri(struct span text, struct cri *ret)
{
	const char *const end = text.p + text.len, *blank, *content;

	if (text.len < 20 || text.p[4] != '-' || text.p[10] != 'T')
		return false;
	blank = memchr(text.p, ' ', text.len < STAMP_LEN_MAX ? text.len : STAMP_LEN_MAX);
	content = blank == NULL ? NULL : frame_stream(blank + 1, end, &ret->part);
	if (content == NULL)
		return false;
	ret->stream = cursor_word(blank + 1, end, "stderr") != NULL;
	ret->head = (size_t)(content - text.p);
	return true;
}

/* Appends text to what the stream holds. */
static void append(struct unwrap_open *open, struct span text)
{
	const size_t left = sizeof open->text - open->len, len = text.len < left ? text.len : left;

	memcpy(open->text + open->len, text.p, len);
	open->len += len;
	open->cut |= len < text.len;
}

/* Adds a part to a line: the first, another, or the last. */
static int join(struct unwrap *unwrap, struct span text, const struct cri *cri, bool *cut, struct span *ret)
{
	struct unwrap_open *const open = &unwrap->open[cri->stream];

	if (!open->waits) {
		open->len = 0;
		open->cut = false;
		append(open, (struct span){text.p, cri->head});
		open->text[cri->head - 2] = 'F';
	}
	append(open, (struct span){text.p + cri->head, text.len - cri->head});
	open->cut |= *cut;
	open->waits = cri->part;
	unwrap->waits = unwrap->open[0].waits || unwrap->open[1].waits;
	*cut = open->cut;
	*ret = (struct span){open->text, open->len};
	return cri->part ? UNWRAP_PART : UNWRAP_LINE;
}

/* The end of a json-file line is missing: it may belong to either stream, and may continue or not. */
static void expect_rest(struct unwrap *unwrap)
{
	unwrap->waits = true;
	for (int i = 0; i < UNWRAP_STREAMS; i++)
		unwrap->open[i].waits = unwrap->open[i].cut = true;
}

int unwrap_next(struct unwrap *unwrap, struct span text, bool *cut, struct span *ret)
{
	struct span plain = text;
	struct cri cri;
	size_t len;

	*ret = text;
	if (decode(text, unwrap->decoded, &len))
		plain = (struct span){unwrap->decoded, len};
	else if (*cut && cursor_word(text.p, text.p + text.len, json_start) != NULL)
		expect_rest(unwrap);
	if (!read_cri(plain, &cri))
		return UNWRAP_LINE;
	if (cri.part || unwrap->open[cri.stream].waits)
		return join(unwrap, plain, &cri, cut, ret);
	*ret = plain;
	return UNWRAP_LINE;
}

struct span unwrap_one(struct span text, char out[static LINE_MAX_BYTES])
{
	size_t len;

	return decode(text, out, &len) ? (struct span){out, len} : text;
}

bool unwrap_is_part(struct span text)
{
	const bool cut = text.len > LINE_MAX_BYTES;
	char decoded[LINE_MAX_BYTES];
	struct cri cri;

	if (cut)
		text.len = LINE_MAX_BYTES;
	if (cut && cursor_word(text.p, text.p + text.len, json_start) != NULL)
		return true; /* it may continue */
	return read_cri(unwrap_one(text, decoded), &cri) && cri.part;
}
