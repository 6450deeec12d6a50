/*
 * history: the cell of a subject: when its offences began, and its scores.
 *
 * Private to clients.c and scores.c. All of it is in one piece, because a cache miss takes longer than reading all of
 * it. A subject without a cell has HEAP_NONE, which reads as an empty history.
 */
#ifndef WFS_VERDICT_HISTORY_H
#define WFS_VERDICT_HISTORY_H

#include <stdint.h>

#include "verdict/clients.h"

enum {
	SCORE_VALUE_MAX = (1 << 23) - 1,
	SCORE_HITS_MAX = 255,
};

/* What happened in one second about one subject matter, see scores.h. */
struct score {
	uint32_t time_s, about;
	uint32_t value : 24; /* see score_value */
	uint32_t hits : 8;   /* in the value; SCORE_HITS_MAX means "or more" */
};

/* Returns what the hits and good evidence of that second add up to: -SCORE_VALUE_MAX..SCORE_VALUE_MAX. */
static inline int32_t score_value(const struct score *score)
{
	return (int32_t)score->value - (score->value > SCORE_VALUE_MAX ? 1 << 24 : 0); /* it is in 24 bits */
}

static inline void score_add_value(struct score *score, int32_t value)
{
	const int64_t sum = (int64_t)score_value(score) + value;
	const int64_t fits = sum > SCORE_VALUE_MAX ? SCORE_VALUE_MAX : sum < -SCORE_VALUE_MAX ? -SCORE_VALUE_MAX : sum;

	score->value = (uint32_t)fits & 0xFFFFFF;
}

struct history {
	uint16_t n_offences; /* 0..CLIENTS_OFFENCES */
	uint16_t n_scores;   /* 0..VERDICT_SCORES_MAX, and one more while a score is added */
	uint32_t offences[]; /* when they began, oldest first; then the scores, oldest first */
};

static inline struct history *history_of(const struct clients *s, const struct tracked *t)
{
	return heap_at(&s->heap, t->cell);
}

static inline struct score *history_scores(struct history *h)
{
	return (struct score *)(h->offences + h->n_offences);
}

/* Makes the cell large enough, or smaller if possible, and returns it; the content stays. */
static inline struct history *history_fit(struct clients *s, struct tracked *t, size_t n_offences, size_t n_scores)
{
	const size_t bytes = sizeof(struct history) + n_offences * sizeof(uint32_t) + n_scores * sizeof(struct score);

	return clients_fit(s, t, n_offences + n_scores == 0 ? 0 : bytes);
}

/* Frees memory that is not needed any more. */
static inline void history_trim(struct clients *s, struct tracked *t)
{
	const struct history *const h = history_of(s, t);

	(void)history_fit(s, t, h->n_offences, h->n_scores);
}

#endif
