#include "verdict/evidence.h"

#include "verdict/state.h"

uint32_t evidence_time(const struct verdict *v, int64_t time_s)
{
	const uint32_t at = verdict_seconds(time_s);

	return at < v->now_s ? at : v->now_s;
}

struct net evidence_subject(const struct verdict *v, const struct addr *addr)
{
	struct net net;

	if (v->policy.ip6_prefix == 128 || addr_is_ip4(addr))
		return net_of(addr);
	net = net_around(addr, v->policy.ip6_prefix);
	return verdict_spares(v, &net) ? net_of(addr) : net;
}

uint8_t evidence_list(const struct verdict *v, const struct verdict_evidence *e)
{
	return e->rule == VERDICT_NO_RULE ? e->list : v->lists[e->rule];
}

uint32_t evidence_horizon(const struct verdict *v, const struct verdict_evidence *e)
{
	const int64_t kept_s =
		e->kind == VERDICT_LOGIN && e->score > 0 ? verdict_memory_s(&v->policy) : v->policy.window_s;

	return v->now_s > kept_s ? v->now_s - (uint32_t)kept_s : 0; /* 0..now_s */
}

enum verdict_outcome evidence_admit(struct verdict *v, const struct net *subject, const struct verdict_evidence *e,
                                    bool credit, struct tracked **ret)
{
	struct clients *const s = &v->clients;
	const uint32_t at = evidence_time(v, e->time_s);
	struct tracked *t;

	if (at <= evidence_horizon(v, e))
		return VERDICT_HISTORY;
	t = clients_find_or_add(s, subject, v->now_s);
	if (t->until_s > v->now_s && e->score > 0 && !verdict_is_closed(v, t, evidence_list(v, e))) {
		if (at < clients_last_offence(s, t))
			return VERDICT_RUNNING;
	} else if (t->until_s > v->now_s || at < t->until_s) {
		return VERDICT_RUNNING;
	}
	/* Credit is stored by the second: within one second the order of credit and block is unknown. */
	if (credit && at <= clients_last_offence(s, t))
		return VERDICT_RUNNING;
	*ret = t;
	return VERDICT_COUNTED;
}

void evidence_add(struct verdict *v, struct tracked *t, const struct verdict_evidence *e, int score,
                  struct score *repeats)
{
	if (score != 0 || repeats == NULL)
		scores_add(&v->clients, t, evidence_time(v, e->time_s), score, scores_about(e->kind, e->account),
		           v->now_s);
	else
		scores_repeat(repeats);
}

/* Returns true if networks of this kind are judged, so that their good days are needed. */
static bool is_network_judged(const struct verdict *v, const struct addr *addr)
{
	return network_counts(&v->policy, addr) || network_adds_up(&v->policy, addr);
}

bool evidence_note_good(struct verdict *v, const struct net *subject, uint32_t day)
{
	struct clients *const s = &v->clients;
	struct tracked *t = clients_find_or_add(s, subject, v->now_s);
	struct net network;

	clients_note_day(t, day);
	if (!clients_is_proven(s, t, v->now_s) || !is_network_judged(v, &subject->addr))
		return false;
	network = network_of(&subject->addr);
	t = clients_find_or_add(s, &network, v->now_s);
	clients_note_day(t, day);
	return t->until_s > v->now_s && clients_good_days(t, v->now_s) != 0;
}

struct tracked *evidence_note_target(struct verdict *v, const struct verdict_evidence *e, unsigned most)
{
	const uint32_t at = evidence_time(v, e->time_s);
	const struct net network = network_of(&e->addr);
	struct tracked *t;

	if (e->kind == VERDICT_LOGIN)
		accounts_note(&v->weight.accounts, e->account, &e->addr, at, v->now_s);
	if (!network_adds_up(&v->policy, &e->addr))
		return NULL;
	t = clients_find_or_add(&v->clients, &network, v->now_s);
	network_note(&v->clients, t, NETWORK_HITS, &e->addr, at, most);
	return t;
}
