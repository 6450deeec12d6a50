/*
 * logs: the logs being followed, and what the database remembers of each.
 *
 * Where follow and store meet. A log goes on where the database says it was read to; what was rotated away while
 * nobody ran is read first. A file that begins must wait for the ledger to be written: the database may know it only
 * by what has just been read.
 * Order: logs_next until false; when a file waits, logs_begin_file once the ledger is empty of hits; then poll.
 */
#ifndef WFS_ENGINE_LOGS_H
#define WFS_ENGINE_LOGS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config.h"
#include "input/follow.h"
#include "input/line.h"
#include "ledger.h"
#include "store/store.h"

struct logs;

/* A file being read. */
struct logs_file {
	uint64_t number; /* as follow gives it; 0: none */
	struct ledger_file *ledger;
	struct line_clock clock;
};

/* Follows the logs of config; store and ledger are borrowed. Errors: of follow_add, and of the database. */
int logs_new(const struct config *config, struct store *store, struct ledger *ledger, struct logs **ret,
             struct why *why);

/* Takes NULL. */
void logs_free(struct logs *logs);

int logs_fd(const struct logs *logs);
int logs_timeout_ms(const struct logs *logs); /* as follow_timeout_ms; 0: there was more to read */

/* As follow_look. */
void logs_look(struct logs *logs);

/*
 * The next line, borrowed until the next call, and the file it stands in. False when there is none, or a file waits.
 * What becomes of a log (missing, back) is logged.
 */
bool logs_next(struct logs *logs, struct logs_file **ret_file, struct follow_line *ret);

bool logs_file_waits(const struct logs *logs);

/* Begins the file that waits. Errors: of the database; it waits on. */
int logs_begin_file(struct logs *logs, struct why *why);

#endif
