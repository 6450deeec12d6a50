/*
 * edits: has somebody changed a rule file?
 *
 * Watches directories with inotify(7), for the engine: one descriptor for its poll array, and a time. Knows
 * names only, never what is in a file. A change is told once it has been quiet for EDITS_QUIET_MS, and not
 * while a file that was opened to be written is still open: then for EDITS_WRITING_MS at most. Files that are
 * not *.rules, or begin with a dot, are editors' and packagers' own and nothing to us. Directories may be
 * missing, appear later, be links, and be replaced. A *.rules file that is a symbolic link changes with what it
 * points to. Not seen: that one of the directories on the way there is itself a link and turned, or comes later.
 *
 * Time: milliseconds of any clock that does not go back.
 * Errors: 0 or -errno with a sentence.
 */
#ifndef WFS_EDITS_H
#define WFS_EDITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum {
	EDITS_QUIET_MS = 200,    /* an editor's rename, write and chmod are one edit */
	EDITS_NOISY_MS = 700,    /* after so long it is told, quiet or not */
	EDITS_WRITING_MS = 5000, /* so long a writer may keep a file half-written */
	EDITS_LINKS_MAX = 64,    /* links from *.rules files to files elsewhere; what more point to is not watched */
	EDITS_WRITERS_MAX = 16,  /* files being written at a time; of more, a half-written one may be read */
};

struct edits;

/* Watches n directories. dirs is copied. */
int edits_new(const char *const dirs[], size_t n, struct edits **ret, struct why *why);

/* Takes NULL, as all of these: an edits that never sees anything. */
void edits_free(struct edits *edits);

/* To be polled for reading; -1 for NULL. */
int edits_fd(const struct edits *edits);

/* When edits_take may next be true without anything to read: INT64_MAX for never. */
int64_t edits_at(const struct edits *edits);

/* Reads what has happened. True once for each change: read the rules anew. */
bool edits_take(struct edits *edits, int64_t now_ms);

#endif
