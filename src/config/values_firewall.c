#include "config/values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/backends.h"
#include "base/duration.h"
#include "base/text.h"

enum { LOG_PREFIX_MAX_LEN = 28 }; /* the limit of iptables without the NUL */

/* Reads "spammer", or a table and a set in it, "filter spammer". */
const char *value_sets(struct value *v)
{
	const char *const space = strchr(v->text, ' ');
	char table[VALUE_NAME_MAX_LEN + 1];

	if (space == NULL)
		return value_word(v);
	(void)snprintf(table, sizeof table, "%.*s", (int)(space - v->text), v->text);
	if (space - v->text > VALUE_NAME_MAX_LEN || value_wanted_name(table) != NULL ||
	    value_wanted_name(space + 1) != NULL)
		return "a list, or a table of nftables and a set in it, each of 1 to 23 letters, digits, \"_\" and \"-\"";
	value_keep(v);
	return NULL;
}

const char *value_chains(struct value *v)
{
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	value_clear(v->config->firewall.jump_from, &v->config->firewall.n_jump_from);
	for (char *w = strtok_r(words, " \t,", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t,", &save)) {
		wanted = value_wanted_name(w);
		if (wanted == NULL && v->config->firewall.n_jump_from == CONFIG_JUMPS_MAX)
			wanted = "at most 4 chains";
		if (wanted == NULL)
			v->config->firewall.jump_from[v->config->firewall.n_jump_from++] =
				alloc_text(w, "the configuration");
	}
	free(words);
	return wanted;
}

const char *value_hooks(struct value *v)
{
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
	unsigned hooks = 0;
	bool good = true;

	for (char *w = strtok_r(words, " \t,", &save); w != NULL; w = strtok_r(NULL, " \t,", &save)) {
		const unsigned hook = strcasecmp(w, "input") == 0     ? CONFIG_HOOK_INPUT
		                      : strcasecmp(w, "forward") == 0 ? CONFIG_HOOK_FORWARD
		                      : strcasecmp(w, "auto") == 0    ? CONFIG_HOOK_AUTO
		                                                      : 0;

		good &= hook != 0;
		hooks |= hook;
	}
	free(words);
	if (!good || hooks == 0 || (hooks > CONFIG_HOOK_AUTO))
		return "input, forward, both, or auto";
	v->config->firewall.hooks = hooks;
	return NULL;
}

const char *value_rate(struct value *v)
{
	static const char right[] = "empty, or such as \"50/9s\": 1 to 10000 connections in 1 second to 1 hour";
	char count[8] = "";
	const char *const slash = strchr(v->text, '/');
	int64_t n, s;

	v->config->firewall.connections = v->config->firewall.connections_s = 0;
	if (*v->text == '\0')
		return NULL;
	if (slash == NULL || slash == v->text || (size_t)(slash - v->text) >= sizeof count || *v->text < '0' ||
	    *v->text > '9')
		return right;
	memcpy(count, v->text, (size_t)(slash - v->text)); /* fits: checked above */
	if (!value_whole(count, 1, 10000, &n) || !duration_parse(slash + 1, &s) || s < 1 || s > 3600)
		return right;
	v->config->firewall.connections = n;
	v->config->firewall.connections_s = s;
	return NULL;
}

const char *value_action(struct value *v)
{
	static const char *const names[] = {[CONFIG_DROP] = "drop",
	                                    [CONFIG_REJECT] = "reject",
	                                    [CONFIG_RESET] = "reset",
	                                    [CONFIG_TARPIT] = "tarpit"};
	size_t i;

	if (value_one_of(v->text, names, sizeof names / sizeof *names, &i)) {
		v->config->firewall.action = (enum config_action)i;
		return NULL;
	}
	return "drop, reject, reset or tarpit";
}

const char *value_sessions(struct value *v)
{
	static const char *const names[] = {
		[CONFIG_SESSIONS_DROP] = "drop", [CONFIG_SESSIONS_KEEP] = "keep", [CONFIG_SESSIONS_KILL] = "kill"};
	size_t i;

	if (value_one_of(v->text, names, sizeof names / sizeof *names, &i)) {
		v->config->firewall.sessions = (enum config_sessions)i;
		return NULL;
	}
	return "drop, keep or kill";
}

const char *value_backend(struct value *v)
{
#define NAME(name) #name,
#define WORD(name) " " #name
	static const char *const names[] = {"auto", BACKENDS(NAME)};

	size_t ignored;

	if (!text_find(v->text, names, sizeof names / sizeof *names, &ignored))
		return "one of auto" BACKENDS(WORD);
	value_keep(v);
	return NULL;
#undef NAME
#undef WORD
}

const char *value_prefix(struct value *v)
{
	if (strlen(v->text) > LOG_PREFIX_MAX_LEN)
		return "at most 28 characters";
	for (const char *p = v->text; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7E)
			return "printable ASCII";
	value_keep(v);
	return NULL;
}

const char *value_ports(struct value *v)
{
	const char *const name = v->key + strlen(v->key[strlen("ports")] == '.' ? "ports." : "ports");

	return portlists_read(&v->config->firewall.ports, name, v->text, v->is_given);
}

/* Ignores defaults: gates_add set them when the section began. */
const char *value_gate(struct value *v)
{
	return v->is_given ? gates_read(&v->config->gates, v->key, v->text) : NULL;
}
