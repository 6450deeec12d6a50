/*
 * unixsocket: creates and connects Unix sockets with a path in the file system.
 *
 * Descriptors are CLOEXEC and the caller closes them; the caller removes a path that it bound.
 * Source: unix(7): a path has at most 107 bytes; connecting to a socket whose owner was killed is refused.
 */
#ifndef WFS_BASE_UNIXSOCKET_H
#define WFS_BASE_UNIXSOCKET_H

#include "base/why.h"

/*
 * Binds a non-blocking socket of this type (SOCK_STREAM, SOCK_DGRAM) to path, created with mode 0660. Replaces the
 * socket of a process that was killed. Errors: -ENAMETOOLONG; -EEXIST if path is something else; -EADDRINUSE if another
 * process uses it; those of bind(2), with the remedy.
 */
int unixsocket_bind(const char *path, int type, int *ret_fd, struct why *why);

/*
 * Connects to a stream socket; returns its descriptor or -errno. Sending and receiving wait at most wait_s; 0 means
 * forever.
 */
int unixsocket_connect(const char *path, int wait_s);

#endif
