#include "admin/running.h"

#include <stdlib.h>

#include "store/blocks.h"

enum { DEDUPED = 64 }; /* of what is to be lifted; more come from a network, and are seldom there twice */

static void append(struct running_list *l, const struct store_block *block)
{
	for (size_t i = 0; i < l->n && i < DEDUPED; i++)
		if (l->list[i].net.len == block->net.len &&
		    addr_equal(&l->list[i].net.addr, &block->net.addr)) {
			if (l->list[i].until_s < block->until_s)
				l->list[i].until_s = block->until_s;
			return;
		}
	if ((l->list = reallocarray(l->list, l->n + 1, sizeof *l->list)) == NULL)
		abort();
	l->list[l->n++] = (struct reconcile_block){block->net, block->until_s};
}

bool running_lies_in(const struct net *inner, const struct net *outer)
{
	return outer->len <= inner->len && net_has(outer, &inner->addr);
}

/* Every running block that net is in, and those that are in it. */
int running_find(const struct admin *o, const struct net *net, int64_t now_s, struct running_list *ret,
                 struct why *why)
{
	struct running_list l = {0};
	struct reconcile_block any;
	struct store_block block;
	int rc;

	*ret = l;
	/* A hundred thousand may run: what memory knows spares reading them. */
	if (o->reconcile != NULL && reconcile_is_known(o->reconcile) && net->len == 128 &&
	    !reconcile_runs(o->reconcile, net, now_s, &any))
		return 0;
	for (rc = store_running(o->store, now_s, why); rc == 0;)
		if ((rc = store_next_block(o->store, &block, why)) == 0 &&
		    (running_lies_in(net, &block.net) || running_lies_in(&block.net, net)))
			append(&l, &block);
	if (rc < 0) {
		free(l.list);
		return rc;
	}
	*ret = l;
	return 0;
}
