#include "rulecheck/skeleton.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "rulecheck/addresses.h"
#include "rulecheck/words.h"
#include "rules/compiled.h"

enum {
	SESSION_MIN = 6,
	SESSION_MAX = 64,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool contains(struct span s, bool (*of_kind)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (of_kind(s.p[i]))
			return true;
	return false;
}

static bool is_all(struct span s, bool (*of_kind)(char))
{
	for (size_t i = 0; i < s.len; i++)
		if (!of_kind(s.p[i]))
			return false;
	return s.len > 0;
}

/* --- the pattern --- */

struct writer {
	struct span m;
	size_t at;                /* position of what is written next */
	size_t addr_at, addr_end; /* range of the client's address */
	char *out;
	size_t used;
	bool full;
	bool greedy;    /* the regex contains ".*": one is enough, two may be too slow */
	bool placed[3]; /* the regex contains <FROM>, <TO>, <HELO> */
	struct skeleton *skeleton;
};

static void put(struct writer *w, const char *text)
{
	const size_t len = strlen(text);

	if (w->used + len >= SKELETON_MATCH_MAX) {
		w->full = true;
		return;
	}
	memcpy(w->out + w->used, text, len + 1);
	w->used += len;
}

/* Writes the next n bytes as literals. */
static void put_literal(struct writer *w, size_t n)
{
	for (; n > 0; n--, w->at++) {
		const char c = w->m.p[w->at];
		const char text[] = {'\\', c, '\0'};

		put(w, strchr("\\^$.[]|()?*+{}", c) != NULL ? text : text + 1);
	}
}

/* Writes a regex instead of the next n bytes, which the client may have chosen. */
static void put_chosen(struct writer *w, const char *regex, size_t n)
{
	put(w, regex);
	w->skeleton->open |= w->at < w->addr_at;
	w->at += n;
}

/* Writes a class instead of the next n bytes: any characters but blanks and, if possible, the one that follows. */
static void put_any(struct writer *w, size_t n, const char *repeat)
{
	const size_t end = w->at + n;
	const char next = end < w->m.len ? w->m.p[end] : ' ';
	const char class[] = {'[', '^', '\\', 's', next, ']', '\0'};
	const bool is_plain =
		strchr(" ]^-\\", next) != NULL || words_alnum(next) || memchr(w->m.p + w->at, next, n) != NULL;

	put(w, is_plain ? "\\S" : class);
	put(w, repeat);
	w->at = end;
}

/*
 * Returns how many bytes there are from the current position to close, including it; 0 if there is no close, or the
 * client's address is between.
 */
static size_t bracketed(const struct writer *w, char close)
{
	const char *const end = memchr(w->m.p + w->at + 1, close, w->m.len - w->at - 1);
	const size_t n = end != NULL ? (size_t)(end - w->m.p) + 1 - w->at : 0;

	return w->at < w->addr_at && w->at + n > w->addr_at ? 0 : n;
}

/*
 * For a greylisting rule: returns the macro for the value in "key=<...>" or after "key=", or NULL if there is none or
 * it would not match the value.
 */
static const char *builtin_for(struct writer *w, struct span key, struct span value)
{
	static const char *const keys[][4] = {
		{"from", "sender", NULL}, {"to", "recipient", "rcpt", NULL}, {"helo", "ehlo", NULL}};
	static const char *const regexes[] = {"<FROM>", "<TO>", "<HELO>"};

	if (strcmp(w->skeleton->category, "grey") != 0 || w->at < w->addr_at || value.len == 0 || value.len > 255)
		return NULL;
	for (size_t i = 0; i < value.len; i++)
		if (!words_name_byte(value.p[i]) && value.p[i] != '@')
			return NULL;
	for (size_t i = 0; i < sizeof regexes / sizeof *regexes; i++)
		if (words_one_of(key, keys[i]) && !w->placed[i]) {
			w->placed[i] = true;
			return regexes[i];
		}
	return NULL;
}

/*
 * Replaces "<...>" and quotes, which contain what a client may have chosen, and "(...)" and "[...]" unless they contain
 * mere words. Returns true if it did.
 */
static bool put_bracketed(struct writer *w)
{
	static const struct {
		char open, close;
		const char *regex;
	} pairs[] = {{'<', '>', "<[^<>]*>"},
	             {'"', '"', "\"[^\"]*\""},
	             {'(', ')', "\\([^)]*\\)"},
	             {'[', ']', "\\[[^\\]]*\\]"}};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		const size_t n = w->m.p[w->at] == pairs[i].open ? bracketed(w, pairs[i].close) : 0;
		const struct span inside = {w->m.p + w->at + 1, n > 2 ? n - 2 : 0};
		const bool value = w->at > 0 && w->m.p[w->at - 1] == '=';
		const char *builtin;
		char regex[16];

		if (n == 0)
			continue;
		if ((pairs[i].open == '(' || pairs[i].open == '[') && !value &&
		    (memchr(inside.p, ' ', inside.len) != NULL ||
		     (!contains(inside, is_digit) && memchr(inside.p, '.', inside.len) == NULL)))
			continue;
		builtin = value && pairs[i].open == '<' ? builtin_for(w, words_before(w->m, w->at - 1), inside) : NULL;
		(void)snprintf(regex, sizeof regex, "<%s>", builtin != NULL ? builtin : "");
		if (builtin != NULL)
			put_chosen(w, regex, n);
		else if (pairs[i].open == '<' && memchr(inside.p, '<', inside.len) != NULL)
			put_chosen(w, "<[^>]*>", n);
		else
			put_chosen(w, pairs[i].regex, n);
		return true;
	}
	return false;
}

