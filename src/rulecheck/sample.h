/*
 * sample: the newest lines of logs, or of the journal, as one file in memory that another program can read as well.
 *
 * Plain files only: what is rotated and compressed is older. Whole lines, SAMPLE_MAX bytes of them at most, of each log
 * alike; of the journal those from since_s on, from the first. A log that cannot be read is passed over; why has a
 * sentence for the first. Errors: 0 or -errno with a sentence; -ENODATA: there is no line.
 */
#ifndef WFS_RULECHECK_SAMPLE_H
#define WFS_RULECHECK_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "input/journal.h"

enum { SAMPLE_MAX = 8 << 20 };

struct sample {
	int fd;     /* the file; O_CLOEXEC */
	char *text; /* the same; a NUL is behind it */
	size_t len;
};

/* paths: may have *, ? and [ as of glob(7). ret is the caller's, to sample_done, only after 0. */
int sample_files(const char *const *paths, size_t n, struct sample *ret, struct why *why);
int sample_journal(const struct journal_where *where, int64_t since_s, struct sample *ret, struct why *why);
void sample_done(struct sample *sample);

#endif
