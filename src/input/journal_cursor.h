/*
 * journal_cursor: what a cursor of systemd's journal says of an entry, and which of two entries comes later.
 *
 * Private to the folder. "s=SEQNUM_ID;i=SEQNUM;b=BOOT;m=MONOTONIC;t=REALTIME;x=CHECKSUM", all in hexadecimal. Its form
 * is not promised by systemd, and what does not have it is refused. Pure; text may hold anything, as it comes from the
 * database. Source: sd_journal_get_cursor in systemd 252 and 257, src/libsystemd/sd-journal/sd-journal.c.
 */
#ifndef WFS_INPUT_JOURNAL_CURSOR_H
#define WFS_INPUT_JOURNAL_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

enum { JOURNAL_ID_MAX = 33 }; /* 128 bits in hexadecimal, and a NUL */

struct journal_cursor {
	char seqnum_id[JOURNAL_ID_MAX], boot[JOURNAL_ID_MAX];
	uint64_t seqnum, monotonic, realtime, checksum; /* times in microseconds */
};

/* False: text is no cursor, and *ret is of no use. */
bool journal_cursor_read(const char *text, struct journal_cursor *ret);

/* The same entry, perhaps copied from the journal in memory to the one on disk, where it got another number. */
bool journal_cursor_same(const struct journal_cursor *a, const struct journal_cursor *b);

/* entry is behind the place of the one that is gone. */
bool journal_cursor_after(const struct journal_cursor *entry, const struct journal_cursor *gone);

#endif
