#include "command/firewall.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/localaddrs.h"
#include "command/command.h"
#include "command/tarpit.h"

static_assert((int)CONFIG_JUMPS_MAX == (int)ROOT_JUMPS_MAX, "the config may hold no more chains than root");
static_assert((int)CONFIG_HOOK_INPUT == (int)ROOT_HOOK_INPUT && (int)CONFIG_HOOK_FORWARD == (int)ROOT_HOOK_FORWARD &&
                      (int)CONFIG_HOOK_AUTO == (int)ROOT_HOOK_AUTO,
              "the same bits");

static enum root_action action_of(enum config_action action)
{
	switch (action) {
	case CONFIG_DROP:
		return ROOT_DROP;
	case CONFIG_REJECT:
		return ROOT_REJECT;
	case CONFIG_RESET:
		return ROOT_RESET;
	case CONFIG_TARPIT:
		return ROOT_TARPIT;
	}
	return ROOT_DROP; /* not reached: the switch is complete */
}

static void set_lists(const struct portlists *lists, struct root_config *root)
{
	root->n_ports = lists->lists[0].ports.n;
	memcpy(root->ports, lists->lists[0].ports.ports, sizeof root->ports);
	root->n_more = lists->n - 1;
	for (size_t i = 0; i < root->n_more; i++) {
		struct root_list *const list = &root->more[i];

		(void)snprintf(list->name, sizeof list->name, "%s", lists->lists[i + 1].name);
		list->n_ports = lists->lists[i + 1].ports.n;
		memcpy(list->ports, lists->lists[i + 1].ports.ports, sizeof list->ports);
	}
}

/* Converts what root must know of the configuration. */
static struct root_config root_config(const struct config *config, const char *path)
{
	struct root_config root = {.manage_rules = config->firewall.manage_rules,
	                           .keep_on_stop = config->firewall.keep_on_stop,
	                           .action = action_of(config->firewall.action),
	                           .hooks = config->firewall.hooks, /* the same bits */
	                           .sessions =
	                                   config->firewall.sessions == CONFIG_SESSIONS_KEEP ? ROOT_KEPT : ROOT_DROPPED,
	                           .seconds = (uint32_t)config->firewall.seconds,   /* at most 7 days */
	                           .ip6_prefix = (uint8_t)config->block.ip6_prefix, /* 48..128 */
	                           .networks = true,
	                           .connections = (uint32_t)config->firewall.connections,     /* at most 10000 */
	                           .connections_s = (uint32_t)config->firewall.connections_s, /* at most 3600 */
	                           .gates = config->gates,
	                           .path = path};
	struct net own[LOCALADDRS_MAX];
	const char *space;
	const size_t n_own = localaddrs_addresses(own);

	/* The configuration has checked the lengths. */
	(void)snprintf(root.backend, sizeof root.backend, "%s", config->firewall.backend);
	(void)snprintf(root.chain, sizeof root.chain, "%s", config->firewall.chain);
	root.n_jump_from = config->firewall.n_jump_from;
	for (size_t i = 0; i < root.n_jump_from; i++)
		(void)snprintf(root.jump_from[i], sizeof root.jump_from[i], "%s", config->firewall.jump_from[i]);
	space = strchr(config->firewall.list, ' ');
	if (space != NULL)
		(void)snprintf(root.table, sizeof root.table, "%.*s", (int)(space - config->firewall.list),
		               config->firewall.list);
	(void)snprintf(root.list, sizeof root.list, "%s", space != NULL ? space + 1 : config->firewall.list);
	(void)snprintf(root.log_prefix, sizeof root.log_prefix, "%s", config->firewall.log_prefix);
	set_lists(&config->firewall.ports, &root);
	/*
	 * This machine's own addresses come first: if the allow list is too long, the engine alone respects the rest.
	 */
	for (size_t i = 0; i < n_own && root.n_never < ROOT_NEVER_MAX; i++)
		root.never[root.n_never++] = own[i];
	for (size_t i = 0; i < config->allow.n && root.n_never < ROOT_NEVER_MAX; i++)
		root.never[root.n_never++] = config->allow.nets[i];
	return root;
}

int command_open_root(const struct config *config, const char *path, struct root **ret, struct why *why)
{
	const struct root_config root = root_config(config, path);

	return root_open(&root, ret, why);
}

/* Closes root's standard input, which is the child's. */
static void drop_input(void)
{
	const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		(void)dup2(fd, STDIN_FILENO);
	if (fd > STDIN_FILENO)
		(void)close(fd);
}

int command_serve_root(const struct config *config, const char *path, bool keeps,
                       int (*child)(int fd, const void *argument), const void *argument, int *ret_status,
                       struct why *why)
{
	struct root_config with = root_config(config, path);
	struct root *root;
	int pair[2], status, rc;
	pid_t pid;

	(void)fflush(NULL);
	root_block_signals();
	if (!keeps && (rc = command_start_tarpit(config, &with.tarpit_fd, &with.tarpit_port, why)) < 0)
		return rc;
	if ((rc = root_open(&with, &root, why)) < 0)
		return rc; /* the tarpit ends without root */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0 || (pid = fork()) < 0) {
		rc = why_set(why, errno, "cannot start a process: %s", strerror(errno));
		root_close(root, false);
		return rc;
	}
	if (pid == 0) {
		sigset_t none;

		(void)close(pair[0]);
		(void)sigemptyset(&none);
		(void)sigprocmask(SIG_SETMASK, &none, NULL);
		exit(child(pair[1], argument));
	}
	(void)close(pair[1]);
	drop_input();
	status = root_serve(root, pair[0], pid);
	(void)close(pair[0]);
	/*
	 * An error that an administrator must correct is no crash: nothing has been blocked yet, so nothing is left
	 * behind.
	 */
	root_close(root, !keeps && (status == COMMAND_DONE || status == COMMAND_USAGE));
	*ret_status = status;
	return 0;
}

int command_clean_root(const struct config *config, bool *ret_removed, struct why *why)
{
	const struct root_config root = root_config(config, NULL);

	return root_clean(&root, ret_removed, why);
}
