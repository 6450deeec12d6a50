#include "pipeline/pending_good.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/reputation.h"
#include "store/retention.h"

enum {
	DAY_S = 86400,
	PLACES = 2 * PENDING_GOOD_MAX,
	EVIDENCE_MAX = 1 << 12, /* rows per statement; each statement keeps a copy of the pages that it changes */
	CREDIT_SLICE = 1 << 20, /* seconds of credit that a replay removes at once; large enough for all */
};

/* The evidence about one net on one day; half a cache line. */
struct noted_good {
	struct net net;
	bool used;
	uint32_t times;
	int64_t last_s;
};

/* A piece of evidence that counts. */
struct noted_credit {
	uint32_t good; /* index in list */
	int32_t score;
	int64_t time_s;
	uint32_t account; /* of a login, or ACCOUNT_NONE */
};

void pending_good_done(struct pending_good *g)
{
	free(g->list);
	free(g->credit);
	free(g->evidence);
	free(g->logins);
}

static size_t home_of(const struct net *net, int64_t day)
{
	return addr_hash(&net->addr, (uint64_t)day) % PLACES;
}

static size_t place_of(const struct pending_good *g, const struct net *net, int64_t day)
{
	size_t i = home_of(net, day);

	while (g->list[i].used && !(addr_equal(&g->list[i].net.addr, &net->addr) && g->list[i].net.len == net->len &&
	                            g->list[i].last_s / DAY_S == day))
		i = (i + 1) % PLACES;
	return i;
}

void pending_good_expect(const struct pending_good *g, const struct net *subject, int64_t time_s)
{
	if (g->list != NULL)
		__builtin_prefetch(&g->list[home_of(subject, time_s / DAY_S)], 1);
}

/* Drops deferred evidence from before the last window, which no longer counts. */
static void age_credit(struct pending_good *g, int64_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < g->n_credit; i++)
		if (g->credit[i].time_s > now_s - g->window_s)
			g->credit[n++] = g->credit[i];
	g->n_credit = n;
}

void pending_good_note(struct pending_good *g, const struct net *subject, uint32_t account, int64_t time_s, int score,
                       bool counted)
{
	struct noted_good *noted;
	size_t place;

	if (g->mode == PENDING_GOOD_DROPPED)
		return;
	if (g->list == NULL) {
		g->list = alloc_zero(PLACES, sizeof *g->list, "evidence for the good");
		g->credit = alloc_zero(PENDING_CREDIT_MAX, sizeof *g->credit, "evidence for the good");
		g->evidence = alloc_zero(EVIDENCE_MAX, sizeof *g->evidence, "evidence for the good");
	}
	assert(g->n < PENDING_GOOD_MAX && g->n_credit < PENDING_CREDIT_MAX);
	place = place_of(g, subject, time_s / DAY_S);
	noted = &g->list[place];
	if (!noted->used) {
		*noted = (struct noted_good){.net = *subject, .used = true, .last_s = time_s};
		g->n++;
	}
	noted->times++;
	if (time_s > noted->last_s)
		noted->last_s = time_s;
	if (counted && time_s > g->credit_s)
		g->credit_s = time_s;
	if (counted)
		g->credit[g->n_credit++] =
			(struct noted_credit){(uint32_t)place, score, time_s, account}; /* < PLACES */
	if (g->n_credit == PENDING_CREDIT_MAX && g->mode == PENDING_GOOD_DEFERRED)
		age_credit(g, time_s);
}

void pending_good_login(struct pending_good *g, uint64_t login, int64_t time_s)
{
	if (g->mode == PENDING_GOOD_DROPPED)
		return;
	if (g->logins == NULL)
		g->logins = alloc_raw(PENDING_LOGINS_MAX, sizeof *g->logins, "logins");
	assert(g->n_logins < PENDING_LOGINS_MAX);
	g->logins[g->n_logins++] = (struct store_login){login, time_s / DAY_S};
}

bool pending_good_is_full(const struct pending_good *g)
{
	return g->n == PENDING_GOOD_MAX || g->n_logins == PENDING_LOGINS_MAX || g->n_credit == PENDING_CREDIT_MAX;
}

static int write_days(const struct pending_good *g, struct store *store, struct why *why)
{
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; g->n > 0 && i < PLACES && rc == 0; i++) {
		const struct noted_good *const noted = &g->list[i];

		if (noted->used)
			g->evidence[n++] = (struct store_evidence){
				.net = noted->net, .time_s = noted->last_s, .times = noted->times};
		if (n == EVIDENCE_MAX) {
			rc = store_add_good(store, g->evidence, n, why);
			n = 0;
		}
	}
	return rc < 0 ? rc : store_add_good(store, g->evidence, n, why);
}

static int write_credit(const struct pending_good *g, struct store *store, struct why *why)
{
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < g->n_credit && rc == 0; i += n) {
		for (n = 0; n < EVIDENCE_MAX && i + n < g->n_credit; n++) {
			const struct noted_credit *const c = &g->credit[i + n];

			g->evidence[n] = (struct store_evidence){.net = g->list[c->good].net,
			                                         .time_s = c->time_s,
			                                         .score = c->score,
			                                         .account = c->account};
		}
		rc = store_add_credit(store, g->evidence, n, why);
	}
	return rc;
}

static int by_pair(const void *a, const void *b)
{
	const struct store_login *const x = a, *const y = b;

	return (x->pair > y->pair) - (x->pair < y->pair);
}

/* Sorted in the order of the table, which makes it several times as fast. */
static int write_logins(struct pending_good *g, struct store *store, struct why *why)
{
	if (g->n_logins == 0)
		return 0;
	qsort(g->logins, g->n_logins, sizeof *g->logins, by_pair);
	return store_add_logins(store, g->logins, g->n_logins, why);
}

int pending_good_write(struct pending_good *g, struct store *store, struct why *why)
{
	size_t ignored;
	int rc;

	if (g->mode == PENDING_GOOD_DEFERRED)
		age_credit(g, g->credit_s);
	rc = write_days(g, store, why);
	if (rc == 0)
		rc = write_logins(g, store, why);
	if (rc == 0)
		rc = write_credit(g, store, why);
	/* Two replays that read a log in two parts must leave the same rows as one replay. */
	if (rc == 0 && g->mode == PENDING_GOOD_DEFERRED && g->n_credit > 0)
		rc = store_purge_good(store, INT64_MIN, g->credit_s - g->window_s + 1, CREDIT_SLICE, &ignored, why);
	return rc;
}

void pending_good_clear(struct pending_good *g)
{
	if (g->n > 0)
		memset(g->list, 0, PLACES * sizeof *g->list);
	g->n = g->n_credit = g->n_logins = 0;
}
