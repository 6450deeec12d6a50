#include "pipeline/pending_files.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct pending_file {
	bool used, dirty;
	unsigned n_readers; /* 0: nothing more is read from it */
	bool fresh;         /* its row was made in the transaction that is open */
	bool is_journal;
	struct store_log log; /* id 0: no row yet */
	struct store_journal journal;
	char *path;
	size_t first_len;
	char first[POSITION_FIRST_MAX];
};

void pending_files_init(struct pending_files *files)
{
	files->list = alloc_zero(PENDING_FILES_MAX, sizeof *files->list, "the logs of a transaction");
	files->n = 0;
}

void pending_files_done(struct pending_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		free(files->list[i].path);
	free(files->list);
}

struct pending_file *pending_files_add(struct pending_files *files, const char *path, struct span first,
                                       const struct store_log *known)
{
	struct pending_file *file = NULL;

	assert(first.len <= POSITION_FIRST_MAX);
	for (size_t i = 0; i < PENDING_FILES_MAX && file == NULL; i++)
		if (!files->list[i].used)
			file = &files->list[i];
	assert(file != NULL);
	if (file == &files->list[files->n])
		files->n++;
	free(file->path);
	*file = (struct pending_file){.used = true, .n_readers = 1, .first_len = first.len};
	memcpy(file->first, first.p, first.len);
	file->path = alloc_text(path, "the path of a log");
	if (known != NULL)
		file->log = *known;
	return file;
}

size_t pending_files_count(const struct pending_files *files)
{
	size_t n = 0;

	for (size_t i = 0; i < files->n; i++)
		n += files->list[i].used;
	return n;
}

struct pending_file *pending_files_unwritten(const struct pending_files *files, struct span first,
                                             const struct pending_file *before)
{
	for (size_t i = before == NULL ? 0 : (size_t)(before - files->list) + 1; i < files->n; i++) {
		struct pending_file *const file = &files->list[i];

		if (file->used && file->dirty && !file->is_journal && file->first_len == first.len &&
		    memcmp(file->first, first.p, first.len) == 0)
			return file;
	}
	return NULL;
}

/* Of several files of a path, the newest: it has no row yet, or the one with the highest id. */
const struct pending_file *pending_files_waiting(const struct pending_files *files, const char *path)
{
	const struct pending_file *newest = NULL;

	for (size_t i = 0; i < files->n; i++) {
		const struct pending_file *const file = &files->list[i];

		if (file->used && file->dirty && strcmp(file->path, path) == 0 &&
		    (newest == NULL || file->log.id == 0 || (newest->log.id != 0 && file->log.id > newest->log.id)))
			newest = file;
	}
	return newest;
}

const struct store_log *pending_log(const struct pending_file *file)
{
	return &file->log;
}

const struct store_journal *pending_journal_row(const struct pending_file *file)
{
	return &file->journal;
}

void pending_share(struct pending_file *file, const char *path)
{
	free(file->path);
	file->path = alloc_text(path, "the path of a log");
	file->n_readers++;
}

struct pending_file *pending_files_add_journal(struct pending_files *files, const char *name,
                                               const struct store_log *log, const struct store_journal *journal)
{
	char first[POSITION_FIRST_MAX], path[POSITION_FIRST_MAX];
	struct pending_file *file;

	store_journal_path(name, path, sizeof path);
	file = pending_files_add(files, path, store_journal_first(name, first), log);
	file->is_journal = true;
	if (journal != NULL)
		file->journal = *journal;
	return file;
}

void pending_entries(struct pending_file *file, const struct pending_entries *read)
{
	struct store_log *const log = &file->log;
	struct store_journal *const j = &file->journal;

	log->lines += read->lines;
	log->cut += read->cut;
	log->unparsed += read->unparsed;
	if (read->last_line_at > log->last_line_at)
		log->last_line_at = read->last_line_at;
	j->forged += read->forged;
	j->damaged += read->damaged;
	j->gaps += read->gaps;
	j->lost += read->lost;
	j->suppressed += read->suppressed;
	(void)snprintf(j->cursor, sizeof j->cursor, "%s", read->cursor);
	if (read->suppressed > 0)
		(void)snprintf(j->unit, sizeof j->unit, "%s", read->unit);
	file->dirty = true;
}

void pending_done(struct pending_file *file)
{
	file->n_readers--;
	file->used = file->n_readers > 0 || file->dirty;
}

void pending_read(struct pending_file *file, const struct pending_read *read)
{
	struct store_log *const log = &file->log;

	log->lines += read->lines;
	log->cut += read->cut;
	log->unparsed += read->unparsed;
	if (read->last_line_at > log->last_line_at)
		log->last_line_at = read->last_line_at;
	log->position = read->position;
	log->last_len = read->last.len < POSITION_LAST_MAX ? read->last.len : POSITION_LAST_MAX;
	memcpy(log->last, read->last.p, log->last_len);
	file->dirty = true;
}

void pending_files_continue(struct pending_files *files, const struct pending_files *from)
{
	assert(files->n == from->n);
	for (size_t i = 0; i < files->n; i++) {
		files->list[i].log = from->list[i].log;
		files->list[i].journal = from->list[i].journal;
	}
}

bool pending_files_have_news(const struct pending_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (files->list[i].dirty)
			return true;
	return false;
}

int pending_files_write(struct pending_files *files, struct store *store, struct why *why)
{
	for (size_t i = 0; i < files->n; i++) {
		struct pending_file *const file = &files->list[i];
		int rc;

		if (!file->dirty)
			continue;
		if (file->log.id == 0) {
			rc = store_log_add(store, file->path, (struct span){file->first, file->first_len},
			                   &file->log.id, why);
			if (rc < 0)
				return rc;
			file->fresh = true;
		}
		if ((rc = store_log_put(store, &file->log, file->path, why)) < 0)
			return rc;
		if (file->is_journal && (rc = store_journal_put(store, file->log.id, &file->journal, why)) < 0)
			return rc;
	}
	return 0;
}

void pending_files_written(struct pending_files *files)
{
	for (size_t i = 0; i < files->n; i++) {
		files->list[i].dirty = files->list[i].fresh = false;
		files->list[i].used &= files->list[i].n_readers > 0;
	}
}

void pending_files_undo(struct pending_files *files)
{
	for (size_t i = 0; i < files->n; i++)
		if (files->list[i].fresh) {
			files->list[i].log.id = 0;
			files->list[i].fresh = false;
		}
}
