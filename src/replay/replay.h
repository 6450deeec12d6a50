/*
 * replay: old logs through the same rules, verdict and store as the daemon, as fast as the machine reads.
 *
 * Files are read in chunks of whole lines; any thread (workers.h) parses and matches them; one thread decides and
 * stores, chunk after chunk in log order. So the result is the same on any number of threads. Time is the log's own.
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

enum { REPLAY_SLACK_S = 3600 }; /* how much a log may be out of order */

struct replay_options {
	const struct config *config;
	const struct rules *rules;
	struct store *store;
	enum pending_keeps keeps;            /* in it */
	const struct journal_where *journal; /* instead of files; NULL: files */
	size_t n_files;
	const char *const *files; /* "-": standard input; any order, read by their first time stamps */
	/*
	 * Lines outside match nothing; INT64_MIN, INT64_MAX: all. In a plain file that goes forward in time what is
	 * more than REPLAY_SLACK_S outside is not even read, and so not counted.
	 */
	int64_t from_s, until_s;
	int year;         /* of the first stamp without one; 0: from the file's own time */
	bool leave_tail;  /* a last line without LF of a plain file is for the next time, else it counts */
	unsigned threads; /* 1..WORKERS_THREADS_MAX */
	enum progress_form progress;
	const atomic_bool *stop; /* becomes true: store what is complete and return */
};

struct replay_result {
	int64_t files, bytes, lines, cut, unparsed, hits, addresses, blocks;
	int64_t forged, damaged, suppressed; /* of a journal: lines of the wrong user; entries that could not be read;
	                                        messages that journald dropped */
	int64_t known_bytes;                 /* passed over: the database had counted them already */
	int64_t first_s, last_s;             /* of hits; 0 when there is none */
	int64_t first_line_s, last_line_s;   /* of lines */
	int64_t n_no_logs, no_log_lines;     /* files with lines of which none has a header, and these lines */
	const char *no_log;                  /* the first of them; the caller's own */
	int64_t suspended;                   /* rules that would have blocked too many proven-good clients */
	bool stopped;
	int64_t *by_rule; /* hits of each rule, by its index: the caller's to free */
	struct worst worst;
};

/*
 * Reads everything. ret is filled as far as it got, also on error: what was stored is stored with its position.
 * Errors: -errno with a sentence; other files are still read, unless it is the database's, and the first error is
 * returned.
 */
int replay_run(const struct replay_options *options, struct replay_result *ret, struct why *why);

#endif
