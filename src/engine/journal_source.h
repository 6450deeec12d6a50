/*
 * journal_source: the journal being read, and what the database remembers of it.
 *
 * Private to the folder. Joins input/journal and store, as followed.h does for logs. Reading goes on behind the entry
 * of the cursor in the database; the first time ever at the end of what there is. The position becomes pending with the
 * hits before it, by journal_source_settle: call it after the last journal_source_next and before pending is written.
 * What befalls the journal is logged and kept among the problems. Order: journal_source_turn when its descriptor was
 * readable; journal_source_next until false; journal_source_settle; then poll.
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

/* pending and problems are borrowed. A journal that cannot be opened now is tried again. Errors: of the database. */
int journal_source_new(const struct config *config, struct store *store, struct pending *pending,
                       struct problems *problems, struct journal_source **ret, struct why *why);

/* Accepts NULL. */
void journal_source_free(struct journal_source *source);

/* -1: none now. As journal.h; the time until it is tried again, too. */
int journal_source_fd(const struct journal_source *source);
int journal_source_timeout_ms(const struct journal_source *source, int64_t now_ms);

/* Its descriptor was readable. */
void journal_source_turn(struct journal_source *source, int64_t now_ms);

/* The next entry as a record, for scan_entry with this scan; valid until the next call. False: there is none now. */
bool journal_source_next(struct journal_source *source, int64_t now_ms, struct record *ret);

struct scan *journal_source_scan(struct journal_source *source);
struct pending_file *journal_source_file(struct journal_source *source);

void journal_source_settle(struct journal_source *source, int64_t now_ms);

#endif
