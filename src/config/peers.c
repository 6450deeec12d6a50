#include "config/peers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/duration.h"

enum {
	FILE_MAX = 1024 * 1024,
	WORDS_MAX = 16, /* words per line */
	SHOWN_MAX = 80, /* bytes of a word shown in a message */
};

/* The file and line, for messages. */
struct place {
	const char *path;
	unsigned line;
};

static const struct {
	const char *word;
	enum peers_right right;
} rights[] = {{"block", PEERS_BLOCK}, {"lift", PEERS_LIFT}, {"white", PEERS_WHITE}, {"good", PEERS_GOOD}};

static int refuse(const struct place *at, struct span word, const char *what, struct why *why)
{
	char shown[SHOWN_MAX];

	(void)text_escape(word, shown, sizeof shown);
	return why_set(why, EINVAL, "%s:%u: \"%s\": %s", at->path, at->line, shown, what);
}

bool peers_is_name(struct span name)
{
	for (size_t i = 0; i < name.len; i++) {
		const char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
		      c == '_' || c == '.'))
			return false;
	}
	return name.len > 0 && name.len < PEERS_NAME_MAX;
}

/* Returns true for "ed25519:", 43 characters of base64, and "=". */
static bool is_key(struct span word)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const size_t begin = strlen(PEERS_KEY_BEGIN);

	if (word.len != PEERS_KEY_MAX - 1 || memcmp(word.p, PEERS_KEY_BEGIN, begin) != 0 || word.p[word.len - 1] != '=')
		return false;
	for (size_t i = begin; i < word.len - 1; i++)
		if (memchr(digits, word.p[i], sizeof digits - 1) == NULL)
			return false;
	return true;
}

static int parse_rights(const struct place *at, struct span word, unsigned *ret, struct why *why)
{
	const struct span whole = word;

	while (word.len > 0) {
		const char *const comma = memchr(word.p, ',', word.len);
		const struct span one = {word.p, comma == NULL ? word.len : (size_t)(comma - word.p)};
		size_t i = 0;

		while (i < sizeof rights / sizeof *rights && !span_is(one, rights[i].word))
			i++;
		if (i == sizeof rights / sizeof *rights)
			return refuse(at, whole, "rights are block, lift, white and good, separated by commas", why);
		*ret |= rights[i].right;
		word = (struct span){one.p + one.len + (comma != NULL), word.len - one.len - (comma != NULL)};
	}
	return 0;
}

/* Reads a text of digits only, with a value of at most max. */
static bool parse_number(struct span text, unsigned max, unsigned *ret)
{
	unsigned n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9' || (n = n * 10 + (unsigned)(text.p[i] - '0')) > max)
			return false;
	}
	*ret = n;
	return text.len > 0;
}

static bool parse_longest(struct span text, int64_t *ret)
{
	char copy[DURATION_TEXT_MAX];
	int64_t s;

	(void)snprintf(copy, sizeof copy, "%.*s", (int)(text.len < sizeof copy ? text.len : sizeof copy), text.p);
	if (text.len >= sizeof copy || !duration_parse(copy, &s) || s < 1 || s > PEERS_LONGEST_S)
		return false;
	*ret = s;
	return true;
}

static bool parse_prefix(struct span text, struct peers_peer *ret)
{
	const char *const slash = memchr(text.p, '/', text.len);
	const size_t first = slash == NULL ? 0 : (size_t)(slash - text.p);
	unsigned n4, n6;

	if (slash == NULL || !parse_number((struct span){text.p, first}, 32, &n4) ||
	    !parse_number((struct span){slash + 1, text.len - first - 1}, 128, &n6) || n4 < 8 || n6 < 32)
		return false;
	ret->prefix4 = n4;
	ret->prefix6 = n6;
	return true;
}

/* Returns the text after "key=", or p NULL if the word does not begin so. */
static struct span value_of(struct span word, const char *key)
{
	const size_t len = strlen(key);

	if (word.len <= len || memcmp(word.p, key, len) != 0 || word.p[len] != '=')
		return (struct span){NULL, 0};
	return (struct span){word.p + len + 1, word.len - len - 1};
}

static int parse_option(const struct place *at, struct span word, struct peers_peer *p, struct why *why)
{
	const struct span weight = value_of(word, "weight"), longest = value_of(word, "longest"),
			  per_minute = value_of(word, "per_minute"), prefix = value_of(word, "prefix");

	if (span_is(word, "observe"))
		p->observe = true;
	else if (weight.p != NULL && (!parse_number(weight, PEERS_FULL, &p->weight) || p->weight < 1))
		return refuse(at, word, "a weight is 1 to 100", why);
	else if (longest.p != NULL && !parse_longest(longest, &p->longest_s))
		return refuse(at, word, "a duration such as 10m or 6h, at most 7d", why);
	else if (per_minute.p != NULL && (!parse_number(per_minute, 10000000, &p->per_minute) || p->per_minute < 1))
		return refuse(at, word, "a number of blocks per minute, from 1 to 10000000", why);
	else if (prefix.p != NULL && !parse_prefix(prefix, p))
		return refuse(at, word, "the shortest prefixes of a block, IPv4/IPv6, from 8/32", why);
	else if (weight.p == NULL && longest.p == NULL && per_minute.p == NULL && prefix.p == NULL)
		return refuse(at, word, "the options are weight=, longest=, per_minute=, prefix= and observe", why);
	return 0;
}

