#include "input/journal.h"
#include "base/clock.h"
#include "base/text.h"
#include "pipeline/scan.h"
#include "replay/state.h"
#include "store/journals.h"

enum { PROGRESS_EVERY = 1024 }; /* lines between progress updates */

/* Uses one thread, because only one may use an sd-journal handle. */
struct reading {
	struct journal *journal;
	struct scan scan;
	struct scan_tally settled;   /* the part of the scan's tally that is already pending */
	int64_t damaged, suppressed; /* the parts of the result's counters that are already pending */
	char unit[STORE_UNIT_MAX];
};

static int open_journal(struct replay *r, struct reading *in, struct why *why)
{
	const struct replay_options *const o = r->options;
	char name[POSITION_FIRST_MAX];
	struct store_journal known;
	struct journal_gap gap;
	struct store_log log;
	int rc;

	journal_where_name(o->journal, name, sizeof name);
	if ((rc = journal_open(o->journal, &in->journal, why)) < 0)
		return rc;
	rc = store_journal_find(o->store, name, &log, &known, why);
	writer_begin_journal(r->writer, name, rc == 0 ? &log : NULL, rc == 0 ? &known : NULL);
	if (rc == 0)
		rc = journal_seek(in->journal, known.cursor, &gap, why);
	else if (rc == STORE_NONE)
		rc = journal_seek_time(in->journal, o->from_s < 0 ? 0 : o->from_s, why);
	return rc;
}

/* Writes what was read, with the position after it. */
static int write_read(struct replay *r, struct reading *in, struct why *why)
{
	const struct scan_tally *const t = &in->scan.tally, *const before = &in->settled;
	const char *cursor;
	int rc = journal_position(in->journal, &cursor, why);

	r->result->damaged = journal_stat(in->journal).damaged;
	if (rc == 0) {
		pending_entries(writer_log(r->writer),
		                &(struct pending_entries){.lines = t->lines - before->lines,
		                                          .cut = t->cut - before->cut,
		                                          .unparsed = t->unparsed - before->unparsed,
		                                          .forged = t->forged - before->forged,
		                                          .damaged = r->result->damaged - in->damaged,
		                                          .suppressed = r->result->suppressed - in->suppressed,
		                                          .last_line_at = t->last_line_at,
		                                          .cursor = cursor,
		                                          .unit = in->unit});
		in->settled = *t;
		in->damaged = r->result->damaged;
		in->suppressed = r->result->suppressed;
	}
	return rc < 0 ? rc : replay_write(r, why);
}

static int replay_entry(struct replay *r, struct reading *in, struct journal_entry *entry, struct why *why)
{
	char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES];
	struct record *const record = &entry->record;
	struct rules_hit hits[RULES_HITS_MAX];
	const size_t n = scan_entry(&in->scan, record, hits);
	int rc = 0;

	if (entry->suppressed > 0) {
		r->result->suppressed += entry->suppressed;
		(void)text_escape(entry->unit, in->unit, sizeof in->unit);
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = replay_found(r,
		                  &(struct decide_line){.file = writer_log(r->writer),
		                                        .host = record->line.host,
		                                        .text = journal_text(record, text, sizeof text),
		                                        .time_s = record->time_s,
		                                        .offset = record->start},
		                  &hits[i], why);
	if (rc == 0 && pending_is_full(r->decide.pending))
		rc = write_read(r, in, why);
	return rc;
}

static int read_journal(struct replay *r, struct reading *in, struct why *why)
{
	struct journal_entry entry;
	int rc = 0;

	while (rc == 0 && !replay_is_stopped(r) && (rc = journal_next(in->journal, &entry, why)) == 0) {
		if (entry.record.line.time_s > r->options->until_s)
			break;
		rc = replay_entry(r, in, &entry, why);
		if (in->scan.tally.lines % PROGRESS_EVERY == 0)
			progress_show(&r->progress, clock_steady_ms(), 0, 0, in->scan.tally.lines, r->result->hits);
	}
	return rc < 0 ? rc : write_read(r, in, why);
}

int replay_journal(struct replay *r, struct why *why)
{
	struct reading in = {.journal = NULL};
	struct rules_scratch *const scratch = rules_scratch_new(r->options->rules);
	int rc;

	scan_begin(&in.scan, scratch, clock_unix_s());
	in.scan.from_s = r->options->from_s;
	in.scan.until_s = r->options->until_s;
	progress_begin(&r->progress, r->options->progress, clock_steady_ms());
	rc = open_journal(r, &in, why);
	if (rc == 0)
		rc = read_journal(r, &in, why);
	if (rc == 0)
		rc = writer_finish(r->writer, why);
	else
		writer_wait(r->writer);
	progress_end(&r->progress);
	r->result->lines = in.scan.tally.lines;
	r->result->cut = in.scan.tally.cut;
	r->result->unparsed = in.scan.tally.unparsed;
	r->result->forged = in.scan.tally.forged;
	r->result->first_line_s = in.scan.tally.first_line_at;
	r->result->last_line_s = in.scan.tally.last_line_at;
	scan_end(&in.scan);
	rules_scratch_free(scratch);
	journal_close(in.journal);
	writer_end_log(r->writer);
	return rc;
}
