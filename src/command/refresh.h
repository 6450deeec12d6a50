/*
 * refresh: the process that keeps the file of [export] fresh, beside the engine.
 *
 * A process of its own, so that no log line waits for a file of a million addresses. It has the engine's user and no
 * more rights than that: it reads the database and writes beside the file. engine/exporter.h is the other end of its
 * socket.
 */
#ifndef WFS_REFRESH_H
#define WFS_REFRESH_H

#include "base/why.h"
#include "config/config.h"

/*
 * Starts it, if the configuration names a file. In the engine's process, before that opens anything: root_fd is closed
 * in the new one. *ret: the engine's end of the socket, which does not block, or -1 when there is no file. It ends when
 * that is closed.
 */
int refresh_start(const struct config *config, int root_fd, int *ret, struct why *why);

#endif
