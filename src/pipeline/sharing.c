#include "pipeline/sharing.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "config/peers.h"
#include "pipeline/shared_blocks.h"
#include "pipeline/shared_good.h"
#include "store/audit.h"
#include "store/hits.h"
#include "store/reputation.h"
#include "verdict/claims.h"

enum {
	QUEUE_MAX = 1 << 20, /* of networks to be looked at; of more, those that come last are looked at by the next message about them */
	HOUR_S = 3600,
	DROPPED_AT_ONCE = 1024,
};

static_assert((int)STORE_PEER_MAX == (int)PEERS_NAME_MAX && (int)STORE_STREAM_MAX == (int)FOREIGN_STREAM_MAX, "copied");
static_assert((int)PEERS_FULL == (int)CLAIMS_FULL, "weights of one scale");

struct peer {
	const struct peers_peer *may;
	struct store_peer heard;
	bool is_dirty;   /* heard is to be written */
	bool is_suspended;
	int64_t minute;  /* of the server's clock ... */
	unsigned in_minute; /* ... in which so many messages were sent */
	int64_t good_s[SHARING_GOOD_MAX]; /* when it last said that proven good clients are hostile */
	size_t n_good;
};

struct sharing {
	struct store *store;
	struct peers may;
	struct peer *peers; /* may.n, in the order of may */
	struct claims *claims;
	struct shared_blocks blocks;
	struct shared_good good;
	int64_t told, told_s; /* messages that others were told, and when that was heard last */
	int64_t ahead_ms;  /* the server's clock before clock_steady_ms, at least, when a peer was heard last ... */
	int64_t newest_ms; /* ... and what was said last, by that clock */
	size_t n_queue, queue_at, queue_cap;
	struct net *queue; /* to be looked at again */
	bool allowed;
	const struct peer *suspended; /* in this transaction */
	struct why suspended_why;
};

struct sharing *sharing_new(struct store *store)
{
	struct sharing *const s = alloc_zero(1, sizeof *s, "what is shared");

	s->store = store;
	s->blocks.store = store;
	shared_good_init(&s->good, store);
	return s;
}

void sharing_free(struct sharing *s)
{
	if (s == NULL)
		return;
	claims_free(s->claims);
	shared_blocks_done(&s->blocks);
	shared_good_done(&s->good);
	peers_done(&s->may);
	free(s->peers);
	free(s->queue);
	free(s);
}

bool sharing_is_on(const struct sharing *s)
{
	return s->may.n > 0;
}

static struct peer *find_peer(const struct sharing *s, struct span name)
{
	const struct peers_peer *const may = peers_find(&s->may, name);

	return may == NULL ? NULL : &s->peers[may - s->may.list];
}

static struct peer *find_named(const struct sharing *s, const char *name)
{
	return find_peer(s, (struct span){name, strlen(name)});
}

static unsigned number_of(const struct sharing *s, const struct peer *p)
{
	return (unsigned)(p - s->peers); /* below PEERS_MAX */
}

const struct store_peer *sharing_peer(const struct sharing *s, struct span name)
{
	const struct peer *const p = find_peer(s, name);

	return p == NULL ? NULL : &p->heard;
}

/* --- networks to be looked at again --- */

static void queue(struct sharing *s, const struct net *net)
{
	if (s->n_queue == QUEUE_MAX)
		return;
	if (s->n_queue == s->queue_cap) {
		s->queue_cap = s->queue_cap == 0 ? SHARING_REVIEW : 2 * s->queue_cap;
		s->queue = alloc_resize(s->queue, s->queue_cap, sizeof *s->queue, "what is shared");
	}
	s->queue[s->n_queue++] = *net;
}

bool sharing_reviews(const struct sharing *s)
{
	return s->queue_at < s->n_queue;
}

void sharing_note_hit(struct sharing *s, const struct net *subject, int64_t now_s)
{
	if (s->claims != NULL && claims_has(s->claims, subject, now_s))
		queue(s, subject);
}

