/*
 * receive: receives log lines from a Unix datagram socket or a FIFO, for programs that have no log file.
 *
 * A socket works like syslog's /dev/log: each datagram is a line, with or without "<22>" in front. It is created here
 * with mode 0660, if nothing or the socket of a killed daemon is at the path, and removed at the end. A FIFO is created
 * by the administrator (mkfifo(1)) and never removed; it must be writable for us too, so that it does not reach end of
 * file when its last writer closes it. Nothing is remembered: a line that is not received is lost. A sender that finds
 * the socket full waits or drops the line, as it is programmed; we are not notified.
 * Knows descriptors; does not know what a line means. NULs and LFs at the end of a datagram are removed; an LF inside
 * becomes a blank, since a datagram is one line whatever a client wrote. Errors: 0, positive results, -errno with a
 * sentence.
 */
#ifndef WFS_INPUT_RECEIVE_H
#define WFS_INPUT_RECEIVE_H

#include <stdint.h>

#include "base/why.h"
#include "input/record.h"

enum {
	RECEIVE_LINE = 0,
	RECEIVE_NONE = 1, /* nothing more now */
};

/* Results of receive_check. */
enum {
	RECEIVE_SAME = 0,
	RECEIVE_REOPENED = 1,
};

struct receive;

/*
 * Opens the FIFO at path, or creates a socket there. path: absolute. Errors: -EEXIST if something else is there;
 * -EADDRINUSE if another daemon receives there; those of bind(2) and open(2), with the remedy.
 */
int receive_open(const char *path, struct receive **ret, struct why *why);

/*
 * If what was opened is no longer at the path, opens what is there now, or creates the socket again, and replaces
 * *receive. Returns RECEIVE_SAME if nothing changed or the error was already returned before, or RECEIVE_REOPENED.
 * Errors: -ENOENT if the FIFO was removed; those of receive_open; *receive continues to work.
 */
int receive_check(struct receive **receive, struct why *why);

/* Closes and frees receive, and removes the socket if it is still ours. Accepts NULL. */
void receive_close(struct receive *receive);

const char *receive_path(const struct receive *receive);

/* Returns the descriptor for poll(2). */
int receive_fd(const struct receive *receive);

/*
 * Reads the next line without waiting: sets text, cut and clean of ret; borrowed until the next call. An error of the
 * descriptor gives RECEIVE_NONE: there is no peer to report it to.
 */
int receive_next(struct receive *receive, struct record *ret);

#endif
