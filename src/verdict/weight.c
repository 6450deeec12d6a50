#include "verdict/weight.h"

#include "verdict/scores.h"

enum { KNOWN_SHARE = 4 };

void weight_done(struct weight *w)
{
	logins_done(&w->logins);
	accounts_done(&w->accounts);
}

static struct net subject_of(const struct tracked *t)
{
	return (struct net){.addr = t->addr, .len = (uint8_t)t->len};
}

/* Returns a quarter, at least 1. */
static int share(int score)
{
	return (score + KNOWN_SHARE - 1) / KNOWN_SHARE;
}

int weight_of(const struct weight *w, const struct clients *s, const struct tracked *t,
              const struct verdict_evidence *e, uint32_t at_s, uint32_t now_s, enum verdict_weight *ret,
              struct score **ret_repeats)
{
	const struct net subject = subject_of(t);
	const int one = e->score / (int)(e->count > 1 ? e->count : 1); /* counts are small */
	int own = one, others = e->score - one; /* a line about several attempts names the account of the last one */

	*ret = VERDICT_FULL;
	*ret_repeats = NULL;
	if (e->kind != VERDICT_LOGIN || e->score <= 0 || e->account == ACCOUNT_NONE)
		return e->score;
	if (logins_has(&w->logins, logins_key(&subject, e->account), now_s / CLIENTS_DAY_S)) {
		*ret_repeats = scores_repeated(s, t, scores_about(VERDICT_LOGIN, e->account), at_s, now_s);
		*ret = *ret_repeats != NULL ? VERDICT_REPEATED : VERDICT_QUARTER;
		own = *ret_repeats != NULL ? 0 : share(own);
		others = share(others);
	} else if (w->accounts.limit > 0 && accounts_networks(&w->accounts, e->account, now_s) >= w->accounts.limit &&
	           clients_good_days(t, now_s) == 0) {
		*ret = VERDICT_DOUBLE;
		own *= 2;
	}
	return own + others;
}

bool weight_is_slow(const struct weight *w, const struct clients *s, const struct tracked *t, unsigned slow,
                    uint32_t now_s)
{
	const struct net subject = subject_of(t);
	uint32_t accounts[VERDICT_SCORES_MAX];
	const unsigned failed = slow > 0 ? scores_slow(s, t, now_s, accounts) : 0;
	unsigned n = 0;

	if (failed < slow) /* mostly: then nothing depends on the logins */
		return false;
	for (unsigned i = 0; i < failed; i++)
		n += accounts[i] == ACCOUNT_NONE ||
		     !logins_has(&w->logins, logins_key(&subject, accounts[i]), now_s / CLIENTS_DAY_S);
	return slow > 0 && n >= slow;
}
