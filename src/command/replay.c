/* replay: runs old logs through the same rules and decisions. */
#include "replay/replay.h"
#include "replay/workers.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/diff.h"
#include "command/firewall.h"
#include "command/show.h"
#include "engine/choice.h"
#include "engine/sandbox.h"
#include "pipeline/reconcile.h"
#include "pipeline/restore.h"
#include "store/query.h"

static atomic_bool stop; /* read by other threads */

static void on_signal(int signo)
{
	(void)signo;
	stop = true;
}

struct request {
	const char *database;
	const char *rules; /* --rules: a directory to use instead of the configured ones */
	bool sync, diff, utc;
	bool journal; /* read the journal instead of files */
	struct journal_where where;
	int root_fd; /* sync: socket to the root process */
	int lock_fd; /* keeps the daemon away from the database; -1: nothing does */
	struct replay_options options;
};

static int parse_progress(const char *text, enum progress_form *ret)
{
	static const char *const words[] = {
		[PROGRESS_NONE] = "none", [PROGRESS_BAR] = "bar", [PROGRESS_PLAIN] = "plain", NULL};
	size_t i = PROGRESS_NONE;
	const int status = command_word("replay", "--progress", text, words, sizeof words / sizeof *words - 1, &i);

	*ret = (enum progress_form)i;
	return status;
}

static bool parse_number(const char *text, long min, long max, long *ret)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < min || n > max)
		return false;
	*ret = n;
	return true;
}

static unsigned processors(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > WORKERS_THREADS_MAX ? WORKERS_THREADS_MAX : (unsigned)n; /* in range */
}

/* Parses one option and its value. Returns COMMAND_DONE, or COMMAND_USAGE after printing why. */
static int parse_option(int option, void *request)
{
	struct request *const q = request;
	long n;

	switch (option) {
	case 'd':
		q->database = optarg;
		break;
	case 's':
		q->sync = true;
		break;
	case 'j':
		q->journal = true;
		break;
	case 'D':
		q->diff = true;
		break;
	case 'r':
		q->rules = optarg;
		break;
	case 'p':
		return parse_progress(optarg, &q->options.progress);
	case 'f':
		return command_time("replay", "--from", optarg, q->utc, &q->options.from_s);
	case 'u':
		return command_time("replay", "--until", optarg, q->utc, &q->options.until_s);
	case 'y':
		if (!parse_number(optarg, 1970, 2105, &n))
			return command_usage("replay", "--year: want a year from 1970 to 2105");
		q->options.year = (int)n; /* in range */
		break;
	default: /* t */
		if (!parse_number(optarg, 1, WORKERS_THREADS_MAX, &n))
			return command_usage("replay", "--threads: want 1 to %d", WORKERS_THREADS_MAX);
		q->options.threads = (unsigned)n; /* in range */
	}
	return COMMAND_DONE;
}

/* Returns COMMAND_DONE, or COMMAND_USAGE after printing why. */
static int parse(int argc, char **argv, bool utc, struct request *q)
{
	static const struct option options[] = {
		{"database", required_argument, NULL, 'd'}, {"sync", no_argument, NULL, 's'},
		{"diff", no_argument, NULL, 'D'},           {"rules", required_argument, NULL, 'r'},
		{"progress", required_argument, NULL, 'p'}, {"journal", no_argument, NULL, 'j'},
		{"from", required_argument, NULL, 'f'},     {"since", required_argument, NULL, 'f'},
		{"until", required_argument, NULL, 'u'},    {"year", required_argument, NULL, 'y'},
		{"threads", required_argument, NULL, 't'},  {0}};
	int status;

	*q = (struct request){.lock_fd = -1,
	                      .utc = utc,
	                      .options = {.from_s = INT64_MIN,
	                                  .until_s = INT64_MAX,
	                                  .threads = processors(),
	                                  .progress = progress_fitting(),
	                                  .stop = &stop}};
	if ((status = command_options(argc, argv, options, parse_option, q)) != COMMAND_DONE)
		return status;
	if (q->diff && q->database == NULL)
		return command_usage(argv[0], "--diff compares with a database: give --database too");
	if (q->diff && q->sync)
		return command_usage(argv[0], "--diff changes nothing, --sync does: use only one of them");
	if (q->options.from_s > q->options.until_s)
		return command_usage(argv[0], "--from is later than --until: no line is between");
	q->options.leave_tail = q->database != NULL && !q->diff;
	q->options.keeps = q->options.leave_tail ? PENDING_ALL
	                   : q->diff || q->sync  ? PENDING_BLOCKS
	                                         : PENDING_POSITIONS;
	if (q->journal && optind < argc)
		return command_usage(argv[0], "--journal reads the journal and no files");
	if (optind == argc && !q->journal)
		return command_usage(argv[0], "which files? \"-\" is standard input");
	q->options.files = (const char *const *)argv + optind;
	q->options.n_files = (size_t)(argc - optind);
	return COMMAND_DONE;
}

