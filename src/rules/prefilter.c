#include "rules/prefilter.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	PROGRAMS = 512,           /* programs in the cache; a power of two */
	OPENING = PREFIX16_BYTES, /* bytes at the beginning of a message that are compared */
	OPENINGS = 64,   /* in the cache of each program; a power of two; with 256, few of them stay in the L1 cache */
	ASKED_MAX = 256, /* searches for a rule's literals before deciding whether they pay off */
	MISSES_MAX = 64, /* other openings with the same slot before one of them replaces a known one */
	LITERALS = 64,   /* bits of a word */
	WINDOW = 64,     /* rules that a word has bits for */
	NO_LITERAL = 0xFF,
};

/* A rule of one program: what must be in a message before its regex is worth trying. */
struct candidate {
	const struct compiled *rule;
	bool enabled;                /* as in the rule */
	const struct literal *first; /* the message begins with it, or has it after a queue id; NULL: any beginning */
	struct prefix16_head head;   /* its first bytes */
	size_t n_inside;
	uint8_t inside[LITERALS_MAX]; /* indexes of the program's literals; NO_LITERAL: there was no space for it */
	unsigned asked, missed;       /* how often these were searched, and one was missing */
};

/* Which rules of a program can match a message with this beginning. Bit i: its list[i]. */
struct opening {
	struct prefix16 words;
	uint64_t possible;
	bool used, known; /* known: possible is valid */
	uint8_t misses;   /* of a known one, since it was last seen */
};

static_assert(sizeof(struct opening) == 32, "half a cache line");

/* The cache for a program's rules: which are worth trying. Bit i: its list[i]. */
struct memory {
	uint64_t enabled;
	uint64_t by_byte[256]; /* by the first byte of the message or, for behind_id, the first one after an id */
	uint64_t behind_id;
	struct opening openings[OPENINGS]; /* hash table */
};

struct prefilter_program {
	/* Up to memory: what every line needs. */
	struct prefix16 words; /* the beginning of name, usually all of it */
	uint8_t len;           /* of name; 0: a free slot */
	size_t n, n_also;      /* in list: rules without "also", followed by those with it */
	struct memory *memory; /* NULL: there are no rules, or more than bits */
	struct candidate *list;
	char name[COMPILED_PROGRAM_MAX];
	size_t n_literals;
	const struct literal *literals[LITERALS]; /* without duplicates */
};

struct prefilter {
	const struct rules *rules;
	pcre2_match_data *data;
	pcre2_match_context *context;
	/* By hash of the name; a new program replaces the old one in its slot. */
	struct prefilter_program programs[PROGRAMS];
};

struct prefilter *prefilter_new(const struct rules *rules, pcre2_match_data *data, pcre2_match_context *context)
{
	struct prefilter *const p = alloc_zero(1, sizeof *p, "the programs whose rules are remembered");

	p->rules = rules;
	p->data = data;
	p->context = context;
	return p;
}

void prefilter_free(struct prefilter *p)
{
	if (p == NULL)
		return;
	for (size_t i = 0; i < PROGRAMS; i++) {
		free(p->programs[i].list);
		free(p->programs[i].memory);
	}
	free(p);
}

/* --- the rules of a program --- */

/* Returns the index of a literal of the program; equal ones share it, so that none is searched twice. */
static uint8_t intern(struct prefilter_program *program, const struct literal *literal)
{
	for (size_t i = 0; i < program->n_literals; i++)
		if (program->literals[i]->len == literal->len &&
		    memcmp(program->literals[i]->text, literal->text, literal->len) == 0)
			return (uint8_t)i; /* < LITERALS */
	if (program->n_literals == LITERALS)
		return NO_LITERAL;
	program->literals[program->n_literals] = literal;
	return (uint8_t)program->n_literals++; /* < LITERALS */
}

static struct candidate candidate_of(struct prefilter_program *program, const struct rules *rules,
                                     const struct compiled *c)
{
	struct candidate candidate = {.rule = c, .enabled = c->rule.text->enabled};

	for (size_t i = 0; i < c->n_literals && !rules->no_prefilter; i++) {
		const struct literal *const literal = &c->literals[i];

		if (!literal->first) {
			candidate.inside[candidate.n_inside++] = intern(program, literal);
			continue;
		}
		candidate.first = literal;
		candidate.head = prefix16_head(literal->text, literal->len);
	}
	return candidate;
}

static void remember_first(struct memory *memory, const struct candidate *c, uint64_t bit)
{
	if (c->first != NULL) {
		memory->by_byte[(unsigned char)*c->first->text] |= bit;
		memory->behind_id |= c->first->behind_id ? bit : 0;
		return;
	}
	for (size_t byte = 0; byte < 256; byte++)
		memory->by_byte[byte] |= bit;
}

