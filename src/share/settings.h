/*
 * settings: reads /etc/watchforspammers/share.conf into a struct; knows all its keys.
 *
 * Knows base and peers only. There is one section, [share]; an absent file means the defaults. A file is accepted as
 * a whole or not at all.
 */
#ifndef WFS_SHARE_SETTINGS_H
#define WFS_SHARE_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config/peers.h"

#define SETTINGS_DEFAULT_PATH "/etc/watchforspammers/share.conf"

struct settings {
	char *host;          /* our own name; by default the machine's, up to its first dot */
	char *server;        /* path of a Unix socket, or ADDRESS:PORT, which is split into address and port */
	char *address;       /* of a server reached by TCP; NULL: by its Unix socket */
	int port;            /* of a server reached by TCP */
	char *user;          /* at the server; "": our own name */
	char *password_file; /* file whose first line is the password; "": none is needed */
	char *ca;            /* TLS: file with the certificates to trust; "": no TLS */
	char *key, *peers;   /* files: our secret key (sign.h), and the peers */
	char *socket;        /* the daemon's control socket */
	int64_t keep_s;      /* older entries are trimmed from our stream */
};

/*
 * Reads the file. The caller releases *ret with settings_done. Errors: -EINVAL with "path:line: reason", or -errno
 * from reading.
 */
int settings_read(const char *path, struct settings *ret, struct why *why);

/* Accepts a zeroed struct. */
void settings_done(struct settings *settings);

/* The keys and their defaults, as written in a file; for the test that compares them with the manual page. */
struct settings_key {
	const char *key, *value;
};
size_t settings_keys(const struct settings_key **ret); /* returns how many; constant */

#endif
