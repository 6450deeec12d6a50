#include "verdict/verdict.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/alloc.h"
#include "verdict/evidence.h"
#include "verdict/state.h"

struct verdict *verdict_new(const struct verdict_policy *policy)
{
	struct verdict *const v = alloc_zero(1, sizeof *v, "the verdict");

	assert(policy->threshold > 0 && policy->window_s > 0);
	assert(policy->n_for > 0 && policy->n_for <= VERDICT_DURATIONS_MAX);
	assert(policy->network_after <= VERDICT_NETWORK_MAX && policy->ip6_prefix <= 128);
	assert(policy->account_addresses <= VERDICT_NETWORKS_MAX && (policy->slow == 0 || policy->slow_s > 0));
	v->policy = *policy;
	if (v->policy.ip6_prefix == 0)
		v->policy.ip6_prefix = 128;
	clients_init(&v->clients, &v->policy);
	v->suspension.limit = policy->suspension;
	v->ratelimit.limit = policy->blocks_per_minute;
	v->weight.accounts.limit = policy->account_addresses;
	v->weight.accounts.window_s = policy->window_s;
	v->weight.logins.kept_days = policy->login_days;
	return v;
}

void verdict_free(struct verdict *v)
{
	if (v == NULL)
		return;
	allowed_done(&v->allowed);
	clients_done(&v->clients);
	suspension_done(&v->suspension);
	weight_done(&v->weight);
	free(v);
}

void verdict_at(struct verdict *v, int64_t now_s)
{
	v->now_s = verdict_seconds(now_s);
}

void verdict_lists(struct verdict *v, const uint8_t *lists, size_t n)
{
	memset(v->lists, 0, sizeof v->lists);
	memcpy(v->lists, lists, n < VERDICT_RULES_MAX ? n : VERDICT_RULES_MAX);
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
	allowed_earn(&v->allowed, net, verdict_seconds(until_s), v->now_s);
}

bool verdict_is_allowed(const struct verdict *v, const struct addr *addr)
{
	return allowed_has(&v->allowed, addr, v->now_s);
}

bool verdict_spares(const struct verdict *v, const struct net *net)
{
	return allowed_spares(&v->allowed, net, v->now_s);
}

bool verdict_allows_all(const struct verdict *v, const struct net *net)
{
	return allowed_covers(&v->allowed, net, v->now_s);
}

uint64_t verdict_allowances(const struct verdict *v)
{
	return v->allowed.n_orders;
}

bool verdict_holds_good(const struct verdict *v, const struct net *net)
{
	const struct net network = network_of(&net->addr);
	const struct tracked *const t = clients_find(&v->clients, &network);

	return net->len < network.len || (t != NULL && clients_good_days(t, v->now_s) != 0);
}

void verdict_elsewhere(struct verdict *v, const struct elsewhere *elsewhere)
{
	v->elsewhere = elsewhere;
}

size_t verdict_proven(const struct verdict *v, size_t *place, struct net *out, size_t cap)
{
	const struct clients *const s = &v->clients;
	size_t n = 0;

	for (; *place < s->size && n < cap; ++*place) {
		const struct tracked *const t = &s->table[*place];

		if (t->used && t->len >= 64 && !clients_is_network(s, t) && clients_is_proven(s, t, v->now_s))
			out[n++] = (struct net){t->addr, (uint8_t)t->len}; /* len is as in struct net */
	}
	if (*place == s->size)
		*place = 0;
	return n;
}

/* --- suspended rules --- */

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

struct net verdict_expect(const struct verdict *v, const struct addr *addr, int score, enum verdict_expected when)
{
	const struct net net = net_around(addr, addr_is_ip4(addr) ? 128 : v->policy.ip6_prefix);

	clients_fetch(&v->clients, &net, when);
	if (score > 0 && network_adds_up(&v->policy, addr)) {
		const struct net network = network_of(addr);

		clients_fetch(&v->clients, &network, when);
	}
	return net;
}

int64_t verdict_duration(const struct verdict *v, unsigned offence)
{
	const size_t i = offence == 0 ? 0 : offence - 1;

	return v->policy.for_s[i < v->policy.n_for ? i : v->policy.n_for - 1];
}

static bool is_good_elsewhere(const struct verdict *v, const struct addr *addr)
{
	return v->elsewhere != NULL && elsewhere_has(v->elsewhere, addr, v->now_s);
}

/* Returns the factor of what a subject must reach. */
static unsigned threshold_factor(const struct verdict *v, const struct tracked *t)
{
	return clients_is_proven(&v->clients, t, v->now_s) || is_good_elsewhere(v, &t->addr) ? 2 : 1;
}

