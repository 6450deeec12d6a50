#include "engine/missed.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "input/chunks.h"
#include "input/rotated.h"
#include "pipeline/resume.h"
#include "store/logs.h"

/* A file to be read. Its first line identifies it if it is renamed or compressed meanwhile. */
struct missed_file {
	char *log, *path;
	size_t first_len;
	char first[POSITION_FIRST_MAX];
};

struct missed {
	struct store *store;
	struct pending *pending;
	size_t n, next; /* next: the index of the file to be begun, or being read */
	struct missed_file *files;

	struct chunks *in; /* NULL: no file is being read */
	struct chunks_piece piece;
	size_t at; /* offset in piece */
	bool announced;
	struct pending_file *file;
	struct scan scan;
};

struct missed *missed_new(struct store *store, struct pending *pending)
{
	struct missed *const m = alloc_zero(1, sizeof *m, "the missed logs");

	m->store = store;
	m->pending = pending;
	return m;
}

static void close_file(struct missed *m)
{
	if (m->file != NULL)
		pending_done(m->file);
	chunks_close(m->in);
	scan_end(&m->scan);
	free(m->piece.bytes);
	m->in = NULL;
	m->file = NULL;
	m->piece = (struct chunks_piece){.bytes = NULL};
	m->at = 0;
}

void missed_free(struct missed *m)
{
	if (m == NULL)
		return;
	close_file(m);
	for (size_t i = 0; i < m->n; i++) {
		free(m->files[i].log);
		free(m->files[i].path);
	}
	free(m->files);
	free(m);
}

/* --- which files --- */

static void add(struct missed *m, const char *log, const struct rotated *file)
{
	struct missed_file *new;

	m->files = alloc_one_more(m->files, m->n, sizeof *m->files, "the missed logs");
	new = &m->files[m->n++];
	*new = (struct missed_file){alloc_text(log, "a missed log"), alloc_text(file->path, "a missed log"),
	                            file->first_len, ""};
	memcpy(new->first, file->first, file->first_len);
}

/* Finds how far the database knows each file; -1: not at all. */
static int positions(struct store *store, const struct rotated *list, size_t n, int64_t ret[static ROTATED_MAX],
                     struct why *why)
{
	for (size_t i = 0; i < n; i++) {
		struct store_log known;
		const int rc = store_log_find(store, (struct span){list[i].first, list[i].first_len}, 0, &known, why);

		if (rc < 0)
			return rc;
		ret[i] = rc == 0 ? known.position : -1;
	}
	return 0;
}

static bool is_damaged(const struct rotated *file)
{
	return file->compressed && file->first_len == 0;
}

/*
 * Chooses the files to read. A log's files are read in order, so all compressed files before the newest that the
 * database knows have been read. If it knows the log but none of the files, a damaged one may be the file that it
 * knows.
 */
static void choose(struct missed *m, const char *log, bool is_known, const struct rotated *list, size_t n,
                   const int64_t *position, char **ret_last)
{
	size_t from = n, newest = n;

	for (size_t i = 0; i < n; i++)
		if (position[i] >= 0) {
			newest = i;
			from = from < i ? from : i;
		}
	for (size_t i = 0; i < n && is_known && newest == n && from == n; i++)
		if (is_damaged(&list[i]))
			from = i;
	for (size_t i = from; i < n; i++) {
		bool is_unread = list[i].compressed ? i == newest : position[i] < list[i].size;

		if (position[i] < 0) /* once the files after a damaged one have been read, it is not logged again */
			is_unread = !is_damaged(&list[i]) || newest == n || i > newest;
		if (i + 1 == n && !list[i].compressed)
			*ret_last = alloc_text(list[i].path, "a missed log");
		else if (is_unread)
			add(m, log, &list[i]);
	}
}

