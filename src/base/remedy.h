/*
 * remedy: says how to fix a file that cannot be opened; the text ends the sentence that reports the error.
 *
 * Knows the user of this process, which directory on the path is closed to it, and what systemd hides from a service.
 * Names come from /etc/passwd and /etc/group alone: other sources of names can block for any time and make system calls
 * that are forbidden to the engine.
 */
#ifndef WFS_BASE_REMEDY_H
#define WFS_BASE_REMEDY_H

enum {
	REMEDY_MAX = 448, /* longer texts are truncated */
	REMEDY_USER_MAX = 64,
};

/* Writes and returns the remedy after open(2) for reading failed with err: "; ..." or "". */
const char *remedy_read(int err, const char *path, char out[static REMEDY_MAX]);

/* Like remedy_read, for a file that is to be created or written. */
const char *remedy_write(int err, const char *path, char out[static REMEDY_MAX]);

/* Writes the user of this process, by name if it has one, else by number. */
void remedy_user(char out[static REMEDY_USER_MAX]);

#endif
