#include "verdict/suspension.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { TAKEN_MIN = 16 };

void suspension_done(struct suspension *q)
{
	free(q->taken);
	q->taken = NULL;
	q->n_taken = q->room = 0;
}

static bool is_recent(const struct taken *taken, uint32_t now_s)
{
	return (int64_t)taken->time_s + SUSPENSION_S > now_s;
}

/* What the rule took, and what is too old. */
static void drop_taken(struct suspension *q, unsigned rule, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n_taken; i++)
		if (q->taken[i].rule != rule && is_recent(&q->taken[i], now_s))
			q->taken[n++] = q->taken[i];
	q->n_taken = n;
}

/* NULL: not this. */
static struct taken *find_taken(const struct suspension *q, unsigned rule, const struct net *net, uint32_t now_s)
{
	for (size_t i = 0; i < q->n_taken; i++)
		if (q->taken[i].rule == rule && q->taken[i].net.len == net->len &&
		    addr_equal(&q->taken[i].net.addr, &net->addr) && is_recent(&q->taken[i], now_s))
			return &q->taken[i];
	return NULL;
}

static size_t count_taken(const struct suspension *q, unsigned rule, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n_taken; i++)
		n += q->taken[i].rule == rule && is_recent(&q->taken[i], now_s);
	return n;
}

size_t suspension_list(const struct suspension *q, unsigned rule, struct net *out, size_t cap, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n_taken && n < cap; i++)
		if (q->taken[i].rule == rule && is_recent(&q->taken[i], now_s))
			out[n++] = q->taken[i].net;
	return n;
}

void suspension_note_taken(struct suspension *q, unsigned rule, const struct net *net, uint32_t time_s,
                           uint32_t now_s)
{
	struct taken *const known = find_taken(q, rule, net, now_s);

	if (known != NULL)
		known->time_s = time_s;
	if (known != NULL || rule >= VERDICT_RULES_MAX || q->limit == 0 || time_s <= q->resumed_s[rule])
		return;
	if (q->n_taken == q->room) {
		drop_taken(q, VERDICT_NO_RULE, now_s); /* the old ones */
		if (q->n_taken == q->room) {
			q->room = q->room == 0 ? TAKEN_MIN : 2 * q->room;
			q->taken = alloc_resize(q->taken, q->room, sizeof *q->taken, "the hits of a rule");
		}
	}
	q->taken[q->n_taken++] = (struct taken){*net, time_s, rule};
}

bool suspension_is_full(const struct suspension *q, unsigned rule, const struct net *net, uint32_t now_s)
{
	return q->limit > 0 && rule < VERDICT_RULES_MAX && find_taken(q, rule, net, now_s) == NULL &&
	       count_taken(q, rule, now_s) >= q->limit;
}

void suspension_suspend(struct suspension *q, unsigned rule, bool suspended, uint32_t now_s)
{
	if (rule >= VERDICT_RULES_MAX || q->suspended[rule] == suspended)
		return;
	q->suspended[rule] = suspended;
	q->n_suspended += suspended ? 1 : (size_t)-1;
	if (!suspended)
		suspension_note_resumed(q, rule, now_s, now_s);
}

void suspension_note_resumed(struct suspension *q, unsigned rule, uint32_t at_s, uint32_t now_s)
{
	if (rule >= VERDICT_RULES_MAX)
		return;
	q->resumed_s[rule] = at_s;
	drop_taken(q, rule, now_s);
}
