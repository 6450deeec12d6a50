#include "input/line.h"

#include "input/cursor.h"
#include "input/frame.h"
#include "input/ownfile.h"
#include "input/rfc5424.h"
#include "input/stamp.h"
#include "input/tag.h"

#include <string.h>
#include <time.h>

enum {
	HOST_WORDS_MAX = 3,       /* "my host name": rsyslog accepts blanks in host names */
	BACK_MAX_S = 183 * 86400, /* half a year */
	JSON_HEAD_MAX = 512,      /* bytes of a line in which its time stamp is searched */
	KERIO_LEN = 20,           /* bytes of "20/Nov/2026 13:37:42"; a longer stamp has a zone */
};

/* Returns the end of the kernel's "[12345.678901] " or "[    1.000001] ", or p. */
static const char *skip_uptime(const char *p, const char *end)
{
	const char *q = p + 1, *digits;

	while (q < end && *q == ' ')
		q++;
	digits = q;
	q = cursor_digits(q, end);
	if (q == digits || q == end || *q != '.')
		return p;
	digits = ++q;
	q = cursor_digits(q, end);
	return q > digits && end - q >= 2 && q[0] == ']' && q[1] == ' ' ? q + 2 : p;
}

/* Returns the end of Solaris' "[ID 197553 mail.warning] ", or p. */
static const char *skip_solaris_id(const char *p, const char *end)
{
	const char *q = cursor_word(p, end, "[ID "), *word;

	if (q == NULL)
		return p;
	word = cursor_digits(q, end);
	if (word == q || word == end || *word != ' ')
		return p;
	q = ++word;
	while (q < end && (cursor_is_lower(*q) || cursor_is_digit(*q) || *q == '.'))
		q++;
	return q > word && end - q >= 2 && q[0] == ']' && q[1] == ' ' ? q + 2 : p;
}

/* Sets the message to the rest, without what syslog daemons put in front of it. p: after the header's blank. */
static void set_message(struct line *line, const char *p, const char *end)
{
	if (p < end && *p == '[') {
		p = skip_solaris_id(p, end);
		if (p < end && *p == '[' && span_is(line->program, "kernel"))
			p = skip_uptime(p, end);
	} else if (p < end && *p == '\xEF') {
		const char *const text = cursor_word(p, end, "\xEF\xBB\xBF");

		if (text != NULL)
			p = text;
	}
	line->message = cursor_span(p, end);
}

/* Skips one blank, if there is one. */
static const char *skip_blank(const char *p, const char *end)
{
	return p < end && *p == ' ' ? p + 1 : p;
}

/* Remembers the host of the line: a single word with the blank after it, followed by a tag. */
static void note_host(struct line_clock *clock, struct span host)
{
	clock->host_len = host.len <= PREFIX16_BYTES ? (uint8_t)host.len : 0;
	clock->host_head = prefix16_head(host.p, clock->host_len);
}

/* Parses a line with the host of the line before. The host cannot be a tag, so only what follows is checked. */
static bool parse_same_host(const struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const char *tag_end;

	if (clock->host_len == 0 || end - p <= clock->host_len ||
	    !prefix16_begin(prefix16_of(p, (size_t)(end - p)), &clock->host_head))
		return false;
	tag_end = tag_read(line, p + clock->host_len, end, true);
	if (tag_end == NULL)
		return false;
	line->host = (struct span){p, (size_t)clock->host_len - 1};
	set_message(line, skip_blank(tag_end, end), end);
	return true;
}

/* Parses metalog's "[tag] message". */
static bool parse_metalog(struct line *line, const char *p, const char *end)
{
	const char *const name = cursor_word(p, end, "["), *name_end, *message;

	if (name == NULL)
		return false;
	name_end = tag_name(name, end);
	message = cursor_word(name_end, end, "] ");
	if (name_end == name || message == NULL)
		return false;
	line->program = cursor_span(name, name_end);
	set_message(line, message, end);
	return true;
}

/* Parses the words up to the tag, if the host is not that of the line before. */
static void parse_host_and_tag(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const char *const start = p, *host_end = NULL, *first_end = NULL;

	for (int word = 0; word <= HOST_WORDS_MAX; word++) {
		const char *word_end = tag_read(line, p, end, word == 1);

		if (word_end != NULL) {
			if (word == 0 && line->pid.p == NULL && ownfile_dovecot(line, start, end))
				return;
			if (word > 0)
				line->host = cursor_span(start, host_end);
			if (word == 1)
				note_host(clock, cursor_span(start, p));
			set_message(line, skip_blank(word_end, end), end);
			return;
		}
		if (word <= 1 && (ownfile_sogo(line, p, end) || ownfile_horde(line, p, end))) {
			if (word == 1)
				line->host = cursor_span(start, host_end);
			return;
		}
		word_end = tag_host(p, end);
		if (word_end == p || (word_end < end && *word_end != ' '))
			break;
		if (word == 0)
			first_end = word_end;
		host_end = word_end;
		p = skip_blank(word_end, end);
	}
	/* There is no tag. */
	if (first_end != NULL)
		line->host = cursor_span(start, first_end);
	else if (ownfile_dovecot(line, start, end))
		return;
	set_message(line, first_end == NULL ? start : skip_blank(first_end, end), end);
}

