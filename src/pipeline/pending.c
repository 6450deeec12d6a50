#include "pipeline/pending.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "pipeline/pending_good.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/reputation.h"

/* What belongs to the hit of the same index. */
struct noted_hit {
	const struct rule *rule;
	struct pending_file *file;
	size_t n_blocks; /* caused by it; they follow in blocks */
	bool suspends;   /* it suspends its rule; the next of suspensions */
};

/* A rule that was suspended, and how many of lifted belong to it. */
struct suspension {
	const struct rule *rule;
	int64_t at_s;
	size_t n_nets;
};

struct noted_allowance {
	struct pending_allowance a; /* its why points to the copy below */
	char *why;
};

/* text holds from, to and helo one after the other, without NULs. */
struct noted_attempt {
	struct addr address;
	int64_t time_s;
	size_t from_len, to_len, helo_len;
	char *text;
};

/* LINE_BLOCKS_MAX: blocks of one line. BLOCKS_MAX: blocks of a batch, most of whose hits cause none. */
enum {
	LINE_BLOCKS_MAX = RULES_HITS_MAX * VERDICT_BLOCKS_MAX,
	BLOCKS_MAX = 2 * PENDING_HITS_MAX + LINE_BLOCKS_MAX,
};

/* Hits and the blocks that they caused. While the database cannot be written, full batches form a list. */
struct batch {
	struct batch *next;
	size_t n_hits, n_blocks, n_bytes;
	/* their spans point into bytes; rule and log are set when it is written */
	struct store_hit hits[PENDING_HITS_MAX];
	struct noted_hit notes[PENDING_HITS_MAX];
	struct block blocks[BLOCKS_MAX];
	uint16_t led[BLOCKS_MAX];                                           /* index of the hit that caused the block */
	char bytes[PENDING_HITS_MAX * (STORE_LINE_MAX + STORE_DETAIL_MAX)]; /* texts of the hits, escaped */
};

struct pending {
	struct store *store;
	struct why failed; /* the last write, if it failed; else "" */
	enum pending_keeps keeps;
	struct pending_files files;

	size_t n_batches; /* 1 ... PENDING_BATCHES_MAX */
	struct batch *first, *last;
	size_t n_notified, n_lifted_notified; /* of the last batch's blocks, and of lifted: what the kernel knows */
	size_t n_stored; /* blocks of the only batch that was written; SIZE_MAX: there were several */

	size_t n_suspensions, n_lifted;
	struct suspension *suspensions;
	struct net *lifted;
	size_t n_allowances;
	struct noted_allowance *allowances;
	size_t n_attempts;
	struct noted_attempt *attempts;

	struct pending_good good;

	int64_t rule_ids[VERDICT_NO_RULE + 1]; /* by rule index, the last that of spread_rule; 0: not looked up yet */
};

/* Does not use calloc, so that pages are only touched once they hold something. */
static struct batch *new_batch(void)
{
	struct batch *const b = alloc_raw(1, sizeof *b, "the pending transaction");

	b->next = NULL;
	b->n_hits = b->n_blocks = b->n_bytes = 0;
	return b;
}

struct pending *pending_new(struct store *store)
{
	struct pending *const p = alloc_zero(1, sizeof *p, "the pending transaction");

	pending_files_init(&p->files);
	p->store = store;
	p->keeps = PENDING_ALL;
	p->first = p->last = new_batch();
	p->n_batches = 1;
	return p;
}

/* Frees all batches but the last, and empties that. */
static void drop_batches(struct pending *p)
{
	for (struct batch *next; p->first != p->last; p->first = next) {
		next = p->first->next;
		free(p->first);
	}
	p->last->n_hits = p->last->n_blocks = p->last->n_bytes = 0;
	p->n_batches = 1;
	p->n_notified = 0;
}

bool pending_go_on(struct pending *p)
{
	if (p->n_batches == PENDING_BATCHES_MAX || pending_good_is_full(&p->good))
		return false;
	assert(p->n_notified == p->last->n_blocks);
	p->last->next = new_batch();
	p->last = p->last->next;
	p->n_batches++;
	p->n_notified = 0;
	return true;
}