static void fill(struct prefilter_program *program, const struct rules *rules)
{
	size_t n = 0;

	program->n = program->n_also = program->n_literals = 0;
	for (size_t i = 0; i < rules->n; i++)
		n += compiled_applies(&rules->list[i], program->name);
	free(program->list);
	free(program->memory);
	program->list = alloc_zero(n, sizeof *program->list, "the rules of a program");
	program->memory = n == 0 || n > WINDOW || rules->no_prefilter
	                          ? NULL
	                          : alloc_zero(1, sizeof *program->memory, "the openings of a program");
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->list[i].rule.text->also && compiled_applies(&rules->list[i], program->name))
			program->list[program->n++] = candidate_of(program, rules, &rules->list[i]);
	for (size_t i = 0; i < rules->n; i++)
		if (rules->list[i].rule.text->also && compiled_applies(&rules->list[i], program->name))
			program->list[program->n + program->n_also++] = candidate_of(program, rules, &rules->list[i]);
	for (size_t i = 0; program->memory != NULL && i < program->n; i++) {
		program->memory->enabled |= program->list[i].enabled ? (uint64_t)1 << i : 0;
		remember_first(program->memory, &program->list[i], (uint64_t)1 << i);
	}
}

/* Hashes two words. */
static uint64_t mixed(uint64_t a, uint64_t b)
{
	a = (a ^ b * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
	return a ^ a >> 32;
}

/* Sets the slot for another program; returns false if no rule can be for that name. */
static bool learn(const struct prefilter *p, struct prefilter_program *program, struct span name)
{
	if (name.len == 0 || name.len >= COMPILED_PROGRAM_MAX || memchr(name.p, '\0', name.len) != NULL)
		return false;
	program->len = (uint8_t)name.len; /* < COMPILED_PROGRAM_MAX */
	program->words = prefix16_of(name.p, name.len);
	memcpy(program->name, name.p, name.len);
	program->name[name.len] = '\0';
	fill(program, p->rules);
	return true;
}

/* Returns the rules of a program, or NULL if there are none or no rule can be for that name. */
static const struct prefilter_program *program_of(struct prefilter *p, struct span name)
{
	const struct prefix16 words = prefix16_of(name.p, name.len);
	/* A collision only costs filling the slot again. */
	struct prefilter_program *const program = &p->programs[mixed(words.front ^ name.len, words.back) % PROGRAMS];

	if (program->len != name.len || !prefix16_equal(program->words, words) ||
	    (name.len > PREFIX16_BYTES && memcmp(program->name, name.p, name.len) != 0))
		if (!learn(p, program, name))
			return NULL;
	return program->n > 0 ? program : NULL;
}

bool prefilter_knows(struct prefilter *p, struct span program)
{
	return program_of(p, program) != NULL;
}

/* --- by the beginning of a message --- */

/* Returns false if no message with this opening can match: then even a partial match fails before its end. */
static bool can_begin(const struct prefilter *p, const struct compiled *c, const char *opening)
{
	return pcre2_match(c->match, (PCRE2_SPTR)opening, OPENING, 0, PCRE2_PARTIAL_HARD, p->data, p->context) !=
	       PCRE2_ERROR_NOMATCH;
}

/*
 * Returns the rules that can match a message with this beginning, or all of them if that is unknown. Most messages of a
 * daemon begin in one of a few ways, and most rules fail there: what was found once for an opening holds for all
 * messages with it. Openings that do not come again (queue ids) are not worth the work, so it is done when an opening
 * is seen for the second time.
 */
static uint64_t by_opening(const struct prefilter *p, const struct prefilter_program *program, struct span message,
                           struct prefix16 words)
{
	const uint64_t all = UINT64_MAX;
	struct opening *o;

	if (program->memory == NULL || message.len <= OPENING)
		return all;
	o = &program->memory->openings[mixed(words.front, words.back) % OPENINGS];
	if (!o->used || !prefix16_equal(o->words, words)) {
		if (!o->known || o->misses++ == MISSES_MAX) /* queue ids must not displace frequent openings */
			*o = (struct opening){.words = words, .used = true};
		return all;
	}
	o->misses = 0;
	if (!o->known) {
		for (size_t i = 0; i < program->n; i++)
			if (can_begin(p, program->list[i].rule, message.p))
				o->possible |= (uint64_t)1 << i;
		o->known = true;
	}
	return o->possible;
}

/* Returns the text after a queue id at the beginning of a message; empty if there is none. */
static struct span behind_id(struct span message)
{
	const char *const colon =
		memchr(message.p, ':', message.len <= LITERAL_ID_MAX ? message.len : LITERAL_ID_MAX + 1);
	const size_t at = colon == NULL ? message.len : (size_t)(colon - message.p) + 2;

	return at >= message.len || colon[1] != ' ' ? (struct span){message.p, 0}
	                                            : (struct span){message.p + at, message.len - at};
}

/* Returns the rules that are possible judging by the first byte, and are enabled unless disabled is true. */
static uint64_t by_first_byte(const struct memory *memory, struct span message, struct span behind, bool disabled)
{
	uint64_t may;

	if (memory == NULL || message.len == 0)
		return UINT64_MAX;
	may = memory->by_byte[(unsigned char)*message.p];
	if (behind.len > 0)
		may |= memory->by_byte[(unsigned char)*behind.p] & memory->behind_id;
	return disabled ? may : may & memory->enabled;
}

/* Returns a bit for each rule from base to end, as far as there are bits. */
static uint64_t all_from(size_t base, size_t end)
{
	return end - base >= WINDOW ? UINT64_MAX : ((uint64_t)1 << (end - base)) - 1;
}

bool prefilter_begin(struct prefilter *p, struct span program, struct span message, bool disabled,
                     struct prefilter_walk *ret)
{
	const struct prefilter_program *const known = program_of(p, program);
	struct prefix16 words;
	struct span behind;
	uint64_t worth;

	if (known == NULL)
		return false;
	words = prefix16_of(message.p, message.len);
	worth = by_opening(p, known, message, words) & all_from(0, known->n);
	if (worth == 0)
		return false;
	behind = behind_id(message);
	worth &= by_first_byte(known->memory, message, behind, disabled);
	if (worth == 0) /* the usual case */
		return false;
	ret->program = known;
	ret->base = 0;
	ret->end = known->n;
	ret->disabled = disabled;
	ret->worth = worth;
	ret->message = message;
	ret->behind = behind;
	ret->words = words;
	ret->behind_words = prefix16_of(behind.p, behind.len);
	ret->tried = ret->present = 0;
	return true;
}

/* --- rule by rule --- */

static bool begins(const struct candidate *c, struct span text, struct prefix16 words)
{
	return prefix16_begin(words, &c->head) &&
	       (c->first == NULL || c->first->len <= PREFIX16_BYTES ||
	        (text.len >= c->first->len && memcmp(text.p, c->first->text, c->first->len) == 0));
}

static bool has_literal(struct prefilter_walk *walk, uint8_t literal)
{
	const uint64_t bit = (uint64_t)1 << literal;

	if ((walk->tried & bit) == 0) {
		walk->tried |= bit;
		if (literal_is_in(walk->program->literals[literal], walk->message))
			walk->present |= bit;
	}
	return (walk->present & bit) != 0;
}

/* Returns false if the message lacks something that the rule's regex needs. */
static bool is_worth_a_try(struct prefilter_walk *walk, struct candidate *c)
{
	if (!begins(c, walk->message, walk->words) &&
	    !(c->first != NULL && c->first->behind_id && begins(c, walk->behind, walk->behind_words)))
		return false;
	if (c->n_inside == 0)
		return true;
	if (c->asked++ == ASKED_MAX) {
		if (c->missed < ASKED_MAX / 8) { /* a literal that is nearly always there is not worth a search */
			c->n_inside = 0;
			return true;
		}
		c->asked = c->missed = 0;
	}
	for (size_t i = 0; i < c->n_inside; i++)
		if (c->inside[i] != NO_LITERAL && !has_literal(walk, c->inside[i])) {
			c->missed++;
			return false;
		}
	return true;
}

const struct compiled *prefilter_next(struct prefilter_walk *walk)
{
	for (;;) {
		while (walk->worth != 0) {
			const size_t i = walk->base + (size_t)__builtin_ctzll(walk->worth);
			struct candidate *const c = &walk->program->list[i];

			walk->worth &= walk->worth - 1;
			if ((c->enabled || walk->disabled) && is_worth_a_try(walk, c))
				return c->rule;
		}
		if (walk->end - walk->base <= WINDOW)
			return NULL;
		walk->base += WINDOW;
		walk->worth = all_from(walk->base, walk->end);
	}
}

void prefilter_also(struct prefilter_walk *walk)
{
	walk->base = walk->program->n;
	walk->end = walk->program->n + walk->program->n_also;
	walk->worth = all_from(walk->base, walk->end);
}
