/* status: the daemon's health, from what it wrote into the database and from the logs beside it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/duration.h"
#include "command/command.h"
#include "command/daemon.h"
#include "store/query.h"

static int64_t lag(const struct query_log *log)
{
	struct stat st;

	return stat(log->path, &st) == 0 && st.st_size > log->position ? st.st_size - log->position : 0;
}

static bool is_configured(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->n_logs; i++)
		if (strcmp(config->logs[i], path) == 0)
			return true;
	return false;
}

static int64_t said_number(struct query *query, const char *key)
{
	struct why ignored; /* what cannot be read is not known */
	const char *text = NULL;

	return query_said(query, key, &text, &ignored) == 0 && text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* A sentence; null when it said none. */
static json_t *said_text(struct query *query, const char *key)
{
	struct why ignored;
	const char *text = NULL;

	if (query_said(query, key, &text, &ignored) < 0 || text == NULL || *text == '\0')
		return json_null();
	return command_json_text((struct span){text, strlen(text)});
}

static int gather_logs(struct query *query, const struct config *config, json_t *logs, struct why *why)
{
	struct query_log log;
	int rc;

	query_logs(query);
	while ((rc = query_next_log(query, &log, why)) == 0)
		if (is_configured(config, log.path))
			(void)json_array_append_new(
				logs, json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:I}", "path", log.path, "bytes_read",
			                        (json_int_t)log.position, "lines", (json_int_t)log.lines, "cut",
			                        (json_int_t)log.cut, "lag_bytes", (json_int_t)lag(&log), "last_line_at",
			                        command_json_time(log.last_line_at), "unparsed", (json_int_t)log.unparsed));
	for (size_t i = 0; i < config->n_logs && rc == STORE_NONE; i++) {
		size_t j;
		json_t *row;
		bool seen = false;

		json_array_foreach(logs, j, row)
			seen |= strcmp(json_string_value(json_object_get(row, "path")), config->logs[i]) == 0;
		if (!seen)
			(void)json_array_append_new(logs, json_pack("{s:s, s:i, s:i, s:i, s:i, s:n, s:i}", "path", config->logs[i],
			                                            "bytes_read", 0, "lines", 0, "cut", 0, "lag_bytes", 0,
			                                            "last_line_at", "unparsed", 0));
	}
	return rc < 0 ? rc : 0;
}

/* Each network that is blocked, and the kernel's list that holds it. */
static int gather_prefixes(struct query *query, const struct config *config, json_t *prefixes, struct why *why)
{
	const char *text;
	int rc;

	query_prefixes(query, clock_unix_s());
	while ((rc = query_next_prefix(query, &text, why)) == 0) {
		const char *const slash = strchr(text, '/');
		const bool four = strchr(text, ':') == NULL;
		const long length = slash == NULL ? 0 : strtol(slash + 1, NULL, 10);
		char list[64];

		if (four ? length == 24 : length == 48 || length == config->block.ip6_prefix)
			(void)snprintf(list, sizeof list, "%s%ld", config->firewall.list, length);
		else
			(void)snprintf(list, sizeof list, "in pieces");
		(void)json_array_append_new(prefixes, json_pack("{s:s, s:s}", "address", text, "list", list));
	}
	return rc < 0 ? rc : 0;
}

static int gather_suspended(struct query *query, json_t *suspended, struct why *why)
{
	struct query_suspension s;
	int rc;

	query_suspensions(query);
	while ((rc = query_next_suspension(query, &s, why)) == 0)
		(void)json_array_append_new(suspended, json_pack("{s:s, s:o, s:s}", "rule", s.rule, "since",
		                                                 command_json_time(s.since_s), "why", s.why));
	return rc < 0 ? rc : 0;
}

static void print_deciding(const json_t *s)
{
	const json_int_t forgotten = json_integer_value(json_object_get(s, "forgotten"));
	size_t i;
	json_t *row;

	(void)printf("tracked    %" JSON_INTEGER_FORMAT " addresses", json_integer_value(json_object_get(s, "tracked")));
	if (forgotten > 0)
		(void)printf(", %" JSON_INTEGER_FORMAT " forgotten for want of room", forgotten);
	(void)printf("\n");
	json_array_foreach(json_object_get(s, "prefixes"), i, row)
		(void)printf("network    %s in %s\n", json_string_value(json_object_get(row, "address")),
		             json_string_value(json_object_get(row, "list")));
	json_array_foreach(json_object_get(s, "suspended"), i, row)
		(void)printf("SUSPENDED  rule %s since %s: %s; 'watchforspammers resume %s'\n",
		             json_string_value(json_object_get(row, "rule")), json_string_value(json_object_get(row, "since")),
		             json_string_value(json_object_get(row, "why")), json_string_value(json_object_get(row, "rule")));
}

