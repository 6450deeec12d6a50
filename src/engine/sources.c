#include "engine/sources.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "engine/missed.h"
#include "input/follow.h"
#include "input/readable.h"
#include "pipeline/resume.h"
#include "store/logs.h"

static_assert((int)PROBLEMS_LOGS_MAX == (int)CONFIG_LOGS_MAX, "every log has its place among the problems");

enum { FILES_PER_LOG = 3 }; /* the one being read, the one before, one more while they rotate fast */

/* A file being followed. */
struct sources_file {
	uint64_t number; /* as follow gives it; 0: none */
	struct pending_file *pending;
	struct scan scan;
};

struct sources {
	struct store *store;
	struct pending *pending;
	struct problems *problems;
	char user[64]; /* our user, for remedies */
	struct missed *missed;
	struct follow *follow;
	struct sources_file files[CONFIG_LOGS_MAX][FILES_PER_LOG]; /* newest first */
	struct follow_line begun; /* FOLLOW_FILE that waits */
	bool file_waits;
	bool more;
};

/* --- opening --- */

/* What was rotated away while no daemon ran is read first. */
static int queue_missed(struct sources *logs, size_t log, const char *path, struct why *why)
{
	char *last;
	int rc = missed_check(logs->missed, path, &last, why);

	/* No directory, or an unreadable one: nothing to read. That it waits for the log is logged later. */
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES)
		return 0;
	if (rc == 0 && last != NULL)
		rc = follow_queue(logs->follow, log, last, clock_steady_ms(), why);
	free(last);
	return rc;
}

int sources_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
             struct sources **ret, struct why *why)
{
	struct sources *const logs = alloc_zero(1, sizeof *logs, "the logs");
	int rc;

	logs->store = store;
	logs->pending = pending;
	logs->problems = problems;
	(void)snprintf(logs->user, sizeof logs->user, "%s", config->run.user);
	logs->missed = missed_new(store, pending);
	rc = follow_new(&logs->follow, why);
	for (size_t i = 0; i < config->n_logs && rc == 0; i++) {
		size_t log;

		rc = follow_add(logs->follow, config->logs[i], &log, why);
		assert(rc < 0 || log == i);
		if (rc == 0)
			rc = queue_missed(logs, log, config->logs[i], why);
	}
	if (rc < 0) {
		sources_free(logs);
		return rc;
	}
	*ret = logs;
	return 0;
}

void sources_free(struct sources *logs)
{
	if (logs == NULL)
		return;
	for (size_t i = 0; i < CONFIG_LOGS_MAX; i++)
		for (size_t k = 0; k < FILES_PER_LOG; k++)
			scan_end(&logs->files[i][k].scan);
	follow_free(logs->follow);
	missed_free(logs->missed);
	free(logs);
}

/* --- reading --- */

int sources_fd(const struct sources *logs)
{
	return follow_fd(logs->follow);
}

int sources_timeout_ms(const struct sources *logs, int64_t now_ms)
{
	return logs->more ? 0 : follow_timeout_ms(logs->follow, now_ms);
}

void sources_check(struct sources *logs)
{
	follow_check(logs->follow);
}

static struct sources_file *file_of(struct sources *logs, const struct follow_line *line)
{
	struct sources_file *const files = logs->files[line->log];

	for (size_t i = 0; i < FILES_PER_LOG; i++)
		if (files[i].number == line->file)
			return &files[i];
	abort(); /* a line of a file that follow had not announced */
}

static void note_missing(struct sources *logs, const struct follow_line *line, const struct why *why)
{
	struct why remedy;

	readable_remedy(line->path, logs->user, &remedy);
	log_line(LOG_WARNING, "%s; waiting for it", why->text);
	problems_set(logs->problems, PROBLEMS_LOG, line->log, why->text, remedy.text, clock_unix_s());
}

bool sources_next(struct sources *logs, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan, struct record *ret)
{
	struct follow_line next;
	struct why why;
	int rc;

	logs->more = true;
	if (missed_next(logs->missed, ret_file, ret_scan, ret))
		return true;
	while (!sources_file_waits(logs)) {
		rc = follow_next(logs->follow, now_ms, &next, &why);
		if (rc == FOLLOW_LINE) {
			struct sources_file *const file = file_of(logs, &next);

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
			problems_clear(logs->problems, PROBLEMS_LOG, next.log);
		} else {
			if (rc < 0)
				log_line(LOG_ERR, "%s", why.text);
			logs->more = false;
			break;
		}
	}
	return false;
}

bool sources_file_waits(const struct sources *logs)
{
	return missed_waits(logs->missed) || logs->file_waits;
}

/* Begins the file that follow has come to. */
static int begin_followed(struct sources *logs, struct why *why)
{
	const struct follow_line *const begun = &logs->begun;
	struct sources_file *const files = logs->files[begun->log];
	const struct resume reader = {
		.first = {begun->first, begun->first_len}, .follow = logs->follow, .file = begun->file};
	struct store_log known;
	const int rc = resume_log(logs->store, &reader, &known, why);

	if (rc < 0)
		return rc;
	if (files[FILES_PER_LOG - 1].number != 0) {
		pending_done(files[FILES_PER_LOG - 1].pending);
		scan_end(&files[FILES_PER_LOG - 1].scan);
	}
	memmove(files + 1, files, (FILES_PER_LOG - 1) * sizeof *files);
	files[0] = (struct sources_file){
		.number = begun->file,
		.pending = pending_file(logs->pending, begun->path, reader.first, rc == RESUME_NEW ? NULL : &known)};
	scan_begin(&files[0].scan, NULL, begun->mtime_s); /* the engine's rules, see engine.c */
	files[0].scan.live = true;
	logs->file_waits = false;
	return 0;
}

int sources_begin_file(struct sources *logs, struct why *why)
{
	return missed_waits(logs->missed) ? missed_begin(logs->missed, why) : begin_followed(logs, why);
}