static void close_list(const struct verdict *v, struct tracked *t, uint8_t list)
{
	if (t->until_s <= v->now_s)
		t->lists = 0;
	t->lists = (uint8_t)(t->lists | 1U << list); /* list < PORTLISTS_MAX */
}

/* Returns true for a delivery or a login, false for a vote. */
static bool is_credit(const struct verdict_evidence *e)
{
	return e->score < 0 && e->rule != VERDICT_NO_RULE;
}

/*
 * Returns an upper limit of the scores of a client, for its network to record. While the client is blocked they sum up
 * to nothing, and when a long block ends they no longer count; unless the block is lifted.
 */
static unsigned most_of(const struct verdict *v, const struct tracked *t)
{
	const int64_t most = t->until_s >= v->now_s + v->policy.window_s ? 0 : scores_most(&v->clients, t, v->now_s);

	return most < NETWORK_MOST ? (unsigned)most : NETWORK_MOST;
}

static struct block *add_block(struct verdict *v, struct verdict_decision *ret, const struct block *block)
{
	assert(ret->n < VERDICT_BLOCKS_MAX);
	v->blocks[ret->n] = *block;
	return &v->blocks[ret->n++];
}

/* A subject was just blocked: blocks its network, too, if necessary. */
static void judge_network(struct verdict *v, const struct addr *addr, uint8_t list, struct verdict_decision *ret)
{
	const struct net net = network_of(addr);
	struct tracked *const t = clients_find_or_add(&v->clients, &net, v->now_s);
	uint32_t first_s, until_s;

	network_note(&v->clients, t, NETWORK_BLOCKED, addr, v->now_s, 0);
	first_s = network_nth(&v->clients, t, v->policy.network_after);
	until_s = first_s == 0 ? 0 : verdict_seconds(first_s + v->policy.window_s);
	if (until_s <= v->now_s || (until_s <= t->until_s && verdict_is_closed(v, t, list)) ||
	    clients_good_days(t, v->now_s) != 0 || verdict_spares(v, &net))
		return;
	(void)add_block(v, ret,
	                &(struct block){.net = net,
	                                .since_s = v->now_s,
	                                .until_s = until_s,
	                                .offence = 1,
	                                .cause = BLOCK_NETWORK,
	                                .list = list,
	                                .hits = v->policy.network_after,
	                                .prolonged = verdict_is_closed(v, t, list)});
	close_list(v, t, list);
	if (until_s > t->until_s)
		t->until_s = until_s;
}

/* Extends active blocks of other ports to the end of the block that begins. */
static void prolong(struct verdict *v, const struct tracked *t, const struct block *begun, struct verdict_decision *ret)
{
	struct block other = *begun;

	other.prolonged = true;
	for (other.list = 0; other.list < PORTLISTS_MAX; other.list++)
		if (verdict_is_closed(v, t, other.list))
			(void)add_block(v, ret, &other);
}

/*
 * Returns the duration of a block: at least what its own evidence demands. Evidence of another client of its network
 * demands nothing.
 */
static int64_t block_duration(const struct verdict *v, const struct block *b, const struct verdict_evidence *e)
{
	const int64_t for_s = verdict_duration(v, b->offence);

	return b->spread || for_s >= e->for_s ? for_s : e->for_s;
}

/* Blocks a subject. spread: because of its network. */
static void block(struct verdict *v, struct tracked *t, const struct verdict_evidence *e, bool spread,
                  struct verdict_decision *ret)
{
	struct clients *const s = &v->clients;
	const struct block new = {.net = {t->addr, (uint8_t)t->len},
	                          .since_s = v->now_s,
	                          .offence = clients_count_offences(s, t, v->now_s) + 1,
	                          .cause = BLOCK_EVIDENCE,
	                          .list = spread ? v->policy.spread_list : evidence_list(v, e),
	                          .hits = scores_hits(s, t, v->now_s),
	                          .proven = clients_is_proven(s, t, v->now_s),
	                          .spread = spread};
	struct block *const b = add_block(v, ret, &new);
	uint32_t until_s;

	scores_clear(s, t);
	clients_begin_offence(s, t, v->now_s);
	until_s = verdict_seconds((int64_t)v->now_s + block_duration(v, b, e));
	b->until_s = until_s > t->until_s ? until_s : t->until_s;
	prolong(v, t, b, ret);
	close_list(v, t, new.list);
	t->until_s = verdict_seconds(b->until_s);
	ret->outcome = VERDICT_BLOCK;
	v->ratelimit.in_minute++;
	if (b->proven)
		suspension_note_match(&v->suspension, e->rule, &b->net, v->now_s, v->now_s);
	if (network_counts(&v->policy, &b->net.addr))
		judge_network(v, &new.net.addr, evidence_list(v, e), ret);
}

