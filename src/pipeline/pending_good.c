#include "pipeline/pending_good.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/reputation.h"
#include "store/retention.h"

enum {
	DAY_S = 86400,
	PLACES = 2 * PENDING_GOOD_MAX, /* with open addressing */
	EVIDENCE_MAX = 1 << 12, /* rows per statement; each statement keeps a copy of the pages that it changes */
	CREDIT_SLICE = 1 << 20, /* seconds of credit that a replay removes at once; large enough for all */
};

/* The evidence about one net on one day. */
struct noted_good {
	struct net net;
	uint32_t times;
	int64_t last_s;
};

/* A piece of evidence that counts. */
struct noted_credit {
	int64_t time_s;
	uint32_t account; /* of a login, or ACCOUNT_NONE */
	uint16_t good;    /* index in list */
	int16_t score;    /* of a rule, at least -1000, times at most RULES_COUNT_MAX */
};

static_assert(sizeof(struct noted_good) == 32, "half a cache line, so that none lies in two");
static_assert(PENDING_GOOD_MAX <= UINT16_MAX, "a place has an index in list + 1, a credit an index");

void pending_good_done(struct pending_good *g)
{
	free(g->list);
	free(g->places);
	free(g->credit);
	free(g->evidence);
	free(g->logins);
}

static size_t home_of(const struct net *net, int64_t day)
{
	return addr_hash(&net->addr, (uint64_t)day) % PLACES;
}

/* Returns the index in list of what is noted about net on that day; adds it if it is new. */
static size_t find_or_add(struct pending_good *g, const struct net *net, int64_t time_s)
{
	const int64_t day = time_s / DAY_S;
	size_t place = home_of(net, day);

	for (; g->places[place] != 0; place = (place + 1) % PLACES) {
		const struct noted_good *const noted = &g->list[g->places[place] - 1];

		if (addr_equal(&noted->net.addr, &net->addr) && noted->net.len == net->len &&
		    noted->last_s / DAY_S == day)
			return g->places[place] - 1U;
	}
	assert(g->n < PENDING_GOOD_MAX);
	g->list[g->n] = (struct noted_good){.net = *net, .last_s = time_s};
	g->places[place] = (uint16_t)++g->n;
	return g->n - 1;
}

void pending_good_expect(const struct pending_good *g, const struct net *subject, int64_t time_s,
                         enum verdict_expected when)
{
	const uint16_t *place;

	if (g->list == NULL)
		return;
	place = &g->places[home_of(subject, time_s / DAY_S)];
	if (when == VERDICT_SOON)
		__builtin_prefetch(place, 1);
	else if (*place != 0)
		__builtin_prefetch(&g->list[*place - 1], 1);
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
	size_t good;

	if (g->mode == PENDING_GOOD_DROPPED)
		return;
	if (g->list == NULL) {
		g->list = alloc_aligned(sizeof *g->list, PENDING_GOOD_MAX * sizeof *g->list, "evidence for the good");
		g->places = alloc_zero(PLACES, sizeof *g->places, "evidence for the good");
		g->credit = alloc_raw(PENDING_CREDIT_MAX, sizeof *g->credit, "evidence for the good");
		g->evidence = alloc_raw(EVIDENCE_MAX, sizeof *g->evidence, "evidence for the good");
	}
	assert(g->n_credit < PENDING_CREDIT_MAX);
	good = find_or_add(g, subject, time_s);
	noted = &g->list[good];
	noted->times++;
	if (time_s > noted->last_s)
		noted->last_s = time_s;
	if (!counted)
		return;
	if (time_s > g->credit_s)
		g->credit_s = time_s;
	g->credit[g->n_credit++] = (struct noted_credit){time_s, account, (uint16_t)good, (int16_t)score};
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

	for (size_t i = 0; i < g->n && rc == 0; i += n) {
		for (n = 0; n < EVIDENCE_MAX && i + n < g->n; n++) {
			const struct noted_good *const noted = &g->list[i + n];

			g->evidence[n] = (struct store_evidence){
				.net = noted->net, .time_s = noted->last_s, .times = noted->times};
		}
		rc = store_add_good(store, g->evidence, n, why);
	}
	return rc;
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
		memset(g->places, 0, PLACES * sizeof *g->places);
	g->n = g->n_credit = g->n_logins = 0;
}
