#include "orders.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/own.h"
#include "base/text.h"
#include "store/blocks.h"
#include "store/good.h"
#include "store/hits.h"

enum {
	LIFTED_SHOWN = 100,
	DEDUPED = 64, /* of what is to be lifted; more come from a network, and are seldom there twice */
};

static const char block_reason[] = "blocked by hand";
static const char black_reason[] = "voted to be bad";
static const char white_reason[] = "voted to be good";

/* Running blocks, each network once; to be freed. */
struct running_list {
	size_t n;
	struct wanted_block *list;
};

static void append(struct running_list *l, const struct store_block *block)
{
	for (size_t i = 0; i < l->n && i < DEDUPED; i++)
		if (l->list[i].net.len == block->net.len && addr_equal(&l->list[i].net.addr, &block->net.addr)) {
			if (l->list[i].until_s < block->until_s)
				l->list[i].until_s = block->until_s;
			return;
		}
	if ((l->list = reallocarray(l->list, l->n + 1, sizeof *l->list)) == NULL)
		abort();
	l->list[l->n++] = (struct wanted_block){block->net, block->until_s};
}

static bool lies_in(const struct net *inner, const struct net *outer)
{
	return outer->len <= inner->len && net_has(outer, &inner->addr);
}

/* Every running block that net is in, and those that are in it. */
static int find_running(const struct orders *o, const struct net *net, int64_t now_s, struct running_list *ret,
                        struct why *why)
{
	struct running_list l = {0};
	struct wanted_block any;
	struct store_block block;
	int rc;

	*ret = l;
	/* A hundred thousand may run: what memory knows spares reading them. */
	if (o->wanted != NULL && wanted_is_known(o->wanted) && net->len == 128 &&
	    !wanted_runs(o->wanted, net, now_s, &any))
		return 0;
	for (rc = store_running(o->store, now_s, why); rc == 0;)
		if ((rc = store_next_block(o->store, &block, why)) == 0 &&
		    (lies_in(net, &block.net) || lies_in(&block.net, net)))
			append(&l, &block);
	if (rc < 0) {
		free(l.list);
		return rc;
	}
	*ret = l;
	return 0;
}

/*
 * The kernel has lists for networks of some lengths only; others are there as several of the next longer one (wanted.h).
 * *ret_len: of these pieces. Returns how many, or more than WANTED_PIECES_MAX.
 */
static size_t pieces_of(const struct orders *o, const struct net *net, uint8_t *ret_len)
{
	const uint8_t len = wanted_piece_len(net, (uint8_t)o->config->block.ip6_prefix); /* <= 128 */

	*ret_len = len;
	return len - net->len > WANTED_PIECES_BITS ? WANTED_PIECES_MAX + 1 : (size_t)1 << (len - net->len);
}

/* The i-th network of that length in net; i fits into the bits before its end. */
static struct net piece_of(const struct net *net, uint8_t length, size_t i)
{
	struct net piece = *net;

	piece.len = length;
	for (unsigned bit = 0; bit < WANTED_PIECES_BITS; bit++)
		if (i >> bit & 1)
			piece.addr.bytes[(length - 1 - bit) / 8] |= (uint8_t)(0x80U >> (length - 1 - bit) % 8);
	return piece;
}

/* The running block that net is in and that lasts longest; l: all there may be, NULL: memory knows them. */
static bool is_in(const struct orders *o, const struct running_list *l, const struct net *net, int64_t now_s,
                  struct wanted_block *ret)
{
	bool any = false;

	if (l == NULL)
		return wanted_runs(o->wanted, net, now_s, ret);
	for (size_t i = 0; i < l->n; i++)
		if (lies_in(net, &l->list[i].net) && (!any || l->list[i].until_s > ret->until_s)) {
			*ret = l->list[i];
			any = true;
		}
	return any;
}

/* The same of all pieces of a network: as long as all of them run. */
static bool is_in_pieces(const struct orders *o, const struct running_list *l, const struct net *net, int64_t now_s,
                         struct wanted_block *ret)
{
	uint8_t length;
	const size_t n = pieces_of(o, net, &length);
	struct wanted_block all = {.net = *net, .until_s = INT64_MAX}, one = {0};