/* Parses what syslog daemons write after the stamp: [host] tag: message. */
static void parse_syslog(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	if (!parse_same_host(clock, line, p, end))
		parse_host_and_tag(clock, line, p, end);
}

/*
 * Returns true for what other programs write in the place of a host: "INFO", or Exim's "1xUP5r-00001E-1Z" and
 * "1xUP5r-000000001CX-1aBc".
 */
static bool is_no_host(struct span word)
{
	const char *const end = word.p + word.len;

	if (cursor_upper(word.p, end) == end)
		return true;
	return (word.len == 16 && word.p[6] == '-' && word.p[13] == '-') ||
	       (word.len == 23 && word.p[6] == '-' && word.p[18] == '-');
}

/*
 * Parses "host tag[pid]: " after a stamp that is usually Exim's: nothing less proves that another program wrote the
 * line.
 */
static bool parse_iso_host(struct line *line, const char *p, const char *end)
{
	const char *const host_end = tag_host(p, end), *tag_end;
	struct line tagged = *line;

	if (host_end == p || host_end == end || *host_end != ' ' || is_no_host(cursor_span(p, host_end)))
		return false;
	tag_end = tag_read(&tagged, host_end + 1, end, false);
	if (tag_end == NULL || (tagged.pid.p == NULL && !span_is(tagged.program, "dovecot")))
		return false;
	tagged.host = cursor_span(p, host_end);
	*line = tagged;
	set_message(line, skip_blank(tag_end, end), end);
	return true;
}

/* Returns the end of "<22>", or NULL. */
static const char *skip_priority(const char *p, const char *end)
{
	const char *const digits_end = cursor_digits(++p, end);

	if (digits_end == p || digits_end - p > 3 || digits_end == end || *digits_end != '>')
		return NULL;
	return digits_end + 1;
}

/* Returns the end of "<mail.info> " of FreeBSD's syslogd -v, or p. */
static const char *skip_facility(const char *p, const char *end)
{
	const char *q;

	if (p == end || *p != '<')
		return p;
	for (q = p + 1; q < end && (cursor_is_lower(*q) || cursor_is_digit(*q) || *q == '.'); q++)
		;
	return q > p + 1 && end - q >= 2 && q[0] == '>' && q[1] == ' ' ? q + 2 : p;
}

/* Parses what follows "[stamp] ". The form of the stamp shows which programs may have written it. */
static bool parse_bracketed(struct line *line, const struct stamp *stamp, bool zoned, const char *p, const char *end)
{
	switch (stamp->form) {
	case STAMP_BLANK_COMMA:
		return ownfile_mailu(line, p, end);
	case STAMP_CTIME:
		line->program = cursor_constant("kernel");
		return true;
	case STAMP_PHP:
		return parse_iso_host(line, p, end);
	case STAMP_KERIO:
		if (parse_iso_host(line, p, end))
			return true;
		line->program = cursor_constant("kerio");
		return !zoned;
	case STAMP_SYSLOG:
	case STAMP_FULL:
	case STAMP_RFC3339:
	case STAMP_COMMA:
	case STAMP_BLANK:
	case STAMP_NGINX:
	case STAMP_TAI64N:
		break;
	}
	return false;
}

/*
 * Parses a line that begins with "[": Roundcube's, with a date format that its administrator chooses; those of dmesg
 * -T, Kerio, Mailu and Haraka.
 */
static bool parse_bracket(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct stamp stamp;
	const char *const stamp_end = stamp_read(clock, p + 1, end, &stamp);
	const char *message;

	if (stamp_end == NULL)
		return ownfile_haraka(line, p, end);
	line->time_s = stamp.time_s;
	line->has_time = true;
	message = cursor_word(stamp_end, end, "]: ");
	if (message != NULL) {
		line->program = cursor_constant("roundcube");
		line->message = cursor_span(message, end);
		return true;
	}
	message = cursor_word(stamp_end, end, "] ");
	if (message == NULL)
		return false;
	line->message = cursor_span(message, end);
	return parse_bracketed(line, &stamp, stamp_end - (p + 1) > KERIO_LEN, message, end);
}

static bool parse(struct line_clock *clock, struct line *line, const char *p, const char *end);

