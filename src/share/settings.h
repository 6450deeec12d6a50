/*
 * settings: /etc/watchforspammers/share.conf as a struct; every key of it once.
 *
 * Knows base and peers only. One section, [share]; an absent file means the defaults. A file is accepted whole or not
 * at all.
 */
#ifndef WFS_SHARE_SETTINGS_H
#define WFS_SHARE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config/peers.h"

#define SETTINGS_DEFAULT_PATH "/etc/watchforspammers/share.conf"

struct settings {
	char *host;          /* our own name: by default that of the machine, up to its first dot */
	char *server;        /* the path of a Unix socket, or ADDRESS:PORT as below */
	char *address;       /* of a server by TCP; NULL: by its Unix socket */
	int port;            /* likewise */
	char *user;          /* at the server; "": our own name */
	char *password_file; /* its first line is the password; "": none is needed */
	char *ca;            /* TLS: the file with the certificates to trust; "": no TLS */
	char *key, *peers;   /* files: our secret key, sign.h; the peers */
	char *socket;        /* the daemon's control socket */
	int64_t keep_s;      /* what is older is cut from our stream */
};

/* *ret is the caller's, settings_done. Errors: -EINVAL with "path:line: reason", -errno from reading. */
int settings_read(const char *path, struct settings *ret, struct why *why);

/* A zeroed one, too. */
void settings_done(struct settings *settings);

/* For the test that compares with the manual page: the keys and their defaults, as written in a file. */
struct settings_key {
	const char *key, *value;
};
size_t settings_keys(const struct settings_key **ret); /* how many; constant */

#endif
