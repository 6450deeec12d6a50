#include "rulecheck/examples.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "input/line.h"
#include "input/unwrap.h"
#include "rulecheck/example.h"
#include "rulecheck/lint.h"
#include "rulecheck/nearmiss.h"

enum {
	BEFORE = 60, /* bytes shown before the place, ... */
	BEHIND = 40, /* ... and after it */
	WANTED = 60, /* bytes shown of the part of a regex that did not match, ... */
	NEXT = 12,   /* ... and of the line where it did not */
};

/*
 * Reports the example around the place, with a caret under it; one column per byte. A place outside the example's text
 * gets no caret.
 */
static void report_example(struct rulefile_errors *errors, const struct rulefile_rule *rule,
                           const struct rulefile_example *example, const char *place, const char *what)
{
	const size_t len = strlen(example->text);
	const bool inside = place >= example->text && place <= example->text + len; /* false if the line was decoded */
	const size_t at = inside ? (size_t)(place - example->text) : 0;
	const size_t from = at > BEFORE ? at - BEFORE : 0, to = len - at > BEHIND ? at + BEHIND : len;
	char shown[BEFORE + BEHIND + 1], under[BEFORE + 16] = "";

	for (size_t i = from; i < to; i++)
		shown[i - from] = (char)(example->text[i] >= 0x20 && example->text[i] < 0x7F ? example->text[i] : '?');
	shown[to - from] = '\0';
	if (inside)
		(void)snprintf(under, sizeof under, "\n    %s%*s", from > 0 ? "   " : "", (int)(at - from) + 1, "^");
	rulefile_error(errors, "%s:%u: %s of [%s]: %s\n    %s%s%s%s", rule->file, example->line,
	               example->hit     ? "hit"
	               : example->given ? "given"
	                                : "miss",
	               rule->name, what, from > 0 ? "..." : "", shown, to < len ? "..." : "", under);
}

/* Parses an example. store: space for the decoded text, if the line is encoded. Returns the rest of the space. */
static char *parse_example(struct line_clock *clock, const struct rulefile_example *example, char *store,
                           struct example_line *ret)
{
	char decoded[LINE_MAX_BYTES];
	struct span text = unwrap_one((struct span){example->text, strlen(example->text)}, decoded);
	struct line line;

	if (text.p == decoded) {
		memcpy(store, decoded, text.len);
		text.p = store;
		store += text.len;
	}
	*ret = (struct example_line){0};
	if (line_parse(clock, text.p, text.len, &line) == LINE_OK)
		*ret = (struct example_line){line.host, line.program, line.message};
	return store;
}

/* Parses all examples of a rule. The decoded texts follow them in the same allocation. */
static struct example_line *parse_examples(const struct rulefile_rule *rule)
{
	/* Examples have no year: any will do, but a leap year has every day. */
	const int64_t end_2024_s = 1735689600;
	size_t bytes = (rule->n_examples + 1) * sizeof(struct example_line);
	struct example_line *lines;
	struct line_clock clock;
	char *store;

	for (size_t i = 0; i < rule->n_examples; i++)
		bytes += strlen(rule->examples[i].text);
	lines = alloc_zero(1, bytes, "the examples of the rules");
	store = (char *)(lines + rule->n_examples + 1);
	line_clock_init(&clock, end_2024_s, 0);
	for (size_t i = 0; i < rule->n_examples; i++)
		store = parse_example(&clock, &rule->examples[i], store, &lines[i]);
	return lines;
}

/*
 * Explains that the line is from a program that the rule is not for. Returns the place of the program's name; NULL if
 * the form of the line implies it.
 */
static const char *explain_other_program(const struct rule *rule, const char *text, const struct example_line *line,
                                         char *what, size_t cap)
{
	if (line->program.p >= text && line->program.p < text + strlen(text)) {
		(void)snprintf(what, cap, "the rule is for the program \"%s\", not for this one", rule->text->program);
		return line->program.p;
	}
	(void)snprintf(what, cap, "the rule is for the program \"%s\", and a line like this is one of \"%.*s\"",
	               rule->text->program, (int)line->program.len, line->program.p);
	return NULL;
}

