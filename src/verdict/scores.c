#include "verdict/scores.h"

#include <string.h>

#include "verdict/history.h"

static enum verdict_kind kind_of(const struct score *score)
{
	return (enum verdict_kind)(score->about >> ACCOUNT_BITS);
}

/* Returns the time after which failed logins are kept. */
static uint32_t slow_horizon(const struct clients *s, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	uint32_t slow_s = 0;

	if (s->policy->slow == 0)
		return horizon_s;
	if (now_s > s->policy->slow_s)
		slow_s = now_s - (uint32_t)s->policy->slow_s; /* 0..now_s */
	return slow_s < horizon_s ? slow_s : horizon_s;
}

/* --- keeping --- */

static void remove_scores(struct history *h, unsigned from, unsigned to)
{
	struct score *const list = history_scores(h);

	memmove(list + from, list + to, (h->n_scores - to) * sizeof *list);
	h->n_scores = (uint16_t)(h->n_scores - (to - from)); /* to - from <= n_scores */
}

void scores_age(struct clients *s, struct tracked *t, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s), slow_horizon_s = slow_horizon(s, now_s);
	struct history *const h = history_of(s, t);
	struct score *const list = history_scores(h);
	unsigned n = 0, i = 0;

	for (; i < h->n_scores && list[i].time_s <= horizon_s; i++)
		if (list[i].time_s > slow_horizon_s && score_value(&list[i]) > 0 && kind_of(&list[i]) == VERDICT_LOGIN)
			list[n++] = list[i];
	if (n < i)
		remove_scores(h, n, i);
}

void scores_drop(struct clients *s, struct tracked *t, uint32_t time_s)
{
	struct history *const h = history_of(s, t);
	const struct score *const list = history_scores(h);
	unsigned n = 0;

	while (n < h->n_scores && list[n].time_s <= time_s)
		n++;
	if (n > 0)
		remove_scores(h, 0, n);
	history_trim(s, t);
}

void scores_clear(struct clients *s, struct tracked *t)
{
	(void)history_fit(s, t, history_of(s, t)->n_offences, 0);
	if (t->tier > 0)
		history_of(s, t)->n_scores = 0;
}

static void add_hits(struct score *score, unsigned n)
{
	const unsigned sum = score->hits + n;

	score->hits = sum < SCORE_HITS_MAX ? sum & SCORE_HITS_MAX : SCORE_HITS_MAX;
}

/* There is one score too many: merges or removes the oldest. */
static void drop_one(struct history *h)
{
	struct score *const list = history_scores(h);

	if (list[0].about == list[1].about) {
		list[1].time_s = list[0].time_s;
		score_add_value(&list[1], score_value(&list[0]));
		add_hits(&list[1], list[0].hits);
	}
	remove_scores(h, 0, 1);
}

/* Returns the score of that second and subject matter, a new one if there is none. */
static struct score *score_at(struct clients *s, struct tracked *t, uint32_t time_s, uint32_t about)
{
	struct history *h = history_of(s, t);
	struct score *list = history_scores(h);
	unsigned i = h->n_scores;

	while (i > 0 && list[i - 1].time_s > time_s)
		i--;
	for (unsigned k = i; k > 0 && list[k - 1].time_s == time_s; k--)
		if (list[k - 1].about == about)
			return &list[k - 1];
	h = history_fit(s, t, h->n_offences, h->n_scores + 1U);
	list = history_scores(h);
	memmove(list + i + 1, list + i, (h->n_scores - i) * sizeof *list);
	list[i] = (struct score){.time_s = time_s, .about = about};
	h->n_scores++;
	return &list[i];
}

void scores_add(struct clients *s, struct tracked *t, uint32_t time_s, int score, uint32_t about, uint32_t now_s)
{
	struct score *at;

	scores_age(s, t, now_s);
	at = score_at(s, t, time_s, about);
	score_add_value(at, score);
	add_hits(at, score > 0);
	if (history_of(s, t)->n_scores > VERDICT_SCORES_MAX)
		drop_one(history_of(s, t));
}

