/* why: all that is known of an address or a network. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/duration.h"
#include "base/plural.h"
#include "command/command.h"
#include "control/protocol.h"
#include "command/show.h"
#include "store/query.h"

enum {
	HITS_SHOWN = 20,
	JSON_MAX = 1000, /* of a network, for programs, without --all */
};

struct request {
	struct net net;
	char address[NET_TEXT_MAX];
	bool all;
};

/* What both forms print from. */
struct known {
	json_t *hits, *blocks;
	bool allowed; /* for a while, as allowance says */
	struct query_allowance allowance;
	int64_t until_s; /* of a running block; 0: none */
};

/* A block of it as a whole, not of something in it. */
static bool covers(const char *block, const struct net *net)
{
	struct net of;

	return net_parse(block, strlen(block), &of) && of.len <= net->len;
}

static int find_allowance(struct store *store, const struct request *q, struct known *ret, struct why *why)
{
	const int rc = query_allowance(store, &q->net, clock_unix_s(), &ret->allowance, why);

	ret->allowed = rc == 0;
	return rc < 0 ? rc : 0;
}

static int gather(struct store *store, const struct request *q, size_t n_max, struct known *ret, struct why *why)
{
	struct query_block b;
	struct query_hit h;
	int rc;

	ret->hits = json_array();
	ret->blocks = json_array();
	query_hits(store, &q->net, (struct query_bound){.rows = n_max});
	while ((rc = query_next_hit(store, &h, why)) == 0)
		(void)json_array_append_new(
			ret->hits, json_pack("{s:o, s:s, s:I, s:s?, s:s, s:I, s:s, s:s, s:s}", "time", command_json_time(h.time_s),
		                             "rule", h.rule, "score", (json_int_t)h.score, "detail", h.detail, "file", h.file,
		                             "offset", (json_int_t)h.offset, "text", h.text, "reason", h.reason, "address", h.address));
	if (rc < 0)
		return rc;
	query_blocks(store, &q->net, clock_unix_s(), (struct query_bound){.rows = q->net.len == 128 ? 0 : n_max});
	while ((rc = query_next_block(store, &b, why)) == 0) {
		(void)json_array_append_new(
			ret->blocks, json_pack("{s:o, s:o, s:I, s:s?, s:s, s:s, s:s, s:I, s:o}", "since", command_json_time(b.since_s),
		                               "until", command_json_time(b.until_s), "offence", (json_int_t)b.offence, "ended_by",
		                               b.ended_by, "rule", b.rule, "reason", b.reason, "address", b.address, "knocks",
		                               (json_int_t)b.knocks, "knocked", command_json_time(b.knocked_s)));
		if (b.ended_by == NULL && b.until_s > ret->until_s && covers(b.address, &q->net))
			ret->until_s = b.until_s;
	}
	return rc < 0 ? rc : find_allowance(store, q, ret, why);
}

static const char *string(const json_t *object, const char *key)
{
	const char *const text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "-";
}

static void print_block(const struct request *q, const json_t *row, bool utc)
{
	const json_int_t knocks = json_integer_value(json_object_get(row, "knocks"));
	char since[TIME_LOCAL_MAX], until[TIME_LOCAL_MAX], knocked[TIME_LOCAL_MAX];

	show_json_time(json_object_get(row, "since"), utc, since);
	show_json_time(json_object_get(row, "until"), utc, until);
	(void)printf("  %s to %s, offence %" JSON_INTEGER_FORMAT "\n      %s (%s)\n", since, until,
	             json_integer_value(json_object_get(row, "offence")), string(row, "reason"), string(row, "rule"));
	if (!json_is_null(json_object_get(row, "ended_by")))
		(void)printf("      ended: %s\n", string(row, "ended_by"));
	if (strcmp(string(row, "address"), q->address) != 0)
		(void)printf("      as %s\n", string(row, "address"));
	show_json_time(json_object_get(row, "knocked"), utc, knocked);
	if (knocks > 0)
		(void)printf("      packets dropped: seen %" JSON_INTEGER_FORMAT " %s, last %s\n", knocks,
		             plural(knocks, "time", "times"), knocked);
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
}

static void print_text(const struct request *q, const struct known *k, bool utc)
{
	size_t i;
	json_t *row;

	if (k->until_s > 0) {
		char until[TIME_LOCAL_MAX], left[DURATION_TEXT_MAX];

		time_local_text(k->until_s, utc, until);
		duration_short_text(k->until_s - clock_unix_s(), left);
		(void)printf("%s is blocked until %s (in %s)\n", q->address, until, left);
	} else {
		(void)printf("%s is not blocked\n", q->address);
	}
	if (k->allowed) {
		char until[TIME_LOCAL_MAX];

		time_local_text(k->allowance.until_s, utc, until);
		(void)printf("allowed (%s) until %s, as %s%s%s\n", k->allowance.cause, until, k->allowance.address,
		             k->allowance.reason[0] != '\0' ? ": " : "", k->allowance.reason);
	}
	if (json_array_size(k->blocks) > 0)
		(void)printf("\nblocks, newest first\n");
	json_array_foreach(k->blocks, i, row)
		print_block(q, row, utc);
	if (json_array_size(k->hits) > 0)
		(void)printf("\nhits, newest first\n");
	json_array_foreach(k->hits, i, row)
		print_hit(q, row, utc);
	if (!q->all && (json_array_size(k->hits) == HITS_SHOWN || (q->net.len < 128 && json_array_size(k->blocks) == HITS_SHOWN)))
		(void)printf("  ... --all shows all\n");
}

static int answer(struct store *store, const struct request *q, const struct command_env *env, struct why *why)
{
	struct known known = {0};
	const size_t json_max = q->net.len == 128 ? 0 : JSON_MAX;
	const int rc = gather(store, q, q->all ? 0 : env->json ? json_max : HITS_SHOWN, &known, why);
	bool any = false;

	if (rc == 0) {
		any = known.allowed || json_array_size(known.hits) > 0 || json_array_size(known.blocks) > 0;
		if (env->json)
			command_print_json(json_pack("{s:s, s:b, s:o, s:O, s:O, s:s?, s:o}", "address", q->address, "blocked",
			                             known.until_s > 0, "until", command_json_time(known.until_s), "hits",
			                             known.hits, "blocks", known.blocks, "allowed_by",
			                             known.allowed ? known.allowance.cause : NULL, "allowed_until",
			                             command_json_time(known.allowed ? known.allowance.until_s : 0)));
		else if (any)
			print_text(q, &known, env->utc);
		else
			(void)printf("nothing is known of %s\n", q->address);
	}
	json_decref(known.hits);
	json_decref(known.blocks);
	if (rc < 0)
		return command_fail(COMMAND_SYSTEM, why);
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
	if ((store = command_database(config)) == NULL)
		status = COMMAND_SYSTEM;
	else
		status = answer(store, &q, env, &why);
	store_close(store);
	config_free(config);
	return status;
}
