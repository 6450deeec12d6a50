/*
 * choice: decides whether the journal, the logs or both are read, and says why.
 *
 * With [journal] read = auto, the journal is read if [log] names no files and /var/log/mail.log does not have the same
 * lines: it is missing, or lags behind the journal's mail. The same lines are never read twice. Once the journal was
 * chosen, the choice stays, since a file would be read from its beginning. The daemon uses it at start, and "check"
 * does.
 */
#ifndef WFS_ENGINE_CHOICE_H
#define WFS_ENGINE_CHOICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "config/config.h"
#include "input/journal.h"

struct choice {
	bool journal, files;
	struct why why; /* a clause: "[log] names files" */
};

/* was_read: the database has a position in the journal. */
void choice_make(const struct config *config, bool was_read, int64_t now_s, struct choice *ret);

/* Returns the journal that the configuration names. Borrows from config. */
struct journal_where choice_where(const struct config *config);

#endif
