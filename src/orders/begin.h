/*
 * begin: requests that begin a block, or may: block, and vote black. Written, then told to the kernel; what
 * that does not hold is said in the answer. Every outcome is in answer and todo.
 */
#ifndef WFS_ORDERS_BEGIN_H
#define WFS_ORDERS_BEGIN_H

#include "orders/orders.h"

void begin_manual(const struct orders *orders, const struct protocol_request *request, const char *who,
                  int64_t now_s, struct answer *answer, struct orders_todo *todo);

void begin_black(const struct orders *orders, const struct protocol_request *request, const char *who,
                 int64_t now_s, struct answer *answer, struct orders_todo *todo);

#endif