/* Writes "<QUEUE>: " if the message begins with a queue id. */
static void put_queue(struct writer *w)
{
	size_t n = 0, upper = 0, digits = 0;

	for (; n < w->m.len && words_alnum(w->m.p[n]); n++) {
		upper += isupper((unsigned char)w->m.p[n]) != 0;
		digits += is_digit(w->m.p[n]);
	}
	if (n < 5 || n > 24 || n + 1 >= w->m.len || memcmp(w->m.p + n, ": ", 2) != 0 ||
	    (upper + digits < n && digits < 2))
		return;
	put(w, "<QUEUE>: ");
	w->at = n + 2;
}

/* Writes a pattern for "name[" or "name [" before the address. Returns true if it did. */
static bool put_name(struct writer *w)
{
	size_t n = 0;
	bool blank;

	while (w->at + n < w->addr_at && words_name_byte(w->m.p[w->at + n]))
		n++;
	blank = w->m.p[w->at + n] == ' ';
	if (n == 0 || w->at + n + blank + 1 != w->addr_at || w->m.p[w->addr_at - 1] != '[' ||
	    w->m.p[w->at + n - 1] == '-' || w->m.p[w->at] == '-' || w->m.p[w->at] == '.')
		return false;
	if (blank && memchr(w->m.p + w->at, '.', n) == NULL)
		return false; /* "client [ADDRESS]": this is a word, not a name */
	put(w, blank ? "<NAME> \\[" : "<NAME>\\[");
	w->at = w->addr_at;
	return true;
}

/* Writes a pattern for the address and the port after it. */
static void put_address(struct writer *w)
{
	size_t digits;

	put(w, "<ADDR>");
	w->at = w->addr_end;
	if (w->at < w->m.len && w->m.p[w->at] == ']')
		put_literal(w, 1);
	for (digits = 1; w->at + digits < w->m.len && is_digit(w->m.p[w->at + digits]); digits++)
		;
	if (w->at >= w->m.len || w->m.p[w->at] != ':' || digits == 1 ||
	    (w->at + digits < w->m.len && words_alnum(w->m.p[w->at + digits])))
		return;
	put(w, w->m.p[w->at - 1] == ']' ? "(?::\\d+)?" : ":\\d+");
	w->at += digits;
}

/* Returns true for an SMTP reply code, "550" or "5.7.1": it is what the rule is about. */
static bool is_code(struct span word)
{
	if (word.p[0] < '2' || word.p[0] > '5')
		return false;
	if (word.len == 3)
		return is_all(word, is_digit);
	return word.len >= 5 && word.len <= 9 && word.p[1] == '.' && word.p[word.len - 1] != '.' &&
	       memchr(word.p + 2, '.', word.len - 2) != NULL && strspn(word.p, "0123456789.") >= word.len;
}

/* Returns true if the word varies from line to line: an id, a host name, a mail address. */
static bool is_variable(struct span word)
{
	const bool version = word.len > 2 && is_digit(word.p[word.len - 1]) && !is_digit(word.p[word.len - 2]) &&
	                     !contains((struct span){word.p, word.len - 1}, is_digit); /* "ssh2" */

	if (is_code(word))
		return false;
	return memchr(word.p, '@', word.len) != NULL || memchr(word.p, '.', word.len) != NULL ||
	       memchr(word.p, ':', word.len) != NULL || (contains(word, is_digit) && !version);
}

