/*
 * dated: sorts old logs by their first time stamp. Sessions, scores and blocks need lines in the order in which they
 * were written.
 */
#ifndef WFS_PIPELINE_DATED_H
#define WFS_PIPELINE_DATED_H

#include <stddef.h>
#include <stdint.h>

struct dated {
	const char *path; /* borrowed from the caller; as for chunks_open */
	size_t place;     /* index in paths; breaks ties between equal first times */
	int64_t first_s;  /* INT64_MAX: unknown. Such a log, like standard input, comes last */
	int64_t size;     /* bytes on disk; 0: unknown */
};

/*
 * Fills ret with n files in order. year: see line_clock_init. A file that cannot be opened comes last; the caller
 * reports the error when it reads the file.
 */
void dated_files(const char *const paths[], size_t n, int year, struct dated *ret);

#endif
