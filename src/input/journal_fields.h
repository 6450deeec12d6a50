/*
 * journal_fields: collects the fields of one entry of systemd's journal, and makes a record and a line of them.
 *
 * Pure: knows neither sd-journal nor files. Fields may contain anything: programs choose their names and values, except
 * for those that begin with "_", which journald sets itself.
 *
 * The record of an entry:
 *   program   SYSLOG_IDENTIFIER, else _COMM        pid   SYSLOG_PID, else _PID      host   _HOSTNAME
 *   time      when journald received it            message   the first line of MESSAGE, at most LINE_MAX_BYTES
 *   uid       _UID, which journald gets from the kernel and the writer cannot choose; 0 for the kernel and journald
 * What a container printed, as the journald drivers of docker and podman store it (CONTAINER_NAME), is the line of a
 * log (printed). Its writer is the user of dockerd or conmon, which is responsible for the whole container. If a
 * service or container prints a line with a NUL, or one longer than journald or the container's driver permits, the
 * line is split. The rest of such a line may begin where a client chose, so it does not count as a line
 * (journal_pieces).
 * Limits: longer values are truncated, a message to LINE_MAX_BYTES (the record is then cut).
 * Source: systemd.journal-fields(7); message ids: sd-messages.h of systemd 252.
 */
#ifndef WFS_INPUT_JOURNAL_FIELDS_H
#define WFS_INPUT_JOURNAL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "input/record.h"

enum {
	JOURNAL_VALUE_MAX = 128, /* bytes kept of a value other than the message */
	JOURNAL_FIELDS_MAX = 14, /* number of fields that are read */
	JOURNAL_PIECES_MAX = 16, /* streams that can be within a line at the same time */
	JOURNAL_TEXT_MAX = 512,  /* the most bytes that journal_text writes before a message */
};

/* The fields of an entry. Private except for its size: it is large, and the spans of the record point into it. */
struct journal_fields {
	char message[LINE_MAX_BYTES];
	char value[JOURNAL_FIELDS_MAX][JOURNAL_VALUE_MAX];
	struct span found[JOURNAL_FIELDS_MAX];
	bool is_cut;
};

/* Begins a new entry: forgets all fields. */
void journal_fields_begin(struct journal_fields *fields);

/*
 * Copies "NAME=value", len > 0 bytes as sd_journal_enumerate_data returns them, if the field is one of ours. If a field
 * occurs several times, the first one counts.
 */
void journal_fields_keep(struct journal_fields *fields, const char *data, size_t len);

/*
 * Makes a record of the fields. is_foreign: the entry is from another machine, whose user ids are not ours; its system
 * users count as 0.
 */
void journal_fields_record(const struct journal_fields *fields, int64_t received_us, bool is_foreign,
                           struct record *ret);

/* The streams of a journal whose last entry ended within a line. Initialise to zero. */
struct journal_pieces {
	char of[JOURNAL_PIECES_MAX][JOURNAL_VALUE_MAX];
	size_t len[JOURNAL_PIECES_MAX], next; /* len 0: a free slot */
};

/* Returns true if the entry is the rest of a line. Call it once for each entry, in order. */
bool journal_pieces_goes_on(struct journal_pieces *pieces, const struct journal_fields *fields);

/* Returns how many messages of a unit journald dropped (its rate limit) if the entry is its report of that, else 0. */
int64_t journal_fields_suppressed(const struct journal_fields *fields, struct span *ret_unit);

/*
 * Writes the record of an entry as a line that line.h parses to the same fields, for people and the database: "TIME
 * HOST PROGRAM[PID]: MESSAGE". out: cap bytes, at least JOURNAL_TEXT_MAX + LINE_MAX_BYTES. Returns the line.
 */
struct span journal_text(const struct record *record, char *out, size_t cap);

#endif
