/*
 * tls: the connection to the server, encrypted, where hiredis was built with that; else an error.
 *
 * Debian 13 has it, Debian 12 has not: there a Unix socket, WireGuard or stunnel does it.
 */
#ifndef WFS_SHARE_TLS_H
#define WFS_SHARE_TLS_H

#include "base/why.h"

struct redisContext;

/* Before anything is sent. ca: the file with the certificates to trust. */
int tls_begin(struct redisContext *redis, const char *ca, struct why *why);

#endif
