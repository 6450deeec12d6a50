#include "input/follow.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "input/follow_dirs.h"
#include "input/logfile.h"
#include "input/rotated.h"

enum {
	FILES_MAX = 80, /* open at a time for one log: queued, missed, the one before, its own */
	LINES_PER_TURN = 256,
	PASSES_MAX = 16,  /* times LOGFILE_READS_MAX blocks of overlong lines in one follow_next */
	GRACE_MS = 60000, /* a writer may keep the old file open for so long after a rotation */
};

/*
 * Events only set check. What happened is then read from the files themselves, so that an extra
 * event, a late one or one of an old directory does no harm.
 */
struct log {
	char *path;
	int64_t now_ms; /* of the call that works on it */
	struct follow_names names;

	bool check;      /* stat the path and read all files again */
	bool opened;     /* the last of files is the path's own, or was until the path went away */
	bool there;      /* the path can be read */
	bool missing;    /* FOLLOW_MISSING was returned */
	bool failing;    /* because a read failed: opening it again proves nothing */
	int64_t gone_ms; /* since when it is not there; 0 when it is */

	/* In the order they are read. A file before the last is closed at its end when its grace period has passed. */
	struct logfile *files[FILES_MAX];
	size_t n_files;

	int64_t bytes;
	uint64_t lines, cut;
};

struct follow {
	struct follow_dirs dirs;
	struct log logs[FOLLOW_LOGS_MAX]; /* path NULL: a free place */
	size_t n_logs;                    /* places that were ever used */
	size_t turn; /* the log whose turn it is, and how many lines it may still return */
	unsigned left;
	struct logfile *asked; /* the file of the last FOLLOW_FILE, until the next call */
	uint64_t n_files;      /* numbers assigned */
	int64_t safety_ms;     /* when to check logs that events do not fully cover */
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

/* Older files too: what happened to one may explain what happened to another (copytruncate). */
static void wake_all(struct log *log)
{
	for (size_t i = 0; i < log->n_files; i++)
		logfile_wake(log->files[i]);
}

/* Marks the logs and files that an event concerns. */
static void take_event(struct log *log, const struct follow_event *event)
{
	if (event->lost)
		log->names.complete = false; /* until it is watched again */
	if (event->all || (event->name != NULL && follow_names_match(&log->names, event->name)))
		log->check = true;
	for (size_t i = 0; i < log->n_files && event->name == NULL; i++)
		if (log->files[i]->watch == event->file)
			wake_all(log);
}

/* False when there is no event. */
static bool receive_event(struct follow *follow)
{
	struct follow_event event;

	if (!follow_dirs_next(&follow->dirs, &event))
		return false;
	for (size_t i = 0; i < follow->n_logs; i++)
		if (follow->logs[i].path != NULL)
			take_event(&follow->logs[i], &event);
	return true;
}

/* The lowest place that is free. */
static struct log *free_place(struct follow *follow)
{
	for (size_t i = 0; i < follow->n_logs; i++)
		if (follow->logs[i].path == NULL)
			return &follow->logs[i];
	return follow->n_logs < FOLLOW_LOGS_MAX ? &follow->logs[follow->n_logs] : NULL;
}

int follow_add(struct follow *follow, const char *path, size_t *ret_log, struct why *why)
{
	struct log *const log = free_place(follow);
	int rc;

	if (log == NULL)
		return why_set(why, E2BIG, "%s: cannot follow more than %d logs", path, FOLLOW_LOGS_MAX);
	if (path[0] != '/' || path[strlen(path) - 1] == '/' || strlen(path) >= PATH_MAX)
		return why_set(why, EINVAL, "%s: not an absolute path of a file", path);
	*log = (struct log){.path = alloc_text(path, "the logs"), .check = true};
	rc = follow_dirs_watch(&follow->dirs, path, &log->names, why);
	if (rc < 0) {
		free(log->path);
		*log = (struct log){.path = NULL};
		return rc;
	}
	*ret_log = (size_t)(log - follow->logs);
	if (*ret_log == follow->n_logs)
		follow->n_logs++;
	return 0;
}

void follow_remove(struct follow *follow, size_t log)
{
	struct log *const l = &follow->logs[log];

	assert(log < follow->n_logs && l->path != NULL && follow->asked == NULL);
	for (size_t i = 0; i < l->n_files; i++)
		logfile_close(l->files[i]);
	free(l->path);
	*l = (struct log){.path = NULL};
}

/* ---- the files of a log ---- */

/* Watched before it is read: what is written after a read raises an event. */
static int open_file(const struct follow *follow, const char *path, struct logfile **ret, struct why *why)
{
	const int rc = logfile_open(ret, path, why);

	if (rc == 0)
		(*ret)->watch = follow_dirs_watch_file(&follow->dirs, (*ret)->fd, path);
	return rc;
}

static struct logfile *own(const struct log *log)
{
	return log->opened ? log->files[log->n_files - 1] : NULL;
}

static bool is_open(const struct log *log, dev_t dev, ino_t ino, size_t *ret_at)
{
	for (size_t i = 0; i < log->n_files; i++) {
		if (log->files[i]->dev == dev && log->files[i]->ino == ino) {
			*ret_at = i;
			return true;
		}
	}
	return false;
}

bool follow_has_open(const struct follow *follow, dev_t dev, ino_t ino)
{
	size_t at;

	for (size_t i = 0; i < follow->n_logs; i++)
		if (is_open(&follow->logs[i], dev, ino, &at))
			return true;
	return false;
}

static void insert_file(struct log *log, size_t at, struct logfile *file)
{
	assert(log->n_files < FILES_MAX);
	memmove(&log->files[at + 1], &log->files[at], (log->n_files - at) * sizeof(log->files[0]));
	log->files[at] = file;
	log->n_files++;
	/* A file that is no longer the last is written to only for a while. */
	for (size_t i = 0; i + 1 < log->n_files; i++) {
		if (log->files[i]->until_ms == 0)
			log->files[i]->until_ms = log->now_ms + GRACE_MS;
	}
}

static struct logfile *remove_file(struct log *log, size_t at)
{
	struct logfile *const file = log->files[at];

