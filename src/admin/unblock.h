/*
 * unblock: requests that end blocks: unblock, vote white and allow; and disallow, which ends an allowance. Written,
 * then removed from the kernel. Every outcome is in reply and todo.
 *
 * Private to the folder.
 */
#ifndef WFS_ADMIN_UNBLOCK_H
#define WFS_ADMIN_UNBLOCK_H

#include "admin/admin.h"

/* Finds the active blocks, ends and lifts them, and replies. */
void unblock_run(const struct admin *admin, const struct protocol_request *request, const char *who, int64_t now_s,
                 json_t *reply, struct admin_todo *todo);

/* disallow: the allowances of exactly that network end. */
void unblock_allowance(const struct admin *admin, const struct protocol_request *request, const char *who,
                       int64_t now_s, json_t *reply);

#endif
