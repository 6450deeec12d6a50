#include "command/show.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

size_t show_width(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col < SHOW_WIDTH_MIN)
		return SHOW_WIDTH_MIN;
	return size.ws_col < SHOW_WIDTH_MAX ? size.ws_col : SHOW_WIDTH_MAX;
}

size_t show_height(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ? 0 : size.ws_row;
}

const char *show_colour(enum show_colour colour)
{
	/* ECMA-48, 8.3.117: SGR */
	static const char *const codes[] = {[SHOW_PLAIN] = "\033[0m",
	                                    [SHOW_HEADING] = "\033[1m",
	                                    [SHOW_BAD] = "\033[1;31m",
	                                    [SHOW_DUBIOUS] = "\033[33m",
	                                    [SHOW_GOOD] = "\033[32m"};
	const char *const no = getenv("NO_COLOR"), *const terminal = getenv("TERM");

	if ((no != NULL && no[0] != '\0') || terminal == NULL || strcmp(terminal, "dumb") == 0 ||
	    !isatty(STDOUT_FILENO))
		return "";
	return codes[colour];
}

static bool begins_character(char c)
{
	return ((unsigned char)c & 0xC0) != 0x80;
}

/* Returns how many columns text takes, one for each UTF-8 character. */
static size_t columns_of(const char *text)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += begins_character(*text);
	return n;
}

/* Returns how many bytes of text fit into that many columns. */
static size_t fitting(const char *text, size_t columns)
{
	size_t len = 0;

	while (text[len] != '\0' && (columns > 0 || !begins_character(text[len])))
		columns -= begins_character(text[len++]);
	return len;
}

void show_piece(const char *text, size_t columns)
{
	static const size_t dots = 3;

	if (columns_of(text) <= columns)
		(void)fputs(text, stdout);
	else
		(void)printf("%.*s...", (int)fitting(text, columns > dots ? columns - dots : 0),
		             text); /* a line's length */
}

void show_wrapped(const char *label, size_t indent, const char *text)
{
	const size_t width = show_width();
	size_t column = indent;

	(void)printf("%-*s", (int)indent, label); /* a line's length */
	while (*text != '\0') {
		const size_t len = strcspn(text, " ");
		const size_t columns = columns_of(text) - columns_of(text + len);

		if (column > indent && column + 1 + columns > width) {
			(void)printf("\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			(void)putchar(' ');
			column++;
		}
		(void)fwrite(text, 1, len, stdout);
		column += columns;
		text += len;
		text += strspn(text, " ");
	}
	(void)putchar('\n');
}

void show_json_time(const json_t *time, bool utc, char out[static TIME_LOCAL_MAX])
{
	const char *const text = json_string_value(time);
	int64_t time_s;

	if (text == NULL || !time_parse(text, true, &time_s))
		(void)snprintf(out, TIME_LOCAL_MAX, "-");
	else
		time_local_text(time_s, utc, out);
}

static const char *member(const json_t *object, const char *key)
{
	const char *const text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "";
}

void show_allowed(const json_t *object, bool utc)
{
	const char *const reason = member(object, "allowed_reason");
	char until[TIME_LOCAL_MAX];

	show_json_time(json_object_get(object, "allowed_until"), utc, until);
	(void)printf("allowed (%s) until %s, as %s%s%s\n", member(object, "allowed_by"), until,
	             member(object, "allowed_as"), reason[0] != '\0' ? ": " : "", reason);
}
