/*
 * rules_watch: notices when a rule file, or a file that a rule names, changes.
 *
 * Private to the folder. Watches directories with inotify(7) for the engine, with one descriptor for its poll array and
 * a time. Knows only file names, never contents. A change is reported after RULES_WATCH_QUIET_MS without another. While
 * a file is still open for writing, it is not reported, for at most RULES_WATCH_WRITING_MS. Files that are not *.rules,
 * or begin with a dot, belong to editors and packagers and are ignored. Directories may be missing, appear later, be
 * links, or be replaced. A *.rules file that is a symbolic link changes when its target does. One thing is not noticed:
 * if a directory on the way to such a target is itself a link that is changed, or appears later.
 *
 * Time: milliseconds of any monotonic clock. Errors: 0, or -errno with a sentence in why.
 */
#ifndef WFS_ENGINE_RULES_WATCH_H
#define WFS_ENGINE_RULES_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/why.h"

enum {
	RULES_WATCH_QUIET_MS = 200,    /* an editor's rename, write and chmod are one edit */
	RULES_WATCH_NOISY_MS = 700,    /* after this time a change is reported even without quiet */
	RULES_WATCH_WRITING_MS = 5000, /* how long a writer may keep a file half-written */
	/* files elsewhere, and the links on the way to them; further ones are not watched */
	RULES_WATCH_LINKS_MAX = 64,
	/* files being written at a time; if there are more, a half-written one may be read */
	RULES_WATCH_WRITERS_MAX = 16,
};

struct rules_watch;

/* Watches n directories. Copies dirs. */
int rules_watch_new(const char *const dirs[], size_t n, struct rules_watch **ret, struct why *why);

/*
 * Watches n more files instead of those set before, whatever their names: the address files that rules name. They may
 * be missing, but their directories must exist. Copies paths.
 */
void rules_watch_files(struct rules_watch *watch, const char *const paths[], size_t n);

/* Accepts NULL, like all of these functions: then no change is ever seen. */
void rules_watch_free(struct rules_watch *watch);

/* Returns the descriptor to poll for reading; -1 for NULL. */
int rules_watch_fd(const struct rules_watch *watch);

/* Returns when rules_watch_read may return true without new events; INT64_MAX: never. */
int64_t rules_watch_at(const struct rules_watch *watch);

/* Reads the events. Returns true once for each change: reload the rules. */
bool rules_watch_read(struct rules_watch *watch, int64_t now_ms);

#endif