/* Parses the line inside a frame. Returns false, with *line unchanged, if it has no header of its own. */
static bool parse_inner(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct line inner = {.frames = (uint8_t)(line->frames + 1)}; /* at most FRAME_MAX + 1 */

	if (p == end || inner.frames > FRAME_MAX || !parse(clock, &inner, p, end))
		return false;
	if (!inner.has_time) {
		inner.has_time = line->has_time;
		inner.time_s = line->time_s;
	}
	if (inner.host.p == NULL)
		inner.host = line->host;
	*line = inner;
	return true;
}

/*
 * Parses a line that a container's program wrote without a stamp: "tag: message" or Dovecot's form; otherwise all of it
 * is the message.
 */
static void parse_untimed(struct line *line, const char *p, const char *end)
{
	const char *tag_end;

	if (ownfile_dovecot(line, p, end))
		return;
	tag_end = tag_read(line, p, end, false);
	set_message(line, tag_end == NULL ? p : skip_blank(tag_end, end), end);
}

/* Parses what may follow an RFC 3339 stamp of a container runtime. */
static bool parse_logged(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	bool part;
	const char *const text = frame_stream(p, end, &part);

	if (text == NULL)
		return parse_inner(clock, line, p, end);
	line->part = part && line->frames == 0;
	if (line->part)
		line->message = cursor_span(text, end);
	else if (!parse_inner(clock, line, text, end))
		parse_untimed(line, text, end);
	return true;
}

static bool parse_rfc3339(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	if (parse_same_host(clock, line, p, end) || parse_logged(clock, line, p, end))
		return true;
	if (p < end && *p == '[' && ownfile_haraka(line, p, end))
		return true;
	if (p < end && *p >= 'A' && *p <= 'Z' && (ownfile_stalwart(line, p, end) || ownfile_horde_level(line, p, end)))
		return true;
	parse_host_and_tag(clock, line, p, end);
	return true;
}

/* Parses a line that begins with its stamp. The form of the stamp shows which programs may have written it. */
static bool parse_stamped(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct stamp stamp;

	p = stamp_read(clock, p, end, &stamp);
	if (p == NULL || p == end || *p != ' ')
		return false;
	p++;
	line->time_s = stamp.time_s;
	line->has_time = true;
	switch (stamp.form) {
	case STAMP_RFC3339:
		return parse_rfc3339(clock, line, p, end);
	case STAMP_SYSLOG:
		if (p < end && *p == '[' && parse_metalog(line, p, end))
			return true;
		p = skip_facility(p, end);
		parse_syslog(clock, line, p, end);
		return true;
	case STAMP_FULL:
	case STAMP_PHP:
	case STAMP_KERIO:
		parse_syslog(clock, line, p, end);
		return true;
	case STAMP_BLANK:
		if (!ownfile_dovecot(line, p, end) && !parse_iso_host(line, p, end))
			ownfile_exim(line, p, end);
		return true;
	case STAMP_BLANK_COMMA:
		return ownfile_zimbra(line, p, end) || ownfile_proftpd(line, p, end);
	case STAMP_NGINX:
		return ownfile_nginx(line, p, end);
	case STAMP_CTIME:
		return ownfile_vsftpd(line, p, end);
	case STAMP_COMMA:
		line->program = cursor_constant("kernel");
		set_message(line, p, end);
		return true;
	case STAMP_TAI64N:
		break; /* impossible here: it begins with "@" */
	}
	return false;
}

static bool parse_tai64n(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct stamp stamp;

	p = stamp_read_tai64n(p, end, &stamp);
	if (p == NULL || p == end || *p != ' ')
		return false;
	line->time_s = stamp.time_s;
	line->has_time = true;
	parse_syslog(clock, line, p + 1, end);
	return true;
}

/* Parses the file of Dovecot 1: "dovecot: 2026-11-20 13:37:42 Info: message". p: after "dovecot: ". */
static bool parse_dovecot_first(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const struct span program = {p - strlen("dovecot: "), strlen("dovecot")};
	struct stamp stamp;
	const char *message;

	p = stamp_read(clock, p, end, &stamp);
	if (p == NULL || (stamp.form != STAMP_BLANK && stamp.form != STAMP_SYSLOG))
		return false;
	message = p < end && *p == ' ' ? ownfile_dovecot_level(p + 1, end) : NULL;
	if (message == NULL)
		return false;
	line->time_s = stamp.time_s;
	line->has_time = true;
	line->program = program;
	line->message = cursor_span(message, end);
	return true;
}

/*
 * Parses Stalwart's JSON: one object per line, with "createdAt" before any text of a client. All of it is the message.
 */
