/*
 * weight: what a failed login counts: by what is known of its subject and of its account.
 *
 * Private to the folder. Owns the logins of subjects and the accounts under attack (logins.h, accounts.h). Initialise
 * to zero but for accounts.limit, accounts.window_s and logins.kept_days; release with weight_done. The rules are in
 * verdict.h.
 */
#ifndef WFS_VERDICT_WEIGHT_H
#define WFS_VERDICT_WEIGHT_H

#include <stdint.h>

#include "verdict/accounts.h"
#include "verdict/clients.h"
#include "verdict/logins.h"
#include "verdict/verdict.h"

struct weight {
	struct logins logins;
	struct accounts accounts;
};

void weight_done(struct weight *weight);

/*
 * The score of evidence about t, which came at at_s, and in *ret why it is that. *ret_repeats: the node of scores that
 * it repeats, or POOL_NONE. Evidence of another kind, and good one, has its own score.
 */
int weight_of(const struct weight *weight, const struct clients *clients, const struct tracked *t,
              const struct verdict_evidence *evidence, uint32_t at_s, uint32_t now_s, enum verdict_weight *ret,
              uint32_t *ret_repeats);

/* True when so many failed logins of t were slow enough to stay below the threshold, and none led to a login. */
bool weight_is_slow(const struct weight *weight, const struct clients *clients, const struct tracked *t, unsigned slow,
                    uint32_t now_s);

#endif