struct pending_waiting pending_waiting(const struct pending *p, const struct net *net)
{
	struct pending_waiting waiting = {.why = p->failed.text};

	for (const struct batch *b = p->first; b != NULL; b = b->next) {
		for (size_t i = 0; i < b->n_hits; i++)
			waiting.hits += net_has(net, &b->hits[i].address);
		for (size_t i = 0; i < b->n_blocks; i++)
			waiting.blocks += !b->blocks[i].prolonged && net_overlap(net, &b->blocks[i].net);
	}
	return waiting;
}

static void drop_attempts(struct pending *p)
{
	for (size_t i = 0; i < p->n_attempts; i++)
		free(p->attempts[i].text);
	p->n_attempts = 0;
}

static void drop_allowances(struct pending *p)
{
	for (size_t i = 0; i < p->n_allowances; i++)
		free(p->allowances[i].why);
	p->n_allowances = 0;
}

void pending_free(struct pending *p)
{
	if (p == NULL)
		return;
	pending_files_done(&p->files);
	drop_batches(p);
	free(p->last);
	free(p->suspensions);
	free(p->lifted);
	drop_allowances(p);
	free(p->allowances);
	drop_attempts(p);
	free(p->attempts);
	pending_good_done(&p->good);
	free(p);
}

/* --- files --- */

struct pending_file *pending_file(struct pending *p, const char *path, struct span first, const struct store_log *known)
{
	return pending_files_add(&p->files, path, first, known);
}

struct pending_file *pending_journal(struct pending *p, const char *name, const struct store_log *log,
                                     const struct store_journal *journal)
{
	return pending_files_add_journal(&p->files, name, log, journal);
}

bool pending_files_are_full(const struct pending *p)
{
	return pending_files_count(&p->files) == PENDING_FILES_MAX;
}

struct pending_file *pending_unwritten(struct pending *p, struct span first, const struct pending_file *before)
{
	return pending_files_unwritten(&p->files, first, before);
}

const struct pending_file *pending_waiting_file(const struct pending *p, const char *path)
{
	return pending_files_waiting(&p->files, path);
}

/* --- hits --- */

/* Copies the beginning of text, escaped as it will be stored. */
static struct span keep(struct batch *b, struct span text, size_t max)
{
	struct span kept = {b->bytes + b->n_bytes, 0};

	if (text.p == NULL)
		return text;
	kept.len = text_escape(text, b->bytes + b->n_bytes, max);
	b->n_bytes += kept.len;
	return kept;
}

void pending_hit(struct pending *p, struct pending_file *file, const struct rules_hit *hit, int64_t time_s,
                 int64_t offset, struct span text, const struct verdict_decision *decision)
{
	struct batch *const b = p->last;

	assert(b->n_hits < PENDING_HITS_MAX);
	p->n_stored = 0; /* its blocks may be overwritten now */
	/* All members: gcc would clear it slowly otherwise. */
	b->hits[b->n_hits] = (struct store_hit){
		.time_s = time_s,
		.address = hit->address,
		.rule = 0,
		.log = 0,
		.score = decision->counted || decision->outcome == VERDICT_DUPLICATE ? decision->score : hit->score,
		.ignored = !decision->counted,
		.spent = decision->outcome == VERDICT_BLOCK,
		.offset = offset,
		.account = hit->account,
		.weight = (int)decision->weight,
		.detail = keep(b, hit->detail, STORE_DETAIL_MAX),
		.text = keep(b, text, STORE_LINE_MAX)};
	b->notes[b->n_hits] = (struct noted_hit){.rule = hit->rule, .file = file, .n_blocks = decision->n};
	for (size_t i = 0; i < decision->n; i++) {
		b->led[b->n_blocks] = (uint16_t)b->n_hits; /* < PENDING_HITS_MAX */
		b->blocks[b->n_blocks++] = decision->blocks[i];
	}
	b->n_hits++;
}

