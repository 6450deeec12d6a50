#include "pipeline/scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "input/repeat.h"
#include "input/unwrap.h"

/* A copy of a line, which may be repeated. */
struct scan_last {
	bool is_hit; /* false: there is nothing to repeat */
	struct line line;
	size_t len;
	char text[LINE_MAX_BYTES];
};

void scan_begin(struct scan *scan, struct rules_scratch *scratch, int64_t end_s)
{
	*scan = (struct scan){.scratch = scratch, .now_s = INT64_MAX, .from_s = INT64_MIN, .until_s = INT64_MAX};
	line_clock_init(&scan->clock, end_s, 0);
}

void scan_end(struct scan *scan)
{
	free(scan->unwrap);
	free(scan->last);
	scan->unwrap = NULL;
	scan->last = NULL;
}

static void count_time(struct scan_tally *tally, int64_t time_s)
{
	if (time_s > tally->last_line_at)
		tally->last_line_at = time_s;
	if (time_s < tally->first_line_at || tally->first_line_at == 0)
		tally->first_line_at = time_s;
}

/* Returns when the line was written. */
static int64_t time_of(struct scan *scan, const struct line *line)
{
	int64_t time_s = scan->now_s;

	if (scan->appended) {
		if (line->has_time)
			scan->ahead_s = line->time_s - scan->now_s;
		return scan->now_s;
	}
	if (line->has_time)
		time_s = line->time_s - (scan->is_off ? scan->ahead_s : 0);
	else if (!scan->live)
		time_s = scan->tally.last_line_at > 0 ? scan->tally.last_line_at : scan->clock.end_s;
	return time_s < scan->now_s ? time_s : scan->now_s;
}

/* Parses a line that is encoded or one of several parts. */
static int parse_wrapped(struct scan *scan, struct record *record)
{
	if (scan->unwrap == NULL)
		scan->unwrap = alloc_zero(1, sizeof *scan->unwrap, "the lines of a container");
	if (unwrap_next(scan->unwrap, record->text, &record->cut, &record->content) == UNWRAP_PART)
		return LINE_PART;
	return line_parse(&scan->clock, record->content.p, record->content.len, &record->line);
}

/* Returns LINE_OK, LINE_UNPARSED or LINE_PART. */
static int parse(struct scan *scan, struct record *record)
{
	const char *const text = record->text.p;
	const size_t len = record->text.len;
	int rc;

	record->content = (struct span){text, len};
	if (unwrap_wants(scan->unwrap, record->text))
		return parse_wrapped(scan, record);
	rc = record->clean ? line_parse_clean(&scan->clock, text, len, &record->line)
	                   : line_parse(&scan->clock, text, len, &record->line);
	return rc == LINE_PART ? parse_wrapped(scan, record) : rc;
}

/* Returns the same part of a copy of text. A span outside text (a constant) is returned unchanged. */
static struct span moved(struct span span, struct span text, const char *copy)
{
	if (span.p < text.p || span.p > text.p + text.len)
		return span;
	return (struct span){copy + (span.p - text.p), span.len};
}

static void remember(struct scan *scan, const struct record *record)
{
	const struct line *const line = &record->line;
	const struct span text = record->content;
	struct scan_last *last = scan->last;

	if (last == NULL)
		last = scan->last = alloc_raw(1, sizeof *last, "the line before");
	last->is_hit = true;
	last->line = *line;
	last->line.host = moved(line->host, text, last->text);
	last->line.program = moved(line->program, text, last->text);
	last->line.pid = moved(line->pid, text, last->text);
	last->line.message = moved(line->message, text, last->text);
	last->len = text.len; /* <= LINE_MAX_BYTES */
	memcpy(last->text, text.p, text.len);
}

/* If the line says that the one before was repeated, returns that one's matches with their counts multiplied. */
static size_t match_repeated(const struct scan *scan, struct record *record,
                             struct rules_hit ret[static RULES_HITS_MAX])
{
	const struct scan_last *const last = scan->last;
	const unsigned times = repeat_times(record->line.message);
	const bool has_time = record->line.has_time;
	size_t n;

