/*
 * signals: signals as something that poll(2) waits for, instead of handlers.
 *
 * Those that are named are blocked from then on in this process, and read one after the other from the descriptor.
 * SIGPIPE is ignored: a write to who is gone returns an error.
 */
#ifndef WFS_SIGNALS_H
#define WFS_SIGNALS_H

#include <stddef.h>

#include "base/why.h"

/* Blocks n signals: those that come from now on wait until they are read, or until they are let through again. */
void signals_block(const int signals[], size_t n);

/* The same; *ret_fd is the caller's, CLOEXEC and without waiting. Errors: those of signalfd(2). */
int signals_open(const int signals[], size_t n, int *ret_fd, struct why *why);

/* The next that came, or 0. */
int signals_next(int fd);

#endif