void pending_suspend(struct pending *p, const struct rule *rule, int64_t at_s, const struct net *nets, size_t n)
{
	assert(p->last->n_hits > 0);
	p->last->notes[p->last->n_hits - 1].suspends = true;
	p->suspensions =
		alloc_resize(p->suspensions, p->n_suspensions + 1, sizeof *p->suspensions, "pending suspensions");
	p->lifted = alloc_resize(p->lifted, p->n_lifted + n + 1, sizeof *p->lifted, "pending lifted blocks");
	p->suspensions[p->n_suspensions++] = (struct suspension){rule, at_s, n};
	for (size_t i = 0; i < n; i++)
		p->lifted[p->n_lifted++] = nets[i];
}

void pending_attempt(struct pending *p, const struct rules_hit *hit, int64_t time_s)
{
	struct noted_attempt a = {.address = hit->address,
	                          .time_s = time_s,
	                          .from_len = hit->from.len,
	                          .to_len = hit->to.len,
	                          .helo_len = hit->helo.len};

	p->attempts = alloc_resize(p->attempts, p->n_attempts + 1, sizeof *p->attempts, "pending attempts");
	a.text = alloc_raw(1, a.from_len + a.to_len + a.helo_len + 1, "a pending attempt");
	if (a.from_len > 0)
		memcpy(a.text, hit->from.p, a.from_len);
	memcpy(a.text + a.from_len, hit->to.p, a.to_len);
	memcpy(a.text + a.from_len + a.to_len, hit->helo.p, a.helo_len);
	p->attempts[p->n_attempts++] = a;
}

static int write_attempts(struct pending *p, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < p->n_attempts && rc == 0; i++) {
		const struct noted_attempt *const a = &p->attempts[i];
		const struct store_attempt attempt = {.time_s = a->time_s,
		                                      .address = a->address,
		                                      .from = {a->text, a->from_len},
		                                      .to = {a->text + a->from_len, a->to_len},
		                                      .helo = {a->text + a->from_len + a->to_len, a->helo_len}};

		rc = store_add_attempt(p->store, &attempt, why);
	}
	return rc;
}

void pending_allow(struct pending *p, const struct pending_allowance *allowance)
{
	struct noted_allowance noted = {*allowance, alloc_text(allowance->why, "a pending allowance")};

	noted.a.why = noted.why;
	p->allowances = alloc_resize(p->allowances, p->n_allowances + 1, sizeof *p->allowances, "pending allowances");
	p->allowances[p->n_allowances++] = noted;
}

static int write_allowances(struct pending *p, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < p->n_allowances && rc == 0; i++) {
		const struct pending_allowance *const a = &p->allowances[i].a;

		rc = store_add_allowance(p->store, &a->net, a->since_s, a->until_s, a->cause, a->why, why);
		if (rc == 0 && a->lifts)
			rc = store_end(p->store, &(struct block){.net = a->lifted, .cause = BLOCK_EVIDENCE}, a->since_s,
			               a->why, why);
	}
	return rc;
}

/* --- evidence for the good --- */

void pending_replay(struct pending *p, int64_t window_s, enum pending_keeps keeps)
{
	p->keeps = keeps;
	p->good.mode = keeps == PENDING_ALL ? PENDING_GOOD_DEFERRED : PENDING_GOOD_DROPPED;
	p->good.window_s = window_s;
}

void pending_expect_good(const struct pending *p, const struct net *subject, int64_t time_s, enum verdict_expected when)
{
	pending_good_expect(&p->good, subject, time_s, when);
}

void pending_good(struct pending *p, const struct net *subject, uint32_t account, int64_t time_s, int score,
                  bool counted)
{
	pending_good_note(&p->good, subject, account, time_s, score, counted);
}

void pending_login(struct pending *p, uint64_t login, int64_t time_s)
{
	pending_good_login(&p->good, login, time_s);
}

bool pending_is_full(const struct pending *p)
{
	return p->last->n_hits + RULES_HITS_MAX > PENDING_HITS_MAX ||
	       p->last->n_blocks + LINE_BLOCKS_MAX > BLOCKS_MAX || pending_good_is_full(&p->good);
}

bool pending_has_hits(const struct pending *p)
{
	return p->n_batches > 1 || p->last->n_hits > 0;
}

