#include "base/pasted.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

enum {
	QUOTED_MAX = 80,
	PORT_DIGITS_MAX = 5,
};

static bool is_one_of(char c, const char *list)
{
	return c != '\0' && strchr(list, c) != NULL;
}

static void cut_front(struct span *text, size_t n)
{
	text->p += n;
	text->len -= n;
}

/* Cuts one thing before the address; returns false if there is nothing to cut. */
static bool cut_before(struct span *text)
{
	static const char tag[] = "IPv6:";

	if (text->len > 0 && is_one_of(text->p[0], " \t\r\n[(<\"'")) {
		cut_front(text, 1);
		return true;
	}
	if (text->len >= sizeof tag - 1 && strncasecmp(text->p, tag, sizeof tag - 1) == 0) {
		cut_front(text, sizeof tag - 1);
		return true;
	}
	return false;
}

/*
 * Cuts the name of "NAME[", which Postfix writes before an address. Never cuts an address there: it is a different one.
 */
static void cut_name(struct span *text)
{
	const char *const bracket = memchr(text->p, '[', text->len);
	const size_t len = bracket == NULL ? 0 : (size_t)(bracket - text->p);
	struct addr ignored;

	if (len == 0 || addr_parse(text->p, len, &ignored))
		return;
	for (size_t i = 0; i < len; i++) {
		const char c = text->p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      is_one_of(c, "-_.")))
			return;
	}
	cut_front(text, len);
}

/* Cuts ":25" after "]" or after a text with dots; elsewhere it may be part of an IPv6 address. */
static bool cut_port(struct span *text)
{
	size_t at = text->len;

	while (at > 0 && text->p[at - 1] >= '0' && text->p[at - 1] <= '9')
		at--;
	if (at < 2 || at == text->len || text->len - at > PORT_DIGITS_MAX || text->p[at - 1] != ':')
		return false;
	at--;
	for (size_t i = at; i > 0 && text->p[i - 1] != ':'; i--)
		if (text->p[i - 1] == '.' || text->p[i - 1] == ']') {
			text->len = at;
			return true;
		}
	return false;
}

static bool cut_after(struct span *text)
{
	if (text->len > 0 && is_one_of(text->p[text->len - 1], " \t\r\n,;:.)]>\"'")) {
		text->len--;
		return true;
	}
	return cut_port(text);
}

int pasted_net(struct span text, struct net *ret, struct why *why)
{
	struct span rest = text;
	char quoted[QUOTED_MAX];

	if (text.len > PASTED_MAX) {
		(void)text_escape(text, quoted, sizeof quoted);
		return why_set(why, EINVAL, "\"%s\" is not an IPv4 or IPv6 address", quoted);
	}
	while (rest.len > 0 && is_one_of(rest.p[0], " \t\r\n"))
		cut_front(&rest, 1);
	cut_name(&rest);
	do {
		if (net_parse(rest.p, rest.len, ret))
			return 0;
	} while (cut_before(&rest));
	/* Now cut what follows the address, one thing at a time: "2001:db8::" ends in colons that belong to it. */
	while (cut_after(&rest))
		if (net_parse(rest.p, rest.len, ret))
			return 0;
	/* For "1.2.3.4/24," the error is about 1.2.3.4/24; a text that is neither is quoted whole. */
	return net_read(memchr(rest.p, '/', rest.len) != NULL ? rest : text, ret, why);
}
