#include "command/newrule.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "command/command.h"
#include "input/line.h"
#include "input/unwrap.h"
#include "rulecheck/skeleton.h"
#include "rules/rules.h"

/* Prints a sentence on standard error. Returns COMMAND_NO. */
static int __attribute__((format(printf, 1, 2))) refuse(const char *fmt, ...)
{
	struct why why;
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why.text, sizeof why.text, fmt, ap);
	va_end(ap);
	return command_fail(COMMAND_NO, &why);
}

/* Returns whether a rule matches the line; prints which. */
static bool is_known(const struct rules *rules, const struct line *line)
{
	struct rules_scratch *const scratch = rules_scratch_new(rules);
	struct rules_hit hits[RULES_HITS_MAX];
	const size_t n = rules_match_all(scratch, line->program, line->message, true, hits);
	const struct rulefile_rule *const rule = n > 0 ? hits[0].rule->text : NULL;

	if (rule != NULL)
		(void)refuse("[%s], %s:%u, matches this line already%s; see 'watchforspammers explain'", rule->name,
		             rule->file, rule->line, rule->enabled ? "" : ", but is not enabled");
	rules_scratch_free(scratch);
	return rule != NULL;
}

static bool has_rule(const struct rules *rules, const char *name)
{
	for (size_t i = 0; i < rules_count(rules); i++)
		if (strcasecmp(rules_at(rules, i)->text->name, name) == 0)
			return true;
	return false;
}

/* Prints "local-x-auth", with "-2" appended if that name is in use. */
static void print_name(const struct rules *rules, const char *name)
{
	char numbered[SKELETON_NAME_MAX + 16];

	(void)snprintf(numbered, sizeof numbered, "%s", name);
	for (unsigned n = 2; has_rule(rules, numbered); n++)
		(void)snprintf(numbered, sizeof numbered, "%s-%u", name, n);
	(void)printf("[%s]\n", numbered);
}

/* Prints as comments what remains to be done by hand. */
static void print_advice(const struct skeleton *s, bool escaped)
{
	char text[ADDR_TEXT_MAX];

	(void)printf("# Draft by 'watchforspammers check --new'. Category, reason and score are guesses.\n"
	             "# In match: what else changes from line to line? See watchforspammers-rules(5).\n");
	for (size_t i = 0; i < s->n_others; i++) {
		(void)addr_text(&s->others[i], text);
		(void)printf("# %s is in the line, too: if that is the client, <ADDR> belongs there.\n", text);
	}
	if (s->open)
		(void)printf(
			"# The client may have chosen text before <ADDR>: add a hit in which it forges an address.\n");
	if (escaped)
		(void)printf("# The line has control characters, written here as \\x and two digits.\n");
}

static void print_skeleton(const struct skeleton *s, const struct rules *rules, const char *line, bool escaped)
{
	char address[ADDR_TEXT_MAX];

	(void)addr_text(&s->address, address);
	print_advice(s, escaped);
	print_name(rules, s->name);
	(void)printf(
		"program  = %s\nmatch    = %s\n%scategory = %s\nreason   = %s\nscore    = %d\nhit      = %s | %s\n",
		s->program, s->match, strcmp(s->category, "dnsbl") == 0 ? "unless   = <unanswered>\n" : "", s->category,
		s->reason, s->score, address, line);
	(void)printf("# miss   = the most similar harmless line\n");
}

static int report_no_address(struct span message)
{
	const struct span id = skeleton_session(message);

	if (id.p == NULL)
		return refuse("this line has no address of a client");
	return refuse(
		"this line has no address of a client. If an earlier line of the same program has it and \"%.*s\" as well, "
		"<SESSION> connects them: RULES OVER SEVERAL LINES in watchforspammers-rules(5)",
		(int)id.len, id.p); /* at most RULES_SESSION_MAX */
}

/* line: escaped. */
static int begin_rule(const struct rules *rules, const char *line, bool escaped)
{
	char decoded[LINE_MAX_BYTES];
	const struct span text = unwrap_one((struct span){line, strlen(line)}, decoded);
	struct line_clock clock;
	struct skeleton skeleton;
	struct line parsed;

	line_clock_init(&clock, clock_unix_s(), 0);
	if (line_parse(&clock, text.p, text.len, &parsed) != LINE_OK)
		return refuse("the line has no known header: paste the whole line, unchanged");
	if (is_known(rules, &parsed))
		return COMMAND_NO;
	switch (skeleton_make(parsed.program, parsed.message, &skeleton)) {
	case SKELETON_NO_ADDRESS:
		return report_no_address(parsed.message);
	case SKELETON_NO_PROGRAM:
		return refuse("the line has no program name, or one that no rule can match");
	case SKELETON_TOO_LONG:
		return refuse("the line is too long for a pattern");
	case SKELETON_CUT:
		return refuse("the line repeats a message, and its end is missing: no rule reads it");
	default:
		print_skeleton(&skeleton, rules, line, escaped);
		return COMMAND_DONE;
	}
}

/* Returns the length without trailing blanks, which a rule file would not keep. */
static size_t trimmed(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", text[len - 1]) != NULL)
		len--;
	return len;
}

static int begin_from(const struct rules *rules, struct span raw)
{
	char line[LINE_MAX_BYTES];
	const size_t len = trimmed(raw.p, raw.len);

	if (len == 0)
		return refuse("which line? Give it as one argument, in quotes, or on standard input");
	if (len >= sizeof line / 4) /* escaped, it may be four times as long */
		return refuse("the line is too long for a pattern");
	return begin_rule(rules, line, text_escape((struct span){raw.p, len}, line, sizeof line) != len);
}

int newrule_print(const char *line, const struct config *config)
{
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	char *read = NULL;
	size_t cap = 0;
	struct why why;
	ssize_t len;
	int status;

	if (rules_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0, &rules, &errors,
	               &why) < 0) {
		status = command_fail(COMMAND_USAGE, &why);
	} else if (line != NULL) {
		status = begin_from(rules, (struct span){line, strlen(line)});
	} else {
		len = getline(&read, &cap, stdin);
		status = begin_from(rules, (struct span){read, len > 0 ? (size_t)len : 0});
	}
	free(read);
	rules_free(rules);
	rulefile_errors_done(&errors);
	return status;
}
