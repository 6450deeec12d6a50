/*
 * look: requests that only ask: list, why, test, status. Every outcome is in answer.
 */
#ifndef WFS_ORDERS_LOOK_H
#define WFS_ORDERS_LOOK_H

#include "orders/orders.h"

void look_list(const struct orders *orders, int64_t now_s, struct answer *answer);

/* why and test. */
void look_at(const struct orders *orders, const struct protocol_request *request, int64_t now_s,
             struct answer *answer);

void look_status(const struct orders *orders, int64_t now_s, struct answer *answer);

#endif
