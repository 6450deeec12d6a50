/*
 * handed: the configuration, which the root process opens, since its files may be for root alone.
 *
 * Private to the folder. Root hands over what it opened and reads nothing of it; here it is parsed, where an error in
 * it can do no harm. At start and at each reload in the same way.
 */
#ifndef WFS_ENGINE_HANDED_H
#define WFS_ENGINE_HANDED_H

#include <stdbool.h>

#include "base/why.h"
#include "config/config.h"
#include "firewall/client.h"

struct handed {
	struct client *client; /* borrowed, as is ... */
	const char *path;      /* the name for messages */
	bool may_be_absent;    /* then it means the defaults */
};

/* *ret is the caller's. Errors: those of config_read, -EPIPE when root is gone. */
int handed_config(const struct handed *handed, struct config **ret, struct why *why);

#endif
