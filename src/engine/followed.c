#include "engine/followed.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/log.h"
#include "engine/missed.h"
#include "input/follow.h"
#include "input/globs.h"
#include "input/readable.h"
#include "pipeline/resume.h"
#include "store/logs.h"
#include "store/query.h"

static_assert((int)PROBLEMS_LOGS_MAX == (int)CONFIG_LOGS_MAX, "every section has its place among the problems");
static_assert((int)PENDING_FILES_MAX > FOLLOW_LOGS_MAX * 3, "every file has its place among the pending ones");

enum {
	FILES_PER_LOG = 3, /* the one being read, the one before, and one more if they rotate fast */
	AHEAD_KEY_MAX = 6 + PATH_MAX,
};

/* A file being followed. */
struct followed_file {
	uint64_t number; /* as given by follow; 0: none */
	struct pending_file *pending;
	struct scan scan;
	int64_t appended_from; /* lines at or after this position were appended while we watched */
};

/* A log being followed. */
struct followed_log {
	size_t section; /* index in the configuration */
	bool globbed;   /* the section is a pattern */
	bool gone;      /* the file was removed: forget the log once it is read to its end */
	bool watched;   /* we watch while its next file is written: the file was missing or empty before */
	bool is_off;    /* its time stamps differ from the clock, by ahead_s */
	int64_t ahead_s;
	bool off_logged;
	struct followed_file files[FILES_PER_LOG]; /* newest first */
};

struct followed {
	const struct config *config;
	struct store *store;
	struct pending *pending;
	struct problems *problems;
	char user[64]; /* the daemon's user, for remedies */
	struct missed *missed;
	struct follow *follow;
	struct globs *globs;                      /* NULL: no section is a pattern */
	struct followed_log log[FOLLOW_LOGS_MAX]; /* indexed as by follow */
	size_t n_logs;                            /* ever used */
	size_t n_of[CONFIG_LOGS_MAX];             /* number of logs of each section */
	bool look;                                /* look for new files, even without an event */
	bool full;                                /* logged already */
	struct follow_line begun;                 /* the FOLLOW_FILE event that waits */
	bool file_waits;
	bool file_held; /* begun, or a file of missed */
};

/* --- opening --- */

/* Queues the files that were rotated away while no daemon ran; they are read first. */
static int queue_missed(struct followed *logs, size_t log, const char *path, struct why *why)
{
	char *last;
	int rc = missed_check(logs->missed, path, &last, why);

	/* The directory is missing or unreadable: there is nothing to read. That the log is missing is logged later. */
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES)
		return 0;
	if (rc == 0 && last != NULL)
		rc = follow_queue(logs->follow, log, last, clock_steady_ms(), why);
	free(last);
	return rc;
}

/* Returns the file's size; 0 if it is missing, -1 if its size cannot be determined. */
static int64_t size_of(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	return st.st_size;
}

/* --- time stamps of another zone --- */

/* Writes the key for the table of status. */
static void ahead_key(const char *path, char out[static AHEAD_KEY_MAX])
{
	(void)snprintf(out, AHEAD_KEY_MAX, "ahead %s", path);
}

/* Restores the difference of the log's time stamps from when it was last watched. */
static void recall_ahead(struct followed *logs, struct followed_log *log, const char *path)
{
	char key[AHEAD_KEY_MAX];
	const char *value;
	struct why ignored; /* the time stamps are then used unchanged */

	ahead_key(path, key);
	if (query_state(logs->store, key, &value, &ignored) < 0 || value == NULL)
		return;
	log->ahead_s = strtoll(value, NULL, 10);
	log->is_off = log->ahead_s > SCAN_OFF_S || log->ahead_s < -SCAN_OFF_S;
}

static void store_ahead(struct followed *logs, const char *path, int64_t ahead_s)
{
	char key[AHEAD_KEY_MAX], value[24];
	struct why ignored; /* stored at the next change */

	ahead_key(path, key);
	(void)snprintf(value, sizeof value, "%" PRId64, ahead_s);
	if (store_begin(logs->store, &ignored) == 0)
		(void)store_finish(logs->store, store_state_set(logs->store, key, value, &ignored), &ignored);
}

