#include "import/banfile.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "import/bancsv.h"
#include "import/banjson.h"

/* --- words --- */

static bool is_between(char c)
{
	return c <= ' ' || strchr(",;{}()[]\"'=|", c) != NULL;
}

/*
 * Returns the index after the quoted text that begins at at; at + 1 if it is a single word or has no end. A doubled
 * quote is a quote within the text.
 */
static size_t after_quoted(struct span line, size_t at)
{
	bool is_word = true;
	size_t end = at + 1;

	for (; end < line.len && (line.p[end] != '"' || (end + 1 < line.len && line.p[end + 1] == '"')); end++) {
		is_word &= !is_between(line.p[end]);
		end += line.p[end] == '"';
	}
	return end >= line.len || is_word ? at + 1 : end + 1;
}

/*
 * Returns the next word of the line and updates *at; empty at the end. Skips quoted texts of several words, which are
 * comments.
 */
static struct span next_word(struct span line, size_t *at)
{
	size_t from;

	while (*at < line.len && is_between(line.p[*at]))
		*at = line.p[*at] == '"' ? after_quoted(line, *at) : *at + 1;
	from = *at;
	while (*at < line.len && !is_between(line.p[*at]))
		(*at)++;
	return (struct span){line.p + from, *at - from};
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_time_word(struct span word)
{
	return span_is(word, "timeout") || span_is(word, "expires") || span_is(word, "for");
}

/* Sets the text after "#" or ":2:" as the reason of the line's entries, which start at index first. */
static void set_reason(struct banlist *list, size_t first, struct span text)
{
	text = span_trim(text);
	while (text.len > 0 && strchr("# \t", *text.p) != NULL) {
		text.p++;
		text.len--;
	}
	for (size_t i = first; i < list->n; i++)
		banlist_set_reason(&list->list[i], text);
}

/* Skips a quoted comment of nft or ipset, which is no element even if it is a single word. */
static size_t after_comment(struct span line, size_t at)
{
	const char *end;

	while (at < line.len && line.p[at] == ' ')
		at++;
	end = at < line.len && line.p[at] == '"' ? memchr(line.p + at + 1, '"', line.len - at - 1) : NULL;
	return end != NULL ? (size_t)(end + 1 - line.p) : at;
}

/*
 * Returns whether the word can be an element of a list: it directly follows another element (follows_element), or a
 * comma or brace. Anything else in a line is a remark on an element.
 */
static bool may_be_element(struct span line, struct span word, bool follows_element)
{
	const char *p = word.p;

	if (follows_element)
		return true;
	while (p > line.p && is_between(p[-1]))
		if (*--p == ',' || *p == '{')
			return true;
	return false;
}

static int parse_words(struct span line, struct banlist *list, struct why *why)
{
	static const struct banlist_entry unknown;
	/* indices of the first entry of the line, and of its last element */
	size_t at = 0, first = list->n, before = first;
	bool follows_element = true, scoped = false;

	for (struct span word = next_word(line, &at); word.len > 0; word = next_word(line, &at)) {
		const size_t n = list->n;
		int64_t left_s;
		int rc;

		if (n > first && is_time_word(word)) {
			const struct span time = next_word(line, &at);

			for (size_t i = before; i < n; i++)
				(void)banlist_time(time, &list->list[i].left_s);
			continue;
		}
		if (span_is(word, "comment")) {
			at = after_comment(line, at);
			continue;
		}
		if (scoped && n > first && banlist_time(word, &left_s) &&
		    !is_digit(word.p[word.len - 1])) /* CrowdSec's column has no keyword before it */
			list->list[list->n - 1].left_s = left_s;
		if (n > first && span_is(word, "nomatch")) { /* ipset: excludes this network from a wider one */
			list->n = before;
			continue;
		}
		rc = may_be_element(line, word, follows_element) ? banlist_add_word(list, word, &unknown, why) : 0;
		if (rc < 0)
			return rc;
		if (list->n > n)
			before = n;
		scoped |= list->n > n && banlist_scope_len(word) > 0;
		follows_element = list->n > n || list->n == first;
	}
	return 0;
}

/* --- lines --- */

/* Returns the next word of a zone file's line, separated by blanks only, and updates *at; empty at the end. */
static struct span next_label(struct span line, size_t *at)
{
	size_t from;

