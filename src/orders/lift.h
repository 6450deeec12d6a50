/*
 * lift: requests that end blocks: unblock, and vote white. Written, then told to the kernel. Every outcome is
 * in answer and todo.
 */
#ifndef WFS_ORDERS_LIFT_H
#define WFS_ORDERS_LIFT_H

#include "orders/orders.h"

/* What runs is found, ended, lifted and told. */
void lift_run(const struct orders *orders, const struct protocol_request *request, const char *who,
              int64_t now_s, struct answer *answer, struct orders_todo *todo);

#endif
