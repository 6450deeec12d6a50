#include "pipeline/scan.h"

void scan_begin(struct scan *scan, struct rules_scratch *scratch, int64_t end_s)
{
	*scan = (struct scan){.scratch = scratch, .now_s = INT64_MAX, .from_s = INT64_MIN, .until_s = INT64_MAX};
	line_clock_init(&scan->clock, end_s, 0);
}

static void count_time(struct scan_tally *tally, int64_t time_s)
{
	if (time_s > tally->last_line_at)
		tally->last_line_at = time_s;
	if (time_s < tally->first_line_at || tally->first_line_at == 0)
		tally->first_line_at = time_s;
}

/* When it was written. */
static int64_t time_of(const struct scan *scan, const struct line *line)
{
	int64_t time_s = scan->now_s;

	if (line->has_time)
		time_s = line->time_s;
	else if (!scan->live)
		time_s = scan->tally.last_line_at > 0 ? scan->tally.last_line_at : scan->clock.end_s;
	return time_s < scan->now_s ? time_s : scan->now_s;
}

size_t scan_line(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX])
{
	const char *const text = record->text.p;
	const size_t len = record->text.len;
	const int rc = record->clean ? line_parse_clean(&scan->clock, text, len, &record->line)
	                             : line_parse(&scan->clock, text, len, &record->line);

	scan->tally.lines++;
	scan->tally.cut += record->cut;
	record->parsed = rc == LINE_OK;
	if (!record->parsed) {
		scan->tally.unparsed++;
		return 0;
	}
	if (record->line.has_time)
		count_time(&scan->tally, record->line.time_s);
	record->time_s = time_of(scan, &record->line);
	if (record->cut || record->time_s < scan->from_s || record->time_s > scan->until_s)
		return 0;
	return rules_match_all(scan->scratch, record->line.program, record->line.message, scan->disabled, ret);
}

int64_t scan_first_time(struct span first, int64_t end_s, int year)
{
	struct line_clock clock;
	struct line line;

	line_clock_init(&clock, end_s, year);
	if (line_parse(&clock, first.p, first.len, &line) != LINE_OK || !line.has_time)
		return INT64_MAX;
	return line.time_s;
}