	for (size_t i = 0; i < n; i++) {
		const struct net piece = piece_of(net, length, i);

		if (n > WANTED_PIECES_MAX || !is_in(o, l, &piece, now_s, &one))
			return false;
		if (one.until_s < all.until_s)
			all.until_s = one.until_s;
	}
	*ret = all;
	return true;
}

/* Is net blocked, by what, and until when? */
static int find_block(const struct orders *o, const struct net *net, int64_t now_s, bool *ret_blocked,
                      struct wanted_block *ret, struct why *why)
{
	const bool in_memory = o->wanted != NULL && wanted_is_known(o->wanted);
	struct running_list l = {0};
	const int rc = in_memory ? 0 : find_running(o, net, now_s, &l, why);

	if (rc < 0)
		return rc;
	*ret_blocked = is_in(o, in_memory ? NULL : &l, net, now_s, ret) ||
	               (net->len < 128 && is_in_pieces(o, in_memory ? NULL : &l, net, now_s, ret));
	free(l.list);
	return 0;
}

/* Why nothing of net is blocked; NULL when it may be. */
static const char *why_never(const struct orders *o, const struct net *net)
{
	struct net own[OWN_MAX];
	size_t n;

	if (net_is_never(net))
		return "loopback, link-local, multicast and unspecified addresses are never blocked";
	if (net->len == 128 ? !verdict_is_allowed(o->verdict, &net->addr) : !verdict_spares(o->verdict, net))
		return NULL;
	for (size_t i = 0; i < o->config->allow.n; i++)
		if (net_overlap(&o->config->allow.nets[i], net))
			return "allowed: it stands under [allow] in the configuration";
	n = own_addresses(own);
	for (size_t i = 0; i < n; i++)
		if (net_overlap(&own[i], net))
			return "an address of this machine, or its gateway, is never blocked";
	return "allowed: by a name or a file under [allow], or it earned it";
}

/* --- writing --- */

/* "vote black 192.0.2.7 by uid 0 (root): reason", as the text of a hit. */
static struct span act_text(const struct protocol_request *r, const char *who, char out[static STORE_LINE_MAX])
{
	char net[NET_TEXT_MAX];
	int n;

	(void)net_text(&r->net, net);
	n = snprintf(out, STORE_LINE_MAX, "%s %s by %s%s%s", protocol_verb_text(r->verb), net, who,
	             r->reason[0] != '\0' ? ": " : "", r->reason);
	return (struct span){out, (size_t)n}; /* all parts are short */
}

/* A vote, as a hit without a log. *ret_rule: the id of its rule. */
static int add_vote(const struct orders *o, const struct protocol_request *r, const char *who, int score, bool ignored,
                    bool spent, int64_t now_s, int64_t *ret_rule, struct why *why)
{
	const bool black = r->verb == PROTOCOL_BLACK;
	char text[STORE_LINE_MAX];
	struct store_hit hit = {.time_s = now_s,
	                        .address = r->net.addr,
	                        .score = score,
	                        .ignored = ignored,
	                        .spent = spent,
	                        .detail = {r->reason[0] != '\0' ? r->reason : NULL, strlen(r->reason)},
	                        .text = act_text(r, who, text)};
	const int rc = store_rule(o->store, black ? "vote-black" : "vote-white", "vote", black ? black_reason : white_reason,
	                          ret_rule, why);

	if (rc < 0)
		return rc;
	hit.rule = *ret_rule;
	return store_add_hits(o->store, &hit, 1, why);
}

static int finish(const struct orders *o, const struct protocol_request *r, const char *who, int64_t now_s, int rc,
                  struct why *why)
{
	if (rc == 0)
		rc = acts_add(o->acts, now_s, who, protocol_verb_text(r->verb), &r->net, r->reason, why);
	if (rc == 0)
		return store_commit(o->store, why);
	acts_stop(o->acts);
	store_rollback(o->store);
	return rc;
}