	log->n_files--;
	memmove(&log->files[at], &log->files[at + 1], (log->n_files - at) * sizeof(log->files[0]));
	return file;
}

/* The last stays: only a successor shows that it is finished. */
static bool is_finished(const struct log *log, size_t at)
{
	return log->files[at]->dry &&
	       (at + 2 < log->n_files || (at + 1 < log->n_files && log->now_ms >= log->files[at]->until_ms));
}

/*
 * Rotated more than once between two checks: files were born and renamed that we never saw under the
 * log's name. They are among the rotated files, born after the one we had.
 */
static void add_missed(const struct follow *follow, struct log *log, const struct logfile *newest)
{
	const struct logfile *const had = own(log);
	struct rotated *old;
	struct why ignored;
	size_t n, at;

	if (had->born_ns == 0 || rotated_list(log->path, false, &old, &n, &ignored) < 0)
		return;
	for (size_t i = 0; i < n && log->n_files + 1 < FILES_MAX; i++) {
		struct logfile *file;

		if (open_file(follow, old[i].path, &file, &ignored) < 0)
			continue;
		if (is_open(log, file->dev, file->ino, &at) || file->born_ns < had->born_ns ||
		    (file->dev == newest->dev && file->ino == newest->ino))
			logfile_close(file);
		else
			insert_file(log, log->n_files, file);
	}
	rotated_free(old, n);
}

/* file was opened under the log's path and is its own from now on. */
static void add_own(const struct follow *follow, struct log *log, struct logfile *file)
{
	size_t at;

	if (log->opened)
		add_missed(follow, log, file);
	if (is_open(log, file->dev, file->ino, &at)) {
		/* It was queued, or a link was changed to another file and back. */
		logfile_close(file);
		file = remove_file(log, at);
		file->until_ms = 0;
	}
	insert_file(log, log->n_files, file);
	log->opened = true;
}

static int lost(struct log *log)
{
	const int64_t now = log->now_ms;

	if (log->there || log->gone_ms == 0)
		log->gone_ms = now;
	log->there = false;
	/* Between the rename and the new file of a rotation there is nothing to report. */
	if (log->missing || (log->opened && now - log->gone_ms < FOLLOW_SAFETY_MS))
		return FOLLOW_NONE;
	log->missing = true;
	return FOLLOW_MISSING;
}

static int found(struct log *log)
{
	const bool back = log->missing && !log->failing;

	log->there = true;
	log->missing = log->missing && !back;
	log->gone_ms = 0;
	return back ? FOLLOW_BACK : FOLLOW_NONE;
}

/* Its own file was read to its end. */
static int works_again(struct log *log)
{
	log->failing = false;
	return found(log);
}

static bool is_same(const struct logfile *file, const struct stat *st)
{
	return file != NULL && file->dev == st->st_dev && file->ino == st->st_ino;
}

/* Is the path's file still the one we have? FOLLOW_NONE, FOLLOW_MISSING with why set, or FOLLOW_BACK. */
static int check_log(struct follow *follow, struct log *log, struct why *why)
{
	struct logfile *file;
	struct why ignored;
	struct stat st;

	log->check = false;
	wake_all(log);
	if (log->there && log->names.complete && lstat(log->path, &st) == 0 && is_same(own(log), &st))
		return FOLLOW_NONE; /* nearly always */

	/* Watch, then stat: what changes in between raises an event. */
	(void)follow_dirs_watch(&follow->dirs, log->path, &log->names, &ignored);
	if (stat(log->path, &st) == 0 && is_same(own(log), &st))
		return found(log);
	if (log->n_files + 1 >= FILES_MAX) {
		log->check = true; /* when some have been read to their end */
		return FOLLOW_NONE;
	}
	if (open_file(follow, log->path, &file, why) < 0)
		return lost(log);
	add_own(follow, log, file);
	return found(log);
}

/* The rotated file that holds what was read from file, and perhaps more; NULL when there is none. */
static struct logfile *open_copy(const struct follow *follow, const struct log *log, const struct logfile *file)
{
	struct logfile *copy = NULL;
	struct rotated *old;
	struct why ignored;
	size_t n, at;

