#include "rulecheck/lint.h"

#include <stdio.h>
#include <string.h>

enum { LOOK_MAX = 60 }; /* bytes of a piece shown */

/* --- the shape of the regex --- */

/* The bytes of the class at p ("[...]"), brackets included; 1 when it does not end. */
static size_t class_len(const char *p)
{
	size_t n = 1;

	if (p[n] == '^')
		n++;
	if (p[n] == ']')
		n++;
	for (; p[n] != '\0' && p[n] != ']'; n++)
		if (p[n] == '\\' && p[n + 1] != '\0')
			n++;
	return p[n] == ']' ? n + 1 : 1;
}

/* True when the repeated atom (len bytes) cannot take what the regex goes on with, so that it stops there. */
static bool stops_at(const char *atom, size_t len, const char *next)
{
	char c;

	while (*next == ')' || (next[-1] == ')' && (*next == '?' || *next == '*' || *next == '+')))
		next++; /* the end of the group the repeat stands in */
	c = *next == '\\' ? next[1] : *next;
	if (c == '\0' || *atom == '.' || (*next != '\\' && strchr("(.^$|[", *next) != NULL))
		return false;
	if (*next == '\\' && strchr("dDwWsSbB", c) != NULL)
		return c == 's' && memmem(atom, len, "\\s", 2) != NULL;
	if (*atom == '\\')
		return atom[1] == 'S' && c == ' ';
	if (c == ' ' && memmem(atom, len, "\\s", 2) != NULL)
		return true;
	return memchr(atom + 2, c, len - 3) != NULL;
}

/* The bytes of a quantifier without an upper end at p; 0 when there is none. */
static size_t endless(const char *p)
{
	size_t n = 0;

	if (*p == '*' || *p == '+') {
		n = 1;
	} else if (*p == '{') {
		while (p[n] != '\0' && p[n] != '}' && p[n] != ',')
			n++;
		if (p[n] != ',' || p[n + 1] != '}')
			return 0;
		n += 2;
	}
	if (n > 0 && (p[n] == '?' || p[n] == '+'))
		n++;
	return n;
}

/* The bytes of the atom at p when it takes any word a stranger likes; 0: it does not. */
static size_t wide_atom(const char *p)
{
	if (*p == '.')
		return 1;
	if (*p == '\\' && (p[1] == 'S' || p[1] == 'D' || p[1] == 'W'))
		return 2;
	return p[0] == '[' && p[1] == '^' ? class_len(p) : 0;
}

static bool holds_the_end(const char *regex)
{
	size_t n = strlen(regex);

	while (n > 0 && regex[n - 1] == ')')
		n--;
	return n > 0 && regex[n - 1] == '$' && (n < 2 || regex[n - 2] != '\\');
}

bool lint_is_loose(const char *regex, size_t *ret_at)
{
	const char *const addr = strstr(regex, "<ADDR>");

	if (addr == NULL || holds_the_end(regex))
		return false;
	for (const char *p = regex; p < addr;) {
		const size_t atom = wide_atom(p), repeat = atom > 0 ? endless(p + atom) : 0;

		if (repeat > 0 && !stops_at(p, atom, p + atom + repeat)) {
			*ret_at = (size_t)(p - regex);
			return true;
		}
		if (*p == '\\' && p[1] != '\0')
			p += 2;
		else if (*p == '[')
			p += class_len(p);
		else if (strncmp(p, "(?!", 3) == 0 || strncmp(p, "(?=", 3) == 0)
			p += 3 + strcspn(p + 3, ")"); /* looks, takes nothing */
		else
			p++;
	}
	return false;
}

static void check_shape(const struct rulefile_rule *rule, struct rulefile_faults *warnings)
{
	char piece[LOOK_MAX + 1];
	size_t at;

	if (!lint_is_loose(rule->match.text, &at))
		return;
	(void)text_escape((struct span){rule->match.text + at, strnlen(rule->match.text + at, LOOK_MAX / 2)},
	                  piece, sizeof piece);
	rulefile_fault(warnings,
	               "%s:%u: match of [%s]: a stranger may write what stands before <ADDR>, and no \"$\" "
	               "holds the "
	               "end of the line\n    %s\n    ^",
	               rule->file, rule->match.line, rule->name, piece);
}

