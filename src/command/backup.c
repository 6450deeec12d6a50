/* backup: writes a consistent copy of the database. */
#include <stdio.h>
#include <string.h>

#include "command/command.h"
#include "store/backup.h"

int command_backup(int argc, char **argv, const struct command_env *env)
{
	static const char *const options[] = {"--force", NULL};
	int status = COMMAND_SYSTEM, rc;
	const char *path = NULL;
	struct config *config;
	struct store *store;
	bool force = false;
	struct why why;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--force") == 0)
			force = true;
		else if (strcmp(argv[i], "-") == 0)
			return command_usage(argv[0],
			                     "a file's name, not \"-\": the copy is complete or not there at all");
		else if (argv[i][0] == '-')
			return command_no_option(argv[0], argv[i], options);
		else if (path != NULL)
			return command_no_word(argv[0], argv[i]);
		else
			path = argv[i];
	}
	if (path == NULL)
		return command_usage(argv[0], "to which file?");
	if ((config = command_config_rest(env, &why, &status)) == NULL)
		return status;
	store = command_database(config);
	config_free(config);
	if (store == NULL)
		return COMMAND_SYSTEM;
	rc = store_backup(store, path, force, &why);
	store_close(store);
	return rc < 0 ? command_fail(COMMAND_SYSTEM, &why) : COMMAND_DONE;
}
