/* explain: prints which rule matches each line, and why none does. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "command/command.h"
#include "command/show.h"
#include "engine/choice.h"
#include "input/journal.h"
#include "pipeline/scan.h"
#include "rulecheck/examples.h"
#include "rulecheck/nearmiss.h"
#include "rules/sessions.h"

enum {
	SHOWN = 400,  /* bytes of a message */
	BEFORE = 120, /* bytes before the first marked place */
	WANTED = 51,  /* bytes of the part of a regex that did not match, including the NUL */
};

/* A line and what was found out about it. */
struct explained {
	size_t number;
	bool is_hit;
	bool forged; /* a rule matched, but this journal entry's user may not write such lines */
	bool noted;  /* a rule matched, but it names no client, or no known session */
	struct record record;
	struct rules_hit hit;
	int near_rc; /* result of nearmiss_find, if the line is neither a hit nor noted */
	struct nearmiss near;
	const char *near_program;
};

static json_t *json_pid(struct span pid)
{
	json_int_t value = 0;

	if (pid.p == NULL || pid.len == 0 || pid.len > 10)
		return json_null();
	for (size_t i = 0; i < pid.len; i++)
		value = value * 10 + (pid.p[i] - '0');
	return json_integer(value);
}

/* Explains why a matched line of a session is no hit. */
static const char *session_sentence(const struct explained *e)
{
	switch (e->hit.kind) {
	case RULES_KIND_ADDRESS:
		return "remembered: the session has this address; not a hit by itself";
	case RULES_KIND_EVENT:
		return "remembered for its session; not a hit by itself";
	case RULES_KIND_FORGET:
		return "the session ends; not a hit";
	case RULES_KIND_LOOKUP:
		return "no earlier line gave this session's address; pass that line too";
	case RULES_KIND_AFTER:
		return "no earlier line of this session matched the rule of its after; pass that line too";
	case RULES_KIND_AGAIN:
		return "it counts when another such line of this session, of a later second, shows that it has failed";
	case RULES_KIND_HIT:
		break;
	}
	return "no hit";
}

/* Explains why the line is no hit; NULL if it is one. */
static const char *sentence(const struct explained *e)
{
	if (e->is_hit)
		return e->hit.rule->text->enabled ? NULL : "the rule is not enabled";
	if (e->record.part)
		return "it is a piece of a line that goes on in the next one";
	if (!e->record.parsed)
		return "the line has no known header";
	if (e->record.cut)
		return "the line is longer than 8 KiB";
	if (e->forged)
		return "its user may not write such lines: it is forged (journal_uid)";
	if (e->noted)
		return session_sentence(e);
	switch (e->near_rc) {
	case NEARMISS_FOUND:
		return nearmiss_sentence(e->near.why);
	case NEARMISS_NO_RULES:
		return e->record.line.program.p == NULL ? "the line has no program name" : "none is for this program";
	default:
		return "none for this program begins like it";
	}
}

static bool is_near(const struct explained *e)
{
	return e->record.parsed && !e->record.cut && !e->is_hit && !e->noted && e->near_rc == NEARMISS_FOUND;
}

static bool is_disabled(const struct rule *rule)
{
	return rule != NULL && rule->text != NULL && !rule->text->enabled;
}

/* Returns the rule that came nearest, or that noted the session; NULL if there is none. */
static const char *nearest_rule(const struct explained *e)
{
	const struct rule *const rule = is_near(e) ? e->near.rule : e->noted ? e->hit.rule : NULL;

	return rule != NULL && rule->text != NULL ? rule->text->name : NULL;
}

