#include "replay/replay.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/addrset.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "input/chunks.h"
#include "pipeline/allowlist.h"
#include "pipeline/dated.h"
#include "pipeline/decide.h"
#include "pipeline/pending.h"
#include "pipeline/restore.h"
#include "pipeline/resume.h"
#include "pipeline/scan.h"
#include "replay/findings.h"
#include "replay/workers.h"
#include "rules/sessions.h"
#include "store/hits.h"
#include "store/journals.h"
#include "store/logs.h"
#include "verdict/greylist.h"

enum {
	INDEX_SLICE = 1 << 18,              /* hits that are indexed in one transaction */
	COMMIT_EVERY_MS = 5000,             /* what a kill may cost */
	PROGRESS_EVERY = 1024,              /* lines of a journal */
	PEEKS = 16,                         /* lines without a time looked at, when a time is searched */
	EXPECTED = 20,                      /* hits ahead that are announced, ... */
	NEAR = 10,                          /* ... and once more: each about a memory access */
	YEAR_LESS_TWO_DAYS_S = 363 * 86400, /* line_clock itself allows one more */
};

struct replay {
	const struct replay_options *options;
	struct replay_result *result;
	struct allowlist *allowlist;
	struct decide decide; /* its verdict is made at the first line that a rule matched */
	struct addrset addresses;

	/* The file being read. */
	struct chunks *in;
	struct pending_file *file;
	int64_t end_s; /* for the years of stamps without one */
	bool broken; /* the database failed: reading cannot go on */

	struct workers *workers;
	struct progress progress;
	int64_t done_before, size_total; /* bytes on disk: of files finished, of all */
	int64_t commit_at_ms;
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

	pending_read(r->file, &read);
}

/* What the database knows from before the first line that matters. */
static int remember(struct replay *r, int64_t time_s, struct why *why)
{
	const struct replay_options *const o = r->options;
	const int rc = restore_verdict(o->store, o->config, o->rules, r->allowlist, false, time_s, &r->decide.verdict, why);

	return rc < 0 ? rc : restore_cluster(o->store, r->decide.greylist, r->decide.verdict, time_s, why);
}

static bool is_worse(const struct replay_blocked *a, const struct replay_blocked *b)
{
	if (a->block.offence != b->block.offence)
		return a->block.offence > b->block.offence;
	if (a->block.since_s != b->block.since_s)
		return a->block.since_s < b->block.since_s;
	return net_order(&a->block.net, &b->block.net) < 0;
}

/* Keeps the worst in order. */
static void note_blocked(struct replay_result *result, const struct block *block, const struct rule *rule)
{
	struct replay_blocked blocked = {*block, rule};
	struct replay_blocked *const list = result->worst;
	size_t i;

	/* Most are not among the worst: one comparison shows it when others are known. */
	if (result->others && !is_worse(&blocked, &list[REPLAY_WORST_MAX - 1]))
		return;
	for (i = 0; i < result->n_worst && net_order(&list[i].block.net, &block->net) != 0; i++)
		;
	result->others |= i == REPLAY_WORST_MAX;
	if (result->n_worst == REPLAY_WORST_MAX && !is_worse(&blocked, &list[REPLAY_WORST_MAX - 1]))
		return;
	if (i < result->n_worst && list[i].block.offence > blocked.block.offence) /* its count restarted after a long quiet time */
		blocked.block.offence = list[i].block.offence;
	if (i == REPLAY_WORST_MAX)
		i--;
	else if (i == result->n_worst)
		result->n_worst++;
	for (; i > 0 && is_worse(&blocked, &list[i - 1]); i--)
		list[i] = list[i - 1];
	for (; i + 1 < result->n_worst && is_worse(&list[i + 1], &blocked); i++)
		list[i] = list[i + 1];
	list[i] = blocked;
}

/* What a rule found in a line. */
static int decide_found(struct replay *r, const struct decide_line *line, struct rules_hit *hit, struct why *why)
{
	struct replay_result *const result = r->result;
	struct decide_result decided;
	int rc;

	if (r->decide.verdict == NULL && (rc = remember(r, line->time_s, why)) < 0)
		return rc;
	verdict_at(r->decide.verdict, line->time_s);
	decide_hit(&r->decide, line, line->time_s, hit, &decided);
	if (!decided.is_hit)
		return 0;
	addrset_add(&r->addresses, &hit->address);
	result->hits++;
	result->suspended += decided.decision.outcome == VERDICT_QUARANTINE;
	for (size_t b = 0; b < decided.decision.n; b++)
		if (!decided.decision.blocks[b].prolonged) {
			result->blocks++;
			note_blocked(result, &decided.decision.blocks[b], hit->rule);
		}
	result->by_rule[hit->rule->index]++;
	if (result->first_s == 0 || line->time_s < result->first_s)
		result->first_s = line->time_s;
	if (line->time_s > result->last_s)
		result->last_s = line->time_s;
	return 0;
}

