/*
 * weight: determines how much a failed login counts, from what is known about its subject and its account.
 *
 * Private to the folder. Owns the logins of subjects and the accounts under attack (logins.h, accounts.h). Initialise
 * to zero except accounts.limit, accounts.window_s and logins.kept_days; release with weight_done. verdict.h has the
 * rules.
 */
#ifndef WFS_VERDICT_WEIGHT_H
#define WFS_VERDICT_WEIGHT_H

#include <stdint.h>

#include "verdict/accounts.h"
#include "verdict/clients.h"
#include "verdict/logins.h"
#include "verdict/scores.h"
#include "verdict/verdict.h"

struct weight {
	struct logins logins;
	struct accounts accounts;
};

void weight_done(struct weight *weight);

/*
 * Returns the score of evidence about t, which came at at_s, and sets *ret to the reason. *ret_repeats: the score
 * that it repeats, or NULL, see scores.h. Evidence of another kind and good evidence keep their own score.
 */
int weight_of(const struct weight *weight, const struct clients *clients, const struct tracked *t,
              const struct verdict_evidence *evidence, uint32_t at_s, uint32_t now_s, enum verdict_weight *ret,
              struct score **ret_repeats);

/*
 * Returns true if t has at least slow failed logins within slow_s and did not log in to their accounts: then it is a
 * slow guesser.
 */
bool weight_is_slow(const struct weight *weight, const struct clients *clients, const struct tracked *t, unsigned slow,
                    uint32_t now_s);

#endif
