#include "pipeline/shared_blocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/categories.h"
#include "store/blocks.h"
#include "store/hits.h"

enum {
	SOME = 256,   /* blocks checked at once */
	SLACK_S = 10, /* seconds: a repeated claim moves the end by a few, which is not worth a row */
};

void shared_blocks_done(struct shared_blocks *b)
{
	free(b->begun);
	free(b->ended);
	free(b->by);
}

void shared_blocks_clear(struct shared_blocks *b)
{
	b->n_begun = b->n_ended = b->n_written = 0;
	b->rule.id = 0;
}

/* --- gathering --- */

static void note_ended(struct shared_blocks *b, const struct block *block)
{
	size_t kept = 0;

	for (size_t i = 0; i < b->n_begun; i++) {
		if (b->begun[i].cause == block->cause && net_order(&b->begun[i].net, &block->net) == 0)
			continue; /* the kernel has not been notified of it, and need not be */
		b->begun[kept] = b->begun[i];
		memmove(b->by[kept++], b->by[i], sizeof *b->by);
	}
	b->n_begun = kept;
	b->ended = alloc_resize(b->ended, b->n_ended + 1, sizeof *b->ended, "shared blocks");
	b->ended[b->n_ended++] = *block;
}

static void note_begun(struct shared_blocks *b, const struct block *block, const char *rule)
{
	b->begun = alloc_resize(b->begun, b->n_begun + 1, sizeof *b->begun, "shared blocks");
	b->by = alloc_resize(b->by, b->n_begun + 1, sizeof *b->by, "shared blocks");
	b->begun[b->n_begun] = *block;
	(void)snprintf(b->by[b->n_begun++], sizeof *b->by, "%s", rule);
}

int shared_blocks_write(struct shared_blocks *b, struct why *why)
{
	const int rc = store_add_blocks(b->store, b->begun + b->n_written, b->n_begun - b->n_written, why);

	b->n_written = b->n_begun;
	return rc;
}

/* Finds the shared blocks of net, at most one per list, including the changes of this transaction. */
static size_t find(const struct shared_blocks *b, const struct sharing_on *on, const struct net *net, int64_t now_s,
                   struct block out[static PORTLISTS_MAX])
{
	struct block known[PORTLISTS_MAX];
	unsigned seen = 0; /* lists */
	size_t n = 0, n_known;

	for (size_t i = b->n_begun; i > 0; i--) {
		const struct block *const begun = &b->begun[i - 1];

		if ((seen >> begun->list & 1) != 0 || net_order(&begun->net, net) != 0)
			continue;
		seen |= 1U << begun->list;
		out[n++] = *begun;
	}
	for (size_t i = 0; i < b->n_ended; i++)
		if (b->ended[i].cause == BLOCK_SHARED && net_order(&b->ended[i].net, net) == 0)
			return n;
	n_known = reconcile_blocks(on->reconcile, net, BLOCK_SHARED, known);
	for (size_t i = 0; i < n_known; i++)
		if ((seen >> known[i].list & 1) == 0 && known[i].until_s > now_s)
			out[n++] = known[i];
	return n;
}

/* --- the blocks of one network --- */

/* Maps categories that this host does not have to "other", or a peer could fill the table of rules. */
static const char *known_category(const char *category)
{
	for (size_t i = 0; i < CATEGORIES_N; i++)
		if (strcmp(categories[i], category) == 0)
			return category;
	return "other";
}

/* Returns the id of the rule in the database. */
static int find_rule(struct shared_blocks *b, const char *name, const char *category, const char *peer, int64_t *ret,
                     struct why *why)
{
	char reason[SHARING_RULE_MAX + 16];
	int rc;

	if (b->rule.id == 0 || strcmp(b->rule.name, name) != 0 || strcmp(b->rule.category, category) != 0) {
		(void)snprintf(reason, sizeof reason, "blocked on %s", peer);
		if ((rc = store_rule(b->store, name, category, reason, &b->rule.id, why)) < 0)
			return rc;
		(void)snprintf(b->rule.name, sizeof b->rule.name, "%s", name);
		(void)snprintf(b->rule.category, sizeof b->rule.category, "%s", category);
	}
	*ret = b->rule.id;
	return 0;
}

/* Names the rule of a block by that claim. */
static void rule_of(const struct sharing_on *on, const struct shared_blocks_origin *origin,
                    char out[static SHARING_RULE_MAX])
{
	const char *const name = portlists_name(&on->config->firewall.ports, origin->rule);

	(void)snprintf(out, SHARING_RULE_MAX, SHARING_RULE_BEGIN "%s%s%s", origin->peer, name == NULL ? "" : "/",
	               name == NULL ? "" : name);
}

static uint8_t list_of(const struct sharing_on *on, const struct shared_blocks_origin *origin)
{
	return portlists_of(&on->config->firewall.ports, origin->rule, known_category(origin->category));
}