/* finish: count deferred evidence, too. */
static bool has_news(const struct pending *p, bool finish)
{
	return pending_has_hits(p) || p->n_allowances > 0 || p->n_attempts > 0 ||
	       (p->good.n > 0 && (finish || p->good.mode == PENDING_GOOD_WRITTEN)) ||
	       pending_files_have_news(&p->files);
}

bool pending_has_news(const struct pending *p)
{
	return has_news(p, false);
}

int pending_ready(const struct pending *p, struct why *why)
{
	int rc;

	if (pending_has_news(p))
		return why_set(why, EAGAIN, "hits are waiting for the database, try again in a second");
	if ((rc = store_begin(p->store, why)) == 0)
		store_rollback(p->store);
	return rc;
}

size_t pending_blocks(const struct pending *p, const struct block **ret)
{
	*ret = p->last->blocks + p->n_notified;
	return p->last->n_blocks - p->n_notified;
}

/* The rule of blocks caused by the scores of the client's network, whatever the rule of the last hit. */
static char spread_name[] = PENDING_SPREAD_RULE, spread_category[] = PENDING_SPREAD_CATEGORY,
	    spread_reason[] = "many addresses of its network were hostile";
static const struct rulefile_rule spread_text = {
	.name = spread_name, .category = spread_category, .reason = spread_reason};
static const struct rule spread_rule = {.index = VERDICT_NO_RULE, .text = &spread_text};

struct pending_cause pending_cause(const struct pending *p, size_t block)
{
	const struct batch *const b = p->last;
	const size_t hit = b->led[p->n_notified + block];
	const struct span detail = b->hits[hit].detail;

	if (b->blocks[p->n_notified + block].spread)
		return (struct pending_cause){.rule = &spread_text};
	return (struct pending_cause){b->notes[hit].rule->text,
	                              detail.p == NULL && b->notes[hit].file == NULL ? b->hits[hit].text : detail};
}

size_t pending_lifted(const struct pending *p, const struct net **ret)
{
	*ret = p->lifted + p->n_lifted_notified;
	return p->n_lifted - p->n_lifted_notified;
}

void pending_notified(struct pending *p)
{
	p->n_notified = p->last->n_blocks;
	p->n_lifted_notified = p->n_lifted;
}

bool pending_stored(const struct pending *p, const struct block **ret, size_t *ret_n)
{
	if (p->n_stored == SIZE_MAX)
		return false;
	*ret = p->last->blocks;
	*ret_n = p->n_stored;
	return true;
}

static int write_suspension(struct pending *p, const struct suspension *s, const struct net *nets, struct why *why)
{
	int rc = 0;

	if (p->good.mode == PENDING_GOOD_WRITTEN) /* an old log suspends no rule now */
		rc = store_suspend(p->store, s->rule->text->name, s->at_s, "blocked too many who had proven good", why);
	for (size_t i = 0; i < s->n_nets && rc == 0; i++)
		rc = store_end(p->store, &(struct block){.net = nets[i], .cause = BLOCK_EVIDENCE}, s->at_s, "suspended",
		               why);
	return rc;
}

/* Looks up the id of a rule. */
static int find_rule(struct pending *p, const struct rule *rule, int64_t *ret_id, struct why *why)
{
	int64_t *const id = &p->rule_ids[rule->index];
	int rc = 0;

	if (*id == 0)
		rc = store_rule(p->store, rule->text->name, rule->text->category, rule->text->reason, id, why);
	*ret_id = *id;
	return rc;
}

/*
 * Writes all hits at once, before the blocks: they have a table of their own. Also sets their rules, which the blocks
 * need.
 */
static int write_hits(struct pending *p, struct batch *b, struct why *why)
{
	for (size_t i = 0; i < b->n_hits; i++) {
		const int rc = find_rule(p, b->notes[i].rule, &b->hits[i].rule, why);

		if (rc < 0)
			return rc;
		b->hits[i].log = b->notes[i].file == NULL ? 0 : pending_log(b->notes[i].file)->id;
	}
	return p->keeps == PENDING_ALL ? store_add_hits(p->store, b->hits, b->n_hits, why) : 0;
}

/* How many entries of the lists that span all batches were written. */
struct passed {
	size_t suspensions, lifted;
};

