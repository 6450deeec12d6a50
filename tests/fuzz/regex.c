/*
 * Fuzz target of regex: any bytes as what fail2ban-regex printed. Whatever they are: it ends; every line lies in them,
 * has no LF and no blank at its end, and is less than the next.
 */
#include "import/regex.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = {"\n|- Matched line(s):\n|  b\n|  a \n`-\n", "\n|- Matched line(s):\n"};

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		seeds_add("", 0, seeds[i], strlen(seeds[i]));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *const copy = malloc(size > 0 ? size : 1); /* so that the address sanitizer sees a read past it */
	struct regex_lines lines;

	check(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	regex_parse(copy, size, &lines);
	for (size_t i = 0; i < lines.n; i++) {
		const struct span *const line = &lines.list[i];

		check(line->p >= copy && line->p + line->len <= copy + size);
		check(line->len == 0 || memchr(line->p, '\n', line->len) == NULL);
		check(span_trim(*line).len == line->len);
		check(i == 0 || span_order(line - 1, line) < 0);
	}
	regex_done(&lines);
	return 0;
}
