#include "engine/journal_source.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "engine/choice.h"
#include "store/journals.h"

enum { RETRY_MS = 5000 }; /* after an error of the journal */

static_assert((int)JOURNAL_CURSOR_MAX <= (int)STORE_CURSOR_MAX, "every cursor fits");

struct journal_source {
	const struct config *config;
	struct pending *pending;
	struct problems *problems;
	struct journal *journal; /* NULL: to be opened at retry_ms */
	struct pending_file *file;
	char cursor[STORE_CURSOR_MAX]; /* where to begin; "": at the end */
	struct scan scan;
	struct scan_tally settled; /* the part of scan's tally that is already pending */
	struct journal_stat stat;  /* the part of the open journal's counters that is already pending */
	int64_t suppressed;        /* not pending yet */
	char unit[STORE_UNIT_MAX];
	bool read;        /* something was read since the last settle */
	bool failed;      /* this error was logged already */
	bool too_many;    /* too many open files, which was logged already */
	int64_t retry_ms; /* by clock_steady_ms */
};

/* --- errors --- */

static void trouble(struct journal_source *s, const struct why *why, int64_t now_ms)
{
	if (!s->failed)
		log_line(LOG_ERR, "%s; retrying every %d seconds", why->text, RETRY_MS / 1000);
	s->failed = true;
	s->retry_ms = now_ms + RETRY_MS;
	problems_set(s->problems, PROBLEMS_JOURNAL, 0, why->text, NULL, clock_unix_s());
}

static void works(struct journal_source *s)
{
	if (s->failed)
		log_line(LOG_NOTICE, "the journal can be read again");
	s->failed = false;
	s->retry_ms = 0;
	problems_clear(s->problems, PROBLEMS_JOURNAL, 0);
}

static void log_gap(int64_t lost)
{
	if (lost > 0)
		log_line(LOG_WARNING,
		         "the journal was rotated away behind the last entry read: at most %" PRId64
		         " %s of all programs "
		         "%s lost; if that happens again, raise SystemMaxUse= in journald.conf(5)",
		         lost, plural(lost, "entry", "entries"), plural(lost, "is", "are"));
	else
		log_line(
			LOG_WARNING,
			"the journal is another one than before, or was emptied: what was written to it meanwhile is lost");
}

static void note_suppressed(struct journal_source *s, const struct journal_entry *entry)
{
	struct why what, remedy;

	s->suppressed += entry->suppressed;
	(void)text_escape(entry->unit, s->unit, sizeof s->unit);
	(void)why_set(&what, ENOBUFS, "journald dropped %" PRId64 " %s of %s, which wrote too many at once",
	              entry->suppressed, plural(entry->suppressed, "message", "messages"), s->unit);
	(void)why_set(&remedy, ENOBUFS,
	              "systemctl edit %s, and in [Service]: LogRateLimitIntervalSec=0; for all services: "
	              "RateLimitBurst= in journald.conf(5)",
	              s->unit);
	log_line(LOG_WARNING, "%s; remedy: %s", what.text, remedy.text);
	problems_set(s->problems, PROBLEMS_SUPPRESSED, 0, what.text, remedy.text, clock_unix_s());
}

/* Reports, beyond the counters, what an operator can act on. */
static void note_stat(struct journal_source *s, const struct journal_stat *stat)
{
	if (stat->damaged > s->stat.damaged)
		log_line(LOG_WARNING, "the journal is damaged: %" PRId64 " %s passed over; see journalctl --verify",
		         stat->damaged - s->stat.damaged,
		         plural(stat->damaged - s->stat.damaged, "entry was", "entries were"));
	if (stat->too_many && !s->too_many) {
		static const char what[] = "too many open files: some of the journal's may not be read";

		log_line(LOG_ERR, "%s; raise LimitNOFILE= of watchforspammers.service", what);
		problems_set(s->problems, PROBLEMS_JOURNAL, 0, what, "raise LimitNOFILE= of watchforspammers.service",
		             clock_unix_s());
	}
	s->too_many = stat->too_many;
	if (stat->gaps > s->stat.gaps)
		log_gap(stat->lost - s->stat.lost);
}

/* --- opening --- */

static int open_journal(struct journal_source *s, struct why *why)
{
	const struct journal_where where = choice_where(s->config);
	struct journal_gap gap = {.is_gone = false};
	int rc = journal_open(&where, &s->journal, why);

	if (rc < 0)
		return rc;
	s->stat = (struct journal_stat){.damaged = 0};
	rc = s->cursor[0] == '\0' ? journal_seek_end(s->journal, why) : journal_seek(s->journal, s->cursor, &gap, why);
	if (rc < 0) {
		journal_close(s->journal);
		s->journal = NULL;
		return rc;
	}
	s->read |= s->cursor[0] == '\0' || gap.is_gone; /* the journal's end is a position, too */
	return 0;
}

