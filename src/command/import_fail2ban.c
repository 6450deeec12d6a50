#include "command/import_fail2ban.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "engine/choice.h"
#include "import/bans.h"
#include "import/fail2ban.h"
#include "import/regex.h"
#include "rulecheck/compare.h"
#include "rulecheck/sample.h"

enum {
	JAIL_MS = 30 * 1000,   /* time limit for a jail's filter ... */
	ALL_MS = 300 * 1000,   /* ... and for all together */
	JOURNAL_S = 24 * 3600, /* part of the journal that is read */
	LINE_SHOWN = 1024,     /* bytes of a line, escaped */
	NAME_SHOWN = 25,       /* bytes of a jail's or filter's name, including the NUL */
};

/* --- files --- */

/* Creates a file in the output directory; never overwrites one. */
static FILE *create(const struct import_fail2ban *q, const char *name, struct why *why)
{
	char *const path = alloc_format("a file's name", "%s/%s", q->output, name);
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		(void)why_set(why, errno, "%s: %s", path, strerror(errno));
	free(path);
	return fd < 0 ? NULL : alloc_check(fdopen(fd, "w"), 0, "a file's stream");
}

static int finish(FILE *out, const struct import_fail2ban *q, const char *name, struct why *why)
{
	const bool bad = ferror(out) != 0;

	if (fclose(out) == 0 && !bad)
		return 0;
	return why_set(why, errno, "%s/%s: cannot be written: %s; remove %s before you try again", q->output, name,
	               strerror(errno), q->output);
}

static int write_config(const struct fail2ban *f, const struct import_fail2ban *q, struct why *why)
{
	FILE *const out = create(q, "watchforspammers.conf", why);

	if (out == NULL)
		return -EIO;
	fail2ban_write_config(f, out);
	return finish(out, q, "watchforspammers.conf", why);
}

/*
 * Converts a filter of the administrator's own into *ret_n rules. Returns false if there are none; why has the
 * reason.
 */
static bool write_filter(const struct fail2ban *f, const struct fail2ban_jail *jail, const struct import_fail2ban *q,
                         FILE *findings, int *ret_n, struct why *why)
{
	char *name, *text = NULL;
	size_t size = 0;
	FILE *rules, *out;
	bool written = false;

	if (!fail2ban_has_plain_filter(jail)) {
		(void)why_set(why, EINVAL,
		              "its filter's name has other characters than letters, digits, \"-\" and \"_\"");
		return false;
	}
	rules = alloc_check(open_memstream(&text, &size), 0, "rules");
	*ret_n = fail2ban_write_rules(f, jail, rules, findings, why);
	(void)fclose(rules);
	name = alloc_format("a file's name", "patterns/fail2ban-%s.rules", jail->filter);
	if (*ret_n >= 0 && (out = create(q, name, why)) != NULL) {
		(void)fputs(text, out);
		written = finish(out, q, name, why) == 0;
	}
	free(name);
	free(text);
	return written;
}

/* Returns whether an earlier jail has the same filter, whose rules are written only once. */
static bool is_repeated(const struct fail2ban *f, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (strcmp(f->list[i].filter, f->list[at].filter) == 0)
			return true;
	return false;
}

static void print_jail(const struct fail2ban *f, size_t i, const struct import_fail2ban *q, FILE *findings)
{
	const struct fail2ban_jail *const jail = &f->list[i];
	char name[NAME_SHOWN], filter[NAME_SHOWN];
	struct why why;
	int n = 0;

	(void)text_escape((struct span){jail->name, strlen(jail->name)}, name, sizeof name);
	(void)text_escape((struct span){jail->filter, strlen(jail->filter)}, filter, sizeof filter);
	(void)printf("%-24s  %-24s  ", name, filter);
	if (jail->repeats)
		(void)puts("[block] for: each further block lasts longer");
	else if (jail->ours != NULL)
		(void)printf("%s.rules\n", jail->ours);
	else if (is_repeated(f, i))
		(void)puts("the same, as above");
	else if (write_filter(f, jail, q, findings, &n, &why))
		(void)printf("fail2ban-%s.rules, %d %s\n", jail->filter, n, plural(n, "rule", "rules"));
	else
		(void)printf("none: %s\n", why.text);
}

static void print_jails(const struct fail2ban *f, const struct import_fail2ban *q, FILE *findings)
{
	(void)printf("%-24s  %-24s  %s\n", "JAIL", "FILTER", "OURS");
	for (size_t i = 0; i < f->n; i++)
		print_jail(f, i, q, findings);
}

