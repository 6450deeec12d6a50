/* list: prints clients that are blocked now, all or some of them, or allowed for a while; once or repeatedly. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/rows.h"
#include "base/categories.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/traffic.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/listed.h"
#include "command/show.h"
#include "control/protocol.h"
#include "pipeline/sharing.h"
#include "store/query.h"

enum {
	AGAIN_S = 2,
	ROWS_ELSE = 8, /* lines of the terminal for the heading, the ports, and the number of rows left out */
};

struct request {
	bool allowed, files, watch;
	struct query_choice choice;
	struct net net;                /* storage for choice.net */
	char origin[SHARING_RULE_MAX]; /* storage for choice.rule, if it names a peer */
};

static const struct option options[] = {{"allowed", no_argument, NULL, 'a'},
                                        {"category", required_argument, NULL, 'c'},
                                        {"files", no_argument, NULL, 'f'},
                                        {"network", required_argument, NULL, 'n'},
                                        {"origin", required_argument, NULL, 'o'},
                                        {"rule", required_argument, NULL, 'r'},
                                        {"sort", required_argument, NULL, 's'},
                                        {"watch", no_argument, NULL, 'w'},
                                        {NULL, 0, NULL, 0}};

static bool has_choice(const struct query_choice *c)
{
	return c->rule != NULL || c->category != NULL || c->net != NULL;
}

static int parse_order(const char *word, enum query_order *ret)
{
	static const char *const names[] = {
		[QUERY_BY_UNTIL] = "until", [QUERY_BY_HITS] = "hits", [QUERY_BY_NETWORK] = "network", NULL};
	size_t i = QUERY_BY_UNTIL;
	const int status = command_word("list", "--sort", word, names, sizeof names / sizeof *names - 1, &i);

	*ret = (enum query_order)i;
	return status;
}

static int parse_option(int option, void *request)
{
	struct request *const q = request;
	struct why why;
	size_t ignored;

	switch (option) {
	case 'a':
		q->allowed = true;
		return COMMAND_DONE;
	case 'c':
		q->choice.category = optarg;
		return command_word("list", "--category", optarg, categories, CATEGORIES_N, &ignored);
	case 'f':
		q->files = true;
		return COMMAND_DONE;
	case 'n':
		q->choice.net = &q->net;
		return protocol_net((struct span){optarg, strlen(optarg)}, &q->net, &why) == 0
		               ? COMMAND_DONE
		               : command_usage("list", "--network: %s", why.text);
	case 'o':
		(void)snprintf(q->origin, sizeof q->origin, SHARING_RULE_BEGIN "%s", optarg);
		q->choice.rule = q->origin;
		return COMMAND_DONE;
	case 'r':
		q->choice.rule = optarg;
		return COMMAND_DONE;
	case 's':
		return parse_order(optarg, &q->choice.order);
	case 'w':
		q->watch = true;
		return COMMAND_DONE;
	default:
		return COMMAND_USAGE;
	}
}

static int parse(int argc, char **argv, const struct command_env *env, struct request *q)
{
	int status;

	if ((status = command_options(argc, argv, options, parse_option, q)) != COMMAND_DONE)
		return status;
	if (optind < argc)
		return command_no_word(argv[0], argv[optind]);
	if (q->allowed && (has_choice(&q->choice) || q->choice.order != QUERY_BY_UNTIL))
		return command_usage("list", "--allowed has no other order, and shows all");
	if (q->files && (q->allowed || q->watch || has_choice(&q->choice) || q->choice.order != QUERY_BY_UNTIL))
		return command_usage("list", "--files shows all, once, by address; 'why ADDRESS' has one");
	if (q->watch && env->json)
		return command_usage("list", "either --json or --watch; events --follow --json has what changes");
	return COMMAND_DONE;
}

/* Prints the suspended rules: clients that they would have blocked are missing above. */
static int print_suspended(struct store *store, struct why *why)
{
	struct query_suspension s;
	int rc;

	query_suspensions(store);
	while ((rc = query_next_suspension(store, &s, why)) == 0)
		(void)printf("%srule %s is SUSPENDED and blocks nobody: %s; 'watchforspammers resume %s'%s\n",
		             show_colour(SHOW_BAD), s.rule, s.why, s.rule, show_colour(SHOW_PLAIN));
	return rc < 0 ? rc : 0;
}

/* Prints the names that share a list: "auth, manual". */
static void print_names(const struct portlists *lists, size_t list)
{
	const char *between = "  to those of ";

	for (size_t i = 0; i < lists->n_names; i++)
		if (lists->names[i].list == list) {
			(void)printf("%s%s", between, lists->names[i].name);
			between = ", ";
		}
}