	if (rotated_list(log->path, false, &old, &n, &ignored) < 0)
		return NULL;
	for (size_t i = n; i > 0 && copy == NULL; i--) {
		if (open_file(follow, old[i - 1].path, &copy, &ignored) < 0)
			continue;
		if (is_open(log, copy->dev, copy->ino, &at) || !logfile_carry_on(copy, file)) {
			logfile_close(copy);
			copy = NULL;
		}
	}
	rotated_free(old, n);
	return copy;
}

/*
 * copytruncate: the descriptor starts again as a new file. Lines that were written before and not yet
 * read are in the copy, which is read first, from the same position and under the same number.
 */
static void replaced(const struct follow *follow, struct log *log, size_t at)
{
	struct logfile *const file = log->files[at];
	struct logfile *copy;

	if (file != own(log)) {
		logfile_close(remove_file(log, at)); /* a finished file is being destroyed */
		return;
	}
	copy = log->n_files < FILES_MAX ? open_copy(follow, log, file) : NULL;
	logfile_restart(file);
	if (copy != NULL)
		insert_file(log, at, copy);
}

/* ---- what is returned ---- */

static int give_line(struct log *log, const struct logfile *file, struct follow_line *ret)
{
	ret->file = file->number;
	ret->path = file->path;
	log->bytes += ret->record.next - ret->record.start;
	log->lines++;
	log->cut += ret->record.cut;
	return FOLLOW_LINE;
}

static int give_file(struct follow *follow, struct logfile *file, struct follow_line *ret)
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

/* A disk or a server that fails: the log is missing until it can be opened and read to its end again. */
static int failed(struct log *log, size_t at, int err, struct why *why)
{
	struct logfile *const file = log->files[at];
	const bool is_own = file == own(log);

	(void)why_set(why, err, "cannot read %s: %s%s", file->path, strerror(err),
	              is_own ? "" : "; skipping the rest of it");
	logfile_close(remove_file(log, at));
	if (!is_own)
		return -err;
	log->opened = false;
	log->failing = true;
	return lost(log);
}

static int log_next(struct follow *follow, struct log *log, struct follow_line *ret, struct why *why)
{
	int rc;

	*ret = (struct follow_line){.log = (size_t)(log - follow->logs), .path = log->path};
	if (log->check) {
		rc = check_log(follow, log, why);
		if (rc != FOLLOW_NONE)
			return rc;
	}
	for (size_t i = 0; i < log->n_files;) {
		struct logfile *const file = log->files[i];

		if (!file->dry) {
			const bool known = file->known;

			rc = known ? logfile_next(file, &ret->record) : logfile_identify(file);
			if (rc == LOGFILE_LINE)
				return known ? give_line(log, file, ret) : give_file(follow, file, ret);
			if (rc == LOGFILE_MORE)
				return FOLLOW_NONE;
			if (rc < 0)
				return failed(log, i, -rc, why);
			if (rc == LOGFILE_REPLACED) {
				replaced(follow, log, i);
				continue;
			}
			file->dry = true;
			if (log->failing && file == own(log))
				return works_again(log);
		}
		if (is_finished(log, i))
			logfile_close(remove_file(log, i));
		else
			i++;
	}
	return FOLLOW_NONE;
}

static bool is_busy(const struct log *log)
{
	if (log->check)
		return true;
	for (size_t i = 0; i < log->n_files; i++) {
		if (!log->files[i]->dry)
			return true;
	}
	return false;
}

/* Do events cover everything? Not when it is missing, or an old file is in an unknown place. */
static bool is_settled(const struct log *log)
{
	return log->there && log->names.complete && log->n_files == 1 && log->files[0]->watch >= 0;
}

/* Marks what must be checked without an event. */
static void check_for_safety(struct follow *follow, int64_t now_ms)
{
	if (now_ms < follow->safety_ms)
		return;
	follow->safety_ms = now_ms + FOLLOW_SAFETY_MS;
	for (size_t i = 0; i < follow->n_logs; i++) {
		if (follow->logs[i].path != NULL && !is_settled(&follow->logs[i]))
			follow->logs[i].check = true;
	}
}

void follow_check(struct follow *follow)
{
	for (size_t i = 0; i < follow->n_logs; i++)
		follow->logs[i].check = follow->logs[i].path != NULL;
}

/* Whose turn it is among those that have something to do; false when none has. */
static bool choose(struct follow *follow)
{
	for (size_t i = 1; i <= follow->n_logs; i++) {
		const size_t next = (follow->turn + i) % follow->n_logs;

		if (is_busy(&follow->logs[next])) {
			follow->turn = next;
			follow->left = LINES_PER_TURN;
			return true;
		}
	}
	follow->left = 0;
	return false;
}

/*
 * False when no log has anything to do, and no event is left. Of several events one is taken at a time, so that what it led to
 * is known before the next is asked for; but all of them when a log has so much to read that it used up its turn.
 */
static bool next_turn(struct follow *follow, int64_t now_ms)
{
	bool more = true;

	check_for_safety(follow, now_ms);
	while (more && is_busy(&follow->logs[follow->turn]))
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
		struct log *const log = &follow->logs[follow->turn];
		int rc;

		if (follow->left == 0 || !is_busy(log)) {
			if (!next_turn(follow, now_ms))
				return FOLLOW_NONE;
			continue;
		}
		follow->left--;
		log->now_ms = now_ms;
		rc = log_next(follow, log, ret, why);
		if (rc != FOLLOW_NONE)
			return rc;
		/* Still busy: inside a line without end. Others first, and at times the caller. */
		follow->left = 0;
		if (is_busy(log) && ++passes == PASSES_MAX)
			return FOLLOW_NONE;
	}
}

