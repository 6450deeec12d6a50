#include "replay/workers.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"

enum { CHUNKS_PER_THREAD = 4 }; /* one being worked on, one being stored, and some in reserve */

/* A thread that reads and matches. */
struct worker {
	struct workers *all;
	struct rules_scratch *scratch;
	/* chunks that it filled last, so they are in its processor's cache; most recent first */
	struct workers_chunk *free;
	pthread_t thread;
};

/*
 * The ring of chunks, which are read and stored in order. Any thread reads a chunk, one thread at a time, and matches
 * it while it is in the cache. The first worker stores chunks that are done before it takes on such work.
 */
struct workers {
	pthread_mutex_t lock;                    /* for all members below, and for in */
	pthread_cond_t todo, done;               /* done: only the first worker waits for it */
	size_t n_workers, n_threads;             /* n_threads: n_workers - 1, or as many as could be started */
	struct worker list[WORKERS_THREADS_MAX]; /* the first is the thread that stores */
	size_t n_chunks, ring_size;              /* chunks allocated; chunks that may be read and not yet stored */
	struct workers_chunk *ring[WORKERS_THREADS_MAX * CHUNKS_PER_THREAD];
	size_t next_read, next_store; /* counters; modulo ring_size they are indices */
	bool reading, more, quit;     /* a thread is reading; there is more to read; no more files */

	/* The log being read. */
	struct chunks *in;
	struct findings_limits limits;
	int read_rc;
	struct why read_why;
};

/* Returns true if a chunk can be read now. */
static bool can_read(const struct workers *w)
{
	return w->more && !w->reading && w->next_read - w->next_store < w->ring_size;
}

static struct workers_chunk *chunk_new(void)
{
	struct workers_chunk *const c = alloc_aligned(alignof(struct workers_chunk), sizeof *c, "a chunk of a log");
	char *const bytes = alloc_raw(1, CHUNKS_SIZE + 1, "a chunk of a log");

	*c = (struct workers_chunk){.piece.bytes = bytes};
	return c;
}

/*
 * Returns a free chunk, preferably the worker's own, since what another thread wrote last is not in its cache. There
 * are always more chunks than can be busy, so one is free.
 */
static struct workers_chunk *next_free_chunk(struct workers *w, struct worker *worker)
{
	struct worker *from = worker;
	struct workers_chunk *c;

	if (worker->free == NULL && w->n_chunks < w->ring_size + w->n_workers) {
		w->n_chunks++;
		c = chunk_new();
	} else {
		for (size_t i = 0; from->free == NULL; i++)
			from = &w->list[i];
		c = from->free;
		from->free = c->next;
	}
	c->worker = worker;
	c->done = false;
	return c;
}

static void set_free(struct workers_chunk *c)
{
	c->next = c->worker->free;
	c->worker->free = c;
}

/* Reads the next chunk and matches its lines. Must be called with the lock, and returns with it. */
static void work(struct workers *w, struct worker *worker)
{
	struct workers_chunk *const c = next_free_chunk(w, worker);
	int rc;

	w->reading = true;
	(void)pthread_mutex_unlock(&w->lock);
	rc = chunks_next(w->in, &c->piece, &w->read_why);
	chunks_progress(w->in, &c->read, &c->size);
	(void)pthread_mutex_lock(&w->lock);
	w->reading = false;
	w->read_rc = rc;
	if (rc == 0) {
		w->ring[w->next_read++ % w->ring_size] = c;
	} else {
		w->more = false;
		set_free(c);
	}
	(void)pthread_cond_signal(&w->done); /* at the end, the storing thread may be waiting for the reader */
	(void)pthread_cond_signal(&w->todo);
	if (rc != 0)
		return;
	(void)pthread_mutex_unlock(&w->lock);
	findings_piece(&c->findings, &w->limits, worker->scratch, &c->piece);
	(void)pthread_mutex_lock(&w->lock);
	c->done = true;
	(void)pthread_cond_signal(&w->done);
}

static void *run(void *arg)
{
	struct worker *const worker = arg;
	struct workers *const w = worker->all;

	(void)pthread_mutex_lock(&w->lock);
	while (!w->quit)
		if (can_read(w))
			work(w, worker);
		else
			(void)pthread_cond_wait(&w->todo, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct workers *workers_new(const struct rules *rules, unsigned threads)
{
	struct workers *const w = alloc_zero(1, sizeof *w, "the threads of a replay");

	assert(threads >= 1 && threads <= WORKERS_THREADS_MAX);
	w->ring_size = threads * CHUNKS_PER_THREAD;
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->todo, NULL);
	(void)pthread_cond_init(&w->done, NULL);
	for (w->n_workers = 0; w->n_workers < threads; w->n_workers++)
		w->list[w->n_workers] = (struct worker){.all = w, .scratch = rules_scratch_new(rules)};
	while (w->n_threads + 1 < w->n_workers &&
	       pthread_create(&w->list[w->n_threads + 1].thread, NULL, run, &w->list[w->n_threads + 1]) == 0)
		w->n_threads++;
	return w;
}

static void worker_done(struct worker *worker)
{
	for (struct workers_chunk *c = worker->free, *next; c != NULL; c = next) {
		next = c->next;
		findings_done(&c->findings);
		free(c->piece.bytes);
		free(c);
	}
	rules_scratch_free(worker->scratch);
}

void workers_free(struct workers *w)
{
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->quit = true;
	(void)pthread_cond_broadcast(&w->todo);
	(void)pthread_mutex_unlock(&w->lock);
	for (size_t i = 1; i <= w->n_threads; i++)
		(void)pthread_join(w->list[i].thread, NULL);
	(void)pthread_cond_destroy(&w->done);
	(void)pthread_cond_destroy(&w->todo);
	(void)pthread_mutex_destroy(&w->lock);
	for (size_t i = 0; i < w->n_workers; i++)
		worker_done(&w->list[i]);
	free(w);
}

void workers_start(struct workers *w, struct chunks *in, const struct findings_limits *limits)
{
	(void)pthread_mutex_lock(&w->lock);
	w->in = in;
	w->limits = *limits;
	w->read_rc = 0;
	w->more = true;
	(void)pthread_cond_broadcast(&w->todo);
	(void)pthread_mutex_unlock(&w->lock);
}

const struct workers_chunk *workers_next_done(struct workers *w)
{
	const struct workers_chunk *c = NULL;

	(void)pthread_mutex_lock(&w->lock);
	while (c == NULL && (w->more || w->reading || w->next_store < w->next_read))
		if (w->next_store < w->next_read && w->ring[w->next_store % w->ring_size]->done)
			c = w->ring[w->next_store % w->ring_size];
		else if (can_read(w))
			work(w, &w->list[0]);
		else
			(void)pthread_cond_wait(&w->done, &w->lock);
	(void)pthread_mutex_unlock(&w->lock);
	return c;
}

void workers_give_back(struct workers *w)
{
	(void)pthread_mutex_lock(&w->lock);
	set_free(w->ring[w->next_store++ % w->ring_size]);
	(void)pthread_cond_signal(&w->todo);
	(void)pthread_mutex_unlock(&w->lock);
}

void workers_stop(struct workers *w)
{
	(void)pthread_mutex_lock(&w->lock);
	w->more = false;
	(void)pthread_mutex_unlock(&w->lock);
}

int workers_error(const struct workers *w, struct why *why)
{
	if (w->read_rc >= 0)
		return 0;
	*why = w->read_why;
	return w->read_rc;
}