/* Prints which ports are closed to the clients, and which to those of some categories. */
static void print_ports(struct store *store, const struct config *config)
{
	const struct portlists *const lists = &config->firewall.ports;
	const char *reported = NULL;
	char ports[PORTLISTS_TEXT_MAX];
	struct why ignored;

	if (query_state(store, "ports", &reported, &ignored) != 0 || reported == NULL)
		return; /* unknown */
	config_ports_text(config, 0, ports);
	(void)printf("ports closed to them: %s\n", strcmp(ports, "none") == 0 ? "set by your own rules" : ports);
	for (size_t list = 1; list < lists->n && strcmp(ports, "none") != 0; list++) {
		config_ports_text(config, list, ports);
		print_names(lists, list);
		(void)printf(": %s\n", ports);
	}
}

/* Column widths; the reason gets the rest. */
struct widths {
	size_t n; /* rows */
	int address, until, hits, packets, rule;
	int bytes; /* 0: no column, since no row's bytes are known */
};

/* Writes "in 9m41s". */
static void until_text(const struct query_block *a, int64_t now_s, char out[static DURATION_TEXT_MAX + 3])
{
	char left[DURATION_TEXT_MAX];

	duration_short_text(a->until_s - now_s, left);
	(void)snprintf(out, DURATION_TEXT_MAX + 3, "in %s", left);
}

static void widen(int *width, size_t columns)
{
	if ((int)columns > *width)
		*width = (int)columns; /* columns of a screen */
}

static int measure(struct store *store, const struct request *q, int64_t now_s, struct widths *ret, struct why *why)
{
	struct query_block a;
	char text[DURATION_TEXT_MAX + 3];
	int rc;

	*ret = (struct widths){.address = sizeof "ADDRESS" - 1,
	                       .until = sizeof "UNTIL" - 1,
	                       .hits = sizeof "HITS" - 1,
	                       .packets = sizeof "DROPPED" - 1,
	                       .rule = sizeof "RULE" - 1};
	query_chosen(store, now_s, &q->choice);
	while ((rc = query_next_block(store, &a, why)) == 0) {
		until_text(&a, now_s, text);
		widen(&ret->address, strlen(a.address));
		widen(&ret->until, strlen(text));
		widen(&ret->hits, (size_t)snprintf(text, sizeof text, "%" PRId64, a.hits));
		widen(&ret->packets, (size_t)snprintf(text, sizeof text, "%" PRId64, a.packets));
		widen(&ret->rule, strlen(a.rule));
		if (a.bytes > 0)
			ret->bytes = sizeof "BYTES" - 1; /* no text of bytes is wider */
		ret->n++;
	}
	return rc < 0 ? rc : 0;
}

static void print_row(const struct query_block *a, int64_t now_s, const struct widths *w)
{
	enum { REASON_MIN = 8 };
	const size_t used = (size_t)(w->address + w->until + w->hits + w->packets + w->rule) + 5 * sizeof "  " - 5 +
	                    (w->bytes > 0 ? (size_t)w->bytes + sizeof "  " - 1 : 0);
	const size_t width = show_width();
	char until[DURATION_TEXT_MAX + 3], bytes[TRAFFIC_TEXT_MAX];

	until_text(a, now_s, until);
	traffic_text(a->packets, a->bytes, bytes);
	(void)printf("%-*s  %-*s  %*" PRId64 "  %*" PRId64 "  ", w->address, a->address, w->until, until, w->hits,
	             a->hits, w->packets, a->packets);
	if (w->bytes > 0)
		(void)printf("%*s  ", w->bytes, bytes);
	(void)printf("%-*s  ", w->rule, a->rule);
	show_piece(a->reason, width > used + REASON_MIN ? width - used : REASON_MIN);
	(void)putchar('\n');
}

static void print_columns(const struct widths *w)
{
	(void)printf("%s%-*s  %-*s  %*s  %*s  %s%-*s  REASON%s\n", show_colour(SHOW_HEADING), w->address, "ADDRESS",
	             w->until, "UNTIL", w->hits, "HITS", w->packets, "DROPPED", w->bytes > 0 ? "BYTES  " : "", w->rule,
	             "RULE", show_colour(SHOW_PLAIN));
}

