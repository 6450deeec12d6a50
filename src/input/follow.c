#include "input/follow.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "input/follow_dirs.h"
#include "input/follow_log.h"
#include "input/logfile.h"
#include "input/rotated.h"

enum {
	LINES_PER_TURN = 256,
	PASSES_MAX = 16, /* per follow_next: how often LOGFILE_READS_MAX blocks of overlong lines may be read */
};

struct follow {
	struct follow_dirs dirs;
	struct follow_log logs[FOLLOW_LOGS_MAX]; /* path NULL: a free slot */
	size_t n_logs;                           /* slots that were ever used */
	size_t turn;                             /* the log whose turn it is, and how many more lines it may return */
	unsigned left;
	struct logfile *asked; /* the file of the last FOLLOW_FILE, until the next call */
	uint64_t n_files;      /* the last number that was assigned */
	int64_t safety_ms;     /* when to check again the logs that events do not fully cover */
};

int follow_new(struct follow **ret, struct why *why)
{
	struct follow *const follow = alloc_zero(1, sizeof *follow, "the logs");
	const int rc = follow_dirs_open(&follow->dirs, why);

	if (rc < 0) {
		free(follow);
		return rc;
	}
	*ret = follow;
	return 0;
}

void follow_free(struct follow *follow)
{
	if (follow == NULL)
		return;
	for (size_t i = 0; i < follow->n_logs; i++) {
		for (size_t k = 0; k < follow->logs[i].n_files; k++)
			logfile_close(follow->logs[i].files[k]);
		free(follow->logs[i].path);
	}
	follow_dirs_close(&follow->dirs);
	free(follow);
}

int follow_fd(const struct follow *follow)
{
	return follow->dirs.fd;
}

/* Marks the log and its files if the event concerns them. */
static void note_event(struct follow_log *log, const struct follow_event *event)
{
	if (event->lost)
		log->names.complete = false; /* until the directory is watched again */
	if (event->all || (event->name != NULL && follow_names_match(&log->names, event->name)))
		log->check = true;
	for (size_t i = 0; i < log->n_files && event->name == NULL; i++)
		if (log->files[i]->watch == event->file)
			follow_log_wake(log);
}

/* Reads one event and marks the logs. Returns false if there is no event. */
static bool receive_event(struct follow *follow)
{
	struct follow_event event;

	if (!follow_dirs_next(&follow->dirs, &event))
		return false;
	for (size_t i = 0; i < follow->n_logs; i++)
		if (follow->logs[i].path != NULL)
			note_event(&follow->logs[i], &event);
	return true;
}

/* Returns the lowest free slot, or NULL if all are used. */
static struct follow_log *free_place(struct follow *follow)
{
	for (size_t i = 0; i < follow->n_logs; i++)
		if (follow->logs[i].path == NULL)
			return &follow->logs[i];
	return follow->n_logs < FOLLOW_LOGS_MAX ? &follow->logs[follow->n_logs] : NULL;
}

int follow_add(struct follow *follow, const char *path, size_t *ret_log, struct why *why)
{
	struct follow_log *const log = free_place(follow);
	int rc;

	if (log == NULL)
		return why_set(why, E2BIG, "%s: cannot follow more than %d logs", path, FOLLOW_LOGS_MAX);
	if (path[0] != '/' || path[strlen(path) - 1] == '/' || strlen(path) >= PATH_MAX)
		return why_set(why, EINVAL, "%s: not an absolute path of a file", path);
	*log = (struct follow_log){.path = alloc_text(path, "the logs"), .check = true};
	rc = follow_dirs_watch(&follow->dirs, path, &log->names, why);
	if (rc < 0) {
		free(log->path);
		*log = (struct follow_log){.path = NULL};
		return rc;
	}
	*ret_log = (size_t)(log - follow->logs);
	if (*ret_log == follow->n_logs)
		follow->n_logs++;
	return 0;
}

void follow_remove(struct follow *follow, size_t log)
{
	struct follow_log *const l = &follow->logs[log];

	assert(log < follow->n_logs && l->path != NULL && follow->asked == NULL);
	for (size_t i = 0; i < l->n_files; i++)
		logfile_close(l->files[i]);
	free(l->path);
	*l = (struct follow_log){.path = NULL};
}

bool follow_has_open(const struct follow *follow, dev_t dev, ino_t ino)
{
	size_t at;

	for (size_t i = 0; i < follow->n_logs; i++)
		if (follow_log_has_open(&follow->logs[i], dev, ino, &at))
			return true;
	return false;
}

/* ---- returning lines and events ---- */

static int return_line(struct follow_log *log, const struct logfile *file, struct follow_line *ret)
{
	ret->file = file->number;
	ret->path = file->path;
	log->bytes += ret->record.next - ret->record.start;
	log->lines++;
	log->cut += ret->record.cut;
	return FOLLOW_LINE;
}

static int return_file(struct follow *follow, struct logfile *file, struct follow_line *ret)
{
	struct stat st = {0};

	file->number = ++follow->n_files;
	follow->asked = file;
	(void)fstat(file->fd, &st);
	ret->file = file->number;
	ret->path = file->path;
	ret->first = file->first;
	ret->first_len = file->first_len;
	ret->mtime_s = st.st_mtim.tv_sec;
	return FOLLOW_FILE;
}

