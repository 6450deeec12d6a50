#include "verdict/suspension.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { TAKEN_MIN = 16 };

void suspension_done(struct suspension *s)
{
	free(s->taken);
	s->taken = NULL;
	s->n_taken = s->room = 0;
}

static bool is_recent(const struct taken *taken, uint32_t now_s)
{
	return (int64_t)taken->time_s + SUSPENSION_S > now_s;
}

/* What the rule took, and what is too old. */
static void drop_taken(struct suspension *s, unsigned rule, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_taken; i++)
		if (s->taken[i].rule != rule && is_recent(&s->taken[i], now_s))
			s->taken[n++] = s->taken[i];
	s->n_taken = n;
}

/* NULL: not this. */
static struct taken *find_taken(const struct suspension *s, unsigned rule, const struct net *net, uint32_t now_s)
{
	for (size_t i = 0; i < s->n_taken; i++)
		if (s->taken[i].rule == rule && s->taken[i].net.len == net->len &&
		    addr_equal(&s->taken[i].net.addr, &net->addr) && is_recent(&s->taken[i], now_s))
			return &s->taken[i];
	return NULL;
}

static size_t count_taken(const struct suspension *s, unsigned rule, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_taken; i++)
		n += s->taken[i].rule == rule && is_recent(&s->taken[i], now_s);
	return n;
}

size_t suspension_list(const struct suspension *s, unsigned rule, struct net *out, size_t cap, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_taken && n < cap; i++)
		if (s->taken[i].rule == rule && is_recent(&s->taken[i], now_s))
			out[n++] = s->taken[i].net;
	return n;
}

void suspension_note_taken(struct suspension *s, unsigned rule, const struct net *net, uint32_t time_s,
                           uint32_t now_s)
{
	struct taken *const known = find_taken(s, rule, net, now_s);

	if (known != NULL)
		known->time_s = time_s;
	if (known != NULL || rule >= VERDICT_RULES_MAX || s->limit == 0 || time_s <= s->resumed_s[rule])
		return;
	if (s->n_taken == s->room) {
		drop_taken(s, VERDICT_NO_RULE, now_s); /* the old ones */
		if (s->n_taken == s->room) {
			s->room = s->room == 0 ? TAKEN_MIN : 2 * s->room;
			s->taken = alloc_resize(s->taken, s->room, sizeof *s->taken, "the hits of a rule");
		}
	}
	s->taken[s->n_taken++] = (struct taken){*net, time_s, rule};
}

bool suspension_is_full(const struct suspension *s, unsigned rule, const struct net *net, uint32_t now_s)
{
	return s->limit > 0 && rule < VERDICT_RULES_MAX && find_taken(s, rule, net, now_s) == NULL &&
	       count_taken(s, rule, now_s) >= s->limit;
}

void suspension_suspend(struct suspension *s, unsigned rule, bool suspended, uint32_t now_s)
{
	if (rule >= VERDICT_RULES_MAX || s->suspended[rule] == suspended)
		return;
	s->suspended[rule] = suspended;
	s->n_suspended += suspended ? 1 : (size_t)-1;
	if (!suspended)
		suspension_note_resumed(s, rule, now_s, now_s);
}

void suspension_note_resumed(struct suspension *s, unsigned rule, uint32_t at_s, uint32_t now_s)
{
	if (rule >= VERDICT_RULES_MAX)
		return;
	s->resumed_s[rule] = at_s;
	drop_taken(s, rule, now_s);
}
