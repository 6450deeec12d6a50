/*
 * check: checks the configuration, the rules and their examples, what else is wrong with them, and what "run" needs
 * of this machine; also tests the rules against old logs.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "command/newrule.h"
#include "command/preflight.h"
#include "engine/choice.h"
#include "rulecheck/backtest.h"
#include "rulecheck/examples.h"
#include "rulecheck/snippet.h"

enum { PLACE_MAX = 400 };

struct request {
	bool strict;     /* warnings count as errors */
	bool new_rule;   /* draft a rule from a line: the first of files, or standard input */
	bool journal;    /* test against the journal ... */
	int64_t since_s; /* ... from this time on */
	size_t n_files, n_logs;
	const char **files, **logs; /* rule files; old logs */
};

/* Prints a finding as an object; file and line are null if it has none. */
static void print_json_finding(const char *kind, const char *text)
{
	const size_t n = snippet_len(text);
	size_t file_len = n > 0 ? n - 3 : 0;

	while (file_len > 0 && text[file_len] != ':')
		file_len--;
	command_print_json(json_pack("{s:s, s:o, s:o, s:o}", "kind", kind, "file",
	                             n > 0 ? json_text((struct span){text, file_len}) : json_null(), "line",
	                             n > 0 ? json_integer(strtol(text + file_len + 1, NULL, 10)) : json_null(),
	                             "message", json_text((struct span){text + n, strcspn(text + n, "\n")})));
}

/* kind: as in the JSON objects. */
static void print_errors(const struct rulefile_errors *errors, const char *kind, const struct command_env *env)
{
	const bool is_error = strcmp(kind, "fault") == 0;

	(void)fflush(stdout);
	for (size_t i = 0; i < errors->n; i++) {
		const char *const text = errors->text[i];
		const size_t n = snippet_len(text);
		char place[PLACE_MAX];

		if (env->json) {
			print_json_finding(kind, text);
			continue;
		}
		snippet_show(text, place, sizeof place);
		(void)fprintf(stderr, "%.*s%s%s%s%s\n", (int)n, text, is_error ? "" : kind, is_error ? "" : ": ",
		              text + n, place);
	}
}

/* Adds those findings of other that are on lines where errors has none. */
static void add_new(struct rulefile_errors *errors, const struct rulefile_errors *other)
{
	const size_t n = errors->n;

	for (size_t i = 0; i < other->n; i++) {
		bool known = false;

		for (size_t j = 0; j < n && !known; j++)
			known = snippet_same(errors->text[j], other->text[i]);
		if (!known)
			rulefile_error(errors, "%s", other->text[i]);
	}
}

static void print_end(const struct rules *rules, size_t n_examples, size_t n_errors, size_t n_warnings, bool good,
                      const struct command_env *env)
{
	const char *const warnings = plural((int64_t)n_warnings, "warning", "warnings");
	char size[RULES_SIZE_TEXT_MAX];

	if (env->json) {
		command_print_json(json_pack("{s:s, s:b, s:I, s:I, s:I, s:I, s:I}", "kind", "end", "ok", good, "rules",
		                             (json_int_t)(rules != NULL ? rules_count(rules) : 0), "files",
		                             (json_int_t)(rules != NULL ? rules_files(rules) : 0), "examples",
		                             (json_int_t)n_examples, "faults", (json_int_t)n_errors, "warnings",
		                             (json_int_t)n_warnings));
		return;
	}
	if (good) {
		(void)printf("ok: %s, %zu %s", rules_size_text(rules, size), n_examples,
		             plural((int64_t)n_examples, "example", "examples"));
		if (n_warnings > 0)
			(void)printf("; %zu %s", n_warnings, warnings);
		(void)putchar('\n');
		return;
	}
	(void)fprintf(stderr, "watchforspammers: %zu %s", n_errors, plural((int64_t)n_errors, "error", "errors"));
	if (n_warnings > 0)
		(void)fprintf(stderr, ", %zu %s", n_warnings, warnings);
	(void)fputc('\n', stderr);
}

static int check_config(const struct command_env *env, struct config **ret)
{
	struct rulefile_errors errors = {0};
	struct why why;

	if (config_read(env->config_path, !env->config_given, ret, &why) == 0)
		return COMMAND_DONE;
	rulefile_error(&errors, "%s", why.text);
	print_errors(&errors, "fault", env);
	print_end(NULL, 0, errors.n, 0, false, env);
	rulefile_errors_done(&errors);
	return COMMAND_USAGE;
}

