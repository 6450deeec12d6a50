/*
 * progress: shows the progress of a long piece of work on standard error.
 *
 * Shows a one-line bar on a terminal, redrawn at most ten times a second; plain lines every ten seconds; or nothing.
 * Depends on nothing; the caller passes the time.
 */
#ifndef WFS_REPLAY_PROGRESS_H
#define WFS_REPLAY_PROGRESS_H

#include <stdint.h>

enum progress_form {
	PROGRESS_NONE,
	PROGRESS_BAR,
	PROGRESS_PLAIN,
};

struct progress {
	enum progress_form form;
	int64_t started_ms, shown_ms; /* of any monotonic clock */
};

/* Returns the form that suits standard error: a bar on a terminal, nothing elsewhere. */
enum progress_form progress_fitting(void);

void progress_begin(struct progress *progress, enum progress_form form, int64_t now_ms);

/* Shows that done of size bytes (size 0: unknown) were read, and what was found. Cheap until it is time to show. */
void progress_show(struct progress *progress, int64_t now_ms, int64_t done, int64_t size, int64_t lines, int64_t hits);

/* Removes the bar. */
void progress_end(struct progress *progress);

#endif
