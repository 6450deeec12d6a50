#include "import/banlist.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/json.h"

enum {
	WORD_MAX = 64,  /* bytes of a word that may be an address or a duration */
	DEPTH_MAX = 32, /* of nested JSON */
};

void banlist_add(struct banlist *list, const struct banlist_entry *entry)
{
	if (list->n == list->cap) {
		list->cap = list->cap == 0 ? 64 : 2 * list->cap;
		list->list = alloc_resize(list->list, list->cap, sizeof *list->list, "the list to import");
	}
	list->list[list->n++] = *entry;
}

void banlist_done(struct banlist *list)
{
	free(list->list);
	*list = (struct banlist){0};
}

static int add(struct banlist *list, const struct banlist_entry *entry, struct why *why)
{
	if (list->n == BANLIST_MAX)
		return why_set(why, E2BIG, "more than %d addresses; use [block] file for a list of that size",
		               BANLIST_MAX);
	banlist_add(list, entry);
	return 0;
}

/* Parses "3h59m12.5s", "59m30s100ms" or "600" into whole seconds. */
static bool parse_time(struct span word, int64_t *ret_s)
{
	char text[WORD_MAX], *dot;
	size_t len = word.len;

	if (len == 0 || len >= sizeof text)
		return false;
	memcpy(text, word.p, len);
	if (len > 2 && memcmp(text + len - 2, "ms", 2) == 0)
		for (len -= 2; len > 0 && text[len - 1] >= '0' && text[len - 1] <= '9';)
			len--;
	text[len] = '\0';
	dot = strchr(text, '.');
	if (dot != NULL && text[len - 1] == 's')
		*dot++ = 's';
	if (dot != NULL)
		*dot = '\0';
	return duration_parse(text, ret_s);
}

/* Returns the last address of a network. */
static struct addr last_of(const struct net *net)
{
	struct addr last = net->addr;

	for (unsigned bit = net->len; bit < 128; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	return last;
}

/* Increments the address. Returns false on overflow. */
static bool step(struct addr *addr)
{
	for (size_t i = sizeof addr->bytes; i-- > 0;)
		if (++addr->bytes[i] != 0)
			return true;
	return false;
}

/* Returns the seconds left that time says, which may be NULL; 0 if it says none. */
static int64_t left_of(const char *time)
{
	int64_t left_s = 0;

	if (time != NULL)
		(void)parse_time((struct span){time, strlen(time)}, &left_s);
	return left_s;
}

/*
 * Adds the networks that cover first to last, as few as possible; none if the addresses are of different families or
 * in the wrong order. time: the time left, or NULL.
 */
static int add_range(struct addr first, const struct addr *last, const char *time, struct banlist *list,
                     struct why *why)
{
	const int64_t left_s = left_of(time);
	const uint8_t shortest = addr_is_ip4(&first) ? 96 : 0;

