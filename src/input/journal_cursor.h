/*
 * journal_cursor: parses a cursor of systemd's journal, and determines which of two entries is later.
 *
 * Private to the folder. The form is "s=SEQNUM_ID;i=SEQNUM;b=BOOT;m=MONOTONIC;t=REALTIME;x=CHECKSUM", all hexadecimal.
 * systemd does not promise this form; a cursor in another form is refused. Pure; the text comes from the database and
 * may contain anything. Source: sd_journal_get_cursor in systemd 252 and 257, src/libsystemd/sd-journal/sd-journal.c.
 */
#ifndef WFS_INPUT_JOURNAL_CURSOR_H
#define WFS_INPUT_JOURNAL_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

enum { JOURNAL_ID_MAX = 33 }; /* bytes: 128 bits in hexadecimal, and the NUL */

struct journal_cursor {
	char seqnum_id[JOURNAL_ID_MAX], boot[JOURNAL_ID_MAX];
	uint64_t seqnum, monotonic, realtime, checksum; /* times in microseconds */
};

/* Parses text. Returns false if it is no cursor; *ret is then undefined. */
bool journal_cursor_read(const char *text, struct journal_cursor *ret);

/*
 * Returns true if both are the same entry, even if it was copied from the journal in memory to the one on disk, where
 * it got another sequence number.
 */
bool journal_cursor_same(const struct journal_cursor *a, const struct journal_cursor *b);

/* Returns true if entry comes after the place of gone, which no longer exists. */
bool journal_cursor_after(const struct journal_cursor *entry, const struct journal_cursor *gone);

#endif
