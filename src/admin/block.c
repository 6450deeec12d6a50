#include "admin/block.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/blockstate.h"
#include "admin/record.h"
#include "base/alloc.h"
#include "store/query.h"

static const char manual_reason[] = "blocked by hand";

static void block_now(const struct admin *a, const struct block *blocks, size_t n, int64_t now_s,
                      struct admin_todo *todo)
{
	const struct reconcile_rule rule = {a->verdict, a->config->block.extend};
	struct reconcile_result ignored; /* reported by the next comparison */

	if (n == 0)
		return;
	todo->n_begun = n;
	memcpy(todo->begun, blocks, n * sizeof *blocks);
	todo->rc = reconcile_add(a->reconcile, blocks, n, now_s, &todo->refused, &todo->why);
	if (todo->rc == -ENOSPC) { /* a comparison recreates the lists; then it fits, or is refused */
		todo->sync = true;
		todo->rc = reconcile_sync(a->reconcile, &rule, now_s, &ignored, &todo->why);
		if (todo->rc == 0)
			todo->rc = reconcile_add(a->reconcile, blocks, n, now_s, &todo->refused, &todo->why);
	}
	/* The next comparison retries, and status shows what was refused. */
	todo->sync |= todo->rc < 0 || todo->refused > 0;
}

/* Adds to the reply how many of n entries the kernel refused; the block itself is recorded. */
static void put_refused(json_t *reply, size_t n, const struct admin_todo *todo)
{
	const size_t refused = todo->rc < 0 ? n : todo->refused;

	json_put_number(reply, "refused", (int64_t)refused); /* few */
	json_put_text(reply, "refused_why", refused > 0 ? todo->why.text : NULL);
}

static int write_manual(const struct admin *a, const struct protocol_request *r, const char *who, struct block *block,
                        struct why *why)
{
	struct change change = record_order(r, who, block->since_s);

	change.rule = (struct change_rule){"manual", "manual", r->reason[0] != '\0' ? r->reason : manual_reason};
	change.blocks = block;
	change.n_blocks = 1;
	return change_write(a->store, &change, why);
}

void block_manual(const struct admin *a, const struct protocol_request *r, const char *who, int64_t now_s,
                  json_t *reply, struct admin_todo *todo)
{
	const char *const never = blockstate_never(a, &r->net);
	const struct verdict_query view = verdict_query(a->verdict, &r->net.addr);
	/* By default it lasts as long as the next evidence block would. */
	const int64_t for_s =
		r->for_s > 0 ? r->for_s : verdict_duration(a->verdict, r->net.len == 128 ? view.offence : 1);
	struct block block = {.net = r->net,
	                      .since_s = now_s,
	                      .until_s = now_s + for_s,
	                      .cause = BLOCK_MANUAL,
	                      .list = portlists_of(&a->config->firewall.ports, "manual", "manual")};
	struct net pieces[RECONCILE_PIECES_MAX];
	const size_t n = reconcile_pieces(a->reconcile, &r->net, pieces);
	struct why why;

	if (never != NULL) {
		reply_error(reply, never);
		return;
	}
	if (n == 0) {
		reply_error(reply, "the kernel has no list for networks of that length, and of smaller "
		                   "ones it would be more "
		                   "than 1024; name smaller networks");
		return;
	}
	if (write_manual(a, r, who, &block, &why) < 0) {
		record_refuse(reply, &why);
		return;
	}
	todo->rule = "manual";
	todo->reason = r->reason[0] != '\0' ? r->reason : NULL;
	block_now(a, &block, 1, now_s, todo);
	blockstate_put_net(reply, &r->net);
	json_put_time(reply, "since", block.since_s);
	json_put_time(reply, "until", block.until_s);
	json_put_number(reply, "entries", (int64_t)n);
	put_refused(reply, n, todo);
}

/* blocks: those of the decision; this sets their ids. */
static int write_black(const struct admin *a, const struct protocol_request *r, const char *who, int score,
                       const struct verdict_decision *decision, struct block *blocks, int64_t now_s, struct why *why)
{
	struct change change = record_order(r, who, now_s);
	char text[STORE_LINE_MAX];
	const struct store_hit hit = record_vote(r, who, score, !decision->counted, decision->n > 0, now_s, text);

	change.rule = record_black;
	change.hit = &hit;
	change.blocks = blocks;
	change.n_blocks = decision->n;
	return change_write(a->store, &change, why);
}

void block_black(const struct admin *a, const struct protocol_request *r, const char *who, int64_t now_s, json_t *reply,
                 struct admin_todo *todo)
{
	const char *const never = blockstate_never(a, &r->net);
	const struct verdict_evidence evidence = {
		.addr = r->net.addr,
		.score = r->score > 0 ? r->score : ADMIN_BLACK,
		.time_s = now_s,
		.rule = VERDICT_NO_RULE,
		.list = portlists_of(&a->config->firewall.ports, record_black.name, record_black.category)};
	struct verdict_decision decision = {0};
	struct block *blocks = NULL; /* a copy, because the decision's blocks belong to the verdict */
	int64_t white_s = 0;
	struct why why;
	int rc;

	if (never != NULL) {
		reply_error(reply, never);
		return;
	}
	if ((rc = query_white(a->store, &r->net, now_s - a->config->block.window_s, &white_s, &why)) >= 0) {
		if (white_s == 0)
			verdict_hit(a->verdict, &evidence, &decision);
		blocks = alloc_raw(decision.n, sizeof *blocks, "the blocks of a vote");
		for (size_t i = 0; i < decision.n; i++)
			blocks[i] = decision.blocks[i];
		rc = write_black(a, r, who, evidence.score, &decision, blocks, now_s, &why);
		todo->restore = rc < 0 && decision.counted;
	}
	if (rc < 0) {
		record_refuse(reply, &why);
		free(blocks);
		return;
	}
	todo->rule = record_black.name;
	todo->reason = record_black.reason;
	todo->voted = white_s == 0 ? -1 : 0;
	todo->votee = r->net;
	block_now(a, blocks, decision.n, now_s, todo);
	free(blocks);
	blockstate_put_net(reply, &r->net);
	json_put_bool(reply, "counted", decision.counted);
	put_refused(reply, decision.n, todo);
	if (white_s != 0)
		json_put_time(reply, "white_since", white_s);
	blockstate_put_new(a, &r->net, now_s, reply);
}
