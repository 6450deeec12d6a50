/*
 * position: how a log, and a place in it, are known again.
 *
 * A log is known by the beginning of its first complete line, not by its name: mail.log, mail.log.1 and mail.log.2.gz
 * are the same log. A position in it is proved by the beginning of the line that ends there. Here, because every reader
 * of logs and the database must agree on it.
 */
#ifndef WFS_POSITION_H
#define WFS_POSITION_H

enum {
	POSITION_FIRST_MAX = 1024, /* bytes of a first line that count */
	POSITION_LAST_MAX = 256,   /* bytes of a last line that count */
};

#endif
