#include "rules/rdns.h"

#include <stdint.h>
#include <string.h>

#include "base/domain.h"

enum {
	NAME_MAX_BYTES = 255, /* of a DNS name, RFC 1035 */
	RUN_TOGETHER_MIN = 8, /* digits without separators; "1234" may mean anything */
	APART_MAX = 2,        /* bytes between two octets: "198-51", "198.b51" */
	NIBBLES = 32,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z');
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f');
}

static unsigned hex_value(char c)
{
	return is_digit(c) ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

/* --- four decimal octets --- */

/* Returns the value of len digits, or -1 if it is no octet; leading zeros are allowed ("051"). */
static int octet(const char *p, size_t len)
{
	int value = 0;

	if (len == 0 || len > 3)
		return -1;
	for (size_t i = 0; i < len; i++)
		value = 10 * value + (p[i] - '0');
	return value <= 255 ? value : -1;
}

/* Searches four separate runs of digits in sequence that are the octets, forwards or backwards. */
static bool has_octets(const char *name, const uint8_t want[static 4])
{
	int last[4] = {-1, -1, -1, -1};
	size_t apart = 0;

	for (const char *p = name; *p != '\0';) {
		size_t len = 0;

		if (!is_digit(*p)) {
			apart++;
			p++;
			continue;
		}
		while (is_digit(p[len]))
			len++;
		if (apart > APART_MAX)
			last[1] = last[2] = last[3] = -1;
		last[0] = last[1];
		last[1] = last[2];
		last[2] = last[3];
		last[3] = octet(p, len);
		if ((last[0] == want[0] && last[1] == want[1] && last[2] == want[2] && last[3] == want[3]) ||
		    (last[0] == want[3] && last[1] == want[2] && last[2] == want[1] && last[3] == want[0]))
			return true;
		apart = 0;
		p += len;
	}
	return false;
}

/* Writes the octets without separators; pad: three digits each. Returns the length. */
static size_t join(const uint8_t octets[static 4], bool backwards, bool pad, char out[static 13])
{
	size_t n = 0;

	for (size_t i = 0; i < 4; i++) {
		const uint8_t value = octets[backwards ? 3 - i : i];

		if (pad || value >= 100)
			out[n++] = (char)('0' + value / 100);
		if (pad || value >= 10)
			out[n++] = (char)('0' + value / 10 % 10);
		out[n++] = (char)('0' + value % 10);
	}
	out[n] = '\0';
	return n;
}

/* Returns true if text is in name, without a byte of its kind directly before or after it. */
static bool has_token(const char *name, const char *text, size_t len, bool (*of_kind)(char))
{
	for (const char *p = name; (p = strstr(p, text)) != NULL; p++)
		if ((p == name || !of_kind(p[-1])) && !of_kind(p[len]))
			return true;
	return false;
}

static bool has_run_together(const char *name, const uint8_t octets[static 4])
{
	for (int way = 0; way < 4; way++) {
		char text[13];
		const size_t len = join(octets, (way & 1) != 0, (way & 2) != 0, text);

		if (len >= RUN_TOGETHER_MIN && has_token(name, text, len, is_digit))
			return true;
	}
	return false;
}

/* --- hex --- */

/*
 * Compares the n nibbles at p, with at most one of "-._" between two of them. Returns the position after them, or NULL
 * if they are not there.
 */
static const char *nibbles_at(const char *p, const uint8_t *nibbles, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && (*p == '-' || *p == '.' || *p == '_'))
			p++;
		if (!is_hex(*p) || hex_value(*p) != nibbles[i])
			return NULL;
		p++;
	}
	return p;
}