	while (*at < line.len && (unsigned char)line.p[*at] <= ' ')
		(*at)++;
	from = *at;
	while (*at < line.len && (unsigned char)line.p[*at] > ' ')
		(*at)++;
	return (struct span){line.p + from, *at - from};
}

/*
 * Returns whether the line is one of a zone file (RFC 1035, 5): perhaps an owner, perhaps a TTL and a class, a type
 * that such a list has, and its data.
 */
static bool is_zone(struct span line)
{
	size_t at = 0;
	const bool has_owner = line.len > 0 && *line.p != ' ' && *line.p != '\t';
	struct span word = next_label(line, &at), data;
	struct addr addr;

	if (has_owner)
		word = next_label(line, &at);
	for (int i = 0; i < 2 && word.len > 0 && (is_digit(*word.p) || span_is_nocase(word, "IN")); i++)
		word = next_label(line, &at);
	data = next_label(line, &at);
	if (span_is_nocase(word, "A") || span_is_nocase(word, "AAAA"))
		return addr_parse(data.p, data.len, &addr);
	return data.len > 0 && (span_is_nocase(word, "SOA") || span_is_nocase(word, "CNAME") ||
	                        (span_is_nocase(word, "TXT") && *data.p == '"'));
}

/* Returns whether the line is a comment or a directive: it begins with ";", "//", or "$" as in DNS lists. */
static bool is_comment(struct span line)
{
	size_t at = 0;

	while (at < line.len && (line.p[at] == ' ' || line.p[at] == '\t'))
		at++;
	return at < line.len && (line.p[at] == ';' || line.p[at] == '$' ||
	                         (line.p[at] == '/' && at + 1 < line.len && line.p[at + 1] == '/'));
}

/*
 * Finds the value of rbldnsd's entries: ":2:TEXT" or ":127.0.0.2:TEXT" after a blank, or at the beginning of a line as
 * the value of all entries that have none. Returns its index and the text; line.len if there is none.
 */
static size_t find_value(struct span line, struct span *ret_text)
{
	for (size_t at = 0; at < line.len; at++) {
		size_t end = at + 1;

		if (line.p[at] != ':' || (at > 0 && line.p[at - 1] != ' ' && line.p[at - 1] != '\t'))
			continue;
		while (end < line.len && (is_digit(line.p[end]) || line.p[end] == '.'))
			end++;
		if (end == at + 1 || end == line.len || line.p[end] != ':')
			continue;
		*ret_text = (struct span){line.p + end + 1, line.len - end - 1};
		return at;
	}
	return line.len;
}

static int parse_line(struct span line, struct banlist *list, struct why *why)
{
	const char *const comment = is_comment(line) ? line.p : memchr(line.p, '#', line.len);
	const size_t first = list->n;
	size_t len = comment != NULL ? (size_t)(comment - line.p) : line.len;
	struct span reason = {comment, line.len - len};
	int rc;

	len = find_value((struct span){line.p, len}, &reason);
	if (len < line.len)
		reason.len = (size_t)(line.p + line.len - reason.p); /* "#" is no comment in it */
	if (is_zone((struct span){line.p, len}))
		return why_set(
			why, EINVAL,
			"a zone file of DNS, whose names are addresses backwards; export it as csv or json instead");
	rc = parse_words((struct span){line.p, len}, list, why);
	if (rc == 0 && reason.p != NULL)
		set_reason(list, first, reason);
	return rc;
}

static int parse_lines(struct span text, struct banlist *list, struct why *why)
{
	int rc = 0;

	while (text.len > 0 && rc == 0) {
		const char *const newline = memchr(text.p, '\n', text.len);
		const size_t len = newline != NULL ? (size_t)(newline - text.p) : text.len;

		rc = parse_line((struct span){text.p, len}, list, why);
		len < text.len ? (text.p += len + 1, text.len -= len + 1) : (text.len = 0);
	}
	return rc;
}

/*
 * Returns the index of the "}" that ends a set's elements, outside quoted comments; the length of the text if there
 * is none.
 */
static size_t end_of_elements(struct span text)
{
	bool quoted = false;

	for (size_t i = 0; i < text.len; i++) {
		quoted ^= text.p[i] == '"';
		if (text.p[i] == '}' && !quoted)
			return i;
	}
	return text.len;
}

/*
 * Parses the elements of sets in "nft list". Anything else is skipped, since rules also contain addresses. Returns
 * false if there are no elements.
 */
static bool parse_sets(struct span text, struct banlist *list, int *ret, struct why *why)
{
	static const char open[] = "elements = {";
	const char *at = memmem(text.p, text.len, open, sizeof open - 1);
	const char *const end = text.p + text.len;
	const bool any = at != NULL;

	*ret = 0;
	while (at != NULL && *ret == 0) {
		struct span inside = {at + sizeof open - 2,
		                      (size_t)(end - at) -
		                              (sizeof open - 2)}; /* from "{" on, after which an element may follow */

		inside.len = end_of_elements(inside);
		*ret = parse_lines(inside, list, why);
		at = memmem(inside.p + inside.len, (size_t)(end - inside.p) - inside.len, open, sizeof open - 1);
	}
	return any;
}

int banfile_parse(struct span text, int64_t now_s, struct banlist *list, struct why *why)
{
	static const char mark[] = "\xef\xbb\xbf"; /* that UTF-8 begins with, if a spreadsheet wrote it */
	size_t at = 0;
	int rc;

	if (text.len >= 3 && memcmp(text.p, mark, 3) == 0) {
		text.p += 3;
		text.len -= 3;
	}
	while (at < text.len && (unsigned char)text.p[at] <= ' ')
		at++;
	if (at < text.len && (text.p[at] == '[' || (text.p[at] == '{' && memchr(text.p, '"', text.len) != NULL)))
		rc = banjson_parse(text, now_s, list, why);
	else if (bancsv_has_header(text))
		rc = bancsv_parse(text, now_s, list, why);
	else if (!parse_sets(text, list, &rc, why))
		rc = parse_lines(text, list, why);
	banlist_drop_loopback(list);
	return rc;
}
