#include "pipeline/sharing_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "store/hits.h"

enum {
	QUEUE_MAX = 1 << 20, /* networks to be checked; any more are checked when the next message about them arrives */
	DAY_S = 24 * 3600,
};

struct sharing *sharing_new(struct store *store)
{
	struct sharing *const s = alloc_zero(1, sizeof *s, "what is shared");

	s->store = store;
	s->blocks.store = s->pending.store = store;
	shared_good_init(&s->good, store);
	return s;
}

void sharing_free(struct sharing *s)
{
	if (s == NULL)
		return;
	claims_free(s->claims);
	shared_blocks_done(&s->blocks);
	shared_claims_done(&s->pending);
	shared_good_done(&s->good);
	peers_done(&s->may);
	free(s->peers);
	free(s->queue);
	free(s);
}

static struct sharing_peer *find_peer(const struct sharing *s, struct span name)
{
	const struct peers_peer *const may = peers_find(&s->may, name);

	return may == NULL ? NULL : &s->peers[may - s->may.list];
}

struct sharing_peer *sharing_find(const struct sharing *s, const char *name)
{
	return find_peer(s, (struct span){name, strlen(name)});
}

unsigned sharing_number(const struct sharing *s, const struct sharing_peer *p)
{
	return (unsigned)(p - s->peers); /* below PEERS_MAX */
}

const struct store_peer *sharing_peer(const struct sharing *s, struct span name)
{
	const struct sharing_peer *const p = find_peer(s, name);

	return p == NULL ? NULL : &p->record;
}

/* --- networks to be checked again --- */

void sharing_queue(struct sharing *s, const struct net *net)
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
		sharing_queue(s, subject);
}

int sharing_settle(struct sharing *s, const struct sharing_on *on, const struct net *net, const char *ended_by,
                   int64_t now_s, struct why *why)
{
	struct store_claim_words words = {.rule = ""}; /* of one that is not stored */
	struct shared_blocks_origin origin = {.rule = words.rule, .category = words.category};
	unsigned peer;
	int rc = shared_blocks_settle(&s->blocks, on, net, NULL, ended_by, now_s, why);

	if (rc != SHARED_BLOCKS_WHOSE || !claims_newest(s->claims, net, now_s, &peer))
		return rc < 0 ? rc : 0;
	origin.peer = s->may.list[peer].name;
	if ((rc = store_find_claim(s->store, origin.peer, net, &words, why)) < 0)
		return rc;
	origin.offence = words.offence;
	return shared_blocks_settle(&s->blocks, on, net, &origin, ended_by, now_s, why);
}

int sharing_review(struct sharing *s, const struct sharing_on *on, int64_t now_s, struct why *why)
{
	const size_t end = s->n_queue - s->queue_at < SHARING_REVIEW ? s->n_queue : s->queue_at + SHARING_REVIEW;
	int rc = sharing_begin(s, why);

	for (size_t i = s->queue_at; i < end && rc == 0; i++)
		rc = sharing_settle(s, on, &s->queue[i], "no longer shared", now_s, why);
	rc = sharing_commit(s, rc, why);
	if (rc < 0)
		return rc;
	s->queue_at = end;
	if (s->queue_at == s->n_queue)
		s->queue_at = s->n_queue = 0;
	return 0;
}

/* --- from the database --- */

/* Learns from a peer's row how far the server's clock is ahead of ours. */
static void note_clock(struct sharing *s, const struct store_peer *peer)
{
	const int64_t sent_ms = strtoll(peer->stream, NULL, 10);

	if (sent_ms <= s->newest_ms)
		return;
	s->newest_ms = sent_ms;
	/* Round down: our unblock must not count as later than other hosts see it. */
	s->ahead_ms =
		sent_ms + peer->lag_ms - (peer->received_s * 1000 + 999) + clock_unix_s() * 1000 - clock_steady_ms();
}

static int load_peers(struct sharing *s, struct why *why)
{
	struct store_peer peer;
	const char *rule;
	int64_t resumed_s;
	int rc = store_peers(s->store, why);

	while (rc == 0 && (rc = store_next_peer(s->store, &peer, why)) == 0) {
		struct sharing_peer *const p = sharing_find(s, peer.name);

		if (p == NULL)
			continue;
		p->record = peer;
		note_clock(s, &peer);
	}
	if (rc == STORE_NONE)
		rc = store_suspensions(s->store, why);
	while (rc == 0 && (rc = store_next_suspension(s->store, &rule, &resumed_s, why)) == 0) {
		const size_t begin = strlen(SHARING_RULE_BEGIN);
		struct sharing_peer *const p =
			strncmp(rule, SHARING_RULE_BEGIN, begin) == 0 ? sharing_find(s, rule + begin) : NULL;

		if (p != NULL)
			p->is_suspended = resumed_s == 0;
	}
	return rc < 0 ? rc : 0;
}

