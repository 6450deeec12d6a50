/* report: prints what happened in a period, as text or as an HTML page. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/categories.h"
#include "base/clock.h"
#include "base/duration.h"
#include "command/command.h"
#include "command/show.h"
#include "report/page.h"
#include "report/replace.h"
#include "report/report.h"
#include "report/summary.h"

enum {
	DAY_S = 86400,
	DAYS_DEFAULT = 30,
	HOST_MAX = 256, /* HOST_NAME_MAX is 64: gethostname(2) */
};

static const struct option options[] = {
	{"since", required_argument, NULL, 's'},    {"until", required_argument, NULL, 'u'},
	{"category", required_argument, NULL, 'c'}, {"html", required_argument, NULL, 'h'},
	{"mail", required_argument, NULL, 'm'},     {NULL, 0, NULL, 0}};

struct request {
	struct report_query query;
	const char *html, *mail; /* a file's name; an address; NULL: none. Without both: text on standard output */
};

/*
 * Checks an address that becomes a header of the mail: one word, without anything that could begin another header or
 * address.
 */
static bool is_mailbox(const char *word)
{
	for (const char *p = word; *p != '\0'; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p > '~' || strchr(",;:<>()\"\\", *p) != NULL)
			return false;
	return *word != '\0';
}

static int parse_option(int option, void *request)
{
	struct request *const q = request;
	size_t ignored;

	switch (option) {
	case 's':
		return command_time("report", "--since", optarg, q->query.utc, &q->query.from_s);
	case 'u':
		return command_time("report", "--until", optarg, q->query.utc, &q->query.until_s);
	case 'c':
		q->query.category = optarg;
		return command_word("report", "--category", optarg, categories, CATEGORIES_N, &ignored);
	case 'h':
		q->html = optarg;
		return COMMAND_DONE;
	case 'm':
		q->mail = optarg;
		return is_mailbox(optarg) ? COMMAND_DONE : command_usage("report", "--mail wants an address of mail");
	default:
		return COMMAND_USAGE;
	}
}

static int parse(int argc, char **argv, const struct command_env *env, struct request *q)
{
	const int64_t now_s = clock_unix_s();
	int status;

	*q = (struct request){.query = {.from_s = now_s - (DAYS_DEFAULT - 1) * DAY_S,
	                                .until_s = now_s,
	                                .now_s = now_s,
	                                .utc = env->utc}};
	if ((status = command_options(argc, argv, options, parse_option, q)) != COMMAND_DONE)
		return status;
	if (optind < argc)
		return command_no_word(argv[0], argv[optind]);
	if (q->query.from_s < 0 || q->query.until_s < q->query.from_s)
		return command_usage("report", "--until is before --since");
	if ((q->query.until_s - q->query.from_s) / DAY_S + 2 > REPORT_DAYS_MAX)
		return command_usage("report", "at most ten years; name a later --since");
	return COMMAND_DONE;
}

static int write_page(const struct report *report, const char *host, const char *path, struct why *why)
{
	struct replace file;
	int rc = replace_open(&file, path, why);

	if (rc < 0)
		return rc;
	page_write(report, host, file.out);
	return replace_commit(&file, why);
}

/* Starts sendmail, which every mail server has; *ret: its standard input. Returns its pid, or -errno. */
static pid_t start_sendmail(FILE **ret)
{
	static char path[] = "/usr/sbin/sendmail", dots[] = "-oi", headers[] = "-t";
	char *const argv[] = {path, dots, headers, NULL};
	posix_spawn_file_actions_t actions;
	int ends[2], rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	rc = posix_spawn_file_actions_init(&actions);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	if (rc == 0)
		rc = posix_spawn(&pid, path, &actions, NULL, argv, environ);
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(ends[0]);
	if (rc != 0) {
		(void)close(ends[1]);
		return -rc;
	}
	*ret = alloc_check(fdopen(ends[1], "w"), 0, "the mail's stream");
	return pid;
}

/* Sends the report as a mail; headers: RFC 5322, 3.6. */
static int send_mail(const struct report *report, const char *host, const char *to, struct why *why)
{
	FILE *out = NULL;
	const pid_t pid = start_sendmail(&out);
	int status = 1;

	if (pid < 0)
		return why_set(why, -pid, "cannot run /usr/sbin/sendmail: %s", strerror(-pid));
	(void)signal(SIGPIPE, SIG_IGN); /* if it ends early, its status says why */
	(void)fprintf(out,
	              "To: %s\nSubject: watchforspammers on %s\nAuto-Submitted: auto-generated\nMIME-Version: 1.0\n"
	              "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n",
	              to, host);
	summary_write(report, host, out);
	(void)fclose(out);
	if (waitpid(pid, &status, 0) < 0 || status != 0)
		return why_set(why, EIO, "/usr/sbin/sendmail did not accept the report; its log has the reason");
	return 0;
}

/* Returns whether the line is a column heading: it begins with two capitals. */
static bool is_heading(const char *line)
{
	return line[0] >= 'A' && line[0] <= 'Z' && line[1] >= 'A' && line[1] <= 'Z';
}

static void print_text(const struct report *report, const char *host)
{
	char *text = NULL;
	size_t size = 0;
	FILE *const out = alloc_check(open_memstream(&text, &size), 0, "a report");

	summary_write(report, host, out);
	(void)fclose(out);
	for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
		(void)printf("%s%.*s%s\n", is_heading(line) ? show_colour(SHOW_HEADING) : "", (int)strcspn(line, "\n"),
		             line, is_heading(line) ? show_colour(SHOW_PLAIN) : "");
	free(text);
}

/* Writes the report in the requested form. */
static int write_report(const struct report *report, const struct request *q, struct why *why)
{
	char host[HOST_MAX] = "this host";
	int rc = 0;

	(void)gethostname(host, sizeof host - 1);
	if (q->html == NULL && q->mail == NULL)
		print_text(report, host);
	if (q->html != NULL)
		rc = write_page(report, host, q->html, why);
	if (rc == 0 && q->mail != NULL)
		rc = send_mail(report, host, q->mail, why);
	return rc;
}

int command_report(int argc, char **argv, const struct command_env *env)
{
	struct report report;
	struct request q;
	struct config *config;
	struct store *store;
	struct why why;
	int rc, status = parse(argc, argv, env, &q);

	if (status != COMMAND_DONE || (config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	store = command_database(config);
	config_free(config);
	if (store == NULL)
		return COMMAND_SYSTEM;
	rc = report_collect(&report, store, &q.query, &why);
	store_close(store);
	if (rc == 0)
		rc = write_report(&report, &q, &why);
	report_done(&report);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}
