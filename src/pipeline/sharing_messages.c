#include "pipeline/sharing_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "store/audit.h"
#include "store/hits.h"
#include "store/reputation.h"

enum { HOUR_S = 3600 };

/* --- refused messages --- */

static int refuse(struct sharing_peer *p, struct why *why, const char *what)
{
	p->record.refused++;
	(void)snprintf(p->record.refusal, sizeof p->record.refusal, "%s", what);
	(void)why_set(why, EPERM, "%s", what);
	return SHARING_REFUSED;
}

/* Suspends a peer and voids all its claims. Returns SHARING_REFUSED, or a database error. */
static int suspend(struct sharing *s, struct sharing_peer *p, const char *what, int64_t now_s, struct why *why)
{
	char rule[SHARING_RULE_MAX];
	struct net dropped[SHARING_SOME];
	size_t n;
	int rc = shared_claims_write(&s->pending, why);

	if (rc < 0)
		return rc;
	(void)snprintf(rule, sizeof rule, SHARING_RULE_BEGIN "%s", p->may->name);
	if ((rc = store_suspend(s->store, rule, now_s, what, why)) < 0 ||
	    (rc = store_remove_claims(s->store, p->may->name, why)) < 0 ||
	    (rc = shared_good_void(&s->good, p->may->name, &s->may, now_s, why)) < 0)
		return rc;
	do {
		n = claims_drop(s->claims, sharing_number(s, p), dropped, SHARING_SOME);
		for (size_t i = 0; i < n; i++)
			sharing_queue(s, &dropped[i]);
	} while (n == SHARING_SOME);
	p->is_suspended = true;
	s->suspended = p;
	(void)why_set(&s->suspended_why, EPERM, "%s", what);
	return refuse(p, why, what);
}

/* Counts a message. Returns true if the peer exceeds its limit for this minute. */
static bool is_too_fast(struct sharing_peer *p, const struct foreign *m)
{
	if (p->minute != m->sent_ms / 60000) {
		p->minute = m->sent_ms / 60000;
		p->in_minute = 0;
	}
	return ++p->in_minute > p->may->per_minute;
}

/* Counts a claim about a proven good client. Returns true if there were too many within an hour. */
static bool harms_good(struct sharing_peer *p, int64_t now_s)
{
	p->good_s[p->n_good++ % SHARING_GOOD_MAX] = now_s;
	return p->n_good >= SHARING_GOOD_MAX &&
	       p->good_s[p->n_good % SHARING_GOOD_MAX] > now_s - HOUR_S; /* the oldest of them */
}

static bool is_too_wide(const struct sharing_peer *p, const struct net *net)
{
	return addr_is_ip4(&net->addr) && net->len >= 96 ? net->len - 96U < p->may->prefix4
	                                                 : net->len < p->may->prefix6;
}

/* Returns how long ago it was sent, by the server's clock. If that clock went back, it counts as now. */
static int64_t age_s(const struct foreign *m)
{
	return m->clock_ms > m->sent_ms ? (m->clock_ms - m->sent_ms) / 1000 : 0;
}

/* --- messages --- */

static int64_t block_until(const struct sharing_on *on, const struct sharing_peer *p, const struct foreign *m,
                           int64_t now_s)
{
	const int64_t longest_s = verdict_duration(on->verdict, VERDICT_DURATIONS_MAX);
	int64_t for_s = m->for_s < p->may->longest_s ? m->for_s : p->may->longest_s;

	if (for_s > longest_s)
		for_s = longest_s;
	return now_s + for_s - age_s(m);
}

