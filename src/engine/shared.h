/*
 * shared: handles the requests "foreign", which carry what other hosts say, many in one transaction, and applies the
 * effects to kernel and log.
 *
 * Private to the folder.
 */
#ifndef WFS_ENGINE_SHARED_H
#define WFS_ENGINE_SHARED_H

#include <stdbool.h>

#include "engine/requests.h"

enum {
	SHARED_AT_ONCE = 256, /* requests in one transaction */
};

/*
 * Handles the current request "foreign" and further ones of the same client that are ready, and replies to them.
 * Returns true if a request of another kind came after them, which is to be handled next. ret: what the engine has to
 * do afterwards.
 */
bool shared_handle(struct requests *requests, struct admin_todo *ret);

/*
 * Call after the configuration was read: loads the peers, and their claims. An error is only logged: sharing is not
 * the main job.
 */
void shared_reload(struct requests *requests);

/*
 * Checks some of the networks whose blocks may have to begin or end. ret: as for shared_handle. Errors: of the
 * database.
 */
int shared_review(struct requests *requests, struct admin_todo *ret, struct why *why);

#endif
