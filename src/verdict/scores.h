/*
 * scores: the scores of one subject: which hits they come from, what good evidence subtracts from them, and their sum.
 *
 * Private to the folder. One score for each second and subject matter: a kind of evidence and, for logins, the account.
 * Good evidence of a kind subtracts from hits of that kind, down to zero; a login only from failures of its own
 * account. A vote (VERDICT_ANY below 0) subtracts from anything. A failed login is kept for slow_s, because a slow
 * guesser can only be recognised over a day; everything else is kept for the window. Limits: VERDICT_SCORES_MAX scores.
 * If there are more, the two oldest are merged, with the older time, if they have the same subject matter; otherwise
 * the oldest is forgotten. So scores may be forgotten early, but never late. Times are Unix seconds in 32 bits.
 */
#ifndef WFS_VERDICT_SCORES_H
#define WFS_VERDICT_SCORES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/account.h"
#include "verdict/clients.h"
#include "verdict/verdict.h"

enum {
	/* Failed logins to one account this close to one that counted are repetitions of it, ... */
	SCORES_REPEAT_S = 600,
	/* ... but no more than this: enough for a mail program that checks three folders each minute. */
	SCORES_REPEATS_MAX = 30,
	SCORES_ACCOUNT = (1 << ACCOUNT_BITS) - 1,
};

/* What a score is about: a kind and an account. */
static inline uint32_t scores_about(enum verdict_kind kind, uint32_t account)
{
	return (uint32_t)kind << ACCOUNT_BITS | (account & SCORES_ACCOUNT);
}

/* Adds a score at a second; above 0 it is a hit. Forgets what is too old. */
void scores_add(struct clients *clients, struct tracked *t, uint32_t time_s, int score, uint32_t about, uint32_t now_s);

/* Forgets what is too old to count. */
void scores_age(struct clients *clients, struct tracked *t, uint32_t now_s);

/* Forgets what is not after time_s, and frees memory. */
void scores_drop(struct clients *clients, struct tracked *t, uint32_t time_s);

/* Forgets all scores, and frees their memory. */
void scores_clear(struct clients *clients, struct tracked *t);

/* Returns the sum of the scores in the window. */
int64_t scores_sum(const struct clients *clients, const struct tracked *t, uint32_t now_s);

/* Returns the sum of the positive scores in the window: an upper limit of scores_sum until another score is added. */
int64_t scores_most(const struct clients *clients, const struct tracked *t, uint32_t now_s);

/* Returns how many hits with a positive score are in the window. */
unsigned scores_hits(const struct clients *clients, const struct tracked *t, uint32_t now_s);

/* Returns true if there are scores, in the window or not. */
bool scores_any(const struct clients *clients, const struct tracked *t);

/*
 * Returns the failed login that another one about the same account at time_s would repeat; NULL if there is none, or it
 * was repeated too often. Valid until a score is added. scores_repeat counts the repetition.
 */
struct score;
struct score *scores_repeated(const struct clients *clients, const struct tracked *t, uint32_t about, uint32_t time_s,
                              uint32_t now_s);
void scores_repeat(struct score *score);

/*
 * Writes the accounts of the failed logins of the last slow_s whose score is at least a tenth of the threshold; several
 * in one second are one. Returns how many.
 */
unsigned scores_slow(const struct clients *clients, const struct tracked *t, uint32_t now_s,
                     uint32_t accounts[static VERDICT_SCORES_MAX]);

#endif
