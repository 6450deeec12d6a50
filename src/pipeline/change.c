#include "pipeline/change.h"

#include "store/audit.h"
#include "store/blocks.h"
#include "store/reputation.h"

static int write_ends(struct store *store, const struct change *c, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < c->n_ends && rc == 0; i++)
		rc = store_end(store, &c->ends[i], c->at_s, c->ended_by, why);
	return rc;
}

static int write_block(struct store *store, const struct change *c, struct block *block, int64_t rule, struct why *why)
{
	int rc = 0;

	block->rule = rule;
	if (block->prolonged)
		return store_prolong(store, &block->net, block->cause, block->since_s, block->until_s, why);
	if (block->cause == BLOCK_MANUAL)
		rc = store_end(store, block, c->at_s, "replaced", why);
	return rc < 0 ? rc : store_add_blocks(store, block, 1, why);
}

static int write_rule(struct store *store, const struct change *c, struct why *why)
{
	const struct change_rule *const words = &c->rule;
	int64_t rule;
	int rc;

	if (words->name == NULL)
		return 0;
	rc = store_rule(store, words->name, words->category, words->reason, &rule, why);
	if (rc == 0 && c->hit != NULL) {
		struct store_hit hit = *c->hit;

		hit.rule = rule;
		rc = store_add_hits(store, &hit, 1, why);
	}
	for (size_t i = 0; i < c->n_blocks && rc == 0; i++)
		rc = write_block(store, c, &c->blocks[i], rule, why);
	return rc;
}

static int write_good(struct store *store, const struct change *c, struct why *why)
{
	const struct change_allowance *const a = c->allowance;
	int rc = 0;

	if (c->good != NULL)
		rc = store_add_good(store, &(struct store_evidence){.net = *c->good, .time_s = c->at_s, .times = 1}, 1,
		                    why);
	if (rc == 0 && a != NULL)
		rc = store_add_allowance(store, c->net, c->at_s, a->until_s, a->cause, a->why, why);
	if (rc == 0 && c->disallows)
		rc = store_end_allowance(store, c->net, c->at_s, why);
	return rc;
}

static int write_dropped(struct store *store, const struct change *c, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < c->n_dropped && rc == 0; i++)
		rc = store_add_dropped(store, c->dropped[i].block_id, &c->dropped[i].what, why);
	return rc;
}

int change_write(struct store *store, const struct change *c, struct why *why)
{
	int rc = store_begin(store, why);

	if (rc < 0)
		return rc;
	rc = write_ends(store, c, why);
	if (rc == 0)
		rc = write_rule(store, c, why);
	if (rc == 0)
		rc = write_good(store, c, why);
	if (rc == 0)
		rc = write_dropped(store, c, why);
	if (rc == 0 && c->who != NULL)
		rc = audit_add(store, c->at_s, c->who, c->what, c->net, c->why, why);
	return store_finish(store, rc, why);
}
