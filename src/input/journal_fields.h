/*
 * journal_fields: the fields of one entry of systemd's journal, the record that they make, and that record as
 * a line.
 *
 * Pure: knows neither sd-journal nor files. Fields may hold anything: programs choose their names and values,
 * but for those that begin with "_", which journald sets itself.
 *
 * A record of an entry:
 *   program   SYSLOG_IDENTIFIER, else _COMM        pid   SYSLOG_PID, else _PID      host   _HOSTNAME
 *   time      when journald received it            message   the first line of MESSAGE, at most LINE_MAX_BYTES
 *   uid       _UID, which journald has from the kernel and the writer cannot choose; of the kernel and of journald
 * itself: 0 What a container printed, as the journald drivers of docker and podman store it (CONTAINER_NAME), is a line
 * of a log (printed); its writer is the user of dockerd or conmon, who answers for all of the container. A service or
 * container that prints has its lines split where they hold a NUL, or are longer than journald or the container's
 * driver permits. The rest of such a line begins where a client may have chosen: it is no line (journal_pieces).
 * Limits: values longer than their place here are cut, a message to LINE_MAX_BYTES (and the record is then cut).
 * Source: systemd.journal-fields(7); ids of messages: sd-messages.h of systemd 252.
 */
#ifndef WFS_INPUT_JOURNAL_FIELDS_H
#define WFS_INPUT_JOURNAL_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "input/record.h"

enum {
	JOURNAL_VALUE_MAX = 128, /* bytes of a value other than the message that are kept */
	JOURNAL_FIELDS_MAX = 14, /* that are read */
	JOURNAL_PIECES_MAX = 16, /* streams in the middle of a line at once */
	JOURNAL_TEXT_MAX = 512,  /* bytes that journal_text puts in front of a message, at most */
};

/* Of an entry. Private but for its size: it is large, and the spans of the record point into it. */
struct journal_fields {
	char message[LINE_MAX_BYTES];
	char value[JOURNAL_FIELDS_MAX][JOURNAL_VALUE_MAX];
	struct span found[JOURNAL_FIELDS_MAX];
	bool is_cut;
};

/* Another entry begins: none is there. */
void journal_fields_begin(struct journal_fields *fields);

/* "NAME=value" as sd_journal_enumerate_data gives it, len > 0 bytes: copied if it is one of ours; the first, when there
 * are several. */
void journal_fields_keep(struct journal_fields *fields, const char *data, size_t len);

/* is_foreign: of another machine, whose user numbers are not ours: those of system users there count as 0. */
void journal_fields_record(const struct journal_fields *fields, int64_t received_us, bool is_foreign,
                           struct record *ret);

/* Of the entries of a journal, in their order: streams whose last entry ended within a line. Initialise to
 * zero. */
struct journal_pieces {
	char of[JOURNAL_PIECES_MAX][JOURNAL_VALUE_MAX];
	size_t len[JOURNAL_PIECES_MAX], next; /* len 0: none */
};

/* True when the entry is the rest of a line. Once for each entry. */
bool journal_pieces_goes_on(struct journal_pieces *pieces, const struct journal_fields *fields);

/* How many messages of a unit journald dropped (its rate limit), if the entry is its report of that; 0: it is another.
 */
int64_t journal_fields_suppressed(const struct journal_fields *fields, struct span *ret_unit);

/*
 * Writes a record of an entry as a line that line.h parses to the same fields, for people and the database: "TIME HOST
 * PROGRAM[PID]: MESSAGE". out: cap bytes, at least JOURNAL_TEXT_MAX + LINE_MAX_BYTES.
 */
struct span journal_text(const struct record *record, char *out, size_t cap);

#endif
