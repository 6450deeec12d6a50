/* note: gives the daemon a note to record for today, or prints all notes. */
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/duration.h"
#include "base/json.h"
#include "command/command.h"
#include "store/query.h"

static int print_notes(struct store *store, const struct command_env *env, struct why *why)
{
	struct query_note note;
	int rc;

	query_notes(store);
	while ((rc = query_next_note(store, &note, why)) == 0) {
		char time[TIME_LOCAL_MAX];

		if (env->json) {
			json_t *const row = alloc_check(json_object(), 0, "JSON");

			json_put_time(row, "time", note.time_s);
			json_put_text(row, "who", note.who);
			json_put_text(row, "text", note.text);
			command_print_json(row);
			continue;
		}
		time_local_text(note.time_s, env->utc, time);
		(void)printf("%s  %s (%s)\n", time, note.text, note.who);
	}
	return rc < 0 ? rc : 0;
}

int command_note(int argc, char **argv, const struct command_env *env)
{
	int status = COMMAND_SYSTEM, rc;
	struct config *config;
	struct store *store;
	struct why why;

	if (argc > 1)
		return command_order(argc, argv, env);
	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	store = command_database(config);
	config_free(config);
	if (store == NULL)
		return COMMAND_SYSTEM;
	rc = print_notes(store, env, &why);
	store_close(store);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}
