/*
 * unblock: requests that end blocks: unblock, and vote white. Written, then told to the kernel. Every outcome is
 * in answer and todo.
 */
#ifndef WFS_ADMIN_UNBLOCK_H
#define WFS_ADMIN_UNBLOCK_H

#include "admin/admin.h"

/* What runs is found, ended, lifted and told. */
void unblock_run(const struct admin *admin, const struct protocol_request *request, const char *who,
              int64_t now_s, struct answer *answer, struct admin_todo *todo);

#endif