/* The first peer there is: a block that begins again, after a restart or a lift, is no peer's own word. */
static struct shared_blocks_origin any_origin(const struct sharing *s)
{
	return (struct shared_blocks_origin){s->may.list[0].name, "", 0};
}

int sharing_review(struct sharing *s, const struct sharing_on *on, int64_t now_s, struct why *why)
{
	const size_t end = s->n_queue - s->queue_at < SHARING_REVIEW ? s->n_queue : s->queue_at + SHARING_REVIEW;
	int rc = sharing_begin(s, why);

	for (size_t i = s->queue_at; i < end && rc == 0; i++) {
		struct shared_blocks_origin origin = any_origin(s);

		rc = shared_blocks_settle(&s->blocks, on, &s->queue[i], &origin, "no longer shared", now_s, why);
	}
	rc = sharing_commit(s, rc, why);
	if (rc < 0)
		return rc;
	s->queue_at = end;
	if (s->queue_at == s->n_queue)
		s->queue_at = s->n_queue = 0;
	return 0;
}

/* --- from the database --- */

/* What the server's clock showed when that was heard. */
static void note_clock(struct sharing *s, const struct store_peer *heard)
{
	const int64_t said_ms = strtoll(heard->stream, NULL, 10);

	if (said_ms <= s->newest_ms)
		return;
	s->newest_ms = said_ms;
	/* Rather too little than too much: an unblock of ours must not count as later than others see it. */
	s->ahead_ms = said_ms + heard->lag_ms - (heard->heard_s * 1000 + 999) + clock_unix_s() * 1000 - clock_steady_ms();
}

static int load_peers(struct sharing *s, struct why *why)
{
	struct store_peer heard;
	const char *rule;
	int64_t resumed_s;
	int rc = store_peers(s->store, why);

	while (rc == 0 && (rc = store_next_peer(s->store, &heard, why)) == 0) {
		struct peer *const p = find_named(s, heard.name);

		if (p == NULL)
			continue;
		p->heard = heard;
		note_clock(s, &heard);
	}
	if (rc == STORE_NONE)
		rc = store_suspensions(s->store, why);
	while (rc == 0 && (rc = store_next_suspension(s->store, &rule, &resumed_s, why)) == 0) {
		const size_t begin = strlen(SHARING_RULE_BEGIN);
		struct peer *const p = strncmp(rule, SHARING_RULE_BEGIN, begin) == 0 ? find_named(s, rule + begin) : NULL;

		if (p != NULL)
			p->is_suspended = resumed_s == 0;
	}
	return rc < 0 ? rc : 0;
}

static void load_claim(struct sharing *s, const struct store_claim *claim, int64_t now_s)
{
	const struct peer *const p = find_named(s, claim->peer);
	struct net ignored;

	if (claim->what == STORE_CLAIM_AMNESTY) {
		if (claim->peer[0] == '\0' || (p != NULL && (p->may->rights & PEERS_WHITE) != 0))
			(void)claims_pardon(s->claims, &claim->net, claim->said_ms, claim->until_s, now_s, &ignored, 0);
		return;
	}
	if (p == NULL || p->is_suspended || (p->may->rights & PEERS_BLOCK) == 0 ||
	    claims_is_pardoned(s->claims, &claim->net, claim->said_ms, now_s))
		return;
	(void)claims_put(s->claims,
	                 &(struct claims_claim){.net = claim->net,
	                                        .peer = number_of(s, p),
	                                        .weight = p->may->observe ? 0 : p->may->weight,
	                                        .until_s = claim->until_s,
	                                        .said_ms = claim->said_ms},
	                 now_s);
	queue(s, &claim->net);
}

static int load_claims(struct sharing *s, int64_t now_s, struct why *why)
{
	struct store_claim claim;
	uint64_t seed = 0;
	int rc;

	(void)!getrandom(&seed, sizeof seed, 0); /* 0 works as well, but attackers know it */
	claims_free(s->claims);
	s->claims = s->blocks.claims = claims_new(seed);
	s->n_queue = s->queue_at = 0;
	rc = store_claims(s->store, now_s, why);
	while (rc == 0)
		if ((rc = store_next_claim(s->store, &claim, why)) == 0)
			load_claim(s, &claim, now_s);
	return rc < 0 ? rc : 0;
}

