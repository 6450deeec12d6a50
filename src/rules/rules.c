#include "rules/rules.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/prefix16.h"
#include "rules/compiled.h"
#include "rules/rdns.h"

enum {
	PROGRAM_MAX = 64,  /* longer program names match no rule: no daemon has one */
	CACHE_SLOTS = 512, /* programs whose rules are remembered; a power of two */
	OPENING = PREFIX16_BYTES, /* of a message's beginning are looked at */
	OPENINGS = 256,    /* remembered for each program; a power of two */
	ASKED_MAX = 256,   /* looks for a rule's literals before it is judged whether they pay */
	MISSES_MAX = 64,   /* others that came in a known opening's place before one of them gets it */
	JIT_STACK_MAX = 256 << 10,
	SLOT_LITERALS_MAX = 64, /* bits of a word */
	NO_LITERAL = 0xFF,
};

/* A rule as one program sees it: what must stand in a message before its regex is worth a try. */
struct candidate {
	const struct compiled *rule;
	bool enabled;                 /* as the rule says */
	const struct literal *first;  /* the message begins with it, or with a queue id before it; NULL: with anything */
	struct prefix16_head head;       /* its first bytes */
	size_t n_inside;
	uint8_t inside[LITERALS_MAX]; /* indexes into the slot's literals, NO_LITERAL: there was no room */
	unsigned asked, missed;       /* how often those were looked for, and one was not there */
};

/* Which rules of a slot can take any message that begins so. Bit i: its list[i]. */
struct opening {
	struct prefix16 words;
	bool used, known; /* known: possible is */
	uint8_t misses;   /* of a known one, since it was seen last */
	uint64_t possible;
};

/* What is remembered of a slot's rules: which are worth a try. Bit i: its list[i]. */
struct memory {
	uint64_t by_byte[256]; /* the message's first, or with behind_id the first behind an id */
	uint64_t behind_id;
	struct opening openings[OPENINGS]; /* by hash */
};

/* The rules that can apply to one program. */
struct slot {
	uint8_t len; /* of program; 0: free */
	struct prefix16 words; /* of program: all of it that most have */
	char program[PROGRAM_MAX];
	size_t n, n_also;        /* of list: the rules that take lines, then the "also" rules */
	struct candidate *list;
	size_t n_literals;
	const struct literal *literals[SLOT_LITERALS_MAX]; /* each different one once */
	struct memory *memory; /* NULL: no rules, or more than there are bits */
};

/* What is known of one message. */
struct seen {
	struct span message, behind; /* behind: a queue id, where there may be one */
	struct prefix16 behind_words;
	uint64_t tried, present;     /* which of the slot's literals stand in it; bit i: literal i */
};

struct rules_scratch {
	const struct rules *rules;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	struct slot *slots; /* CACHE_SLOTS, by hash of the program, the last one seen wins */
	struct rules_stat stat;
};

struct rules_scratch *rules_scratch_new(const struct rules *rules)
{
	struct rules_scratch *const s = alloc_zero(1, sizeof *s, "matching");

	s->rules = rules;
	s->data = alloc_check(pcre2_match_data_create(rules->groups_max + 1, NULL), 0, "PCRE2's match data");
	s->context = alloc_check(pcre2_match_context_create(NULL), 0, "PCRE2's match context");
	s->stack = pcre2_jit_stack_create(32 << 10, JIT_STACK_MAX, NULL);
	s->slots = alloc_zero(CACHE_SLOTS, sizeof *s->slots, "matching");
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
	for (size_t i = 0; i < CACHE_SLOTS; i++) {
		free(s->slots[i].list);
		free(s->slots[i].memory);
	}
	free(s->slots);
	pcre2_match_data_free(s->data);
	pcre2_match_context_free(s->context);
	pcre2_jit_stack_free(s->stack);
	free(s);
}

struct rules_stat rules_stat(const struct rules_scratch *s)
{
	return s->stat;
}

static bool applies(const struct compiled *c, const char *program)
{
	for (size_t g = 0; g < c->n_globs; g++)
		if (fnmatch(c->globs[g], program, FNM_NOESCAPE) == 0)
			return true;
	return false;
}

/* The number of a literal among the slot's; equal ones share it, so that none is looked for twice. */
static uint8_t intern(struct slot *slot, const struct literal *literal)
{
	for (size_t i = 0; i < slot->n_literals; i++)
		if (slot->literals[i]->len == literal->len &&
		    memcmp(slot->literals[i]->text, literal->text, literal->len) == 0)
			return (uint8_t)i; /* < SLOT_LITERALS_MAX */
	if (slot->n_literals == SLOT_LITERALS_MAX)
		return NO_LITERAL;
	slot->literals[slot->n_literals] = literal;
	return (uint8_t)slot->n_literals++; /* < SLOT_LITERALS_MAX */
}

