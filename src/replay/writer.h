/*
 * writer: the thread of a replay that writes to the database, while the next lines are being decided.
 *
 * Private to the folder. Owns the thread and two pending transactions: the caller fills one while the thread writes the
 * other, in the order in which they were filled, so the database is the same as with a single one. From writer_write on
 * the store belongs to the thread, until the next writer_write or writer_finish returns, or writer_wait. Call order:
 * writer_new; for each log writer_begin_file or writer_begin_journal, writer_write, writer_finish or writer_wait,
 * writer_end_log; writer_free. Aborts if memory cannot be allocated.
 */
#ifndef WFS_REPLAY_WRITER_H
#define WFS_REPLAY_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "pipeline/pending.h"

struct writer;

/* threaded: use a thread. Otherwise, or if the system starts none, everything is written immediately. Borrows store. */
struct writer *writer_new(struct store *store, int64_t window_s, enum pending_keeps keeps, bool threaded);

/* Anything not written is lost. */
void writer_free(struct writer *w);

/* Return the pending to fill, and the log in it. They change with writer_write. */
struct pending *writer_pending(const struct writer *w);
struct pending_file *writer_log(const struct writer *w);

/* See pending_file and pending_journal. One log at a time. */
void writer_begin_file(struct writer *w, const char *path, struct span first, const struct store_log *known);
void writer_begin_journal(struct writer *w, const char *name, const struct store_log *log,
                          const struct store_journal *journal);
void writer_end_log(struct writer *w);

/* Makes the next writer_write commit: see store_bulk_due. */
void writer_commit_next(struct writer *w);

/*
 * Begins to write what was filled. Returns an error of pending_write, of this write or of the one before, in which case
 * this one is not written.
 */
int writer_write(struct writer *w, struct why *why);

/* Writes everything. Errors: see writer_write. */
int writer_finish(struct writer *w, struct why *why);

/* Waits until the current write is complete; its error is lost. The store then belongs to the caller. */
void writer_wait(struct writer *w);

#endif