/* Prints the documented keys, then the others. */
static void print_json(const struct explained *e)
{
	const struct rulefile_rule *const rule = e->is_hit ? e->hit.rule->text : NULL;
	const bool near = is_near(e), session = (e->is_hit || e->noted) && e->hit.session.len > 0;
	char address[ADDR_TEXT_MAX];

	if (rule != NULL)
		(void)addr_text(&e->hit.address, address);
	command_print_json(json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:s?, s:s?, s:o, s:o, s:s?, s:s?, s:o, s:b, s:s?, s:o, s:s?, s:o, s:o}",
		"line", (json_int_t)e->number, "time",
		e->record.parsed && e->record.line.has_time ? json_time(e->record.line.time_s) : json_null(), "host",
		e->record.parsed ? json_text(e->record.line.host) : json_null(), "program",
		e->record.parsed ? json_text(e->record.line.program) : json_null(), "pid",
		e->record.parsed ? json_pid(e->record.line.pid) : json_null(), "rule", rule != NULL ? rule->name : NULL,
		"address", rule != NULL ? address : NULL, "name", rule != NULL ? json_text(e->hit.name) : json_null(),
		"score", rule != NULL ? json_integer(e->hit.score) : json_null(), "category",
		rule != NULL ? rule->category : NULL, "reason", rule != NULL ? rule->reason : NULL, "detail",
		rule != NULL ? json_text(e->hit.detail) : json_null(), "enabled",
		(rule == NULL || rule->enabled) && !(near && is_disabled(e->near.rule)), "nearest", nearest_rule(e),
		"stopped", near ? json_integer(e->near.place.p - e->record.line.message.p) : json_null(), "why",
		sentence(e), "session", session ? json_text(e->hit.session) : json_null(), "user",
		rule != NULL ? json_text(e->hit.user) : json_null()));
}

static void print_field(const char *name, struct span value)
{
	char text[1024];

	if (value.p == NULL)
		return;
	(void)text_escape(value, text, sizeof text);
	(void)printf("  %-8s %s\n", name, text);
}

/* A part of the message, and the mark to print under it. */
struct mark {
	struct span span; /* empty: a single mark before this byte */
	char mark;
};

/*
 * Prints n bytes of the message, beginning with byte from, and the marks below. Each byte takes one column, so that
 * they line up.
 */
static void print_row(struct span m, size_t from, size_t n, const struct mark *marks, size_t n_marks,
                      const char *before)
{
	char line[SHOW_WIDTH_MAX + 1] = "", under[SHOW_WIDTH_MAX + 1];
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		const char *const p = m.p + from + i;

		line[i] = (char)(from + i == m.len ? ' ' : *p >= 0x20 && *p < 0x7F ? *p : '?');
		under[i] = ' ';
		for (size_t k = 0; k < n_marks; k++)
			if (marks[k].span.p != NULL && p >= marks[k].span.p &&
			    (p < marks[k].span.p + marks[k].span.len || p == marks[k].span.p))
				under[i] = marks[k].mark;
		if (under[i] != ' ')
			used = i + 1;
	}
	(void)printf("%s%.*s\n", before, (int)n, line);
	if (used > 0)
		(void)printf("%*s%.*s\n", (int)strlen(before), "", (int)used, under);
}

/* Prints the message, or the part around the first mark, in rows of the screen's width. */
static void print_marked(struct span m, const struct mark *marks, size_t n_marks)
{
	static const char name[] = "  message  ", none[] = "           ";
	const size_t width = show_width() - strlen(name);
	size_t first = m.len, from = 0, to;

	for (size_t i = 0; i < n_marks; i++)
		if (marks[i].span.p != NULL && (size_t)(marks[i].span.p - m.p) < first)
			first = (size_t)(marks[i].span.p - m.p);
	if (m.len > SHOWN && first > SHOWN - BEFORE && first <= m.len)
		from = first - BEFORE;
	to = m.len + (first == m.len && n_marks == 1); /* the mark may be after the end */
	if (to - from > SHOWN)
		to = from + SHOWN;
	if (from > 0)
		(void)printf("%s...\n", name);
	for (size_t at = from; at < to || at == from; at += width)
		print_row(m, at, to - at < width ? to - at : width, marks, n_marks, at == 0 ? name : none);
	if (to < m.len)
		(void)printf("%s...\n", none);
}

static void print_rule(const char *what, const struct rulefile_rule *rule)
{
	(void)printf("  %-8s %s, %s:%u%s\n", what, rule->name, rule->file, rule->match.line,
	             rule->enabled ? "" : ", not enabled");
}

static void print_header(const struct explained *e, bool utc)
{
	char time[TIME_LOCAL_MAX];

	if (e->record.line.has_time) {
		time_local_text(e->record.line.time_s, utc, time);
		(void)printf("  time     %s\n", time);
	}
	print_field("host", e->record.line.host);
	print_field("program", e->record.line.program);
	print_field("pid", e->record.line.pid);
}

