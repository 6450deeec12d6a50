#include "input/ownfile.h"

#include <string.h>

#include "input/cursor.h"

enum { EVENT_LEN_MAX = 80 }; /* bytes of the name of a Stalwart event */

const char *ownfile_dovecot_level(const char *p, const char *end)
{
	static const char levels[][10] = {"Info: ", "Warning: ", "Error: ", "Debug: ", "Fatal: ", "Panic: "};

	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		const char *const text = cursor_word(p, end, levels[i]);

		if (text != NULL)
			return text;
	}
	return NULL;
}

bool ownfile_dovecot(struct line *line, const char *p, const char *end)
{
	const char *name_end = p, *blank, *message;

	while (name_end < end &&
	       (cursor_is_lower(*name_end) || cursor_is_digit(*name_end) || *name_end == '-' || *name_end == '_'))
		name_end++;
	if (name_end == p || name_end == end || (*name_end != ':' && *name_end != '(' && *name_end != '<'))
		return false;
	blank = memchr(name_end, ' ', (size_t)(end - name_end));
	if (blank == NULL || blank[-1] != ':' || (*name_end == ':' && blank != name_end + 1))
		return false;
	message = ownfile_dovecot_level(blank + 1, end);
	if (message == NULL)
		return false;
	line->message = cursor_span(message, end);
	line->program = cursor_span(p, name_end);
	return true;
}

void ownfile_exim(struct line *line, const char *p, const char *end)
{
	struct span pid;
	const char *const pid_end = cursor_pid(p, end, &pid);

	if (pid_end != NULL && pid_end < end && *pid_end == ' ') {
		line->pid = pid;
		p = pid_end + 1;
	}
	line->program = cursor_constant("exim");
	line->message = cursor_span(p, end);
}

bool ownfile_stalwart(struct line *line, const char *p, const char *end)
{
	static const char levels[][7] = {"INFO ", "WARN ", "ERROR ", "DEBUG ", "TRACE "};
	const char *event = NULL, *q;
	size_t len;

	for (size_t i = 0; event == NULL && i < sizeof levels / sizeof *levels; i++)
		event = cursor_word(p, end, levels[i]);
	if (event == NULL)
		return false;
	len = (size_t)(end - event);
	q = memchr(event, '(', len < EVENT_LEN_MAX ? len : EVENT_LEN_MAX);
	if (q == NULL || memchr(event, ':', (size_t)(q - event)) != NULL)
		return false; /* a host of that name, and its tag */
	for (q++; q < end && (cursor_is_lower(*q) || cursor_is_digit(*q) || *q == '-' || *q == '.'); q++)
		;
	if (q == end || *q != ')')
		return false;
	line->program = cursor_constant("stalwart");
	line->message = cursor_span(event, end);
	return true;
}

bool ownfile_haraka(struct line *line, const char *p, const char *end)
{
	const char *const level = p + 1, *q = cursor_upper(level, end);

	if (*p != '[' || q == level || (p = cursor_word(q, end, "] [")) == NULL)
		return false;
	for (q = p; q < end && (cursor_is_digit(*q) || (*q >= 'A' && *q <= 'F') || *q == '-'); q++)
		;
	if (q - p != 36 && !span_is(cursor_span(p, q), "-"))
		return false;
	if (q < end && *q == '.')
		q = cursor_digits(q + 1, end);
	if (cursor_word(q, end, "] [") == NULL)
		return false;
	line->program = cursor_constant("haraka");
	line->message = cursor_span(level - 1, end);
	return true;
}

bool ownfile_sogo(struct line *line, const char *p, const char *end)
{
	const char *const bracket = cursor_word(p, end, "sogod ");
	const char *message;
	struct span pid;

	if (bracket == NULL || (message = cursor_pid(bracket, end, &pid)) == NULL ||
	    (message = cursor_word(message, end, ": ")) == NULL)
		return false;
	line->program = cursor_span(p, bracket - 1);
	line->pid = pid;
	line->message = cursor_span(message, end);
	return true;
}

bool ownfile_horde(struct line *line, const char *p, const char *end)
{
	const char *const level = cursor_word(p, end, "HORDE [");

	if (level == NULL || cursor_word(cursor_lower(level, end), end, "] [") == NULL)
		return false;
	line->program = cursor_span(p, level - 2);
	line->message = cursor_span(level - 1, end);
	return true;
}

bool ownfile_horde_level(struct line *line, const char *p, const char *end)
{
	const char *const name = cursor_word(cursor_upper(p, end), end, ": ");
	const char *const message = name == NULL ? NULL : cursor_word(name, end, "HORDE [");

	if (message == NULL)
		return false;
	line->program = cursor_span(name, message - 2);
	line->message = cursor_span(message - 1, end);
	return true;
}

bool ownfile_zimbra(struct line *line, const char *p, const char *end)
{
	const char *const level_end = cursor_upper(p, end), *const thread = cursor_blanks(level_end, end);

	if (level_end - p < 4 || thread == level_end || thread == end || *thread != '[')
		return false;
	line->program = cursor_constant("zimbra");
	line->message = cursor_span(thread, end);
	return true;
}

bool ownfile_proftpd(struct line *line, const char *p, const char *end)
{
	const char *const host_end = memchr(p, ' ', (size_t)(end - p));
	const char *pid_end;
	struct span pid;

	if (host_end == NULL || host_end == p || (pid_end = cursor_word(host_end, end, " proftpd")) == NULL ||
	    (pid_end = cursor_pid(pid_end, end, &pid)) == NULL || pid_end == end || *pid_end != ' ')
		return false;
	line->host = cursor_span(p, host_end);
	line->program = cursor_span(host_end + 1, pid.p - 1);
	line->pid = pid;
	line->message = cursor_span(pid_end + 1, end);
	return true;
}

bool ownfile_vsftpd(struct line *line, const char *p, const char *end)
{
	const char *const digits = cursor_word(p, end, "[pid ");
	const char *digits_end, *message;

	if (digits == NULL)
		return false;
	digits_end = cursor_digits(digits, end);
	message = cursor_word(digits_end, end, "] ");
	if (digits_end == digits || digits_end - digits > CURSOR_PID_MAX || message == NULL)
		return false;
	line->program = cursor_constant("vsftpd");
	line->pid = cursor_span(digits, digits_end);
	line->message = cursor_span(message, end);
	return true;
}

bool ownfile_nginx(struct line *line, const char *p, const char *end)
{
	const char *const level = cursor_word(p, end, "["), *digits, *digits_end, *message;

	if (level == NULL || (digits = cursor_word(cursor_lower(level, end), end, "] ")) == NULL)
		return false;
	digits_end = cursor_digits(digits, end);
	if (digits_end == digits || digits_end - digits > CURSOR_PID_MAX || digits_end == end || *digits_end != '#')
		return false;
	message = cursor_word(cursor_digits(digits_end + 1, end), end, ": ");
	if (message == NULL)
		return false;
	line->program = cursor_constant("nginx");
	line->pid = cursor_span(digits, digits_end);
	line->message = cursor_span(message, end);
	return true;
}

bool ownfile_mailu(struct line *line, const char *p, const char *end)
{
	const char *const level_end = cursor_upper(p, end), *q = cursor_word(level_end, end, " in "), *name = q;

	if (level_end == p || q == NULL)
		return false;
	while (q < end && (cursor_is_lower(*q) || *q == '_'))
		q++;
	if (q == name || cursor_word(q, end, ": ") == NULL)
		return false;
	line->program = cursor_constant("mailu");
	line->message = cursor_span(p, end);
	return true;
}
