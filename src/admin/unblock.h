/*
 * unblock: requests that end blocks: unblock, vote white and allow; also disallow, which ends an allowance. The change
 * is written, then removed from the kernel. Every outcome is in reply and todo.
 *
 * Private to the folder.
 */
#ifndef WFS_ADMIN_UNBLOCK_H
#define WFS_ADMIN_UNBLOCK_H

#include "admin/admin.h"

/* Finds the active blocks, ends them, removes them from the kernel, and replies. */
void unblock_run(const struct admin *admin, const struct protocol_request *request, const char *who, int64_t now_s,
                 json_t *reply, struct admin_todo *todo);

/* Handles disallow: ends the allowances of exactly that network. */
void unblock_allowance(const struct admin *admin, const struct protocol_request *request, const char *who,
                       int64_t now_s, json_t *reply);

#endif
