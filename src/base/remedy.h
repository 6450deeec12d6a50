/*
 * remedy: what cures a file that cannot be opened, as the end of the sentence that says so.
 *
 * Knows who this process is, which directory on the way is closed to it, and what systemd hides from a service. Names
 * come from /etc/passwd and /etc/group alone: other sources of names take as long as they like, and make system calls that
 * the engine may not.
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

/* Who we are, by name where we have one. */
void remedy_user(char out[static REMEDY_USER_MAX]);

#endif
