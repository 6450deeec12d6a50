#include "admin/unblock.h"

#include <stdlib.h>

#include "admin/record.h"
#include "admin/running.h"
#include "admin/standing.h"
#include "store/blocks.h"
#include "store/reputation.h"

static void unblock_now(const struct admin *o, const struct running_list *lifted, struct admin_todo *todo)
{
	struct net *nets;

	if (lifted->n == 0)
		return;
	if ((nets = calloc(lifted->n, sizeof *nets)) == NULL)
		abort();
	todo->n_lifted = lifted->n;
	for (size_t i = 0; i < lifted->n; i++) {
		nets[i] = lifted->list[i].net;
		if (i < ADMIN_LIFTED_SHOWN)
			todo->lifted[i] = nets[i];
		todo->sync |= nets[i].len < 128; /* what else is blocked in it is put back */
	}
	todo->rc = reconcile_del(o->reconcile, nets, lifted->n, &todo->why);
	todo->sync |= todo->rc < 0;
	free(nets);
}

/* What is counted for a white vote; the score of the request, or as much as is usual. */
static int white_score(const struct protocol_request *r)
{
	return r->score > 0 ? -r->score : -ADMIN_WHITE;
}

/* What ran is over; for a vote also the vote: in the transaction that is open. */
static int write_lift(const struct admin *o, const struct protocol_request *r, const char *who,
                      const struct running_list *running, int64_t now_s, struct why *why)
{
	const bool white = r->verb == PROTOCOL_WHITE;
	const struct verdict_look view = verdict_look(o->verdict, &r->net.addr);
	int64_t rule;
	int rc = 0;

	for (size_t i = 0; i < running->n && rc == 0; i++)
		rc = store_end(o->store, &running->list[i].net, now_s, white ? "white vote" : "unblocked",
		               why);
	if (rc == 0 && white)
		rc = record_vote(o, r, who, white_score(r), view.allowed, false, now_s, &rule, why);
	if (rc == 0 && white) /* a day that counts for the good, as the verdict will say too */
		rc = store_add_good(
		        o->store, &(struct store_evidence){.net = view.subject, .time_s = now_s, .times = 1}, 1, why);
	return record_finish(o, r, who, now_s, rc, why);
}

/* The verdict learns what was written. */
static void forgive(const struct admin *o, const struct protocol_request *r,
                    const struct running_list *lifted, int64_t now_s)
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
	for (size_t i = 0; i < lifted->n && i < ADMIN_LIFTED_SHOWN; i++) {
		char text[NET_TEXT_MAX];

		(void)net_text(&lifted->list[i].net, text);
		answer_text(answer, NULL, text);
	}
	answer_close(answer);
	if (lifted->n > ADMIN_LIFTED_SHOWN)
		answer_number(answer, "more", (int64_t)(lifted->n - ADMIN_LIFTED_SHOWN));
}

/* An unblock or a white vote: what runs is found, ended, lifted and told. */
void unblock_run(const struct admin *o, const struct protocol_request *r, const char *who, int64_t now_s,
              struct answer *answer, struct admin_todo *todo)
{
	struct running_list running;
	struct why why;
	int rc;

	if ((rc = running_find(o, &r->net, now_s, &running, &why)) == 0 &&
	    (rc = store_begin(o->store, &why)) == 0)
		rc = write_lift(o, r, who, &running, now_s, &why);
	if (rc < 0) {
		record_say_trouble(answer, &why);
		free(running.list);
		return;
	}
	forgive(o, r, &running, now_s);
	unblock_now(o, &running, todo);
	answer_begin(answer);
	standing_say_net(answer, &r->net);
	say_lifted(answer, &running);
	if (r->verb == PROTOCOL_WHITE)
		standing_say_new(o, &r->net, now_s, answer);
	answer_end(answer);
	free(running.list);
}
