#include "dns/spf_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/text.h"

enum {
	SHOWN_MAX = 80,
	LABEL_MAX = 63,
};

static const char version[] = "v=spf1";

static const struct mechanism {
	const char *name;
	enum spf_record_kind kind;
	enum { NO_DOMAIN, MAY, MUST } domain;
	bool lengths; /* may be followed by "/24//64" */
} mechanisms[] = {
	{"all", SPF_RECORD_ALL, NO_DOMAIN, false},
	{"include", SPF_RECORD_INCLUDE, MUST, false},
	{"a", SPF_RECORD_A, MAY, true},
	{"mx", SPF_RECORD_MX, MAY, true},
	{"ptr", SPF_RECORD_PTR, MAY, false},
	{"exists", SPF_RECORD_EXISTS, MUST, false},
};

bool spf_record_is(struct span text)
{
	enum { LEN = sizeof version - 1 };

	return text.len >= LEN && strncasecmp(text.p, version, LEN) == 0 && (text.len == LEN || text.p[LEN] == ' ');
}

bool spf_record_domain(struct span text, char out[static REPLY_NAME_MAX])
{
	size_t label = 0, len = text.len;

	if (len > 0 && text.p[len - 1] == '.')
		len--;
	if (len == 0 || len >= REPLY_NAME_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		const char c = text.p[i];
		const char low = text_lower(c);

		if ((c == '.' && label == 0) || label > LABEL_MAX)
			return false;
		if (c != '.' && c != '-' && c != '_' && !(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9'))
			return false;
		label = c == '.' ? 0 : label + 1;
		out[i] = low;
	}
	out[len] = '\0';
	return label > 0 && label <= LABEL_MAX;
}

/* Reads decimal digits and nothing else. Returns false if the value is above max or the text is no number. */
static bool number(struct span text, unsigned max, uint8_t *ret)
{
	unsigned value = 0;

	if (text.len == 0 || text.len > 3 || (text.len > 1 && text.p[0] == '0'))
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.p[i] - '0');
	}
	*ret = (uint8_t)value; /* <= max, or not used */
	return value <= max;
}

static struct span after(struct span text, size_t n)
{
	return (struct span){text.p + n, text.len - n};
}

/* Returns the index of the first c, or the length. */
static size_t find(struct span text, char c)
{
	const char *const p = memchr(text.p, c, text.len);

	return p == NULL ? text.len : (size_t)(p - text.p);
}

/* Parses "192.0.2.0/24"; host bits may be set. */
static bool parse_ip(struct span text, bool six, struct spf_record_term *term)
{
	const size_t slash = find(text, '/');
	uint8_t len = six ? 128 : 32;
	struct addr addr;

	if (slash < text.len && !number(after(text, slash + 1), len, &len))
		return false;
	if (!addr_parse(text.p, slash, &addr) || (memchr(text.p, ':', slash) != NULL) != six)
		return false;
	term->kind = SPF_RECORD_IP;
	term->net = net_around(&addr, (uint8_t)(six ? len : 96 + len));
	return true;
}

/* Parses the domain after ":", with or without macros. */
static bool parse_domain(struct span text, struct spf_record_term *term)
{
	term->macro = memchr(text.p, '%', text.len) != NULL;
	if (!term->macro)
		return spf_record_domain(text, term->domain);
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] <= ' ' || text.p[i] > '~')
			return false;
	return true;
}

/* Parses "/24", "//64", "/24//64" or nothing. */
static bool parse_lengths(struct span text, struct spf_record_term *term)
{
	const char *const two = memmem(text.p, text.len, "//", 2);
	const size_t at = two == NULL ? text.len : (size_t)(two - text.p);

	term->len4 = 32;
	term->len6 = 128;
	if (at > 0 && (text.p[0] != '/' || !number((struct span){text.p + 1, at - 1}, 32, &term->len4)))
		return false;
	return two == NULL || number(after(text, at + 2), 128, &term->len6);
}

/* Returns the index of the "/" before the lengths: a macro may contain one inside "{...}". */
static size_t domain_len(struct span text)
{
	size_t depth = 0, i = 0;

	for (; i < text.len && (text.p[i] != '/' || depth > 0); i++)
		depth = text.p[i] == '{' ? 1 : text.p[i] == '}' ? 0 : depth;
	return i;
}

