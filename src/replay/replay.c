#include "replay/replay.h"

#include <stdlib.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "pipeline/restore.h"
#include "replay/state.h"
#include "rules/sessions.h"
#include "store/hits.h"
#include "verdict/greylist.h"

enum { INDEX_SLICE = 1 << 18 }; /* hits indexed in one transaction */

bool replay_is_stopped(const struct replay *r)
{
	return r->options->stop != NULL && *r->options->stop;
}

/* --- a rule match in a line --- */

/* Restores what the database knows from before the first line that matches. Nothing is being written yet. */
static int remember(struct replay *r, int64_t time_s, struct why *why)
{
	const struct replay_options *const o = r->options;
	const int rc = restore_verdict(
		&(struct restore_from){
			.store = o->store, .config = o->config, .rules = o->rules, .allowlist = r->allowlist},
		time_s, &r->decide.verdict, why);

	return rc < 0 ? rc : restore_cluster(o->store, r->decide.greylist, r->decide.verdict, time_s, why);
}

int replay_found(struct replay *r, const struct decide_line *line, struct rules_hit *hit, struct why *why)
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
			worst_note(&result->worst, &decided.decision.blocks[b], hit->rule);
		}
	result->by_rule[hit->rule->index]++;
	if (result->first_s == 0 || line->time_s < result->first_s)
		result->first_s = line->time_s;
	if (line->time_s > result->last_s)
		result->last_s = line->time_s;
	return 0;
}

int replay_write(struct replay *r, struct why *why)
{
	const int rc = writer_write(r->writer, why);

	r->decide.pending = writer_pending(r->writer);
	return rc;
}

/* --- all of it --- */

/* Creates everything that decides and stores. */
static void begin(struct replay *r)
{
	const struct replay_options *const o = r->options;

	r->decide.config = o->config;
	r->decide.keeps_attempts = o->keeps == PENDING_ALL;
	/* On two processors, a thread that only writes made a replay 7 % longer (12 pairs). */
	r->writer =
		writer_new(o->store, o->config->block.window_s, o->keeps, o->threads > 2 && o->keeps == PENDING_ALL);
	r->decide.pending = writer_pending(r->writer);
	/* 0 would work, but clients could predict it */
	(void)!getrandom(&r->addresses.seed, sizeof r->addresses.seed, 0);
	r->allowlist = allowlist_new(o->config);
	r->decide.greylist = greylist_new(0);
	r->decide.sessions = sessions_new();
	r->workers = workers_new(o->rules, o->threads);
}

static void end(struct replay *r)
{
	workers_free(r->workers);
	addrset_done(&r->addresses);
	writer_free(r->writer);
	sessions_free(r->decide.sessions);
	verdict_free(r->decide.verdict);
	allowlist_free(r->allowlist);
	greylist_free(r->decide.greylist);
}

/*
 * Indexes hits left by an older version, or by a process that was killed: otherwise one transaction would have to read
 * them all.
 */
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
	ret->stopped = replay_is_stopped(&r);
	end(&r);
	return rc;
}
