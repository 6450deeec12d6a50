#include "verdict/suspension.h"

#include <stdlib.h>

#include "base/alloc.h"

enum { MATCHED_MIN = 16 };

void suspension_done(struct suspension *s)
{
	free(s->matched);
	s->matched = NULL;
	s->n_matched = s->cap = 0;
}

static bool is_recent(const struct matched *matched, uint32_t now_s)
{
	return (int64_t)matched->time_s + SUSPENSION_S > now_s;
}

/* Removes the matches of the rule, and those that are too old. */
static void drop_matched(struct suspension *s, unsigned rule, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_matched; i++)
		if (s->matched[i].rule != rule && is_recent(&s->matched[i], now_s))
			s->matched[n++] = s->matched[i];
	s->n_matched = n;
}

/* Returns the match for this net, or NULL. */
static struct matched *find_matched(const struct suspension *s, unsigned rule, const struct net *net, uint32_t now_s)
{
	for (size_t i = 0; i < s->n_matched; i++)
		if (s->matched[i].rule == rule && s->matched[i].net.len == net->len &&
		    addr_equal(&s->matched[i].net.addr, &net->addr) && is_recent(&s->matched[i], now_s))
			return &s->matched[i];
	return NULL;
}

static size_t count_matched(const struct suspension *s, unsigned rule, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_matched; i++)
		n += s->matched[i].rule == rule && is_recent(&s->matched[i], now_s);
	return n;
}

size_t suspension_list(const struct suspension *s, unsigned rule, struct net *out, size_t cap, uint32_t now_s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_matched && n < cap; i++)
		if (s->matched[i].rule == rule && is_recent(&s->matched[i], now_s))
			out[n++] = s->matched[i].net;
	return n;
}

void suspension_note_match(struct suspension *s, unsigned rule, const struct net *net, uint32_t time_s, uint32_t now_s)
{
	struct matched *const known = find_matched(s, rule, net, now_s);

	if (known != NULL)
		known->time_s = time_s;
	if (known != NULL || rule >= VERDICT_RULES_MAX || s->limit == 0 || time_s <= s->resumed_s[rule])
		return;
	if (s->n_matched == s->cap) {
		drop_matched(s, VERDICT_NO_RULE, now_s); /* only the old ones */
		if (s->n_matched == s->cap) {
			s->cap = s->cap == 0 ? MATCHED_MIN : 2 * s->cap;
			s->matched = alloc_resize(s->matched, s->cap, sizeof *s->matched, "the hits of a rule");
		}
	}
	s->matched[s->n_matched++] = (struct matched){*net, time_s, rule};
}

bool suspension_is_full(const struct suspension *s, unsigned rule, const struct net *net, uint32_t now_s)
{
	return s->limit > 0 && rule < VERDICT_RULES_MAX && find_matched(s, rule, net, now_s) == NULL &&
	       count_matched(s, rule, now_s) >= s->limit;
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
	drop_matched(s, rule, now_s);
}
