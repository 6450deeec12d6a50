#include "intake.h"

/* A rule that blocked too many of the good: what it took of them is released, and it takes no more. */
static size_t suspend(const struct intake *in, const struct rule *rule, int64_t now_s)
{
	struct net nets[LEDGER_LIFTED_MAX];
	/* An index is below RULEFILE_RULES_MAX. */
	const size_t n = verdict_taken(in->verdict, (unsigned)rule->index, nets, LEDGER_LIFTED_MAX);

	for (size_t i = 0; i < n; i++)
		verdict_until(in->verdict, &nets[i], now_s);
	ledger_suspend(in->ledger, rule, now_s, nets, n);
	return n;
}

/* Somebody was greylisted: perhaps it is the second machine of a large sender. */
static void take_grey(const struct intake *in, const struct rules_hit *hit, int64_t time_s, int64_t now_s,
                      struct intake_result *ret)
{
	const int64_t until_s = now_s + in->config->allow.cluster_for_s;
	enum cluster_outcome outcome;

	if (until_s == now_s || verdict_is_allowed(in->verdict, &hit->address))
		return;
	outcome = cluster_attempt(in->cluster, in->verdict, &hit->address, hit->from, hit->to, hit->helo, time_s,
	                          &ret->cluster);
	if (outcome != CLUSTER_NOTHING && in->keeps_attempts)
		ledger_attempt(in->ledger, hit, time_s);
	if (outcome != CLUSTER_EARNED)
		return;
	verdict_allow_earned(in->verdict, &ret->cluster, until_s);
	ledger_allow(in->ledger, &ret->cluster, now_s, until_s);
	ret->earned = true;
}

void intake_expect(const struct intake *in, const struct rules_hit *hit, int64_t time_s, bool near)
{
	const struct net subject = verdict_expect(in->verdict, &hit->address, near);

	if (hit->score < 0 && !near)
		ledger_expect_good(in->ledger, &subject, time_s);
}

void intake_hit(const struct intake *in, const struct intake_line *line, int64_t now_s, struct rules_hit *hit,
                struct intake_result *ret)
{
	struct verdict_evidence evidence;

	ret->is_hit = ret->earned = false;
	ret->released = 0;
	if (hit->kind != RULES_KIND_HIT && sessions_resolve(in->sessions, line->host, line->time_s, hit) != RULES_HIT)
		return;
	if (hit->to.p != NULL && hit->helo.p != NULL)
		take_grey(in, hit, line->time_s, now_s, ret);
	evidence = (struct verdict_evidence){.addr = hit->address,
	                                     .name = hit->name,
	                                     .score = hit->score,
	                                     .time_s = line->time_s,
	                                     .rule = (unsigned)hit->rule->index}; /* below RULEFILE_RULES_MAX */
	verdict_hit(in->verdict, &evidence, &ret->decision);
	if (hit->score <= 0) { /* evidence for the good weighs, but is no hit */
		if (hit->score < 0 && ret->decision.outcome != VERDICT_ALLOWED)
			ledger_good(in->ledger, &ret->decision.subject, line->time_s, hit->score, ret->decision.counted);
		return;
	}
	ledger_hit(in->ledger, line->file, hit, line->time_s, line->offset, line->text, &ret->decision);
	ret->is_hit = true;
	if (ret->decision.outcome == VERDICT_QUARANTINE)
		ret->released = suspend(in, hit->rule, now_s);
}
