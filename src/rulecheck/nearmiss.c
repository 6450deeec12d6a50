#include "rulecheck/nearmiss.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/text.h"
#include "rules/compiled.h"
#include "rules/conditions.h"
#include "rules/rdns.h"
#include "rules/syntax.h"

enum {
	NESTING_MAX = 8,  /* nested groups that are tried */
	SOUND_MIN = 4,    /* atoms that must match after ".*" to mean more than chance */
	PROGRAM_MAX = 64, /* longer names are not compared */
};

/* One message, and what is needed to try regexes on it. */
struct attempt {
	struct span message;
	pcre2_match_data *data;
	pcre2_match_context *context;
	bool ran_out;          /* the regex searched for something up to the end of the message */
	char *head;            /* a part of the regex: space for all of it, and a ")" for each nested group */
	size_t best_end;       /* the furthest position that was reached in the message, ... */
	const char *best_rest; /* ... and the rest of the regex from there */
};

static void attempt_init(struct attempt *l, const struct rules *rules, struct span message)
{
	*l = (struct attempt){
		.message = message,
		.data = alloc_check(pcre2_match_data_create(rules->groups_max + 1, NULL), 0, "PCRE2's match data"),
		.context = alloc_check(pcre2_match_context_create(NULL), 0, "PCRE2's match context")};
	(void)pcre2_set_match_limit(l->context, RULES_MATCH_LIMIT);
	(void)pcre2_set_depth_limit(l->context, RULES_DEPTH_LIMIT);
	(void)pcre2_set_heap_limit(l->context, RULES_HEAP_LIMIT_KIB);
}

static void attempt_done(struct attempt *l)
{
	pcre2_match_data_free(l->data);
	pcre2_match_context_free(l->context);
}

static int match(const struct attempt *l, const pcre2_code *code, size_t len, uint32_t options)
{
	return pcre2_match(code, (PCRE2_SPTR)l->message.p, len, 0, options | PCRE2_NO_JIT, l->data, l->context);
}

static struct span group(const struct attempt *l, uint32_t number)
{
	const PCRE2_SIZE *const at = pcre2_get_ovector_pointer(l->data) + 2 * number;

	if (at[0] == PCRE2_UNSET || at[1] < at[0])
		return (struct span){l->message.p, 0};
	return (struct span){l->message.p + at[0], at[1] - at[0]};
}

/* --- how far in the message --- */

/*
 * Returns the longest beginning of the message from which the regex could continue. If the regex searches for something
 * with ".*", that is the whole message.
 */
static size_t reached(const struct attempt *l, const pcre2_code *code)
{
	size_t good = 0, bad = l->message.len + 1;

	while (good + 1 < bad) {
		const size_t middle = good + (bad - good) / 2;
		const int rc = match(l, code, middle, PCRE2_PARTIAL_HARD);

		if (rc == PCRE2_ERROR_PARTIAL || rc >= 0)
			good = middle;
		else
			bad = middle;
	}
	return good;
}

/* --- the longest beginning of the regex that matches --- */

static size_t atom_len(const char *p)
{
	const size_t n = syntax_atom_len(p);

	return n + syntax_quantifier(p + n).len;
}

/* Returns true for an atom that matches any text: where it ends means nothing. */
static bool is_wide(const char *p)
{
	return syntax_is_wide(p) && syntax_quantifier(p + syntax_atom_len(p)).endless;
}

/* Returns true if head, len bytes with its groups closed, matches. *ret_end: how much of the message it matches. */
static bool fits(const struct attempt *l, size_t len, int nesting, size_t *ret_end)
{
	pcre2_code *code;
	int rc;

	memset(l->head + len, ')', (size_t)nesting); /* there is space for NESTING_MAX */
	l->head[len + (size_t)nesting] = '\0';
	code = compiled_piece(l->head);
	if (code == NULL)
		return false;
	rc = match(l, code, l->message.len, 0);
	if (rc >= 0)
		*ret_end = group(l, 0).len;
	pcre2_code_free(code);
	return rc >= 0;
}