static void load_claim(struct sharing *s, const struct store_claim *claim, int64_t now_s)
{
	const struct sharing_peer *const p = sharing_find(s, claim->peer);
	struct net ignored;

	if (claim->what == STORE_CLAIM_AMNESTY) {
		if (claim->peer[0] == '\0' || (p != NULL && (p->may->rights & PEERS_WHITE) != 0))
			(void)claims_pardon(s->claims, &claim->net, claim->sent_ms, claim->until_s, now_s, &ignored, 0);
		return;
	}
	if (p == NULL || p->is_suspended || (p->may->rights & PEERS_BLOCK) == 0 ||
	    claims_is_pardoned(s->claims, &claim->net, claim->sent_ms, now_s))
		return;
	(void)claims_put(s->claims,
	                 &(struct claims_claim){.net = claim->net,
	                                        .peer = sharing_number(s, p),
	                                        .weight = p->may->observe ? 0 : p->may->weight,
	                                        .until_s = claim->until_s,
	                                        .sent_ms = claim->sent_ms},
	                 now_s);
	sharing_queue(s, &claim->net);
}

static int load_claims(struct sharing *s, int64_t now_s, struct why *why)
{
	struct store_claim claim;
	uint64_t seed = 0;
	int rc;

	(void)!getrandom(&seed, sizeof seed, 0); /* 0 would work, but attackers could predict it */
	claims_free(s->claims);
	s->claims = s->blocks.claims = claims_new(seed);
	s->n_queue = s->queue_at = 0;
	rc = store_claims(s->store, now_s, why);
	while (rc == 0)
		if ((rc = store_next_claim(s->store, &claim, why)) == 0)
			load_claim(s, &claim, now_s);
	return rc < 0 ? rc : 0;
}

/* Queues the shared blocks: the claims may no longer suffice for them. */
static void queue_blocks(struct sharing *s, const struct sharing_on *on)
{
	struct block some[SHARING_REVIEW];
	uint32_t place = 0;

	do {
		const size_t n = reconcile_some(on->reconcile, &place, some, SHARING_REVIEW);

		for (size_t i = 0; i < n; i++)
			if (some[i].cause == BLOCK_SHARED)
				sharing_queue(s, &some[i].net);
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
		(void)snprintf(s->peers[i].record.name, sizeof s->peers[i].record.name, "%s", may.list[i].name);
		(void)snprintf(s->peers[i].record.stream, sizeof s->peers[i].record.stream, "0-0");
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
	shared_claims_clear(&s->pending);
	s->allowed = false;
	s->suspended = NULL;
	return store_begin(s->store, why);
}

int sharing_commit(struct sharing *s, int rc, struct why *why)
{
	if (rc == 0)
		rc = shared_claims_write(&s->pending, why);
	if (rc == 0)
		rc = shared_blocks_write(&s->blocks, why);
	for (size_t i = 0; i < s->may.n && rc == 0; i++)
		if (s->peers[i].is_dirty)
			rc = store_put_peer(s->store, &s->peers[i].record, why);
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

/* --- what is sent --- */

const struct elsewhere *sharing_elsewhere(const struct sharing *s)
{
	return s->good.elsewhere;
}

void sharing_sent(struct sharing *s, int64_t messages, int64_t now_s)
{
	s->sent += messages;
	s->reported_s = now_s;
}

void sharing_good(struct sharing *s, const struct verdict *verdict, size_t part, int64_t now_s,
                  struct sharing_part *ret)
{
	*ret = (struct sharing_part){.day = now_s / DAY_S};
	shared_good_part(&s->good, verdict, part, now_s, &ret->parts, &ret->known);
}

struct sharing_stat sharing_stat(const struct sharing *s)
{
	return (struct sharing_stat){s->sent, s->reported_s,
	                             (int64_t)elsewhere_count(s->good.elsewhere)}; /* below ELSEWHERE_MAX */
}

/* --- manual actions on this host --- */

void sharing_resumed(struct sharing *s, const char *rule)
{
	const size_t begin = strlen(SHARING_RULE_BEGIN);
	struct sharing_peer *const p =
		strncmp(rule, SHARING_RULE_BEGIN, begin) == 0 ? sharing_find(s, rule + begin) : NULL;

	if (p == NULL)
		return;
	p->is_suspended = false;
	p->in_minute = 0;
	p->n_good = 0;
}

void sharing_pardon(struct sharing *s, const struct store_claim *amnesty, int64_t now_s)
{
	struct net pardoned[SHARING_SOME];
	size_t n;

	do {
		n = claims_pardon(s->claims, &amnesty->net, amnesty->sent_ms, amnesty->until_s, now_s, pardoned,
		                  SHARING_SOME);
		for (size_t i = 0; i < n; i++)
			sharing_queue(s, &pardoned[i]);
	} while (n == SHARING_SOME);
}

int sharing_unblocked(struct sharing *s, const struct net *net, int64_t now_s, struct why *why)
{
	const int64_t clock_ms = clock_steady_ms() + s->ahead_ms;
	const struct store_claim amnesty = {.peer = "",
	                                    .what = STORE_CLAIM_AMNESTY,
	                                    .net = *net,
	                                    .since_s = now_s,
	                                    .until_s = now_s + SHARING_WHITE_S,
	                                    .sent_ms = clock_ms > s->newest_ms ? clock_ms : s->newest_ms};
	int rc;

	if (s->may.n == 0)
		return 0;
	if ((rc = sharing_begin(s, why)) == 0)
		rc = sharing_commit(s, store_put_claims(s->store, &amnesty, 1, why), why);
	if (rc == 0)
		sharing_pardon(s, &amnesty, now_s);
	return rc;
}