/* Prints a line that a rule matched. */
static void print_matched(const struct explained *e)
{
	const struct rulefile_rule *const rule = e->hit.rule->text;
	const struct mark marks[] = {{e->hit.where, '^'}, {e->hit.name, '~'}, {e->hit.detail, '-'}};
	char address[ADDR_TEXT_MAX];

	print_marked(e->record.line.message, marks, sizeof marks / sizeof *marks);
	if (e->is_hit || e->hit.kind == RULES_KIND_ADDRESS) {
		(void)addr_text(&e->hit.address, address);
		(void)printf("  address  %s\n", address);
	}
	print_field("name", e->hit.name);
	print_field("detail", e->hit.detail);
	print_field("user", e->hit.user);
	if (e->hit.session.len > 0)
		print_field("session", e->hit.session);
	print_rule("rule", rule);
	if (e->is_hit)
		(void)printf("  reason   %s (%s), score %d\n", rule->reason, rule->category, e->hit.score);
	else
		(void)printf("  no hit   %s\n", sentence(e));
}

/* Prints a line that no rule matched, and the rule that came nearest. */
static void print_near(const struct explained *e)
{
	const struct mark mark = {e->near.place, '^'};

	print_marked(e->record.line.message, &mark, 1);
	(void)printf("  no rule: none matches it\n");
	print_rule("nearest", e->near.rule->text);
	(void)printf("           %s", sentence(e));
	if (e->near.why == NEARMISS_STOPPED) {
		char wanted[WANTED];

		(void)printf(", at byte %td", e->near.place.p - e->record.line.message.p);
		(void)text_escape((struct span){e->near.wanted, strlen(e->near.wanted)}, wanted, sizeof wanted);
		if (*wanted != '\0')
			(void)printf(";\n           it continues with %s", wanted);
	}
	(void)printf("\n");
}

static void print_text(const struct explained *e, bool utc)
{
	(void)printf("line %zu\n", e->number);
	if (!e->record.parsed) {
		print_field("text", e->record.text);
		(void)printf("  no rule: %s\n", sentence(e));
		return;
	}
	print_header(e, utc);
	if (e->is_hit || e->noted) {
		print_matched(e);
		return;
	}
	if (is_near(e)) {
		print_near(e);
		return;
	}
	print_field("message", e->record.line.message);
	(void)printf("  no rule: %s", sentence(e));
	if (!e->record.cut && e->near_program != NULL)
		(void)printf("; there are some for \"%s\"", e->near_program);
	(void)printf("\n");
}

struct explainer {
	const struct rules *rules;
	struct sessions *sessions;
	struct scan scan;
	bool json, utc;
};

/* Finds the rule that matches, as the daemon does; if none does, also tries disabled ones. */
static bool find_rule(struct explainer *x, struct explained *e)
{
	struct rules_hit hits[RULES_HITS_MAX];
	const struct line *const line = &e->record.line;

	const int64_t forged = x->scan.tally.forged;
	const size_t n =
		e->record.has_fields ? scan_entry(&x->scan, &e->record, hits) : scan_line(&x->scan, &e->record, hits);

	e->forged = x->scan.tally.forged > forged;
	if (n == 0 && (!e->record.parsed || e->record.cut ||
	               rules_match_all(x->scan.scratch, line->program, line->message, true, hits) == 0))
		return false;
	e->hit = hits[0];
	e->is_hit = !e->forged && sessions_resolve(x->sessions, line->host, e->record.time_s, &e->hit) == RULES_HIT;
	e->noted = !e->is_hit;
	return true;
}

static bool explain_record(struct explainer *x, size_t number, const struct record *record)
{
	struct explained e = {.number = number, .record = *record};

	if (!find_rule(x, &e) && e.record.parsed && !e.record.cut) {
		e.near_rc = nearmiss_find(x->rules, e.record.line.program, e.record.line.message, &e.near);
		if (e.near_rc == NEARMISS_NO_RULES)
			e.near_program = nearmiss_program(x->rules, e.record.line.program);
	}
	if (x->json)
		print_json(&e);
	else
		print_text(&e, x->utc);
	return e.is_hit;
}

static bool explain(struct explainer *x, size_t number, struct span text)
{
	struct record record = {.text = text, .cut = text.len > LINE_MAX_BYTES};

	if (record.cut)
		record.text.len = LINE_MAX_BYTES;
	return explain_record(x, number, &record);
}

