/*
 * signals: receives signals from a descriptor that poll(2) waits for, instead of from handlers.
 *
 * The named signals are blocked in this process from then on, and are read one at a time from the descriptor. SIGPIPE
 * is ignored: writing to a closed connection returns an error.
 */
#ifndef WFS_BASE_SIGNALS_H
#define WFS_BASE_SIGNALS_H

#include <stddef.h>

#include "base/why.h"

/* Blocks n signals: they stay pending until they are read or unblocked. */
void signals_block(const int signals[], size_t n);

/*
 * Blocks n signals, ignores SIGPIPE, and opens a descriptor for them. The caller closes *ret_fd, which is CLOEXEC and
 * non-blocking. Errors: those of signalfd(2).
 */
int signals_open(const int signals[], size_t n, int *ret_fd, struct why *why);

/* Returns the next pending signal, or 0. */
int signals_next(int fd);

#endif