static struct candidate candidate_of(struct slot *slot, const struct rules *rules, const struct compiled *c)
{
	struct candidate candidate = {.rule = c, .enabled = c->rule.text->enabled};

	for (size_t i = 0; i < c->n_literals && !rules->no_prefilter; i++) {
		const struct literal *const literal = &c->literals[i];

		if (!literal->first) {
			candidate.inside[candidate.n_inside++] = intern(slot, literal);
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

static void fill_slot(struct rules_scratch *s, struct slot *slot)
{
	const struct rules *const rules = s->rules;
	size_t n = 0;

	slot->n = slot->n_also = slot->n_literals = 0;
	for (size_t i = 0; i < rules->n; i++)
		n += applies(&rules->list[i], slot->program);
	free(slot->list);
	free(slot->memory);
	slot->list = alloc_zero(n > 0 ? n : 1, sizeof *slot->list, "matching");
	slot->memory = n == 0 || n > 64 || rules->no_prefilter
	                       ? NULL
	                       : alloc_zero(1, sizeof *slot->memory, "matching");
	for (size_t i = 0; i < rules->n; i++)
		if (!rules->list[i].rule.text->also && applies(&rules->list[i], slot->program))
			slot->list[slot->n++] = candidate_of(slot, rules, &rules->list[i]);
	for (size_t i = 0; i < rules->n; i++)
		if (rules->list[i].rule.text->also && applies(&rules->list[i], slot->program))
			slot->list[slot->n + slot->n_also++] = candidate_of(slot, rules, &rules->list[i]);
	for (size_t i = 0; slot->memory != NULL && i < slot->n; i++)
		remember_first(slot->memory, &slot->list[i], (uint64_t)1 << i);
}

/* A hash of two words. */
static uint64_t mixed(uint64_t a, uint64_t b)
{
	a = (a ^ b * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93);
	return a ^ a >> 32;
}

/* The rules for a program; NULL when its name is one no rule can mean. */
static const struct slot *slot_of(struct rules_scratch *s, struct span program)
{
	const struct prefix16 words = prefix16_of(program.p, program.len);
	struct slot *slot;

	if (program.len == 0 || program.len >= PROGRAM_MAX)
		return NULL;
	slot = &s->slots[mixed(words.front ^ program.len, words.back) % CACHE_SLOTS]; /* a collision costs a look-up, no more */
	if (slot->len == program.len && prefix16_equal(slot->words, words) &&
	    (program.len <= OPENING || memcmp(slot->program, program.p, program.len) == 0))
		return slot;
	if (memchr(program.p, '\0', program.len) != NULL)
		return NULL;
	slot->len = (uint8_t)program.len; /* < PROGRAM_MAX */
	slot->words = words;
	memcpy(slot->program, program.p, program.len);
	slot->program[program.len] = '\0';
	fill_slot(s, slot);
	return slot;
}

static bool stands_in(const struct slot *slot, uint8_t literal, struct seen *seen)
{
	const uint64_t bit = (uint64_t)1 << literal;

	if ((seen->tried & bit) == 0) {
		seen->tried |= bit;
		if (literal_stands_in(slot->literals[literal], seen->message))
			seen->present |= bit;
	}
	return (seen->present & bit) != 0;
}

/* What stands behind a queue id that a message may begin with; empty: it begins with none. */
static struct span behind_id(struct span message)
{
	const char *const colon = memchr(message.p, ':', message.len <= LITERAL_ID_MAX ? message.len : LITERAL_ID_MAX + 1);
	const size_t at = colon == NULL ? message.len : (size_t)(colon - message.p) + 2;

	return at >= message.len || colon[1] != ' ' ? (struct span){message.p, 0} : (struct span){message.p + at, message.len - at};
}

static bool begins(const struct candidate *c, struct span text, struct prefix16 words)
{
	return prefix16_begin(words, &c->head) &&
	       (c->first == NULL || c->first->len <= PREFIX16_BYTES ||
	        (text.len >= c->first->len && memcmp(text.p, c->first->text, c->first->len) == 0));
}

/* False when the message lacks something the rule's regex needs. */
static bool worth_trying(const struct slot *slot, struct candidate *c, struct prefix16 words, struct seen *seen)
{
	if (!begins(c, seen->message, words) &&
	    !(c->first != NULL && c->first->behind_id && begins(c, seen->behind, seen->behind_words)))
		return false;
	if (c->n_inside == 0)
		return true;
	if (c->asked++ == ASKED_MAX) {
		if (c->missed < ASKED_MAX / 8) { /* what is nearly always there is not worth a look */
			c->n_inside = 0;
			return true;
		}
		c->asked = c->missed = 0;
	}
	for (size_t i = 0; i < c->n_inside; i++)
		if (c->inside[i] != NO_LITERAL && !stands_in(slot, c->inside[i], seen)) {
			c->missed++;
			return false;
		}
	return true;
}

/* True when the regex takes the text; a limit reached is counted, and the answer is then on_limit. */
static bool takes(struct rules_scratch *s, const pcre2_code *code, bool jit, struct span text, bool on_limit)
{
	/* pcre2_jit_match skips checks of its arguments only; ours are fixed. */
	const int rc = jit ? pcre2_jit_match(code, (PCRE2_SPTR)text.p, text.len, 0, 0, s->data, s->context)
	                   : pcre2_match(code, (PCRE2_SPTR)text.p, text.len, 0, PCRE2_NO_JIT, s->data, s->context);

	if (rc >= 0 || rc == PCRE2_ERROR_NOMATCH)
		return rc >= 0;
	s->stat.limits++;
	return on_limit;
}

/* ovector: of the match; its data keep it in one place. */
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
	if (digits == HEAD || message->len < digits + TAIL + 1 ||
	    memcmp(message->p + digits, tail, TAIL) != 0 || message->p[message->len - 1] != ']')
		return 0;
	times = number_in((struct span){message->p + HEAD, digits - HEAD});
	message->p += digits + TAIL;
	message->len -= digits + TAIL + 1;
	return message->len >= HEAD && memcmp(message->p, head, HEAD) == 0 ? 0 : times;
}

/* What a regex's groups say; the captures are those of the last match. */
static void take_groups(const struct rules_scratch *s, const struct compiled *c, struct span message,
                        unsigned times, struct rules_hit *hit)
{
	const PCRE2_SIZE *const ovector = pcre2_get_ovector_pointer(s->data);
	const struct span session = group(ovector, message, c->session);
	const unsigned count = c->count > 0 ? number_in(group(ovector, message, c->count)) * times : times;

	*hit = (struct rules_hit){.rule = &c->rule,
	                          .kind = c->kind,
	                          .where = group(ovector, message, c->addr),
	                          .name = group(ovector, message, c->name),
	                          .detail = group(ovector, message, c->detail),
	                          .from = group(ovector, message, c->from),
	                          .to = group(ovector, message, c->to),
	                          .helo = group(ovector, message, c->helo),
	                          .count = count > RULES_COUNT_MAX ? RULES_COUNT_MAX : count};
	hit->score = c->rule.text->score * (int)hit->count;
	if (session.len <= RULES_SESSION_MAX)
		hit->session = session;
}

/* Tries one rule. */
static bool try_rule(struct rules_scratch *s, const struct compiled *c, struct span message, unsigned times,
                     struct rules_hit *hit)
{
	if (c->match == NULL || !takes(s, c->match, c->match_jit, message, false))
		return false;
	take_groups(s, c, message, times, hit);
	if (c->unless != NULL && takes(s, c->unless, c->unless_jit, message, true)) /* in doubt nobody is named */
		return false;
	if (c->addr > 0 && (hit->where.p == NULL || !addr_parse(hit->where.p, hit->where.len, &hit->address))) {
		s->stat.not_addresses++;
		return false;
	}
	return !c->rule.text->generic || rdns_name(hit->name, &hit->address);
}

static bool is_nobody(const struct rules_hit *hit)
{
	const struct net net = net_of(&hit->address);

	return hit->where.p != NULL && net_is_never(&net);
}

/*
 * The "also" rules that take the line too, behind the first hit. Returns how many there are with it. When the first has
 * a name that is not generic, rules that want a generic one are not tried: there is one client, and it has one name.
 */
static size_t match_also(struct rules_scratch *s, const struct slot *slot, struct prefix16 words, struct seen *seen,
                         unsigned times, bool disabled, struct rules_hit ret[static RULES_HITS_MAX])
{
	const bool may_be_generic = ret[0].name.p == NULL || rdns_name(ret[0].name, &ret[0].address);
	size_t n = 1;

	for (size_t i = slot->n; i < slot->n + slot->n_also && n < RULES_HITS_MAX; i++) {
		struct candidate *const c = &slot->list[i];

		if ((c->enabled || disabled) && (may_be_generic || !c->rule->rule.text->generic) &&
		    worth_trying(slot, c, words, seen) && try_rule(s, c->rule, seen->message, times, &ret[n]) &&
		    addr_equal(&ret[n].address, &ret[0].address))
			n++;
	}
	return n;
}

/* False when no message that goes on after this opening can match: a partial match fails before its end. */
static bool can_begin(struct rules_scratch *s, const struct compiled *c, const char *opening)
{
	return pcre2_match(c->match, (PCRE2_SPTR)opening, OPENING, 0, PCRE2_PARTIAL_HARD, s->data, s->context) !=
	       PCRE2_ERROR_NOMATCH;
}

/*
 * The rules that can take a message that begins so, or all of them. Most messages of a daemon begin in one of a few
 * ways, and most rules fail there: what was found once for an opening holds for all messages with it. Openings that do
 * not come again (queue ids) are not worth the finding, so that is done at the second sight.
 */
static uint64_t recall(struct rules_scratch *s, const struct slot *slot, struct span message, struct prefix16 words)
{
	const uint64_t all = UINT64_MAX;
	struct opening *o;

	if (slot->memory == NULL || message.len <= OPENING)
		return all;
	o = &slot->memory->openings[mixed(words.front, words.back) % OPENINGS];
	if (!o->used || !prefix16_equal(o->words, words)) {
		if (!o->known || o->misses++ == MISSES_MAX) /* queue ids must not drive out what comes all the time */
			*o = (struct opening){.words = words, .used = true};
		return all;
	}
	o->misses = 0;
	if (!o->known) {
		for (size_t i = 0; i < slot->n; i++)
			if (can_begin(s, slot->list[i].rule, message.p))
				o->possible |= (uint64_t)1 << i;
		o->known = true;
	}
	return o->possible;
}

/* Those of them that can by the first byte. */
static uint64_t may_begin(const struct memory *memory, const struct seen *seen)
{
	uint64_t may;

	if (memory == NULL || seen->message.len == 0)
		return UINT64_MAX;
	may = memory->by_byte[(unsigned char)*seen->message.p];
	if (seen->behind.len > 0)
		may |= memory->by_byte[(unsigned char)*seen->behind.p] & memory->behind_id;
	return may;
}

/* The first of the slot's list from i on that is worth trying, or one behind its end. */
static size_t next_of(const struct slot *slot, uint64_t worth, size_t i)
{
	if (slot->memory == NULL || i >= 64)
		return i;
	worth >>= i;
	return worth == 0 ? slot->n : i + (size_t)__builtin_ctzll(worth);
}

size_t rules_match_all(struct rules_scratch *s, struct span program, struct span message, bool disabled,
                       struct rules_hit ret[static RULES_HITS_MAX])
{
	const struct slot *const slot = slot_of(s, program);
	struct prefix16 words; /* not in seen: they stay in registers */
	uint64_t worth;
	unsigned times;
	struct seen seen;

	if (slot == NULL || slot->n == 0)
		return 0;
	times = compiled_unwrap(&message);
	words = prefix16_of(message.p, message.len);
	if (times == 0 || (worth = recall(s, slot, message, words)) == 0)
		return 0;
	seen = (struct seen){.message = message, .behind = behind_id(message)};
	seen.behind_words = prefix16_of(seen.behind.p, seen.behind.len);
	worth &= may_begin(slot->memory, &seen);
	for (size_t i = next_of(slot, worth, 0); i < slot->n; i = next_of(slot, worth, i + 1)) {
		struct candidate *const c = &slot->list[i];

		if (!(c->enabled || disabled) || !worth_trying(slot, c, words, &seen) ||
		    !try_rule(s, c->rule, message, times, &ret[0]))
			continue;
		if (is_nobody(&ret[0])) {
			s->stat.never++;
			return 0;
		}
		if (slot->n_also == 0 || ret[0].kind != RULES_KIND_HIT || ret[0].score <= 0)
			return 1;
		return match_also(s, slot, words, &seen, times, disabled, ret);
	}
	return 0;
}

int rules_match(struct rules_scratch *s, struct span program, struct span message, bool disabled,
                struct rules_hit *ret)
{
	struct rules_hit hits[RULES_HITS_MAX];

	if (rules_match_all(s, program, message, disabled, hits) == 0 || hits[0].kind != RULES_KIND_HIT)
		return RULES_NONE;
	*ret = hits[0];
	return RULES_HIT;
}

bool rules_means(const struct rules *rules, size_t index, struct span program)
{
	char name[PROGRAM_MAX];

	if (program.len >= sizeof name)
		return false;
	memcpy(name, program.p, program.len);
	name[program.len] = '\0';
	return applies(&rules->list[index], name);
}

bool rules_takes(struct rules_scratch *s, size_t index, struct span program, struct span message, bool interpret)
{
	struct compiled c = s->rules->list[index];
	const unsigned times = compiled_unwrap(&message);
	struct rules_hit hit;

	c.match_jit = c.match_jit && !interpret;
	c.unless_jit = c.unless_jit && !interpret;
	return times > 0 && rules_means(s->rules, index, program) && try_rule(s, &c, message, times, &hit);
}
