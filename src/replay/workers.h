/*
 * workers: the threads of a replay. They read the chunks of one log, match their lines, and hand them out in
 * order.
 *
 * Owns the threads, the chunks and what each thread needs to match; the log is the caller's. Knows findings
 * and chunks, never the verdict or the store. Threads are here and nowhere else: everything below is for the
 * one thread that stores, which works like the others while nothing is done, so that with one thread none is
 * started at all. Order: workers_new; for each log workers_start, then workers_next_done and
 * workers_give_back until there is no more; workers_free. Aborts if memory cannot be allocated.
 */
#ifndef WFS_REPLAY_WORKERS_H
#define WFS_REPLAY_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "input/chunks.h"
#include "replay/findings.h"
#include "rules/rules.h"

enum { WORKERS_THREADS_MAX = 16 };

struct workers;

/* Not two in one cache line: one thread writes here while another reads there. */
struct workers_chunk {
	alignas(FINDINGS_CACHE_LINE) struct chunks_piece piece;
	int64_t read, size;       /* of the file on disk, with this chunk: for progress */
	struct findings findings; /* the matches in it */
	/* Private. */
	bool done; /* waits for its turn to be stored */
	struct worker *worker;
	struct workers_chunk *next;
};

/* threads: 1 to WORKERS_THREADS_MAX; with fewer, when the system starts no more, it is only slower. rules:
 * borrowed. */
struct workers *workers_new(const struct rules *rules, unsigned threads);
void workers_free(struct workers *w);

/* Begins a log. in: until workers_next_done returned NULL. */
void workers_start(struct workers *w, struct chunks *in, const struct findings_limits *limits);

/* The next chunk in the order of the log, until it is given back; waits for it. NULL: there is no more. */
const struct workers_chunk *workers_next_done(struct workers *w);
void workers_give_back(struct workers *w);

/* Nothing more of this log is read; the chunks that are still come. */
void workers_stop(struct workers *w);

/* Why the log could not be read to its end: 0, or -errno and a sentence. After workers_next_done returned
 * NULL. */
int workers_error(const struct workers *w, struct why *why);

#endif
