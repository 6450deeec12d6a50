#include "rules/rules.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/account.h"
#include "base/alloc.h"
#include "rules/compiled.h"
#include "rules/conditions.h"
#include "rules/prefilter.h"
#include "rules/rdns.h"

enum { JIT_STACK_MAX = 256 << 10 };

struct rules_scratch {
	const struct rules *rules;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	struct prefilter *prefilter;
	struct rules_stat stat;
	size_t first;    /* rules before this one are ignored */
	bool is_example; /* address files are ignored: conditions on them hold for the rule "example" only */
	size_t example;
};

struct rules_scratch *rules_scratch_new(const struct rules *rules)
{
	struct rules_scratch *const s = alloc_zero(1, sizeof *s, "matching");

	s->rules = rules;
	s->data = alloc_check(pcre2_match_data_create(rules->groups_max + 1, NULL), 0, "PCRE2's match data");
	s->context = alloc_check(pcre2_match_context_create(NULL), 0, "PCRE2's match context");
	s->stack = pcre2_jit_stack_create(32 << 10, JIT_STACK_MAX, NULL);
	s->prefilter = prefilter_new(rules, s->data, s->context);
	(void)pcre2_set_match_limit(s->context, RULES_MATCH_LIMIT);
	(void)pcre2_set_depth_limit(s->context, RULES_DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(s->context, RULES_HEAP_LIMIT_KIB);
	if (s->stack != NULL)
		pcre2_jit_stack_assign(s->context, NULL, s->stack);
	return s;
}

void rules_scratch_free(struct rules_scratch *s)
{
	if (s == NULL)
		return;
	prefilter_free(s->prefilter);
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	pcre2_jit_stack_free(s->stack);
	free(s);
}

void rules_scratch_from(struct rules_scratch *s, size_t first)
{
	s->first = first;
}

void rules_scratch_example(struct rules_scratch *s, size_t index)
{
	s->is_example = true;
	s->example = index;
}

bool compiled_applies(const struct compiled *c, const char *program)
{
	bool applies = false;

	for (size_t g = 0; g < c->n_globs; g++) {
		const bool excludes = c->globs[g][0] == '!';

		if ((applies && !excludes) || fnmatch(c->globs[g] + excludes, program, FNM_NOESCAPE) != 0)
			continue;
		if (excludes)
			return false;
		applies = true;
	}
	return applies;
}

struct rules_stat rules_stat(const struct rules_scratch *s)
{
	return s->stat;
}

/* Returns true if the regex matches the text. If it reaches a limit, counts that and returns on_limit. */
static bool matches(struct rules_scratch *s, const pcre2_code *code, bool jit, struct span text, bool on_limit)
{
	/* pcre2_jit_match only skips checks of its arguments; ours are always valid. */
	const int rc = jit ? pcre2_jit_match(code, (PCRE2_SPTR)text.p, text.len, 0, 0, s->data, s->context)
	                   : pcre2_match(code, (PCRE2_SPTR)text.p, text.len, 0, PCRE2_NO_JIT, s->data, s->context);

	if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
		return rc >= 0;
	s->stat.limits++;
	return on_limit;
}

/* Returns a group of the match, p NULL if it is unset. */
static struct span group(const PCRE2_SIZE *ovector, struct span text, uint32_t number)
{
	const PCRE2_SIZE *const at = ovector + 2 * number;

	if (number == 0 || at[0] == PCRE2_UNSET)
		return (struct span){NULL, 0};
	return (struct span){text.p + at[0], at[1] - at[0]};
}

static unsigned number_in(struct span digits)
{
	unsigned value = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return 1;
		value = value * 10 + (unsigned)(digits.p[i] - '0');
		if (value > RULES_COUNT_MAX)
			return RULES_COUNT_MAX;
	}
	return value > 0 ? value : 1;
}

unsigned compiled_unwrap(struct span *message)
{
	static const char head[] = "message repeated ", tail[] = " times: [ ";
	enum { HEAD = sizeof head - 1, TAIL = sizeof tail - 1 };
	size_t digits = HEAD;
	unsigned times;

	if (message->len < HEAD || memcmp(message->p, head, HEAD) != 0)
		return 1;
	while (digits < message->len && message->p[digits] >= '0' && message->p[digits] <= '9')
		digits++;
	if (digits == HEAD || message->len < digits + TAIL + 1 || memcmp(message->p + digits, tail, TAIL) != 0 ||
	    message->p[message->len - 1] != ']')
		return 0;
	times = number_in((struct span){message->p + HEAD, digits - HEAD});
	message->p += digits + TAIL;
	message->len -= digits + TAIL + 1;
	return message->len >= HEAD && memcmp(message->p, head, HEAD) == 0 ? 0 : times;
}

/* Sets *hit from the groups of the last match; its address is not parsed yet. */
static void read_groups(const struct rules_scratch *s, const struct compiled *c, struct span message, unsigned times,
                        struct rules_hit *hit)
{
	const PCRE2_SIZE *const ovector = pcre2_get_ovector_pointer(s->data);
	const struct span session = group(ovector, message, c->session);
	unsigned count = c->count > 0 ? number_in(group(ovector, message, c->count)) * times : times;

