#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "root/state.h"

static bool is_name(const char *name, size_t cap)
{
	const size_t len = strnlen(name, cap);

	/* Characters that are safe in kernel names, paths and shell scripts alike. */
	return len > 0 && len < cap &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len &&
	       name[0] != '-';
}

static bool are_names(const char names[][ROOT_NAME_MAX], size_t n)
{
	bool are = n <= ROOT_JUMPS_MAX;

	for (size_t i = 0; i < n && are; i++)
		are = is_name(names[i], ROOT_NAME_MAX);
	return are;
}

static int check_lists(const struct root_config *config, struct why *why)
{
	if (config->n_more >= PORTLISTS_MAX)
		return why_set(why, EINVAL, "%zu lists of ports: %d at most", config->n_more + 1, PORTLISTS_MAX);
	for (size_t i = 0; i < config->n_more; i++) {
		const struct root_list *const list = &config->more[i];

		if (!is_name(list->name, sizeof list->name) || list->n_ports > PORTLISTS_PORTS_MAX ||
		    strlen(config->chain) + 1 + strlen(list->name) >= ROOT_NAME_MAX ||
		    strlen(config->list) + 1 + strlen(list->name) >= ROOT_NAME_MAX)
			return why_set(why, EINVAL, "a list of ports has too many of them, or too long a name");
	}
	return 0;
}

static int check_gates(const struct root_config *config, struct why *why)
{
	if (config->gates.n > GATES_MAX)
		return why_set(why, EINVAL, "%zu gates: %d at most", config->gates.n, GATES_MAX);
	if (config->gates.n > 0 && (!config->manage_rules || strcmp(config->backend, backend_recent.name) == 0))
		return why_set(why, EINVAL,
		               "[gate] needs nftables: set [firewall] backend = nftables, and manage_rules = yes");
	return gates_settle(&config->gates, why);
}

static int check_tarpit(const struct root_config *config, struct why *why)
{
	if (config->action == ROOT_TARPIT &&
	    (!config->manage_rules || strcmp(config->backend, backend_recent.name) == 0))
		return why_set(
			why, EINVAL,
			"action = tarpit needs nftables: set [firewall] backend = nftables, and manage_rules = yes");
	return 0;
}

int root_check(const struct root_config *config, struct why *why)
{
	int err;

	if (memchr(config->backend, '\0', sizeof config->backend) == NULL ||
	    (strcmp(config->backend, ROOT_AUTOMATIC) != 0 && backend_find(config->backend) == NULL))
		return why_set(why, EINVAL, "there is no such [firewall] backend");
	if (!is_name(config->chain, sizeof config->chain) || !is_name(config->list, sizeof config->list) ||
	    !are_names(config->jump_from, config->n_jump_from))
		return why_set(why, EINVAL,
		               "the names of chain, list and jump_from are 1 to %d letters, digits, '_' and '-'",
		               ROOT_NAME_MAX - 1);
	if (config->table[0] != '\0' && (config->manage_rules || strcmp(config->backend, backend_recent.name) == 0 ||
	                                 !is_name(config->table, sizeof config->table)))
		return why_set(why, EINVAL, "list = TABLE SET is for manage_rules = no, and for nftables");
	if (config->table[0] == '\0' && !config->manage_rules && strcmp(config->backend, backend_nftables.name) == 0)
		return why_set(why, EINVAL,
		               "nftables and manage_rules = no: name your table and your set: list = TABLE SET");
	if (config->seconds < 2)
		return why_set(why, EINVAL, "seconds is %" PRIu32 ": at least 2", config->seconds);
	if (config->n_ports > PORTLISTS_PORTS_MAX)
		return why_set(why, EINVAL, "%zu ports: a rule takes %d", config->n_ports, PORTLISTS_PORTS_MAX);
	err = check_lists(config, why);
	if (err == 0)
		err = check_gates(config, why);
	if (err == 0)
		err = check_tarpit(config, why);
	if (err < 0)
		return err;
	if (config->connections > 0 && (config->connections_s < 1 || config->connections_s > 3600))
		return why_set(why, EINVAL, "connections_s is %" PRIu32 ": 1 to 3600", config->connections_s);
	if (config->n_never > ROOT_NEVER_MAX)
		return why_set(why, EINVAL, "%zu networks never to block: %d at most", config->n_never, ROOT_NEVER_MAX);
	if (strnlen(config->log_prefix, sizeof config->log_prefix) == sizeof config->log_prefix)
		return why_set(why, EINVAL, "log_prefix: %d characters at most", ROOT_PREFIX_MAX - 1);
	return 0;
}
