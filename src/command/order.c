/*
 * order: block, unblock, allow, disallow, vote, test, reload, resume, note: sends orders to the daemon over its
 * control socket. test also works without a daemon: it then reads the database.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/show.h"
#include "control/protocol.h"
#include "firewall/client.h"
#include "pipeline/allowlist.h"
#include "pipeline/reconcile.h"
#include "pipeline/restore.h"

enum { LINE_ROOM = PROTOCOL_LINE_MAX + 2 }; /* with newline and NUL */

/* A request, as a line that protocol_parse accepts. */
struct order {
	struct protocol_request request;
	size_t len;
	char line[LINE_ROOM]; /* ends with its newline */
};

/* --- arguments to request lines --- */

static bool add(struct order *o, const char *word)
{
	const size_t len = strlen(word), blank = o->len > 0;

	if (o->len + blank + len > PROTOCOL_LINE_MAX)
		return false;
	if (blank)
		o->line[o->len++] = ' ';
	memcpy(o->line + o->len, word, len);
	o->len += len;
	return true;
}

/* Options: "--for D" becomes "for D" after the address. */
enum word {
	FOR,
	SCORE,
	REASON, /* takes the rest of the line, so it comes last */
	ALL,    /* instead of an address */
	N_OPTIONS,
};

static const char *const options[N_OPTIONS] = {
	[FOR] = "--for", [SCORE] = "--score", [REASON] = "--reason", [ALL] = "--all"};

static const struct shape {
	const char *command;
	/* words before the addresses, each of which makes an order of its own; 0: all words make one order */
	size_t before;
	bool may[N_OPTIONS];
} shapes[] = {
	{"block", 1, {[FOR] = true, [REASON] = true}},
	{"unblock", 1, {[REASON] = true, [ALL] = true}},
	{"allow", 1, {[FOR] = true, [REASON] = true}},
	{"disallow", 1, {[REASON] = true}},
	{"vote", 2, {[SCORE] = true, [REASON] = true}},
	{"add", 0, {[FOR] = true, [REASON] = true}},
	{"del", 0, {[REASON] = true}},
	{"test", 0, {0}},
	{"reload", 0, {0}},
	{"resume", 0, {0}},
	{"note", 0, {0}},
};

/* The arguments, separated into words and options. */
struct sorted {
	const struct shape *shape;
	size_t n;
	char **words;                  /* from the arguments; the command's name first */
	const char *values[N_OPTIONS]; /* NULL: not given */
};

static const struct shape *shape_of(const char *command)
{
	size_t i = 0;

	while (strcmp(shapes[i].command, command) != 0)
		i++; /* main's table has no other names */
	return &shapes[i];
}

static int refuse_option(const struct shape *shape, const char *word)
{
	const char *known[N_OPTIONS + 1];
	size_t n = 0;

	for (size_t i = 0; i < N_OPTIONS; i++)
		if (shape->may[i])
			known[n++] = options[i];
	known[n] = NULL;
	return command_no_option(shape->command, word, known);
}

/* Separates the arguments. Returns 0, or COMMAND_USAGE after reporting. words: capacity for argc. */
static int sort(int argc, char **argv, char **words, struct sorted *ret)
{
	*ret = (struct sorted){.shape = shape_of(argv[0]), .words = words};
	for (int i = 0; i < argc; i++) {
		size_t option = 0;

		if (strncmp(argv[i], "--", 2) != 0) {
			words[ret->n++] = argv[i];
			continue;
		}
		while (option < N_OPTIONS && !(ret->shape->may[option] && strcmp(argv[i], options[option]) == 0))
			option++;
		if (option == N_OPTIONS)
			return refuse_option(ret->shape, argv[i]);
		if (option != ALL && ++i == argc)
			return command_usage(argv[0], "%s needs a value", options[option]);
		ret->values[option] = argv[i];
	}
	return 0;
}

/*
 * Composes one order from the first n_words, then net ("": none), then the options. Returns 0, or COMMAND_USAGE after
 * reporting.
 */