/* Prints what would be read; nothing if the administrator named the logs. */
static void print_sources(const struct config *config, const char *sentence, const struct command_env *env)
{
	if (sentence[0] == '\0' || (config->names_logs && !config->journal.reads))
		return;
	if (env->json)
		command_print_json(json_pack("{s:s, s:b, s:b, s:s}", "kind", "sources", "journal",
		                             config->journal.reads, "files", config->n_logs > 0, "message", sentence));
	else
		(void)printf("%s\n", sentence);
}

/*
 * Loads the rules and checks them. machine: also checks what it needs of this machine; NULL: does not. *ret: NULL if
 * the rules cannot be used.
 */
static int check(const char *const *dirs, size_t n_dirs, const char *const *files, size_t n_files,
                 struct config *machine, bool strict, const struct command_env *env, struct rules **ret)
{
	struct rulefile_errors errors = {0}, lint = {0}, warnings = {0}, notes = {0};
	size_t n_examples = 0;
	int status = COMMAND_DONE;
	struct why why;

	if (rules_load(dirs, n_dirs, files, n_files, ret, &errors, &why) < 0) {
		status = COMMAND_USAGE;
	} else {
		n_examples = examples_try(*ret, &errors, &notes);
		/* With files, only their examples are stretched, which takes seconds for all configured rules. */
		examples_lint(*ret, n_files > 0 ? n_dirs : 0, &lint, &warnings, &notes);
		add_new(&errors, &lint);
	}
	if (machine != NULL) {
		preflight(machine, *ret, &errors, &warnings, &why);
		print_sources(machine, why.text, env);
	}
	if (status == COMMAND_DONE && (errors.n > 0 || (strict && warnings.n > 0)))
		status = COMMAND_NO;
	print_errors(&errors, "fault", env);
	print_errors(&warnings, "warning", env);
	print_errors(&notes, "note", env);
	print_end(*ret, n_examples, errors.n, warnings.n, status == COMMAND_DONE, env);
	rulefile_errors_done(&errors);
	rulefile_errors_done(&lint);
	rulefile_errors_done(&warnings);
	rulefile_errors_done(&notes);
	return status;
}

/* Checks rule files by themselves, with the shared macros: what they match, even if other rules would match first. */
static int check_alone(const struct config *config, const struct request *q, const struct command_env *env,
                       struct rules **ret)
{
	const char **const files =
		alloc_zero(q->n_files + config->run.n_patterns + 1, sizeof *files, "the files to check");
	char macros[CONFIG_DIRS_MAX][4096];
	size_t n = 0;
	int status;

	for (size_t i = 0; i < config->run.n_patterns; i++) {
		(void)snprintf(macros[i], sizeof macros[i], "%s/macros.rules", config->run.patterns[i]);
		if (access(macros[i], R_OK) == 0)
			files[n++] = macros[i];
	}
	for (size_t i = 0; i < q->n_files; i++)
		files[n++] = q->files[i];
	status = check(NULL, 0, files, n, NULL, q->strict, env, ret);
	free(files);
	return status;
}

/* --- testing against old logs --- */

static void print_quoted(const char *what, const struct rule *rule, const char *line)
{
	char text[2 * BACKTEST_LINE_MAX];

	(void)text_escape((struct span){line, strlen(line)}, text, sizeof text);
	(void)printf("    %-5s %s  (%s)\n", what, text, rule->text->name);
}

/* Returns whether a rule is printed. idle: also rules that matched nothing. */
static bool is_shown(const struct rules *rules, const struct backtest_result *r, size_t i, bool idle)
{
	return rules_at(rules, i)->text->score > 0 && (idle || r->rules[i].hits > 0);
}