static void name_of(const struct config *config, char out[static POSITION_FIRST_MAX])
{
	const struct journal_where where = choice_where(config);

	journal_where_name(&where, out, POSITION_FIRST_MAX);
}

int journal_source_new(const struct config *config, struct store *store, struct pending *pending,
                       struct problems *problems, struct journal_source **ret, struct why *why)
{
	struct journal_source *const s = alloc_zero(1, sizeof *s, "the journal");
	char name[POSITION_FIRST_MAX];
	struct store_journal known;
	struct store_log log;
	struct why reason;
	int rc;

	name_of(config, name);
	if ((rc = store_journal_find(store, name, &log, &known, why)) < 0) {
		free(s);
		return rc;
	}
	s->config = config;
	s->pending = pending;
	s->problems = problems;
	if (rc == 0)
		(void)snprintf(s->cursor, sizeof s->cursor, "%s", known.cursor);
	s->file = pending_journal(pending, name, rc == 0 ? &log : NULL, rc == 0 ? &known : NULL);
	scan_begin(&s->scan, NULL, clock_unix_s()); /* engine.c sets the rules */
	s->scan.live = true;
	if (open_journal(s, &reason) < 0)
		trouble(s, &reason, clock_steady_ms());
	*ret = s;
	return 0;
}

void journal_source_free(struct journal_source *s)
{
	if (s == NULL)
		return;
	scan_end(&s->scan);
	journal_close(s->journal);
	free(s);
}

struct scan *journal_source_scan(struct journal_source *s)
{
	return &s->scan;
}

struct pending_file *journal_source_file(struct journal_source *s)
{
	return s->file;
}

/* --- reading --- */

int journal_source_fd(const struct journal_source *s)
{
	return s->journal == NULL || s->failed ? -1 : journal_fd(s->journal);
}

int journal_source_timeout_ms(const struct journal_source *s, int64_t now_ms)
{
	if (s->failed)
		return s->retry_ms <= now_ms ? 0 : (int)(s->retry_ms - now_ms); /* at most RETRY_MS */
	return s->journal == NULL ? -1 : journal_timeout_ms(s->journal);
}

void journal_source_turn(struct journal_source *s, int64_t now_ms)
{
	struct why why;

	if (s->journal == NULL || s->failed)
		return; /* the next journal_source_next retries */
	if (journal_turn(s->journal, &why) < 0)
		trouble(s, &why, now_ms);
}

/* Returns false if the journal is not open, or failed a moment ago. */
static bool is_ready(struct journal_source *s, int64_t now_ms)
{
	struct why why;

	if (s->failed && now_ms < s->retry_ms)
		return false;
	if (s->journal == NULL && open_journal(s, &why) < 0) {
		trouble(s, &why, now_ms);
		return false;
	}
	return true;
}

bool journal_source_next(struct journal_source *s, int64_t now_ms, struct record *ret)
{
	struct journal_entry entry;
	struct why why;
	int rc;

	if (!is_ready(s, now_ms))
		return false;
	rc = journal_next(s->journal, &entry, &why);
	if (rc < 0) {
		trouble(s, &why, now_ms);
		return false;
	}
	if (s->failed)
		works(s);
	if (rc == JOURNAL_NONE)
		return false;
	s->read = true;
	if (entry.suppressed > 0)
		note_suppressed(s, &entry);
	*ret = entry.record;
	return true;
}

void journal_source_settle(struct journal_source *s, int64_t now_ms)
{
	const struct scan_tally *const t = &s->scan.tally, *const before = &s->settled;
	struct journal_stat stat;
	const char *cursor;
	struct why why;
	int rc;

	if (!s->read || s->journal == NULL)
		return;
	rc = journal_position(s->journal, &cursor, &why);
	if (rc < 0)
		trouble(s, &why, now_ms); /* it is requested again before anything is read */
	if (rc != 0)
		return;
	stat = journal_stat(s->journal);
	note_stat(s, &stat);
	pending_entries(s->file, &(struct pending_entries){.lines = t->lines - before->lines,
	                                                   .cut = t->cut - before->cut,
	                                                   .unparsed = t->unparsed - before->unparsed,
	                                                   .forged = t->forged - before->forged,
	                                                   .damaged = stat.damaged - s->stat.damaged,
	                                                   .suppressed = s->suppressed,
	                                                   .gaps = stat.gaps - s->stat.gaps,
	                                                   .lost = stat.lost - s->stat.lost,
	                                                   .last_line_at = t->last_line_at,
	                                                   .cursor = cursor,
	                                                   .unit = s->unit});
	s->settled = *t;
	s->stat = stat;
	s->suppressed = 0;
	s->read = false;
}
