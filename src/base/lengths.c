#include "base/lengths.h"

#include <stdio.h>

enum { IP4_BITS = 96 };

void lengths_text(const struct lengths *l, char out[static LENGTHS_TEXT_MAX])
{
	size_t len = 0;

	out[0] = '\0';
	for (unsigned length = IP4_BITS + 1; length < 128; length++)
		if (lengths_has(l, true, (uint8_t)length))
			len += (size_t)snprintf(out + len, LENGTHS_TEXT_MAX - len, "%sip4/%u", len > 0 ? " " : "",
			                        length - IP4_BITS);
	for (unsigned length = 1; length < 128; length++)
		if (lengths_has(l, false, (uint8_t)length))
			len += (size_t)snprintf(out + len, LENGTHS_TEXT_MAX - len, "%sip6/%u", len > 0 ? " " : "",
			                        length);
}

void lengths_read(const char *text, struct lengths *ret)
{
	unsigned length;
	int used;
	char family;

	*ret = (struct lengths){0};
	lengths_add(ret, true, 128);
	lengths_add(ret, false, 128);
	for (; sscanf(text, " ip%c/%3u%n", &family, &length, &used) == 2; text += used)
		if (family == '4' && length >= 1 && length <= 128 - IP4_BITS)
			lengths_add(ret, true, (uint8_t)(IP4_BITS + length));
		else if (family == '6' && length >= 1 && length <= 128)
			lengths_add(ret, false, (uint8_t)length);
}
