#include "rulecheck/lint.h"

#include <stdio.h>
#include <string.h>

#include "rules/compiled.h"
#include "rules/macros.h"
#include "rules/syntax.h"

enum {
	LOOK_MAX = 60,  /* bytes of text shown in a message */
	ATOM_MAX = 255, /* bytes of an atom that can be tested alone */
};

/* --- the shape of the regex --- */

/* Compiles one atom of a regex. Returns NULL if it is not valid by itself. */
static pcre2_code *compile_atom(const char *p, size_t len)
{
	char text[ATOM_MAX + 1];

	if (len > ATOM_MAX)
		return NULL;
	memcpy(text, p, len);
	text[len] = '\0';
	return compiled_piece(text);
}

static bool matches_byte(const pcre2_code *atom, unsigned char byte, pcre2_match_data *data)
{
	return pcre2_match(atom, &byte, 1, 0, PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_NO_JIT, data, NULL) >= 0;
}

/* Returns true if no byte matches both atoms. PCRE2 tests each byte, so every kind of class is handled. */
static bool are_disjoint(const char *a, size_t a_len, const char *b, size_t b_len)
{
	pcre2_code *const one = compile_atom(a, a_len), *const other = compile_atom(b, b_len);
	pcre2_match_data *const data = pcre2_match_data_create(1, NULL);
	bool disjoint = one != NULL && other != NULL && data != NULL;

	for (unsigned byte = 0; byte < 256 && disjoint; byte++)
		disjoint = !matches_byte(one, (unsigned char)byte, data) ||
		           !matches_byte(other, (unsigned char)byte, data);
	pcre2_code_free(one);
	pcre2_code_free(other);
	pcre2_match_data_free(data);
	return disjoint;
}

/* Returns true if the repeated atom cannot match what follows in the regex, so that the repeat stops there. */
static bool stops_at(const char *atom, size_t len, const char *next)
{
	/* Skip the end of the group that contains the repeat, and the group's quantifier. */
	while (*next == ')') {
		next++;
		next += syntax_quantifier(next).len;
	}
	if (*next == '\0' || strchr("(.^$|", *next) != NULL || macros_builtin_len(next) > 0)
		return false;
	return are_disjoint(atom, len, next, syntax_atom_len(next));
}

static bool fixes_the_end(const char *regex)
{
	size_t n = strlen(regex);

	while (n > 0 && regex[n - 1] == ')')
		n--;
	return n > 0 && regex[n - 1] == '$' && (n < 2 || regex[n - 2] != '\\');
}

bool lint_is_loose(const char *regex, size_t *ret_at)
{
	const char *const addr = strstr(regex, "<ADDR>");

	if (addr == NULL || fixes_the_end(regex))
		return false;
	for (const char *p = regex; p < addr;) {
		const size_t atom = syntax_atom_len(p);

		if (syntax_is_wide(p)) {
			const struct syntax_quantifier q = syntax_quantifier(p + atom);

			if (q.endless && !stops_at(p, atom, p + atom + q.len)) {
				*ret_at = (size_t)(p - regex);
				return true;
			}
		}
		if (*p != '(' || strncmp(p, "(?!", 3) == 0 || strncmp(p, "(?=", 3) == 0)
			p += atom; /* a lookahead group matches no text itself */
		else
			p += syntax_opener_len(p) > 0 ? syntax_opener_len(p) : 1;
	}
	return false;
}

static void check_shape(const struct rulefile_rule *rule, struct rulefile_errors *warnings)
{
	char piece[LOOK_MAX + 1];
	size_t at;

	if (!lint_is_loose(rule->match.text, &at))
		return;
	(void)text_escape((struct span){rule->match.text + at, strnlen(rule->match.text + at, LOOK_MAX / 2)}, piece,
	                  sizeof piece);
	rulefile_error(warnings,
	               "%s:%u: match of [%s]: untrusted text may come before <ADDR>, and no \"$\" "
	               "fixes the end of the line\n    %s\n    ^",
	               rule->file, rule->match.line, rule->name, piece);
}

/* --- the examples --- */

static void check_examples(const struct rulefile_rule *rule, struct rulefile_errors *warnings)
{
	size_t hits = 0, misses = 0;

	for (size_t i = 0; i < rule->n_examples; i++) {
		hits += rule->examples[i].hit;
		misses += !rule->examples[i].hit && !rule->examples[i].given;
	}
	if (hits == 0)
		rulefile_error(warnings, "%s:%u: [%s] has no \"hit\": a line that it must match", rule->file,
		               rule->line, rule->name);
	if (misses == 0)
		rulefile_error(warnings, "%s:%u: [%s] has no \"miss\": a similar line that it must not match",
		               rule->file, rule->line, rule->name);
}

/* A DNS blocklist that refuses to answer looks like one that lists everybody, unless the rule excludes that case. */
static void check_unanswered(const struct rules *rules, const struct rulefile_rule *rule,
                             struct rulefile_errors *warnings)
{
	if (rules->set.unanswered && !rule->unanswered && strcmp(rule->category, "dnsbl") == 0)
		rulefile_error(
			warnings,
			"%s:%u: [%s] is of category dnsbl without <unanswered>: a blocklist that refuses to answer "
			"would block every client",
			rule->file, rule->line, rule->name);
}

