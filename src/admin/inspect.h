/*
 * inspect: requests that only read: list, why, test, status. Every outcome is in reply.
 *
 * Private to the folder.
 */
#ifndef WFS_ADMIN_INSPECT_H
#define WFS_ADMIN_INSPECT_H

#include "admin/admin.h"

void inspect_list(const struct admin *admin, int64_t now_s, json_t *reply);

/* Handles why and test. */
void inspect_at(const struct admin *admin, const struct protocol_request *request, int64_t now_s, json_t *reply);

/* Replies how far the messages of a peer were received, which is where watchforspammers-share continues reading. */
void inspect_peer(const struct admin *admin, const struct protocol_request *request, json_t *reply);

/* Records that messages were sent to other hosts, and replies what to send them next about good clients. */
void inspect_sent(const struct admin *admin, const struct protocol_request *request, int64_t now_s, json_t *reply);

void inspect_status(const struct admin *admin, int64_t now_s, json_t *reply);

#endif
