/*
 * text_order: sorts addresses nearly like the database, which sorts their texts.
 *
 * Private to the folder. Rows that are written in the order of their table change each of its pages only once. IPv4 is
 * sorted exactly; IPv6 follows it, sorted by its first 46 bits. Pure.
 */
#ifndef WFS_STORE_TEXT_ORDER_H
#define WFS_STORE_TEXT_ORDER_H

#include <stdint.h>

#include "base/addr.h"

enum { TEXT_ORDER_BITS = 47 };

/* Returns a number of TEXT_ORDER_BITS, smaller for an address that is sorted earlier. */
uint64_t text_order(const struct addr *addr);

#endif