static size_t put(const struct attempt *l, size_t head_len, const char *from, const char *to)
{
	memcpy(l->head + head_len, from, (size_t)(to - from));
	return head_len + (size_t)(to - from);
}

/* Returns how many of the matching atoms are significant: ".*" and a blank after it match anywhere. */
static size_t sound(const char *const *starts, size_t good)
{
	for (size_t i = good; i-- > 0;)
		if (is_wide(starts[i])) {
			if (good - i - 1 >= SOUND_MIN)
				break;
			good = i;
		}
	return good;
}

static void descend(struct attempt *l, size_t head_len, const char *from, const char *to, int nesting);

/* Finds how far one alternative after head matches. starts: its n atoms, followed by their end. */
static void try_row(struct attempt *l, size_t head_len, const char *const *starts, size_t n, int nesting)
{
	size_t good = 0, bad = n + 1, end = 0, opener, atom;

	/* If a row matches, so does each beginning of it; so a binary search finds the longest. */
	while (good + 1 < bad) {
		const size_t middle = good + (bad - good) / 2;

		if (fits(l, put(l, head_len, starts[0], starts[middle]), nesting, &end))
			good = middle;
		else
			bad = middle;
	}
	if (l->ran_out)
		good = sound(starts, good);
	if (!fits(l, put(l, head_len, starts[0], starts[good]), nesting, &end))
		return;
	if (end > l->best_end || l->best_rest == NULL) {
		l->best_end = end;
		l->best_rest = starts[good];
	}
	if (good == n || nesting == NESTING_MAX)
		return;
	opener = syntax_opener_len(starts[good]);
	atom = syntax_atom_len(starts[good]);
	if (opener > 0 && atom > opener)
		descend(l, put(l, head_len, starts[0], starts[good] + opener), starts[good] + opener,
		        starts[good] + atom - 1, nesting + 1);
}

/* Tries each alternative between from and to. */
static void descend(struct attempt *l, size_t head_len, const char *from, const char *to, int nesting)
{
	const char **const starts = alloc_zero((size_t)(to - from) + 1, sizeof *starts, "a near miss");
	const char *p = from;

	for (;; p++) { /* skips "|" */
		size_t n = 0;

		for (; p < to && *p != '|'; p = atom_len(p) < (size_t)(to - p) ? p + atom_len(p) : to)
			starts[n++] = p;
		starts[n] = p;
		try_row(l, head_len, starts, n, nesting);
		if (p >= to)
			break;
	}
	free(starts);
}

static void try_pieces(struct attempt *l, const char *regex)
{
	const size_t len = strlen(regex);

	l->best_end = 0;
	l->best_rest = NULL;
	l->head = alloc_raw(1, len + NESTING_MAX + 1, "a near miss");
	descend(l, 0, regex, regex + len, 0);
	free(l->head);
	l->head = NULL;
}
/* --- one rule --- */

static void stopped(struct attempt *l, const struct compiled *c, struct nearmiss *ret)
{
	const size_t end = reached(l, c->match);

	ret->why = NEARMISS_STOPPED;
	l->ran_out = end == l->message.len;
	ret->place = (struct span){l->message.p + end, 0};
}

/*
 * Finds the part of the regex that did not match; for a regex that ran to the end, also the position from which it
 * searched.
 */
static void find_wanted(struct attempt *l, const struct compiled *c, struct nearmiss *ret)
{
	l->ran_out = ret->place.p == l->message.p + l->message.len;
	try_pieces(l, c->rule.text->match.text);
	if (l->ran_out)
		ret->place.p = l->message.p + l->best_end;
	ret->wanted = l->best_rest;
}

