#include "command/diff.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "store/query.h"

/* Kinds of differences, in the order in which they are printed. */
enum kind {
	WOULD_BE,     /* blocked only in the replay */
	WOULD_NOT_BE, /* blocked only in the database */
	OTHERWISE,    /* blocked in both, but at another time or for another reason */
	N_KINDS,
};

static const char *const titles[N_KINDS] = {
	[WOULD_BE] = "would be blocked, and are not",
	[WOULD_NOT_BE] = "are blocked, and would not be",
	[OTHERWISE] = "would be blocked for another time or reason",
};

static const char *const words[N_KINDS] = {
	[WOULD_BE] = "would_be_blocked", [WOULD_NOT_BE] = "would_not_be_blocked", [OTHERWISE] = "otherwise"};

/* One side of a comparison; its strings are copies. */
struct side {
	char *rule, *reason;
	int64_t since_s, until_s, times;
};

struct difference {
	enum kind kind;
	char address[NET_TEXT_MAX];
	struct side replay, database; /* rule NULL: not blocked on that side */
};

struct differences {
	size_t n, cap;
	struct difference *list;
};

static struct side side_of(const struct query_blocked *b)
{
	return (struct side){alloc_text(b->rule, "the comparison"), alloc_text(b->reason, "the comparison"), b->since_s,
	                     b->until_s, b->times};
}

static void add(struct differences *d, const struct query_blocked *replay, const struct query_blocked *database)
{
	const struct query_blocked *const some = replay != NULL ? replay : database;
	struct difference *one;

	assert(some != NULL);
	if (d->n == d->cap) {
		d->cap = d->cap == 0 ? 64 : 2 * d->cap;
		d->list = alloc_resize(d->list, d->cap, sizeof *d->list, "the comparison");
	}
	one = &d->list[d->n++];
	*one = (struct difference){.kind = database == NULL ? WOULD_BE : replay == NULL ? WOULD_NOT_BE : OTHERWISE};
	(void)snprintf(one->address, sizeof one->address, "%s", some->address);
	if (replay != NULL)
		one->replay = side_of(replay);
	if (database != NULL)
		one->database = side_of(database);
}

static bool is_alike(const struct query_blocked *a, const struct query_blocked *b)
{
	return strcmp(a->rule, b->rule) == 0 && a->times == b->times && llabs(a->until_s - b->until_s) <= DIFF_SLACK_S;
}

/* Collects the differences in one pass: both queries are sorted by address. */
static int compare(struct store *replayed, struct store *remembered, int64_t from_s, int64_t until_s,
                   struct differences *d, struct why *why)
{
	struct query_blocked a, b;
	int rc_a, rc_b;

	query_blocked_between(replayed, from_s, until_s);
	query_blocked_between(remembered, from_s - DIFF_SLACK_S, until_s + DIFF_SLACK_S);
	rc_a = query_next_blocked_between(replayed, &a, why);
	rc_b = rc_a < 0 ? rc_a : query_next_blocked_between(remembered, &b, why);
	while (rc_a >= 0 && rc_b >= 0 && (rc_a == 0 || rc_b == 0)) {
		const int order = rc_a != 0 ? 1 : rc_b != 0 ? -1 : strcmp(a.address, b.address);

		if (order < 0)
			add(d, &a, NULL);
		else if (order > 0)
			add(d, NULL, &b);
		else if (!is_alike(&a, &b))
			add(d, &a, &b);
		if (order <= 0)
			rc_a = query_next_blocked_between(replayed, &a, why);
		if (order >= 0 && rc_a >= 0)
			rc_b = query_next_blocked_between(remembered, &b, why);
	}
	return rc_a < 0 ? rc_a : rc_b < 0 ? rc_b : 0;
}

static const char *rule_of(const struct difference *d)
{
	return d->replay.rule != NULL ? d->replay.rule : d->database.rule;
}

static int by_kind_and_rule(const void *x, const void *y)
{
	const struct difference *const a = x, *const b = y;
	const int order = a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : strcmp(rule_of(a), rule_of(b));

	return order != 0 ? order : strcmp(a->address, b->address);
}

static json_t *json_side(const struct side *s)
{
	if (s->rule == NULL)
		return json_null();
	return json_pack("{s:s, s:s, s:o, s:o, s:I}", "rule", s->rule, "reason", s->reason, "since",
	                 json_time(s->since_s), "until", json_time(s->until_s), "times", (json_int_t)s->times);
}

static void print_side(const char *who, const struct side *s, bool utc)
{
	char until[TIME_LOCAL_MAX];

	time_local_text(s->until_s, utc, until);
	(void)printf("      %-9s %" PRId64 " %s, last until %s by %s\n", who, s->times,
	             plural(s->times, "time", "times"), until, s->rule);
}

static void print_one(const struct difference *d, const struct difference *before, bool utc)
{
	char since[TIME_LOCAL_MAX], time[DURATION_TEXT_MAX];
	const struct side *const s = d->replay.rule != NULL ? &d->replay : &d->database;

	if (before == NULL || before->kind != d->kind)
		(void)printf("\n%s\n", titles[d->kind]);
	if (before == NULL || before->kind != d->kind || strcmp(rule_of(before), rule_of(d)) != 0)
		(void)printf("  %s (%s)\n", s->rule, s->reason);
	time_local_text(s->since_s, utc, since);
	duration_text(s->until_s - s->since_s, time);
	(void)printf("    %s  %s for %s%s\n", d->address, since, time, s->times > 1 ? ", not for the first time" : "");
	if (d->kind == OTHERWISE) {
		print_side("replay:", &d->replay, utc);
		print_side("database:", &d->database, utc);
	}
}

int diff_print(struct store *replayed, struct store *remembered, const struct diff_request *q, int64_t *ret_n,
               struct why *why)
{
	struct differences d = {0};
	const int rc = compare(replayed, remembered, q->from_s, q->until_s, &d, why);

	if (d.n > 0)
		qsort(d.list, d.n, sizeof *d.list, by_kind_and_rule);
	for (size_t i = 0; i < d.n; i++) {
		if (rc == 0 && q->json)
			command_print_json(json_pack("{s:s, s:s, s:o, s:o}", "difference", words[d.list[i].kind],
			                             "address", d.list[i].address, "replay",
			                             json_side(&d.list[i].replay), "database",
			                             json_side(&d.list[i].database)));
		else if (rc == 0)
			print_one(&d.list[i], i == 0 ? NULL : &d.list[i - 1], q->utc);
	}
	if (rc == 0 && !q->json)
		(void)printf("%s%zu %s\n", d.n > 0 ? "\n" : "", d.n, plural((int64_t)d.n, "difference", "differences"));
	*ret_n = (int64_t)d.n; /* a count of rows */
	for (size_t i = 0; i < d.n; i++) {
		free(d.list[i].replay.rule);
		free(d.list[i].replay.reason);
		free(d.list[i].database.rule);
		free(d.list[i].database.reason);
	}
	free(d.list);
	return rc;
}
