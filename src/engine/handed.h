/*
 * handed: reads the configuration, which the root process opens, since its files may be readable by root only.
 *
 * Private to the folder. Root hands over open files and parses nothing of them; the engine parses them, where an error
 * can do no harm. The same at start and at each reload.
 */
#ifndef WFS_ENGINE_HANDED_H
#define WFS_ENGINE_HANDED_H

#include <stdbool.h>

#include "base/why.h"
#include "config/config.h"
#include "firewall/client.h"

struct handed {
	struct client *client; /* borrowed, like path */
	const char *path;      /* its name for messages */
	bool may_be_absent;    /* if it is absent, the defaults apply */
};

/* The caller owns *ret. Errors: those of config_read; -EPIPE if the root process is gone. */
int handed_config(const struct handed *handed, struct config **ret, struct why *why);

#endif