/* --- the examples --- */

static void check_examples(const struct rulefile_rule *rule, struct rulefile_faults *warnings)
{
	size_t hits = 0, misses = 0;

	for (size_t i = 0; i < rule->n_examples; i++) {
		hits += rule->examples[i].hit;
		misses += !rule->examples[i].hit && !rule->examples[i].given;
	}
	if (hits == 0)
		rulefile_fault(warnings, "%s:%u: [%s] has no \"hit\": a line it must take", rule->file,
		               rule->line, rule->name);
	if (misses == 0)
		rulefile_fault(warnings, "%s:%u: [%s] has no \"miss\": a line like it that it must leave",
		               rule->file, rule->line, rule->name);
}

static void check_programs(const struct rules *rules, const struct rulefile_rule *rule,
                           const struct rule *which, const struct example_line *lines,
                           struct rulefile_faults *faults)
{
	char name[LOOK_MAX + 1];

	for (size_t i = 0; i < rule->n_examples; i++) {
		if (!rule->examples[i].hit || lines[i].program.p == NULL ||
		    rules_means(rules, which->index, lines[i].program))
			continue;
		(void)text_escape(lines[i].program, name, sizeof name);
		rulefile_fault(faults, "%s:%u: [%s] is for \"%s\", but its example is a line of \"%s\"",
		               rule->file, rule->examples[i].line, rule->name, rule->program, name);
	}
}

/* A hit of this rule that a later file's rule would take too. */
static void check_overlap(const struct rules *rules, struct rules_scratch *scratch, const struct rule *which,
                          const struct example_line *lines, struct rulefile_faults *warnings)
{
	const struct rulefile_rule *const rule = which->text;

	for (size_t i = 0; i < rule->n_examples; i++) {
		if (!rule->examples[i].hit || lines[i].program.p == NULL || rule->also)
			continue;
		for (size_t j = which->index + 1; j < rules_count(rules); j++) {
			const struct rulefile_rule *const other = rules_at(rules, j)->text;

			if (other->file != rule->file && !other->also &&
			    rules_takes(scratch, j, lines[i].program, lines[i].message, false))
				rulefile_fault(
				        warnings,
				        "%s:%u: [%s] and [%s] of %s both take this line; the first wins",
				        rule->file, rule->examples[i].line, rule->name, other->name,
				        other->file);
		}
	}
}

/* --- stretched examples --- */

/* Writes the message with its bytes from..to repeated until it is LINT_STRETCHED long. */
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

/* The end of the word that begins at from, with the blanks behind it. */
static size_t word_end(struct span message, size_t from)
{
	while (from < message.len && message.p[from] != ' ')
		from++;
	while (from < message.len && message.p[from] == ' ')
		from++;
	return from;
}

static bool reaches_limit(struct rules_scratch *scratch, size_t index, const struct example_line *line,
                          size_t from, size_t to)
{
	static char text[LINT_STRETCHED]; /* large, and lint is run by one thread */
	const uint64_t before = rules_stat(scratch).limits;

	(void)rules_takes(scratch, index, line->program, stretch(line->message, from, to, text), true);
	return rules_stat(scratch).limits > before;
}

/* Each word, and each two words, repeated. One fault for each example is enough. */
static void check_stretched(struct rules_scratch *scratch, const struct rule *which,
                            const struct example_line *lines, struct rulefile_faults *faults)
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
			rulefile_fault(
			        faults,
			        "%s:%u: match of [%s] gives up (limit of %d steps) when \"%s\" is repeated "
			        "to %d bytes",
			        which->text->file, which->text->examples[i].line, which->text->name,
			        RULES_MATCH_LIMIT, piece, LINT_STRETCHED);
		}
	}
}

void lint_rules(const struct rules *rules, struct rules_scratch *scratch,
                const struct example_line *const *lines, struct rulefile_faults *faults,
                struct rulefile_faults *warnings)
{
	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *const rule = rules_at(rules, i);

		check_shape(rule->text, warnings);
		check_examples(rule->text, warnings);
		check_programs(rules, rule->text, rule, lines[i], faults);
		check_overlap(rules, scratch, rule, lines[i], warnings);
		check_stretched(scratch, rule, lines[i], faults);
	}
}
