#include "engine/shared.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/reply.h"
#include "pipeline/pending.h"

/* Returns the objects that sharing works on now. */
static struct sharing_on on_of(const struct requests *r)
{
	return (struct sharing_on){r->live->verdict, r->reconcile, r->live->config};
}

/* --- after a transaction --- */

static void log_changes(struct requests *r, int64_t now_s)
{
	const struct block *begun, *ended;
	const size_t n_begun = sharing_begun(r->sharing, &begun), n_ended = sharing_ended(r->sharing, &ended);
	const char *why, *const suspended = sharing_suspended(r->sharing, &why);

	events_at(r->events, now_s);
	for (size_t i = 0; i < n_ended; i++)
		events_released(r->events, &ended[i].net, "other hosts", NULL, NULL);
	for (size_t i = 0; i < n_begun; i++)
		events_blocked(r->events, &begun[i], &(struct events_cause){.rule = sharing_begun_by(r->sharing, i)});
	events_sum(r->events);
	if (suspended != NULL)
		log_line(LOG_ALERT,
		         "peer %s is suspended: %s; its claims are void until 'watchforspammers resume peer/%s'",
		         suspended, why, suspended);
}

/* Applies committed changes to the kernel, after the database. */
static void apply_changes(struct requests *r, int64_t now_s, struct admin_todo *ret)
{
	const struct block *begun, *ended;
	const size_t n_begun = sharing_begun(r->sharing, &begun), n_ended = sharing_ended(r->sharing, &ended);
	int rc = 0;

	for (size_t i = 0; i < n_ended; i++)
		if (ended[i].cause != BLOCK_SHARED)
			verdict_until(r->live->verdict, &ended[i].net, now_s);
	if (n_ended > 0)
		rc = reconcile_del(r->reconcile, ended, n_ended, now_s, &ret->why);
	if (rc == 0 && n_begun > 0)
		rc = reconcile_add(r->reconcile, begun, n_begun, now_s, &ret->refused, &ret->why);
	ret->rc = rc;
	ret->sync |= rc < 0 || ret->refused > 0; /* the next comparison retries, and status shows what was refused */
	for (size_t i = 0; i < n_begun && ret->n_begun < VERDICT_BLOCKS_MAX; i++)
		ret->begun[ret->n_begun++] = begun[i];
	if (sharing_allowed(r->sharing))
		live_earned(r->live);
	ret->sync |= sharing_allowed(r->sharing);
	log_changes(r, now_s);
}

void shared_reload(struct requests *r)
{
	const struct sharing_on on = on_of(r);
	struct why why;

	if (sharing_load(r->sharing, &on, clock_unix_s(), &why) < 0)
		log_line(LOG_ERR, "%s; the peers are those from before", why.text);
}

/* --- requests --- */

/*
 * Handles one request. Returns 0 or a database error, which ends the transaction and is the reply to all its requests.
 */
static int receive(struct requests *r, int64_t now_s, struct why *why)
{
	const struct sharing_on on = on_of(r);
	json_t *const reply = reply_new();
	const int rc = sharing_receive(r->sharing, &on, &r->request.what.foreign, now_s, why);

	if (rc == SHARING_REFUSED)
		json_put_text(reply, "refused", why->text);
	control_reply(r->control, r->request.connection, reply, clock_steady_ms());
	return rc < 0 ? rc : 0;
}

/* Refuses the request: nothing can be changed now. */
static void refuse(struct requests *r, const struct why *why)
{
	control_reply(r->control, r->request.connection, reply_new(), clock_steady_ms());
	control_release(r->control, &r->request, why->text, clock_steady_ms());
}

/*
 * Handles the request and those that follow. *ret_more: a request of another kind came after them, not replied to yet.
 */
static int receive_all(struct requests *r, int64_t now_s, bool *ret_more, struct why *why)
{
	int rc = 0;

	*ret_more = false;
	for (size_t n = 1; rc == 0; n++) {
		rc = receive(r, now_s, why);
		if (rc < 0 || n == SHARED_AT_ONCE || !control_again(r->control, clock_steady_ms(), &r->request))
			break;
		*ret_more = r->request.what.verb != PROTOCOL_FOREIGN;
		if (*ret_more)
			break;
	}
	return sharing_commit(r->sharing, rc, why);
}

bool shared_handle(struct requests *r, struct admin_todo *ret)
{
	const int64_t now_s = clock_unix_s();
	struct why why;
	bool more;
	int rc = pending_ready(r->live->pending, &why);

	control_hold(r->control, &r->request);
	verdict_at(r->live->verdict, now_s);
	if (rc == 0)
		rc = sharing_begin(r->sharing, &why);
	if (rc < 0) {
		refuse(r, &why);
		return false;
	}
	rc = receive_all(r, now_s, &more, &why);
	if (rc == 0)
		apply_changes(r, now_s, ret);
	else
		shared_reload(r); /* memory holds what was never stored */
	control_release(r->control, &r->request, rc < 0 ? why.text : NULL, clock_steady_ms());
	ret->restore = rc < 0;
	return more;
}

int shared_review(struct requests *r, struct admin_todo *ret, struct why *why)
{
	const struct sharing_on on = on_of(r);
	const int64_t now_s = clock_unix_s();
	int rc;

	*ret = (struct admin_todo){.rc = 0};
	verdict_at(r->live->verdict, now_s);
	if ((rc = sharing_review(r->sharing, &on, now_s, why)) == 0)
		apply_changes(r, now_s, ret);
	return rc;
}
