/*
 * Fuzz target of journal_fields: any fields of an entry, one per line of the input. Whatever they are:
 * - the spans of the record lie in the fields, and its message has no newline;
 * - its line is not longer than said.
 */
#include "input/journal_fields.h"

#include <stdlib.h>
#include <string.h>

#include "seeds.h"

static struct journal_fields fields;

static void check_span(struct span span)
{
	const char *const begin = (const char *)&fields, *const end = begin + sizeof fields;

	check(span.p == NULL ? span.len == 0 : span.p >= begin && span.p + span.len <= end);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char seed[] =
		"_HOSTNAME=mx\nSYSLOG_IDENTIFIER=postfix/smtpd\n_COMM=smtpd\nSYSLOG_PID=5\n_PID=6\n_UID=103\nMESSAGE=hello\n"
		"CONTAINER_NAME=a\n_TRANSPORT=driver\nN_DROPPED=5\nMESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e\n"
		"MESSAGE=Suppressed 5 messages from a.service";

	seeds_begin(*argc, *argv);
	seeds_add("", 0, seed, sizeof seed - 1);
	return 0;
}

/* Each field in memory of its own, so that the address sanitizer sees a read past it. */
static void keep(const char *field, size_t len)
{
	char *const copy = malloc(len);

	check(copy != NULL);
	memcpy(copy, field, len);
	journal_fields_keep(&fields, copy, len);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES];
	const char *from = (const char *)data, *const end = from + size;
	struct span unit = {NULL, 0}, made;
	struct record record;

	journal_fields_begin(&fields);
	for (const char *lf; from < end; from = lf + 1) {
		lf = memchr(from, '\n', (size_t)(end - from));
		if (lf == NULL)
			lf = end;
		if (lf > from)
			keep(from, (size_t)(lf - from));
		if (lf == end)
			break;
	}
	journal_fields_record(&fields, (int64_t)(size * 1000000), size % 2 == 0, &record);
	check_span(record.line.host);
	check_span(record.line.program);
	check_span(record.line.pid);
	check_span(record.line.message);
	check(record.line.message.len == 0 || memchr(record.line.message.p, '\n', record.line.message.len) == NULL);
	made = journal_text(&record, text, sizeof text);
	check(made.p == text && made.len >= record.line.message.len &&
	      made.len - record.line.message.len < JOURNAL_TEXT_MAX);
	if (journal_fields_suppressed(&fields, &unit) != 0)
		check_span(unit);
	return 0;
}