static double percent(int64_t part, int64_t whole)
{
	return whole > 0 ? 100.0 * (double)part / (double)whole : 0.0;
}

static void print_json(const struct request *q, const struct replay_result *r, double seconds)
{
	json_t *const by_rule = json_object();

	for (size_t i = 0; i < rules_count(q->options.rules); i++)
		if (r->by_rule[i] > 0)
			(void)json_object_set_new(by_rule, rules_at(q->options.rules, i)->text->name,
			                          json_integer(r->by_rule[i]));
	command_print_json(json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:f, s:I, s:I, s:I}", "files", (json_int_t)r->files,
		"bytes", (json_int_t)r->bytes, "lines", (json_int_t)r->lines, "cut", (json_int_t)r->cut, "unparsed",
		(json_int_t)r->unparsed, "hits", (json_int_t)r->hits, "addresses", (json_int_t)r->addresses, "blocks",
		(json_int_t)r->blocks, "by_rule", by_rule, "seconds", seconds, "forged", (json_int_t)r->forged,
		"damaged", (json_int_t)r->damaged, "suppressed", (json_int_t)r->suppressed));
}

/* Prints the worst blocks; each column is as wide as its contents. The rules' reasons are in the table above. */
static void print_blocked(const struct request *q, const struct replay_result *r)
{
	char net[NET_TEXT_MAX], since[TIME_LOCAL_MAX], time[DURATION_TEXT_MAX];
	int width = sizeof "BLOCKED" - 1, time_width = 0;

	for (size_t i = 0; i < r->worst.n; i++) {
		const int len = (int)net_text(&r->worst.list[i].block.net, net); /* below NET_TEXT_MAX */

		width = len > width ? len : width;
		time_local_text(r->worst.list[i].block.since_s, q->utc, since);
		time_width =
			(int)strlen(since) > time_width ? (int)strlen(since) : time_width; /* below TIME_LOCAL_MAX */
	}
	if (r->worst.n > 0)
		(void)printf("\n%-*s  %-*s  %4s  %5s  RULE\n", width, "BLOCKED", time_width, "SINCE", "FOR", "TIMES");
	for (size_t i = 0; i < r->worst.n; i++) {
		const struct block *const b = &r->worst.list[i].block;

		(void)net_text(&b->net, net);
		time_local_text(b->since_s, q->utc, since);
		duration_text(b->until_s - b->since_s, time);
		(void)printf("%-*s  %-*s  %4s  %5u  %s\n", width, net, time_width, since, time, b->offence,
		             r->worst.list[i].rule->text->name);
	}
	if (r->worst.others)
		(void)printf("... and more: %" PRId64 " blocks in all; %s\n", r->blocks,
		             q->database == NULL ? "--database FILE keeps them" : "the database has them");
}

static void print_rules(const struct request *q, const struct replay_result *r)
{
	enum { BEFORE = 20 };

	if (r->hits > 0)
		(void)printf("\n%10s  %6s  %s\n", "HITS", "%", "RULE");
	for (size_t i = 0; i < rules_count(q->options.rules); i++) {
		const struct rulefile_rule *const rule = rules_at(q->options.rules, i)->text;
		const size_t used = BEFORE + strlen(rule->name) + sizeof " ()" - 1;

		if (r->by_rule[i] == 0)
			continue;
		(void)printf("%10" PRId64 "  %6.1f  %s (", r->by_rule[i], percent(r->by_rule[i], r->hits), rule->name);
		show_piece(rule->reason, show_width() > used ? show_width() - used : 0);
		(void)printf(")\n");
	}
}

static void print_summary(const struct request *q, const struct replay_result *r, double seconds)
{
	char first[TIME_LOCAL_MAX], last[TIME_LOCAL_MAX];

	(void)printf("files      %" PRId64 "\nlines      %" PRId64 ", %" PRId64 " without a header, %" PRId64
	             " longer than 8 KiB\nhits       %" PRId64 " by %" PRId64 " %s\n",
	             r->files, r->lines, r->unparsed, r->cut, r->hits, r->addresses,
	             plural(r->addresses, "address", "addresses"));
	if (r->hits > 0) {
		time_local_text(r->first_s, q->utc, first);
		time_local_text(r->last_s, q->utc, last);
		(void)printf("           %s to %s\n", first, last);
	}
	(void)printf("blocks     %" PRId64 "\n", r->blocks);
	if (r->forged > 0)
		(void)printf("forged     %" PRId64 " %s by users who may not write such lines\n", r->forged,
		             plural(r->forged, "line", "lines"));
	if (r->damaged > 0)
		(void)printf("damaged    %" PRId64 " %s passed over\n", r->damaged,
		             plural(r->damaged, "entry was", "entries were"));
	if (r->suppressed > 0)
		(void)printf("suppressed %" PRId64 " %s dropped by journald (RateLimitBurst= in journald.conf)\n",
		             r->suppressed, plural(r->suppressed, "message was", "messages were"));
	if (r->known_bytes > 0)
		(void)printf("known      %" PRId64 " %s in the database already\n", r->known_bytes,
		             plural(r->known_bytes, "byte was", "bytes were"));
	(void)printf("time       %.2f s, %.0f lines/s, %.1f MB/s\n", seconds, (double)r->lines / seconds,
	             (double)r->bytes / 1e6 / seconds);
	print_rules(q, r);
}