/* Sets or clears the problem that a log's time stamps are off. */
static void note_stamps(struct followed *logs, int64_t now_s)
{
	char by[DURATION_TEXT_MAX];
	struct follow_stat stat;
	struct why what;

	for (size_t i = 0; i < logs->n_logs; i++) {
		struct followed_log *const log = &logs->log[i];

		if (!log->is_off || log->files[0].number == 0)
			continue;
		follow_stat(logs->follow, i, &stat);
		duration_short_text(log->ahead_s < 0 ? -log->ahead_s : log->ahead_s, by);
		(void)why_set(&what, EINVAL,
		              "%s: its time stamps are %s %s the clock; its lines count from when they are appended",
		              stat.path, by, log->ahead_s < 0 ? "behind" : "ahead of");
		problems_set(logs->problems, PROBLEMS_STAMPS, 0, what.text, NULL, now_s);
		if (!log->off_logged)
			log_line(LOG_WARNING, "%s; %s", what.text, problems_remedy(PROBLEMS_STAMPS));
		log->off_logged = true;
		return;
	}
	problems_clear(logs->problems, PROBLEMS_STAMPS, 0);
}

void followed_stamped(struct followed *logs, struct scan *scan, int64_t now_s)
{
	const bool is_off = scan->ahead_s > SCAN_OFF_S || scan->ahead_s < -SCAN_OFF_S;
	struct follow_stat stat;

	if (is_off == scan->is_off)
		return;
	scan->is_off = is_off;
	for (size_t i = 0; i < logs->n_logs; i++)
		for (size_t k = 0; k < FILES_PER_LOG; k++)
			if (scan == &logs->log[i].files[k].scan) {
				logs->log[i].is_off = is_off;
				logs->log[i].ahead_s = is_off ? scan->ahead_s : 0;
				follow_stat(logs->follow, i, &stat);
				store_ahead(logs, stat.path, logs->log[i].ahead_s);
			}
	note_stamps(logs, now_s);
}

static int add_log(struct followed *logs, size_t section, const char *path, struct why *why)
{
	size_t log;
	const int rc = follow_add(logs->follow, path, &log, why);

	if (rc < 0)
		return rc;
	logs->log[log] = (struct followed_log){.section = section,
	                                       .globbed = globs_is_pattern(logs->config->logs[section]),
	                                       .watched = size_of(path) == 0};
	recall_ahead(logs, &logs->log[log], path);
	logs->n_logs = log < logs->n_logs ? logs->n_logs : log + 1;
	logs->n_of[section]++;
	return (int)log; /* < FOLLOW_LOGS_MAX */
}

/* --- patterns --- */

static bool is_followed(const struct followed *logs, const char *path)
{
	struct follow_stat stat;

	for (size_t i = 0; i < logs->n_logs; i++) {
		follow_stat(logs->follow, i, &stat);
		if (stat.path != NULL && strcmp(stat.path, path) == 0)
			return true;
	}
	return false;
}

/* Follows a file that matches a pattern. at_start: also reads what was rotated away while no daemon ran. */
static int add_match(struct followed *logs, size_t section, const char *path, bool at_start, struct why *why)
{
	struct stat st;
	int rc;

	if (is_followed(logs, path))
		return 0;
	/* If a log was rotated to a name that also matches, it is read to its end under its old name. */
	if (stat(path, &st) == 0 && follow_has_open(logs->follow, st.st_dev, st.st_ino))
		return 0;
	rc = add_log(logs, section, path, why);
	if (rc < 0)
		return rc;
	if (!at_start)
		log_line(LOG_NOTICE, "%s: a new log, being read", path);
	return at_start ? queue_missed(logs, (size_t)rc, path, why) : 0;
}

/* Handles a log that cannot be followed because there are too many; logs it once. */
static void note_full(struct followed *logs, size_t section, const struct why *why)
{
	if (!logs->full)
		log_line(LOG_WARNING, "%s", why->text);
	logs->full = true;
	problems_set(logs->problems, PROBLEMS_LOG, section, why->text, "name fewer logs in [log] sections",
	             clock_unix_s());
}

static void note_matches(struct followed *logs, size_t section)
{
	const char *const pattern = logs->config->logs[section];
	struct why why, remedy;

	if (logs->n_of[section] > 0) {
		problems_clear(logs->problems, PROBLEMS_LOG, section);
		return;
	}
	(void)why_set(&why, ENOENT, "no file matches %s", pattern);
	readable_pattern_remedy(pattern, logs->user, &remedy);
	problems_set(logs->problems, PROBLEMS_LOG, section, why.text, remedy.text, clock_unix_s());
}

