#include "admin/unblock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/active.h"
#include "admin/blockstate.h"
#include "admin/record.h"
#include "admin/rows.h"
#include "base/alloc.h"
#include "base/why.h"
#include "store/query.h"

static void unblock_now(const struct admin *a, const struct active_list *lifted, int64_t now_s, struct admin_todo *todo)
{
	todo->n_lifted = lifted->n;
	for (size_t i = 0; i < lifted->n && i < ADMIN_LIFTED_SHOWN; i++)
		todo->lifted[i] = lifted->list[i].net;
	todo->rc = reconcile_del(a->reconcile, lifted->all, lifted->n_all, now_s, &todo->why);
	todo->sync |= todo->rc < 0;
}

static bool is_of(const struct query_allowance *allowance, const struct net *net)
{
	char text[NET_TEXT_MAX];

	(void)net_text(net, text);
	return strcmp(allowance->address, text) == 0;
}

/* Returns the score of a white vote: that of the request, or the default. */
static int white_score(const struct protocol_request *r)
{
	return r->score > 0 ? -r->score : -ADMIN_WHITE;
}

/* Returns why a block ended, as the database records it: "unblocked" ... */
static const char *ended_by(enum protocol_verb verb)
{
	return verb == PROTOCOL_WHITE ? "white vote" : verb == PROTOCOL_ALLOW ? "allowed" : "unblocked";
}

static int64_t allowed_until(const struct protocol_request *r, int64_t now_s)
{
	return now_s + (r->for_s > 0 ? r->for_s : ADMIN_ALLOW_S);
}

/* Ends the active blocks, and stores the vote or allowance. */
static int write_lift(const struct admin *a, const struct protocol_request *r, const char *who,
                      const struct active_list *running, int64_t now_s, struct why *why)
{
	const struct verdict_query view = verdict_query(a->verdict, &r->net.addr);
	const struct change_allowance allowance = {allowed_until(r, now_s), "by hand",
	                                           r->reason[0] != '\0' ? r->reason : NULL};
	struct change change = record_order(r, who, now_s);
	char text[STORE_LINE_MAX];
	const struct store_hit vote = record_vote(r, who, white_score(r), view.allowed, false, now_s, text);

	change.ends = running->all;
	change.n_ends = running->n_all;
	change.ended_by = ended_by(r->verb);
	if (r->verb == PROTOCOL_WHITE) { /* and a good day, like the verdict counts it */
		change.rule = record_white;
		change.hit = &vote;
		change.good = &view.subject;
	}
	if (r->verb == PROTOCOL_ALLOW)
		change.allowance = &allowance;
	return change_write(a->store, &change, why);
}

/* Updates the verdict: allowed by this request, or for longer if it has earned that as well. */
static void allow(const struct admin *a, const struct protocol_request *r, int64_t now_s)
{
	int64_t until_s = allowed_until(r, now_s);
	struct query_allowance longest;
	struct why ignored;

	if (query_allowance(a->store, &r->net, now_s, &longest, &ignored) == 0 && longest.until_s > until_s &&
	    is_of(&longest, &r->net))
		until_s = longest.until_s;
	verdict_allow_earned(a->verdict, &r->net, 0); /* a longer manual allowance was replaced */
	verdict_allow_earned(a->verdict, &r->net, until_s);
}

/* Updates the verdict with what was written. */
static void forgive(const struct admin *a, const struct protocol_request *r, const struct active_list *lifted,
                    int64_t now_s)
{
	const struct verdict_evidence white = {
		.addr = r->net.addr, .score = white_score(r), .time_s = now_s, .rule = VERDICT_NO_RULE};
	struct verdict_decision ignored; /* a negative score blocks no client */

	for (size_t i = 0; i < lifted->n; i++)
		verdict_until(a->verdict, &lifted->list[i].net, now_s);
	if (r->verb == PROTOCOL_WHITE)
		verdict_hit(a->verdict, &white, &ignored);
	else if (r->verb == PROTOCOL_ALLOW)
		allow(a, r, now_s);
	else /* includes the whole current second, because after a restart the order within it is unknown */
		verdict_forget(a->verdict, &r->net, now_s + 1);
}

