#include "root/backend.h"

#include <assert.h>
#include <errno.h>
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

int backend_clean_others(const struct backend *backend, const struct root_config *config, bool *ret_removed, struct why *why)
{
	int err = 0;

	*ret_removed = false;
	for (size_t i = 0; i < sizeof backends / sizeof *backends && err == 0; i++) {
		bool removed = false;

		if (backends[i] != backend)
			err = backends[i]->clean(config, &removed, why);
		*ret_removed |= removed;
	}
	return err;
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