static bool parse_stalwart_json(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	static const char key[] = "\"createdAt\":\"";
	const size_t len = (size_t)(end - p);
	const char *const found = memmem(p, len < JSON_HEAD_MAX ? len : JSON_HEAD_MAX, key, sizeof key - 1);
	struct stamp stamp;
	const char *stamp_end;

	if (p[0] != '{' || len < 2 || p[1] != '"' || found == NULL)
		return false;
	stamp_end = stamp_read(clock, found + sizeof key - 1, end, &stamp);
	if (stamp_end == NULL || stamp.form != STAMP_RFC3339 || stamp_end == end || *stamp_end != '"')
		return false;
	line->time_s = stamp.time_s;
	line->has_time = true;
	line->program = cursor_constant("stalwart");
	line->message = cursor_span(p, end);
	return true;
}

static bool parse_header(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const char *rest;

	switch (*p) {
	case ' ':
	case '\t':
		return false;
	case '<':
		p = skip_priority(p, end);
		if (p == NULL || p == end)
			return false;
		rest = cursor_word(p, end, "1 ");
		if (rest == NULL)
			return parse_stamped(clock, line, p, end);
		rest = rfc5424_read(clock, line, rest - 1, end);
		if (rest == NULL)
			return false;
		set_message(line, rest, end);
		return true;
	case '[':
		return parse_bracket(clock, line, p, end);
	case '{':
		return parse_stalwart_json(clock, line, p, end);
	case '@':
		return parse_tai64n(clock, line, p, end);
	case 'd':
		rest = cursor_word(p, end, "dovecot: ");
		if (rest != NULL)
			return parse_dovecot_first(clock, line, rest, end);
		return parse_stamped(clock, line, p, end);
	default:
		return parse_stamped(clock, line, p, end);
	}
}

/*
 * Parses a line that begins like the one before, as most do: with a stamp that differs only in its seconds, and the
 * same host. Returns false if parse, which takes longer, might find something else; *line is undefined then.
 */
static bool parse_again(const struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct stamp stamp;

	p = stamp_read_again(clock, p, end, &stamp);
	if (p == NULL || p == end || *p != ' ' || (stamp.form != STAMP_RFC3339 && stamp.form != STAMP_SYSLOG) ||
	    !parse_same_host(clock, line, p + 1, end) || frame_may_be_container(line->program))
		return false;
	line->time_s = stamp.time_s;
	line->has_time = true;
	line->frames = 0;
	line->part = false;
	return true;
}

/* Parses a header and the frames before it; p < end. Returns false if there is no header. */
static bool parse(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const char *named;

	if (parse_header(clock, line, p, end)) {
		if (frame_may_be_container(line->program) && frame_is_container(line->program))
			(void)parse_inner(clock, line, line->message.p, line->message.p + line->message.len);
		return true;
	}
	*line = (struct line){.frames = line->frames};
	named = frame_name(p, end);
	return named != NULL && parse_inner(clock, line, named, end);
}

void line_clock_init(struct line_clock *clock, int64_t end_s, int year)
{
	tzset(); /* localtime_r does not have to call it */
	*clock = (struct line_clock){.end_s = end_s, .year = year};
}

int line_parse(struct line_clock *clock, const char *text, size_t len, struct line *ret)
{
	if (memchr(text, '\0', len) == NULL)
		return line_parse_clean(clock, text, len, ret);
	*ret = (struct line){.has_time = false};
	return LINE_UNPARSED;
}

int line_parse_clean(struct line_clock *clock, const char *text, size_t len, struct line *ret)
{
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (!parse_again(clock, ret, text, text + len)) {
		*ret = (struct line){.has_time = false};
		if (len == 0 || !parse(clock, ret, text, text + len)) {
			*ret = (struct line){.has_time = false};
			return LINE_UNPARSED;
		}
		if (ret->part) {
			*ret = (struct line){.message = ret->message, .part = true};
			return LINE_PART;
		}
	}
	/* A date long ago, such as Feb 29 in another year, must not change the year of the following lines. */
	if (ret->has_time && ret->time_s >= clock->last_s - BACK_MAX_S)
		clock->last_s = ret->time_s;
	return LINE_OK;
}

int line_known(struct line_clock *clock, bool printed, struct line *line)
{
	const int64_t time_s = line->time_s;
	const char *const p = line->message.p;
	const size_t len = line->message.len - (line->message.len > 0 && p[line->message.len - 1] == '\r');

	if (len == 0 || memchr(p, '\0', len) != NULL) {
		*line = (struct line){.has_time = false};
		return LINE_UNPARSED;
	}
	line->program = tag_allowed_name(line->program);
	line->pid = tag_allowed_pid(line->pid);
	if (!printed) {
		set_message(line, p, p + len);
		return LINE_OK;
	}
	line->program = line->pid = (struct span){NULL, 0}; /* those of the container */
	if (!parse_inner(clock, line, p, p + len))
		parse_untimed(line, p, p + len);
	line->time_s = time_s;
	return LINE_OK;
}
