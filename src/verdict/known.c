/* Restores the state from the database at start (verdict.h), in the order of that part of the header. */
#include "verdict/verdict.h"

#include "verdict/evidence.h"
#include "verdict/state.h"

void verdict_known_good(struct verdict *v, const struct net *net, int64_t day)
{
	const struct net subject = net->len == 128 ? evidence_subject(v, &net->addr) : *net;

	if (v->policy.earn_days > 0 && day >= 0 && day <= v->now_s / CLIENTS_DAY_S)
		(void)evidence_note_good(v, &subject, (uint32_t)day); /* in range, above */
}

void verdict_known_resumed(struct verdict *v, unsigned rule, int64_t at_s)
{
	suspension_note_resumed(&v->suspension, rule, verdict_seconds(at_s), v->now_s);
}

void verdict_known_block(struct verdict *v, const struct block *b, unsigned rule)
{
	struct clients *const s = &v->clients;
	const uint32_t since_s = verdict_seconds(b->since_s);
	struct tracked *t = clients_find_or_add(s, &b->net, v->now_s);

	if (b->cause == BLOCK_EVIDENCE)
		clients_begin_offence(s, t, since_s);
	/* Set this for an ended block, too: the ports that it closed determine which hits during it counted. */
	t->lists = (uint8_t)(1U << b->list | (since_s < t->until_s ? t->lists : 0U));
	if (verdict_seconds(b->until_s) > t->until_s)
		t->until_s = verdict_seconds(b->until_s);
	if (b->cause != BLOCK_EVIDENCE)
		return;
	if (b->proven && (int64_t)since_s + SUSPENSION_S > v->now_s)
		suspension_note_match(&v->suspension, rule, &b->net, since_s, v->now_s);
	if (!ratelimit_holds(&v->ratelimit, v->now_s) && since_s / 60 == v->ratelimit.minute)
		v->ratelimit.in_minute++;
	if (since_s > clients_horizon(s, v->now_s) && network_counts(&v->policy, &b->net.addr)) {
		const struct net network = network_of(&b->net.addr);

		t = clients_find_or_add(s, &network, v->now_s);
		network_note(s, t, NETWORK_BLOCKED, &b->net.addr, since_s, 0);
	}
}

void verdict_known_login(struct verdict *v, uint64_t login, int64_t day)
{
	if (login != 0 && day > 0 && day <= v->now_s / CLIENTS_DAY_S)
		(void)logins_note(&v->weight.logins, login, (uint32_t)day); /* in range, above */
}

void verdict_known_hit(struct verdict *v, const struct verdict_evidence *e)
{
	const struct net subject = evidence_subject(v, &e->addr);
	const uint32_t at = evidence_time(v, e->time_s);
	struct score *repeats = NULL;
	struct tracked *t;

	if (verdict_is_allowed(v, &e->addr) || at <= evidence_horizon(v, e))
		return;
	if (e->score > 0) /* also for evidence that was used up later */
		(void)evidence_note_target(v, e, NETWORK_MOST);
	t = clients_find_or_add(&v->clients, &subject, v->now_s);
	/* It was used up, or came while a block closed the ports of its rule. */
	if (at < clients_last_offence(&v->clients, t) ||
	    (at < t->until_s && (t->lists >> evidence_list(v, e) & 1) != 0))
		return;
	if (e->score == 0)
		repeats = scores_repeated(&v->clients, t, scores_about(e->kind, e->account), at, v->now_s);
	evidence_add(v, t, e, e->score, repeats);
}

void verdict_known_spread(struct verdict *v, const struct net *subject)
{
	struct tracked *const t = clients_find(&v->clients, subject);

	if (t != NULL && !clients_is_network(&v->clients, t))
		scores_clear(&v->clients, t);
}

void verdict_known_spent(struct verdict *v, const struct verdict_evidence *e)
{
	const struct net subject = evidence_subject(v, &e->addr);

	verdict_known_spread(v, &subject);
	if (evidence_time(v, e->time_s) > clients_horizon(&v->clients, v->now_s))
		(void)evidence_note_target(v, e, 0);
}

void verdict_known_credit(struct verdict *v, const struct verdict_evidence *e)
{
	const struct net subject = evidence_subject(v, &e->addr);
	struct tracked *t;

	if (!verdict_is_allowed(v, &e->addr) && evidence_admit(v, &subject, e, true, &t) == VERDICT_COUNTED)
		evidence_add(v, t, e, e->score, NULL);
}