/* Returns the length of the word at the current position: up to a blank or a character that separates values. */
static size_t word_len(const struct writer *w)
{
	const size_t limit = w->at < w->addr_at ? w->addr_at : w->m.len;
	size_t end = w->at;

	for (; end < limit && strchr(" ,;()[]<>\"=", w->m.p[end]) == NULL; end++)
		if (w->m.p[end] == ':' && (end + 1 >= limit || !words_alnum(w->m.p[end + 1])))
			break;
	while (end > w->at && !words_alnum(w->m.p[end - 1])) /* "Sorry." */
		end--;
	return end - w->at;
}

/* Returns true for a user name that a client tried, which may contain blanks: "user NAME", "for NAME from". */
static bool is_tried(const struct writer *w, size_t len)
{
	static const char *const before[] = {"user", "login", "username", "account", NULL};
	static const char *const not_names[] = {
		"from", "unknown",        "not",     "is",     "does", "name",   "by",  "was", "has",
		"with", "authentication", "failure", "failed", "in",   "lookup", "via", NULL};
	const struct span word = {w->m.p + w->at, len};
	struct span last;

	if (w->at < 2 || w->m.p[w->at - 1] != ' ' || words_one_of(word, not_names))
		return false;
	last = words_before(w->m, w->at - 1);
	return words_one_of(last, before) ||
	       (span_is(last, "for") && w->at + len + 5 < w->m.len && memcmp(w->m.p + w->at + len, " from", 5) == 0);
}

/* Writes a pattern for the value in "key=VALUE", except for a value that shows the outcome. Returns true if it did. */
static bool put_value(struct writer *w)
{
	static const char *const outcomes[] = {"status", "action", "reason", "result", "error",
	                                       "event",  "type",   "stat",   "reject", NULL};
	const char *builtin;
	size_t n = 0;

	if (w->at == 0 || w->m.p[w->at - 1] != '=' || words_one_of(words_before(w->m, w->at - 1), outcomes))
		return false;
	while (w->at + n < w->m.len && strchr(" ,;()[]<>\"", w->m.p[w->at + n]) == NULL)
		n++;
	if (n == 0 || (w->at < w->addr_at && w->at + n > w->addr_at))
		return false;
	builtin = builtin_for(w, words_before(w->m, w->at - 1), (struct span){w->m.p + w->at, n});
	w->skeleton->open |= w->at < w->addr_at;
	if (builtin != NULL)
		put_chosen(w, builtin, n);
	else
		put_any(w, n, "*");
	return true;
}

static void put_word(struct writer *w)
{
	const size_t len = word_len(w);
	const struct span word = {w->m.p + w->at, len};

	if (len == 0 || !words_alnum(*word.p)) {
		put_literal(w, 1);
	} else if (is_tried(w, len) && !w->greedy) {
		put_chosen(w, ".*", len);
		w->greedy = true;
	} else if (is_all(word, is_digit) && !is_code(word)) {
		put(w, "\\d+");
		w->at += len;
	} else if (is_variable(word)) {
		put_any(w, len, "+");
	} else {
		put_literal(w, len);
	}
}

static void write_match(struct writer *w)
{
	put(w, "^");
	put_queue(w);
	while (w->at < w->m.len && !w->full)
		if (w->at == w->addr_at)
			put_address(w);
		else if (!(w->at < w->addr_at && put_name(w)) && !put_bracketed(w) && !put_value(w))
			put_word(w);
	put(w, "$");
}

/* --- the rest of the rule --- */

static bool has_word(struct span m, const char *word)
{
	const size_t len = strlen(word);

	for (size_t i = 0; i + len <= m.len; i++)
		if (strncasecmp(m.p + i, word, len) == 0)
			return true;
	return false;
}

