#include "rules/rules.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

enum {
	PROGRAM_MAX = 64,    /* longer program names match no rule: no daemon has one */
	CACHE_SLOTS = 512,   /* programs whose rules are remembered; a power of two */
	JIT_STACK_MAX = 256 << 10,
};

/*
 * What <ADDR> stands for: the shape of an address, not its range; addr_parse has the last word. Nothing that
 * could belong to an address may stand on either side, so backtracking can never cut a digit off. ":25" may
 * follow the IPv4 form only: after IPv6 it could be one more group.
 */
#define DIGITS4 "\\d{1,3}(?:\\.\\d{1,3}){3}"
#define ADDR_REGEX                                                                                          \
	"(?<![0-9A-Za-z.])(?<![0-9A-Fa-f:]:)(?:IPv6:)?(?<addr>" DIGITS4                                     \
	"|(?:[0-9A-Fa-f]{0,4}:){2,8}(?:" DIGITS4 "|[0-9A-Fa-f]{1,4}(?!:[0-9A-Fa-f])|(?<=::)))"               \
	"(?![0-9A-Za-z%/]|\\.[0-9A-Fa-f])"
#define NAME_REGEX "(?<name>[0-9A-Za-z_](?:[0-9A-Za-z_.-]*[0-9A-Za-z_.])?)"

static const struct builtin {
	const char *word, *regex;
} builtins[] = {{"<ADDR>", ADDR_REGEX}, {"<NAME>", NAME_REGEX}};

struct compiled {
	struct rule rule;
	pcre2_code *match, *unless;
	uint32_t addr, name, detail, count; /* group numbers; 0: the regex has none */
	size_t n_globs;
	char **globs;
};

struct rules {
	struct rulefile_set set;
	size_t n;
	struct compiled *list;
	uint32_t groups_max;
};

/* The rules that can apply to one program. */
struct slot {
	uint8_t len; /* of program; 0: free */
	char program[PROGRAM_MAX];
	size_t n;
	uint16_t *list; /* indexes into rules->list, in order; room for all */
};

struct rules_scratch {
	const struct rules *rules;
	pcre2_match_data *data;
	pcre2_match_context *context;
	pcre2_jit_stack *stack;
	struct slot *slots; /* CACHE_SLOTS, by hash of the program, the last one seen wins */
	struct rules_stat stat;
};

/* --- compiling --- */

static bool put_builtins(const char *in, char *out, size_t cap)
{
	size_t used = 0;

	while (*in != '\0') {
		const char *piece = in;
		size_t len = 1;

		for (size_t b = 0; b < sizeof builtins / sizeof *builtins; b++) {
			const size_t word_len = strlen(builtins[b].word);

			if (strncmp(in, builtins[b].word, word_len) == 0) {
				piece = builtins[b].regex;
				len = strlen(piece);
				in += word_len - 1;
				break;
			}
		}
		if (used + len >= cap)
			return false;
		memcpy(out + used, piece, len);
		used += len;
		in++;
	}
	out[used] = '\0';
	return true;
}

static size_t occurrences(const char *text, const char *word)
{
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, word)) != NULL; p++)
		n++;
	return n;
}

/* The regex around the offset and a caret under it; both without bytes that would move the caret. */
static void regex_fault(struct rulefile_faults *faults, const struct rulefile_rule *rule, const char *key,
                        unsigned line, const char *regex, size_t offset, int code)
{
	enum { AROUND = 40 };
	const size_t from = offset > AROUND ? offset - AROUND : 0, len = strlen(regex + from);
	char piece[2 * AROUND + 1];
	unsigned char message[160];
	size_t n = 0;

	(void)pcre2_get_error_message(code, message, sizeof message);
	for (; n < len && n < sizeof piece - 1; n++)
		piece[n] = (char)(regex[from + n] >= 0x20 && regex[from + n] < 0x7F ? regex[from + n] : '?');
	piece[n] = '\0';
	rulefile_fault(faults, "%s:%u: %s of [%s]: %s\n    %s\n    %*s", rule->file, line, key, rule->name,
	               (const char *)message, piece, (int)(offset - from) + 1, "^");
}

