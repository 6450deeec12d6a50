/*
 * journal: the entries of systemd's journal in their order, each once, as records.
 *
 * Owns one sd_journal handle and its one descriptor. Knows sd-journal and base; never what a message means. The fields
 * of an entry go straight into the record (journal_fields.h): no line is made of them and parsed again.
 *
 * Which entries: all of the system's journal (SD_JOURNAL_SYSTEM: those of services, of the kernel and of system users;
 * not the files of ordinary users, user-1000.journal). No matches are set: rules name programs by globs, which
 * sd-journal cannot match, and each match costs a search in every file for every entry. Measured with systemd 252
 * (entries/s): none 363,000, three identifiers 199,000. Who reads passes over what no rule means.
 *
 * Position: the cursor of the last entry returned. An entry is found again by its sequence number, or by its boot, time
 * and checksum: those stay when journald copies it from /run to /var. When its file was deleted, also while it is read,
 * reading goes on behind its place. How many entries were lost is known by the sequence numbers as soon as there is an
 * entry behind; it may be none. After journal_next or journal_turn failed, the next call opens the journal again at the
 * position. Errors: 0, positive as listed, or -errno with a sentence. Source: sd_journal_get_fd(3),
 * sd_journal_get_cursor(3); systemd 252 and 257, src/libsystemd/sd-journal/sd-journal.c.
 */
#ifndef WFS_JOURNAL_H
#define WFS_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "input/journal_fields.h"
#include "input/journal_where.h"

enum {
	JOURNAL_CURSOR_MAX = 256, /* bytes of a cursor with its NUL; systemd's have about 150 */
};

/* Positive results. */
enum {
	JOURNAL_NONE = 1, /* no entry now: poll */
};

struct journal_entry {
	struct record record; /* spans: valid until the next call; start: its time in microseconds */
	/* This entry is journald's report that it dropped so many messages of a unit (its rate limit); 0: it is
	 * another. */
	int64_t suppressed;
	struct span unit;
};

/* What journal_seek found instead of the entry of its cursor. */
struct journal_gap {
	bool is_gone; /* the entry is not there any more */
	int64_t lost; /* entries between it and the next that there is, of all programs, at most; -1: not known, or not
	                 yet */
};

struct journal_stat {
	int64_t damaged;    /* entries that could not be read, and were passed over */
	int64_t reopened;   /* times that it was opened again after an error */
	int64_t gaps, lost; /* times that entries were gone before they were read, and how many, where that is known */
	bool too_many;      /* no descriptor was left: files may be missing */
};

struct journal;

/*
 * Opens it at its beginning. where: copied. An empty journal, or none yet, is no error.
 * Errors: -EINVAL more than one is set; -ENOENT no such machine or directory; -EACCES may not be read; -EMFILE; those
 * of sd_journal_open.
 */
int journal_open(const struct journal_where *where, struct journal **ret, struct why *why);

/* Accepts NULL. */
void journal_close(struct journal *journal);

/* To poll for POLLIN, and how long at most (-1: for ever; else a file system without notification). Another after each
 * error. */
int journal_fd(const struct journal *journal);
int journal_timeout_ms(const struct journal *journal);

/*
 * Where reading goes on: behind all that there is; behind the entry of this cursor; at the first entry of that time or
 * later; journal_open is at the beginning. Errors: -EINVAL no cursor; of the journal.
 */
int journal_seek_end(struct journal *journal, struct why *why);
int journal_seek(struct journal *journal, const char *cursor, struct journal_gap *ret, struct why *why);
int journal_seek_time(struct journal *journal, int64_t time_s, struct why *why);

/* After the descriptor was readable, or the time was over: learns of new, rotated and deleted files. */
int journal_turn(struct journal *journal, struct why *why);

/* The next entry: 0, or JOURNAL_NONE. */
int journal_next(struct journal *journal, struct journal_entry *ret, struct why *why);

/*
 * The cursor of the last entry that was returned or passed over, or of the end sought; JOURNAL_NONE: there is none yet.
 * *ret: valid until the next call.
 */
int journal_position(struct journal *journal, const char **ret, struct why *why);

struct journal_stat journal_stat(const struct journal *journal);

/* The time of the newest entry of facility mail; 0: there is none. Errors: as of journal_open. */
int journal_newest_mail(const struct journal_where *where, int64_t *ret_s, struct why *why);

#endif