/* A rule without a literal that all its lines contain must be tried by PCRE2 on each line of its programs. */
static void check_literal(const struct rules *rules, const struct rule *which, struct rulefile_errors *notes)
{
	const struct compiled *const c = &rules->list[which->index];

	if (c->n_literals == 0 && !which->text->also)
		rulefile_error(
			notes,
			"%s:%u: [%s] has no fixed text that all its lines contain: it is tried on each line of its programs",
			which->text->file, which->text->match.line, which->text->name);
}

static void check_programs(const struct rules *rules, const struct rulefile_rule *rule, const struct rule *which,
                           const struct example_line *lines, struct rulefile_errors *errors)
{
	char name[LOOK_MAX + 1];

	for (size_t i = 0; i < rule->n_examples; i++) {
		if (!rule->examples[i].hit || lines[i].program.p == NULL ||
		    rules_means(rules, which->index, lines[i].program))
			continue;
		(void)text_escape(lines[i].program, name, sizeof name);
		rulefile_error(errors, "%s:%u: [%s] is for \"%s\", but its example is a line of \"%s\"", rule->file,
		               rule->examples[i].line, rule->name, rule->program, name);
	}
}

/*
 * Warns of hits that a rule of a later file in the same directory would match too. An administrator's rules may come
 * before shipped ones.
 */
static void check_overlap(const struct rules *rules, struct rules_scratch *scratch, const struct rule *which,
                          const struct example_line *lines, struct rulefile_errors *warnings)
{
	const struct rulefile_rule *const rule = which->text;

	if (rule->also || rule->from.path != NULL || rule->to.path != NULL)
		return; /* it leaves most lines that its regex matches to other rules */
	for (size_t i = 0; i < rule->n_examples; i++) {
		if (!rule->examples[i].hit || lines[i].program.p == NULL)
			continue;
		for (size_t j = which->index + 1; j < rules_count(rules); j++) {
			const struct rulefile_rule *const other = rules_at(rules, j)->text;

			if (other->file != rule->file && other->dir == rule->dir && !other->also &&
			    rules_would_match(scratch, j, lines[i].program, lines[i].message, false))
				rulefile_error(
					warnings, "%s:%u: [%s] and [%s] of %s both match this line; the first wins",
					rule->file, rule->examples[i].line, rule->name, other->name, other->file);
		}
	}
}

/* --- stretched examples --- */

/* Writes the message with its bytes from..to repeated until it is LINT_STRETCHED bytes long. */
static struct span stretch(struct span message, size_t from, size_t to, char out[static LINT_STRETCHED])
{
	const size_t piece = to - from, rest = message.len - to;
	size_t n = from;

	memcpy(out, message.p, from);
	while (n + piece + rest <= LINT_STRETCHED) {
		memcpy(out + n, message.p + from, piece);
		n += piece;
	}
	memcpy(out + n, message.p + to, rest);
	return (struct span){out, n + rest};
}

/* Returns the end of the word at from, including the blanks after it. */
static size_t word_end(struct span message, size_t from)
{
	while (from < message.len && message.p[from] != ' ')
		from++;
	while (from < message.len && message.p[from] == ' ')
		from++;
	return from;
}

static bool reaches_limit(struct rules_scratch *scratch, size_t index, const struct example_line *line, size_t from,
                          size_t to)
{
	static char text[LINT_STRETCHED]; /* static: large, and only one thread runs lint */
	const uint64_t before = rules_stat(scratch).limits;

	(void)rules_would_match(scratch, index, line->program, stretch(line->message, from, to, text), true);
	return rules_stat(scratch).limits > before;
}

/* Tries each word, and each two words, repeated. Reports at most one error per example. */
static void check_stretched(struct rules_scratch *scratch, const struct rule *which, const struct example_line *lines,
                            struct rulefile_errors *errors)
{
	for (size_t i = 0; i < which->text->n_examples; i++) {
		const struct span message = lines[i].message;
		bool found = false;

		if (lines[i].program.p == NULL || message.len >= LINT_STRETCHED / 2)
			continue;
		for (size_t from = 0; from < message.len && !found; from = word_end(message, from)) {
			size_t to = word_end(message, from);
			char piece[LOOK_MAX + 1];

			found = reaches_limit(scratch, which->index, &lines[i], from, to);
			if (!found) {
				to = word_end(message, to);
				found = reaches_limit(scratch, which->index, &lines[i], from, to);
			}
			if (!found)
				continue;
			(void)text_escape((struct span){message.p + from, to - from}, piece, sizeof piece);
			rulefile_error(errors,
			               "%s:%u: match of [%s] is aborted (limit of %d steps) when \"%s\" is repeated "
			               "to %d bytes",
			               which->text->file, which->text->examples[i].line, which->text->name,
			               RULES_MATCH_LIMIT, piece, LINT_STRETCHED);
		}
	}
}

void lint_rules(const struct rules *rules, size_t stretch_from, struct rules_scratch *scratch,
                const struct example_line *const *lines, struct rulefile_errors *errors,
                struct rulefile_errors *warnings, struct rulefile_errors *notes)
{
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *const rule = rules_at(rules, i);

		check_shape(rule->text, warnings);
		check_examples(rule->text, warnings);
		check_unanswered(rules, rule->text, warnings);
		check_literal(rules, rule, notes);
		check_programs(rules, rule->text, rule, lines[i], errors);
		check_overlap(rules, scratch, rule, lines[i], warnings);
		if (rule->text->dir >= stretch_from)
			check_stretched(scratch, rule, lines[i], errors);
	}
}
