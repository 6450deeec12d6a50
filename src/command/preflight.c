#include "command/preflight.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/problems.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/listening.h"
#include "base/text.h"
#include "command/command.h"
#include "command/firewall.h"
#include "engine/choice.h"
#include "engine/sandbox.h"
#include "input/globs.h"
#include "input/line.h"
#include "input/readable.h"
#include "input/unwrap.h"
#include "report/replace.h"
#include "root/root.h"
#include "store/journals.h"

enum {
	DAY_S = 86400,
	TAIL_BYTES = 256 * 1024, /* bytes at the end of a log that are examined */
	PROGRAMS_SHOWN = 3,
	PROGRAM_MAX = 64,
	PORTS_TEXT_MAX = 96,
};

/* --- a child that tries something; returns 0, or -errno with a sentence and perhaps the remedy --- */

struct attempt {
	int rc;
	struct why why, remedy;
};

typedef int attempt_function(const void *argument, struct why *why, struct why *remedy);

/* Runs function in a child. -ECHILD if the child cannot be created or died. */
static int attempt(attempt_function *function, const void *argument, struct why *why, struct why *remedy)
{
	struct attempt result = {.rc = -ECHILD};
	int ends[2];
	pid_t child;

	(void)why_set(&result.why, ECHILD, "cannot try it");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return why_set(why, ECHILD, "cannot try it: %s", strerror(errno));
	(void)fflush(NULL);
	child = fork();
	if (child == 0) {
		result.rc = function(argument, &result.why, &result.remedy);
		_exit(write(ends[1], &result, sizeof result) == (ssize_t)sizeof result ? 0 : 1);
	}
	(void)close(ends[1]);
	if (child > 0) {
		struct attempt got;

		if (read(ends[0], &got, sizeof got) == (ssize_t)sizeof got)
			result = got;
		(void)waitpid(child, NULL, 0);
	}
	(void)close(ends[0]);
	*why = result.why;
	*remedy = result.remedy;
	return result.rc;
}

/* --- the user that it runs as --- */

static void check_group(const char *key, const char *name, struct rulefile_errors *warnings)
{
	if (name[0] != '\0' && getgrnam(name) == NULL)
		rulefile_error(warnings,
		               "[control] %s: no group \"%s\"; create it with 'groupadd -r %s', or name another", key,
		               name, name);
}

/* --- the logs --- */

struct reading {
	const char *path, *user;
};

static int open_as_user(const void *argument, struct why *why, struct why *remedy)
{
	const struct reading *const r = argument;
	int fd, rc = sandbox_become(r->user, why);

	if (rc < 0)
		return rc;
	fd = open(r->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		rc = why_set(why, errno, "cannot read %s: %s", r->path, strerror(errno));
		readable_remedy(r->path, r->user, remedy); /* for that user */
		return rc;
	}
	(void)close(fd);
	return 0;
}

/* Tries to open the log if possible. Does not open what is no regular file: that could unblock a writer. */
static int try_log(const char *path, const char *name, const struct readable_user *user, struct why *why,
                   struct why *remedy)
{
	const struct reading reading = {path, name};
	const int rc = readable_by(path, user, why);

	if (rc < 0)
		readable_remedy(path, name, remedy);
	if (geteuid() != 0 || name[0] == '\0' || (rc < 0 && rc != -EACCES))
		return rc;
	return attempt(open_as_user, &reading, why, remedy);
}

static bool is_known(const struct rules *rules, struct span program)
{
	for (size_t i = 0; i < rules_count(rules); i++)
		if (rules_at(rules, i)->text->enabled && rules_means(rules, i, program))
			return true;
	return false;
}

struct programs {
	size_t n, n_lines;
	char name[PROGRAMS_SHOWN][PROGRAM_MAX];
};

static void note_program(struct programs *p, struct span program)
{
	char name[PROGRAM_MAX];

	(void)text_escape(program, name, sizeof name);
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->name[i], name) == 0)
			return;
	if (p->n < PROGRAMS_SHOWN)
		(void)snprintf(p->name[p->n++], PROGRAM_MAX, "%s", name);
}