/* Returns true if name has the bytes in hex, with or without separators, as complete tokens. */
static bool has_hex(const char *name, const uint8_t *bytes, size_t n, bool backwards, bool by_nibble)
{
	uint8_t nibbles[NIBBLES];

	for (size_t i = 0; i < n; i++) {
		const uint8_t byte = bytes[backwards ? n - 1 - i : i];
		const bool swap = backwards && by_nibble;

		nibbles[2 * i] = swap ? byte & 0x0F : byte >> 4;
		nibbles[2 * i + 1] = swap ? byte >> 4 : byte & 0x0F;
	}
	for (const char *p = name; *p != '\0'; p++) {
		const char *end;

		if (p > name && is_hex(p[-1]))
			continue;
		end = nibbles_at(p, nibbles, 2 * n);
		if (end != NULL && !is_hex(*end))
			return true;
	}
	return false;
}

/* Searches "2001-db8-bad--7": the text of an IPv6 address with "-" instead of ":", up to the end of a label. */
static bool has_groups(const char *name, const struct addr *address)
{
	for (const char *p = name; *p != '\0'; p++) {
		char text[ADDR_TEXT_MAX];
		struct addr found;
		size_t len = 0;

		if (!is_hex(*p) || (p > name && is_alnum(p[-1])))
			continue;
		while (len < sizeof text && (is_hex(p[len]) || p[len] == '-')) {
			text[len] = p[len] == '-' ? ':' : p[len];
			len++;
		}
		if (!is_alnum(p[len]) && addr_parse(text, len, &found) && addr_equal(&found, address))
			return true;
	}
	return false;
}

/* --- words --- */

static bool is_word(const char *token, size_t len, const char *const words[])
{
	for (; *words != NULL; words++)
		if (strlen(*words) == len && memcmp(*words, token, len) == 0)
			return true;
	return false;
}

/*
 * Returns the length of the part before the registered domain: of "a.b" in "a.b.example.net" and "a.b.example.co.uk".
 */
static size_t host_part(const char *name, size_t len)
{
	const struct span domain = domain_registered((struct span){name, len});

	return domain.p == NULL || domain.p == name ? 0 : (size_t)(domain.p - name) - 1;
}

static bool has_word(const char *name, size_t len)
{
	static const char *const words[] = {"adsl",   "broadband", "cable",  "cablemodem", "catv", "dhcp",    "dialin",
	                                    "dialup", "dip",       "docsis", "dsl",        "dyn",  "dynamic", "dynip",
	                                    "fttb",   "ftth",      "hsd",    "modem",      "pool", "pools",   "ppp",
	                                    "pppoe",  "sdsl",      "vdsl",   "xdsl",       NULL};
	static const char *const servers[] = {"mail", "mx", "smtp", "mta", "relay", "static", NULL};
	bool first = true;

	for (size_t i = 0; i < len;) {
		size_t end = i, letters;

		if (!is_alnum(name[i])) {
			i++;
			continue;
		}
		while (end < len && is_alnum(name[end]))
			end++;
		for (letters = end; letters > i && is_digit(name[letters - 1]);)
			letters--;
		if (first && is_word(name + i, letters - i, servers))
			return false;
		if (is_word(name + i, letters - i, words))
			return i < host_part(name, len); /* called only here: it costs more than everything else */
		first = false;
		i = end;
	}
	return false;
}

bool rdns_name(struct span name, const struct addr *address)
{
	char lower[NAME_MAX_BYTES + 1];
	const uint8_t *const b = address->bytes;

	if (name.p == NULL || name.len > NAME_MAX_BYTES || span_is(name, "unknown"))
		return false;
	for (size_t i = 0; i < name.len; i++)
		lower[i] = text_lower(name.p[i]);
	lower[name.len] = '\0';
	if (has_word(lower, name.len))
		return true;
	if (addr_is_ip4(address))
		return has_octets(lower, b + 12) || has_run_together(lower, b + 12) ||
		       has_hex(lower, b + 12, 4, false, false) || has_hex(lower, b + 12, 4, true, false);
	return has_groups(lower, address) || has_hex(lower, b, 16, false, true) || has_hex(lower, b, 16, true, true);
}