static int compose(const struct sorted *s, size_t n_words, const char *net, struct order *ret)
{
	static const char *const words[N_OPTIONS] = {[FOR] = "for", [SCORE] = "score", [REASON] = "reason"};
	struct order o = {.len = 0};
	bool fits = true;
	struct why why;

	for (size_t i = 0; i < n_words; i++)
		fits &= add(&o, s->words[i]);
	if (net[0] != '\0')
		fits &= add(&o, net);
	for (size_t i = 0; i < N_OPTIONS; i++)
		if (i != ALL && s->values[i] != NULL)
			fits &= add(&o, words[i]) && add(&o, s->values[i]);
	if (!fits)
		return command_usage(s->words[0], "that is too long");
	/* The daemon would reply the same. Also, a newline in a word would start a second request. */
	if (protocol_parse((struct span){o.line, o.len}, &o.request, &why) < 0)
		return command_usage(s->words[0], "%s", why.text);
	o.line[o.len++] = '\n';
	*ret = o;
	return 0;
}

/* Composes an order for every address before any is sent. out: capacity for as many orders as there are words. */
static int compose_all(const struct sorted *s, struct order *out, size_t *ret_n)
{
	const size_t before = s->shape->before;
	int status = 0;

	*ret_n = 0;
	if (s->values[ALL] != NULL && s->n > before)
		return command_usage(s->words[0], "either --all or addresses");
	if (before == 0 || s->n <= before) {
		*ret_n = 1;
		return compose(s, s->n, s->values[ALL] != NULL ? "all" : "", out);
	}
	for (size_t i = before; i < s->n && status == 0; i++) {
		char text[NET_TEXT_MAX];
		struct net net;
		struct why why;

		if (protocol_net((struct span){s->words[i], strlen(s->words[i])}, &net, &why) < 0)
			return command_usage(s->words[0], "%s", why.text);
		(void)net_text(&net, text);
		status = compose(s, before, text, &out[(*ret_n)++]);
	}
	return status;
}

/* --- printing --- */

