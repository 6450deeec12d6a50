#include "input/line.h"

#include "input/stamp.h"

#include <string.h>
#include <time.h>

enum {
	HOST_WORDS_MAX = 3, /* "my host name": rsyslog accepts blanks in a host's name */
	PID_LEN_MAX = 10,
	BACK_MAX_S = 183 * 86400, /* half a year */
	EVENT_LEN_MAX = 80,       /* of the names of Stalwart's events */
};

/* What a character may be part of. ':' is no part of a tag, or the address "2001:db8::" were one. */
enum {
	HOST = 1,
	TAG = 2,
	DIGIT = 4,
};

static const uint8_t class_of[256] = {
	['!' ... '$'] = TAG,
	['%'] = HOST | TAG,
	['&' ... ','] = TAG,
	['-' ... '.'] = HOST | TAG,
	['/'] = TAG,
	['0' ... '9'] = HOST | TAG | DIGIT,
	[':'] = HOST,
	[';' ... '@'] = TAG,
	['A' ... 'Z'] = HOST | TAG,
	['\\'] = TAG,
	['^'] = TAG,
	['_'] = HOST | TAG,
	['`'] = TAG,
	['a' ... 'z'] = HOST | TAG,
	['{' ... '~'] = TAG,
};

static const char *skip_class(const char *p, const char *end, uint8_t class)
{
	while (p < end && (class_of[(unsigned char)*p] & class))
		p++;
	return p;
}

static bool is_all(struct span span, uint8_t class)
{
	for (size_t i = 0; i < span.len; i++)
		if (!(class_of[(unsigned char)span.p[i]] & class))
			return false;
	return true;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip_digits(const char *p, const char *end)
{
	while (p < end && is_digit(*p))
		p++;
	return p;
}

static const char *skip_upper(const char *p, const char *end)
{
	while (p < end && *p >= 'A' && *p <= 'Z')
		p++;
	return p;
}

/* The byte after word when p begins with it, else NULL. */
static const char *skip_word(const char *p, const char *end, const char *word)
{
	const size_t len = strlen(word);

	return (size_t)(end - p) >= len && memcmp(p, word, len) == 0 ? p + len : NULL;
}

static struct span span_between(const char *p, const char *end)
{
	return (struct span){p, (size_t)(end - p)};
}

static struct span span_word(const char *word)
{
	return (struct span){word, strlen(word)};
}

/* After "[pid]", or NULL. */
static const char *read_pid(const char *p, const char *end, struct span *ret)
{
	const char *digits_end;

	if (p == end || *p != '[')
		return NULL;
	digits_end = skip_digits(++p, end);
	if (digits_end == p || digits_end - p > PID_LEN_MAX || digits_end == end || *digits_end != ']')
		return NULL;
	*ret = span_between(p, digits_end);
	return digits_end + 1;
}

/* After the kernel's "[12345.678901] " or "[    1.000001] ", or p. */
static const char *skip_uptime(const char *p, const char *end)
{
	const char *q = p + 1, *digits;

	while (q < end && *q == ' ')
		q++;
	digits = q;
	q = skip_digits(q, end);
	if (q == digits || q == end || *q != '.')
		return p;
	digits = ++q;
	q = skip_digits(q, end);
	return q > digits && end - q >= 2 && q[0] == ']' && q[1] == ' ' ? q + 2 : p;
}

/* After Solaris' "[ID 197553 mail.warning] ", or p. */
static const char *skip_solaris_id(const char *p, const char *end)
{
	const char *q = skip_word(p, end, "[ID "), *word;

	if (q == NULL)
		return p;
	word = skip_digits(q, end);
	if (word == q || word == end || *word != ' ')
		return p;
	q = ++word;
	while (q < end && ((*q >= 'a' && *q <= 'z') || is_digit(*q) || *q == '.'))
		q++;
	return q > word && end - q >= 2 && q[0] == ']' && q[1] == ' ' ? q + 2 : p;
}

/* The message is the rest, but for what syslog daemons put in front of it. p: after the header's blank. */
static void set_message(struct line *line, const char *p, const char *end)
{
	if (p < end && *p == '[') {
		p = skip_solaris_id(p, end);
		if (p < end && *p == '[' && span_is(line->program, "kernel"))
			p = skip_uptime(p, end);
	} else if (p < end && *p == '\xEF') {
		const char *const text = skip_word(p, end, "\xEF\xBB\xBF");

		if (text != NULL)
			p = text;
	}
	line->message = span_between(p, end);
}

/* After one blank, if there is one. */
static const char *skip_blank(const char *p, const char *end)
{
	return p < end && *p == ' ' ? p + 1 : p;
}

/*
 * After "name:", "name[pid]:" or, where bare, "name[pid]"; else NULL. They must end a word. Strict because
 * what looks like a tag may be attacker-controlled text: "unknown[192.0.2.20]:" is none.
 */
static const char *read_tag(struct line *line, const char *p, const char *end, bool bare)
{
	const char *const name_end = skip_class(p, end, TAG);
	const char *q = name_end;
	struct span pid = {NULL, 0};

	if (name_end == p || name_end == end)
		return NULL;
	if (*q == '[' && (q = read_pid(q, end, &pid)) == NULL)
		return NULL;
	if (q < end && *q == ':') {
		if (++q < end && *q != ' ')
			return NULL;
	} else if (!bare || pid.p == NULL || q == end || *q != ' ') {
		return NULL;
	}
	line->program = span_between(p, name_end);
	line->pid = pid;
	return q;
}

/* After Dovecot's "Info: ", or NULL. */
static const char *skip_level(const char *p, const char *end)
{
	static const char levels[][10] = {"Info: ", "Warning: ", "Error: ", "Debug: ", "Fatal: ", "Panic: "};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		const char *const text = skip_word(p, end, levels[i]);

		if (text != NULL)
			return text;
	}
	return NULL;
}