/*
 * Writes the clients of the network whose scores count now, the latest first, at most VERDICT_NETWORK_MAX. Returns how
 * many; *ret_sum: the sum of their scores.
 */
static size_t clients_of(struct verdict *v, const struct tracked *network, struct net out[static VERDICT_NETWORK_MAX],
                         int64_t *ret_sum)
{
	const struct clients *const s = &v->clients;
	struct network *const hits = network_at(s, network);
	size_t n = 0;

	*ret_sum = 0;
	for (unsigned i = hits->n_hits; i-- > 0;) {
		struct member *const member = &hits->members[i];
		const struct net net = network_client(&v->policy, network, member);
		const struct tracked *t;
		int64_t sum;

		if (member->most == 0)
			continue;
		t = clients_find(s, &net);
		sum = t == NULL || t->until_s > v->now_s ? 0 : scores_sum(s, t, v->now_s);
		member->most = t == NULL ? 0 : (uint16_t)most_of(v, t); /* 0..NETWORK_MOST */
		if (sum <= 0)
			continue;
		*ret_sum += sum;
		out[n++] = net;
	}
	return n;
}

static bool is_among(const struct net *clients, size_t n, const struct net *subject)
{
	while (n > 0 && !addr_equal(&clients[n - 1].addr, &subject->addr))
		n--;
	return n > 0;
}

/*
 * A hit counted but was not enough for its subject: blocks all clients of its network if their scores together are
 * enough.
 */
static void judge_spread(struct verdict *v, const struct tracked *network, const struct verdict_evidence *e,
                         struct verdict_decision *ret)
{
	const struct net net = {network->addr, (uint8_t)network->len};
	const uint32_t horizon_s = clients_horizon(&v->clients, v->now_s);
	struct net clients[VERDICT_NETWORK_MAX];
	int64_t sum;
	size_t n;

	/* Usually this is clear without looking at the clients. */
	if (clients_good_days(network, v->now_s) != 0 ||
	    network_recent(&v->clients, network, horizon_s, &sum) < VERDICT_NETWORK_MIN ||
	    sum < v->policy.network_threshold)
		return;
	n = clients_of(v, network, clients, &sum);
	/* If the client is not among them, because its evidence came too late, nothing follows. */
	if (n < VERDICT_NETWORK_MIN || sum < v->policy.network_threshold || !is_among(clients, n, &ret->subject) ||
	    verdict_spares(v, &net))
		return;
	if (ratelimit_holds(&v->ratelimit, v->now_s)) {
		ret->outcome = VERDICT_BRAKED;
		v->ratelimit.held++;
		return;
	}
	for (size_t i = 0; i < n; i++) {
		/* Blocking the previous one may have moved it. */
		struct tracked *const t = clients_find(&v->clients, &clients[i]);

		if (t != NULL)
			block(v, t, e, true, ret);
	}
}

/* Returns true if the evidence is enough for a block; sum: of the scores of t. */
static bool is_enough(const struct verdict *v, const struct tracked *t, int64_t sum, const struct verdict_evidence *e)
{
	const unsigned times = threshold_factor(v, t);

	return sum >= times * v->policy.threshold ||
	       (e->kind == VERDICT_LOGIN &&
	        weight_is_slow(&v->weight, &v->clients, t, times * v->policy.slow, v->now_s));
}

/* Decides what follows from a hit of t that counts for ret->score. */
static void judge(struct verdict *v, struct tracked *t, const struct verdict_evidence *e, struct verdict_decision *ret)
{
	const int64_t sum = scores_sum(&v->clients, t, v->now_s);
	const bool enough = is_enough(v, t, sum, e), counts = sum > 0 && t->until_s <= v->now_s;
	unsigned most = 0; /* a block uses up all scores */
	const struct tracked *network;

	if (enough && ratelimit_holds(&v->ratelimit, v->now_s)) {
		ret->outcome = VERDICT_BRAKED;
		v->ratelimit.held++;
		most = most_of(v, t);
	} else if (enough && clients_is_proven(&v->clients, t, v->now_s) &&
	           suspension_is_full(&v->suspension, e->rule, &ret->subject, v->now_s)) {
		evidence_add(v, t, e, -ret->score, NULL);
		ret->outcome = VERDICT_QUARANTINE;
		ret->counted = false;
		verdict_suspend(v, e->rule, true);
		return;
	} else if (enough) {
		block(v, t, e, false, ret);
	} else {
		most = most_of(v, t);
	}
	network = evidence_note_target(v, e, most);
	if (!enough && counts && network != NULL)
		judge_spread(v, network, e, ret);
}

