/*
 * journal: returns the entries of systemd's journal in order, each once, as records.
 *
 * Owns one sd_journal handle and its descriptor. Knows sd-journal and base; does not know what a message means. The
 * fields of an entry go straight into the record (journal_fields.h); they are not formatted as a line and parsed again.
 *
 * Which entries: the whole system journal (SD_JOURNAL_SYSTEM: services, the kernel and system users; not the files of
 * ordinary users, user-1000.journal). No matches are set: rules name programs with globs, which sd-journal cannot
 * match, and each match costs a search in every file for every entry. Measured with systemd 252: 363,000 entries/s
 * without matches, 199,000 with three identifiers. The caller skips what no rule is for.
 *
 * Position: the cursor of the last entry returned. An entry is found again by its sequence number, or by its boot, time
 * and checksum, which stay the same when journald copies it from /run to /var. If its file was deleted, even while it
 * is being read, reading continues after its place. The sequence numbers show how many entries were lost, once there is
 * a later entry; it may be none. After journal_next or journal_turn failed, the next call reopens the journal at the
 * position. Errors: 0, positive as listed, or -errno with a sentence. Source: sd_journal_get_fd(3),
 * sd_journal_get_cursor(3); systemd 252 and 257, src/libsystemd/sd-journal/sd-journal.c.
 */
#ifndef WFS_INPUT_JOURNAL_H
#define WFS_INPUT_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "input/journal_fields.h"
#include "input/journal_where.h"

enum {
	JOURNAL_CURSOR_MAX = 256, /* bytes of a cursor including the NUL; systemd's have about 150 */
};

/* Positive results. */
enum {
	JOURNAL_NONE = 1, /* no entry now: poll */
};

struct journal_entry {
	struct record record; /* spans are valid until the next call; start is the entry's time in microseconds */
	/*
	 * If the entry is journald's report that it dropped messages of a unit (its rate limit): how many, else 0; and
	 * the unit.
	 */
	int64_t suppressed;
	struct span unit;
};

/* What journal_seek found instead of the entry at the cursor. */
struct journal_gap {
	bool is_gone; /* the entry no longer exists */
	/* At most this many entries of any program are missing before the next one; -1 if not known (yet) */
	int64_t lost;
};

struct journal_stat {
	int64_t damaged;    /* entries that could not be read and were skipped */
	int64_t reopened;   /* how often the journal was reopened after an error */
	int64_t gaps, lost; /* how often entries were deleted before they were read, and how many, as far as known */
	bool too_many;      /* no descriptor was left: files may be missing */
};

struct journal;

/*
 * Opens the journal at its beginning. where: copied. An empty or missing journal is no error.
 * Errors: -EINVAL if more than one member of where is set; -ENOENT for an unknown machine or directory; -EACCES if the
 * journal may not be read; -EMFILE; those of sd_journal_open.
 */
int journal_open(const struct journal_where *where, struct journal **ret, struct why *why);

/* Closes and frees journal; accepts NULL. */
void journal_close(struct journal *journal);

/*
 * Return the descriptor to poll for POLLIN, and how long to poll at most (-1: forever; otherwise the file system has no
 * notification). The descriptor changes after each error.
 */
int journal_fd(const struct journal *journal);
int journal_timeout_ms(const struct journal *journal);

/*
 * Set where reading continues: after all existing entries; after the entry of this cursor; at the first entry of that
 * time or later. After journal_open it is the beginning. Errors: -EINVAL for an invalid cursor; those of the journal.
 */
int journal_seek_end(struct journal *journal, struct why *why);
int journal_seek(struct journal *journal, const char *cursor, struct journal_gap *ret, struct why *why);
int journal_seek_time(struct journal *journal, int64_t time_s, struct why *why);

/* Looks for new, rotated and deleted files. Call it when the descriptor is readable or the timeout has passed. */
int journal_turn(struct journal *journal, struct why *why);

/* Reads the next entry. Returns 0 or JOURNAL_NONE. */
int journal_next(struct journal *journal, struct journal_entry *ret, struct why *why);

/*
 * Sets *ret to the cursor of the last entry that was returned or skipped, or of the end that was sought; valid until
 * the next call. Returns JOURNAL_NONE if there is none yet.
 */
int journal_position(struct journal *journal, const char **ret, struct why *why);

struct journal_stat journal_stat(const struct journal *journal);

/*
 * Sets *ret_s to the time of the newest entry of facility mail, or 0 if there is none. Errors: those of journal_open.
 */
int journal_newest_mail(const struct journal_where *where, int64_t *ret_s, struct why *why);

#endif
