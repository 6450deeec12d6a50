#include "admin/active.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "pipeline/portmap.h"
#include "store/blocks.h"

/* so many networks are checked for duplicates; longer lists come from a network, and rarely have any */
enum { DEDUPED = 64 };

static void append(struct block **list, size_t *n, const struct block *block)
{
	*list = alloc_resize(*list, *n + 1, sizeof **list, "the active blocks");
	(*list)[(*n)++] = *block;
}

static void note(struct active_list *l, const struct block *block)
{
	append(&l->all, &l->n_all, block);
	for (size_t i = 0; i < l->n && i < DEDUPED; i++)
		if (net_order(&l->list[i].net, &block->net) == 0) {
			if (l->list[i].until_s < block->until_s)
				l->list[i].until_s = block->until_s;
			return;
		}
	append(&l->list, &l->n, block);
}

void active_done(struct active_list *l)
{
	free(l->list);
	free(l->all);
}

bool active_lies_in(const struct net *inner, const struct net *outer)
{
	return outer->len <= inner->len && net_has(outer, &inner->addr);
}

int active_find(const struct admin *a, const struct net *net, int64_t now_s, struct active_list *ret, struct why *why)
{
	struct portmap ports = {.store = a->store, .lists = &a->config->firewall.ports};
	struct active_list l = {0};
	struct block any;
	struct block block;
	int rc;

	*ret = l;
	/*
	 * A hundred thousand blocks may be active: the copies in memory save reading them. The kernel may not yet have
	 * what the verdict has.
	 */
	if (reconcile_is_known(a->reconcile) && net->len == 128 && !reconcile_runs(a->reconcile, net, now_s, &any) &&
	    verdict_query(a->verdict, &net->addr).until_s <= now_s)
		return 0;
	for (rc = store_running(a->store, now_s, why); rc == 0;)
		if ((rc = store_next_block(a->store, &block, NULL, why)) == 0 &&
		    (active_lies_in(net, &block.net) || active_lies_in(&block.net, net))) {
			block.list = portmap_list(&ports, block.rule);
			note(&l, &block);
		}
	portmap_done(&ports);
	if (rc < 0) {
		active_done(&l);
		return rc;
	}
	*ret = l;
	return 0;
}
