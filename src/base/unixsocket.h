/*
 * unixsocket: sockets with a path in the file system: to be reached there, and to reach others.
 *
 * Descriptors are CLOEXEC and the caller's to close; a path that was bound is the caller's to remove.
 * Source: unix(7): a path has at most 107 bytes, and connecting to one whose owner was killed is refused.
 */
#ifndef WFS_UNIXSOCKET_H
#define WFS_UNIXSOCKET_H

#include "base/why.h"

/*
 * A socket of that type (SOCK_STREAM, SOCK_DGRAM) at path, without waiting, with mode 0660 from its birth. What a
 * process that was killed left there is replaced. Errors: -ENAMETOOLONG; -EEXIST: there is something else; -EADDRINUSE:
 * another process has it; those of bind(2), with the remedy.
 */
int unixsocket_bind(const char *path, int type, int *ret_fd, struct why *why);

/* Connects to a stream socket, and returns its descriptor or -errno. Sending and receiving wait at most wait_s; 0: for
 * ever. */
int unixsocket_connect(const char *path, int wait_s);

#endif