	count = count > RULES_COUNT_MAX ? RULES_COUNT_MAX : count;
	/* Member by member: to clear all of it first would take as long as the rest. */
	hit->rule = &c->rule;
	hit->kind = c->kind;
	hit->address = (struct addr){{0}};
	hit->score = c->rule.text->score * (int)count;
	hit->count = count;
	hit->where = group(ovector, message, c->addr);
	hit->name = group(ovector, message, c->name);
	hit->detail = group(ovector, message, c->detail);
	hit->from = group(ovector, message, c->from);
	hit->to = group(ovector, message, c->to);
	hit->helo = group(ovector, message, c->helo);
	hit->user = group(ovector, message, c->user);
	hit->account = account_number(hit->user);
	hit->session = session.len <= RULES_SESSION_MAX ? session : (struct span){NULL, 0};
}

static bool files_hold(const struct rules_scratch *s, const struct compiled *c, const struct rules_hit *hit)
{
	if (!conditions_has_files(c->rule.text))
		return true;
	return s->is_example ? c->rule.index == s->example : conditions_files(c, hit) == CONDITIONS_HOLD;
}

/* Tries one rule; returns true if it matches. */
static bool try_rule(struct rules_scratch *s, const struct compiled *c, struct span message, unsigned times,
                     struct rules_hit *hit)
{
	struct span within = message;

	if (c->rule.index < s->first || c->match == NULL || !matches(s, c->match, c->match_jit, message, false))
		return false;
	read_groups(s, c, message, times, hit);
	if (c->reply > 0)
		within = group(pcre2_get_ovector_pointer(s->data), message, c->reply);
	if (c->unless != NULL && within.p != NULL &&
	    matches(s, c->unless, c->unless_jit, within, true)) /* at a limit: rather name no client */
		return false;
	if (c->addr > 0 && (hit->where.p == NULL || !addr_parse(hit->where.p, hit->where.len, &hit->address))) {
		s->stat.not_addresses++;
		return false;
	}
	return (!c->rule.text->generic || rdns_name(hit->name, &hit->address)) && files_hold(s, c, hit) &&
	       conditions_helo(c->rule.text, hit);
}

static bool is_nobody(const struct rules_hit *hit)
{
	const struct net net = net_of(&hit->address);

	return hit->where.p != NULL && net_is_never(&net);
}

/* Returns false if the name of the first match is not generic; then no other name can be: a client has only one. */
static bool may_be_generic(const struct rules_hit *first)
{
	return first->name.p == NULL || rdns_name(first->name, &first->address);
}

/* Adds the "also" rules that match the line, after the first match. Returns the number of all matches. */
static size_t match_also(struct rules_scratch *s, struct prefilter_walk *walk, struct span message, unsigned times,
                         struct rules_hit ret[static RULES_HITS_MAX])
{
	const struct compiled *c;
	size_t n = 1;

	prefilter_also(walk);
	while (n < RULES_HITS_MAX && (c = prefilter_next(walk)) != NULL)
		if ((!c->rule.text->generic || may_be_generic(&ret[0])) && try_rule(s, c, message, times, &ret[n]) &&
		    addr_equal(&ret[n].address, &ret[0].address))
			n++;
	return n;
}

size_t rules_match_all(struct rules_scratch *s, struct span program, struct span message, bool disabled,
                       struct rules_hit ret[static RULES_HITS_MAX])
{
	const unsigned times = compiled_unwrap(&message);
	struct prefilter_walk walk;
	const struct compiled *c;

	if (times == 0 || !prefilter_begin(s->prefilter, program, message, disabled, &walk))
		return 0;
	while ((c = prefilter_next(&walk)) != NULL) {
		if (!try_rule(s, c, message, times, &ret[0]))
			continue;
		if (is_nobody(&ret[0])) {
			s->stat.never++;
			return 0;
		}
		if (ret[0].kind != RULES_KIND_HIT || ret[0].score <= 0)
			return 1;
		return match_also(s, &walk, message, times, ret);
	}
	return 0;
}

bool rules_know(struct rules_scratch *s, struct span program)
{
	return prefilter_knows(s->prefilter, program);
}

bool rules_means(const struct rules *rules, size_t index, struct span program)
{
	char name[COMPILED_PROGRAM_MAX];

	if (program.len >= sizeof name)
		return false;
	if (program.len > 0)
		memcpy(name, program.p, program.len);
	name[program.len] = '\0';
	return compiled_applies(&rules->list[index], name);
}

bool rules_would_match(struct rules_scratch *s, size_t index, struct span program, struct span message, bool interpret)
{
	struct compiled c = s->rules->list[index];
	const unsigned times = compiled_unwrap(&message);
	struct rules_hit hit;

	c.match_jit = c.match_jit && !interpret;
	c.unless_jit = c.unless_jit && !interpret;
	return times > 0 && rules_means(s->rules, index, program) && try_rule(s, &c, message, times, &hit);
}
