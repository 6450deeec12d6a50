/*
 * receive: lines that are sent to us, by a Unix datagram socket or a FIFO, for what has no file.
 *
 * A socket is as syslog's /dev/log: each datagram is a line, with "<22>" in front or not. It is made here,
 * with mode 0660, where nothing is, or the socket of a daemon that was killed; and removed at the end. A FIFO
 * is made by the administrator (mkfifo(1)), must be writable for us too, so that it has no end when its last
 * writer goes, and is never removed. Nothing is remembered of either: a line that is not received is lost. A
 * sender that finds a socket full waits, or drops the line itself, as it is programmed to; we do not learn of it.
 * Knows descriptors; never what a line means. Bytes that are no part of a line: NULs and LFs at the end of a
 * datagram; an LF inside of one becomes a blank, since it is one line whatever a client wrote. Errors: 0,
 * positive outcomes, -errno with a sentence.
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

/* Of receive_check. */
enum {
	RECEIVE_SAME = 0,
	RECEIVE_REOPENED = 1,
};

struct receive;

/*
 * path: absolute. Errors: -EEXIST something else is there; -EADDRINUSE another daemon receives there; those
 * of bind(2) and open(2), with the remedy.
 */
int receive_open(const char *path, struct receive **ret, struct why *why);

/*
 * When what was at the path is not there any more: opens what is there now, or makes the socket again, in the
 * place of *receive. RECEIVE_SAME: nothing changed, or the error is the one returned before. RECEIVE_REOPENED.
 * Errors: -ENOENT the FIFO was removed; those of receive_open; *receive goes on.
 */
int receive_check(struct receive **receive, struct why *why);

/* Accepts NULL. Removes the socket if it is still ours. */
void receive_close(struct receive *receive);

const char *receive_path(const struct receive *receive);

/* For poll(2). */
int receive_fd(const struct receive *receive);

/*
 * The next line, without waiting: fills text, cut and clean of ret, which are borrowed until the next call.
 * An error of the descriptor is RECEIVE_NONE: there is no other end to report it to.
 */
int receive_next(struct receive *receive, struct record *ret);

#endif