static int store_found(struct replay *r, const struct workers_chunk *c, size_t i, struct why *why)
{
	const struct findings_found *const f = &c->findings.found[i];
	struct decide_line line = {.file = r->file,
	                           .text = findings_line(&c->findings, i, &c->piece),
	                           .time_s = f->time_s,
	                           .offset = c->piece.start + f->start};
	struct rules_hit hit;

	findings_hit(&c->findings, i, r->options->rules, &c->piece, &hit, &line.host);
	return decide_found(r, &line, &hit, why);
}

/* What comes after the i-th: the memory it needs is far away, another thread has just written some of it. */
static void announce(const struct replay *r, const struct workers_chunk *c, size_t i)
{
	const struct findings_found *f = c->findings.found + i;
	const char *line;
	int score;

	if (i + EXPECTED < c->findings.n)
		decide_expect(&r->decide, &f[EXPECTED].address, rules_at(r->options->rules, f[EXPECTED].rule)->text->score,
		              f[EXPECTED].time_s, false);
	if (i + NEAR >= c->findings.n)
		return;
	f += NEAR;
	score = rules_at(r->options->rules, f->rule)->text->score;
	decide_expect(&r->decide, &f->address, score, f->time_s, true);
	if (score <= 0)
		return;
	addrset_expect(&r->addresses, &f->address);
	line = findings_line(&c->findings, i + NEAR, &c->piece).p;
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
		/* A hit and the position after its line go into the same transaction. */
		read_up_to(r, c, &stored, &s->tallies[i], c->piece.start + f->start + f->len + 1, f->start, f->len);
		stored = s->tallies[i];
		if ((rc = pending_write(r->decide.pending, why)) < 0)
			return rc;
	}
	read_up_to(r, c, &stored, &s->tally, c->piece.end, s->last_start, s->last_len);
	if (s->tally.last_line_at > r->result->last_line_s)
		r->result->last_line_s = s->tally.last_line_at;
	if (s->tally.first_line_at > 0 && (s->tally.first_line_at < r->result->first_line_s || r->result->first_line_s == 0))
		r->result->first_line_s = s->tally.first_line_at;
	r->result->lines += s->tally.lines;
	r->result->cut += s->tally.cut;
	r->result->unparsed += s->tally.unparsed;
	r->result->bytes += c->piece.end - c->piece.start;
	return 0;
}

/* --- one file --- */

/* From when on stamps without a year may be. */
static void set_clock(struct replay *r)
{
	int64_t first_s;

	r->end_s = chunks_mtime(r->in);
	if (r->options->year == 0)
		return;
	first_s = scan_first_time(chunks_first(r->in), r->end_s, r->options->year);
	if (first_s != INT64_MAX)
		r->end_s = first_s + YEAR_LESS_TWO_DAYS_S; /* so that every chunk finds the same years */
}

/* The time of the first line with one at offset or after it; INT64_MIN when none is near. */
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

/* The offset of the first line whose time is time_s or later, in a log that goes forward in time. */
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

/* Does not read what --from and --until leave out. */
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

/* Which log is it, and how much of it has been counted? Leaves the input where reading goes on. */
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
	if (rc == RESUME_UNREADABLE) { /* the others are read nevertheless */
		chunks_close(r->in);
		r->in = NULL;
		return -EIO;
	}
	is_known = rc == 0;
	if (is_known)
		r->result->known_bytes += known.position;
	else if (rc < 0 || (rc = skip(r, why)) < 0)
		return rc;
	r->file = pending_file(r->decide.pending, path, reader.first, is_known ? &known : NULL);
	return 0;
}

static bool is_stopped(const struct replay *r)
{
	return r->options->stop != NULL && *r->options->stop;
}

static int store_next(struct replay *r, const struct workers_chunk *c, struct why *why)
{
	const int64_t now = clock_steady_ms();
	int rc;

	if (now >= r->commit_at_ms) {
		store_bulk_due(r->options->store);
		r->commit_at_ms = now + COMMIT_EVERY_MS;
	}
	rc = store_chunk(r, c, why);
	progress_show(&r->progress, now, r->done_before + c->read, r->size_total, r->result->lines, r->result->hits);
	return rc;
}

/* Until all of the file is stored, or the database fails. */
static int store_file(struct replay *r, struct why *why)
{
	const struct findings_limits limits = {r->options->from_s, r->options->until_s, r->end_s};
	const struct workers_chunk *c;
	int rc = 0;

	workers_start(r->workers, r->in, &limits);
	while ((c = workers_next_done(r->workers)) != NULL) {
		if (rc == 0)
			rc = store_next(r, c, why);
		if (rc < 0 || is_stopped(r))
			workers_stop(r->workers);
		workers_give_back(r->workers);
	}
	return rc;
}

/* lines, unparsed: as they were counted before this file. */
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
		rc = pending_finish(r->decide.pending, why);
	r->broken = rc < 0 && r->in != NULL;
	if (r->result->known_bytes == known) /* what is new in a log may be the rest of a long line */
		note_no_log(r->result, path, lines, unparsed);
	if (rc == 0)
		rc = workers_error(r->workers, why);
	if (r->file != NULL)
		pending_done(r->file);
	r->file = NULL;
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