static void print_against(const struct rules *rules, const struct backtest_result *r, bool idle)
{
	(void)printf("\n%" PRId64 " %s of %" PRId64 " %s, %" PRId64 " without a header\n\n%10s  %10s  %10s  %10s  %s\n",
	             r->lines, plural(r->lines, "line", "lines"), r->files, plural(r->files, "file", "files"),
	             r->unparsed, "HITS", "ADDRESSES", "BLOCKED", "COLLISIONS", "RULE");
	for (size_t i = 0; i < rules_count(rules); i++)
		if (is_shown(rules, r, i, idle))
			(void)printf("%10" PRId64 "  %10" PRId64 "  %10" PRId64 "  %10" PRId64 "  %s\n",
			             r->rules[i].hits, r->rules[i].addresses, r->rules[i].blocked,
			             r->rules[i].collisions, rules_at(rules, i)->text->name);
	if (r->n_collisions == 0)
		(void)printf("\nno collisions: no client it would block delivered accepted mail or logged in\n");
	else
		(void)printf("\n%" PRId64 " %s: it would block clients that delivered accepted mail or logged in\n",
		             r->n_collisions, plural(r->n_collisions, "collision", "collisions"));
	for (size_t i = 0; i < r->n_shown; i++) {
		const struct backtest_collision *const c = &r->shown[i];
		char address[ADDR_TEXT_MAX];

		(void)addr_text(&c->address, address);
		(void)printf("\n  %s: %" PRId64 " %s by %s, %s:%u\n", address, c->hits, plural(c->hits, "hit", "hits"),
		             c->rule->text->name, c->rule->text->file, c->rule->text->line);
		if (c->line != NULL)
			print_quoted("bad", c->rule, c->line);
		if (c->good_line != NULL)
			print_quoted("good", c->good_rule, c->good_line);
	}
	if ((int64_t)r->n_shown < r->n_collisions)
		(void)printf("\n  ... and %" PRId64 " more\n", r->n_collisions - (int64_t)r->n_shown);
}

/* Converts a line to JSON; NULL becomes null. */
static json_t *json_quoted(const char *line)
{
	return line != NULL ? json_text((struct span){line, strlen(line)}) : json_null();
}

static json_t *json_collisions(const struct backtest_result *r, const struct rule *rule)
{
	json_t *const list = json_array();

	for (size_t i = 0; i < r->n_shown; i++) {
		const struct backtest_collision *const c = &r->shown[i];
		char address[ADDR_TEXT_MAX];

		if (c->rule != rule)
			continue;
		(void)addr_text(&c->address, address);
		(void)json_array_append_new(list,
		                            json_pack("{s:s, s:I, s:o, s:s?, s:o}", "address", address, "hits",
		                                      (json_int_t)c->hits, "line", json_quoted(c->line), "good_rule",
		                                      c->good_rule != NULL ? c->good_rule->text->name : NULL,
		                                      "good_line", json_quoted(c->good_line)));
	}
	return list;
}

static void print_against_json(const struct rules *rules, const struct backtest_result *r, bool idle)
{
	for (size_t i = 0; i < rules_count(rules); i++)
		if (is_shown(rules, r, i, idle))
			command_print_json(json_pack(
				"{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o}", "kind", "rule", "rule",
				rules_at(rules, i)->text->name, "file", rules_at(rules, i)->text->file, "hits",
				(json_int_t)r->rules[i].hits, "addresses", (json_int_t)r->rules[i].addresses, "blocked",
				(json_int_t)r->rules[i].blocked, "n_collisions", (json_int_t)r->rules[i].collisions,
				"collisions", json_collisions(r, rules_at(rules, i))));
	command_print_json(json_pack("{s:s, s:I, s:I, s:I, s:I}", "kind", "against", "files", (json_int_t)r->files,
	                             "lines", (json_int_t)r->lines, "unparsed", (json_int_t)r->unparsed, "collisions",
	                             (json_int_t)r->n_collisions));
}

/*
 * Tests rules against the old logs. If they come from files given by name, the installed rules show which clients are
 * good.
 */
static int against(const struct config *config, const struct request *q, const struct command_env *env,
                   const struct rules *rules)
{
	const struct journal_where where = choice_where(config);
	struct backtest_options options = {.config = config,
	                                   .rules = rules,
	                                   .good = rules,
	                                   .disabled = q->n_files > 0,
	                                   .journal = q->journal ? &where : NULL,
	                                   .since_s = q->since_s,
	                                   .n_files = q->n_logs,
	                                   .files = q->logs};
	struct rulefile_errors errors = {0};
	struct backtest_result result = {0};
	struct rules *installed = NULL;
	int status = COMMAND_DONE;
	struct why why;

	if (q->n_files > 0 && rules_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0,
	                                 &installed, &errors, &why) < 0) {
		status = command_fail(COMMAND_USAGE, &why);
	} else {
		options.good = installed != NULL ? installed : rules;
		if (backtest_run(&options, &result, &why) < 0) {
			status = command_fail(COMMAND_SYSTEM, &why);
		} else {
			(env->json ? print_against_json : print_against)(rules, &result, q->n_files > 0);
			status = result.n_collisions > 0 ? COMMAND_NO : COMMAND_DONE;
		}
	}
	rulefile_errors_done(&errors);
	backtest_done(&result);
	rules_free(installed);
	return status;
}