static bool parse_mechanism(struct span text, struct spf_record_term *term)
{
	const size_t colon = find(text, ':'), slash = find(text, '/');
	const size_t name_len = colon < slash ? colon : slash;
	const struct span name = {text.p, name_len};
	struct span rest = after(text, name_len);

	if ((span_is_nocase(name, "ip4") || span_is_nocase(name, "ip6")) && colon == name_len && rest.len > 1)
		return parse_ip(after(rest, 1), span_is_nocase(name, "ip6"), term);
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
		const struct mechanism *const m = &mechanisms[i];

		if (!span_is_nocase(name, m->name))
			continue;
		term->kind = m->kind;
		if (rest.len > 0 && rest.p[0] == ':') {
			const struct span domain = {rest.p + 1, domain_len(after(rest, 1))};

			if (m->domain == NO_DOMAIN || !parse_domain(domain, term))
				return false;
			rest = after(rest, 1 + domain.len);
		} else if (m->domain == MUST) {
			return false;
		}
		return m->lengths ? parse_lengths(rest, term) : rest.len == 0;
	}
	return false;
}

/* Returns the length of the name if the text begins with "NAME=", a modifier; else 0. */
static size_t modifier_len(struct span text)
{
	const size_t equals = find(text, '=');

	for (size_t i = 0; i < equals; i++) {
		const char c = text_lower(text.p[i]);

		if (!(c >= 'a' && c <= 'z') &&
		    (i == 0 || (strchr("-_.", text.p[i]) == NULL && !(text.p[i] >= '0' && text.p[i] <= '9'))))
			return 0;
	}
	return equals > 0 && equals < text.len ? equals : 0;
}

/* Parses a modifier; each may appear once. Returns false if it is a second one or its domain is invalid. */
static bool parse_modifier(struct span text, size_t name_len, struct spf_record_term *redirect, bool *explains)
{
	const struct span name = {text.p, name_len}, value = after(text, name_len + 1);

	if (span_is_nocase(name, "exp")) {
		const bool again = *explains;

		*explains = true;
		return !again;
	}
	if (!span_is_nocase(name, "redirect"))
		return true;
	if (redirect->text.p != NULL || value.len == 0)
		return false;
	redirect->text = text;
	return parse_domain(value, redirect);
}

static int bad_term(struct span term, struct why *why)
{
	char shown[SHOWN_MAX];

	(void)text_escape(term, shown, sizeof shown);
	return why_set(why, EINVAL, "\"%s\" is no valid SPF term", shown);
}

static void add(struct spf_record *record, const struct spf_record_term *term)
{
	record->terms = alloc_one_more(record->terms, record->n, sizeof *record->terms, "an SPF record");
	record->terms[record->n++] = *term;
}

/* Returns the next word and advances *rest past it. */
static struct span next_word(struct span *rest)
{
	struct span word;

	while (rest->len > 0 && rest->p[0] == ' ')
		*rest = after(*rest, 1);
	word = (struct span){rest->p, find(*rest, ' ')};
	*rest = after(*rest, word.len);
	return word;
}

static int parse_term(struct span word, struct spf_record *ret, struct spf_record_term *redirect, bool *explains,
                      struct why *why)
{
	const size_t modifier = modifier_len(word);
	const bool qualified = strchr("+-~?", word.p[0]) != NULL;
	struct spf_record_term term = {.qualifier = qualified ? word.p[0] : '+', .text = word};

	if (modifier > 0)
		return parse_modifier(word, modifier, redirect, explains) ? 0 : bad_term(word, why);
	if (!parse_mechanism(after(word, qualified), &term))
		return bad_term(word, why);
	if (ret->n == SPF_RECORD_TERMS_MAX)
		return why_set(why, EINVAL, "more than %d terms", SPF_RECORD_TERMS_MAX);
	add(ret, &term);
	return 0;
}

int spf_record_parse(struct span text, struct spf_record *ret, struct why *why)
{
	struct spf_record_term redirect = {.kind = SPF_RECORD_REDIRECT, .qualifier = '+'};
	struct span rest = after(text, sizeof version - 1);
	bool explains = false;
	int rc = 0;

	*ret = (struct spf_record){0};
	while (rc == 0) {
		const struct span word = next_word(&rest);

		if (word.len == 0)
			break;
		rc = parse_term(word, ret, &redirect, &explains, why);
	}
	if (rc == 0 && redirect.text.p != NULL)
		add(ret, &redirect);
	if (rc < 0)
		spf_record_done(ret);
	return rc;
}

void spf_record_done(struct spf_record *record)
{
	free(record->terms);
	*record = (struct spf_record){0};
}
