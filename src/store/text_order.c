#include "store/text_order.h"

#include <endian.h>
#include <string.h>

/* Of an octet: three digits in base 11, of which 0 is no digit; 11 bits. 1, 10, 100, 101, ... 109, 11, ..., 2. */
static uint64_t octet_order(unsigned octet)
{
	const unsigned a = octet / 100, b = octet / 10 % 10, c = octet % 10;

	if (octet < 10)
		return (c + 1) * 121;
	return octet < 100 ? (b + 1) * 121 + (c + 1) * 11 : (a + 1) * 121 + (b + 1) * 11 + c + 1;
}

uint64_t text_order(const struct addr *addr)
{
	uint64_t order = 0;

	if (addr_is_ip4(addr)) {
		for (size_t i = 12; i < 16; i++)
			order = order << 11 | octet_order(addr->bytes[i]);
		return order;
	}
	memcpy(&order, addr->bytes, sizeof order);
	return UINT64_C(1) << (TEXT_ORDER_BITS - 1) | be64toh(order) >> (64 - TEXT_ORDER_BITS + 1);
}
