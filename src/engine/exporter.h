/*
 * exporter: the engine's end of the socket to the process that keeps the file of [export] up to date
 * (command/refresh.h).
 *
 * The engine sends one byte when the database has changed. The process sends sentences: an error, or EXPORTER_WORKS.
 * The engine never waits for it.
 */
#ifndef WFS_ENGINE_EXPORTER_H
#define WFS_ENGINE_EXPORTER_H

#include <stdint.h>

#include "admin/problems.h"
#include "store/store.h"

#define EXPORTER_WORKS "the file is written again"

struct exporter {
	int fd;          /* non-blocking; -1: no file is wanted, or the process has ended */
	int64_t changes; /* store_changes at the last notification; -1: none yet */
};

/* Notifies the process if a turn or request wrote something. Logs and reports the process's errors. */
void exporter_turn(struct exporter *x, const struct store *store, struct problems *problems, int64_t now_s);

#endif
