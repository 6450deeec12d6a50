#include "input/journal_cursor.h"

#include <stdlib.h>
#include <string.h>

/* Copies the value of "i=1f4" at *p if its key is 'i', and advances *p past the ";". */
static bool read_part(const char **p, char key, char out[static JOURNAL_ID_MAX])
{
	const char *const value = *p + 2;
	size_t len;

	if ((*p)[0] != key || (*p)[1] != '=')
		return false;
	len = strspn(value, "0123456789abcdef");
	if (len == 0 || len >= JOURNAL_ID_MAX || (value[len] != ';' && value[len] != '\0'))
		return false;
	memcpy(out, value, len);
	out[len] = '\0';
	*p = value + len + (value[len] == ';');
	return true;
}

static bool read_number(const char **p, char key, uint64_t *ret)
{
	char digits[JOURNAL_ID_MAX];

	if (!read_part(p, key, digits))
		return false;
	*ret = strtoull(digits, NULL, 16);
	return true;
}

bool journal_cursor_read(const char *text, struct journal_cursor *ret)
{
	return read_part(&text, 's', ret->seqnum_id) && read_number(&text, 'i', &ret->seqnum) &&
	       read_part(&text, 'b', ret->boot) && read_number(&text, 'm', &ret->monotonic) &&
	       read_number(&text, 't', &ret->realtime) && read_number(&text, 'x', &ret->checksum);
}

bool journal_cursor_same(const struct journal_cursor *a, const struct journal_cursor *b)
{
	if (a->checksum != b->checksum || a->realtime != b->realtime)
		return false;
	if (strcmp(a->seqnum_id, b->seqnum_id) == 0 && a->seqnum == b->seqnum)
		return true;
	return strcmp(a->boot, b->boot) == 0 && a->monotonic == b->monotonic;
}

/*
 * Within one boot the monotonic times decide: a copy on disk may have a larger number than a later entry had in memory
 * (systemd 254 and newer).
 */
bool journal_cursor_after(const struct journal_cursor *entry, const struct journal_cursor *gone)
{
	if (strcmp(entry->boot, gone->boot) == 0)
		return entry->monotonic > gone->monotonic;
	if (strcmp(entry->seqnum_id, gone->seqnum_id) == 0)
		return entry->seqnum > gone->seqnum;
	return entry->realtime > gone->realtime;
}