static int begin(struct shared_blocks *b, const struct sharing_on *on, const struct net *net,
                 const struct shared_blocks_origin *origin, int64_t until_s, int64_t now_s, struct why *why)
{
	char rule[SHARING_RULE_MAX];
	struct block block = {.net = *net,
	                      .since_s = now_s,
	                      .until_s = until_s,
	                      .offence = origin->offence,
	                      .cause = BLOCK_SHARED,
	                      .list = list_of(on, origin)};
	int rc;

	rule_of(on, origin, rule);
	if ((rc = find_rule(b, rule, known_category(origin->category), origin->peer, &block.rule, why)) < 0)
		return rc;
	note_begun(b, &block, rule);
	return 0;
}

/* Extends the n active blocks of one network. */
static int extend(struct shared_blocks *b, const struct sharing_on *on, const struct block *active, size_t n,
                  const struct shared_blocks_origin *origin, int64_t until_s, int64_t now_s, struct why *why)
{
	char rule[SHARING_RULE_MAX];
	int rc = shared_blocks_write(b, why);

	if (rc == 0)
		rc = store_prolong(b->store, &active->net, BLOCK_SHARED, now_s, until_s, why);
	if (rc < 0)
		return rc;
	rule_of(on, origin, rule);
	for (size_t i = 0; i < n; i++) {
		struct block block = active[i];

		block.until_s = until_s;
		block.prolonged = true;
		note_begun(b, &block, rule);
	}
	b->n_written = b->n_begun; /* their rows exist already */
	return 0;
}

static int end(struct shared_blocks *b, const struct block *active, size_t n, const char *ended_by, int64_t now_s,
               struct why *why)
{
	struct block all = *active;
	int rc = shared_blocks_write(b, why);

	all.id = 0; /* 0: every block of this net and cause */
	if (rc < 0 || (rc = store_end(b->store, &all, now_s, ended_by, why)) < 0)
		return rc;
	for (size_t i = 0; i < n; i++)
		note_ended(b, &active[i]);
	b->n_written = b->n_begun;
	return 0;
}

/* Returns until when the claims about net suffice for a block; 0: they do not. */
static int64_t wanted_until(const struct shared_blocks *b, const struct sharing_on *on, const struct net *net,
                            int64_t now_s)
{
	const bool one = net->len == 128;
	const struct verdict_query view = verdict_query(on->verdict, &net->addr);
	const bool subject = one || net_order(&view.subject, net) == 0;

	if (net_is_never(net) || verdict_spares(on->verdict, net))
		return 0;
	return claims_until(b->claims, net, subject && view.score > 0,
	                    subject ? view.proven || view.elsewhere : verdict_holds_good(on->verdict, net), now_s);
}

/* How long the claims suffice, compared with the n active blocks. */
struct comparison {
	bool longer, shorter; /* than some of them */
	bool closed;          /* one of them is in the list */
};

static struct comparison compare(const struct block *active, size_t n, int64_t until_s, unsigned list)
{
	struct comparison ret = {.closed = false};

	for (size_t i = 0; i < n; i++) {
		ret.longer |= until_s - active[i].until_s >= SLACK_S;
		ret.shorter |= active[i].until_s - until_s >= SLACK_S;
		ret.closed |= active[i].list == list;
	}
	return ret;
}

int shared_blocks_settle(struct shared_blocks *b, const struct sharing_on *on, const struct net *net,
                         const struct shared_blocks_origin *origin, const char *ended_by, int64_t now_s,
                         struct why *why)
{
	const int64_t until_s = wanted_until(b, on, net, now_s);
	struct block active[PORTLISTS_MAX];
	const size_t n = find(b, on, net, now_s, active);
	struct comparison is;
	int rc = 0;

	if (until_s <= now_s)
		return n == 0 ? 0 : end(b, active, n, ended_by, now_s, why);
	if (n == 0 && origin == NULL)
		return SHARED_BLOCKS_WHOSE;
	is = compare(active, n, until_s, origin != NULL ? list_of(on, origin) : active[0].list);
	if (is.closed && !is.longer && !is.shorter)
		return 0;
	if (origin == NULL)
		return SHARED_BLOCKS_WHOSE;
	if (is.shorter)
		rc = end(b, active, n, ended_by, now_s, why);
	else if (is.longer)
		rc = extend(b, on, active, n, origin, until_s, now_s, why);
	if (rc < 0 || (is.closed && !is.shorter))
		return rc;
	return begin(b, on, net, origin, until_s, now_s, why);
}

/* --- blocks that a person ended on another host --- */

int shared_blocks_end(struct shared_blocks *b, const struct sharing_on *on, const struct net *net, int64_t since_s,
                      const char *ended_by, int64_t now_s, struct why *why)
{
	struct block some[SOME];
	uint32_t place = 0;
	int rc = 0;

	do {
		const size_t n = reconcile_some(on->reconcile, &place, some, SOME);

		for (size_t i = 0; i < n && rc == 0; i++) {
			if (some[i].cause == BLOCK_SHARED || some[i].cause == BLOCK_LISTED ||
			    some[i].since_s > since_s || !net_overlap(net, &some[i].net))
				continue;
			rc = store_end(b->store, &some[i], now_s, ended_by, why);
			if (rc == 0)
				note_ended(b, &some[i]);
		}
	} while (rc == 0 && place != 0);
	return rc;
}