/* Explains why a rule does not match its own hit. Returns the place in text, which is the example. */
static const char *explain_miss(const struct rules *rules, const struct rule *rule, const char *text,
                                const struct example_line *line, char *what, size_t cap)
{
	char wanted[WANTED], next[4 * NEXT + 1];
	struct nearmiss near;
	size_t left;

	if (!rules_means(rules, rule->index, line->program))
		return explain_other_program(rule, text, line, what, cap);
	nearmiss_of_rule(rules, rule->index, line->message, &near);
	if (near.why == NEARMISS_MATCHES || near.why == NEARMISS_ALSO) {
		(void)snprintf(what, cap,
		               near.why == NEARMISS_ALSO ? "it has \"also\", and no other rule matches the line"
		                                         : "its session is not known; it needs a \"given\" line");
		return NULL;
	}
	if (near.why != NEARMISS_STOPPED) {
		(void)snprintf(what, cap, "not matched: %s", nearmiss_sentence(near.why));
		return near.place.p;
	}
	left = line->message.len - (size_t)(near.place.p - line->message.p);
	(void)text_escape((struct span){near.place.p, left < NEXT ? left : NEXT}, next, sizeof next);
	(void)text_escape((struct span){near.wanted, strlen(near.wanted)}, wanted, sizeof wanted);
	if (left == 0)
		(void)snprintf(what, cap, "not matched: the line ends, and the pattern continues with  %s", wanted);
	else
		(void)snprintf(what, cap, "not matched: its match stops before \"%s\"; the pattern continues with  %s",
		               next, wanted);
	return near.place.p;
}

static void try_example(const struct rules *rules, struct rules_scratch *scratch, struct sessions *sessions,
                        const struct rule *rule, size_t which, const struct example_line *lines,
                        struct rulefile_errors *errors)
{
	struct rules_hit hit = {0};
	const int answer = example_try(scratch, sessions, rule, which, lines, &hit);
	char what[320], got[ADDR_TEXT_MAX];
	const char *place = NULL;

	switch (answer) {
	case EXAMPLE_RIGHT:
		return;
	case EXAMPLE_NOT_MATCHED:
		place = explain_miss(rules, rule, rule->text->examples[which].text, &lines[which], what, sizeof what);
		break;
	case EXAMPLE_OTHER_RULE:
		(void)snprintf(what, sizeof what, "%s: [%s], %s:%u", example_sentence(answer), hit.rule->text->name,
		               hit.rule->text->file, hit.rule->text->line);
		place = lines[which].message.p;
		break;
	case EXAMPLE_OTHER_ADDRESS:
		(void)addr_text(&hit.address, got);
		(void)snprintf(what, sizeof what, "%s: %s", example_sentence(answer), got);
		place = hit.where.p;
		break;
	default:
		(void)snprintf(what, sizeof what, "%s", example_sentence(answer));
		place = answer == EXAMPLE_MATCHED ? hit.where.p : rule->text->examples[which].text;
	}
	report_example(errors, rule->text, &rule->text->examples[which], place, what);
}

/*
 * Returns true if an "also" rule matches its hit, but no other rule does. That is no error of its own if files were
 * left out.
 */
static bool misses_others(struct rules_scratch *scratch, const struct rule *rule, size_t which,
                          const struct example_line *lines)
{
	return rule->text->also && rule->text->examples[which].hit &&
	       rules_would_match(scratch, rule->index, lines[which].program, lines[which].message, false);
}

/*
 * Returns the index of the first rule of that directory or an earlier one; rules of later directories come before it.
 */
static size_t first_of(const struct rules *rules, size_t dir)
{
	size_t i = 0;

	while (i < rules_count(rules) && rules_at(rules, i)->text->dir > dir)
		i++;
	return i;
}

/* Notes each rule of a later directory that matches a hit of this rule first, which is allowed. */
static void note_takeovers(struct rules_scratch *scratch, struct sessions *sessions, const struct rule *rule,
                           const struct example_line *lines, struct rulefile_errors *notes)
{
	const struct rule *noted = NULL;

	for (size_t j = 0; j < rule->text->n_examples; j++) {
		const struct rulefile_rule *own;
		struct rules_hit hit;

		if (example_try(scratch, sessions, rule, j, lines, &hit) != EXAMPLE_OTHER_RULE || hit.rule == noted)
			continue;
		noted = hit.rule;
		own = noted->text;
		rulefile_error(notes, "%s:%u: your rule [%s] comes before [%s], and matches an example of it: %s:%u",
		               own->file, own->line, own->name, rule->text->name, rule->text->file,
		               rule->text->examples[j].line);
	}
}

/* complete: no file was left out. notes: may be NULL. */
static size_t try_all(const struct rules *rules, bool complete, struct rulefile_errors *errors,
                      struct rulefile_errors *notes)
{
	struct rules_scratch *const scratch = rules_scratch_new(rules);
	struct sessions *const sessions = sessions_new();
	size_t n = 0;