/* Returns how many of n rows to print: all, unless the first ones would scroll out of the terminal. */
static size_t room(const struct request *q, size_t n)
{
	const size_t height = q->watch ? show_height() : 0;

	return height == 0 || n + ROWS_ELSE <= height ? n : height > ROWS_ELSE ? height - ROWS_ELSE : 1;
}

static int print_blocked(struct store *store, const struct config *config, const struct request *q, int64_t now_s,
                         struct why *why)
{
	const bool observes = config_observes(config);
	struct query_block a;
	struct widths w;
	size_t n = 0;
	int rc = measure(store, q, now_s, &w, why);

	if (rc < 0)
		return rc;
	if (w.n == 0)
		(void)printf("nobody %s blocked%s\n", observes ? "would be" : "is",
		             has_choice(&q->choice) ? " of whom you asked for" : "");
	else
		print_columns(&w);
	query_chosen(store, now_s, &q->choice);
	while (n < room(q, w.n) && (rc = query_next_block(store, &a, why)) == 0) {
		print_row(&a, now_s, &w);
		n++;
	}
	query_stop(store);
	if (rc < 0)
		return rc;
	if (n < w.n)
		(void)printf("... and %zu more\n", w.n - n);
	if (w.n > 0 && observes)
		(void)printf("they would be blocked; backend observe blocks nobody\n");
	else if (w.n > 0)
		print_ports(store, config);
	return print_suspended(store, why);
}

static int print_blocked_json(struct store *store, const struct config *config, const struct request *q, int64_t now_s,
                              struct why *why)
{
	struct query_block a;
	int rc;

	query_chosen(store, now_s, &q->choice);
	while ((rc = query_next_block(store, &a, why)) == 0)
		command_print_json(rows_block(&a, config));
	return rc < 0 ? rc : 0;
}

/* Prints the addresses allowed for a while, without those of the configuration. */
static int print_allowed(struct store *store, int64_t now_s, const struct command_env *env, struct why *why)
{
	struct query_allowance a;
	size_t n = 0;
	int rc;

	query_allowances(store, now_s);
	while ((rc = query_next_allowance(store, &a, why)) == 0) {
		json_t *const row = rows_allowance(&a);
		char until[TIME_LOCAL_MAX];

		if (env->json) {
			command_print_json(row);
			continue;
		}
		n++;
		time_local_text(a.until_s, env->utc, until);
		(void)printf("%s  until %s  %s", a.address, until, a.cause);
		if (a.reason[0] != '\0')
			(void)printf(": %s", json_string_value(json_object_get(row, "reason")));
		(void)putchar('\n');
		json_decref(row);
	}
	if (rc == STORE_NONE && !env->json && n == 0)
		(void)printf("no address is temporarily allowed\n");
	return rc < 0 ? rc : 0;
}

static int print_once(const struct config *config, const struct request *q, const struct command_env *env,
                      struct why *why)
{
	const int64_t now_s = clock_unix_s();
	struct store *store = NULL;
	int rc;

	if (!q->allowed) {
		daemon_warn_stopped(config);
		daemon_warn_waiting(config);
	}
	if ((rc = command_open_database(config, &store, why)) < 0)
		return rc;
	if (q->allowed)
		rc = print_allowed(store, now_s, env, why);
	else
		rc = env->json ? print_blocked_json(store, config, q, now_s, why)
		               : print_blocked(store, config, q, now_s, why);
	store_close(store);
	return rc;
}

/* Repeats the list until the output is closed: on a terminal in place, otherwise one below the other. */
static int watch(const struct config *config, const struct request *q, const struct command_env *env, struct why *why)
{
	static const struct timespec pause = {AGAIN_S, 0};
	const char *const again = isatty(STDOUT_FILENO) ? "\033[H\033[2J" : "\n"; /* ECMA-48: CUP, ED */
	const char *before = again[0] == '\n' ? "" : again;
	int rc;

	do {
		(void)fputs(before, stdout);
		(void)fflush(stdout); /* before anything is printed on standard error */
		rc = print_once(config, q, env, why);
		before = again;
	} while (rc == 0 && fflush(stdout) == 0 && !ferror(stdout) && nanosleep(&pause, NULL) == 0);
	return rc;
}

int command_list(int argc, char **argv, const struct command_env *env)
{
	struct request q = {.allowed = false};
	struct config *config;
	struct why why;
	int rc, status = parse(argc, argv, env, &q);

	if (status != COMMAND_DONE || (config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	if (q.files)
		rc = listed_print(config, env->json, &why);
	else
		rc = q.watch ? watch(config, &q, env, &why) : print_once(config, &q, env, &why);
	config_free(config);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}
