/*
 * writer: the thread of a replay that writes to the database, so that the next lines are decided meanwhile.
 *
 * Private to the folder. Owns two pending transactions and the thread: the caller fills one, the thread writes the
 * other, in the order in which they were filled, so the database is the same as with one. From writer_write on the
 * store is the thread's, until writer_write or writer_finish returns the next time; or writer_wait. Order: writer_new;
 * for each log writer_begin_file or writer_begin_journal, writer_write, writer_finish or writer_wait, writer_end_log;
 * writer_free. Aborts if memory cannot be allocated.
 */
#ifndef WFS_REPLAY_WRITER_H
#define WFS_REPLAY_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "pipeline/pending.h"

struct writer;

/* threaded: else, and when the system starts no thread, it writes at once. store: borrowed. */
struct writer *writer_new(struct store *store, int64_t window_s, enum pending_keeps keeps, bool threaded);

/* What was not written is lost. */
void writer_free(struct writer *w);

/* The one to fill, and the log in it; another one after writer_write. */
struct pending *writer_pending(const struct writer *w);
struct pending_file *writer_log(const struct writer *w);

/* As pending_file and pending_journal. One log at a time. */
void writer_begin_file(struct writer *w, const char *path, struct span first, const struct store_log *known);
void writer_begin_journal(struct writer *w, const char *name, const struct store_log *log,
                          const struct store_journal *journal);
void writer_end_log(struct writer *w);

/* The next writer_write commits: see store_bulk_due. */
void writer_commit_next(struct writer *w);

/* Begins to write what was filled. Errors as of pending_write, of this one or the one before: then this one is not
 * written. */
int writer_write(struct writer *w, struct why *why);

/* All is written. Errors likewise. */
int writer_finish(struct writer *w, struct why *why);

/* What is being written is written, or lost with its error: the store is the caller's. */
void writer_wait(struct writer *w);

#endif
