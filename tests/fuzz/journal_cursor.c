/*
 * Fuzz target of journal_cursor: any text as a cursor. Whatever it is:
 * - what is accepted has two identifiers of 1 to 32 digits;
 * - an entry is the same as itself, and never behind itself.
 */
#include "input/journal_cursor.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "seeds.h"

static void check_id(const char *id)
{
	const size_t len = strnlen(id, JOURNAL_ID_MAX);

	check(len > 0 && len < JOURNAL_ID_MAX && strspn(id, "0123456789abcdef") == len);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char seed[] =
		"s=0123456789abcdef0123456789abcdef;i=1f4;b=ffffffffffffffffffffffffffffffff;m=a;t=6449c2c5f2b34;x=ffffffffffffffff";

	seeds_begin(*argc, *argv);
	seeds_add("", 0, seed, sizeof seed - 1);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *const text = malloc(size + 1); /* so that the address sanitizer sees a read past it */
	struct journal_cursor c;

	check(text != NULL);
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (journal_cursor_read(text, &c)) {
		check_id(c.seqnum_id);
		check_id(c.boot);
		check(journal_cursor_same(&c, &c));
		check(!journal_cursor_after(&c, &c));
	}
	free(text);
	return 0;
}
