/*
 * pending_files: the files of logs, and journals, that are being read: which row of the database each is, and how far
 * it was read since that was written.
 *
 * A part of pending: pending.h makes them, and writes their positions in the transaction of the hits before them. What
 * is counted here is added up until then.
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
	PENDING_FILES_MAX = 1024, /* held at once: 256 logs, two files before each, and catching up */
};

/* A file of a log: which row of the database it is, and how far it was read. */
struct pending_file;

/* How far it was read. id: 0 until it has a row. */
const struct store_log *pending_log(const struct pending_file *file);

/* It is read on under this path, too: by another reader, or again. Each reader ends with pending_done. */
void pending_share(struct pending_file *file, const char *path);

/* Nothing more is read from this file by one that pending_file or pending_share was for; what it holds is still
 * written. */
void pending_done(struct pending_file *file);

/* What was read since: adds to the counters and moves the position. */
struct pending_read {
	int64_t lines, cut, unparsed; /* more of them */
	int64_t last_line_at;         /* the newest time; 0: no line with a time */
	int64_t position;             /* now */
	struct span last;             /* the line that ends there; its first POSITION_LAST_MAX bytes are kept */
};
void pending_read(struct pending_file *file, const struct pending_read *read);

/* What was read since, up to the entry of this cursor: adds to the counters. unit: of what was suppressed, escaped; "":
 * none was. */
struct pending_entries {
	int64_t lines, cut, unparsed, forged, damaged, suppressed, gaps, lost;
	int64_t last_line_at;
	const char *cursor, *unit;
};
void pending_entries(struct pending_file *file, const struct pending_entries *read);

/* --- for pending.c --- */

/* All of them. Release with pending_files_done. */
struct pending_files {
	struct pending_file *list; /* PENDING_FILES_MAX */
	size_t n;                  /* places that were ever used */
};

void pending_files_init(struct pending_files *files);
void pending_files_done(struct pending_files *files);

/* files, made in the same order as those of from, are known to have been read as far. */
void pending_files_continue(struct pending_files *files, const struct pending_files *from);

/* As pending_file, pending_journal and pending_unwritten. */
struct pending_file *pending_files_add(struct pending_files *files, const char *path, struct span first,
                                       const struct store_log *known);
struct pending_file *pending_files_add_journal(struct pending_files *files, const char *name,
                                               const struct store_log *log, const struct store_journal *journal);
struct pending_file *pending_files_unwritten(const struct pending_files *files, struct span first,
                                             const struct pending_file *before);

size_t pending_files_count(const struct pending_files *files);
bool pending_files_have_news(const struct pending_files *files);

/* In the transaction that is open. Then one of: it was committed; it was not, and the rows it made are gone. */
int pending_files_write(struct pending_files *files, struct store *store, struct why *why);
void pending_files_written(struct pending_files *files);
void pending_files_undo(struct pending_files *files);

#endif