static void note_login(struct verdict *v, const struct verdict_evidence *e, uint32_t day, struct verdict_decision *ret)
{
	const uint64_t key = logins_key(&ret->subject, e->account);

	if (logins_note(&v->weight.logins, key, day))
		ret->login = key;
}

void verdict_hit(struct verdict *v, const struct verdict_evidence *e, struct verdict_decision *ret)
{
	const uint32_t at = evidence_time(v, e->time_s);
	struct tracked *t;
	struct score *repeats;

	*ret = (struct verdict_decision){.outcome = VERDICT_ALLOWED, .subject = net_of(&e->addr), .blocks = v->blocks};
	if (verdict_is_allowed(v, &e->addr) || allowed_has_name(&v->allowed, e->name))
		return;
	ret->subject = evidence_subject(v, &e->addr);
	ret->outcome = VERDICT_SUSPENDED;
	if (verdict_is_suspended(v, e->rule))
		return;
	if (is_credit(e) && v->policy.earn_days > 0) /* a vote is not a delivery */
		ret->opens = evidence_note_good(v, &ret->subject, at / CLIENTS_DAY_S);
	if (is_credit(e) && e->kind == VERDICT_LOGIN && e->account != ACCOUNT_NONE)
		note_login(v, e, at / CLIENTS_DAY_S, ret);
	ret->outcome = evidence_admit(v, &ret->subject, e, is_credit(e), &t);
	ret->counted = ret->outcome == VERDICT_COUNTED;
	if (!ret->counted)
		return;
	ret->score = weight_of(&v->weight, &v->clients, t, e, at, v->now_s, &ret->weight, &repeats);
	evidence_add(v, t, e, ret->score, repeats);
	if (ret->score > 0)
		judge(v, t, e, ret);
}

/* --- operator actions --- */

static void forget_evidence(struct verdict *v, struct tracked *t, uint32_t at_s)
{
	if (clients_is_network(&v->clients, t)) {
		network_forget(&v->clients, t, at_s);
	} else if (at_s > 0) {
		scores_drop(&v->clients, t, at_s - 1);
	}
	if (t->until_s < at_s) {
		t->until_s = at_s; /* as after a block: evidence older than its end does not count */
		t->lists = 0xFF;   /* for any ports */
	}
}

void verdict_forget(struct verdict *v, const struct net *net, int64_t at_s)
{
	struct clients *const s = &v->clients;
	struct tracked *t;

	if (net->len == 128) {
		const struct net subject = evidence_subject(v, &net->addr), network = network_of(&net->addr);

		forget_evidence(v, clients_find_or_add(s, &subject, v->now_s), verdict_seconds(at_s));
		if (subject.len < 128 && (t = clients_find(s, net)) != NULL)
			forget_evidence(v, t, verdict_seconds(at_s));
		if (network_counts(&v->policy, &net->addr) && (t = clients_find(s, &network)) != NULL)
			network_drop(s, t, &net->addr);
		return;
	}
	for (t = s->table; t < s->table + s->size; t++)
		if (t->used && t->len >= net->len && net_has(net, &t->addr))
			forget_evidence(v, t, verdict_seconds(at_s));
}

void verdict_until(struct verdict *v, const struct net *net, int64_t until_s)
{
	struct tracked *const t = clients_find(&v->clients, net), *network;
	const struct net around = network_of(&net->addr);

	if (t == NULL)
		return;
	if (verdict_seconds(until_s) < t->until_s && (network = clients_find(&v->clients, &around)) != NULL &&
	    network != t)
		network_raise(&v->clients, network, &net->addr);
	t->until_s = verdict_seconds(until_s);
}

/* --- queries --- */

int64_t verdict_memory_s(const struct verdict_policy *policy)
{
	return policy->slow > 0 && policy->slow_s > policy->window_s ? policy->slow_s : policy->window_s;
}

struct net verdict_network(const struct addr *addr)
{
	return network_of(addr);
}

struct verdict_query verdict_query(const struct verdict *v, const struct addr *addr)
{
	struct verdict_query view = {.subject = evidence_subject(v, addr),
	                             .allowed = verdict_is_allowed(v, addr),
	                             .elsewhere = is_good_elsewhere(v, addr),
	                             .offence = 1};
	const struct tracked *const t = clients_find(&v->clients, &view.subject);

	view.threshold = (view.elsewhere ? 2 : 1) * v->policy.threshold;
	if (t == NULL)
		return view;
	view.proven = clients_is_proven(&v->clients, t, v->now_s);
	view.score = scores_sum(&v->clients, t, v->now_s);
	view.threshold = threshold_factor(v, t) * v->policy.threshold;
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