static int find_files(struct followed *logs, size_t section, bool at_start, struct why *why)
{
	const size_t before = logs->n_of[section];
	struct why full;
	char **files;
	size_t n;
	int rc = globs_find(logs->globs, logs->config->logs[section], &files, &n, why), wrong = 0;

	for (size_t i = 0; i < n && rc >= 0 && wrong == 0; i++) {
		wrong = add_match(logs, section, files[i], at_start, &full);
		if (wrong < 0 && wrong != -E2BIG) {
			rc = wrong;
			*why = full;
		}
	}
	if (at_start && n == 0)
		log_line(LOG_WARNING, "no file matches %s; waiting for one", logs->config->logs[section]);
	if (at_start || before == 0)
		note_matches(logs, section);
	if (wrong == -E2BIG)
		note_full(logs, section, &full);
	globs_free_files(files, n);
	return rc < 0 ? rc : 0;
}

/* Forgets a log that was removed and read to its end. */
static void forget_log(struct followed *logs, size_t log)
{
	struct followed_log *const l = &logs->log[log];
	struct follow_stat stat;

	follow_stat(logs->follow, log, &stat);
	log_line(LOG_NOTICE, "%s: was removed, and is no longer followed", stat.path);
	for (size_t i = 0; i < FILES_PER_LOG; i++) {
		if (l->files[i].number != 0)
			pending_done(l->files[i].pending);
		scan_end(&l->files[i].scan);
	}
	logs->n_of[l->section]--;
	note_matches(logs, l->section);
	*l = (struct followed_log){.gone = false};
	follow_remove(logs->follow, log);
	logs->full = false;
	logs->look = true; /* there is room for another log */
}

void followed_look(struct followed *logs)
{
	struct follow_stat stat;
	struct why why;

	if (logs->globs == NULL || logs->file_waits)
		return;
	for (size_t i = 0; i < logs->n_logs; i++) {
		if (!logs->log[i].gone)
			continue;
		follow_stat(logs->follow, i, &stat);
		if (stat.dry)
			forget_log(logs, i);
	}
	if (!globs_news(logs->globs) && !logs->look)
		return;
	logs->look = false;
	for (size_t i = 0; i < logs->config->n_logs; i++)
		if (globs_is_pattern(logs->config->logs[i]) && find_files(logs, i, false, &why) < 0)
			log_line(LOG_WARNING, "%s", why.text);
}

/* --- all of them --- */

static int add_section(struct followed *logs, size_t section, struct why *why)
{
	const char *const path = logs->config->logs[section];
	int rc = 0;

	if (globs_is_pattern(path)) {
		if (logs->globs == NULL)
			rc = globs_new(&logs->globs, why);
		return rc < 0 ? rc : find_files(logs, section, true, why);
	}
	rc = add_log(logs, section, path, why);
	return rc < 0 ? rc : queue_missed(logs, (size_t)rc, path, why);
}

int followed_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
                 struct followed **ret, struct why *why)
{
	struct followed *const logs = alloc_zero(1, sizeof *logs, "the logs");
	int rc;

	logs->config = config;
	logs->store = store;
	logs->pending = pending;
	logs->problems = problems;
	(void)snprintf(logs->user, sizeof logs->user, "%s", config->run.user);
	logs->missed = missed_new(store, pending);
	rc = follow_new(&logs->follow, why);
	for (size_t i = 0; i < config->n_logs && rc == 0; i++)
		rc = add_section(logs, i, why);
	if (rc < 0) {
		followed_free(logs);
		return rc;
	}
	*ret = logs;
	return 0;
}

void followed_free(struct followed *logs)
{
	if (logs == NULL)
		return;
	for (size_t i = 0; i < logs->n_logs; i++)
		for (size_t k = 0; k < FILES_PER_LOG; k++)
			scan_end(&logs->log[i].files[k].scan);
	globs_free(logs->globs);
	follow_free(logs->follow);
	missed_free(logs->missed);
	free(logs);
}

/* --- reading --- */

int followed_fd(const struct followed *logs)
{
	return follow_fd(logs->follow);
}

int followed_globs_fd(const struct followed *logs)
{
	return logs->globs == NULL ? -1 : globs_fd(logs->globs);
}

