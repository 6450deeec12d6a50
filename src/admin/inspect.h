/*
 * inspect: requests that only read: list, why, test, status. Every outcome is in reply.
 *
 * Private to the folder.
 */
#ifndef WFS_ADMIN_INSPECT_H
#define WFS_ADMIN_INSPECT_H

#include "admin/admin.h"

void inspect_list(const struct admin *admin, int64_t now_s, json_t *reply);

/* why and test. */
void inspect_at(const struct admin *admin, const struct protocol_request *request, int64_t now_s, json_t *reply);

/* How far the messages of a peer were received: where watchforspammers-share reads on. */
void inspect_peer(const struct admin *admin, const struct protocol_request *request, json_t *reply);

/* Messages were told to others; what they are to be told next of clients that are good. */
void inspect_told(const struct admin *admin, const struct protocol_request *request, int64_t now_s, json_t *reply);

void inspect_status(const struct admin *admin, int64_t now_s, json_t *reply);

#endif
