#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "input/chunks.h"
#include "pipeline/dated.h"
#include "pipeline/resume.h"
#include "pipeline/scan.h"
#include "replay/findings.h"
#include "replay/state.h"
#include "store/logs.h"

enum {
	COMMIT_EVERY_MS = 5000, /* the work that a kill may lose */
	PEEKS = 16,             /* lines read in search of one with a time */
	/* how many findings ahead memory is prefetched; each is about one memory access */
	SOON = 14,
	SOONER = 7,
	YEAR_LESS_TWO_DAYS_S = 363 * 86400, /* line_clock itself allows one day more */
};

/* --- one chunk: decide and store --- */

static void read_up_to(struct replay *r, const struct workers_chunk *c, const struct scan_tally *from,
                       const struct scan_tally *to, int64_t position, size_t last_start, size_t last_len)
{
	const struct pending_read read = {
		.lines = to->lines - from->lines,
		.cut = to->cut - from->cut,
		.unparsed = to->unparsed - from->unparsed,
		.last_line_at = to->last_line_at,
		.position = position,
		.last = {c->piece.bytes + last_start, last_len},
	};

	pending_read(writer_log(r->writer), &read);
}

static int store_found(struct replay *r, const struct workers_chunk *c, size_t i, struct why *why)
{
	const struct findings_found *const f = &c->findings.found[i];
	struct decide_line line = {.file = writer_log(r->writer),
	                           .text = findings_line(&c->findings, i, &c->piece),
	                           .time_s = f->time_s,
	                           .offset = c->piece.start + f->start};
	struct rules_hit hit;

	findings_hit(&c->findings, i, r->options->rules, &c->piece, &hit, &line.host);
	return replay_found(r, &line, &hit, why);
}

/* Prefetches for the i-th finding, if it exists. Returns true if it is a hit. */
static bool expect(const struct replay *r, const struct workers_chunk *c, size_t i, enum verdict_expected when)
{
	const struct findings_found *const f = c->findings.found + i;
	int score;

	if (i >= c->findings.n)
		return false;
	score = rules_at(r->options->rules, f->rule)->text->score;
	decide_expect(&r->decide, &f->address, score, f->time_s, when);
	return score > 0;
}

/* Prefetches for findings after the i-th: the memory is far away, and some was just written by another thread. */
static void announce(const struct replay *r, const struct workers_chunk *c, size_t i)
{
	const struct findings_found *const f = c->findings.found + i + SOONER;
	const char *line;

	(void)expect(r, c, i + SOON, VERDICT_SOON);
	if (!expect(r, c, i + SOONER, VERDICT_SOONER))
		return;
	addrset_expect(&r->addresses, &f->address);
	line = findings_line(&c->findings, i + SOONER, &c->piece).p;
	for (size_t at = 0; at < f->len; at += FINDINGS_CACHE_LINE)
		__builtin_prefetch(line + at);
}

static int store_chunk(struct replay *r, const struct workers_chunk *c, struct why *why)
{
	const struct findings *const s = &c->findings;
	struct scan_tally stored = {0};
	int rc;

	for (size_t i = 0; i < s->n; i++) {
		const struct findings_found *const f = &s->found[i];

		if (r->decide.verdict != NULL)
			announce(r, c, i);
		if ((rc = store_found(r, c, i, why)) < 0)
			return rc;
		if (!pending_is_full(r->decide.pending) || (i + 1 < s->n && s->found[i + 1].start == f->start))
			continue;
		/* A hit and the position after its line belong to the same transaction. */
		read_up_to(r, c, &stored, &s->tallies[i], c->piece.start + f->start + f->len + 1, f->start, f->len);
		stored = s->tallies[i];
		if ((rc = replay_write(r, why)) < 0)
			return rc;
	}
	read_up_to(r, c, &stored, &s->tally, c->piece.end, s->last_start, s->last_len);
	if (s->tally.last_line_at > r->result->last_line_s)
		r->result->last_line_s = s->tally.last_line_at;
	if (s->tally.first_line_at > 0 &&
	    (s->tally.first_line_at < r->result->first_line_s || r->result->first_line_s == 0))
		r->result->first_line_s = s->tally.first_line_at;
	r->result->lines += s->tally.lines;
	r->result->cut += s->tally.cut;
	r->result->unparsed += s->tally.unparsed;
	r->result->bytes += c->piece.end - c->piece.start;
	return 0;
}

/* --- one file --- */

/* Sets the time from which the years of stamps are derived. */
static void set_clock(struct replay *r)
{
	int64_t first_s;

	r->end_s = chunks_mtime(r->in);
	if (r->options->year == 0)
		return;
	first_s = scan_first_time(chunks_first(r->in), r->end_s, r->options->year);
	if (first_s != INT64_MAX)
		r->end_s = first_s + YEAR_LESS_TWO_DAYS_S; /* so that every chunk derives the same years */
}

/* Returns the time of the first line with one at or after offset; INT64_MIN if none is near. */
static int64_t time_at(const struct replay *r, int64_t offset)
{
	char text[LINE_MAX_BYTES];
	int64_t start = offset, time_s;

	for (int tries = 0; tries < PEEKS; tries++) {
		const size_t len = chunks_peek(r->in, start, text, sizeof text, &start);

		if (len == 0)
			break;
		time_s = scan_first_time((struct span){text, len}, r->end_s, 0);
		if (time_s != INT64_MAX)
			return time_s;
		start++;
	}
	return INT64_MIN;
}