static pcre2_code *compile_regex(const struct rulefile_rule *rule, const char *key, unsigned line,
                                 const char *text, uint32_t options, struct rulefile_faults *faults)
{
	static char regex[2 * RULEFILE_EXPANDED_MAX]; /* large, and rules are loaded by one thread */
	pcre2_compile_context *context;
	PCRE2_SIZE offset = 0;
	pcre2_code *code;
	int rc = 0;

	if (!put_builtins(text, regex, sizeof regex)) {
		rulefile_fault(faults, "%s:%u: %s of [%s] is too long", rule->file, line, key, rule->name);
		return NULL;
	}
	context = pcre2_compile_context_create(NULL);
	if (context == NULL)
		abort();
	(void)pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	code = pcre2_compile((PCRE2_SPTR)regex, PCRE2_ZERO_TERMINATED,
	                     options | PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
	                             PCRE2_DOLLAR_ENDONLY,
	                     &rc, &offset, context);
	pcre2_compile_context_free(context);
	if (code == NULL)
		regex_fault(faults, rule, key, line, regex, offset, rc);
	else
		(void)pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* without JIT the interpreter does it */
	return code;
}

static uint32_t group_number(const pcre2_code *code, const char *name)
{
	const int n = pcre2_substring_number_from_name(code, (PCRE2_SPTR)name);

	return n > 0 ? (uint32_t)n : 0;
}

static void split_globs(struct compiled *c, const char *program)
{
	char *const copy = strdup(program), *save = NULL;

	if (copy == NULL)
		abort();
	for (char *word = strtok_r(copy, " \t", &save); word != NULL; word = strtok_r(NULL, " \t", &save)) {
		c->globs = reallocarray(c->globs, c->n_globs + 1, sizeof *c->globs);
		if (c->globs == NULL || (c->globs[c->n_globs++] = strdup(word)) == NULL)
			abort();
	}
	free(copy);
}

static void compile_rule(struct rules *rules, size_t i, struct rulefile_faults *faults)
{
	const struct rulefile_rule *const text = &rules->set.rules[i];
	struct compiled *const c = &rules->list[i];
	uint32_t groups = 0;

	c->rule = (struct rule){i, text};
	if (text->match.text == NULL || text->program == NULL)
		return; /* said already */
	split_globs(c, text->program);
	if (text->match.text[0] != '^')
		rulefile_fault(faults,
		               "%s:%u: match of [%s] must begin with \"^\": a stranger's text may stand anywhere else",
		               text->file, text->match.line, text->name);
	if (occurrences(text->match.text, "<ADDR>") != 1)
		rulefile_fault(faults, "%s:%u: match of [%s] must have <ADDR> exactly once, it has it %zu times",
		               text->file, text->match.line, text->name, occurrences(text->match.text, "<ADDR>"));
	if (occurrences(text->match.text, "<NAME>") > 1)
		rulefile_fault(faults, "%s:%u: match of [%s] may have <NAME> only once", text->file, text->match.line,
		               text->name);
	c->match = compile_regex(text, "match", text->match.line, text->match.text, PCRE2_ANCHORED, faults);
	if (text->unless.text != NULL)
		c->unless = compile_regex(text, "unless", text->unless.line, text->unless.text, 0, faults);
	if (c->match == NULL)
		return;
	c->addr = group_number(c->match, "addr");
	c->name = group_number(c->match, "name");
	c->detail = group_number(c->match, "detail");
	c->count = group_number(c->match, "count");
	(void)pcre2_pattern_info(c->match, PCRE2_INFO_CAPTURECOUNT, &groups);
	if (groups > rules->groups_max)
		rules->groups_max = groups;
}

int rules_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra,
               struct rules **ret, struct rulefile_faults *faults, struct why *why)
{
	struct rules *const rules = calloc(1, sizeof *rules);

	if (rules == NULL)
		abort();
	*ret = NULL;
	(void)rulefile_read(dirs, n_dirs, extra, n_extra, &rules->set, faults, why);
	rules->n = rules->set.n;
	rules->list = calloc(rules->n > 0 ? rules->n : 1, sizeof *rules->list);
	if (rules->list == NULL)
		abort();
	for (size_t i = 0; i < rules->n; i++)
		compile_rule(rules, i, faults);
	if (faults->n > 0) {
		rules_free(rules);
		return why_set(why, EINVAL, "%s", faults->text[0]);
	}
	*ret = rules;
	return 0;
}

void rules_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->n; i++) {
		struct compiled *const c = &rules->list[i];

		pcre2_code_free(c->match);
		pcre2_code_free(c->unless);
		for (size_t g = 0; g < c->n_globs; g++)
			free(c->globs[g]);
		free(c->globs);
	}
	free(rules->list);
	rulefile_set_done(&rules->set);
	free(rules);
}

size_t rules_count(const struct rules *rules)
{
	return rules->n;
}

const struct rule *rules_at(const struct rules *rules, size_t index)
{
	return &rules->list[index].rule;
}

