/*
 * journal_source: the journal being read, and what the database remembers of it.
 *
 * Private to the folder. Joins input/journal and store, as followed.h does for logs. Reading continues after the entry
 * of the cursor in the database; the first time ever, at the current end. journal_source_settle makes the position
 * pending, together with the hits before it: call it after the last journal_source_next and before pending is written.
 * Errors and gaps of the journal are logged and kept among the problems. Call order: journal_source_turn if the
 * descriptor is readable; journal_source_next until it returns false; journal_source_settle; then poll.
 */
#ifndef WFS_ENGINE_JOURNAL_SOURCE_H
#define WFS_ENGINE_JOURNAL_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/why.h"
#include "config/config.h"
#include "input/journal.h"
#include "pipeline/pending.h"
#include "pipeline/scan.h"
#include "store/store.h"

struct journal_source;

/* Borrows all arguments. If the journal cannot be opened now, opening is retried. Errors: of the database. */
int journal_source_new(const struct config *config, struct store *store, struct pending *pending,
                       struct problems *problems, struct journal_source **ret, struct why *why);

/* Accepts NULL. */
void journal_source_free(struct journal_source *source);

/*
 * journal_source_fd returns -1 if the journal is not open. Otherwise see journal.h; the timeout includes the time until
 * the next retry.
 */
int journal_source_fd(const struct journal_source *source);
int journal_source_timeout_ms(const struct journal_source *source, int64_t now_ms);

/* Call when the descriptor is readable. */
void journal_source_turn(struct journal_source *source, int64_t now_ms);

/*
 * Returns the next entry as a record, for scan_entry with this source's scan; valid until the next call. Returns false
 * if there is none now.
 */
bool journal_source_next(struct journal_source *source, int64_t now_ms, struct record *ret);

struct scan *journal_source_scan(struct journal_source *source);
struct pending_file *journal_source_file(struct journal_source *source);

void journal_source_settle(struct journal_source *source, int64_t now_ms);

#endif
