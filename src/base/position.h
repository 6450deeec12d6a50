/*
 * position: how a log, and a position in it, are recognised again.
 *
 * A log is identified by the beginning of its first complete line, not by its name: mail.log, mail.log.1 and
 * mail.log.2.gz are the same log. A position in it is verified by the beginning of the line that ends there. These
 * limits are here because every reader of logs and the database must agree on them.
 */
#ifndef WFS_BASE_POSITION_H
#define WFS_BASE_POSITION_H

enum {
	POSITION_FIRST_MAX = 1024, /* bytes of the first line that are compared */
	POSITION_LAST_MAX = 256,   /* bytes of the last line that are compared */
};

#endif