static void print_categories(const struct request *q, const struct replay_result *r)
{
	const struct rules *const rules = q->options.rules;

	if (r->hits > 0)
		(void)printf("\n%10s  %6s  %s\n", "HITS", "%", "CATEGORY");
	for (size_t i = 0; i < rules_count(rules); i++) {
		const char *const category = rules_at(rules, i)->text->category;
		int64_t hits = 0;
		bool printed = false;

		for (size_t j = 0; j < rules_count(rules); j++)
			if (strcmp(rules_at(rules, j)->text->category, category) == 0) {
				hits += r->by_rule[j];
				printed |= j < i;
			}
		if (!printed && hits > 0)
			(void)printf("%10" PRId64 "  %6.1f  %s\n", hits, percent(hits, r->hits), category);
	}
}

/* Prints the differences between the replay's decisions and the database's, in the period that the log covers. */
static int print_diff(const struct request *q, const struct replay_result *r, bool json, int64_t *ret_n,
                      struct why *why)
{
	struct store *remembered;
	int rc = store_open(q->database, STORE_READ, &remembered, why);

	if (rc < 0)
		return rc;
	rc = diff_print(q->options.store, remembered,
	                &(struct diff_request){r->first_line_s, r->last_line_s, json, q->utc}, ret_n, why);
	store_close(remembered);
	return rc;
}

/* Adds the database's active blocks to the kernel, where they stay. fd: to the root process. */
static int sync_kernel(int fd, const struct config *config, struct store *store, struct why *why)
{
	struct verdict *verdict = NULL;
	struct reconcile_result result = {0};
	struct reconcile *reconcile;
	struct client client;
	int rc;

	client_init(&client, fd);
	reconcile = reconcile_new(store, &config->firewall.ports, &client, 1, clock_unix_s());
	rc = restore_verdict(
		&(struct restore_from){.store = store, .config = config, .reconcile = reconcile, .live = true},
		clock_unix_s(), &verdict, why);
	if (rc == 0)
		rc = reconcile_sync(reconcile, &(struct reconcile_rule){verdict, false}, clock_unix_s(), &result, why);
	if (rc == 0)
		rc = client_settled(&client, why);
	if (rc == 0)
		(void)fprintf(stderr, "watchforspammers: the kernel holds %zu %s\n", result.running,
		              plural((int64_t)result.running, "block", "blocks"));
	verdict_free(verdict);
	reconcile_free(reconcile);
	return rc;
}

/* Warns about files that are no logs. */
static void warn_of_no_logs(const struct replay_result *r)
{
	if (r->n_no_logs == 0)
		return;
	(void)fflush(stdout);
	(void)fprintf(stderr, "watchforspammers: %s is not a log: no line has the header of a syslog or mail daemon\n",
	              r->no_log);
	if (r->n_no_logs > 1)
		(void)fprintf(stderr, "watchforspammers: nor %s %" PRId64 " other %s\n",
		              plural(r->n_no_logs - 1, "is", "are"), r->n_no_logs - 1,
		              plural(r->n_no_logs - 1, "file", "files"));
}

