/*
 * pending_files: the log files and journals that are being read. Each knows its database row, and how far it was read
 * since that row was written.
 *
 * A part of pending: pending.h creates them, and writes their positions in the same transaction as the hits before
 * those positions. Counters are summed until then.
 */
#ifndef WFS_PIPELINE_PENDING_FILES_H
#define WFS_PIPELINE_PENDING_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "store/journals.h"
#include "store/logs.h"

enum {
	PENDING_FILES_MAX = 1024, /* at once: 256 logs, two older files of each, and catching up */
};

/* A file of a log: its database row, and how far it was read. */
struct pending_file;

/* Returns how far it was read. id is 0 until it has a row. */
const struct store_log *pending_log(const struct pending_file *file);

/* The same for a journal: what else is in its rows. */
const struct store_journal *pending_journal_row(const struct pending_file *file);

/* Adds a reader, which reads the same file under this path. Each reader ends with pending_done. */
void pending_share(struct pending_file *file, const char *path);

/* Ends one reader that pending_file or pending_share began. What it read is still written. */
void pending_done(struct pending_file *file);

/* Adds what was read since the last call to the counters, and moves the position. */
struct pending_read {
	int64_t lines, cut, unparsed; /* in addition to what was counted before */
	int64_t last_line_at;         /* the newest time stamp; 0 if no line had one */
	int64_t position;             /* the new position */
	struct span last;             /* the line that ends there; its first POSITION_LAST_MAX bytes are kept */
};
void pending_read(struct pending_file *file, const struct pending_read *read);

/*
 * The same for a journal, up to the entry with this cursor. unit: the unit whose messages were suppressed, escaped; ""
 * if none were.
 */
struct pending_entries {
	int64_t lines, cut, unparsed, forged, damaged, suppressed, gaps, lost;
	int64_t last_line_at;
	const char *cursor, *unit;
};
void pending_entries(struct pending_file *file, const struct pending_entries *read);

/* --- for pending.c --- */

/* All of them. Release with pending_files_done. */
struct pending_files {
	struct pending_file *list; /* array of PENDING_FILES_MAX */
	size_t n;                  /* places ever used */
};

void pending_files_init(struct pending_files *files);
void pending_files_done(struct pending_files *files);

/* Copies how far the files were read from from, whose files must have been added in the same order. */
void pending_files_continue(struct pending_files *files, const struct pending_files *from);

/* See pending_file, pending_journal, pending_unwritten and pending_waiting_file. */
struct pending_file *pending_files_add(struct pending_files *files, const char *path, struct span first,
                                       const struct store_log *known);
struct pending_file *pending_files_add_journal(struct pending_files *files, const char *name,
                                               const struct store_log *log, const struct store_journal *journal);
struct pending_file *pending_files_unwritten(const struct pending_files *files, struct span first,
                                             const struct pending_file *before);
const struct pending_file *pending_files_waiting(const struct pending_files *files, const char *path);

size_t pending_files_count(const struct pending_files *files);
bool pending_files_have_news(const struct pending_files *files);

/*
 * pending_files_write writes within the open transaction. Then call pending_files_written if it was committed, or
 * pending_files_undo if it was not: the rows it added are gone then.
 */
int pending_files_write(struct pending_files *files, struct store *store, struct why *why);
void pending_files_written(struct pending_files *files);
void pending_files_undo(struct pending_files *files);

#endif
