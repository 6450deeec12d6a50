/*
 * choice: whether the journal is read, the logs, or both; and why.
 *
 * [journal] read = auto reads the journal where [log] names nothing and /var/log/mail.log does not have the same lines:
 * it is not there, or it stays behind the journal's mail. The same lines are never read twice; what was chosen once
 * stays, since a file would be read from its beginning. Used by the daemon at its start, and by "check".
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

/* Which journal the configuration means. Borrowed from it. */
struct journal_where choice_where(const struct config *config);

#endif