/* --- the command --- */

static bool is_rule_file(const char *path)
{
	const size_t len = strlen(path);

	return len > 6 && strcmp(path + len - 6, ".rules") == 0;
}

/*
 * Parses the arguments. "--against LOG..." accepts what a shell expands from "mail.log*": any further word that is no
 * rule file is a log, too.
 */
static int parse(int argc, char **argv, const struct command_env *env, struct request *q)
{
	static const struct option options[] = {{"strict", no_argument, NULL, 's'},
	                                        {"against", required_argument, NULL, 'a'},
	                                        {"since", required_argument, NULL, 'f'},
	                                        {"new", no_argument, NULL, 'n'},
	                                        {0}};
	bool since = false;
	int c;

	*q = (struct request){.files = alloc_zero((size_t)argc + 1, sizeof *q->files, "the files to check"),
	                      .logs = alloc_zero((size_t)argc + 1, sizeof *q->logs, "the files to check")};
	opterr = 0; /* command_no_getopt reports it */
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		switch (c) {
		case 's':
			q->strict = true;
			break;
		case 'a':
			if (strcmp(optarg, "--journal") == 0)
				q->journal = true;
			else
				q->logs[q->n_logs++] = optarg;
			break;
		case 'f':
			if (command_time(argv[0], "--since", optarg, env->utc, &q->since_s) != COMMAND_DONE)
				return COMMAND_USAGE;
			since = true;
			break;
		case 'n':
			q->new_rule = true;
			break;
		default:
			return command_no_getopt(argv, options);
		}
	for (int i = optind; i < argc; i++)
		if (q->n_logs > 0 && !is_rule_file(argv[i]))
			q->logs[q->n_logs++] = argv[i];
		else
			q->files[q->n_files++] = argv[i];
	if (q->journal && q->n_logs > 0)
		return command_usage(argv[0], "--against: the journal, or logs");
	if (since && !q->journal)
		return command_usage(argv[0], "--since goes with --against --journal");
	if (!q->new_rule)
		return COMMAND_DONE;
	if (q->strict || env->json || q->n_logs > 0 || q->journal || q->n_files > 1)
		return command_usage(argv[0], "--new goes with one line, in quotes, or none, and with no other option");
	return q->n_files == 0 ? command_wait_for_lines(argv[0]) : COMMAND_DONE;
}

/* Checks that the old logs can be read, before the rules are tried, which takes seconds. */
static int find_logs(const struct request *q)
{
	struct why why;

	for (size_t i = 0; i < q->n_logs; i++)
		if (access(q->logs[i], R_OK) < 0) {
			(void)why_set(&why, errno, "%s: %s", q->logs[i], strerror(errno));
			return command_fail(COMMAND_SYSTEM, &why);
		}
	return COMMAND_DONE;
}

int command_check(int argc, char **argv, const struct command_env *env)
{
	struct config *config = NULL;
	struct rules *rules = NULL;
	struct request q;
	int status = parse(argc, argv, env, &q);

	if (status == COMMAND_DONE)
		status = find_logs(&q);
	if (status == COMMAND_DONE)
		status = check_config(env, &config);
	if (status == COMMAND_DONE && q.new_rule) {
		status = newrule_print(q.n_files > 0 ? q.files[0] : NULL, config);
	} else if (status == COMMAND_DONE) {
		if ((q.n_logs > 0 || q.journal) && q.n_files > 0)
			status = check_alone(config, &q, env, &rules);
		else
			status = check((const char *const *)config->run.patterns, config->run.n_patterns, q.files,
			               q.n_files, q.n_files + q.n_logs == 0 && !q.journal ? config : NULL, q.strict,
			               env, &rules);
		if (status == COMMAND_DONE && (q.n_logs > 0 || q.journal))
			status = against(config, &q, env, rules);
	}
	rules_free(rules);
	config_free(config);
	free(q.files);
	free(q.logs);
	return status;
}