int orders_record(const struct orders *o, const char *who, const char *what, const char *why_text, int64_t now_s,
                  struct why *why)
{
	int rc = store_begin(o->store, why);

	if (rc < 0)
		return rc;
	if ((rc = acts_add(o->acts, now_s, who, what, NULL, why_text, why)) == 0)
		return store_commit(o->store, why);
	store_rollback(o->store);
	return rc;
}

static void say_trouble(struct answer *answer, const struct why *why)
{
	char text[WHY_MAX + 32];

	(void)snprintf(text, sizeof text, "%s; nothing was changed", why->text);
	answer_error(answer, text);
}

/* --- telling the kernel --- */

static void block_now(const struct orders *o, const struct verdict_block *blocks, size_t n, int64_t now_s,
                      struct orders_todo *todo)
{
	struct wanted_result ignored; /* the sync that follows says it */

	if (n == 0)
		return;
	todo->until_s = blocks[0].until_s;
	todo->rc = wanted_add(o->wanted, blocks, n, now_s, &todo->refused, &todo->why);
	if (todo->rc == -ENOSPC) { /* the lists are laid out anew, and then it fits, or does not */
		todo->sync = true;
		todo->rc = wanted_sync(o->wanted, o->verdict, o->config->block.extend, now_s, &ignored, &todo->why);
		if (todo->rc == 0)
			todo->rc = wanted_add(o->wanted, blocks, n, now_s, &todo->refused, &todo->why);
	}
	todo->sync |= todo->rc < 0 || todo->refused > 0; /* it tries again, and status says what was refused */
	for (size_t i = 1; i < n; i++)
		if (blocks[i].until_s < todo->until_s)
			todo->until_s = blocks[i].until_s;
}

/* It is recorded, but the kernel does not hold it, or not all of its n entries. */
static void say_refused(struct answer *answer, size_t n, const struct orders_todo *todo)
{
	const size_t refused = todo->rc < 0 ? n : todo->refused;

	answer_number(answer, "refused", (int64_t)refused); /* few */
	answer_text(answer, "refused_why", refused > 0 ? todo->why.text : NULL);
}

static void lift_now(const struct orders *o, const struct running_list *lifted, struct orders_todo *todo)
{
	struct net *nets;

	if (lifted->n == 0)
		return;
	if ((nets = calloc(lifted->n, sizeof *nets)) == NULL)
		abort();
	for (size_t i = 0; i < lifted->n; i++) {
		nets[i] = lifted->list[i].net;
		todo->sync |= nets[i].len < 128; /* what else is blocked in it is put back */
	}
	todo->rc = wanted_del(o->wanted, nets, lifted->n, &todo->why);
	todo->sync |= todo->rc < 0;
	free(nets);
}

/* --- the requests --- */

static void say_net(struct answer *answer, const struct net *net)
{
	char text[NET_TEXT_MAX];

	(void)net_text(net, text);
	answer_text(answer, "address", text);
}

/* Blocked, until when, by which block; or how far from it. */
static int say_standing(const struct orders *o, const struct net *net, int64_t now_s, struct answer *answer,
                        struct why *why)
{
	const struct verdict_look view = verdict_look(o->verdict, &net->addr);
	const char *const never = why_never(o, net);
	char text[NET_TEXT_MAX], sentence[WHY_MAX];
	struct wanted_block block = {0};
	bool blocked;
	int rc;

	if ((rc = find_block(o, net, now_s, &blocked, &block, why)) < 0)
		return rc;
	(void)net_text(&block.net, text);
	answer_bool(answer, "blocked", blocked);
	answer_time(answer, "until", blocked ? block.until_s : 0);
	answer_text(answer, "by", blocked ? text : NULL);
	answer_bool(answer, "allowed", never != NULL);
	if (net->len == 128) {
		answer_number(answer, "score", view.score);
		answer_number(answer, "threshold", view.threshold);
		answer_bool(answer, "proven", view.proven);
		answer_number(answer, "offence", view.offence);
	}
	if (blocked)
		(void)snprintf(sentence, sizeof sentence, "a block of %s runs", text);
	else if (never != NULL)
		(void)snprintf(sentence, sizeof sentence, "%s", never);
	else if (net->len < 128)
		(void)snprintf(sentence, sizeof sentence, "no block of it as a whole runs");
	else
		(void)snprintf(sentence, sizeof sentence, "its hits within the window add up to %" PRId64 " of %" PRId64, view.score,
		               view.threshold);
	answer_text(answer, "why", sentence);
	return 0;
}

