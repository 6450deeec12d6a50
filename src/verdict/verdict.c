#include "verdict/verdict.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "verdict/allowed.h"
#include "verdict/clients.h"
#include "verdict/network.h"
#include "verdict/ratelimit.h"
#include "verdict/suspension.h"

struct verdict {
	struct verdict_policy policy;
	uint32_t now_s;
	struct allowed allowed;
	struct clients clients;
	struct suspension suspension;
	struct ratelimit ratelimit;
};

static uint32_t seconds(int64_t time_s)
{
	return time_s < 0 ? 0 : time_s > UINT32_MAX ? UINT32_MAX : (uint32_t)time_s; /* clamped to fit */
}

struct verdict *verdict_new(const struct verdict_policy *policy)
{
	struct verdict *const v = alloc_zero(1, sizeof *v, "the verdict");

	assert(policy->threshold > 0 && policy->window_s > 0);
	assert(policy->n_for > 0 && policy->n_for <= VERDICT_DURATIONS_MAX);
	assert(policy->network_after <= VERDICT_NETWORK_MAX && policy->ip6_prefix <= 128);
	v->policy = *policy;
	if (v->policy.ip6_prefix == 0)
		v->policy.ip6_prefix = 128;
	clients_init(&v->clients, &v->policy);
	v->suspension.limit = policy->suspension;
	v->ratelimit.limit = policy->blocks_per_minute;
	return v;
}

void verdict_free(struct verdict *v)
{
	if (v == NULL)
		return;
	allowed_done(&v->allowed);
	clients_done(&v->clients);
	suspension_done(&v->suspension);
	free(v);
}

void verdict_at(struct verdict *v, int64_t now_s)
{
	v->now_s = seconds(now_s);
}

/* --- clients that are never blocked --- */

void verdict_allow(struct verdict *v, const struct net *nets, size_t n)
{
	allowed_set_nets(&v->allowed, nets, n);
}

void verdict_allow_names(struct verdict *v, const char *const globs[], size_t n)
{
	allowed_set_names(&v->allowed, globs, n);
}

void verdict_allow_earned(struct verdict *v, const struct net *net, int64_t until_s)
{
	allowed_earn(&v->allowed, net, seconds(until_s), v->now_s);
}

bool verdict_is_allowed(const struct verdict *v, const struct addr *addr)
{
	return allowed_has(&v->allowed, addr, v->now_s);
}

bool verdict_spares(const struct verdict *v, const struct net *net)
{
	return allowed_spares(&v->allowed, net, v->now_s);
}

/* --- rules under quarantine --- */

void verdict_suspend(struct verdict *v, unsigned rule, bool suspended)
{
	suspension_suspend(&v->suspension, rule, suspended, v->now_s);
}

bool verdict_is_suspended(const struct verdict *v, unsigned rule)
{
	return suspension_is_suspended(&v->suspension, rule);
}

size_t verdict_matched(const struct verdict *v, unsigned rule, struct net *out, size_t cap)
{
	return suspension_list(&v->suspension, rule, out, cap, v->now_s);
}

/* --- decisions --- */

/* A future time counts as now. */
static uint32_t no_later_than_now(const struct verdict *v, int64_t time_s)
{
	const uint32_t at = seconds(time_s);

	return at < v->now_s ? at : v->now_s;
}

/* The subject that addr's evidence adds to. */
static struct net subject_of(const struct verdict *v, const struct addr *addr)
{
	struct net net;

	if (v->policy.ip6_prefix == 128 || addr_is_ip4(addr))
		return net_of(addr);
	net = net_around(addr, v->policy.ip6_prefix);
	return verdict_spares(v, &net) ? net_of(addr) : net;
}

struct net verdict_expect(const struct verdict *v, const struct addr *addr, bool near)
{
	const struct net net = net_around(addr, addr_is_ip4(addr) ? 128 : v->policy.ip6_prefix);

	clients_fetch(&v->clients, &net, near);
	return net;
}

int64_t verdict_duration(const struct verdict *v, unsigned offence)
{
	const size_t i = offence == 0 ? 0 : offence - 1;

	return v->policy.for_s[i < v->policy.n_for ? i : v->policy.n_for - 1];
}

static int64_t threshold_of(const struct verdict *v, const struct tracked *t)
{
	return clients_is_proven(&v->clients, t, v->now_s) ? 2 * v->policy.threshold : v->policy.threshold;
}

/* Good evidence came on that day: once the subject is proven good, its network notes it too. */
static void note_good(struct verdict *v, const struct net *subject, uint32_t day)
{
	struct clients *const s = &v->clients;
	struct tracked *t = clients_find_or_add(s, subject, v->now_s);
	struct net network;

	clients_note_day(s, t, day);
	if (!clients_is_proven(s, t, v->now_s) || !network_counts(&v->policy, &subject->addr))
		return;
	network = network_of(&subject->addr);
	t = clients_find_or_add(s, &network, v->now_s);
	clients_note_day(s, t, day);
}