/* Writes consecutive new blocks at once; writes changes of older blocks between them, in order. */
static int write_blocks(struct pending *p, struct batch *batch, struct passed *passed, struct why *why)
{
	struct block *b = batch->blocks, *from = b;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < batch->n_hits; i++) {
		const struct noted_hit *const noted = &batch->notes[i];

		for (const struct block *const end = b + noted->n_blocks; rc == 0 && b < end; b++) {
			b->rule = batch->hits[i].rule;
			if (b->spread)
				rc = find_rule(p, &spread_rule, &b->rule, why);
			if (!b->prolonged)
				continue;
			rc = store_add_blocks(p->store, from, (size_t)(b - from), why);
			from = b + 1;
			if (rc == 0)
				rc = store_prolong(p->store, &b->net, b->cause, b->since_s, b->until_s, why);
		}
		if (rc == 0 && noted->suspends) {
			rc = store_add_blocks(p->store, from, (size_t)(b - from), why);
			from = b;
			if (rc == 0)
				rc = write_suspension(p, &p->suspensions[passed->suspensions],
				                      &p->lifted[passed->lifted], why);
			passed->lifted += p->suspensions[passed->suspensions++].n_nets;
		}
	}
	return rc < 0 ? rc : store_add_blocks(p->store, from, (size_t)(b - from), why);
}

/* Forgets the ids of rows that the failed transaction had added. */
static void undo(struct pending *p)
{
	pending_files_undo(&p->files);
	pending_forget_rules(p);
}

static int write_all(struct pending *p, bool good, struct why *why)
{
	struct passed passed = {0};
	int rc = pending_files_write(&p->files, p->store, why);

	for (struct batch *b = p->keeps == PENDING_POSITIONS ? NULL : p->first; b != NULL && rc == 0; b = b->next) {
		rc = write_hits(p, b, why);
		if (rc == 0)
			rc = write_blocks(p, b, &passed, why);
	}
	if (rc == 0)
		rc = write_allowances(p, why);
	if (rc == 0)
		rc = write_attempts(p, why);
	return rc == 0 && good ? pending_good_write(&p->good, p->store, why) : rc;
}

static void clear(struct pending *p, bool good)
{
	pending_files_written(&p->files);
	p->n_stored = p->n_batches > 1 ? SIZE_MAX : p->last->n_blocks;
	drop_batches(p);
	p->n_suspensions = p->n_lifted = p->n_lifted_notified = 0;
	drop_allowances(p);
	drop_attempts(p);
	if (good)
		pending_good_clear(&p->good);
}

/*
 * Returns true if this write includes the good evidence. Deferred evidence is written before the next commit, together
 * with the position that it belongs to, so that a kill loses none.
 */
static bool writes_good(const struct pending *p)
{
	return p->good.mode == PENDING_GOOD_WRITTEN || pending_good_is_full(&p->good) ||
	       (p->good.mode == PENDING_GOOD_DEFERRED && store_commits_next(p->store));
}

void pending_continue(struct pending *next, struct pending *filled)
{
	const struct pending_good empty = next->good;

	pending_files_continue(&next->files, &filled->files);
	if (writes_good(filled)) {
		next->good.credit_s = filled->good.credit_s; /* remains the newest */
		return;
	}
	next->good = filled->good;
	filled->good = empty;
}

static int write_news(struct pending *p, bool finish, struct why *why)
{
	const bool good = finish || writes_good(p);
	int rc;

	if (!has_news(p, finish))
		return 0;
	if ((rc = store_begin(p->store, why)) == 0) {
		rc = store_finish(p->store, write_all(p, good, why), why);
		if (rc < 0)
			undo(p);
		else
			clear(p, good);
	}
	p->failed = rc < 0 ? *why : (struct why){""};
	return rc;
}

int pending_write(struct pending *p, struct why *why)
{
	return write_news(p, false, why);
}

int pending_finish(struct pending *p, struct why *why)
{
	return write_news(p, true, why);
}

void pending_forget_rules(struct pending *p)
{
	memset(p->rule_ids, 0, sizeof p->rule_ids);
}