/* After a change that was made: what cannot be read is left out. */
static void say_new_standing(const struct orders *o, const struct net *net, int64_t now_s, struct answer *answer)
{
	struct why ignored;

	(void)say_standing(o, net, now_s, answer, &ignored);
}

static int write_manual(const struct orders *o, const struct protocol_request *r, const char *who, int64_t until_s,
                        int64_t now_s, struct why *why)
{
	struct store_block block = {.net = r->net, .since_s = now_s, .until_s = until_s, .cause = STORE_MANUAL};
	int rc = store_begin(o->store, why);

	if (rc < 0)
		return rc;
	rc = store_rule(o->store, "manual", "manual", r->reason[0] != '\0' ? r->reason : block_reason, &block.rule, why);
	if (rc == 0)
		rc = store_end_cause(o->store, &r->net, STORE_MANUAL, now_s, "replaced", why);
	if (rc == 0)
		rc = store_add_blocks(o->store, &block, 1, why);
	return finish(o, r, who, now_s, rc, why);
}

static void run_block(const struct orders *o, const struct protocol_request *r, const char *who, int64_t now_s,
                      struct answer *answer, struct orders_todo *todo)
{
	const char *const never = why_never(o, &r->net);
	const struct verdict_look view = verdict_look(o->verdict, &r->net.addr);
	/* As long as its next block for evidence would last, when nothing else is said. */
	const int64_t for_s = r->for_s > 0 ? r->for_s : verdict_duration(o->verdict, r->net.len == 128 ? view.offence : 1);
	const struct verdict_block block = {
		.net = r->net, .since_s = now_s, .until_s = now_s + for_s, .cause = VERDICT_MANUAL};
	uint8_t length;
	const size_t n = pieces_of(o, &r->net, &length);
	struct why why;

	if (never != NULL) {
		answer_error(answer, never);
		return;
	}
	if (n > WANTED_PIECES_MAX) {
		answer_error(answer, "the kernel has no list for networks of that length, and of smaller ones it would be more "
		                     "than 1024; name smaller networks");
		return;
	}
	if (write_manual(o, r, who, block.until_s, now_s, &why) < 0) {
		say_trouble(answer, &why);
		return;
	}
	block_now(o, &block, 1, now_s, todo);
	answer_begin(answer);
	say_net(answer, &r->net);
	answer_time(answer, "since", block.since_s);
	answer_time(answer, "until", block.until_s);
	answer_number(answer, "entries", (int64_t)n);
	say_refused(answer, n, todo);
	answer_end(answer);
}

static int add_block(const struct orders *o, const struct verdict_block *b, int64_t rule, struct why *why)
{
	const struct store_block block = {.net = b->net,
	                                  .since_s = b->since_s,
	                                  .until_s = b->until_s,
	                                  .offence = b->offence,
	                                  .rule = rule,
	                                  .cause = b->cause == VERDICT_NETWORK ? STORE_NETWORK : STORE_EVIDENCE,
	                                  .proven = b->proven};

	return b->prolonged ? store_prolong(o->store, &b->net, block.cause, b->since_s, b->until_s, why)
	                    : store_add_blocks(o->store, &block, 1, why);
}

/* The vote, what was decided on it, and who cast it: in the transaction that is open. */
static int write_black(const struct orders *o, const struct protocol_request *r, const char *who, int score,
                       const struct verdict_decision *decision, int64_t now_s, struct why *why)
{
	int64_t rule;
	int rc = add_vote(o, r, who, score, !decision->counted, decision->n > 0, now_s, &rule, why);

	for (size_t i = 0; i < decision->n && rc == 0; i++)
		rc = add_block(o, &decision->blocks[i], rule, why);
	return finish(o, r, who, now_s, rc, why);
}