int followed_timeout_ms(const struct followed *logs, int64_t now_ms)
{
	return follow_timeout_ms(logs->follow, now_ms);
}

void followed_check(struct followed *logs)
{
	follow_check(logs->follow);
	logs->look = true;
}

static struct followed_file *file_of(struct followed *logs, const struct follow_line *line)
{
	struct followed_file *const files = logs->log[line->log].files;

	for (size_t i = 0; i < FILES_PER_LOG; i++)
		if (files[i].number == line->file)
			return &files[i];
	abort(); /* follow returned a line of a file that it had not announced */
}

static void note_missing(struct followed *logs, const struct follow_line *line, const struct why *why)
{
	struct followed_log *const log = &logs->log[line->log];
	struct why remedy;

	log->gone = log->globbed && access(line->path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (log->gone)
		return;
	log->watched = size_of(line->path) == 0;
	readable_remedy(line->path, logs->user, &remedy);
	log_line(LOG_WARNING, "%s; waiting for it", why->text);
	problems_set(logs->problems, PROBLEMS_LOG, log->section, why->text, remedy.text, clock_unix_s());
}

bool followed_next(struct followed *logs, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan,
                   struct record *ret)
{
	struct follow_line next;
	struct why why;
	int rc;

	if (missed_next(logs->missed, ret_file, ret_scan, ret))
		return true;
	while (!followed_waits(logs)) {
		rc = follow_next(logs->follow, now_ms, &next, &why);
		if (rc == FOLLOW_LINE) {
			struct followed_file *const file = file_of(logs, &next);

			file->scan.appended = next.record.start >= file->appended_from;
			*ret_file = file->pending;
			*ret_scan = &file->scan;
			*ret = next.record;
			return true;
		}
		if (rc == FOLLOW_FILE) {
			logs->begun = next;
			logs->file_waits = true;
		} else if (rc == FOLLOW_MISSING) {
			note_missing(logs, &next, &why);
		} else if (rc == FOLLOW_BACK) {
			log_line(LOG_NOTICE, "%s: being read", next.path);
			problems_clear(logs->problems, PROBLEMS_LOG, logs->log[next.log].section);
			logs->log[next.log].gone = false;
		} else {
			if (rc < 0)
				log_line(LOG_ERR, "%s", why.text);
			break;
		}
	}
	return false;
}

bool followed_waits(const struct followed *logs)
{
	return missed_waits(logs->missed) || logs->file_waits;
}

/* Begins the file that follow has reached. */
static int begin_followed(struct followed *logs, struct why *why)
{
	const struct follow_line *const begun = &logs->begun;
	struct followed_log *const log = &logs->log[begun->log];
	struct followed_file *const files = log->files;
	const struct resume reader = {
		.first = {begun->first, begun->first_len}, .follow = logs->follow, .file = begun->file};
	struct pending_file *pending = NULL;
	const int rc = resume_file(logs->store, logs->pending, &reader, begun->path, &pending, why);

	if (rc < 0)
		return rc;
	if (files[FILES_PER_LOG - 1].number != 0) {
		pending_done(files[FILES_PER_LOG - 1].pending);
		scan_end(&files[FILES_PER_LOG - 1].scan);
	}
	memmove(files + 1, files, (FILES_PER_LOG - 1) * sizeof *files);
	files[0] = (struct followed_file){.number = begun->file, .pending = pending};
	/* A file last written more than SCAN_OFF_S ago was not written while we watched, but moved into place. */
	if (!log->watched || begun->mtime_s + SCAN_OFF_S < clock_unix_s())
		files[0].appended_from = size_of(begun->path);
	log->watched = true;
	scan_begin(&files[0].scan, NULL, begun->mtime_s); /* engine.c sets the rules */
	files[0].scan.live = true;
	files[0].scan.ahead_s = log->ahead_s;
	files[0].scan.is_off = log->is_off;
	logs->file_waits = false;
	return 0;
}

bool followed_is_held(const struct followed *logs)
{
	return logs->file_held;
}

int followed_begin_file(struct followed *logs, struct why *why)
{
	int rc;

	logs->file_held = pending_files_are_full(logs->pending);
	if (logs->file_held)
		return 0;
	rc = missed_waits(logs->missed) ? missed_begin(logs->missed, why) : begin_followed(logs, why);
	logs->file_held = rc < 0;
	return rc;
}
