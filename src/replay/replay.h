/*
 * replay: runs old logs through the same rules, verdict and store as the daemon, as fast as the machine can read.
 *
 * Files are read in chunks of whole lines. Any thread (workers.h) parses and matches them; one thread decides and
 * stores, chunk by chunk in log order. So the result does not depend on the number of threads. Time is the log's own.
 */
#ifndef WFS_REPLAY_REPLAY_H
#define WFS_REPLAY_REPLAY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/block.h"
#include "base/why.h"
#include "config/config.h"
#include "input/journal.h"
#include "pipeline/pending.h"
#include "replay/progress.h"
#include "replay/worst.h"
#include "rules/rules.h"
#include "store/store.h"

enum { REPLAY_SLACK_S = 3600 }; /* how far a log's lines may be out of order */

struct replay_options {
	const struct config *config;
	const struct rules *rules;
	struct store *store;
	enum pending_keeps keeps;            /* what to keep in store */
	const struct journal_where *journal; /* read this instead of files; NULL: read files */
	size_t n_files;
	/* "-": standard input. In any order; they are read in the order of their first time stamps */
	const char *const *files;
	/*
	 * Lines outside this period match nothing; INT64_MIN, INT64_MAX: all match. In a plain file whose times only
	 * increase, lines more than REPLAY_SLACK_S outside are not even read, and so not counted.
	 */
	int64_t from_s, until_s;
	int year;         /* of the first stamp without a year; 0: derive it from the file's modification time */
	bool leave_tail;  /* leave a last line without LF in a plain file for the next time; otherwise it counts */
	unsigned threads; /* 1 to WORKERS_THREADS_MAX */
	enum progress_form progress;
	const atomic_bool *stop; /* when it becomes true, store what is complete and return */
};

struct replay_result {
	int64_t files, bytes, lines, cut, unparsed, hits, addresses, blocks;
	/*
	 * journal only: lines that their user may not write; entries that could not be read; messages that journald
	 * suppressed
	 */
	int64_t forged, damaged, suppressed;
	int64_t known_bytes;               /* skipped, because the database had counted them already */
	int64_t first_s, last_s;           /* times of hits; 0 if there are none */
	int64_t first_line_s, last_line_s; /* times of lines */
	/* files with lines none of which has a header, and the number of those lines */
	int64_t n_no_logs, no_log_lines;
	const char *no_log; /* the first of those files; borrowed from the caller */
	int64_t suspended;  /* rules that would have blocked too many proven good clients */
	bool stopped;
	int64_t *by_rule; /* hits of each rule, by its index; the caller frees it */
	struct worst worst;
};

/*
 * Reads everything. ret is filled as far as it got, even on error: what was stored is stored with its position. Returns
 * 0 or -errno with a sentence in why. After an error in one file the others are still read, unless the error is the
 * database's; the first error is returned.
 */
int replay_run(const struct replay_options *options, struct replay_result *ret, struct why *why);

#endif
