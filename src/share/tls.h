/*
 * tls: encrypts the connection to the server if hiredis was built with TLS; otherwise returns an error.
 *
 * Debian 13's hiredis has TLS, Debian 12's has not: use a Unix socket, WireGuard or stunnel there.
 */
#ifndef WFS_SHARE_TLS_H
#define WFS_SHARE_TLS_H

#include "base/why.h"

struct redisContext;

/* Starts TLS; call it before sending anything. ca: the file with the certificates to trust. */
int tls_begin(struct redisContext *redis, const char *ca, struct why *why);

#endif
