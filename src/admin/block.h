/*
 * block: what begins a block, or may, and is no line of a log: block and vote black, and what the kernel
 * counted. Written, then told to the kernel; what that does not hold is said in the answer.
 */
#ifndef WFS_ADMIN_BLOCK_H
#define WFS_ADMIN_BLOCK_H

#include "admin/admin.h"

enum { BLOCK_FLOOD = 100 }; /* the score of a flood, as of a DNS blocklist */

/* Every outcome is in answer and todo. */
void block_manual(const struct admin *admin, const struct protocol_request *request, const char *who,
                  int64_t now_s, struct answer *answer, struct admin_todo *todo);

void block_black(const struct admin *admin, const struct protocol_request *request, const char *who,
                 int64_t now_s, struct answer *answer, struct admin_todo *todo);

/* Somebody opened more than so many connections within within_s. */
struct block_flood {
	struct addr addr;
	int64_t connections, within_s;
};

/*
 * A hit of rule "kernel-connections", category "flood", which counts like any other. Nothing is written of who
 * is allowed, or blocked by now. Errors as of store.h: nothing was changed. *ret: what is to be done yet.
 */
int block_flood(const struct admin *admin, const struct block_flood *flood, int64_t now_s,
                struct admin_todo *ret, struct why *why);

#endif
