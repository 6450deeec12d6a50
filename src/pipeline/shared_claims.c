#include "pipeline/shared_claims.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "control/foreign.h"

struct shared_claims_words {
	char rule[FOREIGN_WORD_MAX], category[FOREIGN_WORD_MAX];
};

void shared_claims_done(struct shared_claims *c)
{
	free(c->list);
	free(c->words);
}

void shared_claims_clear(struct shared_claims *c)
{
	c->n = 0;
}

int shared_claims_put(struct shared_claims *c, const struct store_claim *claim, struct why *why)
{
	struct shared_claims_words *words;

	if (c->list == NULL) {
		c->list = alloc_raw(SHARED_CLAIMS_MAX, sizeof *c->list, "messages of peers");
		c->words = alloc_raw(SHARED_CLAIMS_MAX, sizeof *c->words, "messages of peers");
	}
	words = &c->words[c->n];
	(void)snprintf(words->rule, sizeof words->rule, "%s", claim->rule);
	(void)snprintf(words->category, sizeof words->category, "%s", claim->category);
	c->list[c->n] = *claim;
	c->list[c->n].rule = words->rule;
	c->list[c->n++].category = words->category;
	return c->n == SHARED_CLAIMS_MAX ? shared_claims_write(c, why) : 0;
}

int shared_claims_write(struct shared_claims *c, struct why *why)
{
	const size_t n = c->n;

	c->n = 0;
	return store_put_claims(c->store, c->list, n, why);
}
