#include "admin/inspect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/standing.h"
#include "store/query.h"

/* Log lines wait for the reply. */
static struct query_bound bound(size_t rows)
{
	return (struct query_bound){.rows = rows, .newest = ADMIN_NEWEST};
}

void inspect_list(const struct admin *o, int64_t now_s, struct answer *answer)
{
	struct query_block b;
	struct why why;
	int64_t n = 0;
	bool more = false;
	int rc;

	answer_begin(answer);
	answer_array(answer, "list");
	for (query_active(o->store, now_s, bound(ADMIN_LIST_SHOWN)); (rc = query_next_block(o->store, &b, &why)) == 0; n++) {
		if (!answer_has_room(answer)) {
			more = true;
			break;
		}
		answer_object(answer, NULL);
		answer_text(answer, "address", b.address);
		answer_time(answer, "since", b.since_s);
		answer_time(answer, "until", b.until_s);
		answer_text(answer, "rule", b.rule);
		answer_text(answer, "reason", b.reason);
		answer_text(answer, "category", b.category);
		answer_number(answer, "offence", b.offence);
		answer_number(answer, "knocks", b.knocks);
		answer_close(answer);
	}
	query_stop(o->store);
	answer_close(answer);
	answer_number(answer, "shown", n);
	answer_bool(answer, "more", more);
	answer_end(answer);
	if (rc < 0)
		answer_error(answer, why.text);
}

static int say_blocks(const struct admin *o, const struct net *net, int64_t now_s, struct answer *answer,
                      struct why *why)
{
	struct query_block b;
	int rc;

	answer_array(answer, "blocks");
	for (query_blocks(o->store, net, now_s, bound(ADMIN_BLOCKS_SHOWN));
	     (rc = query_next_block(o->store, &b, why)) == 0 && answer_has_room(answer);) {
		answer_object(answer, NULL);
		answer_time(answer, "since", b.since_s);
		answer_time(answer, "until", b.until_s);
		answer_number(answer, "offence", b.offence);
		answer_text(answer, "ended_by", b.ended_by);
		answer_text(answer, "rule", b.rule);
		answer_text(answer, "reason", b.reason);
		answer_close(answer);
	}
	query_stop(o->store);
	answer_close(answer);
	return rc < 0 ? rc : 0;
}

static int say_hits(const struct admin *o, const struct net *net, struct answer *answer, struct why *why)
{
	struct query_hit h;
	int rc;

	answer_array(answer, "hits");
	for (query_hits(o->store, net, bound(ADMIN_HITS_SHOWN));
	     (rc = query_next_hit(o->store, &h, why)) == 0 && answer_has_room(answer);) {
		answer_object(answer, NULL);
		answer_time(answer, "time", h.time_s);
		answer_text(answer, "rule", h.rule);
		answer_number(answer, "score", h.score);
		answer_text(answer, "detail", h.detail);
		answer_text(answer, "reason", h.reason);
		answer_text(answer, "text", h.text);
		answer_close(answer);
	}
	query_stop(o->store);
	answer_close(answer);
	return rc < 0 ? rc : 0;
}

void inspect_at(const struct admin *o, const struct protocol_request *r, int64_t now_s, struct answer *answer)
{
	struct why why;
	int rc;

	answer_begin(answer);
	standing_say_net(answer, &r->net);
	rc = standing_say(o, &r->net, now_s, answer, &why);
	if (rc == 0 && r->verb == PROTOCOL_WHY) {
		rc = say_blocks(o, &r->net, now_s, answer, &why);
		if (rc == 0)
			rc = say_hits(o, &r->net, answer, &why);
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

static void say_problems(const struct problems *problems, struct answer *answer)
{
	const struct problem *p;

	answer_array(answer, "problems");
	for (size_t at = 0; (p = problems_next(problems, &at)) != NULL && answer_has_room(answer);) {
		answer_object(answer, NULL);
		answer_text(answer, "kind", problems_name(p->kind));
		answer_text(answer, "what", p->what);
		answer_time(answer, "since", p->since_s);
		answer_text(answer, "remedy", p->remedy);
		answer_close(answer);
	}
	answer_close(answer);
}

/* What the database does not tell is left out: its trouble is among the problems. */
void inspect_status(const struct admin *o, int64_t now_s, struct answer *answer)
{
	const struct verdict_stat stat = verdict_stat(o->verdict);
	const char *key, *value;
	struct why ignored;
	struct query_totals totals;
	const int rc = query_totals(o->store, now_s, bound(0), &totals, &ignored);

	answer_begin(answer);
	if (o->problems != NULL)
		say_problems(o->problems, answer);
	if (rc >= 0)
		answer_number(answer, "blocks_active", totals.blocks_active);
	answer_number(answer, "addresses", (int64_t)stat.addresses);
	answer_number(answer, "forgotten", (int64_t)stat.forgotten);
	answer_number(answer, "braked", (int64_t)stat.braked);
	answer_number(answer, "suspended", (int64_t)stat.suspended);
	answer_number(answer, "earned", (int64_t)stat.earned);
	if (rc >= 0)
		for (query_all_said(o->store);
		     query_next_said(o->store, &key, &value, &ignored) == 0 && answer_has_room(answer);)
			say_said(answer, key, value);
	query_stop(o->store);
	answer_end(answer);
}