/* Returns whether one of the lines is from a program that the rules know. */
static bool has_known(const struct rules *rules, const char *text, size_t len, int64_t mtime_s, struct programs *ret)
{
	struct line_clock clock;
	const char *lf;

	line_clock_init(&clock, mtime_s, 0);
	for (; (lf = memchr(text, '\n', len)) != NULL; len -= (size_t)(lf + 1 - text), text = lf + 1) {
		char decoded[LINE_MAX_BYTES];
		const struct span read = unwrap_one((struct span){text, (size_t)(lf - text)}, decoded);
		struct line line;

		ret->n_lines++;
		if (line_parse(&clock, read.p, read.len, &line) != LINE_OK || line.program.p == NULL)
			continue;
		if (is_known(rules, line.program))
			return true;
		note_program(ret, line.program);
	}
	return false;
}

/* Checks the end of a log, if we may read it ourselves. */
static void check_content(const char *path, const struct rules *rules, struct rulefile_errors *warnings)
{
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	char *const text = alloc_raw(1, TAIL_BYTES, "the end of a log");
	struct programs programs = {0};
	struct stat st;
	ssize_t got = 0;
	size_t from = 0;

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		got = pread(fd, text, TAIL_BYTES, st.st_size > TAIL_BYTES ? st.st_size - TAIL_BYTES : 0);
	if (got == TAIL_BYTES && st.st_size > TAIL_BYTES) { /* it begins in the middle of a line */
		const char *const lf = memchr(text, '\n', TAIL_BYTES);

		from = lf == NULL ? TAIL_BYTES : (size_t)(lf + 1 - text);
	}
	if (got > 0 && !has_known(rules, text + from, (size_t)got - from, st.st_mtim.tv_sec, &programs) &&
	    programs.n_lines > 0)
		rulefile_error(
			warnings,
			"%s: none of its last %zu lines is of a program that the rules know%s%s%s%s%s%s; is it the "
			"log of your mail server?",
			path, programs.n_lines, programs.n > 0 ? ", but of " : "", programs.name[0],
			programs.n > 1 ? ", " : "", programs.name[1], programs.n > 2 ? ", " : "", programs.name[2]);
	free(text);
	if (fd >= 0)
		(void)close(fd);
}

/* Returns as try_log does. */
static int check_log(const char *path, const struct rules *rules, const struct config *config,
                     const struct readable_user *user, struct rulefile_errors *found, struct rulefile_errors *warnings)
{
	struct why why, remedy;
	const int rc = try_log(path, config->run.user, user, &why, &remedy);

	if (rc < 0)
		rulefile_error(found, "%s; %s", why.text, remedy.text);
	else if (rules != NULL)
		check_content(path, rules, warnings);
	return rc;
}

/* Checks the files that match a pattern. One readable file is enough. */
static int check_matches(const char *pattern, const struct rules *rules, const struct config *config,
                         const struct readable_user *user, struct rulefile_errors *found,
                         struct rulefile_errors *warnings)
{
	struct why remedy;
	char **files;
	size_t n;
	int rc = -ENOENT;

	globs_files(pattern, &files, &n);
	readable_pattern_remedy(pattern, config->run.user, &remedy);
	if (n == 0)
		rulefile_error(found, "no file matches %s; %s", pattern, remedy.text);
	for (size_t i = 0; i < n; i++) {
		const int one = check_log(files[i], rules, config, user, found, warnings);

		rc = rc == 0 ? 0 : one;
	}
	globs_free_files(files, n);
	return rc;
}

static void check_logs(const struct config *config, const struct rules *rules, const struct readable_user *user,
                       struct rulefile_errors *errors, struct rulefile_errors *warnings)
{
	struct rulefile_errors found = {0};
	size_t hopeless = 0;