/* Notes a score; VERDICT_COUNTED when it counts, *ret is its subject. credit: a delivery or login, not a vote. */
static enum verdict_outcome note(struct verdict *v, const struct net *subject, int score, int64_t time_s,
                                 bool credit, struct tracked **ret)
{
	struct clients *const s = &v->clients;
	const uint32_t at = no_later_than_now(v, time_s);
	struct tracked *t;

	if (at <= clients_horizon(s, v->now_s))
		return VERDICT_HISTORY;
	t = clients_find_or_add(s, subject, v->now_s);
	if (t->until_s > v->now_s || at < t->until_s)
		return VERDICT_RUNNING;
	/* Credit is stored by the second: the order of credit and block within one second is unknown. */
	if (credit && at <= clients_last_offence(s, t))
		return VERDICT_RUNNING;
	clients_add_score(s, t, at, score, v->now_s);
	*ret = t;
	return VERDICT_COUNTED;
}

/* A subject was just blocked: perhaps its network is to be blocked, too. */
static void judge_network(struct verdict *v, const struct addr *addr, struct verdict_decision *ret)
{
	const struct net net = network_of(addr);
	struct tracked *const t = clients_find_or_add(&v->clients, &net, v->now_s);
	const uint32_t first_s = network_note(&v->clients.pool, t, addr, v->now_s, v->policy.network_after);
	const uint32_t until_s = first_s == 0 ? 0 : seconds(first_s + v->policy.window_s);

	if (until_s <= v->now_s || until_s <= t->until_s || clients_good_days(&v->clients, t, v->now_s) != 0 ||
	    verdict_spares(v, &net))
		return;
	ret->blocks[ret->n++] = (struct block){.net = net,
	                                               .since_s = v->now_s,
	                                               .until_s = until_s,
	                                               .offence = 1,
	                                               .cause = BLOCK_NETWORK,
	                                               .hits = v->policy.network_after,
	                                               .prolonged = t->until_s > v->now_s};
	t->until_s = until_s;
}

static void block(struct verdict *v, struct tracked *t, const struct verdict_evidence *e, struct verdict_decision *ret)
{
	struct clients *const s = &v->clients;
	const unsigned offence = clients_count_offences(s, t, v->now_s) + 1;
	const bool proven = clients_is_proven(s, t, v->now_s);
	const unsigned hits = clients_hits(s, t, v->now_s);

	clients_clear_scores(s, t);
	clients_begin_offence(s, t, v->now_s);
	t->until_s = seconds((int64_t)v->now_s + verdict_duration(v, offence));
	ret->outcome = VERDICT_BLOCK;
	ret->blocks[ret->n++] = (struct block){.net = ret->subject,
	                                               .since_s = v->now_s,
	                                               .until_s = t->until_s,
	                                               .offence = offence,
	                                               .cause = BLOCK_EVIDENCE,
	                                               .hits = hits,
	                                               .proven = proven};
	v->ratelimit.in_minute++;
	if (proven)
		suspension_note_match(&v->suspension, e->rule, &ret->subject, v->now_s, v->now_s);
	if (network_counts(&v->policy, &e->addr))
		judge_network(v, &e->addr, ret);
}

void verdict_hit(struct verdict *v, const struct verdict_evidence *e, struct verdict_decision *ret)
{
	struct clients *const s = &v->clients;
	struct tracked *t;

	*ret = (struct verdict_decision){.outcome = VERDICT_ALLOWED, .subject = net_of(&e->addr)};
	if (verdict_is_allowed(v, &e->addr) || allowed_has_name(&v->allowed, e->name))
		return;
	ret->subject = subject_of(v, &e->addr);
	ret->outcome = VERDICT_SUSPENDED;
	if (verdict_is_suspended(v, e->rule))
		return;
	if (e->score < 0 && e->rule != VERDICT_NO_RULE && v->policy.earn_days > 0) /* a vote is no delivery */
		note_good(v, &ret->subject, no_later_than_now(v, e->time_s) / CLIENTS_DAY_S);
	ret->outcome = note(v, &ret->subject, e->score, e->time_s, e->score < 0 && e->rule != VERDICT_NO_RULE, &t);
	ret->counted = ret->outcome == VERDICT_COUNTED;
	if (!ret->counted || e->score <= 0 || clients_sum(s, t, v->now_s) < threshold_of(v, t))
		return;
	if (ratelimit_holds(&v->ratelimit, v->now_s)) {
		ret->outcome = VERDICT_BRAKED;
		v->ratelimit.held++;
	} else if (clients_is_proven(s, t, v->now_s) &&
	           suspension_is_full(&v->suspension, e->rule, &ret->subject, v->now_s)) {
		clients_add_score(s, t, no_later_than_now(v, e->time_s), -e->score, v->now_s);
		ret->outcome = VERDICT_QUARANTINE;
		ret->counted = false;
		verdict_suspend(v, e->rule, true);
	} else {
		block(v, t, e, ret);
	}
}

/* --- manual --- */

