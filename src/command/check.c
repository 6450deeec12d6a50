/* check: configuration, rules, and every example in them. */
#include <stdio.h>

#include "command/command.h"
#include "examples.h"

static void print_faults(const struct rulefile_faults *faults)
{
	(void)fflush(stdout);
	for (size_t i = 0; i < faults->n; i++)
		(void)fprintf(stderr, "%s\n", faults->text[i]);
}

int command_check(int argc, char **argv, const struct command_env *env)
{
	struct rulefile_faults faults = {0};
	struct rules *rules = NULL;
	struct config *config;
	size_t n_examples = 0;
	int status = COMMAND_DONE;
	struct why why;

	if ((config = command_config(env, &status)) == NULL)
		return status;
	if (rules_load((const char *const *)config->run.patterns, config->run.n_patterns, (const char *const *)argv + 1,
	               (size_t)(argc - 1), &rules, &faults, &why) < 0)
		status = COMMAND_USAGE;
	else if ((n_examples = examples_try(rules, &faults)) > 0 && faults.n > 0)
		status = COMMAND_NO;
	print_faults(&faults);
	if (status == COMMAND_DONE)
		(void)printf("ok: %zu rules from %zu files, %zu examples\n", rules_count(rules), rules_files(rules),
		             n_examples);
	else
		(void)fprintf(stderr, "watchforspammers: %zu fault%s\n", faults.n, faults.n == 1 ? "" : "s");
	rulefile_faults_done(&faults);
	rules_free(rules);
	config_free(config);
	return status;
}
