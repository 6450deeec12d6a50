/*
 * remedy: what cures a file that cannot be opened, as the end of the sentence that reports the error.
 *
 * Knows the user of this process, which directory on the way is closed to it, and what systemd hides from a service.
 * Names come from /etc/passwd and /etc/group alone: other sources of names can block for any time, and make system
 * calls that the engine may not.
 */
#ifndef WFS_REMEDY_H
#define WFS_REMEDY_H

enum {
	REMEDY_MAX = 448, /* longer ones are cut */
	REMEDY_USER_MAX = 64,
};

/* After open(2) gave err for reading: "; ..." or "", in out. */
const char *remedy_read(int err, const char *path, char out[static REMEDY_MAX]);

/* The same for a file that is to be made or written. */
const char *remedy_write(int err, const char *path, char out[static REMEDY_MAX]);

/* The user of this process, by name where it has one. */
void remedy_user(char out[static REMEDY_USER_MAX]);

#endif