/* Blocks that nobody's word may be enough for now. */
static void queue_blocks(struct sharing *s, const struct sharing_on *on)
{
	struct block some[SHARING_REVIEW];
	uint32_t place = 0;

	do {
		const size_t n = reconcile_some(on->reconcile, &place, some, SHARING_REVIEW);

		for (size_t i = 0; i < n; i++)
			if (some[i].cause == BLOCK_SHARED)
				queue(s, &some[i].net);
	} while (place != 0);
}

int sharing_load(struct sharing *s, const struct sharing_on *on, int64_t now_s, struct why *why)
{
	struct shared_good_key key;
	struct peers may;
	int rc = shared_good_read_key(on->config->share.good_key, &key, why);

	if (rc < 0 || (rc = peers_read(on->config->share.peers, &may, why)) < 0)
		return rc;
	peers_done(&s->may);
	free(s->peers);
	s->may = may;
	s->peers = alloc_zero(may.n, sizeof *s->peers, "the peers");
	s->suspended = NULL;
	for (size_t i = 0; i < may.n; i++) {
		s->peers[i].may = &s->may.list[i];
		(void)snprintf(s->peers[i].heard.name, sizeof s->peers[i].heard.name, "%s", may.list[i].name);
		(void)snprintf(s->peers[i].heard.stream, sizeof s->peers[i].heard.stream, "0-0");
	}
	if ((rc = load_peers(s, why)) == 0)
		rc = load_claims(s, now_s, why);
	if (rc == 0)
		rc = shared_good_load(&s->good, &key, &s->may, now_s, why);
	if (rc == 0)
		queue_blocks(s, on);
	return rc;
}

/* --- a transaction --- */

int sharing_begin(struct sharing *s, struct why *why)
{
	shared_blocks_clear(&s->blocks);
	s->allowed = false;
	s->suspended = NULL;
	return store_begin(s->store, why);
}

int sharing_commit(struct sharing *s, int rc, struct why *why)
{
	for (size_t i = 0; i < s->may.n && rc == 0; i++)
		if (s->peers[i].is_dirty)
			rc = store_put_peer(s->store, &s->peers[i].heard, why);
	rc = store_finish(s->store, rc, why);
	if (rc < 0)
		shared_blocks_clear(&s->blocks);
	for (size_t i = 0; i < s->may.n && rc == 0; i++)
		s->peers[i].is_dirty = false;
	return rc;
}

size_t sharing_ended(const struct sharing *s, const struct block **ret)
{
	*ret = s->blocks.ended;
	return s->blocks.n_ended;
}

size_t sharing_begun(const struct sharing *s, const struct block **ret)
{
	*ret = s->blocks.begun;
	return s->blocks.n_begun;
}

const char *sharing_begun_by(const struct sharing *s, size_t block)
{
	return s->blocks.by[block];
}

bool sharing_allowed(const struct sharing *s)
{
	return s->allowed;
}

const char *sharing_suspended(const struct sharing *s, const char **ret_why)
{
	*ret_why = s->suspended_why.text;
	return s->suspended == NULL ? NULL : s->suspended->may->name;
}

/* --- what is wrong with a message --- */

static int refuse(struct peer *p, struct why *why, const char *what)
{
	p->heard.refused++;
	(void)snprintf(p->heard.refusal, sizeof p->heard.refusal, "%s", what);
	(void)why_set(why, EPERM, "%s", what);
	return SHARING_REFUSED;
}

