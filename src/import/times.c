#include "import/times.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/text.h"

enum { DAY_S = 86400, WORD_MAX_LEN = 8 };

static const int64_t longest_s = INT64_C(100) * 366 * DAY_S;

static const struct {
	const char *words; /* each has a blank on both sides */
	int64_t seconds;
} units[] = {
	{" s ss sec second seconds ", 1},
	{" m mm min minute minutes ", 60},
	{" h hh hou hour hours ", 3600},
	{" d dd da day days ", DAY_S},
	{" w ww wee week weeks ", INT64_C(7) * DAY_S},
	{" mo mon month months ", (INT64_C(365) * 3 + 366) * DAY_S / 4 / 12},
	{" y yy yea year years ", (INT64_C(365) * 3 + 366) * DAY_S / 4},
};

static const char *skip_blanks(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

/* Returns the seconds of the unit at *p: 1 if there is none, 0 if it is unknown. */
static int64_t read_unit(const char **p)
{
	char word[WORD_MAX_LEN + sizeof "  "] = " ";
	size_t len = 1;

	while (isalpha((unsigned char)**p) && len <= WORD_MAX_LEN)
		word[len++] = text_lower(*(*p)++);
	if (len == 1)
		return 1;
	word[len] = ' ';
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (strstr(units[i].words, word) != NULL)
			return units[i].seconds;
	return 0;
}

/* Reads a number and its unit, perhaps with blanks between them. */
static bool read_factor(const char **p, int64_t *ret)
{
	int64_t n = 0, unit;

	if (!isdigit((unsigned char)**p))
		return false;
	for (; isdigit((unsigned char)**p); (*p)++) {
		n = n * 10 + (**p - '0');
		if (n > longest_s)
			return false;
	}
	*p = skip_blanks(*p);
	unit = read_unit(p);
	*p = skip_blanks(*p);
	*ret = n * unit;
	return unit > 0 && n <= longest_s / unit;
}

static bool read_product(const char **p, int64_t *ret)
{
	int64_t factor;

	if (!read_factor(p, ret))
		return false;
	while (**p == '*') {
		*p = skip_blanks(*p + 1);
		if (!read_factor(p, &factor) || (factor > 0 && *ret > longest_s / factor))
			return false;
		*ret *= factor;
	}
	return true;
}

bool times_parse(const char *text, int64_t *ret_s)
{
	const char *p = skip_blanks(text);
	int64_t sum = 0, product;

	if (strcmp(p, "-1") == 0) {
		*ret_s = -1;
		return true;
	}
	do {
		if (!read_product(&p, &product) || sum + product > longest_s)
			return false;
		sum += product;
		if (*p == '+')
			p = skip_blanks(p + 1);
	} while (*p != '\0');
	*ret_s = sum;
	return true;
}
