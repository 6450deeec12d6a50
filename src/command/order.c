/*
 * order: block, unblock, vote, test, reload, resume: what a person tells the daemon, over its control socket. test does
 * without a daemon: then it asks the database.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/show.h"
#include "control/protocol.h"
#include "pipeline/allowlist.h"
#include "pipeline/restore.h"

enum { LINE_ROOM = PROTOCOL_LINE_MAX + 2 }; /* with newline and NUL */

/* A request, as a line that protocol_parse takes. */
struct order {
	struct protocol_request request;
	size_t len;
	char line[LINE_ROOM]; /* with its newline */
};

/* --- from arguments to a line --- */

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

/* Which options a command takes: "--for D" becomes "for D". */
struct option {
	const char *name, *word;
	bool last; /* it takes the rest of the line */
};

static const struct option for_option = {"--for", "for", false};
static const struct option score_option = {"--score", "score", false};
static const struct option reason_option = {"--reason", "reason", true};

static const struct option *find_option(const struct option *const options[], const char *name)
{
	for (; *options != NULL; options++)
		if (strcmp((*options)->name, name) == 0)
			return *options;
	return NULL;
}

/* argv[0] and what follows, options behind the rest and the reason behind all. 0, or COMMAND_USAGE, said. */
static int compose(int argc, char **argv, const struct option *const options[], struct order *ret)
{
	struct order o = {.len = 0};
	const char *reason = NULL;
	bool fits = true;
	struct why why;

	for (int i = 0; i < argc; i++)
		if (i > 0 && strncmp(argv[i], "--", 2) == 0)
			i++; /* and its value, see below */
		else
			fits &= add(&o, argv[i]);
	for (int i = 1; i < argc; i++) {
		const struct option *option;

		if (strncmp(argv[i], "--", 2) != 0)
			continue;
		if ((option = find_option(options, argv[i])) == NULL)
			return command_usage(argv[0], "no such option here");
		if (++i == argc)
			return command_usage(argv[0], "%s wants a value", option->name);
		if (option->last)
			reason = argv[i];
		else
			fits &= add(&o, option->word) && add(&o, argv[i]);
	}
	if (reason != NULL)
		fits &= add(&o, "reason") && add(&o, reason);
	if (!fits)
		return command_usage(argv[0], "that is too long");
	/* The daemon would say the same; and a newline would be a second request. */
	if (protocol_parse((struct span){o.line, o.len}, &o.request, &why) < 0)
		return command_usage(argv[0], "%s", why.text);
	o.line[o.len++] = '\n';
	*ret = o;
	return 0;
}

/* --- what is printed --- */