/* All that it said is void. Returns SHARING_REFUSED, or an error of the database. */
static int suspend(struct sharing *s, struct peer *p, const char *what, int64_t now_s, struct why *why)
{
	char rule[SHARING_RULE_MAX];
	struct net dropped[DROPPED_AT_ONCE];
	size_t n;
	int rc;

	(void)snprintf(rule, sizeof rule, SHARING_RULE_BEGIN "%s", p->may->name);
	if ((rc = store_suspend(s->store, rule, now_s, what, why)) < 0 ||
	    (rc = store_remove_claims(s->store, p->may->name, why)) < 0 ||
	    (rc = shared_good_void(&s->good, p->may->name, &s->may, now_s, why)) < 0)
		return rc;
	do {
		n = claims_drop(s->claims, number_of(s, p), dropped, DROPPED_AT_ONCE);
		for (size_t i = 0; i < n; i++)
			queue(s, &dropped[i]);
	} while (n == DROPPED_AT_ONCE);
	p->is_suspended = true;
	s->suspended = p;
	(void)why_set(&s->suspended_why, EPERM, "%s", what);
	return refuse(p, why, what);
}

void sharing_resumed(struct sharing *s, const char *rule)
{
	const size_t begin = strlen(SHARING_RULE_BEGIN);
	struct peer *const p = strncmp(rule, SHARING_RULE_BEGIN, begin) == 0 ? find_named(s, rule + begin) : NULL;

	if (p == NULL)
		return;
	p->is_suspended = false;
	p->in_minute = 0;
	p->n_good = 0;
}

/* True: one more than it may send in this minute. */
static bool is_too_fast(struct peer *p, const struct foreign *m)
{
	if (p->minute != m->said_ms / 60000) {
		p->minute = m->said_ms / 60000;
		p->in_minute = 0;
	}
	return ++p->in_minute > p->may->per_minute;
}

/* True: it said so of too many proven good clients within the hour. */
static bool harms_good(struct peer *p, int64_t now_s)
{
	p->good_s[p->n_good++ % SHARING_GOOD_MAX] = now_s;
	return p->n_good >= SHARING_GOOD_MAX && p->good_s[p->n_good % SHARING_GOOD_MAX] > now_s - HOUR_S; /* the oldest of them */
}

static bool is_too_wide(const struct peer *p, const struct net *net)
{
	return addr_is_ip4(&net->addr) && net->len >= 96 ? net->len - 96U < p->may->prefix4 : net->len < p->may->prefix6;
}

/* How long ago it was said, by the server's clock; one that went back counts as now. */
static int64_t age_s(const struct foreign *m)
{
	return m->clock_ms > m->said_ms ? (m->clock_ms - m->said_ms) / 1000 : 0;
}

/* --- messages --- */

static int64_t block_until(const struct sharing_on *on, const struct peer *p, const struct foreign *m, int64_t now_s)
{
	const int64_t longest_s = verdict_duration(on->verdict, VERDICT_DURATIONS_MAX);
	int64_t for_s = m->for_s < p->may->longest_s ? m->for_s : p->may->longest_s;

	if (for_s > longest_s)
		for_s = longest_s;
	return now_s + for_s - age_s(m);
}

static int take_block(struct sharing *s, const struct sharing_on *on, struct peer *p, const struct foreign *m, int64_t now_s,
                      struct why *why)
{
	const struct shared_blocks_origin origin = {p->may->name, m->category, m->offence};
	const struct claims_claim claim = {.net = m->net,
	                                   .peer = number_of(s, p),
	                                   .weight = p->may->observe ? 0 : p->may->weight,
	                                   .until_s = block_until(on, p, m, now_s),
	                                   .said_ms = m->said_ms};
	int rc;

