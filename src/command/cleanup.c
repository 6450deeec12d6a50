/* cleanup: removes from the firewall what a daemon left that was killed and not restarted. */
#include <errno.h>
#include <stdio.h>

#include "command/command.h"
#include "command/firewall.h"

int command_cleanup(int argc, char **argv, const struct command_env *env)
{
	int rc, status = COMMAND_SYSTEM;
	struct config *config;
	bool removed = false;
	struct why why;

	if (argc > 1 || env->json)
		return command_usage(argv[0], "it has no arguments");
	if ((config = command_config(env, &status)) == NULL)
		return status;
	rc = command_clean_root(config, &removed, &why);
	if (rc < 0)
		status = command_fail(rc == -EALREADY ? COMMAND_NO : COMMAND_SYSTEM, &why);
	else
		status = COMMAND_DONE;
	if (rc == 0 && !removed)
		(void)printf("nothing was left\n");
	else if (rc == 0 && config->firewall.manage_rules)
		(void)printf("removed chain %s, the jumps to it and its lists\n", config->firewall.chain);
	else if (rc == 0)
		(void)printf("emptied the lists %s and %s6; their rules are your own\n", config->firewall.list,
		             config->firewall.list);
	config_free(config);
	return status;
}