	for (size_t i = 0; i < config->n_logs; i++) {
		const char *const path = config->logs[i];
		const int rc = globs_is_pattern(path) ? check_matches(path, rules, config, user, &found, warnings)
		                                      : check_log(path, rules, config, user, &found, warnings);

		hopeless += rc < 0 && rc != -ENOENT;
	}
	/* One readable log, or one that may still be created, is enough to run. */
	for (size_t i = 0; i < found.n; i++)
		rulefile_error(hopeless == config->n_logs ? errors : warnings, "%s", found.text[i]);
	rulefile_errors_done(&found);
}

/* --- the journal --- */

/* Opens the journal with the daemon's rights, if we can become its user: ACLs and groups decide what it may read. */
static int open_journal_as_user(const void *argument, struct why *why, struct why *unused)
{
	const struct config *const config = argument;
	const struct journal_where where = choice_where(config);
	struct journal *journal;
	int rc = geteuid() == 0 ? sandbox_become(config->run.user, why) : 0;

	(void)unused;
	if (rc == 0 && (rc = journal_open(&where, &journal, why)) == 0)
		journal_close(journal);
	return rc;
}

/* Checks whether the journal has anything from a mail server. */
static void check_journal(const struct config *config, struct rulefile_errors *errors, struct rulefile_errors *warnings)
{
	const struct journal_where where = choice_where(config);
	int64_t newest_s = 0;
	struct why why, ignored;

	if (attempt(open_journal_as_user, config, &why, &ignored) < 0) {
		rulefile_error(config->n_logs == 0 ? errors : warnings, "%s", why.text);
		return;
	}
	if (journal_newest_mail(&where, &newest_s, &why) == 0 && newest_s + DAY_S < clock_unix_s())
		rulefile_error(
			warnings,
			"the journal has no line of a mail server of the last day; name the log that yours writes in [log]");
}

/* Returns whether the journal was read before, according to the daemon's database. */
static bool was_read(const struct config *config)
{
	struct store *store = NULL;
	struct store_journal journal;
	struct store_log log;
	struct why ignored;
	const bool known = command_open_database(config, &store, &ignored) == 0 &&
	                   store_journal_find(store, "", &log, &journal, &ignored) == 0;

	store_close(store);
	return known;
}

static void check_sources(struct config *config, const struct rules *rules, const struct readable_user *user,
                          struct rulefile_errors *errors, struct rulefile_errors *warnings, struct why *ret_sources)
{
	struct choice choice;

	choice_make(config, was_read(config), clock_unix_s(), &choice);
	config_settle(config, choice.journal);
	(void)why_set(ret_sources, EEXIST, "the daemon reads %s: %s",
	              !choice.journal ? "log files"
	              : choice.files  ? "the journal and log files"
	                              : "the journal",
	              choice.why.text);
	if (choice.journal)
		check_journal(config, errors, warnings);
	check_logs(config, rules, user, errors, warnings);
}

/* --- the file of [export] --- */

static int write_as_user(const void *argument, struct why *why, struct why *unused)
{
	const struct config *const config = argument;
	struct replace file;
	int rc = geteuid() == 0 ? sandbox_become(config->run.user, why) : 0;

	(void)unused;
	if (rc == 0 && (rc = replace_open(&file, config->export.file, why)) == 0)
		replace_abandon(&file);
	return rc;
}

/* Tries to write the file, if possible. */
static void check_export(const struct config *config, struct rulefile_errors *warnings)
{
	struct why why, ignored;

	if (config->export.file[0] == '\0' || (geteuid() != 0 && config->run.user[0] != '\0'))
		return;
	if (attempt(write_as_user, config, &why, &ignored) < 0)
		rulefile_error(warnings, "[export] file: %s; %s", why.text, problems_remedy(PROBLEMS_EXPORT));
}

/* --- the kernel --- */

/* Creates rules and lists as "run" does, in a network namespace that nothing uses. */
static int open_firewall(const void *argument, struct why *why, struct why *unused)
{
	const struct config *const config = argument;
	struct root *root;
	int rc;

	(void)unused;
	if (unshare(CLONE_NEWNET) < 0)
		return why_set(why, ECHILD, "no network namespace to try it in");
	rc = command_open_root(config, NULL, &root, why);
	if (rc == 0)
		root_close(root, true);
	return rc;
}