static int write_bans(const struct fail2ban *f, const struct import_fail2ban *q, size_t *ret_n, struct why *why)
{
	const char *const path = q->database != NULL ? q->database : f->database;
	struct banlist list = {0};
	FILE *out;
	int rc = *path != '\0' ? bans_read(path, f, clock_unix_s(), &list, why)
	                       : why_set(why, ENOENT, "fail2ban has no database (dbfile)");

	*ret_n = list.n;
	if (rc < 0 || (out = create(q, "bans", why)) == NULL) {
		banlist_done(&list);
		return rc < 0 ? rc : -EIO;
	}
	for (size_t i = 0; i < list.n; i++) {
		char address[NET_TEXT_MAX], left[DURATION_TEXT_MAX] = "";

		(void)net_text(&list.list[i].net, address);
		if (list.list[i].left_s > 0)
			duration_text(list.list[i].left_s, left);
		(void)fprintf(out, "%s%s%s # %s\n", address, *left != '\0' ? " for " : "", left, list.list[i].reason);
	}
	banlist_done(&list);
	return finish(out, q, "bans", why);
}

static int make_directories(const struct import_fail2ban *q, struct why *why)
{
	char *const patterns = alloc_format("a directory's name", "%s/patterns", q->output);
	int rc = 0;

	if (mkdir(q->output, 0755) < 0 || mkdir(patterns, 0755) < 0)
		rc = why_set(why, errno, "%s: %s; name another directory with --output", q->output, strerror(errno));
	free(patterns);
	return rc;
}

/* --- their jail, our rules: do they match the same lines of the log? --- */

/* Splits a list with one name per line. The names point into text; the caller frees *ret_names. */
static size_t split_names(char *text, const char ***ret_names)
{
	char *rest = NULL;
	size_t n = 0;

	*ret_names = NULL;
	for (char *name = strtok_r(text, "\n \t", &rest); name != NULL; name = strtok_r(NULL, "\n \t", &rest)) {
		if (*name != '/') /* after a log, "tail" makes fail2ban begin at its end */
			continue;
		*ret_names = alloc_one_more(*ret_names, n, sizeof **ret_names, "names of logs");
		(*ret_names)[n++] = name;
	}
	return n;
}

static int take_sample(const struct fail2ban_jail *jail, const struct config *config, struct sample *ret,
                       struct why *why)
{
	const struct journal_where where = choice_where(config);
	const char **names;
	char *text;
	size_t n;
	int rc;

	if (jail->journal)
		return sample_journal(&where, clock_unix_s() - JOURNAL_S, ret, why);
	text = alloc_text(jail->logs, "names of logs");
	n = split_names(text, &names);
	rc = n > 0 ? sample_files(names, n, ret, why) : why_set(why, ENODATA, "it names no log");
	free(names);
	free(text);
	return rc;
}

/* Shows the progress on a terminal. n 0: removes it. */
static void show_progress(size_t i, size_t n)
{
	if (!isatty(STDERR_FILENO))
		return;
	(void)fflush(stdout);
	if (n > 0)
		(void)fprintf(stderr, "\rfail2ban-regex: jail %zu of %zu ...", i + 1, n);
	else
		(void)fputs("\r\033[K", stderr);
}

/* rule: NULL for a line that only fail2ban matches. */
static void print_example(struct span line, const struct rule *rule)
{
	char text[LINE_SHOWN];

	if (line.p == NULL)
		return;
	(void)text_escape(line, text, sizeof text);
	if (rule != NULL)
		(void)printf("  only ours, by %s:\n    %s\n", rule->text->name, text);
	else
		(void)printf("  only theirs:\n    %s\n", text);
}

static void print_row(const char *jail, const struct compare_result *r)
{
	char name[NAME_SHOWN];

	(void)text_escape((struct span){jail, strlen(jail)}, name, sizeof name);
	(void)printf("%-24s  %10" PRId64 "  %10" PRId64 "  %11" PRId64 "  %10" PRId64 "\n", name, r->lines, r->both,
	             r->only_theirs, r->only_ours);
	print_example(r->first_theirs, NULL);
	print_example(r->first_ours, r->rule);
}

/* Prints the row of a jail, or why there is none. Returns false if fail2ban-regex is not installed. */
static bool compare_jail(const struct fail2ban_jail *jail, const struct import_fail2ban *q, const struct config *config,
                         const struct rules *rules, int64_t until_ms)
{
	char *const file = jail->ours != NULL ? alloc_format("a file's name", "%s.rules", jail->ours)
	                                      : alloc_format("a file's name", "fail2ban-%s.rules", jail->filter);
	struct compare_options options = {.rules = rules, .file = file, .end_s = clock_unix_s()};
	struct regex_lines theirs = {0};
	bool installed = true;
	char name[NAME_SHOWN];
	struct compare_result r;
	struct sample sample = {.fd = -1};
	struct why why;
	int rc = take_sample(jail, config, &sample, &why);

	(void)text_escape((struct span){jail->name, strlen(jail->name)}, name, sizeof name);
	if (rc == 0) {
		const struct regex_order order = {q->from, jail->filter, jail->parameters, sample.fd, until_ms};

		rc = regex_run(&order, &theirs, &why);
		installed = rc != -ENOENT;
		options.text = sample.text;
		options.len = sample.len;
		options.n_theirs = theirs.n;
		options.theirs = theirs.list;
		if (rc == 0)
			compare_run(&options, &r);
		show_progress(0, 0);
		if (rc == 0)
			print_row(jail->name, &r);
		regex_done(&theirs);
		sample_done(&sample);
	}
	if (rc < 0 && installed)
		(void)printf("%-24s  not compared: %s\n", name, why.text);
	free(file);
	return installed;
}