/* Returns the fields that conditions may refer to. */
static struct rules_hit fields(const struct attempt *l, const struct compiled *c)
{
	return (struct rules_hit){.name = c->name > 0 ? group(l, c->name) : (struct span){NULL, 0},
	                          .from = c->from > 0 ? group(l, c->from) : (struct span){NULL, 0},
	                          .to = c->to > 0 ? group(l, c->to) : (struct span){NULL, 0},
	                          .helo = c->helo > 0 ? group(l, c->helo) : (struct span){NULL, 0}};
}

static void check_conditions(const struct compiled *c, const struct rules_hit *hit, struct nearmiss *ret)
{
	const struct rulefile_rule *const text = c->rule.text;
	const enum conditions_outcome files = conditions_files(c, hit);

	if (files != CONDITIONS_HOLD) {
		const bool negated = files == CONDITIONS_FROM ? text->from.negated : text->to.negated;

		ret->why = negated ? NEARMISS_IN : NEARMISS_NOT_IN;
		ret->place = files == CONDITIONS_FROM ? hit->from : hit->to;
	} else if (!conditions_helo(text, hit)) {
		ret->why = NEARMISS_HELO;
		ret->place = hit->helo;
	}
}

static void refused(struct attempt *l, const struct compiled *c, struct nearmiss *ret)
{
	const struct span where = group(l, c->addr), name = group(l, c->name);
	const struct rules_hit hit = fields(l, c);
	const struct span within = c->reply > 0 ? group(l, c->reply) : l->message;
	struct addr address;
	struct net net;
	int rc;

	rc = c->unless != NULL
	             ? pcre2_match(c->unless, (PCRE2_SPTR)within.p, within.len, 0, PCRE2_NO_JIT, l->data, l->context)
	             : PCRE2_ERROR_NOMATCH;
	if (rc != PCRE2_ERROR_NOMATCH) {
		const PCRE2_SIZE *const at = pcre2_get_ovector_pointer(l->data);

		ret->why = rc >= 0 ? NEARMISS_UNLESS : NEARMISS_LIMIT;
		ret->place = rc >= 0 ? (struct span){within.p + at[0], at[1] - at[0]} : ret->place;
		return;
	}
	ret->why = c->rule.text->also ? NEARMISS_ALSO : NEARMISS_MATCHES;
	if (c->addr == 0) {
		check_conditions(c, &hit, ret);
		return;
	}
	ret->place = where;
	if (!addr_parse(where.p, where.len, &address)) {
		ret->why = NEARMISS_NOT_ADDRESS;
		return;
	}
	net = net_of(&address);
	if (net_is_never(&net)) {
		ret->why = NEARMISS_NEVER;
	} else if (c->rule.text->generic && !rdns_name(name, &address)) {
		ret->why = NEARMISS_NAME;
		ret->place = name;
	} else {
		check_conditions(c, &hit, ret);
	}
}

/* Determines everything except the part of the regex that did not match, which costs more to find. */
static void try_rule(struct attempt *l, const struct compiled *c, struct nearmiss *ret)
{
	const int rc = match(l, c->match, l->message.len, 0);

	*ret = (struct nearmiss){.rule = &c->rule, .place = {l->message.p, 0}};
	if (rc >= 0)
		refused(l, c, ret);
	else if (rc == PCRE2_ERROR_NOMATCH)
		stopped(l, c, ret);
	else
		ret->why = NEARMISS_LIMIT;
}

void nearmiss_of_rule(const struct rules *rules, size_t index, struct span message, struct nearmiss *ret)
{
	struct attempt l;

	if (compiled_unwrap(&message) == 0) {
		*ret = (struct nearmiss){.rule = &rules->list[index].rule, .why = NEARMISS_CUT, .place = message};
		return;
	}
	attempt_init(&l, rules, message);
	try_rule(&l, &rules->list[index], ret);
	if (ret->why == NEARMISS_STOPPED)
		find_wanted(&l, &rules->list[index], ret);
	attempt_done(&l);
}

/* --- the nearest rule --- */

/*
 * Returns how near a rule came: best if the whole regex matches, else how far it got. A rule that matches no line by
 * itself comes last.
 */