static void check_kernel(const struct config *config, struct rulefile_errors *errors)
{
	struct why why, ignored;
	int rc;

	if (geteuid() != 0 || !config->firewall.manage_rules || config_observes(config))
		return;
	rc = attempt(open_firewall, config, &why, &ignored);
	if (rc < 0 && rc != -ECHILD)
		rulefile_error(errors, "%s", why.text);
}

/* --- the ports --- */

static bool is_mail_port(uint16_t port)
{
	static const uint16_t ports[] = {25, 110, 143, 465, 587, 993, 995, 4190};

	for (size_t i = 0; i < sizeof ports / sizeof *ports; i++)
		if (ports[i] == port)
			return true;
	return false;
}

static bool is_closed(const struct config *config, uint16_t port)
{
	return portlists_has(&config->firewall.ports, port);
}

/* Returns the program's usual name. */
static const char *server_name(const char *program)
{
	static const char *const names[][2] = {
		{"", "a server"},         {"master", "Postfix"},  {"dovecot", "Dovecot"},    {"exim4", "Exim"},
		{"sendmail", "Sendmail"}, {"smtpd", "OpenSMTPD"}, {"couriertcpd", "Courier"}};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i][0], program) == 0)
			return names[i][1];
	return program;
}

/* Writes "143", "143 and 993", "110, 143 and 993". */
static void list_ports(const struct listening *list, size_t n, const char *program, char out[static PORTS_TEXT_MAX])
{
	size_t left = 0, len = 0;

	for (size_t i = 0; i < n; i++)
		left += strcmp(list[i].program, program) == 0;
	out[0] = '\0';
	for (size_t i = 0; i < n && len < PORTS_TEXT_MAX - 16; i++)
		if (strcmp(list[i].program, program) == 0) {
			left--;
			len += (size_t)snprintf(out + len, PORTS_TEXT_MAX - len, "%u%s", list[i].port,
			                        left == 0   ? ""
			                        : left == 1 ? " and "
			                                    : ", ");
		}
}

static void check_ports(const struct config *config, struct rulefile_errors *warnings)
{
	struct listening all[LISTENING_MAX], open[LISTENING_MAX];
	const size_t n_all = listening_ports(all);
	size_t n = 0;

	if (!config->firewall.manage_rules || config_observes(config))
		return;
	for (size_t i = 0; i < n_all; i++)
		if (is_mail_port(all[i].port) && !is_closed(config, all[i].port))
			open[n++] = all[i];
	for (size_t i = 0; i < n; i++) {
		char ports[PORTS_TEXT_MAX];
		bool warned = false;

		for (size_t j = 0; j < i; j++)
			warned |= strcmp(open[j].program, open[i].program) == 0;
		if (warned)
			continue;
		list_ports(open, n, open[i].program, ports);
		rulefile_error(warnings,
		               "%s listens on %s, which %s open to blocked clients: add %s to [firewall] ports",
		               server_name(open[i].program), ports, strchr(ports, ' ') != NULL ? "stay" : "stays",
		               strchr(ports, ' ') != NULL ? "them" : "it");
	}
}

/* --- all checks --- */

void preflight(struct config *config, const struct rules *rules, struct rulefile_errors *errors,
               struct rulefile_errors *warnings, struct why *ret_sources)
{
	struct readable_user user;
	struct why why;

	ret_sources->text[0] = '\0';
	check_group("group", config->control.group, warnings);
	check_group("readers", config->control.readers, warnings);
	if (readable_user(config->run.user, &user, &why) < 0)
		rulefile_error(errors, "[run] user: %s", why.text);
	else
		check_sources(config, rules, &user, errors, warnings, ret_sources);
	check_export(config, warnings);
	check_kernel(config, errors);
	check_ports(config, warnings);
}
