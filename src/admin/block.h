/*
 * block: requests that begin or may begin a block: block and vote black. The block is written, then added to the
 * kernel; the reply says what the kernel refuses.
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