static int replay(struct request *q, const struct command_env *env)
{
	struct replay_result result = {0};
	const int64_t start_ms = clock_steady_ms();
	int64_t differences = 0;
	struct why why = {0}, shown_why = {0};
	double seconds;
	int rc = replay_run(&q->options, &result, &why), shown = 0;

	seconds = (double)(clock_steady_ms() - start_ms) / 1000;
	if (seconds < 0.001)
		seconds = 0.001; /* used as a divisor */
	if (q->diff)
		shown = print_diff(q, &result, env->json, &differences, &shown_why);
	if (env->json) {
		print_json(q, &result, seconds);
	} else if (result.lines > result.no_log_lines || (rc == 0 && result.n_no_logs == 0)) {
		print_summary(q, &result, seconds);
		print_categories(q, &result);
		if (!q->diff)
			print_blocked(q, &result);
	}
	warn_of_no_logs(&result);
	free(result.by_rule);
	if (shown == 0 && rc == 0 && q->sync && !result.stopped)
		shown = sync_kernel(q->root_fd, q->options.config, q->options.store, &shown_why);
	if (rc < 0)
		return command_fail(COMMAND_SYSTEM, &why);
	if (shown < 0)
		return command_fail(COMMAND_SYSTEM, &shown_why);
	if (result.stopped)
		(void)fprintf(stderr, "watchforspammers: stopped; %s\n",
		              q->database != NULL && !q->diff ? "the next replay into the same database continues here"
		                                              : "this is the result so far");
	return result.stopped ? COMMAND_SYSTEM : differences > 0 || result.n_no_logs > 0 ? COMMAND_NO : COMMAND_DONE;
}

/*
 * Opens the database, which belongs to the writer: with --sync the engine's user, which this sandboxed process has
 * become by then.
 */
static int open_store(struct request *q, struct store **ret, struct why *why)
{
	const char *const beside = q->database != NULL ? q->database : "/tmp/"; /* for SQLite's temporary files */
	bool became;
	int rc = 0;

	if (q->database != NULL && !q->diff)
		rc = daemon_keep_away(q->database, &q->lock_fd, why);
	if (rc == 0 && q->options.leave_tail && !q->sync)
		rc = sandbox_as_owner(q->database, &became, why);
	if (q->database != NULL || q->sync)
		store_temp_beside(beside);
	if (rc == 0)
		rc = store_open(q->diff ? NULL : q->database, STORE_WRITE, ret, why);
	if (rc == 0 && q->sync)
		rc = sandbox_replay(beside, why);
	return rc;
}

static int run(struct request *q, struct config *config, const struct command_env *env)
{
	/* With --sync, root forwards signals that the terminal sends to both processes: a second one must not kill. */
	const struct sigaction action = {.sa_handler = on_signal, .sa_flags = q->sync ? 0 : (int)SA_RESETHAND};
	struct rulefile_errors errors = {0};
	struct rules *rules = NULL;
	struct store *store = NULL;
	struct why why;
	int status;

	if (rules_load(q->rules != NULL ? &q->rules : (const char *const *)config->run.patterns,
	               q->rules != NULL ? 1 : config->run.n_patterns, NULL, 0, &rules, &errors, &why) < 0) {
		status = command_fail(COMMAND_USAGE, &why);
	} else if (open_store(q, &store, &why) < 0) {
		status = command_fail(COMMAND_SYSTEM, &why);
	} else {
		(void)sigaction(SIGINT, &action, NULL);
		(void)sigaction(SIGTERM, &action, NULL);
		q->options.config = config;
		q->options.rules = rules;
		q->options.store = store;
		status = replay(q, env);
	}
	store_close(store);
	if (q->lock_fd >= 0)
		(void)close(q->lock_fd);
	rules_free(rules);
	rulefile_errors_done(&errors);
	return status;
}

/* --- with --sync: everything runs in an unprivileged process, served by a root process --- */

struct job {
	const struct request *request;
	struct config *config;
	const struct command_env *env;
};

static int run_unprivileged(int fd, const void *argument)
{
	const struct job *const job = argument;
	struct request q = *job->request;
	struct why why;

	q.root_fd = fd;
	if (sandbox_become(job->config->run.user, &why) < 0)
		return command_fail(COMMAND_SYSTEM, &why);
	return run(&q, job->config, job->env);
}

static int run_with_root(const struct request *q, struct config *config, const struct command_env *env)
{
	const struct job job = {q, config, env};
	struct why why;
	int status;

	if (config_observes(config))
		return command_usage("replay",
		                     "--sync puts blocks into the kernel, and [firewall] backend = observe does not");
	if (command_serve_root(config, NULL, true, run_unprivileged, &job, &status, &why) < 0)
		return command_fail(COMMAND_SYSTEM, &why);
	return status;
}

int command_replay(int argc, char **argv, const struct command_env *env)
{
	struct config *config = NULL;
	struct request q;
	int status = parse(argc, argv, env->utc, &q);

	for (size_t i = 0; i < q.options.n_files && status == COMMAND_DONE; i++)
		if (strcmp(q.options.files[i], "-") == 0)
			status = command_wait_for_lines(argv[0]);
	if (status != COMMAND_DONE || (config = command_config(env, &status)) == NULL)
		return status;
	q.where = choice_where(config);
	q.options.journal = q.journal ? &q.where : NULL;
	status = q.sync ? run_with_root(&q, config, env) : run(&q, config, env);
	config_free(config);
	return status;
}
