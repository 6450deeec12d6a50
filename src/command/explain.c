/* explain: which rule takes each line, and why not. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"
#include "command/command.h"
#include "examples.h"
#include "input/line.h"
#include "rules/sessions.h"

/* A line as it was understood. */
struct explained {
	size_t number;
	struct span text;
	bool parsed, cut;
	bool taken;  /* a hit */
	bool noted;  /* a rule took it and noted its session, or knows no session of this name */
	struct line line;
	struct rules_hit hit;
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

static void print_json(const struct explained *e)
{
	const struct rulefile_rule *const rule = e->taken ? e->hit.rule->text : NULL;
	char address[ADDR_TEXT_MAX];

	if (rule != NULL)
		(void)addr_text(&e->hit.address, address);
	command_print_json(json_pack(
		"{s:I, s:o, s:o, s:o, s:o, s:s?, s:s?, s:o, s:o, s:s?, s:s?, s:o, s:b}", "line", (json_int_t)e->number, "time",
		e->parsed && e->line.has_time ? command_json_time(e->line.time_s) : json_null(), "host",
		e->parsed ? command_json_text(e->line.host) : json_null(), "program",
		e->parsed ? command_json_text(e->line.program) : json_null(), "pid",
		e->parsed ? json_pid(e->line.pid) : json_null(), "rule", rule != NULL ? rule->name : NULL, "address",
		rule != NULL ? address : NULL, "name", rule != NULL ? command_json_text(e->hit.name) : json_null(), "score",
		rule != NULL ? json_integer(e->hit.score) : json_null(), "category", rule != NULL ? rule->category : NULL,
		"reason", rule != NULL ? rule->reason : NULL, "detail",
		rule != NULL ? command_json_text(e->hit.detail) : json_null(), "enabled", rule == NULL || rule->enabled));
}

static void print_field(const char *name, struct span value)
{
	char text[1024];

	if (value.p == NULL)
		return;
	(void)text_escape(value, text, sizeof text);
	(void)printf("  %-8s %s\n", name, text);
}

/* The message, and under it a mark below each thing that was taken from it. */
static void print_marked(const struct explained *e)
{
	const struct span m = e->line.message;
	const struct {
		struct span span;
		char mark;
	} marks[] = {{e->hit.where, '^'}, {e->hit.name, '~'}, {e->hit.detail, '-'}};
	enum { SHOWN = 400 };
	char line[SHOWN + 1], under[SHOWN + 1];
	size_t n = 0, used = 0;

	for (; n < m.len && n < SHOWN; n++) {
		/* One column a byte, so that the marks stand right. */
		line[n] = (char)(m.p[n] >= 0x20 && m.p[n] < 0x7F ? m.p[n] : '?');
		under[n] = ' ';
		for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
			if (marks[i].span.p != NULL && m.p + n >= marks[i].span.p && m.p + n < marks[i].span.p + marks[i].span.len)
				under[n] = marks[i].mark;
		if (under[n] != ' ')
			used = n + 1;
	}
	line[n] = '\0';
	under[used] = '\0';
	(void)printf("  message  %s%s\n           %s\n", line, n < m.len ? "..." : "", under);
}

static void print_text(const struct explained *e)
{
	char address[ADDR_TEXT_MAX], time[TIME_TEXT_MAX];

	(void)printf("line %zu\n", e->number);
	if (!e->parsed) {
		print_field("text", e->text);
		(void)printf("  no rule: the line has no header we know\n");
		return;
	}
	if (e->line.has_time) {
		time_text(e->line.time_s, time);
		(void)printf("  time     %s\n", time);
	}
	print_field("host", e->line.host);
	print_field("program", e->line.program);
	print_field("pid", e->line.pid);
	if (!e->taken) {
		print_field("message", e->line.message);
		if (e->noted)
			(void)printf("  noted    by %s, for other lines of its session; no hit\n", e->hit.rule->text->name);
		else
			(void)printf("  no rule: %s\n", e->cut ? "longer than 8 KiB" : "none takes it");
		return;
	}
	print_marked(e);
	(void)addr_text(&e->hit.address, address);
	(void)printf("  address  %s\n", address);
	print_field("name", e->hit.name);
	print_field("detail", e->hit.detail);
	(void)printf("  rule     %s, %s:%u%s\n  reason   %s (%s), score %d\n", e->hit.rule->text->name,
	             e->hit.rule->text->file, e->hit.rule->text->line, e->hit.rule->text->enabled ? "" : ", not enabled",
	             e->hit.rule->text->reason, e->hit.rule->text->category, e->hit.score);
}

struct explainer {
	struct rules_scratch *scratch;
	struct sessions *sessions;
	struct line_clock clock;
	bool json;
};

static bool explain(struct explainer *x, size_t number, struct span text)
{
	struct rules_hit hits[RULES_HITS_MAX];
	struct explained e = {.number = number, .text = text, .cut = text.len > LINE_MAX_BYTES};

	e.parsed = line_parse(&x->clock, text.p, e.cut ? LINE_MAX_BYTES : text.len, &e.line) == LINE_OK;
	if (e.parsed && !e.cut &&
	    rules_match_all(x->scratch, e.line.program, e.line.message, true, hits) > 0) {
		e.hit = hits[0];
		e.taken = e.hit.kind == RULES_KIND_HIT ||
		          sessions_resolve(x->sessions, e.line.host, e.line.has_time ? e.line.time_s : command_now(), &e.hit) ==
		                  RULES_HIT;
		e.noted = !e.taken;
	}
	if (x->json)
		print_json(&e);
	else
		print_text(&e);
	return e.taken;
}

int command_explain(int argc, char **argv, const struct command_env *env)
{
	struct rulefile_faults faults = {0};
	struct rules *rules = NULL;
	struct explainer x = {.json = env->json};
	struct config *config;
	char *text = NULL;
	size_t cap = 0, number = 0;
	bool any = false;
	int status = COMMAND_DONE, first = 1;
	ssize_t got;
	struct why why;

	if (argc > 1 && strcmp(argv[1], "--") == 0)
		first = 2;
	if ((config = command_config(env, &status)) == NULL)
		return status;
	if (rules_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0, &rules, &faults,
	               &why) < 0) {
		status = command_fail(COMMAND_USAGE, &why);
		goto out;
	}
	x.scratch = rules_scratch_new(rules);
	x.sessions = sessions_new();
	line_clock_init(&x.clock, command_now(), 0);
	for (int i = first; i < argc; i++)
		any |= explain(&x, ++number, (struct span){argv[i], strlen(argv[i])});
	while (argc <= first && (got = getline(&text, &cap, stdin)) >= 0) {
		const size_t len = (size_t)got - (got > 0 && text[got - 1] == '\n');

		any |= explain(&x, ++number, (struct span){text, len});
	}
	status = any ? COMMAND_DONE : COMMAND_NO;
out:
	free(text);
	sessions_free(x.sessions);
	rules_scratch_free(x.scratch);
	rules_free(rules);
	rulefile_faults_done(&faults);
	config_free(config);
	return status;
}
