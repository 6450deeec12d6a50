/*
 * requests: executes the requests of the control socket, logs them and replies.
 *
 * Private to the folder. This is where control, admin and live meet: reload and resume need live, admin does the rest.
 */
#ifndef WFS_ENGINE_REQUESTS_H
#define WFS_ENGINE_REQUESTS_H

#include <stdbool.h>

#include "admin/admin.h"
#include "control/control.h"
#include "engine/events.h"
#include "engine/live.h"

struct requests {
	struct control *control; /* NULL: no socket could be opened, or none is configured */
	struct live *live;
	struct store *store;
	struct reconcile *reconcile;
	const struct problems *problems;
	struct events *events;
	struct sharing *sharing;
	struct control_request request; /* the one being handled */
	int64_t changes;                /* store_changes when watching clients were last notified */
};

/* Opens the socket. An error is only logged, because the main job does not need it. Borrows all arguments. */
void requests_init(struct requests *requests, struct live *live, struct store *store, struct reconcile *reconcile,
                   const struct problems *problems, struct events *events, struct sharing *sharing);

/* Accepts a zeroed struct. */
void requests_done(struct requests *requests);

/*
 * Receives and sends; call after poll and after reading the logs. Returns true if a request is ready for
 * requests_handle.
 */
bool requests_next(struct requests *requests, const struct pollfd polled[static CONTROL_FDS_MAX]);

/* Returns true if that request changes something: what was read should then be written first. */
bool requests_changes(const struct requests *requests);

/* Executes the request and replies. ret: what the engine has to do afterwards. */
void requests_handle(struct requests *requests, struct admin_todo *ret);

#endif
