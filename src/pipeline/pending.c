#include "pipeline/pending.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "pipeline/pending_good.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/reputation.h"

struct pending_file {
	bool used, dirty, done;
	bool fresh;              /* its row was made in the transaction that is open */
	struct store_log log;    /* id 0: no row yet */
	char *path;
	size_t first_len;
	char first[POSITION_FIRST_MAX];
};

/* What belongs to the hit of the same number. */
struct noted_hit {
	const struct rule *rule;
	struct pending_file *file;
	size_t n_blocks;              /* that it led to: the next of blocks */
	bool suspends;                /* its rule; the next of suspensions */
};

/* A rule that was suspended; how many of the nets to lift are its. */
struct suspension {
	const struct rule *rule;
	int64_t at_s;
	size_t n_nets;
};

struct noted_allowance {
	struct pending_allowance a; /* a.why is ... */
	char *why;
};

/* Its texts: from, to and helo in a row. */
struct noted_attempt {
	struct addr address;
	int64_t time_s;
	size_t from_len, to_len, helo_len;
	char *text;
};

struct pending {
	struct store *store;
	struct pending_file *files; /* PENDING_FILES_MAX */

	size_t n_hits, n_blocks, n_bytes;
	struct store_hit hits[PENDING_HITS_MAX]; /* spans into bytes; rule and log are filled when written */
	struct noted_hit notes[PENDING_HITS_MAX];
	struct block blocks[PENDING_HITS_MAX * VERDICT_BLOCKS_MAX];
	uint16_t led[PENDING_HITS_MAX * VERDICT_BLOCKS_MAX]; /* to them: the number of the hit */
	char bytes[PENDING_HITS_MAX * (STORE_LINE_MAX + STORE_DETAIL_MAX)]; /* their texts, escaped */

	size_t n_suspensions, n_lifted;
	struct suspension *suspensions;
	struct net *lifted;
	size_t n_allowances;
	struct noted_allowance *allowances;
	size_t n_attempts;
	struct noted_attempt *attempts;

	struct pending_good good;

	int64_t rule_ids[VERDICT_NO_RULE]; /* by the rule's index; 0: not looked up yet */
};

struct pending *pending_new(struct store *store)
{
	struct pending *const l = calloc(1, sizeof *l);

	if (l == NULL || (l->files = calloc(PENDING_FILES_MAX, sizeof *l->files)) == NULL)
		abort();
	l->store = store;
	return l;
}

static void drop_attempts(struct pending *l)
{
	for (size_t i = 0; i < l->n_attempts; i++)
		free(l->attempts[i].text);
	l->n_attempts = 0;
}

static void drop_allowances(struct pending *l)
{
	for (size_t i = 0; i < l->n_allowances; i++)
		free(l->allowances[i].why);
	l->n_allowances = 0;
}

void pending_free(struct pending *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < PENDING_FILES_MAX; i++)
		free(l->files[i].path);
	free(l->files);
	free(l->suspensions);
	free(l->lifted);
	drop_allowances(l);
	free(l->allowances);
	drop_attempts(l);
	free(l->attempts);
	pending_good_done(&l->good);
	free(l);
}

struct pending_file *pending_file(struct pending *l, const char *path, struct span first, const struct store_log *known)
{
	struct pending_file *file = NULL;

	assert(first.len <= POSITION_FIRST_MAX);
	for (size_t i = 0; i < PENDING_FILES_MAX && file == NULL; i++)
		if (!l->files[i].used)
			file = &l->files[i];
	assert(file != NULL);
	free(file->path);
	*file = (struct pending_file){.used = true, .first_len = first.len};
	memcpy(file->first, first.p, first.len);
	if ((file->path = strdup(path)) == NULL)
		abort();
	if (known != NULL)
		file->log = *known;
	return file;
}

void pending_done(struct pending_file *file)
{
	file->done = true;
	file->used = file->dirty;
}

void pending_read(struct pending_file *file, const struct pending_read *read)
{
	struct store_log *const log = &file->log;

	log->lines += read->lines;
	log->cut += read->cut;
	log->unparsed += read->unparsed;
	if (read->last_line_at > log->last_line_at)
		log->last_line_at = read->last_line_at;
	log->position = read->position;
	log->last_len = read->last.len < POSITION_LAST_MAX ? read->last.len : POSITION_LAST_MAX;
	memcpy(log->last, read->last.p, log->last_len);
	file->dirty = true;
}

/* The beginning of text, escaped as it will be stored. */
static struct span keep(struct pending *l, struct span text, size_t max)
{
	struct span kept = {l->bytes + l->n_bytes, 0};

	if (text.p == NULL)
		return text;
	kept.len = text_escape(text, l->bytes + l->n_bytes, max);
	l->n_bytes += kept.len;
	return kept;
}

void pending_hit(struct pending *l, struct pending_file *file, const struct rules_hit *hit, int64_t time_s,
                int64_t offset, struct span text, const struct verdict_decision *decision)
{
	assert(l->n_hits < PENDING_HITS_MAX);
	l->hits[l->n_hits] = (struct store_hit){.time_s = time_s,
	                                        .address = hit->address,
	                                        .score = hit->score,
	                                        .ignored = !decision->counted,
	                                        .spent = decision->outcome == VERDICT_BLOCK,
	                                        .offset = offset,
	                                        .detail = keep(l, hit->detail, STORE_DETAIL_MAX),
	                                        .text = keep(l, text, STORE_LINE_MAX)};
	l->notes[l->n_hits] = (struct noted_hit){.rule = hit->rule, .file = file, .n_blocks = decision->n};
	for (size_t i = 0; i < decision->n; i++) {
		l->led[l->n_blocks] = (uint16_t)l->n_hits; /* < PENDING_HITS_MAX */
		l->blocks[l->n_blocks++] = decision->blocks[i];
	}
	l->n_hits++;
}

void pending_suspend(struct pending *l, const struct rule *rule, int64_t at_s, const struct net *nets, size_t n)
{
	assert(l->n_hits > 0);
	l->notes[l->n_hits - 1].suspends = true;
	l->suspensions = reallocarray(l->suspensions, l->n_suspensions + 1, sizeof *l->suspensions);
	l->lifted = reallocarray(l->lifted, l->n_lifted + n + 1, sizeof *l->lifted);
	if (l->suspensions == NULL || l->lifted == NULL)
		abort();
	l->suspensions[l->n_suspensions++] = (struct suspension){rule, at_s, n};
	for (size_t i = 0; i < n; i++)
		l->lifted[l->n_lifted++] = nets[i];
}

void pending_attempt(struct pending *l, const struct rules_hit *hit, int64_t time_s)
{
	struct noted_attempt a = {.address = hit->address,
	                          .time_s = time_s,
	                          .from_len = hit->from.len,
	                          .to_len = hit->to.len,
	                          .helo_len = hit->helo.len};

	l->attempts = reallocarray(l->attempts, l->n_attempts + 1, sizeof *l->attempts);
	a.text = malloc(a.from_len + a.to_len + a.helo_len + 1);
	if (l->attempts == NULL || a.text == NULL)
		abort();
	if (a.from_len > 0)
		memcpy(a.text, hit->from.p, a.from_len);
	memcpy(a.text + a.from_len, hit->to.p, a.to_len);
	memcpy(a.text + a.from_len + a.to_len, hit->helo.p, a.helo_len);
	l->attempts[l->n_attempts++] = a;
}

static int write_attempts(struct pending *l, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < l->n_attempts && rc == 0; i++) {
		const struct noted_attempt *const a = &l->attempts[i];
		const struct store_attempt attempt = {.time_s = a->time_s,
		                                      .address = a->address,
		                                      .from = {a->text, a->from_len},
		                                      .to = {a->text + a->from_len, a->to_len},
		                                      .helo = {a->text + a->from_len + a->to_len, a->helo_len}};

		rc = store_add_attempt(l->store, &attempt, why);
	}
	return rc;
}

void pending_allow(struct pending *l, const struct pending_allowance *allowance)
{
	struct noted_allowance noted = {*allowance, strdup(allowance->why)};

	noted.a.why = noted.why;
	l->allowances = reallocarray(l->allowances, l->n_allowances + 1, sizeof *l->allowances);
	if (l->allowances == NULL || noted.why == NULL)
		abort();
	l->allowances[l->n_allowances++] = noted;
}

static int write_allowances(struct pending *l, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < l->n_allowances && rc == 0; i++) {
		const struct pending_allowance *const a = &l->allowances[i].a;

		rc = store_add_allowance(l->store, &a->net, a->since_s, a->until_s, a->cause, a->why, why);
		if (rc == 0 && a->lifts)
			rc = store_end(l->store, &(struct block){.net = a->lifted, .cause = BLOCK_EVIDENCE}, a->since_s, a->why, why);
	}
	return rc;
}

/* --- evidence for the good --- */

void pending_defer_good(struct pending *l, int64_t window_s, bool keep)
{
	l->good.mode = keep ? PENDING_GOOD_DEFERRED : PENDING_GOOD_DROPPED;
	l->good.window_s = window_s;
}

void pending_expect_good(const struct pending *l, const struct net *subject, int64_t time_s)
{
	pending_good_expect(&l->good, subject, time_s);
}

void pending_good(struct pending *l, const struct net *subject, int64_t time_s, int score, bool counted)
{
	pending_good_note(&l->good, subject, time_s, score, counted);
}

bool pending_is_full(const struct pending *l)
{
	return l->n_hits + RULES_HITS_MAX > PENDING_HITS_MAX || pending_good_is_full(&l->good);
}

bool pending_has_hits(const struct pending *l)
{
	return l->n_hits > 0;
}

/* finish: what is deferred is news, too. */
static bool has_news(const struct pending *l, bool finish)
{
	if (l->n_hits > 0 || l->n_allowances > 0 || l->n_attempts > 0 ||
	    (l->good.n > 0 && (finish || l->good.mode == PENDING_GOOD_WRITTEN)))
		return true;
	for (size_t i = 0; i < PENDING_FILES_MAX; i++)
		if (l->files[i].dirty)
			return true;
	return false;
}

bool pending_has_news(const struct pending *l)
{
	return has_news(l, false);
}

int pending_ready(const struct pending *l, struct why *why)
{
	int rc;

	if (pending_has_news(l))
		return why_set(why, EAGAIN, "hits are waiting for the database, try again in a second");
	if ((rc = store_begin(l->store, why)) == 0)
		store_rollback(l->store);
	return rc;
}

size_t pending_blocks(const struct pending *l, const struct block **ret)
{
	*ret = l->blocks;
	return l->n_blocks;
}

struct pending_cause pending_cause(const struct pending *l, size_t block)
{
	const size_t hit = l->led[block];

	const struct span detail = l->hits[hit].detail;

	return (struct pending_cause){l->notes[hit].rule->text,
	                             detail.p == NULL && l->notes[hit].file == NULL ? l->hits[hit].text : detail};
}

size_t pending_lifted(const struct pending *l, const struct net **ret)
{
	*ret = l->lifted;
	return l->n_lifted;
}

static int write_files(struct pending *l, struct why *why)
{
	for (size_t i = 0; i < PENDING_FILES_MAX; i++) {
		struct pending_file *const file = &l->files[i];
		int rc;

		if (!file->dirty)
			continue;
		if (file->log.id == 0) {
			rc = store_log_add(l->store, file->path, (struct span){file->first, file->first_len},
			                   &file->log.id, why);
			if (rc < 0)
				return rc;
			file->fresh = true;
		}
		if ((rc = store_log_put(l->store, &file->log, file->path, why)) < 0)
			return rc;
	}
	return 0;
}

static int write_suspension(struct pending *l, const struct suspension *s, const struct net *nets, struct why *why)
{
	int rc = 0;

	if (l->good.mode == PENDING_GOOD_WRITTEN) /* an old log suspends nothing now */
		rc = store_suspend(l->store, s->rule->text->name, s->at_s, "blocked too many who had proven good", why);
	for (size_t i = 0; i < s->n_nets && rc == 0; i++)
		rc = store_end(l->store, &(struct block){.net = nets[i], .cause = BLOCK_EVIDENCE}, s->at_s, "suspended", why);
	return rc;
}

/* Those of no set (VERDICT_NO_RULE) share an index: they are seldom, and looked up each time. */
static int find_rule(struct pending *l, const struct rule *rule, int64_t *ret_id, struct why *why)
{
	int64_t unknown = 0, *const id = rule->index == VERDICT_NO_RULE ? &unknown : &l->rule_ids[rule->index];
	int rc = 0;

	if (*id == 0)
		rc = store_rule(l->store, rule->text->name, rule->text->category, rule->text->reason, id, why);
	*ret_id = *id;
	return rc;
}

/* Hits first, all at once: they are a table of their own. */
static int write_hits(struct pending *l, struct why *why)
{
	for (size_t i = 0; i < l->n_hits; i++) {
		const int rc = find_rule(l, l->notes[i].rule, &l->hits[i].rule, why);

		if (rc < 0)
			return rc;
		l->hits[i].log = l->notes[i].file == NULL ? 0 : l->notes[i].file->log.id;
	}
	return store_add_hits(l->store, l->hits, l->n_hits, why);
}

/* New blocks between others are written at once; what changes older ones comes in its place between them. */
static int write_blocks(struct pending *l, struct why *why)
{
	struct block *b = l->blocks, *from = b;
	size_t suspension = 0, lifted = 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < l->n_hits; i++) {
		const struct noted_hit *const noted = &l->notes[i];

		for (const struct block *const end = b + noted->n_blocks; rc == 0 && b < end; b++) {
			b->rule = l->hits[i].rule;
			if (!b->prolonged)
				continue;
			rc = store_add_blocks(l->store, from, (size_t)(b - from), why);
			from = b + 1;
			if (rc == 0)
				rc = store_prolong(l->store, &b->net, b->cause, b->since_s, b->until_s, why);
		}
		if (rc == 0 && noted->suspends) {
			rc = store_add_blocks(l->store, from, (size_t)(b - from), why);
			from = b;
			if (rc == 0)
				rc = write_suspension(l, &l->suspensions[suspension], &l->lifted[lifted], why);
			lifted += l->suspensions[suspension++].n_nets;
		}
	}
	return rc < 0 ? rc : store_add_blocks(l->store, from, (size_t)(b - from), why);
}

/* What the failed transaction made is gone. */
static void undo(struct pending *l)
{
	for (size_t i = 0; i < PENDING_FILES_MAX; i++)
		if (l->files[i].fresh) {
			l->files[i].log.id = 0;
			l->files[i].fresh = false;
		}
	pending_forget_rules(l);
}

static int write_all(struct pending *l, bool good, struct why *why)
{
	int rc = write_files(l, why);

	if (rc == 0)
		rc = write_hits(l, why);
	if (rc == 0)
		rc = write_blocks(l, why);
	if (rc == 0)
		rc = write_allowances(l, why);
	if (rc == 0)
		rc = write_attempts(l, why);
	return rc == 0 && good ? pending_good_write(&l->good, l->store, why) : rc;
}

static void clear(struct pending *l, bool good)
{
	for (size_t i = 0; i < PENDING_FILES_MAX; i++) {
		l->files[i].dirty = l->files[i].fresh = false;
		l->files[i].used &= !l->files[i].done;
	}
	l->n_hits = l->n_blocks = l->n_bytes = l->n_suspensions = l->n_lifted = 0;
	drop_allowances(l);
	drop_attempts(l);
	if (good)
		pending_good_clear(&l->good);
}

static int write_news(struct pending *l, bool finish, struct why *why)
{
	const enum pending_good_mode mode = l->good.mode;
	/* Nothing that is deferred is lost by a kill: it goes with the position it belongs to. */
	const bool good = finish || mode == PENDING_GOOD_WRITTEN || pending_good_is_full(&l->good) ||
	                  (mode == PENDING_GOOD_DEFERRED && store_commits_next(l->store));
	int rc;

	if (!has_news(l, finish))
		return 0;
	if ((rc = store_begin(l->store, why)) < 0)
		return rc;
	rc = store_finish(l->store, write_all(l, good, why), why);
	if (rc < 0)
		undo(l);
	else
		clear(l, good);
	return rc;
}

int pending_write(struct pending *l, struct why *why)
{
	return write_news(l, false, why);
}

int pending_finish(struct pending *l, struct why *why)
{
	return write_news(l, true, why);
}

void pending_forget_rules(struct pending *l)
{
	memset(l->rule_ids, 0, sizeof l->rule_ids);
}
