#include "admin/inspect.h"

#include <errno.h>
#include <string.h>

#include "admin/blockstate.h"
#include "admin/rows.h"
#include "admin/state.h"
#include "base/alloc.h"

enum { COUNTED = 64 }; /* blocks copied at a time, to be counted */

/* Keeps queries short, because log lines wait for the reply. */
static struct query_bound bound(size_t rows)
{
	return (struct query_bound){.rows = rows, .newest = ADMIN_NEWEST};
}

void inspect_list(const struct admin *a, int64_t now_s, json_t *reply)
{
	json_t *const list = alloc_check(json_array(), 0, "a reply");
	size_t bytes_left = REPLY_LIST_MAX;
	struct query_block block;
	struct why why;
	int rc;

	json_put(reply, "list", list);
	query_active(a->store, now_s, bound(ADMIN_LIST_SHOWN));
	while ((rc = query_next_block(a->store, &block, &why)) == 0 &&
	       rows_append(list, rows_block(&block, a->config), &bytes_left))
		;
	query_stop(a->store);
	if (rc < 0) {
		reply_error(reply, why.text);
		return;
	}
	blockstate_put_waiting(a, &(struct net){0}, reply);
	json_put_number(reply, "shown", (int64_t)json_array_size(list));
	json_put_bool(reply, "more", rc == 0);
}

void inspect_at(const struct admin *a, const struct protocol_request *r, int64_t now_s, json_t *reply)
{
	const struct rows_bound shown = {bound(ADMIN_BLOCKS_SHOWN), bound(ADMIN_HITS_SHOWN), REPLY_LIST_MAX};
	struct why why;
	int rc;

	blockstate_put_net(reply, &r->net);
	rc = blockstate_put(a, &r->net, now_s, reply, &why);
	if (rc == 0 && r->verb == PROTOCOL_WHY)
		rc = rows_put_history(reply, a->config, a->store, &r->net, now_s, &shown, &why);
	if (rc < 0)
		reply_error(reply, why.text);
}

/* A log's problem is critical if no log can be read. */
static bool is_critical(const struct problems *problems, const struct problem *p, size_t n_logs)
{
	size_t n = 0;

	for (size_t i = 0; i < PROBLEMS_LOGS_MAX; i++)
		n += problems->of[PROBLEMS_N - 1 + i].what[0] != '\0';
	return p->critical || (p->kind == PROBLEMS_LOG && n >= n_logs);
}

static void put_problems(const struct admin *a, size_t *bytes_left, json_t *reply)
{
	json_t *const list = alloc_check(json_array(), 0, "a reply");
	const struct problem *p;

	json_put(reply, "problems", list);
	for (size_t at = 0; (p = problems_next(a->problems, &at)) != NULL;) {
		struct problem one = *p;

		one.critical = is_critical(a->problems, p, a->config->n_logs);
		(void)rows_append(list, rows_problem(&one), bytes_left);
	}
}

static void put_sharing(const struct admin *a, json_t *reply)
{
	struct sharing_stat stat = {0};

	if (a->sharing != NULL)
		stat = sharing_stat(a->sharing);
	json_put_number(reply, "sent", stat.sent);
	json_put_time(reply, "reported_at", stat.reported_s);
	json_put_number(reply, "good_elsewhere", stat.elsewhere);
}

/*
 * Counts the active blocks in memory: while the database cannot be written, it lacks new ones, extensions and early
 * ends.
 */
static int64_t count_active(const struct reconcile *rec, int64_t now_s)
{
	struct block some[COUNTED];
	uint32_t place = 0;
	int64_t active = 0;

	do {
		const size_t n = reconcile_some(rec, &place, some, COUNTED);

		for (size_t i = 0; i < n; i++)
			active += some[i].cause != BLOCK_LISTED && some[i].until_s > now_s;
	} while (place != 0);
	return active;
}

/* Values that the database cannot provide are 0 or null; its error is among the problems. */
void inspect_status(const struct admin *a, int64_t now_s, json_t *reply)
{
	const struct verdict_stat stat = verdict_stat(a->verdict);
	size_t bytes_left = REPLY_LIST_MAX;
	struct why ignored;

	if (a->problems != NULL)
		put_problems(a, &bytes_left, reply);
	(void)state_put(reply, a->store, a->pending, a->config, now_s, bound(ADMIN_LIST_SHOWN), bytes_left, &ignored);
	/* The current values replace those last written. */
	if (reconcile_is_known(a->reconcile))
		json_put_number(reply, "blocks_active", count_active(a->reconcile, now_s));
	json_put_bool(reply, "running", true);
	json_put_number(reply, "addresses", (int64_t)stat.addresses);
	json_put_number(reply, "tracked", (int64_t)stat.addresses);
	json_put_number(reply, "forgotten", (int64_t)stat.forgotten);
	json_put_number(reply, "braked", (int64_t)stat.braked);
	json_put_number(reply, "earned", (int64_t)stat.earned);
	put_sharing(a, reply);
}

void inspect_peer(const struct admin *a, const struct protocol_request *r, json_t *reply)
{
	const struct store_peer *const peer =
		a->sharing == NULL ? NULL : sharing_peer(a->sharing, (struct span){r->rule, strlen(r->rule)});
	struct why why;

	if (peer == NULL) {
		(void)why_set(&why, ENOENT, "no peer is named \"%s\" in %s", r->rule, a->config->share.peers);
		reply_error(reply, why.text);
		return;
	}
	json_put_text(reply, "peer", peer->name);
	json_put_text(reply, "stream", peer->stream);
}

void inspect_sent(const struct admin *a, const struct protocol_request *r, int64_t now_s, json_t *reply)
{
	char text[HEXLIST_TEXT_MAX];
	struct sharing_part part = {0};

	if (a->sharing != NULL) {
		sharing_sent(a->sharing, r->sent, now_s);
		sharing_good(a->sharing, a->verdict, (size_t)r->after, now_s, &part); /* not negative */
	}
	hexlist_text(&part.known, text);
	json_put_number(reply, "day", part.day);
	json_put_number(reply, "parts", (int64_t)part.parts); /* below 2^16 */
	json_put_text(reply, "known", text);
}