static void put_lifted(json_t *reply, const struct active_list *lifted)
{
	json_t *const list = alloc_check(json_array(), 0, "a reply");

	json_put(reply, "lifted", list);
	for (size_t i = 0; i < lifted->n && i < ADMIN_LIFTED_SHOWN; i++) {
		char text[NET_TEXT_MAX];

		(void)net_text(&lifted->list[i].net, text);
		(void)json_array_append_new(list, json_string(text));
	}
	json_put_number(reply, "n_lifted", (int64_t)lifted->n);
	if (lifted->n > ADMIN_LIFTED_SHOWN)
		json_put_number(reply, "more", (int64_t)(lifted->n - ADMIN_LIFTED_SHOWN));
}

/* Adds where others list net, which therefore stays blocked. */
static void put_listed(const struct admin *a, const struct net *net, json_t *reply)
{
	struct blocklist_place place;

	rows_put_listed(reply, a->blocklist != NULL && blocklist_find(a->blocklist, net, &place) ? &place : NULL);
}

void unblock_run(const struct admin *a, const struct protocol_request *r, const char *who, int64_t now_s, json_t *reply,
                 struct admin_todo *todo)
{
	struct active_list running;
	struct why why;
	int rc;

	if ((rc = active_find(a, &r->net, now_s, &running, &why)) == 0)
		rc = write_lift(a, r, who, &running, now_s, &why);
	if (rc < 0) {
		record_refuse(reply, &why);
		active_done(&running);
		return;
	}
	forgive(a, r, &running, now_s);
	/* Voids earlier claims of other hosts. If that cannot be stored, it counts again after a restart. */
	if (a->sharing != NULL)
		(void)sharing_unblocked(a->sharing, &r->net, now_s, &why);
	todo->voted = r->verb == PROTOCOL_WHITE;
	todo->votee = r->net;
	unblock_now(a, &running, now_s, todo);
	todo->sync |= r->verb == PROTOCOL_ALLOW && a->config->block.files.n > 0; /* checks the listed networks again */
	if (r->verb != PROTOCOL_UNBLOCK_ALL)
		blockstate_put_net(reply, &r->net);
	put_lifted(reply, &running);
	if (r->verb == PROTOCOL_WHITE || r->verb == PROTOCOL_ALLOW)
		blockstate_put_new(a, &r->net, now_s, reply);
	else if (r->verb == PROTOCOL_UNBLOCK)
		put_listed(a, &r->net, reply);
	active_done(&running);
}

static int write_disallow(const struct admin *a, const struct protocol_request *r, const char *who, int64_t now_s,
                          struct why *why)
{
	struct change change = record_order(r, who, now_s);

	change.disallows = true;
	return change_write(a->store, &change, why);
}

/* Replies why there is nothing to end. */
static void refuse_no_allowance(const struct query_allowance *around, json_t *reply)
{
	struct why why;

	if (around != NULL)
		(void)why_set(&why, ENOENT, "it is allowed as a part of %s; 'disallow %s'", around->address,
		              around->address);
	else
		(void)why_set(&why, ENOENT,
		              "no allowance of it is active; addresses under [allow] are in the configuration");
	reply_error(reply, why.text);
}

void unblock_allowance(const struct admin *a, const struct protocol_request *r, const char *who, int64_t now_s,
                       json_t *reply)
{
	struct query_allowance allowance;
	struct why why;
	int rc = query_allowance(a->store, &r->net, now_s, &allowance, &why);

	if (rc == STORE_NONE || (rc == 0 && !is_of(&allowance, &r->net))) {
		refuse_no_allowance(rc == 0 ? &allowance : NULL, reply);
		return;
	}
	if (rc == 0)
		rc = write_disallow(a, r, who, now_s, &why);
	if (rc < 0) {
		record_refuse(reply, &why);
		return;
	}
	verdict_allow_earned(a->verdict, &r->net, 0);
	blockstate_put_net(reply, &r->net);
	blockstate_put_new(a, &r->net, now_s, reply);
}
