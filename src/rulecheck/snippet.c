#include "rulecheck/snippet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { SHOWN = 100 }; /* bytes of the line that are shown */

size_t snippet_len(const char *message)
{
	for (const char *p = strchr(message, ':'); p != NULL; p = strchr(p + 1, ':')) {
		const size_t digits = strspn(p + 1, "0123456789");

		if (digits > 0 && p[1 + digits] == ':' && p[2 + digits] == ' ')
			return (size_t)(p - message) + digits + 3;
	}
	return 0;
}

bool snippet_same(const char *a, const char *b)
{
	const size_t n = snippet_len(a);

	return n > 0 && n == snippet_len(b) && memcmp(a, b, n) == 0;
}

/*
 * Returns the last occurrence in the line of the first text in the sentence that is between the marks and occurs in the
 * line; or NULL.
 */
static const char *marked_in(const char *sentence, const char *line, char open, char close, bool marks_too)
{
	const char *found = NULL;

	for (const char *from = strchr(sentence, open); from != NULL && found == NULL;) {
		const char *const to = strchr(from + 1, close);
		char word[SHOWN];

		if (to == NULL)
			return NULL;
		if (to > from + 2 && (size_t)(to - from) < sizeof word - 1) { /* a single character occurs anywhere */
			(void)snprintf(word, sizeof word, "%.*s", (int)(to - from) - 1 + 2 * marks_too,
			               from + !marks_too);
			if (strlen(word) > 3 && strcmp(word + strlen(word) - 3, "...") == 0)
				word[strlen(word) - 3] = '\0'; /* it was truncated */
			for (const char *p = line; (p = strstr(p, word)) != NULL; p++)
				found = p;
		}
		from = strchr(to + 1, open);
	}
	return found;
}

/*
 * Returns the place of the text that the sentence quotes, or of the macro or rule that it names, or of the value, or of
 * the first word.
 */
static const char *find_place(const char *sentence, const char *line)
{
	const char *found = marked_in(sentence, line, '"', '"', false);
	const char *const equals = strchr(line, '=');

	if (found == NULL)
		found = marked_in(sentence, line, '<', '>', true);
	if (found == NULL)
		found = marked_in(sentence, line, '[', ']', true);
	if (found == NULL && equals != NULL && *line != '[')
		found = equals + 1 + strspn(equals + 1, " \t");
	return found != NULL ? found : line + strspn(line, " \t");
}

static void write_place(const char *sentence, char *line, char *out, size_t cap)
{
	const size_t at = (size_t)(find_place(sentence, line) - line), from = at > SHOWN / 2 ? at - SHOWN / 2 : 0;
	const size_t left = strlen(line + from), n = left < SHOWN ? left : SHOWN;
	int used;

	for (char *p = line; *p != '\0'; p++)
		if (*p < 0x20 || *p >= 0x7F)
			*p = '?'; /* one column per byte, and no control characters for the terminal */
	used = snprintf(out, cap, "\n    %s%.*s%s", from > 0 ? "..." : "", (int)n, line + from, n < left ? "..." : "");
	if (used > 0 && (size_t)used < cap)
		(void)snprintf(out + used, cap - (size_t)used, "\n    %*s", (int)(at - from) + (from > 0 ? 3 : 0) + 1,
		               "^");
}

void snippet_show(const char *message, char *out, size_t cap)
{
	const size_t n = snippet_len(message);
	size_t line_cap = 0, number = 0, wanted, file_len;
	char *path, *line = NULL;
	ssize_t got = -1;
	FILE *file;

	out[0] = '\0';
	if (n == 0 || strchr(message, '\n') != NULL)
		return;
	file_len = n - 3;
	while (message[file_len] != ':')
		file_len--;
	wanted = strtoul(message + file_len + 1, NULL, 10);
	path = alloc_text_n(message, file_len, "a path");
	file = wanted > 0 ? fopen(path, "re") : NULL;
	while (file != NULL && number < wanted && (got = getline(&line, &line_cap, file)) >= 0)
		number++;
	if (got > 0) {
		line[got - (line[got - 1] == '\n')] = '\0';
		write_place(message + n, line, out, cap);
	}
	free(line);
	free(path);
	if (file != NULL)
		(void)fclose(file);
}
