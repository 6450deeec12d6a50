#include "share/tls.h"

#include <errno.h>

int tls_begin(struct redisContext *redis, const char *ca, struct why *why)
{
	(void)redis;
	return why_set(why, ENOTSUP, "ca = %s: hiredis has no TLS here; use the server's Unix socket, WireGuard or stunnel", ca);
}
