/* why: prints all that is known about an address or a network. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/rows.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "base/traffic.h"
#include "command/command.h"
#include "command/daemon.h"
#include "command/show.h"
#include "control/protocol.h"
#include "store/query.h"

enum {
	HITS_SHOWN = 20,
	JSON_MAX = 1000, /* of a network, for programs, without --all */
};

struct request {
	struct net net;
	char address[NET_TEXT_MAX];
	bool all, observes;
};

/* Returns whether a block covers all of net, not only a part of it. */
static bool covers(const char *block, const struct net *net)
{
	struct net of;

	return net_parse(block, strlen(block), &of) && of.len <= net->len;
}

static const char *string(const json_t *object, const char *key)
{
	const char *const text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

/* Returns the active block that lasts longest; NULL if there is none. */
static const json_t *find_active(const struct request *q, const json_t *blocks)
{
	const json_t *found = NULL;
	size_t i;
	json_t *row;

	json_array_foreach(blocks, i, row) if (json_is_null(json_object_get(row, "ended_by")) &&
	                                       covers(string(row, "address"), &q->net) &&
	                                       (found == NULL ||
	                                        strcmp(string(row, "until"), string(found, "until")) > 0)) found = row;
	return found;
}

/*
 * Adds what only the daemon's memory holds: how near the address is to a block, where others list it, and what is not
 * written yet. All are null if no daemon runs or it may not be queried. Whether the address is blocked is what the
 * daemon says, if it does.
 */
static void put_blockstate(json_t *known, const struct config *config, const struct request *q)
{
	static const char *const keys[] = {"allowed", "score",  "threshold", "proven", "elsewhere",
	                                   "offence", "listed", "why",       "waiting"};
	static const char *const current[] = {"blocked", "until", "by"};
	struct why ignored;
	char line[NET_TEXT_MAX + sizeof "test \n"];
	const int len = snprintf(line, sizeof line, "test %s\n", q->address);
	const int fd = daemon_connect(config, true, &ignored);
	json_t *reply = NULL;

	if (fd >= 0) {
		(void)daemon_ask(fd, line, (size_t)len, &reply, &ignored);
		(void)close(fd);
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		json_t *const value = json_object_get(reply, keys[i]);

		json_put(known, keys[i], value != NULL ? json_incref(value) : json_null());
	}
	for (size_t i = 0; i < sizeof current / sizeof *current; i++)
		if (json_object_get(reply, current[i]) != NULL)
			json_put(known, current[i], json_incref(json_object_get(reply, current[i])));
	json_decref(reply);
}

/* Collects into known what both forms of output print. */
static int gather(struct store *store, const struct config *config, const struct request *q,
                  const struct rows_bound *bound, json_t *known, struct why *why)
{
	struct query_allowance allowance;
	const json_t *active;
	const int64_t now_s = clock_unix_s();
	int rc = rows_put_history(known, config, store, &q->net, now_s, bound, why);

	if (rc < 0 || (rc = query_allowance(store, &q->net, now_s, &allowance, why)) < 0)
		return rc;
	active = find_active(q, json_object_get(known, "blocks"));
	json_put_text(known, "address", q->address);
	json_put_bool(known, "blocked", active != NULL);
	json_put_text(known, "until", active != NULL ? string(active, "until") : NULL);
	json_put_text(known, "by", active != NULL ? string(active, "address") : NULL);
	rows_put_allowed(known, rc == 0 ? &allowance : NULL);
	return 0;
}

static void print_block(const struct request *q, const json_t *row, bool utc)
{
	const json_int_t packets = json_integer_value(json_object_get(row, "packets"));
	char since[TIME_LOCAL_MAX], until[TIME_LOCAL_MAX], knocked[TIME_LOCAL_MAX], dropped[TRAFFIC_PHRASE_MAX];

	show_json_time(json_object_get(row, "since"), utc, since);
	show_json_time(json_object_get(row, "until"), utc, until);
	(void)printf("  %s to %s, offence %" JSON_INTEGER_FORMAT "\n      %s (%s)\n", since, until,
	             json_integer_value(json_object_get(row, "offence")), string(row, "reason"), string(row, "rule"));
	if (!json_is_null(json_object_get(row, "ended_by")))
		(void)printf("      ended: %s\n", string(row, "ended_by"));
	if (strcmp(string(row, "address"), q->address) != 0)
		(void)printf("      as %s\n", string(row, "address"));
	show_json_time(json_object_get(row, "knocked"), utc, knocked);
	if (packets == 0)
		return;
	traffic_phrase(packets, json_integer_value(json_object_get(row, "bytes")), dropped);
	(void)printf("      dropped: %s, last %s\n", dropped, knocked);
}

/* Explains why a failed login counts differently from what its rule says. */
static const char *weight_text(const char *weight)
{
	static const char *const texts[][2] = {
		{"repeated", "nothing more: repeats one of the last ten minutes, perhaps of another log"},
		{"quarter", "a quarter: logged in to this account within 31 days"},
		{"double", "double: many networks are trying this account"},
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (strcmp(weight, texts[i][0]) == 0)
			return texts[i][1];
	return NULL;
}

static void print_hit(const struct request *q, const json_t *row, bool utc)
{
	char time[TIME_LOCAL_MAX];

	show_json_time(json_object_get(row, "time"), utc, time);
	(void)printf("  %s  score %" JSON_INTEGER_FORMAT "  %s (%s)\n      %s\n", time,
	             json_integer_value(json_object_get(row, "score")), string(row, "reason"), string(row, "rule"),
	             string(row, "text"));
	if (strcmp(string(row, "address"), q->address) != 0)
		(void)printf("      from %s\n", string(row, "address"));
	if (weight_text(string(row, "weight")) != NULL)
		(void)printf("      counts %s\n", weight_text(string(row, "weight")));
}

static void print_address(const json_t *row, bool utc)
{
	const json_int_t hits = json_integer_value(json_object_get(row, "hits"));
	char first[TIME_LOCAL_MAX], last[TIME_LOCAL_MAX];

	show_json_time(json_object_get(row, "first"), utc, first);
	show_json_time(json_object_get(row, "last"), utc, last);
	(void)printf("  %s  %" JSON_INTEGER_FORMAT " %s\n      %s to %s\n", string(row, "address"), hits,
	             plural(hits, "hit", "hits"), first, last);
}

static void print_blocked(const struct request *q, const json_t *known, bool utc)
{
	const json_t *const time = json_object_get(known, "until");
	char until[TIME_LOCAL_MAX], left[DURATION_TEXT_MAX];
	int64_t until_s;

	if (!json_is_string(time) || !time_parse(json_string_value(time), true, &until_s)) {
		if (json_is_true(json_object_get(known, "blocked"))) /* as long as it is listed */
			(void)printf("%s%s %s blocked%s\n", show_colour(SHOW_BAD), q->address,
			             q->observes ? "would be" : "is", show_colour(SHOW_PLAIN));
		else
			(void)printf("%s%s %s blocked%s\n", show_colour(SHOW_GOOD), q->address,
			             q->observes ? "would not be" : "is not", show_colour(SHOW_PLAIN));
		return;
	}
	show_json_time(time, utc, until);
	duration_short_text(until_s - clock_unix_s(), left);
	(void)printf("%s%s %s blocked until %s (in %s)%s\n", show_colour(SHOW_BAD), q->address,
	             q->observes ? "would be" : "is", until, left, show_colour(SHOW_PLAIN));
}

static void print_listed(const json_t *listed)
{
	if (json_is_object(listed))
		(void)printf("listed in %s:%" JSON_INTEGER_FORMAT " as %s\n", string(listed, "file"),
		             json_integer_value(json_object_get(listed, "line")), string(listed, "address"));
}

static void print_waiting(const json_t *waiting)
{
	char text[DAEMON_WAITING_MAX];

	if (daemon_waiting_text(waiting, text))
		show_wrapped("", 0, text);
}

static void print_heading(const char *text)
{
	(void)printf("\n%s%s%s\n", show_colour(SHOW_HEADING), text, show_colour(SHOW_PLAIN));
}

static void print_text(const struct request *q, const json_t *known, bool utc)
{
	const json_t *const blocks = json_object_get(known, "blocks"), *const hits = json_object_get(known, "hits");
	const json_t *const addresses = json_object_get(known, "addresses"); /* of a network */
	size_t i;
	json_t *row;

	print_blocked(q, known, utc);
	print_listed(json_object_get(known, "listed"));
	print_waiting(json_object_get(known, "waiting"));
	if (!json_is_null(json_object_get(known, "allowed_by")))
		show_allowed(known, utc);
	if (json_array_size(addresses) > 0)
		print_heading("addresses, most hits first");
	json_array_foreach(addresses, i, row) print_address(row, utc);
	if (json_array_size(blocks) > 0)
		print_heading("blocks, newest first");
	json_array_foreach(blocks, i, row) print_block(q, row, utc);
	if (json_array_size(hits) > 0)
		print_heading("hits, newest first");
	json_array_foreach(hits, i, row) print_hit(q, row, utc);
	if (!q->all &&
	    (json_array_size(hits) == HITS_SHOWN || (q->net.len < 128 && json_array_size(blocks) == HITS_SHOWN)))
		(void)printf("  ... --all shows all\n");
}

static bool is_known(const json_t *known)
{
	return json_array_size(json_object_get(known, "hits")) > 0 ||
	       json_array_size(json_object_get(known, "blocks")) > 0 ||
	       json_is_string(json_object_get(known, "allowed_by")) ||
	       json_is_object(json_object_get(known, "listed")) || json_is_object(json_object_get(known, "waiting"));
}

static int answer(struct store *store, const struct config *config, const struct request *q,
                  const struct command_env *env)
{
	const bool one = q->net.len == 128;
	const size_t most = q->all ? 0 : !env->json ? HITS_SHOWN : one ? 0 : JSON_MAX;
	const struct rows_bound bound = {{.rows = one ? 0 : most}, {.rows = most}, SIZE_MAX};
	json_t *const known = alloc_check(json_object(), 0, "JSON");
	struct why why;
	bool any = false;
	const int rc = gather(store, config, q, &bound, known, &why);

	if (rc == 0)
		put_blockstate(known, config, q);
	any = rc == 0 && is_known(known);
	if (rc == 0 && env->json)
		command_print_json(json_incref(known));
	else if (any)
		print_text(q, known, env->utc);
	else if (rc == 0)
		(void)printf("nothing is known of %s\n", q->address);
	json_decref(known);
	if (rc < 0)
		return command_fail(COMMAND_SYSTEM, &why);
	return any ? COMMAND_DONE : COMMAND_NO;
}

int command_why(int argc, char **argv, const struct command_env *env)
{
	static const char *const options[] = {"--all", NULL};
	struct request q = {0};
	int status = COMMAND_SYSTEM;
	const char *word = NULL;
	struct config *config;
	struct store *store = NULL;
	struct why why;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--all") == 0)
			q.all = true;
		else if (argv[i][0] == '-')
			return command_no_option(argv[0], argv[i], options);
		else if (word != NULL)
			return command_no_word(argv[0], argv[i]);
		else
			word = argv[i];
	}
	if (word == NULL)
		return command_usage(argv[0], "which address?");
	if (protocol_net((struct span){word, strlen(word)}, &q.net, &why) < 0)
		return command_usage(argv[0], "%s", why.text);
	(void)net_text(&q.net, q.address);
	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	q.observes = config_observes(config);
	if ((store = command_database(config)) == NULL)
		status = COMMAND_SYSTEM;
	else
		status = answer(store, config, &q, env);
	store_close(store);
	config_free(config);
	return status;
}