static void run_black(const struct orders *o, const struct protocol_request *r, const char *who, int64_t now_s,
                      struct answer *answer, struct orders_todo *todo)
{
	const char *const never = why_never(o, &r->net);
	const struct verdict_evidence evidence = {.addr = r->net.addr,
	                                          .score = r->score > 0 ? r->score : ORDERS_BLACK,
	                                          .time_s = now_s,
	                                          .rule = VERDICT_NO_RULE};
	struct verdict_decision decision = {0};
	int64_t white_s = 0;
	struct why why;
	int rc;

	if (never != NULL) {
		answer_error(answer, never);
		return;
	}
	if ((rc = acts_white(o->acts, &r->net, now_s - o->config->block.window_s, &white_s, &why)) >= 0 &&
	    (rc = store_begin(o->store, &why)) == 0) {
		verdict_save(o->verdict, &r->net.addr);
		if (white_s == 0)
			verdict_hit(o->verdict, &evidence, &decision);
		if ((rc = write_black(o, r, who, evidence.score, &decision, now_s, &why)) < 0)
			verdict_restore(o->verdict);
	}
	if (rc < 0) {
		say_trouble(answer, &why);
		return;
	}
	block_now(o, decision.blocks, decision.n, now_s, todo);
	answer_begin(answer);
	say_net(answer, &r->net);
	answer_bool(answer, "counted", decision.counted);
	say_refused(answer, decision.n, todo);
	if (white_s != 0)
		answer_time(answer, "white_since", white_s);
	say_new_standing(o, &r->net, now_s, answer);
	answer_end(answer);
}

/* What is counted for a white vote; the score of the request, or as much as is usual. */
static int white_score(const struct protocol_request *r)
{
	return r->score > 0 ? -r->score : -ORDERS_WHITE;
}

/* What ran is over; for a vote also the vote: in the transaction that is open. */
static int write_lift(const struct orders *o, const struct protocol_request *r, const char *who,
                      const struct running_list *running, int64_t now_s, struct why *why)
{
	const bool white = r->verb == PROTOCOL_WHITE;
	const struct verdict_look view = verdict_look(o->verdict, &r->net.addr);
	int64_t rule;
	int rc = 0;

	for (size_t i = 0; i < running->n && rc == 0; i++)
		rc = store_end(o->store, &running->list[i].net, now_s, white ? "white vote" : "unblocked", why);
	if (rc == 0 && white)
		rc = add_vote(o, r, who, white_score(r), view.allowed, false, now_s, &rule, why);
	if (rc == 0 && white) /* a day that counts for the good, as the verdict will say too */
		rc = store_add_good(
			o->store, &(struct store_evidence){.net = view.subject, .time_s = now_s, .times = 1}, 1, why);
	return finish(o, r, who, now_s, rc, why);
}

/* The verdict learns what was written. */
static void forgive(const struct orders *o, const struct protocol_request *r, const struct running_list *lifted,
                    int64_t now_s)
{
	const struct verdict_evidence white = {
		.addr = r->net.addr, .score = white_score(r), .time_s = now_s, .rule = VERDICT_NO_RULE};
	struct verdict_decision ignored; /* a negative score blocks nobody */

	for (size_t i = 0; i < lifted->n; i++)
		verdict_until(o->verdict, &lifted->list[i].net, now_s);
	if (r->verb == PROTOCOL_WHITE)
		verdict_hit(o->verdict, &white, &ignored);
	else /* with all of this second: after a restart nobody would know what of it came before */
		verdict_forget(o->verdict, &r->net, now_s + 1);
}

static void say_lifted(struct answer *answer, const struct running_list *lifted)
{
	answer_array(answer, "lifted");
	for (size_t i = 0; i < lifted->n && i < LIFTED_SHOWN; i++) {
		char text[NET_TEXT_MAX];

		(void)net_text(&lifted->list[i].net, text);
		answer_text(answer, NULL, text);
	}
	answer_close(answer);
	if (lifted->n > LIFTED_SHOWN)
		answer_number(answer, "more", (int64_t)(lifted->n - LIFTED_SHOWN));
}