/* Returns the offset of the first line at or after time_s, in a log whose times only increase. */
static int64_t find_time(const struct replay *r, int64_t time_s)
{
	int64_t low = 0, high = chunks_size(r->in);
	char ignored[1];

	while (high - low > CHUNKS_SIZE) {
		const int64_t middle = low + (high - low) / 2;

		if (time_at(r, middle) < time_s)
			low = middle;
		else
			high = middle;
	}
	if (low > 0 && chunks_peek(r->in, low, ignored, sizeof ignored, &low) == 0)
		low = 0;
	return low;
}

/* Skips what --from and --until exclude. */
static int skip(struct replay *r, struct why *why)
{
	const struct replay_options *const o = r->options;
	int64_t from = 0, until = INT64_MAX;

	if (chunks_size(r->in) < 2 * CHUNKS_SIZE)
		return 0;
	if (o->from_s > INT64_MIN + REPLAY_SLACK_S)
		from = find_time(r, o->from_s - REPLAY_SLACK_S);
	if (o->until_s < INT64_MAX - REPLAY_SLACK_S)
		until = find_time(r, o->until_s + REPLAY_SLACK_S) + CHUNKS_SIZE;
	return chunks_bound(r->in, from, until, why);
}

/* Identifies the log and how much of it has been counted. Leaves the input where reading continues. */
static int begin_file(struct replay *r, const char *path, struct why *why)
{
	struct store_log known;
	struct resume reader;
	bool is_known;
	int rc = chunks_open(path, r->options->leave_tail, &r->in, why);

	if (rc < 0)
		return rc;
	chunks_stop_when(r->in, r->options->stop);
	set_clock(r);
	reader = (struct resume){.first = chunks_first(r->in), .chunks = r->in};
	rc = resume_log(r->options->store, &reader, &known, why);
	if (rc == RESUME_UNREADABLE) { /* the other files are still read */
		chunks_close(r->in);
		r->in = NULL;
		return -EIO;
	}
	is_known = rc == 0;
	if (is_known)
		r->result->known_bytes += known.position;
	else if (rc < 0 || (rc = skip(r, why)) < 0)
		return rc;
	writer_begin_file(r->writer, path, reader.first, is_known ? &known : NULL);
	return 0;
}

static int store_next(struct replay *r, const struct workers_chunk *c, struct why *why)
{
	const int64_t now = clock_steady_ms();
	int rc;

	if (now >= r->commit_at_ms) {
		writer_commit_next(r->writer);
		r->commit_at_ms = now + COMMIT_EVERY_MS;
	}
	rc = store_chunk(r, c, why);
	progress_show(&r->progress, now, r->done_before + c->read, r->size_total, r->result->lines, r->result->hits);
	return rc;
}

/* Stores the whole file, or until the database fails. */
static int store_file(struct replay *r, struct why *why)
{
	const struct findings_limits limits = {r->options->from_s, r->options->until_s, r->end_s};
	const struct workers_chunk *c;
	int rc = 0;

	workers_start(r->workers, r->in, &limits);
	while ((c = workers_next_done(r->workers)) != NULL) {
		if (rc == 0)
			rc = store_next(r, c, why);
		if (rc < 0 || replay_is_stopped(r))
			workers_stop(r->workers);
		workers_give_back(r->workers);
	}
	return rc;
}

/* Notes a file without any log line. lines, unparsed: the counters from before this file. */
static void note_no_log(struct replay_result *result, const char *path, int64_t lines, int64_t unparsed)
{
	if (result->lines == lines || result->lines - lines != result->unparsed - unparsed)
		return;
	if (result->n_no_logs++ == 0)
		result->no_log = path;
	result->no_log_lines += result->lines - lines;
}

static int replay_file(struct replay *r, const char *path, struct why *why)
{
	const int64_t lines = r->result->lines, unparsed = r->result->unparsed, known = r->result->known_bytes;
	int rc = begin_file(r, path, why);

	if (rc == 0)
		rc = store_file(r, why);
	if (rc == 0)
		rc = writer_finish(r->writer, why);
	else
		writer_wait(r->writer);
	r->broken = rc < 0 && r->in != NULL;
	if (r->result->known_bytes == known) /* the new part of a known log may be the rest of a long line */
		note_no_log(r->result, path, lines, unparsed);
	if (rc == 0)
		rc = workers_error(r->workers, why);
	writer_end_log(r->writer);
	if (r->in != NULL) {
		int64_t done, size;

		chunks_progress(r->in, &done, &size);
		r->done_before += size;
	}
	chunks_close(r->in);
	r->in = NULL;
	r->result->files++;
	return rc;
}

/* --- all files --- */

int replay_files(struct replay *r, struct why *why)
{
	const struct replay_options *const o = r->options;
	struct dated *const files = alloc_zero(o->n_files, sizeof *files, "the replay");
	struct why this;
	int result = 0;

	dated_files(o->files, o->n_files, o->year, files);
	for (size_t i = 0; i < o->n_files; i++)
		r->size_total += files[i].size;
	progress_begin(&r->progress, o->progress, clock_steady_ms());
	for (size_t i = 0; i < o->n_files && !replay_is_stopped(r) && !r->broken; i++) {
		const int rc = replay_file(r, files[i].path, &this);

		if (rc < 0 && result == 0) {
			result = rc;
			*why = this;
		}
	}
	progress_end(&r->progress);
	free(files);
	return result;
}