static void guess_category(struct span m, struct skeleton *s)
{
	static const struct {
		const char *word, *category, *reason;
		int score;
	} table[] = {
		{"greylist", "grey", "greylisted", 0},
		{"dnsbl", "dnsbl", "listed by a DNS blocklist", 50},
		{"blocked using", "dnsbl", "listed by a DNS blocklist", 50},
		{"blocklist", "dnsbl", "listed by a DNS blocklist", 50},
		{"blacklist", "dnsbl", "listed by a DNS blocklist", 50},
		{"authentication", "auth", "failed login", 20},
		{"auth fail", "auth", "failed login", 20},
		{"password", "auth", "failed login", 20},
		{"login", "auth", "failed login", 20},
		{"invalid user", "auth", "failed login", 20},
		{"relay access", "relay", "tried to relay through us", 50},
		{"relay not", "relay", "tried to relay through us", 50},
		{"relaying", "relay", "tried to relay through us", 50},
		{"user unknown", "unknown-user", "wrote to a mailbox that does not exist", 20},
		{"unknown user", "unknown-user", "wrote to a mailbox that does not exist", 20},
		{"no such user", "unknown-user", "wrote to a mailbox that does not exist", 20},
		{"5.1.1", "unknown-user", "wrote to a mailbox that does not exist", 20},
		{"spf", "name", "sent mail in the name of others (SPF)", 20},
		{"dmarc", "name", "sent mail in the name of others (DMARC)", 20},
		{"virus", "content", "sent a virus", 50},
		{"spam", "content", "sent spam", 50},
		{"helo", "protocol", "bad HELO", 20},
		{"SRC=", "firewall", "packet that a firewall logged", 20},
	};

	s->category = "protocol";
	s->reason = "broke the rules of SMTP";
	s->score = 20;
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (has_word(m, table[i].word)) {
			s->category = table[i].category;
			s->reason = table[i].reason;
			s->score = table[i].score;
			return;
		}
}

/*
 * Writes the program and the name of the rule. Postfix puts an instance and a service in front of the last part: they
 * become wildcards.
 */
static bool write_program(struct span program, struct skeleton *s)
{
	const char *const slash = memrchr(program.p, '/', program.len);
	const struct span last =
		slash == NULL ? program : (struct span){slash + 1, program.len - (size_t)(slash + 1 - program.p)};
	const bool postfix = slash != NULL && program.len > 7 && strncmp(program.p, "postfix", 7) == 0;

	if (last.len == 0 || program.len + 4 > SKELETON_PROGRAM_MAX)
		return false;
	for (size_t i = 0; i < program.len; i++)
		if (!words_name_byte(program.p[i]) && program.p[i] != '/' && program.p[i] != '@' && program.p[i] != '+')
			return false;
	(void)snprintf(s->program, sizeof s->program, "%s%.*s", postfix ? "postfix*/" : "",
	               (int)(postfix ? last.len : program.len), postfix ? last.p : program.p);
	(void)snprintf(s->name, sizeof s->name, "local-%.*s-%s", last.len > 32 ? 32 : (int)last.len, last.p,
	               s->category);
	for (char *p = s->name; *p != '\0'; p++)
		if (!words_alnum(*p) && *p != '_')
			*p = '-';
	return true;
}

static void note_others(const struct addresses_found *found, size_t n, struct skeleton *s)
{
	for (size_t i = 0; i < n && s->n_others < SKELETON_OTHERS_MAX; i++) {
		bool known = addr_equal(&found[i].address, &s->address);

		for (size_t j = 0; j < s->n_others; j++)
			known |= addr_equal(&found[i].address, &s->others[j]);
		if (!known)
			s->others[s->n_others++] = found[i].address;
	}
}

int skeleton_make(struct span program, struct span message, struct skeleton *ret)
{
	struct addresses_found found[ADDRESSES_MAX];
	struct skeleton s = {0};
	struct writer w = {.out = s.match, .skeleton = &s};
	const struct addresses_found *client;
	struct span m = message;
	size_t n;

	if (compiled_unwrap(&m) == 0) /* rules see the repeated message */
		return SKELETON_CUT;
	n = addresses_find(m, found);
	client = addresses_client(m, found, n);
	if (client == NULL)
		return SKELETON_NO_ADDRESS;
	w.m = m;
	guess_category(m, &s);
	if (program.p == NULL || !write_program(program, &s))
		return SKELETON_NO_PROGRAM;
	s.address = client->address;
	w.addr_at = (size_t)(client->where.p - m.p);
	w.addr_end = w.addr_at + client->where.len;
	write_match(&w);
	if (w.full)
		return SKELETON_TOO_LONG;
	note_others(found, n, &s);
	*ret = s;
	return SKELETON_DONE;
}

struct span skeleton_session(struct span message)
{
	for (size_t i = 0; i < message.len; i++) {
		size_t n = 0;

		while (i + n < message.len && (words_alnum(message.p[i + n]) || message.p[i + n] == '-'))
			n++;
		if (n >= SESSION_MIN && n <= SESSION_MAX && contains((struct span){message.p + i, n}, is_digit))
			return (struct span){message.p + i, n};
		i += n;
	}
	return (struct span){NULL, 0};
}
