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

#define ROOT_AUTOMATIC "auto" /* the backend that automatic.h chooses */

struct root {
	struct root_config config;
	struct claim claim;
	const struct backend *backend;
	struct lists *lists;          /* of the backend */
	struct gate_keeper *gates;    /* NULL: there are none */
	bool automatic;               /* it was chosen here; once the engine has prepared something it stays */
	bool settled;                 /* the kernel holds what is wanted: what other backends left is gone */
	struct message_tarpit tarpit; /* as it counted last */
	struct why reason;            /* for this backend; "": it was configured */
	bool began;                   /* the engine has asked for more than its configuration: the start is done */
	int64_t second;               /* the clock's, that adds counts for */
	uint32_t adds;
	struct backend_change change; /* not reported yet */
	bool changed, reported;       /* something is in change; the engine has made no request since the last report */
	bool logged_too_many;         /* in this second: so that an attacker's flood is not a flood of lines */
};

/* From now on that backend, which is said where it was chosen here. */
void root_use(struct root *root, const struct automatic *chosen);

/* What a configuration may not have. Errors: -EINVAL. */
int root_check(const struct root_config *config, struct why *why);

static inline struct message_entry root_entry(const struct net *net, uint8_t list)
{
	struct message_entry entry = {.len = net->len, .list = list};

	memcpy(entry.addr, net->addr.bytes, sizeof entry.addr);
	return entry;
}

#endif
