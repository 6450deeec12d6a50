/*
 * refresh: the process that keeps the file of [export] up to date, beside the engine.
 *
 * It is a separate process, so that no log line has to wait for a file of a million addresses. It runs as the
 * engine's user, with no more rights: it reads the database and writes beside the file. engine/exporter.h is the
 * other end of its socket.
 */
#ifndef WFS_COMMAND_REFRESH_H
#define WFS_COMMAND_REFRESH_H

#include "base/why.h"
#include "config/config.h"

/*
 * Starts the process if the configuration names a file. Call it in the engine's process before that opens anything;
 * the new process closes root_fd. *ret: the engine's end of the socket, non-blocking, or -1 if no file is configured.
 * The process ends when that is closed.
 */
int refresh_start(const struct config *config, int root_fd, int *ret, struct why *why);

#endif