static int receive_block(struct sharing *s, const struct sharing_on *on, struct sharing_peer *p,
                         const struct foreign *m, int64_t now_s, struct why *why)
{
	const struct shared_blocks_origin origin = {p->may->name, m->rule, m->category, m->offence};
	const struct claims_claim claim = {.net = m->net,
	                                   .peer = sharing_number(s, p),
	                                   .weight = p->may->observe ? 0 : p->may->weight,
	                                   .until_s = block_until(on, p, m, now_s),
	                                   .sent_ms = m->sent_ms};
	int rc;

	if (claim.until_s <= now_s)
		return 0; /* it expired on its way */
	if (is_too_wide(p, &m->net))
		return refuse(p, why, "a block of a wider network than this peer may name");
	if (net_is_never(&m->net) || verdict_spares(on->verdict, &m->net))
		return refuse(p, why, "a block of what is never blocked here");
	if (claims_is_pardoned(s->claims, &m->net, m->sent_ms, now_s))
		return refuse(p, why, "a block from before somebody unblocked it");
	if (verdict_query(on->verdict, &m->net.addr).proven && harms_good(p, now_s))
		return suspend(s, p, "it blocked several clients within an hour that have proven good here", now_s,
		               why);
	if (!claims_put(s->claims, &claim, now_s))
		return refuse(p, why, "too many blocks of peers are active");
	rc = shared_claims_put(&s->pending,
	                       &(struct store_claim){.peer = p->may->name,
	                                             .what = STORE_CLAIM_HOSTILE,
	                                             .net = m->net,
	                                             .since_s = now_s,
	                                             .until_s = claim.until_s,
	                                             .sent_ms = m->sent_ms,
	                                             .offence = m->offence,
	                                             .rule = m->rule,
	                                             .category = m->category},
	                       why);
	return rc < 0 ? rc : shared_blocks_settle(&s->blocks, on, &m->net, &origin, "lifted", now_s, why);
}

static int receive_lift(struct sharing *s, const struct sharing_on *on, const struct sharing_peer *p,
                        const struct foreign *m, int64_t now_s, struct why *why)
{
	char by[SHARING_RULE_MAX + 16];
	int rc;

	if (!claims_remove(s->claims, sharing_number(s, p), &m->net))
		return 0;
	(void)snprintf(by, sizeof by, "lifted on %s", p->may->name);
	if ((rc = shared_claims_write(&s->pending, why)) < 0)
		return rc;
	rc = store_remove_claim(s->store, p->may->name, STORE_CLAIM_HOSTILE, &m->net, why);
	return rc < 0 ? rc : sharing_settle(s, on, &m->net, by, now_s, why);
}

static int receive_white(struct sharing *s, const struct sharing_on *on, const struct sharing_peer *p,
                         const struct foreign *m, int64_t now_s, struct why *why)
{
	const int64_t for_s = m->for_s < SHARING_WHITE_S ? m->for_s : SHARING_WHITE_S;
	const struct store_claim amnesty = {.peer = p->may->name,
	                                    .what = STORE_CLAIM_AMNESTY,
	                                    .net = m->net,
	                                    .since_s = now_s,
	                                    .until_s = now_s + for_s - age_s(m),
	                                    .sent_ms = m->sent_ms};
	char by[SHARING_RULE_MAX + 16], who[SHARING_RULE_MAX];
	int rc;

	if (amnesty.until_s <= now_s)
		return 0;
	(void)snprintf(by, sizeof by, "unblocked on %s", p->may->name);
	if ((rc = store_put_claims(s->store, &amnesty, 1, why)) < 0)
		return rc;
	(void)snprintf(who, sizeof who, "peer %s", p->may->name);
	if ((rc = audit_add(s->store, now_s - age_s(m), who, "unblock", &m->net, "", why)) < 0)
		return rc;
	sharing_pardon(s, &amnesty, now_s);
	verdict_forget(on->verdict, &m->net, now_s - age_s(m) + 1);
	return shared_blocks_end(&s->blocks, on, &m->net, now_s - age_s(m), by, now_s, why);
}

static int receive_own(struct sharing *s, const struct sharing_on *on, struct sharing_peer *p, const struct foreign *m,
                       int64_t now_s, struct why *why)
{
	const int64_t for_s = m->for_s < SHARING_OWN_S ? m->for_s : SHARING_OWN_S;
	char text[SHARING_RULE_MAX + 16];
	int64_t n = 0;
	int rc;

	if (m->net.len != 128)
		return refuse(p, why, "an address of its own that is a network");
	if (for_s <= age_s(m) || net_is_never(&m->net))
		return 0;
	(void)snprintf(text, sizeof text, "an address of %s", p->may->name);
	if ((rc = store_count_allowances(s->store, &m->net, "peer", text, now_s, &n, why)) < 0)
		return rc;
	if (n >= SHARING_OWN_MAX)
		return refuse(p, why, "more than 64 addresses of its own");
	rc = store_add_allowance(s->store, &m->net, now_s, now_s + for_s - age_s(m), "peer", text, why);
	if (rc < 0)
		return rc;
	verdict_allow_earned(on->verdict, &m->net, now_s + for_s - age_s(m));
	s->allowed = true;
	return 0;
}

