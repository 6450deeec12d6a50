#include "rulecheck/words.h"

#include <ctype.h>
#include <string.h>

bool words_alnum(char c)
{
	return isalnum((unsigned char)c) != 0;
}

bool words_name_byte(char c)
{
	return words_alnum(c) || c == '.' || c == '-' || c == '_';
}

bool words_one_of(struct span word, const char *const words[])
{
	for (; *words != NULL; words++)
		if (span_is_nocase(word, *words))
			return true;
	return false;
}

struct span words_before(struct span m, size_t at)
{
	size_t from = at;

	while (from > 0 && (words_alnum(m.p[from - 1]) || m.p[from - 1] == '-' || m.p[from - 1] == '_'))
		from--;
	return (struct span){m.p + from, at - from};
}
