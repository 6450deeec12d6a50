/*
 * log: what the daemon says, to standard error, one record a line.
 *
 * Only engine, root and the commands log; modules return a struct why. Under systemd each line carries
 * its syslog priority as "<N>" (sd-daemon(3)), so the journal knows an error from a notice.
 * Who logs says what failed, on what, why, and what happens now.
 */
#ifndef WFS_LOG_H
#define WFS_LOG_H

#include <syslog.h> /* LOG_ERR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG */

/* Decides once how lines are written; who: the name in front, "watchforspammers" or "[root]". */
void log_init(const char *who, int level);

/* One line at this level; text from strangers is escaped by the caller. */
void log_line(int level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