static int log_next(struct follow *follow, struct follow_log *log, struct follow_line *ret, struct why *why)
{
	int rc;

	*ret = (struct follow_line){.log = (size_t)(log - follow->logs), .path = log->path};
	if (log->check) {
		rc = follow_log_check(&follow->dirs, log, why);
		if (rc != FOLLOW_NONE)
			return rc;
	}
	for (size_t i = 0; i < log->n_files;) {
		struct logfile *const file = log->files[i];

		if (!file->dry) {
			const bool known = file->known;

			rc = known ? logfile_next(file, &ret->record) : logfile_identify(file);
			if (rc == LOGFILE_LINE)
				return known ? return_line(log, file, ret) : return_file(follow, file, ret);
			if (rc == LOGFILE_MORE)
				return FOLLOW_NONE;
			if (rc < 0)
				return follow_log_failed(log, i, -rc, why);
			if (rc == LOGFILE_REPLACED) {
				follow_log_replaced(&follow->dirs, log, i);
				continue;
			}
			file->dry = true;
			if (log->failing && file == follow_log_own(log))
				return follow_log_works(log);
		}
		if (follow_log_is_finished(log, i))
			logfile_close(follow_log_remove(log, i));
		else
			i++;
	}
	return FOLLOW_NONE;
}

/* Marks the logs that must be checked without an event, every FOLLOW_SAFETY_MS. */
static void check_for_safety(struct follow *follow, int64_t now_ms)
{
	if (now_ms < follow->safety_ms)
		return;
	follow->safety_ms = now_ms + FOLLOW_SAFETY_MS;
	for (size_t i = 0; i < follow->n_logs; i++) {
		if (follow->logs[i].path != NULL && !follow_log_is_settled(&follow->logs[i]))
			follow->logs[i].check = true;
	}
}

void follow_check(struct follow *follow)
{
	for (size_t i = 0; i < follow->n_logs; i++)
		follow->logs[i].check = follow->logs[i].path != NULL;
}

/* Chooses the next log that has something to do; returns false if none has. */
static bool choose(struct follow *follow)
{
	for (size_t i = 1; i <= follow->n_logs; i++) {
		const size_t next = (follow->turn + i) % follow->n_logs;

		if (follow_log_is_busy(&follow->logs[next])) {
			follow->turn = next;
			follow->left = LINES_PER_TURN;
			return true;
		}
	}
	follow->left = 0;
	return false;
}

/*
 * Starts the turn of the next log. Returns false if no log has anything to do and no event is left. Usually reads
 * events one at a time, so that the effect of one is known before the next is read; but reads all of them if a log used
 * up its turn and still has something to read.
 */
static bool next_turn(struct follow *follow, int64_t now_ms)
{
	bool more = true;

	check_for_safety(follow, now_ms);
	while (more && follow_log_is_busy(&follow->logs[follow->turn]))
		more = receive_event(follow);
	while (!choose(follow))
		if (!receive_event(follow))
			return false;
	return true;
}

int follow_next(struct follow *follow, int64_t now_ms, struct follow_line *ret, struct why *why)
{
	int passes = 0;

	follow->asked = NULL;
	for (;;) {
		struct follow_log *const log = &follow->logs[follow->turn];
		int rc;

		if (follow->left == 0 || !follow_log_is_busy(log)) {
			if (!next_turn(follow, now_ms))
				return FOLLOW_NONE;
			continue;
		}
		follow->left--;
		log->now_ms = now_ms;
		rc = log_next(follow, log, ret, why);
		if (rc != FOLLOW_NONE)
			return rc;
		/*
		 * The log is still busy, inside an endless line. Let the others go first, and now and then the caller.
		 */
		follow->left = 0;
		if (follow_log_is_busy(log) && ++passes == PASSES_MAX)
			return FOLLOW_NONE;
	}
}

int follow_timeout_ms(const struct follow *follow, int64_t now_ms)
{
	bool settled = true;
	int64_t left;

	for (size_t i = 0; i < follow->n_logs; i++) {
		if (follow_log_is_busy(&follow->logs[i]))
			return 0;
		settled &= follow->logs[i].path == NULL || follow_log_is_settled(&follow->logs[i]);
	}
	if (settled)
		return -1;
	left = follow->safety_ms - now_ms;
	return left > 0 ? (int)left : 0;
}

int follow_resume(struct follow *follow, uint64_t file, int64_t position, const char *last, size_t last_len)
{
	assert(follow->asked != NULL && follow->asked->number == file);
	return logfile_seek(follow->asked, position, last, last_len) ? 0 : FOLLOW_NONE;
}

int follow_queue(struct follow *follow, size_t log, const char *path, int64_t now_ms, struct why *why)
{
	struct follow_log *const l = &follow->logs[log];
	struct logfile *file;
	size_t at;
	int rc;

	assert(log < follow->n_logs && l->lines == 0);
	if (l->n_files >= ROTATED_MAX + 1)
		return why_set(why, E2BIG, "%s: more than %d old files", path, ROTATED_MAX);
	rc = follow_log_open_file(&follow->dirs, path, &file, why);
	if (rc < 0)
		return rc;
	l->now_ms = now_ms;
	if (follow_log_has_open(l, file->dev, file->ino, &at))
		logfile_close(file); /* it is already being read */
	else
		follow_log_insert(l, l->opened ? l->n_files - 1 : l->n_files, file);
	return 0;
}

void follow_stat(const struct follow *follow, size_t log, struct follow_stat *ret)
{
	const struct follow_log *const l = &follow->logs[log];

	assert(log < follow->n_logs);
	*ret = (struct follow_stat){
		.path = l->path,
		.readable = l->there,
		.bytes_read = l->bytes,
		.lines = l->lines,
		.cut = l->cut,
		.dry = !follow_log_is_busy(l),
	};
	for (size_t i = 0; i < l->n_files; i++)
		ret->lag_bytes += logfile_lag(l->files[i]);
}