/* Dovecot's own file, after the stamp: "imap-login: Info: " or "imap(bob)<12><ab>: Info: ". */
static bool parse_dovecot(struct line *line, const char *p, const char *end)
{
	const char *name_end = p, *blank;

	while (name_end < end && ((*name_end >= 'a' && *name_end <= 'z') || is_digit(*name_end) ||
	                          *name_end == '-' || *name_end == '_'))
		name_end++;
	if (name_end == p || name_end == end || (*name_end != ':' && *name_end != '(' && *name_end != '<'))
		return false;
	blank = memchr(name_end, ' ', (size_t)(end - name_end));
	if (blank == NULL || blank[-1] != ':' || (*name_end == ':' && blank != name_end + 1))
		return false;
	line->message.p = skip_level(blank + 1, end);
	if (line->message.p == NULL)
		return false;
	line->message.len = (size_t)(end - line->message.p);
	line->program = span_between(p, name_end);
	return true;
}

/* A single word with the blank behind it, which is no tag and is followed by one. */
static void note_host(struct line_clock *clock, struct span host)
{
	clock->host_len = host.len <= PREFIX16_BYTES ? (uint8_t)host.len : 0;
	clock->host_head = prefix16_head(host.p, clock->host_len);
}

/* The same word is no tag again, so only what follows it is checked. */
static bool parse_same_host(const struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const char *tag_end;

	if (clock->host_len == 0 || end - p <= clock->host_len ||
	    !prefix16_begin(prefix16_of(p, (size_t)(end - p)), &clock->host_head))
		return false;
	tag_end = read_tag(line, p + clock->host_len, end, true);
	if (tag_end == NULL)
		return false;
	line->host = (struct span){p, (size_t)clock->host_len - 1};
	set_message(line, skip_blank(tag_end, end), end);
	return true;
}

/* What syslog daemons write after the stamp: [host] tag: message. */
static void parse_syslog(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const char *const start = p, *host_end = NULL, *first_end = NULL;

	if (parse_same_host(clock, line, p, end))
		return;
	for (int word = 0; word <= HOST_WORDS_MAX; word++) {
		const char *word_end = read_tag(line, p, end, word == 1);

		if (word_end != NULL) {
			if (word == 0 && line->pid.p == NULL && parse_dovecot(line, start, end))
				return;
			if (word > 0)
				line->host = span_between(start, host_end);
			if (word == 1)
				note_host(clock, span_between(start, p));
			set_message(line, skip_blank(word_end, end), end);
			return;
		}
		word_end = skip_class(p, end, HOST);
		if (word_end == p || (word_end < end && *word_end != ' '))
			break;
		if (word == 0)
			first_end = word_end;
		host_end = word_end;
		p = skip_blank(word_end, end);
	}
	/* No tag. */
	if (first_end != NULL)
		line->host = span_between(start, first_end);
	else if (parse_dovecot(line, start, end))
		return;
	set_message(line, first_end == NULL ? start : skip_blank(first_end, end), end);
}

