/*
 * Fuzz target of mailboxes: any bytes as a file of addresses. Whatever they are:
 * - it ends, with a set or an error;
 * - every line of a file that was read is in the set, in whatever case, unless it is a comment or empty.
 */
#include "rules/mailboxes.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = {"trap@example.org\n@example.net\n", "# none\n\n a@b \r\n", "\"x y\"@b\n",
	                                    "@\na@"};

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		seeds_add("", 0, seeds[i], strlen(seeds[i]));
	return 0;
}

static void check_line(const struct mailboxes *m, char *line, size_t len)
{
	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		len--;
	while (len > 0 && strchr(" \t\r", *line) != NULL) {
		line++;
		len--;
	}
	if (len == 0 || *line == '#')
		return;
	for (size_t i = 0; i < len; i++)
		if (line[i] >= 'a' && line[i] <= 'z')
			line[i] = (char)(line[i] - 'a' + 'A');
	check(mailboxes_has(m, (struct span){line, len}));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *const copy = malloc(size > 0 ? size : 1); /* so that the address sanitizer sees a read past it */
	struct mailboxes *m = NULL;
	struct why why;

	check(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	if (mailboxes_parse("f", (struct span){copy, size}, &m, &why) == 0) {
		for (char *p = copy; p < copy + size;) {
			char *const newline = memchr(p, '\n', size - (size_t)(p - copy));
			const size_t len = newline == NULL ? size - (size_t)(p - copy) : (size_t)(newline - p);

			check_line(m, p, len);
			p += len + 1;
		}
		(void)mailboxes_has(m, (struct span){copy, size});
	}
	mailboxes_free(m);
	free(copy);
	return 0;
}