	if (claim.until_s <= now_s)
		return 0; /* it was on its way for longer than it lasts */
	if (is_too_wide(p, &m->net))
		return refuse(p, why, "a block of a wider network than this peer may name");
	if (net_is_never(&m->net) || verdict_spares(on->verdict, &m->net))
		return refuse(p, why, "a block of what is never blocked here");
	if (claims_is_pardoned(s->claims, &m->net, m->said_ms, now_s))
		return refuse(p, why, "a block from before somebody unblocked it");
	if (verdict_query(on->verdict, &m->net.addr).proven && harms_good(p, now_s))
		return suspend(s, p, "it blocked several clients within an hour that have proven good here", now_s, why);
	if (!claims_put(s->claims, &claim, now_s))
		return refuse(p, why, "too many blocks of peers are active");
	rc = store_put_claim(s->store,
	                     &(struct store_claim){.peer = p->may->name,
	                                           .what = STORE_CLAIM_HOSTILE,
	                                           .net = m->net,
	                                           .since_s = now_s,
	                                           .until_s = claim.until_s,
	                                           .said_ms = m->said_ms,
	                                           .offence = m->offence,
	                                           .rule = m->rule,
	                                           .category = m->category},
	                     why);
	return rc < 0 ? rc : shared_blocks_settle(&s->blocks, on, &m->net, &origin, "lifted", now_s, why);
}

static int take_lift(struct sharing *s, const struct sharing_on *on, const struct peer *p, const struct foreign *m, int64_t now_s,
                     struct why *why)
{
	const struct shared_blocks_origin origin = any_origin(s);
	char by[SHARING_RULE_MAX + 16];
	int rc;

	if (!claims_remove(s->claims, number_of(s, p), &m->net))
		return 0;
	(void)snprintf(by, sizeof by, "lifted on %s", p->may->name);
	rc = store_remove_claim(s->store, p->may->name, STORE_CLAIM_HOSTILE, &m->net, why);
	return rc < 0 ? rc : shared_blocks_settle(&s->blocks, on, &m->net, &origin, by, now_s, why);
}

/* From the claims and from the database; their networks are looked at again. */
static void pardon(struct sharing *s, const struct store_claim *amnesty, int64_t now_s)
{
	struct net pardoned[DROPPED_AT_ONCE];
	size_t n;

	do {
		n = claims_pardon(s->claims, &amnesty->net, amnesty->said_ms, amnesty->until_s, now_s, pardoned, DROPPED_AT_ONCE);
		for (size_t i = 0; i < n; i++)
			queue(s, &pardoned[i]);
	} while (n == DROPPED_AT_ONCE);
}

static int take_white(struct sharing *s, const struct sharing_on *on, const struct peer *p, const struct foreign *m, int64_t now_s,
                      struct why *why)
{
	const int64_t for_s = m->for_s < SHARING_WHITE_S ? m->for_s : SHARING_WHITE_S;
	const struct store_claim amnesty = {.peer = p->may->name,
	                                    .what = STORE_CLAIM_AMNESTY,
	                                    .net = m->net,
	                                    .since_s = now_s,
	                                    .until_s = now_s + for_s - age_s(m),
	                                    .said_ms = m->said_ms};
	char by[SHARING_RULE_MAX + 16], who[SHARING_RULE_MAX];
	int rc;

	if (amnesty.until_s <= now_s)
		return 0;
	(void)snprintf(by, sizeof by, "unblocked on %s", p->may->name);
	if ((rc = store_put_claim(s->store, &amnesty, why)) < 0)
		return rc;
	(void)snprintf(who, sizeof who, "peer %s", p->may->name);
	if ((rc = audit_add(s->store, now_s - age_s(m), who, "unblock", &m->net, "", why)) < 0)
		return rc;
	pardon(s, &amnesty, now_s);
	verdict_forget(on->verdict, &m->net, now_s - age_s(m) + 1);
	return shared_blocks_end(&s->blocks, on, &m->net, now_s - age_s(m), by, now_s, why);
}

static int take_own(struct sharing *s, const struct sharing_on *on, struct peer *p, const struct foreign *m, int64_t now_s,
                    struct why *why)
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

static int take_good(struct sharing *s, struct peer *p, const struct foreign *m, int64_t now_s,
                     struct why *why)
{
	const int64_t for_s = m->for_s < SHARED_GOOD_S ? m->for_s : SHARED_GOOD_S;
	struct why full;
	const int rc =
	        shared_good_receive(&s->good, p->may->name, &m->known, now_s + for_s - age_s(m), now_s, why);

