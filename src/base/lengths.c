#include "base/lengths.h"

#include <stdio.h>
#include <string.h>

enum { IP4_BITS = 96, WORD_MAX = 16 };

void lengths_text(const struct lengths *l, char out[static LENGTHS_TEXT_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned length = IP4_BITS + 1; length < 128; length++)
		if (lengths_has(l, true, (uint8_t)length))
			len += (size_t)snprintf(out + len, LENGTHS_TEXT_MAX - len, "%sip4/%u", len > 0 ? " " : "", length - IP4_BITS);
	for (unsigned length = 1; length < 128; length++)
		if (lengths_has(l, false, (uint8_t)length))
			len += (size_t)snprintf(out + len, LENGTHS_TEXT_MAX - len, "%sip6/%u", len > 0 ? " " : "", length);
}

bool lengths_text_has(const char *text, bool ip4, unsigned length)
{
	char word[WORD_MAX];
	const size_t len = (size_t)snprintf(word, sizeof word, "%s/%u", ip4 ? "ip4" : "ip6", length % 1000);

	/* No word is the end of another; one may be the beginning: "ip6/6" of "ip6/64". */
	for (const char *at = strstr(text, word); at != NULL; at = strstr(at + len, word))
		if (at[len] == '\0' || at[len] == ' ')
			return true;
	return false;
}
