/*
 * block: requests that begin a block, or may: block and vote black. Written, then added to the kernel; what that
 * refuses is in the reply.
 *
 * Private to the folder.
 */
#ifndef WFS_ADMIN_BLOCK_H
#define WFS_ADMIN_BLOCK_H

#include "admin/admin.h"

/* Every outcome is in reply and todo. */
void block_manual(const struct admin *admin, const struct protocol_request *request, const char *who, int64_t now_s,
                  json_t *reply, struct admin_todo *todo);

void block_black(const struct admin *admin, const struct protocol_request *request, const char *who, int64_t now_s,
                 json_t *reply, struct admin_todo *todo);

#endif