/* Exim's own file, after the stamp: "[pid] message" or "message". */
static void parse_exim(struct line *line, const char *p, const char *end)
{
	struct span pid;
	const char *const pid_end = read_pid(p, end, &pid);

	if (pid_end != NULL && pid_end < end && *pid_end == ' ') {
		line->pid = pid;
		p = pid_end + 1;
	}
	line->program = span_word("exim");
	line->message = span_between(p, end);
}

/* Stalwart's own file, after the stamp: "INFO Event name (event.id) key = value, ...". */
static bool parse_stalwart(struct line *line, const char *p, const char *end)
{
	static const char levels[][7] = {"INFO ", "WARN ", "ERROR ", "DEBUG ", "TRACE "};
	const char *event = NULL, *q;
	size_t len;

	for (size_t i = 0; event == NULL && i < sizeof levels / sizeof *levels; i++)
		event = skip_word(p, end, levels[i]);
	if (event == NULL)
		return false;
	len = (size_t)(end - event);
	q = memchr(event, '(', len < EVENT_LEN_MAX ? len : EVENT_LEN_MAX);
	if (q == NULL || memchr(event, ':', (size_t)(q - event)) != NULL)
		return false; /* a host by that name, and its tag */
	for (q++; q < end && ((*q >= 'a' && *q <= 'z') || is_digit(*q) || *q == '-' || *q == '.'); q++)
		;
	if (q == end || *q != ')')
		return false;
	line->program = span_word("stalwart");
	line->message = span_between(event, end);
	return true;
}

/* Haraka's own file: "[NOTICE] [3D6C3D40-A450-45E0-9A11-34E8E824A791.1] [core] ...". */
static bool parse_haraka(struct line *line, const char *p, const char *end)
{
	const char *const level = p + 1, *q = skip_upper(level, end);

	if (*p != '[' || q == level || (p = skip_word(q, end, "] [")) == NULL)
		return false;
	for (q = p; q < end && ((*q >= '0' && *q <= '9') || (*q >= 'A' && *q <= 'F') || *q == '-'); q++)
		;
	if (q - p != 36 && !span_is(span_between(p, q), "-"))
		return false;
	if (q < end && *q == '.')
		q = skip_digits(q + 1, end);
	if (skip_word(q, end, "] [") == NULL)
		return false;
	line->program = span_word("haraka");
	line->message = span_between(level - 1, end);
	return true;
}

/* One word of RFC 5424's header. *p: at the blank before it; then at the one after it. "-" gives p NULL. */
static bool read_field(const char **p, const char *end, struct span *ret)
{
	const char *start = *p, *q;

	if (start == end || *start != ' ')
		return false;
	for (q = ++start; q < end && *q >= '!' && *q <= '~'; q++)
		;
	if (q == start)
		return false;
	*p = q;
	*ret = span_between(start, q);
	if (span_is(*ret, "-"))
		*ret = (struct span){NULL, 0};
	return true;
}

/* After RFC 5424's structured data: "-", or elements [id name="value"] with \ before \, " and ]. Or NULL. */
static const char *skip_structured_data(const char *p, const char *end)
{
	bool quoted = false;

	if (p == end || *p++ != ' ' || p == end)
		return NULL;
	if (*p == '-')
		return p + 1;
	while (p < end && *p == '[') {
		for (p++; p < end && (quoted || *p != ']'); p++) {
			if (*p == '"')
				quoted = !quoted;
			else if (*p == '\\' && quoted && ++p == end)
				return NULL;
		}
		if (p++ == end)
			return NULL;
	}
	return p[-1] == ']' ? p : NULL;
}

/* RFC 5424 after "<22>1". p: at the blank. */
static bool parse_5424(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct span program, pid, msgid;
	struct stamp stamp;

	if (p == end || *p++ != ' ' || p == end)
		return false;
	if (*p == '-') {
		p++;
	} else {
		p = stamp_read(clock, p, end, &stamp);
		if (p == NULL || stamp.form != STAMP_RFC3339)
			return false;
		line->time_s = stamp.time_s;
		line->has_time = true;
	}
	if (!read_field(&p, end, &line->host) || !read_field(&p, end, &program) ||
	    !read_field(&p, end, &pid) || !read_field(&p, end, &msgid))
		return false;
	p = skip_structured_data(p, end);
	if (p == NULL || (p < end && *p != ' '))
		return false;
	/* Names and ids may be anything here; ours are made as in a tag. */
	if (is_all(program, TAG))
		line->program = program;
	if (is_all(pid, DIGIT) && pid.len <= PID_LEN_MAX)
		line->pid = pid;
	set_message(line, skip_blank(skip_blank(p, end), end), end);
	return true;
}

