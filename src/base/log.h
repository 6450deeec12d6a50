/*
 * log: what the daemon reports, one record at a time: to the journal, or as a line to standard error.
 *
 * Only engine, root and the commands log; modules return a struct why. Knows sd-journal.
 * When standard error is a stream to the journal, a record goes there with its level, its fields and the tag
 * "watchforspammers", so that "journalctl WFS_ADDRESS=192.0.2.7" finds it; a journal that cannot be reached gets a line
 * with "<N>" in front (sd-daemon(3)). Otherwise it is a line with the tag in front, and the fields are left out.
 * Whatever is not printable text is escaped here (text.h), so a record is always one line.
 * A record reports what happened, to what, why, and what follows. Levels: LOG_ALERT an administrator must act now;
 * LOG_ERR it failed, and clients get through or the daemon ends; LOG_WARNING it is not as it should be; LOG_NOTICE the
 * daemon itself changed; LOG_INFO daily work. Source: systemd.exec(5) $JOURNAL_STREAM, sd_journal_sendv(3),
 * systemd.journal-fields(7).
 */
#ifndef WFS_LOG_H
#define WFS_LOG_H

#include <stddef.h>
#include <syslog.h> /* LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG */

enum {
	LOG_FIELDS_MAX = 12, /* of one record */
	LOG_TEXT_MAX = 1024, /* bytes of a record's text, and of a field's value; longer ones are cut with "..." */
};

/* name: as the journal wants it, "WFS_ADDRESS". value NULL: there is none. */
struct log_field {
	const char *name, *value;
};

/*
 * Decides once where records go. tag: in front of a line, "watchforspammers" or "watchforspammers[root]"; borrowed.
 */
void log_init(const char *tag, int level);

/* One record at this level. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same, with n fields, at most LOG_FIELDS_MAX. */
void log_event(int level, const struct log_field fields[], size_t n, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