static int replay_files(struct replay *r, struct why *why)
{
	const struct replay_options *const o = r->options;
	struct dated *const files = alloc_zero(o->n_files, sizeof *files, "the replay");
	struct why this;
	int result = 0;

	dated_files(o->files, o->n_files, o->year, files);
	for (size_t i = 0; i < o->n_files; i++)
		r->size_total += files[i].size;
	progress_begin(&r->progress, o->progress, clock_steady_ms());
	for (size_t i = 0; i < o->n_files && !is_stopped(r) && !r->broken; i++) {
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

/* --- a journal: one thread, for sd-journal is read by one --- */

struct reading {
	struct journal *journal;
	struct scan scan;
	struct scan_tally settled; /* of the scan's, what is pending */
	int64_t damaged, suppressed; /* likewise, of the result */
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
	r->file = pending_journal(r->decide.pending, name, rc == 0 ? &log : NULL, rc == 0 ? &known : NULL);
	if (rc == 0)
		rc = journal_seek(in->journal, known.cursor, &gap, why);
	else if (rc == STORE_NONE)
		rc = journal_seek_time(in->journal, o->from_s < 0 ? 0 : o->from_s, why);
	return rc;
}

/* What was read, with the position behind it. */
static int write_read(struct replay *r, struct reading *in, struct why *why)
{
	const struct scan_tally *const t = &in->scan.tally, *const before = &in->settled;
	const char *cursor;
	int rc = journal_position(in->journal, &cursor, why);

	r->result->damaged = journal_stat(in->journal).damaged;
	if (rc == 0) {
		pending_entries(r->file, &(struct pending_entries){.lines = t->lines - before->lines,
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
	return rc < 0 ? rc : pending_write(r->decide.pending, why);
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
		rc = decide_found(r,
		                  &(struct decide_line){.file = r->file,
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

	while (rc == 0 && !is_stopped(r) && (rc = journal_next(in->journal, &entry, why)) == 0) {
		if (entry.record.line.time_s > r->options->until_s)
			break;
		rc = replay_entry(r, in, &entry, why);
		if (in->scan.tally.lines % PROGRESS_EVERY == 0)
			progress_show(&r->progress, clock_steady_ms(), 0, 0, in->scan.tally.lines, r->result->hits);
	}
	return rc < 0 ? rc : write_read(r, in, why);
}

static int replay_journal(struct replay *r, struct why *why)
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
		rc = pending_finish(r->decide.pending, why);
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
	return rc;
}

/* Everything that decides and stores. */
static void begin(struct replay *r)
{
	const struct replay_options *const o = r->options;

	r->decide.config = o->config;
	r->decide.keeps_attempts = !store_is_memory(o->store);
	r->decide.pending = pending_new(o->store);
	pending_defer_good(r->decide.pending, o->config->block.window_s, !store_is_memory(o->store));
	(void)!getrandom(&r->addresses.seed, sizeof r->addresses.seed,
	                 0); /* 0 works too, but clients know it */
	r->allowlist = allowlist_new(o->config);
	r->decide.greylist = greylist_new(0);
	r->decide.sessions = sessions_new();
	r->workers = workers_new(o->rules, o->threads);
}

static void end(struct replay *r)
{
	workers_free(r->workers);
	addrset_done(&r->addresses);
	pending_free(r->decide.pending);
	sessions_free(r->decide.sessions);
	verdict_free(r->decide.verdict);
	allowlist_free(r->allowlist);
	greylist_free(r->decide.greylist);
}

/* What an older version stored, or another process that was killed: it would have to be read at once within a transaction. */
static int index_hits(struct store *store, struct why *why)
{
	bool more = !store_is_memory(store);
	int rc = 0;

	while (more && rc == 0 && (rc = store_begin(store, why)) == 0)
		rc = store_finish(store, store_index_hits(store, INDEX_SLICE, &more, why), why);
	return rc;
}

int replay_run(const struct replay_options *options, struct replay_result *ret, struct why *why)
{
	struct replay r = {.options = options, .result = ret};
	int rc;

	*ret = (struct replay_result){
	        .by_rule = alloc_zero(rules_count(options->rules) + 1, sizeof *ret->by_rule, "the replay")};
	begin(&r);
	rc = index_hits(options->store, why);
	if (rc == 0)
		rc = store_bulk_begin(options->store, why);
	if (rc == 0) {
		struct why ending;
		int end_rc;

		rc = options->journal != NULL ? replay_journal(&r, why) : replay_files(&r, why);
		end_rc = store_bulk_end(options->store, &ending); /* what was read before an error counts */
		if (rc == 0 && end_rc < 0) {
			rc = end_rc;
			*why = ending;
		}
	}
	ret->addresses = (int64_t)addrset_count(&r.addresses);
	ret->stopped = is_stopped(&r);
	end(&r);
	return rc;
}
