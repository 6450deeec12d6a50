/*
 * shared: what other hosts say, in the engine: requests "foreign", many in one transaction; and what follows from them
 * in the kernel and the log.
 *
 * Private to the folder.
 */
#ifndef WFS_ENGINE_SHARED_H
#define WFS_ENGINE_SHARED_H

#include <stdbool.h>

#include "engine/requests.h"

enum {
	SHARED_AT_ONCE = 256, /* requests in one transaction, and one packet to the kernel */
};

/*
 * Handles the request "foreign" that is there, and those of the same client that are at hand, and answers them. True:
 * another kind of request came after them, and is to be handled. ret: what the engine has to do yet.
 */
bool shared_handle(struct requests *requests, struct admin_todo *ret);

/* After the configuration was read: the peers, and what they said. An error is only logged: sharing is not the main
 * job. */
void shared_reload(struct requests *requests);

/* Some of the networks whose blocks may have to begin or end. *ret: likewise. Errors of the database. */
int shared_review(struct requests *requests, struct admin_todo *ret, struct why *why);

#endif
