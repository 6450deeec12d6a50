/*
 * rules_watch: has a rule file changed, or a file that a rule names?
 *
 * Private to the folder. Watches directories with inotify(7), for the engine: one descriptor for its poll array, and a
 * time. Knows names only, never what is in a file. A change is reported after it has been quiet for
 * RULES_WATCH_QUIET_MS, and not while a file that was opened to be written is still open: then for
 * RULES_WATCH_WRITING_MS at most. Files that are not *.rules, or begin with a dot, are editors' and packagers' own, and
 * ignored. Directories may be missing, appear later, be links, and be replaced. A *.rules file that is a symbolic link
 * changes with what it points to. Not seen: that one of the directories on the way there is itself a link and turned,
 * or comes later.
 *
 * Time: milliseconds of any clock that does not go back.
 * Errors: 0 or -errno with a sentence.
 */
#ifndef WFS_ENGINE_RULES_WATCH_H
#define WFS_ENGINE_RULES_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum {
	RULES_WATCH_QUIET_MS = 200,    /* an editor's rename, write and chmod are one edit */
	RULES_WATCH_NOISY_MS = 700,    /* after so long it is reported, quiet or not */
	RULES_WATCH_WRITING_MS = 5000, /* so long a writer may keep a file half-written */
	RULES_WATCH_LINKS_MAX = 64,    /* files elsewhere, links on the way to them included; more are not watched */
	RULES_WATCH_WRITERS_MAX = 16,  /* files being written at a time; of more, a half-written one may be read */
};

struct rules_watch;

/* Watches n directories. dirs is copied. */
int rules_watch_new(const char *const dirs[], size_t n, struct rules_watch **ret, struct why *why);

/*
 * Watches n more files, whatever their names, in place of those before: the files of addresses that the rules name.
 * They may be missing, but the directories that they are in may not. paths is copied.
 */
void rules_watch_files(struct rules_watch *watch, const char *const paths[], size_t n);

/* NULL is allowed, as in all of these: then no change is ever seen. */
void rules_watch_free(struct rules_watch *watch);

/* To be polled for reading; -1 for NULL. */
int rules_watch_fd(const struct rules_watch *watch);

/* When rules_watch_read may next be true without anything to read: INT64_MAX for never. */
int64_t rules_watch_at(const struct rules_watch *watch);

/* Reads what has happened. True once for each change: reload the rules. */
bool rules_watch_read(struct rules_watch *watch, int64_t now_ms);

#endif