/* An unblock or a white vote: what runs is found, ended, lifted and told. */
static void run_lift(const struct orders *o, const struct protocol_request *r, const char *who, int64_t now_s,
                     struct answer *answer, struct orders_todo *todo)
{
	struct running_list running;
	struct why why;
	int rc;

	if ((rc = find_running(o, &r->net, now_s, &running, &why)) == 0 && (rc = store_begin(o->store, &why)) == 0)
		rc = write_lift(o, r, who, &running, now_s, &why);
	if (rc < 0) {
		say_trouble(answer, &why);
		free(running.list);
		return;
	}
	forgive(o, r, &running, now_s);
	lift_now(o, &running, todo);
	answer_begin(answer);
	say_net(answer, &r->net);
	say_lifted(answer, &running);
	if (r->verb == PROTOCOL_WHITE)
		say_new_standing(o, &r->net, now_s, answer);
	answer_end(answer);
	free(running.list);
}

void orders_resume(const struct orders *o, const struct protocol_request *r, unsigned rule, const char *who,
                   int64_t now_s, struct answer *answer)
{
	struct why why;
	int rc = store_begin(o->store, &why);

	if (rc == 0) {
		rc = store_resume(o->store, r->rule, now_s, &why);
		if (rc == STORE_NONE) {
			store_rollback(o->store);
			answer_error(answer, "no such rule is suspended");
			return;
		}
		if (rc == 0)
			rc = acts_add(o->acts, now_s, who, "resume", NULL, r->rule, &why);
		if (rc == 0)
			rc = store_commit(o->store, &why);
		else
			store_rollback(o->store);
	}
	if (rc < 0) {
		say_trouble(answer, &why);
		return;
	}
	verdict_suspend(o->verdict, rule, false);
	answer_begin(answer);
	answer_text(answer, "rule", r->rule);
	answer_end(answer);
}

/* --- looking --- */

static void run_list(const struct orders *o, int64_t now_s, struct answer *answer)
{
	struct acts_block b;
	struct why why;
	int64_t n = 0;
	bool more = false;
	int rc;

	answer_begin(answer);
	answer_array(answer, "list");
	for (acts_running(o->acts, now_s); (rc = acts_next_block(o->acts, &b, &why)) == 0; n++) {
		if (!answer_has_room(answer)) {
			more = true;
			break;
		}
		answer_object(answer, NULL);
		say_net(answer, &b.block.net);
		answer_time(answer, "since", b.block.since_s);
		answer_time(answer, "until", b.block.until_s);
		answer_text(answer, "rule", b.rule);
		answer_text(answer, "reason", b.reason);
		answer_text(answer, "category", b.category);
		answer_number(answer, "offence", b.block.offence);
		answer_number(answer, "knocks", b.knocks);
		answer_close(answer);
	}
	acts_stop(o->acts);
	answer_close(answer);
	answer_number(answer, "shown", n);
	answer_bool(answer, "more", more);
	answer_end(answer);
	if (rc < 0)
		answer_error(answer, why.text);
}

static int say_blocks(const struct orders *o, const struct net *net, int64_t now_s, struct answer *answer,
                      struct why *why)
{
	struct acts_block b;
	int rc;

	answer_array(answer, "blocks");
	for (acts_blocks(o->acts, net, ORDERS_BLOCKS_SHOWN);
	     (rc = acts_next_block(o->acts, &b, why)) == 0 && answer_has_room(answer);) {
		answer_object(answer, NULL);
		answer_time(answer, "since", b.block.since_s);
		answer_time(answer, "until", b.block.until_s);
		answer_number(answer, "offence", b.block.offence);
		answer_text(answer, "ended_by", b.ended_by != NULL || b.block.until_s > now_s ? b.ended_by : "expired");
		answer_text(answer, "rule", b.rule);
		answer_text(answer, "reason", b.reason);
		answer_close(answer);
	}
	acts_stop(o->acts);
	answer_close(answer);
	return rc < 0 ? rc : 0;
}

