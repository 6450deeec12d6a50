/*
 * sample: collects the newest lines of logs, or of the journal, in one file in memory, which another program can read
 * too.
 *
 * Reads plain files only: rotated and compressed ones are older. Takes whole lines, at most SAMPLE_MAX bytes, an equal
 * share from each log; from the journal the first ones since since_s. A log that cannot be read is skipped; why has a
 * sentence about the first. Errors: 0 or -errno with a sentence; -ENODATA if there are no lines.
 */
#ifndef WFS_RULECHECK_SAMPLE_H
#define WFS_RULECHECK_SAMPLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/why.h"
#include "input/journal.h"

enum { SAMPLE_MAX = 8 << 20 };

struct sample {
	int fd;     /* the file; CLOEXEC */
	char *text; /* the same content, followed by a NUL */
	size_t len;
};

/* paths: may contain *, ? and [ as in glob(7). After success the caller frees *ret with sample_done. */
int sample_files(const char *const *paths, size_t n, struct sample *ret, struct why *why);
int sample_journal(const struct journal_where *where, int64_t since_s, struct sample *ret, struct why *why);
void sample_done(struct sample *sample);

#endif