static void forgive(struct verdict *v, struct tracked *t, uint32_t at_s)
{
	if (at_s > 0)
		clients_drop_scores(&v->clients, t, at_s - 1);
	if (t->until_s < at_s)
		t->until_s = at_s; /* as after a block: evidence older than its end does not count */
}

void verdict_forget(struct verdict *v, const struct net *net, int64_t at_s)
{
	struct clients *const s = &v->clients;
	struct tracked *t;

	if (net->len == 128) {
		const struct net subject = subject_of(v, &net->addr), network = network_of(&net->addr);

		forgive(v, clients_find_or_add(s, &subject, v->now_s), seconds(at_s));
		if (subject.len < 128 && (t = clients_find(s, net)) != NULL)
			forgive(v, t, seconds(at_s));
		if (network_counts(&v->policy, &net->addr) && (t = clients_find(s, &network)) != NULL)
			network_drop(&s->pool, t, &net->addr);
		return;
	}
	for (t = s->table; t < s->table + s->size; t++)
		if (t->used && t->len >= net->len && net_has(net, &t->addr))
			forgive(v, t, seconds(at_s));
}

void verdict_until(struct verdict *v, const struct net *net, int64_t until_s)
{
	struct tracked *const t = clients_find(&v->clients, net);

	if (t != NULL)
		t->until_s = seconds(until_s);
}

/* --- what is known from before --- */

void verdict_known_good(struct verdict *v, const struct net *net, int64_t day)
{
	const struct net subject = net->len == 128 ? subject_of(v, &net->addr) : *net;

	if (v->policy.earn_days > 0 && day >= 0 && day <= v->now_s / CLIENTS_DAY_S)
		note_good(v, &subject, (uint32_t)day); /* in range, above */
}

void verdict_known_resumed(struct verdict *v, unsigned rule, int64_t at_s)
{
	suspension_note_resumed(&v->suspension, rule, seconds(at_s), v->now_s);
}

void verdict_known_block(struct verdict *v, const struct block *b, unsigned rule)
{
	struct clients *const s = &v->clients;
	const uint32_t since_s = seconds(b->since_s);
	struct tracked *t = clients_find_or_add(s, &b->net, v->now_s);

	if (b->cause == BLOCK_EVIDENCE)
		clients_begin_offence(s, t, since_s);
	if (seconds(b->until_s) > t->until_s)
		t->until_s = seconds(b->until_s);
	if (b->cause != BLOCK_EVIDENCE)
		return;
	if (b->proven && (int64_t)since_s + SUSPENSION_S > v->now_s)
		suspension_note_match(&v->suspension, rule, &b->net, since_s, v->now_s);
	if (!ratelimit_holds(&v->ratelimit, v->now_s) && since_s / 60 == v->ratelimit.minute)
		v->ratelimit.in_minute++;
	if (since_s > clients_horizon(s, v->now_s) && network_counts(&v->policy, &b->net.addr)) {
		const struct net network = network_of(&b->net.addr);

		t = clients_find_or_add(s, &network, v->now_s);
		(void)network_note(&s->pool, t, &b->net.addr, since_s, v->policy.network_after);
	}
}

void verdict_known_hit(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	const struct net subject = subject_of(v, addr);
	struct tracked *ignored;

	if (!verdict_is_allowed(v, addr))
		(void)note(v, &subject, score, time_s, false, &ignored);
}

void verdict_known_spent(struct verdict *v, const struct addr *addr)
{
	const struct net subject = subject_of(v, addr);
	struct tracked *const t = clients_find(&v->clients, &subject);

	if (t != NULL)
		clients_clear_scores(&v->clients, t);
}

void verdict_known_credit(struct verdict *v, const struct addr *addr, int score, int64_t time_s)
{
	const struct net subject = subject_of(v, addr);
	struct tracked *ignored;

	if (!verdict_is_allowed(v, addr))
		(void)note(v, &subject, score, time_s, true, &ignored);
}

/* --- questions --- */

struct verdict_query verdict_query(const struct verdict *v, const struct addr *addr)
{
	struct verdict_query view = {.subject = subject_of(v, addr),
	                            .allowed = verdict_is_allowed(v, addr),
	                            .threshold = v->policy.threshold,
	                            .offence = 1};
	const struct tracked *const t = clients_find(&v->clients, &view.subject);

	if (t == NULL)
		return view;
	view.proven = clients_is_proven(&v->clients, t, v->now_s);
	view.score = clients_sum(&v->clients, t, v->now_s);
	view.threshold = threshold_of(v, t);
	view.offence = clients_count_offences(&v->clients, t, v->now_s) + 1;
	view.until_s = t->until_s > v->now_s ? t->until_s : 0;
	return view;
}

struct verdict_stat verdict_stat(const struct verdict *v)
{
	return (struct verdict_stat){.addresses = v->clients.n,
	                             .forgotten = v->clients.forgotten,
	                             .braked = v->ratelimit.held,
	                             .suspended = v->suspension.n_suspended,
	                             .earned = v->allowed.n_earned};
}
