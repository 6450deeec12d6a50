/*
 * workers: the threads of a replay. They read the chunks of one log, match their lines, and return the chunks in order.
 *
 * Owns the threads, the chunks and what each thread needs for matching; the caller owns the log. Knows findings and
 * chunks, never the verdict or the store. No other code here runs in several threads: all functions below are for the
 * one thread that stores. That thread works like the others while no chunk is done, so with one thread no other is
 * started. Call order: workers_new; for each log workers_start, then workers_next_done and workers_give_back until
 * there are no more; workers_free. Aborts if memory cannot be allocated.
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

/* No two share a cache line, because one thread writes here while another reads there. */
struct workers_chunk {
	alignas(FINDINGS_CACHE_LINE) struct chunks_piece piece;
	int64_t read, size;       /* bytes of the file on disk, up to and including this chunk; for progress */
	struct findings findings; /* the matches in it */
	/* Private. */
	bool done; /* waiting for its turn to be stored */
	struct worker *worker;
	struct workers_chunk *next;
};

/* threads: 1 to WORKERS_THREADS_MAX. If the system starts fewer, it is only slower. Borrows rules. */
struct workers *workers_new(const struct rules *rules, unsigned threads);
void workers_free(struct workers *w);

/* Begins a log. Borrows in until workers_next_done has returned NULL. */
void workers_start(struct workers *w, struct chunks *in, const struct findings_limits *limits);

/*
 * Returns the next chunk in log order, valid until it is given back; waits for it. Returns NULL if there are no more.
 */
const struct workers_chunk *workers_next_done(struct workers *w);
void workers_give_back(struct workers *w);

/* Stops reading this log. Chunks that were read are still returned. */
void workers_stop(struct workers *w);

/*
 * Returns 0, or -errno with a sentence in why if the log could not be read to its end. Call after workers_next_done has
 * returned NULL.
 */
int workers_error(const struct workers *w, struct why *why);

#endif
