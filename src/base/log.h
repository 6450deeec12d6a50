/*
 * log: writes the daemon's log records, to the journal or as lines to standard error.
 *
 * Only engine, root and the commands log; other modules return a struct why. Knows sd-journal.
 * If standard error is a stream to the journal, a record goes to the journal with its level, its fields and the tag
 * "watchforspammers", so that "journalctl WFS_ADDRESS=192.0.2.7" finds it. If the journal cannot be reached, the record
 * becomes a line that begins with "<N>" (sd-daemon(3)). If standard error is anything else, the record is a line that
 * begins with the tag, without the fields.
 * This module escapes whatever is not printable text (text.h), so a record is always one line.
 * A record says what happened, to what, why, and what follows. Levels: LOG_ALERT: an administrator must act now;
 * LOG_ERR: something failed, and clients get through or the daemon ends; LOG_WARNING: something is not as it should be;
 * LOG_NOTICE: the daemon itself changed; LOG_INFO: daily work. Source: systemd.exec(5) $JOURNAL_STREAM,
 * sd_journal_sendv(3), systemd.journal-fields(7).
 */
#ifndef WFS_BASE_LOG_H
#define WFS_BASE_LOG_H

#include <stddef.h>
#include <syslog.h> /* LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG */

enum {
	LOG_FIELDS_MAX = 12, /* fields per record */
	/* Bytes of a record's text, and of a field's value; longer ones are truncated with "...". */
	LOG_TEXT_MAX = 1024,
};

/* name: as the journal wants it, "WFS_ADDRESS". value NULL: the field is left out. */
struct log_field {
	const char *name, *value;
};

/* Decides once where records go. tag: begins each line, "watchforspammers" or "watchforspammers[root]"; borrowed. */
void log_init(const char *tag, int level);

/* Logs one record at this level. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Logs one record with n fields, at most LOG_FIELDS_MAX. */
void log_event(int level, const struct log_field fields[], size_t n, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