static void compare_jails(const struct fail2ban *f, const struct import_fail2ban *q, const struct config *config,
                          const struct rules *rules)
{
	const int64_t end_ms = clock_steady_ms() + ALL_MS;
	bool installed = true;

	(void)printf(
		"\nLines of your logs that the jail's filter and our rules match:\n%-24s  %10s  %10s  %11s  %10s\n",
		"JAIL", "LINES", "BOTH", "ONLY THEIRS", "ONLY OURS");
	for (size_t i = 0; i < f->n && installed; i++) {
		const int64_t now_ms = clock_steady_ms(),
			      until_ms = now_ms + JAIL_MS < end_ms ? now_ms + JAIL_MS : end_ms;

		if (f->list[i].repeats)
			continue;
		show_progress(i, f->n);
		installed = compare_jail(&f->list[i], q, config, rules, until_ms);
		show_progress(0, 0);
	}
	if (!installed)
		(void)puts("not compared: fail2ban-regex is not installed");
}

/* Compares with our rules and those just written. If they cannot be used, prints a sentence. */
static void compare(const struct fail2ban *f, const struct import_fail2ban *q, const struct config *config)
{
	char *const written = alloc_format("a directory's name", "%s/patterns", q->output);
	const char *dirs[CONFIG_DIRS_MAX + 1];
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	size_t n = 0;
	struct why why;

	for (size_t i = 0; i < config->run.n_patterns; i++)
		dirs[n++] = config->run.patterns[i];
	dirs[n++] = written;
	if (rules_load(dirs, n, NULL, 0, &rules, &errors, &why) < 0)
		(void)printf("\nYour logs were not compared, since the rules have errors:\n  %s\n", why.text);
	else
		compare_jails(f, q, config, rules);
	rules_free(rules);
	rulefile_errors_done(&errors);
	free(written);
}

/* Writes the files and prints what was written. findings: receives the findings. */
static int write_everything(const struct fail2ban *f, const struct import_fail2ban *q, const struct config *config,
                            FILE *findings, char **found, struct why *why)
{
	int rc = make_directories(q, why);

	if (rc == 0)
		rc = write_config(f, q, why);
	if (rc < 0)
		return rc;
	print_jails(f, q, findings);
	(void)fflush(findings);
	if (**found != '\0')
		(void)printf("\nNot translated:\n%s", *found);
	compare(f, q, config);
	return 0;
}

/* Prints the end. Returns the exit status: an error if the bans cannot be read, unless there is no database. */
static int print_end(const struct fail2ban *f, const struct import_fail2ban *q)
{
	size_t n_bans = 0;
	struct why why;
	const int rc = write_bans(f, q, &n_bans, &why);
	const bool is_error = rc < 0 && (rc != -ENOENT || q->database != NULL);

	if (rc == 0)
		(void)printf("\n%s has a configuration, rules and %zu %s in force.", q->output, n_bans,
		             plural((int64_t)n_bans, "ban", "bans"));
	else
		(void)printf("\n%s has a configuration and rules, and no bans:\n  %s\n", q->output, why.text);
	(void)printf("%sLook at them; then:\n  watchforspammers check %s/patterns/*.rules\n", rc == 0 ? " " : "",
	             q->output);
	if (rc == 0)
		(void)printf("  watchforspammers import list %s/bans\n", q->output);
	return is_error ? COMMAND_SYSTEM : COMMAND_DONE;
}

int import_fail2ban(const struct import_fail2ban *q, const struct command_env *env)
{
	struct fail2ban f;
	struct config *config;
	char *found = NULL;
	size_t size = 0;
	FILE *findings;
	struct why why;
	int status, rc;

	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	findings = alloc_check(open_memstream(&found, &size), 0, "findings");
	if ((rc = fail2ban_read(q->from, findings, &f, &why)) == 0) {
		rc = write_everything(&f, q, config, findings, &found, &why);
		status = rc == 0 ? print_end(&f, q) : COMMAND_SYSTEM;
		fail2ban_done(&f);
	}
	(void)fclose(findings);
	free(found);
	config_free(config);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : status;
}
