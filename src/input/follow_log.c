#include "input/follow_log.h"

#include <assert.h>
#include <string.h>
#include <sys/stat.h>

#include "input/follow.h"
#include "input/rotated.h"

enum { GRACE_MS = 60000 }; /* a writer may keep the old file open this long after a rotation */

void follow_log_wake(struct follow_log *log)
{
	for (size_t i = 0; i < log->n_files; i++)
		logfile_wake(log->files[i]);
}

int follow_log_open_file(const struct follow_dirs *dirs, const char *path, struct logfile **ret, struct why *why)
{
	const int rc = logfile_open(ret, path, why);

	if (rc == 0)
		(*ret)->watch = follow_dirs_watch_file(dirs, (*ret)->fd, path);
	return rc;
}

struct logfile *follow_log_own(const struct follow_log *log)
{
	return log->opened ? log->files[log->n_files - 1] : NULL;
}

bool follow_log_has_open(const struct follow_log *log, dev_t dev, ino_t ino, size_t *ret_at)
{
	for (size_t i = 0; i < log->n_files; i++) {
		if (log->files[i]->dev == dev && log->files[i]->ino == ino) {
			*ret_at = i;
			return true;
		}
	}
	return false;
}

void follow_log_insert(struct follow_log *log, size_t at, struct logfile *file)
{
	assert(log->n_files < FOLLOW_LOG_FILES_MAX);
	memmove(&log->files[at + 1], &log->files[at], (log->n_files - at) * sizeof(log->files[0]));
	log->files[at] = file;
	log->n_files++;
	/* A file that is no longer the last is written for a limited time only. */
	for (size_t i = 0; i + 1 < log->n_files; i++) {
		if (log->files[i]->until_ms == 0)
			log->files[i]->until_ms = log->now_ms + GRACE_MS;
	}
}

struct logfile *follow_log_remove(struct follow_log *log, size_t at)
{
	struct logfile *const file = log->files[at];

	log->n_files--;
	memmove(&log->files[at], &log->files[at + 1], (log->n_files - at) * sizeof(log->files[0]));
	return file;
}

/* The last file is never finished: only a successor shows that it is. */
bool follow_log_is_finished(const struct follow_log *log, size_t at)
{
	return log->files[at]->dry &&
	       (at + 2 < log->n_files || (at + 1 < log->n_files && log->now_ms >= log->files[at]->until_ms));
}

/*
 * Adds files that were created and renamed between two checks because the log was rotated more than once. They are
 * among the rotated files, and were created after the one we had.
 */
