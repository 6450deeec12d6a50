#include "root/backend.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define ROW(name) &backend_##name,
static const struct backend *const backends[] = {BACKENDS(ROW)};
#undef ROW

const struct backend *backend_find(const char *name)
{
	for (size_t i = 0; i < sizeof backends / sizeof *backends; i++)
		if (strcmp(backends[i]->name, name) == 0)
			return backends[i];
	return NULL;
}

const struct backend *backend_number(size_t i)
{
	return i < sizeof backends / sizeof *backends ? backends[i] : NULL;
}

void backend_name(struct backend_names *names, const char *name)
{
	size_t i = 0;

	while (i < names->n && strcmp(names->names[i], name) != 0)
		i++;
	if (i < names->n || i == BACKEND_NAMES_MAX || !portlists_is_name(name))
		return;
	(void)snprintf(names->names[names->n++], PORTLISTS_NAME_MAX, "%s", name);
}

void backend_refuse(struct backend_refused *refused, const struct net *net, const char *because)
{
	char text[NET_TEXT_MAX];

	assert(refused->n < BACKEND_REFUSED_MAX);
	refused->nets[refused->n] = *net;
	if (refused->n++ > 0)
		return;
	(void)net_text(net, text);
	(void)why_set(&refused->why, EPERM, "%s: %s", text, because);
}