int missed_check(struct missed *m, const char *path, char **ret_last, struct why *why)
{
	int64_t position[ROTATED_MAX], id;
	struct rotated *list = NULL;
	bool is_known = false;
	size_t n = 0;
	int rc = rotated_list(path, true, &list, &n, why);

	*ret_last = NULL;
	if (rc == 0 && (rc = store_log_of_path(m->store, path, &id, why)) >= 0) {
		is_known = rc == 0;
		rc = positions(m->store, list, n, position, why);
	}
	if (rc == 0)
		choose(m, path, is_known, list, n, position, ret_last);
	rotated_free(list, n);
	return rc;
}

/* --- reading --- */

bool missed_waits(const struct missed *m)
{
	return m->in == NULL && m->next < m->n;
}

static bool is_it(const struct missed_file *file, struct span first)
{
	return first.len == file->first_len && memcmp(first.p, file->first, first.len) == 0;
}

/* Finds a file that was renamed or compressed meanwhile. Returns false if it is gone. */
static bool find_again(struct missed_file *file)
{
	struct rotated *list = NULL;
	struct why ignored;
	bool found = false;
	size_t n = 0;

	if (rotated_list(file->log, true, &list, &n, &ignored) < 0)
		return false;
	for (size_t i = 0; i < n && !found; i++) {
		found = is_it(file, (struct span){list[i].first, list[i].first_len});
		if (found) {
			free(file->path);
			file->path = alloc_text(list[i].path, "a missed log");
		}
	}
	rotated_free(list, n);
	return found;
}

/* Opens the file. A last line without LF in a plain file is omitted, because the daemon counts complete lines. */
static int open_file(struct missed *m, struct missed_file *file, struct why *why)
{
	struct why again;
	int rc = chunks_open(file->path, true, &m->in, why);

	if (rc == 0 && is_it(file, chunks_first(m->in)))
		return 0;
	close_file(m);
	if (!find_again(file))
		return rc < 0 ? rc
		              : why_set(why, ENOENT, "%s: it is another file now, and what it was is gone", file->path);
	rc = chunks_open(file->path, true, &m->in, &again);
	if (rc < 0)
		*why = again;
	return rc;
}

static int leave_out(struct missed *m, const struct why *why)
{
	log_line(LOG_ERR, "%s; skipping the rest of it", why->text);
	close_file(m);
	m->next++;
	return 0;
}

int missed_begin(struct missed *m, struct why *why)
{
	struct missed_file *const file = &m->files[m->next];
	int rc;

	if (open_file(m, file, why) < 0)
		return leave_out(m, why);
	rc = resume_file(m->store, m->pending, &(struct resume){.first = chunks_first(m->in), .chunks = m->in},
	                 file->path, &m->file, why);
	if (rc == RESUME_UNREADABLE)
		return leave_out(m, why);
	if (rc < 0) {
		close_file(m);
		return rc;
	}
	m->piece.bytes = alloc_raw(1, CHUNKS_SIZE + 1, "a missed log");
	m->piece.len = 0;
	m->announced = false;
	scan_begin(&m->scan, NULL, chunks_mtime(m->in)); /* engine.c sets the rules */
	return 0;
}

/* Reads the next piece of the file. Returns false at its end, or if it is damaged. */
static bool next_piece(struct missed *m)
{
	struct why why;
	const int rc = chunks_next(m->in, &m->piece, &why);

	m->at = 0;
	if (rc == 0) {
		if (!m->announced)
			log_line(LOG_NOTICE, "%s: reading lines missed", m->files[m->next].path);
		m->announced = true;
		return true;
	}
	if (rc < 0) {
		(void)leave_out(m, &why);
	} else {
		close_file(m);
		m->next++;
	}
	return false;
}

bool missed_next(struct missed *m, struct pending_file **ret_file, struct scan **ret_scan, struct record *ret)
{
	while (m->in != NULL) {
		if (m->piece.len > 0 && chunks_line(&m->piece, &m->at, ret)) {
			*ret_file = m->file;
			*ret_scan = &m->scan;
			return true;
		}
		if (!next_piece(m))
			break;
	}
	return false;
}
