/*
 * scores: the scores of one subject: which hits they are of, what good evidence takes off them, and what they come to.
 *
 * Private to the folder. A list of nodes by time, newest first, one for each second and what it is about: a kind of
 * evidence, for logins the account, too. Good evidence of a kind takes hits of that kind off, to zero and not below; a
 * login those of its own account. A vote (VERDICT_ANY below 0) takes off anything. A failed login is kept for slow_s,
 * because a slow guesser is told by a day, all else for the window. Limits: VERDICT_SCORES_MAX nodes; of more the two
 * oldest become one, as old as the older, if they are about the same; else the oldest is forgotten: early, never late.
 * Times are Unix seconds in 32 bits.
 */
#ifndef WFS_VERDICT_SCORES_H
#define WFS_VERDICT_SCORES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/account.h"
#include "verdict/clients.h"
#include "verdict/verdict.h"

enum {
	SCORES_REPEAT_S = 600, /* failures of one account so near to one that counted are repetitions of it ... */
	SCORES_REPEATS_MAX =
		30, /* ... if there are no more than this: a mail program that checks three folders each minute */
	SCORES_ACCOUNT = (1 << ACCOUNT_BITS) - 1,
};

/* What a node is about. */
static inline uint32_t scores_about(enum verdict_kind kind, uint32_t account)
{
	return (uint32_t)kind << ACCOUNT_BITS | (account & SCORES_ACCOUNT);
}

/* Adds a score at a second, of a hit when it is above 0. What is too old is forgotten. */
void scores_add(struct clients *clients, struct tracked *t, uint32_t time_s, int score, uint32_t about, uint32_t now_s);

/* Forgets what is too old to count. */
void scores_age(struct clients *clients, struct tracked *t, uint32_t now_s);

/* Forgets what is not younger than time_s. */
void scores_drop(struct clients *clients, struct tracked *t, uint32_t time_s);

/* Forgets all. */
void scores_clear(struct clients *clients, struct tracked *t);

/* What the scores in the window come to. */
int64_t scores_sum(const struct clients *clients, const struct tracked *t, uint32_t now_s);

/* What those above 0 in the window come to: it may come to no more before another is added. */
int64_t scores_most(const struct clients *clients, const struct tracked *t, uint32_t now_s);

/* How many hits of a score above 0 that is of. */
unsigned scores_hits(const struct clients *clients, const struct tracked *t, uint32_t now_s);

/*
 * The failed login that one about the same account at time_s repeats; POOL_NONE: none, or it was repeated too often.
 * scores_repeat counts the repetition.
 */
uint32_t scores_repeated(const struct clients *clients, const struct tracked *t, uint32_t about, uint32_t time_s,
                         uint32_t now_s);
void scores_repeat(struct clients *clients, uint32_t node);

/*
 * The failed logins of the last slow_s that count a tenth of the threshold or more, several in one second as one: a
 * call gives the account of the next one in *ret. *walk: t->scores at first. False: there is no more.
 */
bool scores_next_slow(const struct clients *clients, uint32_t *walk, uint32_t *ret, uint32_t now_s);

#endif