/* --- sums --- */

/* The sum for one account. */
struct login_sum {
	uint32_t about;
	int64_t sum;
};

/* Adds to the sum of the score's account; n entries of list are in use. Returns the new n. */
static unsigned add_login(struct login_sum *list, unsigned n, const struct score *score)
{
	unsigned i = 0;

	while (i < n && list[i].about != score->about)
		i++;
	if (i == n)
		list[n++] = (struct login_sum){.about = score->about};
	list[i].sum += score_value(score);
	return n;
}

int64_t scores_sum(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	struct history *const h = history_of(s, t);
	const struct score *const list = history_scores(h);
	struct login_sum logins[VERDICT_SCORES_MAX + 1]; /* the most scores that there may be */
	int64_t any = 0, mail = 0, sum;
	unsigned n = 0;

	for (unsigned i = h->n_scores; i > 0 && list[i - 1].time_s > horizon_s; i--)
		switch (kind_of(&list[i - 1])) {
		case VERDICT_ANY:
			any += score_value(&list[i - 1]);
			break;
		case VERDICT_MAIL:
			mail += score_value(&list[i - 1]);
			break;
		case VERDICT_LOGIN:
			n = add_login(logins, n, &list[i - 1]);
			break;
		}
	sum = any + (mail > 0 ? mail : 0);
	for (unsigned i = 0; i < n; i++)
		sum += logins[i].sum > 0 ? logins[i].sum : 0;
	return sum;
}

int64_t scores_most(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	struct history *const h = history_of(s, t);
	const struct score *const list = history_scores(h);
	int64_t sum = 0;

	for (unsigned i = h->n_scores; i > 0 && list[i - 1].time_s > horizon_s; i--)
		sum += score_value(&list[i - 1]) > 0 ? score_value(&list[i - 1]) : 0;
	return sum;
}

unsigned scores_hits(const struct clients *s, const struct tracked *t, uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	struct history *const h = history_of(s, t);
	const struct score *const list = history_scores(h);
	unsigned n = 0;

	for (unsigned i = h->n_scores; i > 0 && list[i - 1].time_s > horizon_s; i--)
		n += list[i - 1].hits;
	return n;
}

bool scores_any(const struct clients *s, const struct tracked *t)
{
	return history_of(s, t)->n_scores > 0;
}

/* --- failed logins --- */

struct score *scores_repeated(const struct clients *s, const struct tracked *t, uint32_t about, uint32_t time_s,
                              uint32_t now_s)
{
	const uint32_t horizon_s = clients_horizon(s, now_s);
	struct history *const h = history_of(s, t);
	struct score *const list = history_scores(h), *found = NULL;

	for (unsigned i = h->n_scores; i > 0 && list[i - 1].time_s > horizon_s; i--) {
		struct score *const score = &list[i - 1];

		/* hits, not value: a login in the same second may have been subtracted from it */
		if (score->about != about || score->hits == 0 || score->time_s >= (int64_t)time_s + SCORES_REPEAT_S ||
		    time_s >= (int64_t)score->time_s + SCORES_REPEAT_S)
			continue;
		if (score->hits > SCORES_REPEATS_MAX)
			return NULL;
		if (found == NULL)
			found = score;
	}
	return found;
}

void scores_repeat(struct score *score)
{
	add_hits(score, 1);
}

unsigned scores_slow(const struct clients *s, const struct tracked *t, uint32_t now_s,
                     uint32_t accounts[static VERDICT_SCORES_MAX])
{
	const uint32_t slow_horizon_s = slow_horizon(s, now_s);
	struct history *const h = history_of(s, t);
	const struct score *const list = history_scores(h);
	unsigned n = 0;

	for (unsigned i = h->n_scores; i > 0 && list[i - 1].time_s > slow_horizon_s; i--)
		if (kind_of(&list[i - 1]) == VERDICT_LOGIN &&
		    score_value(&list[i - 1]) * INT64_C(10) >= s->policy->threshold)
			accounts[n++] = list[i - 1].about & SCORES_ACCOUNT;
	return n;
}
