/*
 * dated: old logs in the order of their first time stamps: sessions, scores and blocks need the lines in the order they
 * were written.
 */
#ifndef WFS_PIPELINE_DATED_H
#define WFS_PIPELINE_DATED_H

#include <stddef.h>
#include <stdint.h>

struct dated {
	const char *path; /* the caller's, as of chunks_open */
	size_t place;     /* among those given: of logs that begin alike the first comes first */
	int64_t first_s;  /* INT64_MAX: unknown; such a log, and standard input, comes last */
	int64_t size;     /* bytes on disk; 0: unknown */
};

/*
 * Fills ret, n of them, in order. year: as of line_clock_init. A file that cannot be opened comes last; the caller that
 * reads it reports the error.
 */
void dated_files(const char *const paths[], size_t n, int year, struct dated *ret);

#endif