	if (times == 0 || !repeat_is_of(&record->line, &last->line))
		return 0;
	n = rules_match_all(scan->scratch, last->line.program, last->line.message, scan->disabled, ret);
	for (size_t i = 0; i < n; i++) {
		const unsigned count = times < RULES_COUNT_MAX ? ret[i].count * times : RULES_COUNT_MAX;

		ret[i].count = count < RULES_COUNT_MAX ? count : RULES_COUNT_MAX;
		ret[i].score = ret[i].rule->text->score * (int)ret[i].count; /* <= RULES_COUNT_MAX */
	}
	record->line = last->line;
	record->line.has_time = has_time;
	record->line.time_s = record->time_s;
	record->content = (struct span){last->text, last->len};
	record->repeats = true;
	return n;
}

/* Returns the matches of a line; for a line that repeats a hit, those of the hit. */
static size_t match(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX])
{
	const bool after_hit = scan->last != NULL && scan->last->is_hit;
	const size_t n =
		rules_match_all(scan->scratch, record->line.program, record->line.message, scan->disabled, ret);

	if (n > 0 && ret[0].score > 0) {
		remember(scan, record);
		return n;
	}
	if (!after_hit)
		return n;
	if (n == 0) {
		const size_t repeated = match_repeated(scan, record, ret);

		if (record->repeats)
			return repeated;
	}
	scan->last->is_hit = false;
	return n;
}

static void forget(struct scan *scan)
{
	if (scan->last != NULL)
		scan->last->is_hit = false;
}

size_t scan_line(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX])
{
	const int rc = parse(scan, record);

	record->parsed = rc == LINE_OK;
	record->part = rc == LINE_PART;
	record->repeats = false;
	if (record->part)
		return 0;
	scan->tally.lines++;
	scan->tally.cut += record->cut;
	if (!record->parsed) {
		scan->tally.unparsed++;
		forget(scan);
		return 0;
	}
	if (record->line.has_time)
		count_time(&scan->tally, record->line.time_s);
	record->time_s = time_of(scan, &record->line);
	if (record->cut || record->time_s < scan->from_s || record->time_s > scan->until_s) {
		forget(scan);
		return 0;
	}
	return match(scan, record, ret);
}

/*
 * Removes matches of entries that their user may not write. This includes session notes: a forged one would name a
 * client for a later line.
 */
static size_t without_forged(struct scan *scan, const struct record *record, struct rules_hit *hits, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (writers_may(&hits[i].rule->writers, record->uid))
			hits[kept++] = hits[i];
		else if (i == 0)
			break; /* the others only add to the first */
	scan->tally.forged += n > 0 && kept == 0;
	return kept;
}

size_t scan_entry(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX])
{
	struct line *const line = &record->line;
	const struct span program = line->program;
	size_t n;

	record->parsed = line_known(&scan->clock, record->printed, line) == LINE_OK;
	if (!rules_know(scan->scratch, record->parsed ? line->program : program))
		return 0;
	scan->tally.lines++;
	scan->tally.cut += record->cut;
	if (!record->parsed) {
		scan->tally.unparsed++;
		return 0;
	}
	count_time(&scan->tally, line->time_s);
	record->time_s = time_of(scan, line);
	if (record->cut || record->time_s < scan->from_s || record->time_s > scan->until_s)
		return 0;
	n = rules_match_all(scan->scratch, line->program, line->message, scan->disabled, ret);
	return without_forged(scan, record, ret, n);
}

int64_t scan_first_time(struct span first, int64_t end_s, int year)
{
	char decoded[LINE_MAX_BYTES];
	struct line_clock clock;
	struct line line;

	first = unwrap_one(first, decoded);
	line_clock_init(&clock, end_s, year);
	if (line_parse(&clock, first.p, first.len, &line) != LINE_OK || !line.has_time)
		return INT64_MAX;
	return line.time_s;
}