static const char *string(const json_t *object, const char *key)
{
	const char *const text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

static void print_blockstate(const json_t *a, bool utc)
{
	char until[TIME_LOCAL_MAX];

	show_json_time(json_object_get(a, "until"), utc, until);
	if (json_is_true(json_object_get(a, "blocked")) && json_is_null(json_object_get(a, "until")))
		(void)printf("%s is blocked: %s\n", string(a, "address"), string(a, "why"));
	else if (json_is_true(json_object_get(a, "blocked")))
		(void)printf("%s is blocked until %s: %s\n", string(a, "address"), until, string(a, "why"));
	else if (json_is_string(json_object_get(a, "allowed_by"))) {
		(void)printf("%s is not blocked: ", string(a, "address"));
		show_allowed(a, utc);
	} else
		(void)printf("%s is not blocked: %s\n", string(a, "address"), string(a, "why"));
}

static void print_lifted(const json_t *a)
{
	const json_t *const lifted = json_object_get(a, "lifted");
	size_t i;
	json_t *net;

	json_array_foreach(lifted, i, net)(void) printf("lifted the block of %s\n", json_string_value(net));
	if (json_integer_value(json_object_get(a, "more")) > 0)
		(void)printf("... and %" JSON_INTEGER_FORMAT " more\n", json_integer_value(json_object_get(a, "more")));
}

/* Prints that an external list has the address, which no order changes. */
static void print_still_listed(const json_t *a)
{
	const json_t *const listed = json_object_get(a, "listed");

	if (!json_is_object(listed))
		return;
	(void)fflush(stdout);
	(void)fprintf(stderr,
	              "it stays blocked: listed in %s:%" JSON_INTEGER_FORMAT
	              " as %s; remove that line, or allow the address\n",
	              string(listed, "file"), json_integer_value(json_object_get(listed, "line")),
	              string(listed, "address"));
}

/* Prints that the block is recorded, but the kernel refused it. */
static void print_refused(const json_t *a)
{
	const json_int_t refused = json_integer_value(json_object_get(a, "refused"));

	if (refused <= 0)
		return;
	(void)fflush(stdout);
	(void)fprintf(stderr,
	              "recorded, but the kernel rejected %" JSON_INTEGER_FORMAT
	              " of its entries: %s; this is retried\n",
	              refused, string(a, "refused_why"));
}

/* Prints why a vote did not count. */
static void print_counted(const json_t *a, bool utc)
{
	const json_t *const white = json_object_get(a, "white_since");
	char time[TIME_LOCAL_MAX];

	if (!json_is_false(json_object_get(a, "counted")))
		return;
	show_json_time(white, utc, time);
	(void)printf("recorded, but not counted%s%s\n", white != NULL ? ": overridden by the white vote of " : "",
	             white != NULL ? time : "");
}

static void print_unblocked(const json_t *a)
{
	print_lifted(a);
	if (json_array_size(json_object_get(a, "lifted")) == 0)
		(void)printf("%s was not blocked%s; its score was reset\n", string(a, "address"),
		             json_is_object(json_object_get(a, "listed")) ? " by a rule or by hand" : "");
	print_still_listed(a);
}

static void print_reply(enum protocol_verb verb, const json_t *a, bool utc)
{
	const json_int_t n_lifted = json_integer_value(json_object_get(a, "n_lifted"));
	char time[TIME_LOCAL_MAX];

	switch (verb) {
	case PROTOCOL_BLOCK:
		show_json_time(json_object_get(a, "until"), utc, time);
		(void)printf("%s is blocked until %s\n", string(a, "address"), time);
		print_refused(a);
		break;
	case PROTOCOL_UNBLOCK:
		print_unblocked(a);
		break;
	case PROTOCOL_UNBLOCK_ALL:
		(void)printf("lifted %" JSON_INTEGER_FORMAT " %s\n", n_lifted, plural(n_lifted, "block", "blocks"));
		break;
	case PROTOCOL_ALLOW:
		print_lifted(a);
		show_json_time(json_object_get(a, "allowed_until"), utc, time);
		(void)printf("%s is allowed until %s\n", string(a, "address"), time);
		break;
	case PROTOCOL_DISALLOW:
		(void)printf("%s is not allowed any more\n", string(a, "address"));
		print_blockstate(a, utc);
		break;
	case PROTOCOL_BLACK:
		print_counted(a, utc);
		print_blockstate(a, utc);
		print_refused(a);
		break;
	case PROTOCOL_WHITE:
		print_lifted(a);
		print_blockstate(a, utc);
		break;
	case PROTOCOL_TEST:
		print_blockstate(a, utc);
		break;
	case PROTOCOL_RELOAD:
		(void)printf("reloaded: %" JSON_INTEGER_FORMAT " %s\n", json_integer_value(json_object_get(a, "rules")),
		             plural(json_integer_value(json_object_get(a, "rules")), "rule", "rules"));
		break;
	case PROTOCOL_RESUME:
		(void)printf("rule %s is active again\n", string(a, "rule"));
		break;
	case PROTOCOL_NOTE:
		(void)printf("noted\n");
		break;
	case PROTOCOL_LIST:
	case PROTOCOL_WHY:
	case PROTOCOL_STATUS:
	case PROTOCOL_WATCH:
	case PROTOCOL_PEER:
	case PROTOCOL_SENT:
	case PROTOCOL_FOREIGN:
	case PROTOCOL_AUTH:
	case PROTOCOL_COMPAT:
		break; /* have their own commands, or none */
	}
}

/* Prints the reply. Returns the status: whether the answer is yes. */
static int handle_reply(const struct order *o, json_t *a, const struct command_env *env)
{
	int status = COMMAND_DONE;
	struct why why;

	if (env->json)
		command_print_json(json_incref(a));
	if (!json_is_true(json_object_get(a, "ok"))) {
		status = COMMAND_NO;
		(void)why_set(&why, EPERM, "%s", string(a, "error"));
		if (!env->json)
			(void)command_fail(status, &why);
	} else {
		if (!env->json)
			print_reply(o->request.verb, a, env->utc);
		if (o->request.verb == PROTOCOL_TEST && !json_is_true(json_object_get(a, "blocked")))
			status = COMMAND_NO;
		if (json_integer_value(json_object_get(a, "refused")) > 0)
			status = COMMAND_SYSTEM;
	}
	return status;
}

/* --- without a daemon --- */

static int ask_database(const struct order *o, const struct config *config, const struct command_env *env)
{
	const int64_t now_s = clock_unix_s();
	const struct net network = verdict_network(&o->request.net.addr);
	struct allowlist *const allowlist = allowlist_new(config);
	struct admin admin = {.config = config};
	struct verdict *verdict = NULL;
	struct admin_todo ignored;
	json_t *const reply = reply_new();
	int status = COMMAND_SYSTEM;
	struct client client;
	struct why why;

	if ((admin.store = command_database(config)) == NULL)
		goto out;
	client_init(&client, -1); /* the kernel is neither changed nor queried: everything comes from the database */
	admin.reconcile = reconcile_new(admin.store, &config->firewall.ports, &client, 0, now_s);
	if (restore_verdict(&(struct restore_from){.store = admin.store,
	                                           .config = config,
	                                           .allowlist = allowlist,
	                                           .only = &network,
	                                           .live = true},
	                    now_s, &verdict, &why) < 0) {
		(void)command_fail(COMMAND_SYSTEM, &why);
		goto out;
	}
	admin.verdict = verdict;
	daemon_warn_stopped(config);
	admin_run(&admin, &o->request, "", now_s, reply, &ignored);
	status = handle_reply(o, reply, env);
out:
	reconcile_free(admin.reconcile);
	verdict_free(verdict);
	store_close(admin.store);
	allowlist_free(allowlist);
	json_decref(reply);
	return status;
}

/* --- the command --- */

/* Sends the orders one by one on one connection. *ret_n: how many were answered. Returns the worst status. */
static int send_orders(int fd, const struct order *admin, size_t n, const struct command_env *env, size_t *ret_n,
                       struct why *why)
{
	int status = COMMAND_DONE;

	for (*ret_n = 0; *ret_n < n; ++*ret_n) {
		const struct order *const o = &admin[*ret_n];
		json_t *reply;
		int one;

		if (daemon_ask(fd, o->line, o->len, &reply, why) < 0)
			return COMMAND_SYSTEM;
		one = handle_reply(o, reply, env);
		json_decref(reply);
		if (one > status)
			status = one;
	}
	return status;
}

/* Reports that orders[done] and those after it were not answered; lists them if others were. */
static int report_undone(const struct order *admin, size_t n, size_t done, const struct why *why)
{
	char net[NET_TEXT_MAX];
	struct why all;

	if (n == 1)
		return command_fail(COMMAND_SYSTEM, why);
	(void)net_text(&admin[done].request.net, net);
	(void)why_set(&all, EPIPE, "%s; not done: %s%s", why->text, net, n - done > 1 ? " and those after it" : "");
	return command_fail(COMMAND_SYSTEM, &all);
}

static int run(const struct order *admin, size_t n, const struct command_env *env)
{
	const bool reading = protocol_is_reading(admin[0].request.verb);
	int status = COMMAND_SYSTEM, fd;
	struct config *config;
	size_t done;
	struct why why;

	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	fd = daemon_connect(config, reading, &why);
	if (fd >= 0) {
		status = send_orders(fd, admin, n, env, &done, &why);
		if (done < n)
			status = report_undone(admin, n, done, &why);
		(void)close(fd);
	} else if (reading) {
		status = ask_database(&admin[0], config, env); /* only test, with one address */
	} else {
		status = command_fail(COMMAND_SYSTEM, &why);
	}
	config_free(config);
	return status;
}

int command_order(int argc, char **argv, const struct command_env *env)
{
	char **const words = alloc_zero((size_t)argc, sizeof *words, "a request");
	struct order *const admin = alloc_zero((size_t)argc, sizeof *admin, "a request");
	struct sorted sorted;
	size_t n = 0;
	int status;

	status = sort(argc, argv, words, &sorted);
	if (status == 0)
		status = compose_all(&sorted, admin, &n);
	if (status == 0)
		status = run(admin, n, env);
	free(admin);
	free(words);
	return status;
}
