/*
 * sources: all that lines come from: the logs (followed.h), the journal (journal_source.h) and the sockets (sockets.h),
 * in turns.
 *
 * Private to the folder. Order: sources_look at the beginning of a turn; sources_next until false; sources_settle; when
 * a file waits, followed_begin_file once no hits are pending, or they cannot be written; then poll, with the
 * descriptors of each.
 */
#ifndef WFS_ENGINE_SOURCES_H
#define WFS_ENGINE_SOURCES_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/problems.h"
#include "base/why.h"
#include "config/config.h"
#include "engine/followed.h"
#include "engine/journal_source.h"
#include "engine/sockets.h"
#include "pipeline/pending.h"
#include "pipeline/scan.h"
#include "store/store.h"

struct sources {
	struct followed *logs;
	struct journal_source *journal; /* NULL: it is not read */
	struct sockets *sockets;        /* NULL: none */
	unsigned turn;                  /* whose it is, see sources_next */
	bool more;                      /* to read */
};

/* Opens all that config has; all are borrowed; problems has what cannot be read. Errors: of follow_add, and of the
 * database. */
int sources_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
                struct sources **ret, struct why *why);

/* NULL is allowed. */
void sources_free(struct sources *sources);

int sources_timeout_ms(const struct sources *sources,
                       int64_t now_ms); /* as follow_timeout_ms; 0: there was more to read */

/* In each turn: begins to follow new files that match a pattern, and forgets those that are gone. What becomes of them
 * is logged. */
void sources_look(struct sources *sources);

/*
 * The next line, or entry of the journal (its record has_fields), borrowed until the next call; its file (NULL: it came
 * by a socket), and how it is to be scanned but for the rules. False when there is none, or a file waits. What becomes
 * of a log (missing, back) is logged.
 */
bool sources_next(struct sources *sources, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan,
                  struct record *ret);

/* After the last sources_next of a turn, and before pending is written: the journal's position becomes pending. */
void sources_settle(struct sources *sources, int64_t now_ms);

#endif