	for (size_t i = 0; i < rules_count(rules); i++) {
		const struct rule *const rule = rules_at(rules, i);
		struct example_line *const lines = parse_examples(rule->text);
		const size_t first = first_of(rules, rule->text->dir);

		rules_scratch_from(scratch, first);
		for (size_t j = 0; j < rule->text->n_examples; j++, n++)
			if (complete || !misses_others(scratch, rule, j, lines))
				try_example(rules, scratch, sessions, rule, j, lines, errors);
		rules_scratch_from(scratch, 0);
		if (notes != NULL && first > 0)
			note_takeovers(scratch, sessions, rule, lines, notes);
		free(lines);
	}
	sessions_free(sessions);
	rules_scratch_free(scratch);
	return n;
}

size_t examples_try(const struct rules *rules, struct rulefile_errors *errors, struct rulefile_errors *notes)
{
	return try_all(rules, true, errors, notes);
}

void examples_lint(const struct rules *rules, size_t stretch_from, struct rulefile_errors *errors,
                   struct rulefile_errors *warnings, struct rulefile_errors *notes)
{
	struct rules_scratch *const scratch = rules_scratch_new(rules);
	struct example_line **const lines =
		alloc_zero(rules_count(rules) + 1, sizeof *lines, "the examples of the rules");

	for (size_t i = 0; i < rules_count(rules); i++)
		lines[i] = parse_examples(rules_at(rules, i)->text);
	lint_rules(rules, stretch_from, scratch, (const struct example_line *const *)lines, errors, warnings, notes);
	for (size_t i = 0; i < rules_count(rules); i++)
		free(lines[i]);
	free(lines);
	rules_scratch_free(scratch);
}

static int load(const struct rulefile_from *from, struct rules **ret, struct rulefile_errors *errors, struct why *why)
{
	struct rules *rules = NULL;
	int rc = rules_load_from(from, &rules, errors, why);

	if (rc < 0)
		return rc;
	(void)try_all(rules, from->n_without == 0, errors, NULL);
	rc = rules_errors_end(rules, errors, why);
	if (rc < 0)
		rules_free(rules);
	else
		*ret = rules;
	return rc;
}

int examples_load(const char *const dirs[], size_t n_dirs, const char *const extra[], size_t n_extra,
                  struct rules **ret, struct rulefile_errors *errors, struct why *why)
{
	const struct rulefile_from from = {.dirs = dirs, .n_dirs = n_dirs, .extra = extra, .n_extra = n_extra};

	return load(&from, ret, errors, why);
}

/* Returns the file of that name in an earlier directory, which is read instead, or NULL. The caller frees it. */
static char *file_instead(const struct rulefile_from *from, const char *file)
{
	const char *const name = strrchr(file, '/') + 1;
	char *found = NULL;

	for (size_t i = 0; i < from->n_dirs; i++) {
		char *const path = alloc_format("the path of rules", "%s/%s", from->dirs[i], name);
		if (strcmp(path, file) == 0) {
			free(path);
			break;
		}
		if (access(path, F_OK) == 0) {
			free(found);
			found = path;
		} else {
			free(path);
		}
	}
	return found;
}

/* Reports a file that is left out in one sentence: its first error, without the lines that show the place. */
static void report_left_out(const struct rulefile_from *from, const struct rulefile_errors *found,
                            struct rulefile_errors *errors)
{
	char *const other = file_instead(from, found->file);

	rulefile_error(errors, "%.*s; %s%s", (int)strcspn(found->text[0], "\n"), found->text[0],
	               other != NULL ? "used instead: " : "started without the rules of this file",
	               other != NULL ? other : "");
	free(other);
}

void examples_load_good(const char *const dirs[], size_t n_dirs, struct rules **ret, struct rulefile_errors *errors)
{
	struct rulefile_from from = {.dirs = dirs, .n_dirs = n_dirs};
	struct rulefile_errors found = {0};
	char **without = NULL;
	struct why why;

	*errors = (struct rulefile_errors){0};
	while (load(&from, ret, &found, &why) < 0) {
		if (found.file != NULL) {
			report_left_out(&from, &found, errors);
			without =
				alloc_resize(without, from.n_without + 1, sizeof *without, "the examples of the rules");
			without[from.n_without++] = found.file;
			from.without = (const char *const *)without;
			found.file = NULL; /* moved to without */
		} else {
			/* An error of a directory: drop the last one first, so that the shipped one stays. */
			rulefile_error(errors, "%s; started without the rules of %s", found.text[0],
			               dirs[from.n_dirs - 1]);
			from.n_dirs--;
		}
		rulefile_errors_done(&found);
	}
	for (size_t i = 0; i < from.n_without; i++)
		free(without[i]);
	free(without);
}