int follow_timeout_ms(const struct follow *follow, int64_t now_ms)
{
	bool settled = true;
	int64_t left;

	for (size_t i = 0; i < follow->n_logs; i++) {
		if (is_busy(&follow->logs[i]))
			return 0;
		settled &= follow->logs[i].path == NULL || is_settled(&follow->logs[i]);
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
	struct log *const l = &follow->logs[log];
	struct logfile *file;
	size_t at;
	int rc;

	assert(log < follow->n_logs && l->lines == 0);
	if (l->n_files >= ROTATED_MAX + 1)
		return why_set(why, E2BIG, "%s: more than %d old files", path, ROTATED_MAX);
	rc = open_file(follow, path, &file, why);
	if (rc < 0)
		return rc;
	l->now_ms = now_ms;
	if (is_open(l, file->dev, file->ino, &at))
		logfile_close(file); /* it is read anyway */
	else
		insert_file(l, l->opened ? l->n_files - 1 : l->n_files, file);
	return 0;
}

void follow_stat(const struct follow *follow, size_t log, struct follow_stat *ret)
{
	const struct log *const l = &follow->logs[log];

	assert(log < follow->n_logs);
	*ret = (struct follow_stat){
		.path = l->path,
		.readable = l->there,
		.bytes_read = l->bytes,
		.lines = l->lines,
		.cut = l->cut,
		.dry = !is_busy(l),
	};
	for (size_t i = 0; i < l->n_files; i++)
		ret->lag_bytes += logfile_lag(l->files[i]);
}
