/*
 * requests: executes the requests of the control socket, logs them and replies.
 *
 * Private to the folder. Where control meets orders and policy: reload and resume are of the policy, all else is
 * orders'.
 */
#ifndef WFS_ENGINE_REQUESTS_H
#define WFS_ENGINE_REQUESTS_H

#include <stdbool.h>

#include "admin/admin.h"
#include "control/control.h"
#include "engine/events.h"
#include "engine/live.h"

struct requests {
	struct control *control; /* NULL: no socket could be opened, or none is wanted */
	struct live *live;
	struct store *store;
	struct reconcile *reconcile;
	const struct problems *problems;
	struct events *events;
	struct sharing *sharing;
	struct control_request request; /* the one being handled */
	int64_t changes;                /* of the database, when clients that watch were last notified */
};

/* Opens the socket; without it the main job is done all the same, so an error is only logged. All is borrowed. */
void requests_init(struct requests *requests, struct live *live, struct store *store, struct reconcile *reconcile,
                   const struct problems *problems, struct events *events, struct sharing *sharing);

/* A zeroed one, too. */
void requests_done(struct requests *requests);

/* After poll, and after the logs: receives and sends. True: one request is there, for requests_handle. */
bool requests_next(struct requests *requests, const struct pollfd polled[static CONTROL_FDS_MAX]);

/* True when that request changes something: then all that was read should be written first. */
bool requests_changes(const struct requests *requests);

/* Does it and answers it. ret: what the engine has to do yet. */
void requests_handle(struct requests *requests, struct admin_todo *ret);

#endif