/* Explains the journal entries that a rule applies to. Returns -errno with a sentence, or whether there was a hit. */
static int explain_journal(struct explainer *x, const struct journal_where *where, int64_t since_s, struct why *why)
{
	struct journal_entry entry;
	struct journal *journal;
	size_t number = 0;
	bool any = false;
	int rc = journal_open(where, &journal, why);

	if (rc < 0)
		return rc;
	rc = journal_seek_time(journal, since_s, why);
	while (rc == 0 && (rc = journal_next(journal, &entry, why)) == 0)
		if (entry.record.printed || rules_know(x->scan.scratch, entry.record.line.program))
			any |= explain_record(x, ++number, &entry.record);
	journal_close(journal);
	return rc < 0 ? rc : any;
}

/* Explains the lines in the arguments, or on standard input. Returns whether there was a hit. */
static bool explain_lines(struct explainer *x, size_t n_lines, char *const *lines)
{
	char *text = NULL;
	size_t cap = 0, number = 0;
	bool any = false;
	ssize_t got;

	for (size_t i = 0; i < n_lines; i++)
		any |= explain(x, ++number, (struct span){lines[i], strlen(lines[i])});
	while (n_lines == 0 && (got = getline(&text, &cap, stdin)) >= 0) {
		const size_t len = (size_t)got - (got > 0 && text[got - 1] == '\n');

		any |= explain(x, ++number, (struct span){text, len});
	}
	free(text);
	return any;
}

struct request {
	bool journal;
	int64_t since_s;
	size_t n_lines;
	char *const *lines;
};

/*
 * Parses the arguments. An option is a single word; a line has several, so it may begin with "--". After "--" there
 * are only lines.
 */
static int parse(int argc, char **argv, const struct command_env *env, struct request *ret)
{
	static const char *const options[] = {"--journal", "--since", NULL};
	bool since = false;
	int i = 1;

	*ret = (struct request){.since_s = 0};
	for (; i < argc && strncmp(argv[i], "--", 2) == 0 && strchr(argv[i], ' ') == NULL; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		if (strcmp(argv[i], "--journal") == 0) {
			ret->journal = true;
		} else if (strcmp(argv[i], "--since") == 0) {
			since = true;
			if (++i == argc)
				return command_usage(argv[0], "--since needs a value");
			if (command_time(argv[0], "--since", argv[i], env->utc, &ret->since_s) != COMMAND_DONE)
				return COMMAND_USAGE;
		} else {
			return command_no_option(argv[0], argv[i], options);
		}
	}
	ret->n_lines = (size_t)(argc - i);
	ret->lines = argv + i;
	if (since && !ret->journal)
		return command_usage(argv[0], "--since goes with --journal");
	if (ret->journal)
		return ret->n_lines == 0 ? COMMAND_DONE
		                         : command_usage(argv[0], "--journal reads the journal and no lines");
	return ret->n_lines == 0 ? command_wait_for_lines(argv[0]) : COMMAND_DONE;
}

static int run(struct explainer *x, const struct request *q, const struct config *config)
{
	const struct journal_where where = choice_where(config);
	struct why why;
	int rc;

	if (!q->journal)
		return explain_lines(x, q->n_lines, q->lines) ? COMMAND_DONE : COMMAND_NO;
	rc = explain_journal(x, &where, q->since_s, &why);
	if (rc < 0)
		return command_fail(COMMAND_SYSTEM, &why);
	return rc > 0 ? COMMAND_DONE : COMMAND_NO;
}

int command_explain(int argc, char **argv, const struct command_env *env)
{
	struct explainer x = {.json = env->json, .utc = env->utc};
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	struct config *config;
	struct request q;
	int status = parse(argc, argv, env, &q);
	struct why why;

	if (status != COMMAND_DONE || (config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	if (rules_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0, &rules, &errors,
	               &why) < 0) {
		status = command_fail(COMMAND_USAGE, &why);
	} else {
		x.rules = rules;
		x.sessions = sessions_new();
		scan_begin(&x.scan, rules_scratch_new(rules), clock_unix_s());
		status = run(&x, &q, config);
		sessions_free(x.sessions);
		rules_scratch_free(x.scan.scratch);
		scan_end(&x.scan);
	}
	rules_free(rules);
	rulefile_errors_done(&errors);
	config_free(config);
	return status;
}