	if (rc <= 0)
		return rc;
	full = *why;
	return refuse(p, why, full.text);
}

static int take(struct sharing *s, const struct sharing_on *on, struct peer *p, const struct foreign *m, int64_t now_s, struct why *why)
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
		return take_block(s, on, p, m, now_s, why);
	case FOREIGN_LIFT:
		return take_lift(s, on, p, m, now_s, why);
	case FOREIGN_WHITE:
		return take_white(s, on, p, m, now_s, why);
	case FOREIGN_OWN:
		return take_own(s, on, p, m, now_s, why);
	case FOREIGN_GOOD:
		return take_good(s, p, m, now_s, why);
	case FOREIGN_WRONG:
		break;
	}
	return 0; /* not reached: WRONG was handled above */
}

/* A message that was there before, or that was kept back and is sent again. */
static bool is_known(const struct peer *p, const struct foreign *m)
{
	return m->era < p->heard.era || (m->era == p->heard.era && m->number <= p->heard.number);
}

int sharing_receive(struct sharing *s, const struct sharing_on *on, const struct foreign *m, int64_t now_s, struct why *why)
{
	struct peer *const p = find_named(s, m->peer);
	int rc;

	if (p == NULL) {
		(void)why_set(why, ENOENT, "no peer is named \"%s\" in %s", m->peer, on->config->share.peers);
		return SHARING_REFUSED;
	}
	s->ahead_ms = m->clock_ms - clock_steady_ms();
	if (m->said_ms > s->newest_ms)
		s->newest_ms = m->said_ms;
	memcpy(p->heard.stream, m->stream, sizeof p->heard.stream);
	p->is_dirty = true;
	if (m->op != FOREIGN_WRONG && is_known(p, m))
		return 0;
	if (m->op != FOREIGN_WRONG) {
		p->heard.era = m->era;
		p->heard.number = m->number;
	}
	p->heard.heard_s = now_s;
	p->heard.lag_ms = m->clock_ms > m->said_ms ? m->clock_ms - m->said_ms : 0;
	rc = take(s, on, p, m, now_s, why);
	p->heard.taken += rc == 0;
	return rc;
}

/* --- what is sent --- */

const struct elsewhere *sharing_elsewhere(const struct sharing *s)
{
	return s->good.elsewhere;
}

void sharing_told(struct sharing *s, int64_t messages, int64_t now_s)
{
	s->told += messages;
	s->told_s = now_s;
}

void sharing_good(struct sharing *s, const struct verdict *verdict, size_t part, int64_t now_s,
                  struct sharing_part *ret)
{
	*ret = (struct sharing_part){.day = now_s / (24 * HOUR_S)};
	shared_good_part(&s->good, verdict, part, now_s, &ret->parts, &ret->known);
}

struct sharing_stat sharing_stat(const struct sharing *s)
{
	return (struct sharing_stat){s->told, s->told_s,
	                             (int64_t)elsewhere_count(s->good.elsewhere)}; /* below ELSEWHERE_MAX */
}

/* --- by hand, here --- */

int sharing_unblocked(struct sharing *s, const struct net *net, int64_t now_s, struct why *why)
{
	const int64_t clock_ms = clock_steady_ms() + s->ahead_ms;
	const struct store_claim amnesty = {.peer = "",
	                                    .what = STORE_CLAIM_AMNESTY,
	                                    .net = *net,
	                                    .since_s = now_s,
	                                    .until_s = now_s + SHARING_WHITE_S,
	                                    .said_ms = clock_ms > s->newest_ms ? clock_ms : s->newest_ms};
	int rc;

	if (!sharing_is_on(s))
		return 0;
	if ((rc = sharing_begin(s, why)) == 0)
		rc = sharing_commit(s, store_put_claim(s->store, &amnesty, why), why);
	if (rc == 0)
		pardon(s, &amnesty, now_s);
	return rc;
}
