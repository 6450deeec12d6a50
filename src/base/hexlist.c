#include "base/hexlist.h"

#include <inttypes.h>
#include <stdio.h>

bool hexlist_number(const char *digits, size_t n_digits, uint32_t *ret)
{
	uint32_t n = 0;

	for (size_t i = 0; i < n_digits; i++) {
		const char c = digits[i];

		if (c >= '0' && c <= '9')
			n = n << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = n;
	return true;
}

bool hexlist_parse(struct span text, struct hexlist *ret)
{
	struct hexlist list = {.n = text.len / HEXLIST_DIGITS};

	if (list.n == 0 || list.n > HEXLIST_MAX || text.len % HEXLIST_DIGITS != 0)
		return false;
	for (size_t i = 0; i < list.n; i++)
		if (!hexlist_number(text.p + i * HEXLIST_DIGITS, HEXLIST_DIGITS, &list.numbers[i]) ||
		    (i > 0 && list.numbers[i] <= list.numbers[i - 1]))
			return false;
	*ret = list;
	return true;
}

void hexlist_text(const struct hexlist *list, char out[static HEXLIST_TEXT_MAX])
{
	out[0] = '\0';
	for (size_t i = 0; i < list->n; i++)
		(void)snprintf(out + i * HEXLIST_DIGITS, HEXLIST_DIGITS + 1, "%08" PRIx32, list->numbers[i]);
}
