#include "root/hooks.h"

#include <dirent.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Names that container engines give their interfaces if they use no bridge: veth, Calico, Cilium, Podman. */
static const char *const names[] = {"veth*", "cali*", "lxc*", "podman*", "cni*", "docker*"};

/* path: a boolean kernel setting. */
static bool is_on(const char *path)
{
	FILE *const file = fopen(path, "re");
	const int c = file == NULL ? EOF : getc(file);

	if (file != NULL)
		(void)fclose(file);
	return c != EOF && c != '0';
}

static bool is_container(const char *interface)
{
	char path[300];
	bool is = false;

	(void)snprintf(path, sizeof path, "/sys/class/net/%s/bridge", interface);
	for (size_t i = 0; i < sizeof names / sizeof *names && !is; i++)
		is = fnmatch(names[i], interface, 0) == 0;
	return is || access(path, F_OK) == 0;
}

static bool has_containers(void)
{
	DIR *const dir = opendir("/sys/class/net");
	const struct dirent *entry;
	bool has = false;

	if (dir == NULL)
		return false;
	while (!has && (entry = readdir(dir)) != NULL)
		has = entry->d_name[0] != '.' && is_container(entry->d_name);
	(void)closedir(dir);
	return has;
}

bool hooks_input(const struct root_config *config)
{
	return (config->hooks & (ROOT_HOOK_INPUT | ROOT_HOOK_AUTO)) != 0;
}

bool hooks_is_router(void)
{
	return is_on("/proc/sys/net/ipv4/ip_forward") || is_on("/proc/sys/net/ipv6/conf/all/forwarding");
}

bool hooks_forward(const struct root_config *config)
{
	if ((config->hooks & ROOT_HOOK_FORWARD) != 0 || (config->hooks & ROOT_HOOK_AUTO) == 0)
		return (config->hooks & ROOT_HOOK_FORWARD) != 0;
	return hooks_is_router() && has_containers();
}

bool hooks_forward_recent(const struct root_config *config)
{
	for (size_t i = 0; i < config->n_jump_from; i++)
		if (strcmp(config->jump_from[i], "INPUT") != 0)
			return true;
	return config->n_jump_from == 0 && hooks_forward(config);
}