static const char *string(const json_t *object, const char *key)
{
	const char *const text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

static void print_standing(const json_t *a, bool utc)
{
	char until[TIME_LOCAL_MAX];

	show_json_time(json_object_get(a, "until"), utc, until);
	if (json_is_true(json_object_get(a, "blocked")))
		(void)printf("%s is blocked until %s: %s\n", string(a, "address"), until, string(a, "why"));
	else
		(void)printf("%s is not blocked: %s\n", string(a, "address"), string(a, "why"));
}

static void print_lifted(const json_t *a)
{
	const json_t *const lifted = json_object_get(a, "lifted");
	size_t i;
	json_t *net;

	json_array_foreach(lifted, i, net)
		(void)printf("lifted the block of %s\n", json_string_value(net));
	if (json_integer_value(json_object_get(a, "more")) > 0)
		(void)printf("... and %" JSON_INTEGER_FORMAT " more\n", json_integer_value(json_object_get(a, "more")));
}

/* It is recorded, but the kernel does not have it. */
static void print_refused(const json_t *a)
{
	const json_int_t refused = json_integer_value(json_object_get(a, "refused"));

	if (refused <= 0)
		return;
	(void)fflush(stdout);
	(void)fprintf(stderr, "recorded, but %" JSON_INTEGER_FORMAT " of its entries the kernel does not hold: %s; it is tried again\n",
	              refused, string(a, "refused_why"));
}

static void print_answer(enum protocol_verb verb, const json_t *a, bool utc)
{
	char time[TIME_LOCAL_MAX];

	switch (verb) {
	case PROTOCOL_BLOCK:
		show_json_time(json_object_get(a, "until"), utc, time);
		(void)printf("%s is blocked until %s\n", string(a, "address"), time);
		print_refused(a);
		break;
	case PROTOCOL_UNBLOCK:
		print_lifted(a);
		if (json_array_size(json_object_get(a, "lifted")) == 0)
			(void)printf("%s was not blocked; what it did so far is forgotten\n", string(a, "address"));
		break;
	case PROTOCOL_BLACK:
		show_json_time(json_object_get(a, "white_since"), utc, time);
		if (json_is_false(json_object_get(a, "counted")))
			(void)printf("noted, but it counts nothing%s%s\n",
			             json_object_get(a, "white_since") != NULL ? ": a white vote stands against it, of " : "",
			             json_object_get(a, "white_since") != NULL ? time : "");
		print_standing(a, utc);
		print_refused(a);
		break;
	case PROTOCOL_WHITE:
		print_lifted(a);
		print_standing(a, utc);
		break;
	case PROTOCOL_TEST:
		print_standing(a, utc);
		break;
	case PROTOCOL_RELOAD:
		(void)printf("reloaded: %" JSON_INTEGER_FORMAT " %s\n", json_integer_value(json_object_get(a, "rules")),
		             plural(json_integer_value(json_object_get(a, "rules")), "rule", "rules"));
		break;
	case PROTOCOL_RESUME:
		(void)printf("rule %s counts again\n", string(a, "rule"));
		break;
	case PROTOCOL_LIST:
	case PROTOCOL_WHY:
	case PROTOCOL_STATUS:
	case PROTOCOL_AUTH:
	case PROTOCOL_COMPAT:
		break; /* have commands of their own, or none */
	}
}

/* Prints it, and says by the status whether it is a yes. */
static int take_answer(const struct order *o, const char *text, const struct command_env *env)
{
	json_t *const a = json_loads(text, 0, NULL);
	int status = COMMAND_DONE;
	struct why why;

	if (a == NULL) {
		(void)why_set(&why, EPROTO, "the daemon's answer is no JSON: is it of another version?");
		return command_fail(COMMAND_SYSTEM, &why);
	}
	if (env->json)
		(void)printf("%s\n", text);
	if (!json_is_true(json_object_get(a, "ok"))) {
		status = COMMAND_NO;
		(void)why_set(&why, EPERM, "%s", string(a, "error"));
		if (!env->json)
			(void)command_fail(status, &why);
	} else {
		if (!env->json)
			print_answer(o->request.verb, a, env->utc);
		if (o->request.verb == PROTOCOL_TEST && !json_is_true(json_object_get(a, "blocked")))
			status = COMMAND_NO;
		if (json_integer_value(json_object_get(a, "refused")) > 0)
			status = COMMAND_SYSTEM;
	}
	json_decref(a);
	return status;
}

/* --- without a daemon --- */

static int ask_database(const struct order *o, const struct config *config, const struct command_env *env)
{
	const int64_t now_s = clock_unix_s();
	struct allowlist *const allowlist = allowlist_new(config);
	struct admin admin = {.config = config};
	struct verdict *verdict = NULL;
	struct admin_todo ignored;
	struct answer *answer;
	int status = COMMAND_SYSTEM;
	struct why why;

	if ((answer = malloc(sizeof *answer)) == NULL)
		abort();
	if ((admin.store = command_database(config)) == NULL)
		goto out;
	if (audit_open(admin.store, &admin.audit, &why) < 0 ||
	    restore_verdict(admin.store, config, NULL, allowlist, true, now_s, &verdict, &why) < 0) {
		(void)command_fail(COMMAND_SYSTEM, &why);
		goto out;
	}
	admin.verdict = verdict;
	daemon_warn_stopped(config);
	admin_run(&admin, &o->request, "", now_s, answer, &ignored);
	answer->text[answer->len - 1] = '\0'; /* the newline */
	status = take_answer(o, answer->text, env);
out:
	audit_close(admin.audit);
	verdict_free(verdict);
	store_close(admin.store);
	allowlist_free(allowlist);
	free(answer);
	return status;
}

/* --- the commands --- */

static int send_order(const struct order *o, const struct command_env *env)
{
	const bool reading = protocol_is_reading(o->request.verb);
	int status = COMMAND_SYSTEM, fd, rc;
	struct config *config;
	char *text = NULL;
	struct why why;

	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	rc = fd = daemon_connect(config, reading, &why);
	if (rc >= 0)
		rc = daemon_ask(fd, o->line, o->len, &text, &why);
	if (rc >= 0)
		status = take_answer(o, text, env);
	else if (reading && fd < 0)
		status = ask_database(o, config, env);
	else
		status = command_fail(COMMAND_SYSTEM, &why);
	if (fd >= 0)
		(void)close(fd);
	free(text);
	config_free(config);
	return status;
}

static int run(int argc, char **argv, const struct option *const options[], const struct command_env *env)
{
	struct order o = {0};
	const int status = compose(argc, argv, options, &o);

	return status != 0 ? status : send_order(&o, env);
}

int command_block(int argc, char **argv, const struct command_env *env)
{
	static const struct option *const options[] = {&for_option, &reason_option, NULL};

	return run(argc, argv, options, env);
}

int command_unblock(int argc, char **argv, const struct command_env *env)
{
	static const struct option *const options[] = {&reason_option, NULL};

	return run(argc, argv, options, env);
}

int command_vote(int argc, char **argv, const struct command_env *env)
{
	static const struct option *const options[] = {&score_option, &reason_option, NULL};

	return run(argc, argv, options, env);
}

/* test, reload, resume: without options. */
int command_order(int argc, char **argv, const struct command_env *env)
{
	static const struct option *const options[] = {NULL};

	return run(argc, argv, options, env);
}