size_t rules_files(const struct rules *rules)
{
	return rules->set.n_files;
}

/* --- matching --- */

struct rules_scratch *rules_scratch_new(const struct rules *rules)
{
	struct rules_scratch *const s = calloc(1, sizeof *s);

	if (s == NULL)
		abort();
	s->rules = rules;
	s->data = pcre2_match_data_create(rules->groups_max + 1, NULL);
	s->context = pcre2_match_context_create(NULL);
	s->stack = pcre2_jit_stack_create(32 << 10, JIT_STACK_MAX, NULL);
	s->slots = calloc(CACHE_SLOTS, sizeof *s->slots);
	if (s->data == NULL || s->context == NULL || s->slots == NULL)
		abort();
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
	for (size_t i = 0; i < CACHE_SLOTS; i++)
		free(s->slots[i].list);
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

/* The rules for a program; NULL when its name is one no rule can mean. */
static const struct slot *slot_of(struct rules_scratch *s, struct span program)
{
	uint32_t hash = 2166136261U; /* FNV-1a; an unlucky collision costs a look-up, nothing else */
	struct slot *slot;

	if (program.len == 0 || program.len >= PROGRAM_MAX)
		return NULL;
	for (size_t i = 0; i < program.len; i++)
		hash = (hash ^ (unsigned char)program.p[i]) * 16777619U;
	slot = &s->slots[hash % CACHE_SLOTS];
	if (slot->len == program.len && memcmp(slot->program, program.p, program.len) == 0)
		return slot;
	slot->len = (uint8_t)program.len; /* < PROGRAM_MAX */
	memcpy(slot->program, program.p, program.len);
	slot->program[program.len] = '\0';
	slot->n = 0;
	if (slot->list == NULL)
		slot->list = calloc(s->rules->n > 0 ? s->rules->n : 1, sizeof *slot->list);
	if (slot->list == NULL)
		abort();
	for (size_t i = 0; i < s->rules->n; i++)
		if (applies(&s->rules->list[i], slot->program))
			slot->list[slot->n++] = (uint16_t)i; /* < RULEFILE_RULES_MAX */
	return slot;
}

/* True when the regex takes the text; a limit reached is "no", counted. */
static bool takes(struct rules_scratch *s, const pcre2_code *code, struct span text)
{
	const int rc = pcre2_match(code, (PCRE2_SPTR)text.p, text.len, 0, 0, s->data, s->context);

	if (rc < 0 && rc != PCRE2_ERROR_NOMATCH)
		s->stat.limits++;
	return rc >= 0;
}

static struct span group(const struct rules_scratch *s, struct span text, uint32_t number)
{
	const PCRE2_SIZE *const at = pcre2_get_ovector_pointer(s->data) + 2 * number;

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

/* Takes "message repeated N times: [ TEXT]" apart. Returns N, 1 for any other message, 0 for a nested one. */
static unsigned unwrap_repeated(struct span *message)
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

/* Tries one rule. */
static bool try_rule(struct rules_scratch *s, const struct compiled *c, struct span message, unsigned times,
                     struct rules_hit *hit)
{
	struct span where;
	unsigned count;

	if (!takes(s, c->match, message))
		return false;
	where = group(s, message, c->addr);
	hit->name = group(s, message, c->name);
	hit->detail = group(s, message, c->detail);
	count = c->count > 0 ? number_in(group(s, message, c->count)) * times : times;
	if (c->unless != NULL && takes(s, c->unless, message))
		return false;
	if (!addr_parse(where.p, where.len, &hit->address)) {
		s->stat.not_addresses++;
		return false;
	}
	hit->where = where;
	hit->rule = &c->rule;
	hit->count = count > RULES_COUNT_MAX ? RULES_COUNT_MAX : count;
	hit->score = c->rule.text->score * (int)hit->count;
	return true;
}

int rules_match(struct rules_scratch *s, struct span program, struct span message, bool disabled,
                struct rules_hit *ret)
{
	const struct slot *const slot = slot_of(s, program);
	struct rules_hit hit;
	unsigned times;

	if (slot == NULL || slot->n == 0)
		return RULES_NONE;
	times = unwrap_repeated(&message);
	if (times == 0)
		return RULES_NONE;
	for (size_t i = 0; i < slot->n; i++) {
		const struct compiled *const c = &s->rules->list[slot->list[i]];

		if ((c->rule.text->enabled || disabled) && try_rule(s, c, message, times, &hit)) {
			*ret = hit;
			return RULES_HIT;
		}
	}
	return RULES_NONE;
}