static int receive_good(struct sharing *s, struct sharing_peer *p, const struct foreign *m, int64_t now_s,
                        struct why *why)
{
	const int64_t for_s = m->for_s < SHARED_GOOD_S ? m->for_s : SHARED_GOOD_S;
	struct why full;
	const int rc = shared_good_receive(&s->good, p->may->name, &m->known, now_s + for_s - age_s(m), now_s, why);

	if (rc <= 0)
		return rc;
	full = *why;
	return refuse(p, why, full.text);
}

static int receive_one(struct sharing *s, const struct sharing_on *on, struct sharing_peer *p, const struct foreign *m,
                       int64_t now_s, struct why *why)
{
	static const unsigned rights[] = {[FOREIGN_BLOCK] = PEERS_BLOCK,
	                                  [FOREIGN_LIFT] = PEERS_LIFT,
	                                  [FOREIGN_WHITE] = PEERS_WHITE,
	                                  [FOREIGN_OWN] = PEERS_BLOCK,
	                                  [FOREIGN_GOOD] = PEERS_GOOD};

	if (p->is_suspended)
		return refuse(p, why, "this peer is suspended");
	if (m->op == FOREIGN_WRONG)
		return suspend(s, p, m->text, now_s, why);
	if (m->op != FOREIGN_LIFT && is_too_fast(p, m))
		return suspend(s, p, "it sent more in a minute than its per_minute in the file of peers", now_s, why);
	if ((p->may->rights & rights[m->op]) == 0)
		return refuse(p, why, "a word that this peer has no right to");
	switch (m->op) {
	case FOREIGN_BLOCK:
		return receive_block(s, on, p, m, now_s, why);
	case FOREIGN_LIFT:
		return receive_lift(s, on, p, m, now_s, why);
	case FOREIGN_WHITE:
		return receive_white(s, on, p, m, now_s, why);
	case FOREIGN_OWN:
		return receive_own(s, on, p, m, now_s, why);
	case FOREIGN_GOOD:
		return receive_good(s, p, m, now_s, why);
	case FOREIGN_WRONG:
		break;
	}
	return 0; /* not reached: FOREIGN_WRONG was handled above */
}

/* Returns true for a message that was received before, or that was held back and is sent again. */
static bool is_known(const struct sharing_peer *p, const struct foreign *m)
{
	return m->era < p->record.era || (m->era == p->record.era && m->number <= p->record.number);
}

int sharing_receive(struct sharing *s, const struct sharing_on *on, const struct foreign *m, int64_t now_s,
                    struct why *why)
{
	struct sharing_peer *const p = sharing_find(s, m->peer);
	int rc;

	if (p == NULL) {
		(void)why_set(why, ENOENT, "no peer is named \"%s\" in %s", m->peer, on->config->share.peers);
		return SHARING_REFUSED;
	}
	s->ahead_ms = m->clock_ms - clock_steady_ms();
	if (m->sent_ms > s->newest_ms)
		s->newest_ms = m->sent_ms;
	memcpy(p->record.stream, m->stream, sizeof p->record.stream);
	p->is_dirty = true;
	if (m->op != FOREIGN_WRONG && is_known(p, m))
		return 0;
	if (m->op != FOREIGN_WRONG) {
		p->record.era = m->era;
		p->record.number = m->number;
	}
	p->record.received_s = now_s;
	p->record.lag_ms = m->clock_ms > m->sent_ms ? m->clock_ms - m->sent_ms : 0;
	rc = receive_one(s, on, p, m, now_s, why);
	p->record.accepted += rc == 0;
	return rc;
}
