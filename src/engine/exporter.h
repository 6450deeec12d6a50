/*
 * exporter: the engine's end of the socket to the process that keeps the file of [export] fresh (command/refresh.h).
 *
 * One byte notifies it that the database was changed; it sends sentences: what it cannot do, or EXPORTER_WORKS. Never
 * waits for it.
 */
#ifndef WFS_ENGINE_EXPORTER_H
#define WFS_ENGINE_EXPORTER_H

#include <stdint.h>

#include "admin/problems.h"
#include "store/store.h"

#define EXPORTER_WORKS "the file is written again"

struct exporter {
	int fd;          /* does not block; -1: no file is wanted, or the process has ended */
	int64_t changes; /* of the database, when it was notified last; -1: not yet */
};

/* After what a turn and a request write. Logs and reports what it cannot do. */
void exporter_turn(struct exporter *x, const struct store *store, struct problems *problems, int64_t now_s);

#endif
