#include "replay/writer.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "store/store.h"

struct writer {
	struct store *store;
	struct pending *pending[2];
	struct pending_file *log[2]; /* the log's file in each; NULL: none */
	size_t filling;
	bool due;

	bool threaded;
	pthread_t thread;
	pthread_mutex_t lock; /* for all members below */
	pthread_cond_t handed, written;
	struct pending *writing; /* NULL: nothing */
	bool quit;
	int rc; /* result of the last write */
	struct why why;
};

static void *run(void *arg)
{
	struct writer *const w = arg;

	(void)pthread_mutex_lock(&w->lock);
	for (;;) {
		struct why why;
		int rc;

		while (w->writing == NULL && !w->quit)
			(void)pthread_cond_wait(&w->handed, &w->lock);
		if (w->writing == NULL)
			break;
		(void)pthread_mutex_unlock(&w->lock);
		rc = pending_write(w->writing, &why);
		(void)pthread_mutex_lock(&w->lock);
		w->rc = rc;
		if (rc < 0)
			w->why = why;
		w->writing = NULL;
		(void)pthread_cond_signal(&w->written);
	}
	(void)pthread_mutex_unlock(&w->lock);
	return NULL;
}

struct writer *writer_new(struct store *store, int64_t window_s, enum pending_keeps keeps, bool threaded)
{
	struct writer *const w = alloc_zero(1, sizeof *w, "the writer of a replay");

	w->store = store;
	for (size_t i = 0; i < 2; i++) {
		w->pending[i] = pending_new(store);
		pending_replay(w->pending[i], window_s, keeps);
	}
	(void)pthread_mutex_init(&w->lock, NULL);
	(void)pthread_cond_init(&w->handed, NULL);
	(void)pthread_cond_init(&w->written, NULL);
	w->threaded = threaded && pthread_create(&w->thread, NULL, run, w) == 0;
	return w;
}

void writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	(void)pthread_mutex_lock(&w->lock);
	w->quit = true;
	(void)pthread_cond_signal(&w->handed);
	(void)pthread_mutex_unlock(&w->lock);
	if (w->threaded)
		(void)pthread_join(w->thread, NULL);
	(void)pthread_cond_destroy(&w->written);
	(void)pthread_cond_destroy(&w->handed);
	(void)pthread_mutex_destroy(&w->lock);
	for (size_t i = 0; i < 2; i++)
		pending_free(w->pending[i]);
	free(w);
}

struct pending *writer_pending(const struct writer *w)
{
	return w->pending[w->filling];
}

struct pending_file *writer_log(const struct writer *w)
{
	return w->log[w->filling];
}

void writer_begin_file(struct writer *w, const char *path, struct span first, const struct store_log *known)
{
	for (size_t i = 0; i < 2; i++)
		w->log[i] = pending_file(w->pending[i], path, first, known);
}

void writer_begin_journal(struct writer *w, const char *name, const struct store_log *log,
                          const struct store_journal *journal)
{
	for (size_t i = 0; i < 2; i++)
		w->log[i] = pending_journal(w->pending[i], name, log, journal);
}

void writer_end_log(struct writer *w)
{
	for (size_t i = 0; i < 2; i++) {
		if (w->log[i] != NULL)
			pending_done(w->log[i]);
		w->log[i] = NULL;
	}
}

void writer_commit_next(struct writer *w)
{
	w->due = true;
}

/* Waits for the last write and returns its result, once. */
static int wait_for_it(struct writer *w, struct why *why)
{
	int rc;

	(void)pthread_mutex_lock(&w->lock);
	while (w->writing != NULL)
		(void)pthread_cond_wait(&w->written, &w->lock);
	rc = w->rc;
	w->rc = 0;
	if (rc < 0)
		*why = w->why;
	(void)pthread_mutex_unlock(&w->lock);
	return rc;
}

void writer_wait(struct writer *w)
{
	struct why ignored;

	(void)wait_for_it(w, &ignored);
}

int writer_write(struct writer *w, struct why *why)
{
	struct pending *const filled = writer_pending(w);
	const int rc = wait_for_it(w, why);

	if (rc < 0)
		return rc;
	if (w->due)
		store_bulk_due(w->store);
	w->due = false;
	if (!w->threaded ||
	    pending_log(writer_log(w))->id == 0) /* the first write gives the log its row, which both must know */
		return pending_write(filled, why);
	w->filling = !w->filling;
	pending_continue(writer_pending(w), filled);
	(void)pthread_mutex_lock(&w->lock);
	w->writing = filled;
	(void)pthread_cond_signal(&w->handed);
	(void)pthread_mutex_unlock(&w->lock);
	return 0;
}

int writer_finish(struct writer *w, struct why *why)
{
	const int rc = wait_for_it(w, why);

	return rc < 0 ? rc : pending_finish(writer_pending(w), why);
}
