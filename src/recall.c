#include "recall.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/own.h"

void recall_allow(struct verdict *verdict, const struct config *config)
{
	struct net *const nets = calloc(config->allow.n + OWN_MAX, sizeof *nets);

	if (nets == NULL)
		abort();
	memcpy(nets, config->allow.nets, config->allow.n * sizeof *nets);
	verdict_allow(verdict, nets, config->allow.n + own_addresses(nets + config->allow.n));
	free(nets);
}

int recall_verdict(struct store *store, const struct config *config, int64_t now_s, struct verdict **ret,
                   struct why *why)
{
	struct verdict_policy policy = {.threshold = config->block.threshold,
	                                .window_s = config->block.window_s,
	                                .memory_s = config->block.memory_s,
	                                .n_for = config->block.n_for};
	const int64_t since_s = policy.memory_s > policy.window_s ? policy.memory_s : policy.window_s;
	struct store_block block;
	struct store_hit hit;
	struct verdict *v;
	int rc;

	(void)!getrandom(&policy.seed, sizeof policy.seed, 0); /* 0 does as well, but strangers know it */
	memcpy(policy.for_s, config->block.for_s, sizeof policy.for_s);
	v = verdict_new(&policy);
	recall_allow(v, config);
	verdict_at(v, now_s);
	/* Also those that are over, but not for so long that what was counted before them would count again. */
	for (rc = store_blocks_since(store, now_s - since_s, why); rc == 0;)
		if ((rc = store_next_block(store, &block, why)) == 0 && block.since_s <= now_s)
			verdict_known_block(v, &block.net, block.since_s, block.until_s);
	if (rc == STORE_NONE)
		rc = store_hits_since(store, now_s - config->block.window_s, why);
	while (rc == 0)
		if ((rc = store_next_hit(store, &hit, why)) == 0 && hit.time_s <= now_s)
			verdict_known_hit(v, &hit.address, hit.score, hit.time_s);
	if (rc < 0) {
		verdict_free(v);
		return rc;
	}
	*ret = v;
	return 0;
}