static void add_missed(const struct follow_dirs *dirs, struct follow_log *log, const struct logfile *newest)
{
	const struct logfile *const had = follow_log_own(log);
	struct rotated *old;
	struct why ignored;
	size_t n, at;

	if (had->born_ns == 0 || rotated_list(log->path, false, &old, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n && log->n_files + 1 < FOLLOW_LOG_FILES_MAX; i++) {
		struct logfile *file;

		if (follow_log_open_file(dirs, old[i].path, &file, &ignored) < 0)
			continue;
		if (follow_log_has_open(log, file->dev, file->ino, &at) || file->born_ns < had->born_ns ||
		    (file->dev == newest->dev && file->ino == newest->ino))
			logfile_close(file);
		else
			follow_log_insert(log, log->n_files, file);
	}
	rotated_free(old, n);
}

/* Makes file, which was opened under the log's path, the log's own file. */
static void add_own(const struct follow_dirs *dirs, struct follow_log *log, struct logfile *file)
{
	size_t at;

	if (log->opened)
		add_missed(dirs, log, file);
	if (follow_log_has_open(log, file->dev, file->ino, &at)) {
		/* It was queued, or a symlink was changed to another file and back. */
		logfile_close(file);
		file = follow_log_remove(log, at);
		file->until_ms = 0;
	}
	follow_log_insert(log, log->n_files, file);
	log->opened = true;
}

static int note_lost(struct follow_log *log)
{
	const int64_t now = log->now_ms;

	if (log->there || log->gone_ms == 0)
		log->gone_ms = now;
	log->there = false;
	/* The gap between the rename and the new file in a rotation is not reported. */
	if (log->missing || (log->opened && now - log->gone_ms < FOLLOW_SAFETY_MS))
		return FOLLOW_NONE;
	log->missing = true;
	return FOLLOW_MISSING;
}

static int note_found(struct follow_log *log)
{
	const bool back = log->missing && !log->failing;

	log->there = true;
	log->missing = log->missing && !back;
	log->gone_ms = 0;
	return back ? FOLLOW_BACK : FOLLOW_NONE;
}

int follow_log_works(struct follow_log *log)
{
	log->failing = false;
	return note_found(log);
}

static bool is_same(const struct logfile *file, const struct stat *st)
{
	return file != NULL && file->dev == st->st_dev && file->ino == st->st_ino;
}

int follow_log_check(struct follow_dirs *dirs, struct follow_log *log, struct why *why)
{
	struct logfile *file;
	struct why ignored;
	struct stat st;

	log->check = false;
	follow_log_wake(log);
	if (log->there && log->names.complete && lstat(log->path, &st) == 0 && is_same(follow_log_own(log), &st))
		return FOLLOW_NONE; /* the usual case */

	/* Watch first, then stat: a change in between raises an event. */
	(void)follow_dirs_watch(dirs, log->path, &log->names, &ignored);
	if (stat(log->path, &st) == 0 && is_same(follow_log_own(log), &st))
		return note_found(log);
	if (log->n_files + 1 >= FOLLOW_LOG_FILES_MAX) {
		log->check = true; /* try again when some were read to their end */
		return FOLLOW_NONE;
	}
	if (follow_log_open_file(dirs, log->path, &file, why) < 0)
		return note_lost(log);
	add_own(dirs, log, file);
	return note_found(log);
}

/* Opens the rotated file that contains what was read from file, and perhaps more. Returns NULL if there is none. */
static struct logfile *open_copy(const struct follow_dirs *dirs, const struct follow_log *log,
                                 const struct logfile *file)
{
	struct logfile *copy = NULL;
	struct rotated *old;
	struct why ignored;
	size_t n, at;

	if (rotated_list(log->path, false, &old, &n, &ignored) < 0)
		return NULL;
	for (size_t i = n; i > 0 && copy == NULL; i--) {
		if (follow_log_open_file(dirs, old[i - 1].path, &copy, &ignored) < 0)
			continue;
		if (follow_log_has_open(log, copy->dev, copy->ino, &at) || !logfile_carry_on(copy, file)) {
			logfile_close(copy);
			copy = NULL;
		}
	}
	rotated_free(old, n);
	return copy;
}

/*
 * After copytruncate the descriptor starts again as a new file. Lines that were written before but not read yet are in
 * the copy, which is read first, from the same position and with the same number.
 */
void follow_log_replaced(const struct follow_dirs *dirs, struct follow_log *log, size_t at)
{
	struct logfile *const file = log->files[at];
	struct logfile *copy;

	if (file != follow_log_own(log)) {
		logfile_close(follow_log_remove(log, at)); /* a rotated file is being destroyed */
		return;
	}
	copy = log->n_files < FOLLOW_LOG_FILES_MAX ? open_copy(dirs, log, file) : NULL;
	logfile_restart(file);
	if (copy != NULL)
		follow_log_insert(log, at, copy);
}

int follow_log_failed(struct follow_log *log, size_t at, int err, struct why *why)
{
	struct logfile *const file = log->files[at];
	const bool is_own = file == follow_log_own(log);

	assert(file != NULL);
	(void)why_set(why, err, "cannot read %s: %s%s", file->path, strerror(err),
	              is_own ? "" : "; skipping the rest of it");
	logfile_close(follow_log_remove(log, at));
	if (!is_own)
		return -err;
	log->opened = false;
	log->failing = true;
	return note_lost(log);
}

bool follow_log_is_busy(const struct follow_log *log)
{
	if (log->check)
		return true;
	for (size_t i = 0; i < log->n_files; i++) {
		if (!log->files[i]->dry)
			return true;
	}
	return false;
}

bool follow_log_is_settled(const struct follow_log *log)
{
	return log->there && log->names.complete && log->n_files == 1 && log->files[0]->watch >= 0;
}
