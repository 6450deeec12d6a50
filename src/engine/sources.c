#include "engine/sources.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "input/readable.h"
#include "store/logs.h"

static_assert((int)PROBLEMS_LOGS_MAX == (int)CONFIG_LOGS_MAX, "every log has its place among the problems");

enum { FILES_PER_LOG = 3 }; /* the one being read, the one before, one more while they rotate fast */

struct sources {
	struct store *store;
	struct pending *pending;
	struct problems *problems;
	char user[64]; /* who we are, for remedies */
	struct follow *follow;
	struct sources_file files[CONFIG_LOGS_MAX][FILES_PER_LOG]; /* newest first */
	struct follow_line begun; /* FOLLOW_FILE that waits */
	bool file_waits;
	bool more;
};

/* --- opening --- */

/* What was rotated away while we were stopped is read first: from the log we know on, oldest first. */
static int queue_missed(struct sources *logs, size_t log, const char *path, struct why *why)
{
	struct follow_old *old = NULL;
	size_t n = 0;
	bool started = false;
	int rc = follow_old_list(path, &old, &n, why);

	/* No directory, or a closed one: nothing to read; that it waits for the log is said by and by. */
	if (rc == -ENOENT || rc == -ENOTDIR || rc == -EACCES)
		return 0;
	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct store_log known;

		rc = store_log_find(logs->store, (struct span){old[i].first, old[i].first_len}, 0, &known, why);
		if (rc < 0)
			break;
		started |= rc == 0;
		const bool unread = started && (rc == STORE_NONE || known.position < old[i].size);

		if (unread)
			log_line(LOG_NOTICE, "%s: reading what was missed", old[i].path);
		/* The newest also when it was read: its writer may not have been told of the rotation yet. */
		rc = unread || (started && i + 1 == n) ? follow_queue(logs->follow, log, old[i].path, why) : 0;
	}
	follow_old_free(old, n);
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
	follow_free(logs->follow);
	free(logs);
}

/* --- reading --- */

int sources_fd(const struct sources *logs)
{
	return follow_fd(logs->follow);
}

int sources_timeout_ms(const struct sources *logs)
{
	return logs->more ? 0 : follow_timeout_ms(logs->follow);
}

void sources_look(struct sources *logs)
{
	follow_look(logs->follow);
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

bool sources_next(struct sources *logs, struct sources_file **ret_file, struct record *ret)
{
	struct follow_line next;
	struct why why;
	int rc;

	logs->more = true;
	while (!logs->file_waits) {
		rc = follow_next(logs->follow, &next, &why);
		if (rc == FOLLOW_LINE) {
			*ret_file = file_of(logs, &next);
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
	return logs->file_waits;
}

/* Which log is it, and where do we go on? The database knows it by its first line. */
int sources_begin_file(struct sources *logs, struct why *why)
{
	const struct follow_line *const begun = &logs->begun;
	struct sources_file *const files = logs->files[begun->log];
	const struct span first = {begun->first, begun->first_len};
	struct store_log known;
	bool found = false;
	int64_t below_id = 0;
	int rc;

	while ((rc = store_log_find(logs->store, first, below_id, &known, why)) == 0) {
		found = follow_resume(logs->follow, begun->file, known.position, known.last, known.last_len) == 0;
		if (found)
			break;
		below_id = known.id;
	}
	if (rc < 0)
		return rc;
	if (!found)
		(void)follow_resume(logs->follow, begun->file, 0, NULL, 0);
	if (files[FILES_PER_LOG - 1].number != 0)
		pending_done(files[FILES_PER_LOG - 1].pending);
	memmove(files + 1, files, (FILES_PER_LOG - 1) * sizeof *files);
	files[0] = (struct sources_file){.number = begun->file,
	                              .pending = pending_file(logs->pending, begun->path, first, found ? &known : NULL)};
	scan_begin(&files[0].scan, NULL, begun->mtime_s); /* the engine's rules, see engine.c */
	files[0].scan.live = true;
	logs->file_waits = false;
	return 0;
}
