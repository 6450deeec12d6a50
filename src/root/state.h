/*
 * state: what the files of the root process share.
 *
 * Private to root.c, which opens and closes, answer.c, which answers requests, check.c, which checks them, and serve.c,
 * which receives them.
 */
#ifndef WFS_ROOT_STATE_H
#define WFS_ROOT_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/why.h"
#include "firewall/message.h"
#include "root/automatic.h"
#include "root/backend.h"
#include "root/claim.h"
#include "root/gate.h"
#include "root/lists.h"
#include "root/root.h"

#define ROOT_AUTOMATIC "auto" /* name of the choice that automatic.h makes */

struct root {
	struct root_config config;
	struct claim claim;
	const struct backend *backend;
	struct lists *lists;       /* the lists of that backend */
	struct gate_keeper *gates; /* NULL: no gates */
	bool automatic;            /* the backend was chosen by automatic.h and may still change; false once prepared */
	bool settled;              /* the kernel holds what is wanted, and leftovers of other backends are gone */
	struct message_tarpit tarpit; /* as last reported by the tarpit */
	struct why reason;            /* why this backend was chosen; "": it was configured */
	bool began;                   /* the engine has requested more than its configuration: the start is over */
	int64_t second;               /* the clock second that adds counts */
	uint32_t adds;
	struct backend_change change; /* not yet reported */
	/* changed: change holds something; reported: the engine has made no request since the last report */
	bool changed, reported;
	bool logged_too_many; /* in this second, so that an attack does not flood the log */
};

/* Switches to the chosen backend, and logs it if the choice was automatic. */
void root_use(struct root *root, const struct automatic *chosen);

/* Checks that the configuration is valid. Errors: -EINVAL. */
int root_check(const struct root_config *config, struct why *why);

static inline struct message_entry root_entry(const struct net *net, uint8_t list)
{
	struct message_entry entry = {.len = net->len, .list = list};

	memcpy(entry.addr, net->addr.bytes, sizeof entry.addr);
	return entry;
}

#endif
