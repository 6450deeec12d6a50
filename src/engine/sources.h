/*
 * sources: everything that lines come from: logs (followed.h), journal (journal_source.h) and sockets (sockets.h), read
 * in turn.
 *
 * Private to the folder. Call order: sources_look at the beginning of a turn; sources_next until it returns false;
 * sources_settle; if a file waits, followed_begin_file once no hits are pending, or while they cannot be written; then
 * poll, with the descriptors of each source.
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
	struct journal_source *journal; /* NULL: not read */
	struct sockets *sockets;        /* NULL: none */
	unsigned turn;                  /* the source to read next, see sources_next */
	bool more;                      /* there was more to read */
};

/*
 * Opens all sources of config. Borrows all arguments; problems gets what cannot be read. Errors: those of follow_add,
 * and of the database.
 */
int sources_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
                struct sources **ret, struct why *why);

/* Accepts NULL. */
void sources_free(struct sources *sources);

int sources_timeout_ms(const struct sources *sources,
                       int64_t now_ms); /* see follow_timeout_ms; 0 if there was more to read */

/*
 * Call in each turn: begins to follow new files that match a pattern and forgets removed ones, with a log line for
 * each.
 */
void sources_look(struct sources *sources);

/*
 * Returns the next line, or the next entry of the journal (its record has_fields), borrowed until the next call, with
 * its file (NULL: from a socket) and how to scan it (except for the rules). Returns false if there is none, or if a
 * file waits. Logs when a log goes missing or comes back.
 */
bool sources_next(struct sources *sources, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan,
                  struct record *ret);

/* Call after the last sources_next of a turn and before pending is written: makes the journal's position pending. */
void sources_settle(struct sources *sources, int64_t now_ms);

#endif
