#include "share/tls.h"

#include <errno.h>

#include "build.h" /* WFS_HAS_TLS: hiredis was built with it */

#if WFS_HAS_TLS
#include <hiredis/hiredis.h>
#include <hiredis/hiredis_ssl.h>

int tls_begin(struct redisContext *redis, const char *ca, struct why *why)
{
	redisSSLContextError error = REDIS_SSL_CTX_NONE;
	redisSSLContext *tls;
	int rc;

	(void)redisInitOpenSSL();
	tls = redisCreateSSLContext(ca, NULL, NULL, NULL, NULL, &error);
	if (tls == NULL)
		return why_set(why, EINVAL, "%s: %s", ca, redisSSLContextGetError(error));
	rc = redisInitiateSSLWithContext(redis, tls);
	redisFreeSSLContext(tls); /* the connection has a reference */
	return rc == REDIS_OK ? 0 : why_set(why, EPROTO, "the server: TLS: %s", redis->errstr);
}
#else
int tls_begin(struct redisContext *redis, const char *ca, struct why *why)
{
	(void)redis;
	return why_set(why, ENOTSUP,
	               "ca = %s: hiredis has no TLS here; use the server's Unix socket, WireGuard or stunnel", ca);
}
#endif