	if (addr_is_ip4(&first) != addr_is_ip4(last))
		return 0;
	while (!addr_before(last, &first)) {
		struct banlist_entry entry = {.net = net_around(&first, shortest), .left_s = left_s};
		struct addr end = last_of(&entry.net);
		int rc;

		while (!addr_equal(&entry.net.addr, &first) || addr_before(last, &end)) {
			entry.net = net_around(&first, (uint8_t)(entry.net.len + 1));
			end = last_of(&entry.net);
		}
		rc = add(list, &entry, why);
		if (rc < 0)
			return rc;
		first = end;
		if (!step(&first))
			break;
	}
	return 0;
}

/* Parses "192.0.2.7-192.0.2.9". */
static bool parse_range(struct span word, struct addr *ret_first, struct addr *ret_last)
{
	const char *const dash = memchr(word.p, '-', word.len);
	const size_t len = dash != NULL ? (size_t)(dash - word.p) : 0;

	return dash != NULL && addr_parse(word.p, len, ret_first) && addr_parse(dash + 1, word.len - len - 1, ret_last);
}

/* --- text --- */

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

/* Sets the text of a comment (after "#") as the reason of the line's entries, which start at index first. */
static void set_reason(struct banlist *list, size_t first, struct span comment)
{
	comment = span_trim(comment);
	while (comment.len > 0 && strchr("# \t", *comment.p) != NULL) {
		comment.p++;
		comment.len--;
	}
	for (size_t i = first; i < list->n; i++)
		(void)text_escape(comment, list->list[i].reason, sizeof list->list[i].reason);
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
 * Returns the length of CrowdSec's scope at the beginning of the word, or 0. "cscli decisions list -o raw" prints
 * scopes.
 */
static size_t scope_len(struct span word)
{
	static const char *const scopes[] = {"Ip:", "Range:"};

	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
		if (word.len > strlen(scopes[i]) && memcmp(word.p, scopes[i], strlen(scopes[i])) == 0)
			return strlen(scopes[i]);
	return 0;
}

/* Adds what the word denotes; nothing if it is no address, network or range. */
static int add_word(struct span word, struct banlist *list, struct why *why)
{
	struct banlist_entry entry = {.left_s = 0};
	const size_t scope = scope_len(word);
	struct addr first, last;

	word.p += scope;
	word.len -= scope;
	if (word.len < WORD_MAX && net_parse(word.p, word.len, &entry.net))
		return add(list, &entry, why);
	return word.len < 2 * WORD_MAX && parse_range(word, &first, &last) ? add_range(first, &last, NULL, list, why)
	                                                                   : 0;
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
				(void)parse_time(time, &list->list[i].left_s);
			continue;
		}
		if (span_is(word, "comment")) {
			at = after_comment(line, at);
			continue;
		}
		if (scoped && n > first && parse_time(word, &left_s) &&
		    !is_digit(word.p[word.len - 1])) /* CrowdSec's column has no keyword before it */
			list->list[list->n - 1].left_s = left_s;
		if (n > first && span_is(word, "nomatch")) { /* ipset: excludes this network from a wider one */
			list->n = before;
			continue;
		}
		rc = may_be_element(line, word, follows_element) ? add_word(word, list, why) : 0;
		if (rc < 0)
			return rc;
		if (list->n > n)
			before = n;
		scoped |= list->n > n && scope_len(word) > 0;
		follows_element = list->n > n || list->n == first;
	}
	return 0;
}

/* Returns whether the line begins with ";" or "//", the comments of other lists. */
static bool is_comment(struct span line)
{
	size_t at = 0;

	while (at < line.len && (line.p[at] == ' ' || line.p[at] == '\t'))
		at++;
	return at < line.len &&
	       (line.p[at] == ';' || (line.p[at] == '/' && at + 1 < line.len && line.p[at + 1] == '/'));
}

