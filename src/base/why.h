/*
 * why: the sentence that goes with an error number.
 *
 * Every function that can fail for a reason an operator must read has a struct why as its last argument. It returns 0,
 * or a negative errno with the sentence in why. The sentence names the object, the reason and, where there is one, the
 * remedy. It has no newline and no "error:" in front; the caller that prints it adds context.
 */
#ifndef WFS_BASE_WHY_H
#define WFS_BASE_WHY_H

enum { WHY_MAX = 512 };

struct why {
	char text[WHY_MAX]; /* NUL-ended; longer sentences are truncated */
};

/*
 * Writes the sentence and returns -err, so that a failing function ends with one line:
 *     return why_set(why, ENOENT, "%s: no such log", path);
 * err: an errno value > 0. The caller escapes untrusted strings among the arguments.
 */
int why_set(struct why *why, int err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif
