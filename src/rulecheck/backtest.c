#include "rulecheck/backtest.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "input/chunks.h"
#include "pipeline/dated.h"
#include "pipeline/scan.h"
#include "rules/sessions.h"
#include "verdict/verdict.h"

/* The matches of one rule for one client. */
struct matched {
	size_t rule; /* its index */
	int64_t hits;
};

/* A client with a match, hostile or good. */
struct client {
	struct net subject;
	bool good, blocked;
	size_t n_matched, n_shown, first_shown; /* its collisions in the result */
	struct matched *matched;
};

struct backtest {
	const struct backtest_options *options;
	struct backtest_result *result;
	struct rules_scratch *scratch, *good_scratch;
	struct sessions *sessions, *good_sessions;
	struct verdict *verdict;
	void *clients;    /* tsearch(3), by subject: a tree has no hash that an untrusted client could attack */
	bool second_time; /* the second pass, for the lines of collisions */
};

/* Creates a verdict that judges each client by its own scores alone, without limits on the number of blocks. */
static struct verdict *verdict_of(const struct config *config)
{
	struct verdict_policy policy = {.threshold = config->block.threshold,
	                                .window_s = config->block.window_s,
	                                .memory_s = config->block.memory_s,
	                                .n_for = config->block.n_for,
	                                .ip6_prefix = (uint8_t)config->block.ip6_prefix}; /* config has checked it */
	struct verdict *verdict;

	(void)!getrandom(&policy.seed, sizeof policy.seed, 0);
	memcpy(policy.for_s, config->block.for_s, sizeof policy.for_s);
	verdict = verdict_new(&policy);
	verdict_allow(verdict, config->allow.nets, config->allow.n);
	verdict_allow_names(verdict, (const char *const *)config->allow.clients.list, config->allow.clients.n);
	return verdict;
}

/* --- clients --- */

static int by_subject(const void *a, const void *b)
{
	const struct client *const x = a, *const y = b;

	return net_order(&x->subject, &y->subject);
}

static struct client *client_of(struct backtest *a, const struct addr *address)
{
	struct client key = {.subject = verdict_query(a->verdict, address).subject};
	struct client **const place =
		alloc_check(tsearch(&key, &a->clients, by_subject), sizeof key, "the clients of the backtest");

	if (*place == &key) {
		*place = alloc_zero(1, sizeof **place, "the clients of the backtest");
		**place = key;
	}
	return *place;
}

static void free_client(void *client)
{
	struct client *const c = client;

	free(c->matched);
	free(c);
}

/* --- first pass: counting --- */

static void count_hit(struct backtest *a, struct client *c, const struct rules_hit *hit, int64_t time_s)
{
	const struct verdict_evidence evidence = {.addr = hit->address,
	                                          .name = hit->name,
	                                          .score = hit->score,
	                                          .time_s = time_s,
	                                          .rule = VERDICT_NO_RULE};
	struct verdict_decision decision;
	size_t i = 0;

	while (i < c->n_matched && c->matched[i].rule != hit->rule->index)
		i++;
	if (i == c->n_matched) {
		c->matched = alloc_one_more(c->matched, c->n_matched, sizeof *c->matched, "the backtest");
		c->matched[c->n_matched++] = (struct matched){.rule = hit->rule->index};
	}
	c->matched[i].hits++;
	verdict_at(a->verdict, time_s);
	verdict_hit(a->verdict, &evidence, &decision);
	c->blocked |= decision.outcome == VERDICT_BLOCK;
}

static void add_collision(struct backtest_result *r, struct client *c, const struct backtest_collision *collision)
{
	r->n_collisions++;
	if (r->n_shown == BACKTEST_COLLISIONS_MAX)
		return;
	r->shown = alloc_one_more(r->shown, r->n_shown, sizeof *r->shown, "the backtest");
	r->shown[r->n_shown++] = *collision;
	c->n_shown++;
}

/* For twalk_r(3): adds up the results of each client, by address. */
static void sum_up(const void *node, VISIT visit, void *backtest)
{
	const struct backtest *const a = backtest;
	struct backtest_result *const r = a->result;
	struct client *const c = *(struct client *const *)node;

	if (visit == preorder || visit == endorder)
		return;
	c->first_shown = r->n_shown;
	for (size_t i = 0; i < c->n_matched; i++) {
		const struct matched *const m = &c->matched[i];
		const bool collides = c->blocked && c->good;

		r->rules[m->rule].hits += m->hits;
		r->rules[m->rule].addresses++;
		r->rules[m->rule].blocked += c->blocked;
		r->rules[m->rule].collisions += collides;
		if (collides)
			add_collision(r, c,
			              &(struct backtest_collision){.rule = rules_at(a->options->rules, m->rule),
			                                           .address = c->subject.addr,
			                                           .hits = m->hits});
	}
}

/* --- second pass: the first lines of each collision --- */

static char *copy(struct span line)
{
	return alloc_text_n(line.p, line.len < BACKTEST_LINE_MAX ? line.len : BACKTEST_LINE_MAX, "a line of a log");
}

static void show_hit(struct backtest_result *r, const struct client *c, const struct rules_hit *hit, struct span text)
{
	for (size_t i = c->first_shown; i < c->first_shown + c->n_shown; i++) {
		struct backtest_collision *const shown = &r->shown[i];

		if (hit->score < 0 && shown->good_line == NULL) {
			shown->good_rule = hit->rule;
			shown->good_line = copy(text);
		} else if (hit->rule == shown->rule && shown->line == NULL) {
			shown->address = hit->address;
			shown->line = copy(text);
		}
	}
}

/* --- reading --- */

/* Processes the hits in a line, of the rules under test or of the others. */
static void process_hits(struct backtest *a, const struct record *record, bool in_question, struct rules_hit *hits,
                         size_t n)
{
	struct sessions *const sessions = in_question ? a->sessions : a->good_sessions;

	for (size_t i = 0; i < n; i++) {
		struct client *c;
		unsigned unreported;

		if (sessions_resolve(sessions, record->line.host, record->time_s, &hits[i]) != RULES_HIT)
			continue;
		unreported = sessions_unreported(sessions, record->line.host, record->time_s, &hits[i]);
		if (unreported < hits[i].count)
			hits[i].score = hits[i].rule->text->score * (int)unreported; /* <= RULES_COUNT_MAX */
		if (hits[i].score == 0 || (hits[i].score > 0 && !in_question))
			continue;
		c = client_of(a, &hits[i].address);
		if (a->second_time)
			show_hit(a->result, c, &hits[i], record->content);
		else if (hits[i].score < 0)
			c->good = true;
		else
			count_hit(a, c, &hits[i], record->time_s);
	}
}

static void process_line(struct backtest *a, struct scan *scan, struct record *record)
{
	struct rules_hit hits[RULES_HITS_MAX];
	size_t n = scan_line(scan, record, hits);

	if (!record->parsed || record->cut)
		return;
	process_hits(a, record, true, hits, n);
	if (a->options->good == a->options->rules)
		return;
	n = rules_match_all(a->good_scratch, record->line.program, record->line.message, false, hits);
	process_hits(a, record, false, hits, n);
}

/* bytes: the buffer for a chunk. NOLINTNEXTLINE(readability-non-const-parameter): chunks_next writes there. */
static int read_file(struct backtest *a, const char *path, char *bytes, struct why *why)
{
	struct chunks_piece piece = {.bytes = bytes};
	struct record record = {.has_fields = false};
	struct chunks *in;
	struct scan scan;
	int rc;

	if (strcmp(path, "-") == 0)
		return why_set(why, EINVAL, "standard input cannot be read twice; give a file");
	if ((rc = chunks_open(path, false, &in, why)) < 0)
		return rc;
	scan_begin(&scan, a->scratch, chunks_mtime(in));
	scan.disabled = a->options->disabled;
	while ((rc = chunks_next(in, &piece, why)) == 0)
		for (size_t at = 0; chunks_line(&piece, &at, &record);)
			process_line(a, &scan, &record);
	chunks_close(in);
	scan_end(&scan);
	if (!a->second_time) {
		a->result->lines += scan.tally.lines;
		a->result->unparsed += scan.tally.unparsed;
	}
	return rc < 0 ? rc : 0;
}

/* Lines of the wrong user count neither as hostile nor as good. */
static void process_entry(struct backtest *a, struct scan *scan, struct record *record)
{
	char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES];
	struct rules_hit hits[RULES_HITS_MAX];
	size_t n = scan_entry(scan, record, hits);

	if (!record->parsed || record->cut)
		return;
	record->content = journal_text(record, text, sizeof text);
	process_hits(a, record, true, hits, n);
	if (a->options->good == a->options->rules)
		return;
	n = rules_match_all(a->good_scratch, record->line.program, record->line.message, false, hits);
	if (n > 0 && writers_may(&hits[0].rule->writers, record->uid))
		process_hits(a, record, false, hits, n);
}

static int read_journal(struct backtest *a, struct why *why)
{
	struct journal_entry entry;
	struct journal *journal;
	struct scan scan;
	int rc = journal_open(a->options->journal, &journal, why);

	if (rc < 0)
		return rc;
	scan_begin(&scan, a->scratch, clock_unix_s());
	scan.disabled = a->options->disabled;
	rc = journal_seek_time(journal, a->options->since_s, why);
	while (rc == 0 && (rc = journal_next(journal, &entry, why)) == 0)
		process_entry(a, &scan, &entry.record);
	journal_close(journal);
	scan_end(&scan);
	if (!a->second_time) {
		a->result->lines += scan.tally.lines;
		a->result->unparsed += scan.tally.unparsed;
	}
	return rc < 0 ? rc : 0;
}

static int read_all(struct backtest *a, const struct dated *files, struct why *why)
{
	char *const bytes = alloc_raw(1, CHUNKS_SIZE + 1, "the backtest");
	int rc = 0;

	sessions_clear(a->sessions);
	sessions_clear(a->good_sessions);
	if (a->options->journal != NULL)
		rc = read_journal(a, why);
	for (size_t i = 0; i < a->options->n_files && rc == 0; i++)
		rc = read_file(a, files[i].path, bytes, why);
	free(bytes);
	return rc;
}

int backtest_run(const struct backtest_options *options, struct backtest_result *ret, struct why *why)
{
	struct backtest a = {.options = options,
	                     .result = ret,
	                     .scratch = rules_scratch_new(options->rules),
	                     .good_scratch = rules_scratch_new(options->good),
	                     .sessions = sessions_new(),
	                     .good_sessions = sessions_new(),
	                     .verdict = verdict_of(options->config)};
	struct dated *const files = alloc_zero(options->n_files + 1, sizeof *files, "the backtest");
	int rc;

	*ret = (struct backtest_result){.files = (int64_t)options->n_files};
	ret->rules = alloc_zero(rules_count(options->rules) + 1, sizeof *ret->rules, "the backtest");
	dated_files(options->files, options->n_files, 0, files);
	rc = read_all(&a, files, why);
	twalk_r(a.clients, sum_up, &a);
	a.second_time = true;
	if (rc == 0 && ret->n_collisions > 0)
		rc = read_all(&a, files, why);
	tdestroy(a.clients, free_client);
	verdict_free(a.verdict);
	free(files);
	sessions_free(a.sessions);
	sessions_free(a.good_sessions);
	rules_scratch_free(a.scratch);
	rules_scratch_free(a.good_scratch);
	return rc;
}

void backtest_done(struct backtest_result *r)
{
	for (size_t i = 0; i < r->n_shown; i++) {
		free(r->shown[i].line);
		free(r->shown[i].good_line);
	}
	free(r->shown);
	free(r->rules);
	*r = (struct backtest_result){0};
}