static void print_text(const json_t *s)
{
	const json_t *const logs = json_object_get(s, "logs");
	const char *const at = json_string_value(json_object_get(s, "last_sync_at"));
	const char *const fault = json_string_value(json_object_get(s, "rules_fault"));
	const char *const why = json_string_value(json_object_get(s, "refused_why"));
	size_t i;
	json_t *row;

	(void)printf("daemon     %s\n", json_is_true(json_object_get(s, "running")) ? "running" : "not running");
	if (fault != NULL)
		(void)printf("rules      %s\n", fault);
	json_array_foreach(logs, i, row)
	{
		const char *const last = json_string_value(json_object_get(row, "last_line_at"));

		(void)printf("log        %s\n           %" JSON_INTEGER_FORMAT " lines, %" JSON_INTEGER_FORMAT
		             " bytes behind, last line %s\n",
		             json_string_value(json_object_get(row, "path")), json_integer_value(json_object_get(row, "lines")),
		             json_integer_value(json_object_get(row, "lag_bytes")), last != NULL ? last : "never");
	}
	(void)printf("hits       %" JSON_INTEGER_FORMAT "\nblocks     %" JSON_INTEGER_FORMAT " active, %" JSON_INTEGER_FORMAT
	             " in all\n",
	             json_integer_value(json_object_get(s, "hits")), json_integer_value(json_object_get(s, "blocks_active")),
	             json_integer_value(json_object_get(s, "blocks_total")));
	(void)printf("firewall   %s, room for %" JSON_INTEGER_FORMAT " addresses, %" JSON_INTEGER_FORMAT
	             " differences at the last sync (%s)\n",
	             json_string_value(json_object_get(s, "backend")), json_integer_value(json_object_get(s, "capacity")),
	             json_integer_value(json_object_get(s, "drift")), at != NULL ? at : "never");
	if (json_integer_value(json_object_get(s, "refused")) > 0)
		(void)printf("NOT HELD   %" JSON_INTEGER_FORMAT " entries of blocks; the first: %s\n",
		             json_integer_value(json_object_get(s, "refused")), why != NULL ? why : "-");
	print_deciding(s);
}

static int answer(struct query *query, const struct config *config, const struct command_env *env, struct why *why)
{
	struct query_totals totals = {0};
	json_t *const logs = json_array(), *const prefixes = json_array(), *const suspended = json_array();
	json_t *s;
	int rc = gather_logs(query, config, logs, why);

	if (rc == 0)
		rc = query_totals(query, clock_unix_s(), &totals, why);
	if (rc == 0)
		rc = gather_prefixes(query, config, prefixes, why);
	if (rc == 0)
		rc = gather_suspended(query, suspended, why);
	if (rc < 0) {
		json_decref(logs);
		json_decref(prefixes);
		json_decref(suspended);
		return command_fail(COMMAND_SYSTEM, why);
	}
	s = json_pack("{s:o, s:I, s:I, s:I, s:s, s:I, s:I, s:o, s:b, s:o}", "logs", logs, "hits", (json_int_t)totals.hits,
	              "blocks_active", (json_int_t)totals.blocks_active, "blocks_total", (json_int_t)totals.blocks_total,
	              "backend", config->firewall.backend, "capacity", (json_int_t)said_number(query, "capacity"), "drift",
	              (json_int_t)said_number(query, "drift"), "last_sync_at",
	              command_json_time(said_number(query, "last_sync_at")), "running", daemon_state(config) == DAEMON_RUNNING,
	              "rules_fault", said_text(query, "rules_fault"));
	(void)json_object_set_new(s, "ports", said_text(query, "ports"));
	(void)json_object_update_new(s, json_pack("{s:I, s:I, s:I, s:I, s:o, s:o, s:o}", "tracked", (json_int_t)said_number(query, "tracked"),
	                                          "forgotten", (json_int_t)said_number(query, "forgotten"), "braked",
	                                          (json_int_t)said_number(query, "braked"), "refused",
	                                          (json_int_t)said_number(query, "refused"), "refused_why",
	                                          said_text(query, "refused_why"), "prefixes", prefixes, "suspended",
	                                          suspended));
	if (env->json) {
		command_print_json(s);
	} else {
		print_text(s);
		json_decref(s);
	}
	return COMMAND_DONE;
}

int command_status(int argc, char **argv, const struct command_env *env)
{
	int status = COMMAND_SYSTEM;
	struct config *config;
	struct store *store;
	struct query *query = NULL;
	struct why why;

	if (argc > 1)
		return command_usage(argv[0], "no arguments wanted");
	if ((config = command_config(env, &status)) == NULL)
		return status;
	if ((store = command_database(config)) == NULL)
		status = COMMAND_SYSTEM;
	else if (query_open(store, &query, &why) < 0)
		status = command_fail(COMMAND_SYSTEM, &why);
	else
		status = answer(query, config, env, &why);
	query_close(query);
	store_close(store);
	config_free(config);
	return status;
}