/* After "<22>", or NULL. */
static const char *skip_priority(const char *p, const char *end)
{
	const char *const digits_end = skip_digits(++p, end);

	if (digits_end == p || digits_end - p > 3 || digits_end == end || *digits_end != '>')
		return NULL;
	return digits_end + 1;
}

/* After "<mail.info> " of FreeBSD's syslogd -v, or p. */
static const char *skip_facility(const char *p, const char *end)
{
	const char *q;

	if (p == end || *p != '<')
		return p;
	for (q = p + 1; q < end && ((*q >= 'a' && *q <= 'z') || is_digit(*q) || *q == '.'); q++)
		;
	return q > p + 1 && end - q >= 2 && q[0] == '>' && q[1] == ' ' ? q + 2 : p;
}

/* Lines that begin with "[": dmesg -T, Roundcube, Haraka. */
static bool parse_bracket(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	struct stamp stamp;
	const char *const stamp_end = stamp_read(clock, p + 1, end, &stamp);
	const char *message = NULL;

	if (stamp_end == NULL)
		return parse_haraka(line, p, end);
	if (stamp.form == STAMP_CTIME) {
		line->program = span_word("kernel");
		message = skip_word(stamp_end, end, "] ");
	} else if (stamp.form == STAMP_PHP) {
		line->program = span_word("roundcube");
		message = skip_word(stamp_end, end, "]: ");
	}
	if (message == NULL)
		return false;
	line->time_s = stamp.time_s;
	line->has_time = true;
	line->message = span_between(message, end);
	return true;
}

/* Lines that begin with their stamp; its form shows which programs may have written it. */
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
		if (p < end && *p == '[' && parse_haraka(line, p, end))
			return true;
		if (p < end && *p >= 'A' && *p <= 'Z' && parse_stalwart(line, p, end))
			return true;
		parse_syslog(clock, line, p, end);
		return true;
	case STAMP_SYSLOG:
		p = skip_facility(p, end);
		parse_syslog(clock, line, p, end);
		return true;
	case STAMP_FULL:
		parse_syslog(clock, line, p, end);
		return true;
	case STAMP_BLANK:
		if (!parse_dovecot(line, p, end))
			parse_exim(line, p, end);
		return true;
	case STAMP_COMMA:
		line->program = span_word("kernel");
		set_message(line, p, end);
		return true;
	case STAMP_CTIME:
	case STAMP_PHP:
		break; /* these are in brackets */
	}
	return false;
}

/* Dovecot 1's own file: "dovecot: 2026-11-20 13:37:42 Info: message". p: after "dovecot: ". */
static bool parse_dovecot_first(struct line_clock *clock, struct line *line, const char *p, const char *end)
{
	const struct span program = {p - strlen("dovecot: "), strlen("dovecot")};
	struct stamp stamp;
	const char *message;

	p = stamp_read(clock, p, end, &stamp);
	if (p == NULL || (stamp.form != STAMP_BLANK && stamp.form != STAMP_SYSLOG))
		return false;
	message = p < end && *p == ' ' ? skip_level(p + 1, end) : NULL;
	if (message == NULL)
		return false;
	line->time_s = stamp.time_s;
	line->has_time = true;
	line->program = program;
	line->message = span_between(message, end);
	return true;
}

static bool parse(struct line_clock *clock, struct line *line, const char *p, const char *end)
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
		rest = skip_word(p, end, "1 ");
		if (rest != NULL)
			return parse_5424(clock, line, rest - 1, end);
		return parse_stamped(clock, line, p, end);
	case '[':
		return parse_bracket(clock, line, p, end);
	case 'd':
		rest = skip_word(p, end, "dovecot: ");
		return rest != NULL && parse_dovecot_first(clock, line, rest, end);
	default:
		return parse_stamped(clock, line, p, end);
	}
}

void line_clock_init(struct line_clock *clock, int64_t end_s, int year)
{
	tzset(); /* localtime_r alone need not */
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
	*ret = (struct line){.has_time = false};
	if (len > 0 && text[len - 1] == '\r')
		len--;
	if (len == 0 || !parse(clock, ret, text, text + len)) {
		*ret = (struct line){.has_time = false};
		return LINE_UNPARSED;
	}
	/* A date of long ago, such as Feb 29 in another year, must not change the year of the lines after it. */
	if (ret->has_time && ret->time_s >= clock->last_s - BACK_MAX_S)
		clock->last_s = ret->time_s;
	return LINE_OK;
}
