#include "root/root.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "root/state.h"

void root_use(struct root *root, const struct automatic *chosen)
{
	root->backend = chosen->backend;
	root->lists = chosen->lists;
	root->reason = chosen->reason;
	if (root->automatic)
		log_line(LOG_NOTICE, "[firewall] backend = auto: using %s: %s", root->backend->name, root->reason.text);
	if (chosen->without6 != NULL)
		log_line(LOG_WARNING, "IPv6 clients are not blocked: %s", chosen->without6);
}

static int open_backend(struct root *root, struct why *why)
{
	struct automatic chosen = {.backend = backend_find(root->config.backend)};
	int err;

	root->automatic = chosen.backend == NULL;
	err = root->automatic ? automatic_open(&root->config, &chosen, why)
	                      : lists_open(chosen.backend, &root->config, &chosen.lists, &chosen.without6, why);
	if (err == 0)
		root_use(root, &chosen);
	return err;
}

/* If no gates are configured, removes those of an earlier daemon; if nf_tables is not available, there are none. */
static int open_gates(struct root *root, struct why *why)
{
	const struct root_config *const config = &root->config;
	bool removed;
	struct why ignored;

	if (config->gates.n > 0)
		return gate_open(config, root->backend == &backend_observe, &root->gates, why);
	if (config->manage_rules && gate_clean(config, &removed, &ignored) == 0 && removed)
		log_line(LOG_NOTICE, "there is no [gate] any more: removed what the last one left in the firewall");
	return 0;
}

int root_open(const struct root_config *config, struct root **ret, struct why *why)
{
	struct root *root;
	int err = root_check(config, why);

	if (err < 0)
		return err;
	root = calloc(1, sizeof *root);
	if (root == NULL)
		return why_set(why, ENOMEM, "no memory for the root process");
	root->config = *config;
	err = claim_take(config, &root->claim, why);
	if (err < 0) {
		free(root);
		return err;
	}
	err = open_backend(root, why);
	if (err == 0)
		err = open_gates(root, why);
	if (err < 0) {
		struct why ignored;

		(void)lists_close(root->lists, BACKEND_UNDO, &ignored);
		claim_drop(&root->claim);
		free(root);
		return err;
	}
	*ret = root;
	return 0;
}

void root_close(struct root *root, bool remove)
{
	enum backend_end end;
	struct why why;

	if (root == NULL)
		return;
	end = remove && !root->config.keep_on_stop ? BACKEND_REMOVE : root->began ? BACKEND_LEAVE : BACKEND_UNDO;
	if (gate_close(root->gates, end, &why) < 0)
		log_line(LOG_WARNING, "the gates' rules stay, and let everybody in after their open_after: %s",
		         why.text);
	if (lists_close(root->lists, end, &why) < 0)
		log_line(LOG_WARNING, "the rules stay until you remove them with 'watchforspammers cleanup': %s",
		         why.text);
	claim_drop(&root->claim);
	free(root);
}

int root_clean(const struct root_config *config, bool *ret_removed, struct why *why)
{
	struct claim claim;
	bool gates = false;
	int err = root_check(config, why);

	if (err == 0)
		err = claim_take(config, &claim, why);
	if (err < 0)
		return err;
	err = strcmp(config->backend, ROOT_AUTOMATIC) == 0
	              ? lists_clean_others(NULL, config, ret_removed, why)
	              : lists_clean(backend_find(config->backend), config, ret_removed, why);
	if (err == 0 && config->manage_rules)
		err = gate_clean(config, &gates, why);
	if (err == 0)
		*ret_removed |= gates;
	claim_drop(&claim);
	return err;
}