static size_t nearness(const struct attempt *l, const struct nearmiss *n)
{
	if (n->rule->text->also)
		return n->why == NEARMISS_ALSO;
	return n->why != NEARMISS_STOPPED ? l->message.len + 1 : (size_t)(n->place.p - l->message.p);
}

/* Returns the length of the rule's literals that are in the message: it decides between rules that got equally far. */
static size_t words_there(const struct attempt *l, const struct compiled *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_literals; i++)
		if (literal_is_in(&c->literals[i], l->message))
			n += c->literals[i].len;
	return n;
}

int nearmiss_find(const struct rules *rules, struct span program, struct span message, struct nearmiss *ret)
{
	struct nearmiss best = {0};
	size_t best_near = 0, best_words = 0;
	bool any = false;
	struct attempt l;

	if (compiled_unwrap(&message) == 0)
		return NEARMISS_NONE;
	attempt_init(&l, rules, message);
	for (size_t i = 0; i < rules->n; i++) {
		const struct compiled *const c = &rules->list[i];
		struct nearmiss this;
		size_t near, words;

		if (c->match == NULL || !rules_means(rules, i, program))
			continue;
		any = true;
		if (!c->rule.text->enabled && conditions_has_files(c->rule.text))
			continue; /* its files are not read, so nothing would match */
		try_rule(&l, c, &this);
		if (this.why == NEARMISS_STOPPED && l.ran_out)
			find_wanted(&l, c, &this);
		near = nearness(&l, &this);
		words = words_there(&l, c);
		if (near > best_near || (near == best_near && near > 0 && words > best_words)) {
			best = this;
			best_near = near;
			best_words = words;
		}
	}
	if (best_near > 0 && best.why == NEARMISS_STOPPED && best.wanted == NULL)
		find_wanted(&l, &rules->list[best.rule->index], &best);
	attempt_done(&l);
	if (best_near == 0)
		return any ? NEARMISS_NONE : NEARMISS_NO_RULES;
	*ret = best;
	return NEARMISS_FOUND;
}

const char *nearmiss_program(const struct rules *rules, struct span program)
{
	char name[PROGRAM_MAX];
	const char **words;
	const char *near;
	size_t n = 0;

	if (program.len == 0 || program.len >= sizeof name)
		return NULL;
	memcpy(name, program.p, program.len);
	name[program.len] = '\0';
	for (size_t i = 0; i < rules->n; i++)
		n += rules->list[i].n_globs;
	words = alloc_zero(n + 1, sizeof *words, "a near miss");
	n = 0;
	for (size_t i = 0; i < rules->n; i++)
		for (size_t g = 0; g < rules->list[i].n_globs; g++)
			if (rules->list[i].globs[g][0] != '!')
				words[n++] = rules->list[i].globs[g];
	near = text_nearest(name, words);
	free(words);
	return near;
}

const char *nearmiss_sentence(enum nearmiss_why why)
{
	switch (why) {
	case NEARMISS_STOPPED:
		return "its match stops here";
	case NEARMISS_LIMIT:
		return "its match was aborted: too many steps";
	case NEARMISS_UNLESS:
		return "the pattern matches, but its unless finds this";
	case NEARMISS_NOT_ADDRESS:
		return "the pattern matches, but this is no address";
	case NEARMISS_NEVER:
		return "the pattern matches, but this address may never be blocked";
	case NEARMISS_NAME:
		return "the pattern matches, but this name is not generic";
	case NEARMISS_NOT_IN:
		return "the pattern matches, but this is not in the rule's file";
	case NEARMISS_IN:
		return "the pattern matches, but this is in the rule's file";
	case NEARMISS_HELO:
		return "the pattern matches, but this HELO is not foreign to the client's name";
	case NEARMISS_CUT:
		return "it repeats a message, and its end is missing";
	case NEARMISS_ALSO:
		return "it has \"also\", and no other rule matches the line";
	case NEARMISS_MATCHES:
		return "it matches the line";
	}
	abort();
}