static int say_hits(const struct orders *o, const struct addr *addr, struct answer *answer, struct why *why)
{
	struct acts_hit h;
	int rc;

	answer_array(answer, "hits");
	for (acts_hits(o->acts, addr, ORDERS_HITS_SHOWN);
	     (rc = acts_next_hit(o->acts, &h, why)) == 0 && answer_has_room(answer);) {
		answer_object(answer, NULL);
		answer_time(answer, "time", h.time_s);
		answer_text(answer, "rule", h.rule);
		answer_number(answer, "score", h.score);
		answer_text(answer, "detail", h.detail);
		answer_text(answer, "reason", h.reason);
		answer_text(answer, "text", h.text);
		answer_close(answer);
	}
	acts_stop(o->acts);
	answer_close(answer);
	return rc < 0 ? rc : 0;
}

static void run_look(const struct orders *o, const struct protocol_request *r, int64_t now_s, struct answer *answer)
{
	struct why why;
	int rc;

	answer_begin(answer);
	say_net(answer, &r->net);
	rc = say_standing(o, &r->net, now_s, answer, &why);
	if (rc == 0 && r->verb == PROTOCOL_WHY) {
		rc = say_blocks(o, &r->net, now_s, answer, &why);
		if (rc == 0)
			rc = say_hits(o, &r->net.addr, answer, &why);
	}
	if (rc < 0)
		answer_error(answer, why.text);
	else
		answer_end(answer);
}

/* Numbers as numbers, the rest as text. */
static void say_said(struct answer *answer, const char *key, const char *value)
{
	char *end;
	long long number;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno == 0 && end != value && *end == '\0') {
		if (strlen(key) > 3 && strcmp(key + strlen(key) - 3, "_at") == 0)
			answer_time(answer, key, number);
		else
			answer_number(answer, key, number);
	} else {
		answer_text(answer, key, value);
	}
}

static void run_status(const struct orders *o, int64_t now_s, struct answer *answer)
{
	const struct verdict_stat stat = verdict_stat(o->verdict);
	const char *key, *value;
	struct why why;
	int64_t active = 0;
	int rc = acts_count_running(o->acts, now_s, &active, &why);

	answer_begin(answer);
	answer_number(answer, "blocks_active", active);
	answer_number(answer, "addresses", (int64_t)stat.addresses);
	answer_number(answer, "forgotten", (int64_t)stat.forgotten);
	answer_number(answer, "braked", (int64_t)stat.braked);
	answer_number(answer, "suspended", (int64_t)stat.suspended);
	answer_number(answer, "earned", (int64_t)stat.earned);
	if (rc >= 0)
		for (acts_said(o->acts); (rc = acts_next_said(o->acts, &key, &value, &why)) == 0 && answer_has_room(answer);)
			say_said(answer, key, value);
	acts_stop(o->acts);
	answer_end(answer);
	if (rc < 0)
		answer_error(answer, why.text);
}

void orders_run(const struct orders *o, const struct protocol_request *r, const char *who, int64_t now_s,
                struct answer *answer, struct orders_todo *ret)
{
	*ret = (struct orders_todo){0};
	switch (r->verb) {
	case PROTOCOL_BLOCK:
		run_block(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_UNBLOCK:
	case PROTOCOL_WHITE:
		run_lift(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_BLACK:
		run_black(o, r, who, now_s, answer, ret);
		return;
	case PROTOCOL_LIST:
		run_list(o, now_s, answer);
		return;
	case PROTOCOL_WHY:
	case PROTOCOL_TEST:
		run_look(o, r, now_s, answer);
		return;
	case PROTOCOL_STATUS:
		run_status(o, now_s, answer);
		return;
	case PROTOCOL_RELOAD:
	case PROTOCOL_RESUME:
	case PROTOCOL_AUTH:
	case PROTOCOL_COMPAT:
		break;
	}
	answer_error(answer, "no such request here"); /* the engine and control take these */
}