static int parse_peer(const struct place *at, const struct span words[], size_t n, struct peers_peer *ret,
                      struct why *why)
{
	struct peers_peer p = {.weight = PEERS_FULL,
	                       .longest_s = PEERS_LONGEST_S,
	                       .per_minute = PEERS_PER_MINUTE,
	                       .prefix4 = PEERS_PREFIX4,
	                       .prefix6 = PEERS_PREFIX6};
	int rc;

	if (!peers_is_name(words[0]))
		return refuse(at, words[0], "a name is 1 to 32 letters, digits, \"-\", \"_\" and \".\"", why);
	if (n < 3)
		return refuse(at, words[0], "its key and its rights must follow", why);
	if (!is_key(words[1]))
		return refuse(at, words[1], "not a key; 'watchforspammers-share key' prints it on the peer", why);
	memcpy(p.name, words[0].p, words[0].len);
	memcpy(p.key, words[1].p, words[1].len);
	rc = parse_rights(at, words[2], &p.rights, why);
	for (size_t i = 3; i < n && rc == 0; i++)
		rc = parse_option(at, words[i], &p, why);
	if (rc == 0)
		*ret = p;
	return rc;
}

/* Splits a line into words, up to a comment. Returns how many there are, but stores at most WORDS_MAX. */
static size_t split(struct span line, struct span words[static WORDS_MAX])
{
	size_t n = 0;

	for (size_t i = 0; i < line.len;) {
		const size_t from = i;

		while (i < line.len && line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
			i++;
		if (i > from && line.p[from] == '#')
			break;
		if (i > from && n++ < WORDS_MAX)
			words[n - 1] = (struct span){line.p + from, i - from};
		if (i == from)
			i++;
	}
	return n;
}

static int parse_line(const struct place *at, struct span line, struct peers *peers, struct why *why)
{
	struct span words[WORDS_MAX];
	const size_t n = split(line, words);
	struct peers_peer peer;
	int rc;

	if (n == 0)
		return 0;
	if (n > WORDS_MAX)
		return refuse(at, words[0], "too many words follow", why);
	if ((rc = parse_peer(at, words, n, &peer, why)) < 0)
		return rc;
	if (peers_find(peers, words[0]) != NULL)
		return refuse(at, words[0], "a second line for this peer", why);
	if (peers->n == PEERS_MAX)
		return refuse(at, words[0], "more than 1024 peers", why);
	peers->list = alloc_one_more(peers->list, peers->n, sizeof *peers->list, "the peers");
	peers->list[peers->n++] = peer;
	return 0;
}

int peers_parse(const char *path, struct span text, struct peers *ret, struct why *why)
{
	struct place at = {path, 0};
	struct peers peers = {0};
	int rc = 0;

	while (text.len > 0 && rc == 0) {
		const char *const end = memchr(text.p, '\n', text.len);
		const struct span line = {text.p, end == NULL ? text.len : (size_t)(end - text.p)};

		at.line++;
		rc = parse_line(&at, line, &peers, why);
		text = (struct span){line.p + line.len + (end != NULL), text.len - line.len - (end != NULL)};
	}
	if (rc < 0)
		peers_done(&peers);
	else
		*ret = peers;
	return rc;
}

int peers_read(const char *path, struct peers *ret, struct why *why)
{
	FILE *const file = fopen(path, "re");
	char *text;
	size_t len;
	int rc;

	if (file == NULL && errno == ENOENT) {
		*ret = (struct peers){0};
		return 0;
	}
	if (file == NULL)
		return why_set(why, errno, "%s: %s", path, strerror(errno));
	text = alloc_raw(1, FILE_MAX + 1, "the peers");
	len = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file))
		rc = why_set(why, EIO, "%s: cannot be read", path);
	else if (len > FILE_MAX)
		rc = why_set(why, EFBIG, "%s: larger than 1 MiB", path);
	else
		rc = peers_parse(path, (struct span){text, len}, ret, why);
	free(text);
	(void)fclose(file);
	return rc;
}

void peers_done(struct peers *peers)
{
	free(peers->list);
	*peers = (struct peers){0};
}

const struct peers_peer *peers_find(const struct peers *peers, struct span name)
{
	for (size_t i = 0; i < peers->n; i++)
		if (span_is(name, peers->list[i].name))
			return &peers->list[i];
	return NULL;
}