static int parse_line(struct span line, struct banlist *list, struct why *why)
{
	const char *const comment = is_comment(line) ? line.p : memchr(line.p, '#', line.len);
	const size_t len = comment != NULL ? (size_t)(comment - line.p) : line.len, first = list->n;
	const int rc = parse_words((struct span){line.p, len}, list, why);

	if (rc == 0 && comment != NULL)
		set_reason(list, first, (struct span){comment, line.len - len});
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

/* --- JSON --- */

static const char *string_of(const json_t *object, const char *const keys[])
{
	for (; *keys != NULL; keys++) {
		const char *const text = json_string_value(json_object_get(object, *keys));

		if (text != NULL)
			return text;
	}
	return NULL;
}

/*
 * Returns the time left of object as text: CrowdSec's "3h59m12.5s", or nft's seconds; outer if object has none.
 * Returns NULL if neither has one.
 */
static const char *time_of(const json_t *object, const char *outer, char buf[WORD_MAX])
{
	static const char *const keys[] = {"duration", "expires", "timeout", NULL};
	const char *const text = string_of(object, keys);

	for (size_t i = 0; keys[i] != NULL && text == NULL; i++) {
		const json_t *const member = json_object_get(object, keys[i]);

		if (json_is_integer(member)) {
			(void)snprintf(buf, WORD_MAX, "%lld", (long long)json_integer_value(member));
			return buf;
		}
	}
	return text != NULL ? text : outer;
}

/* Returns whether CrowdSec does not block it: another type, simulated, or expired ("-5s"). */
static bool is_no_ban(const json_t *object, const char *time)
{
	const char *const type = json_string_value(json_object_get(object, "type"));

	return (json_object_get(object, "scenario") != NULL && type != NULL && strcmp(type, "ban") != 0) ||
	       json_is_true(json_object_get(object, "simulated")) || (time != NULL && *time == '-');
}

/* Adds text if it denotes addresses. object: the object that contains it, or NULL. time: the time left, or NULL. */
static int add_string(const char *text, const json_t *object, const char *time, struct banlist *list, struct why *why)
{
	static const char *const reasons[] = {"scenario", "reason", NULL};
	const char *const reason = string_of(object, reasons);
	const json_t *const len = json_object_get(object, "len");
	struct banlist_entry entry = {.left_s = 0};
	char joined[NET_TEXT_MAX + 8];

	if (json_is_integer(len) && strlen(text) < NET_TEXT_MAX) {
		(void)snprintf(joined, sizeof joined, "%s/%d", text, (int)(json_integer_value(len) & 0xFF));
		text = joined;
	}
	if (!net_parse(text, strlen(text), &entry.net) || is_no_ban(object, time))
		return 0;
	entry.left_s = left_of(time);
	if (reason != NULL)
		(void)text_escape((struct span){reason, strlen(reason)}, entry.reason, sizeof entry.reason);
	return add(list, &entry, why);
}

static bool may_be_address(const char *key)
{
	static const char *const keys[] = {"value", "address", "ip", "addr", "val", NULL};

	for (size_t i = 0; keys[i] != NULL; i++)
		if (strcmp(keys[i], key) == 0)
			return true;
	return false;
}

static int parse_json(json_t *json, const json_t *object, const char *time, int depth, struct banlist *list,
                      struct why *why)
{
	const char *key;
	char seconds[WORD_MAX];
	json_t *member;
	size_t i;
	int rc = 0;

	if (depth == DEPTH_MAX)
		return why_set(why, EINVAL, "JSON nested deeper than %d levels", DEPTH_MAX);
	if (json_is_string(json))
		return add_string(json_string_value(json), object, time, list, why);
	json_array_foreach(json, i, member) if (rc == 0) rc = parse_json(member, NULL, NULL, depth + 1, list, why);
	if ((member = json_object_get(json, "decisions")) !=
	    NULL) /* an alert of CrowdSec; other addresses in it are its causes */
		return parse_json(member, NULL, NULL, depth + 1, list, why);
	time = time_of(json, time, seconds); /* nft has the timeout beside a prefix or range */
	json_object_foreach(json, key, member)
	{
		const char *const first =
			strcmp(key, "range") == 0 ? json_string_value(json_array_get(member, 0)) : NULL;
		const char *const last = first != NULL ? json_string_value(json_array_get(member, 1)) : NULL;
		struct addr from, to;

		if (rc == 0 && last != NULL && addr_parse(first, strlen(first), &from) &&
		    addr_parse(last, strlen(last), &to))
			rc = is_no_ban(json, time) ? 0 : add_range(from, &to, time, list, why);
		else if (rc == 0 && (!json_is_string(member) || may_be_address(key)))
			rc = parse_json(member, json, time, depth + 1, list, why);
	}
	return rc;
}

/* Parses one JSON value, or one value per line. */
static int parse_values(struct span text, struct banlist *list, struct why *why)
{
	int rc = 0;

	while (rc == 0) {
		json_error_t error;
		json_t *json;

		while (text.len > 0 && (unsigned char)*text.p <= ' ') {
			text.p++;
			text.len--;
		}
		if (text.len == 0)
			return 0;
		json = json_loadb(text.p, text.len, JSON_DISABLE_EOF_CHECK, &error);
		if (json == NULL)
			return why_set(why, EINVAL, "line %d of the JSON: %s", error.line, error.text);
		rc = parse_json(json, NULL, NULL, 0, list, why);
		json_decref(json);
		if (error.position <= 0 || (size_t)error.position > text.len)
			return why_set(why, EINVAL, "the JSON cannot be read to its end");
		text.p += error.position;
		text.len -= (size_t)error.position;
	}
	return rc;
}

int banlist_parse(struct span text, struct banlist *list, struct why *why)
{
	size_t at = 0;
	int rc;

	while (at < text.len && (unsigned char)text.p[at] <= ' ')
		at++;
	if (at < text.len && (text.p[at] == '[' || (text.p[at] == '{' && memchr(text.p, '"', text.len) != NULL)))
		return parse_values(text, list, why);
	return parse_sets(text, list, &rc, why) ? rc : parse_lines(text, list, why);
}
