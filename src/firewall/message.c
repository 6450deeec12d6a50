#include "firewall/message.h"

#include <string.h>

#include "base/addr.h"

enum {
	ERRNO_MAX = 4095, /* MAX_ERRNO, include/linux/err.h */
	IP4_BITS = 96,    /* an IPv4 address starts here in the 16 bytes */
	IP4_LEN_MIN = 8,  /* no list of addresses holds a wider network than these: */
	IP6_LEN_MIN = 32, /* one slip would cut off a continent */
};

bool message_entry_is_good(const struct message_entry *entry)
{
	struct addr addr;
	const size_t whole = entry->len / 8U;

	memcpy(addr.bytes, entry->addr, sizeof addr.bytes);
	if (entry->len > 128 || entry->len < (addr_is_ip4(&addr) ? IP4_BITS + IP4_LEN_MIN : IP6_LEN_MIN))
		return false;
	for (size_t i = 0; i < sizeof entry->reserved; i++)
		if (entry->reserved[i] != 0)
			return false;
	if (entry->len % 8U != 0 && (addr.bytes[whole] & (0xFFU >> entry->len % 8U)) != 0)
		return false;
	for (size_t i = whole + (entry->len % 8U != 0); i < sizeof addr.bytes; i++)
		if (addr.bytes[i] != 0)
			return false;
	return true;
}

static bool entries_are_good(const struct message *m, uint32_t seconds_min, uint32_t seconds_max, uint8_t knocked_max)
{
	for (uint32_t i = 0; i < m->n; i++)
		if (!message_entry_is_good(&m->entries[i]) || m->entries[i].seconds < seconds_min ||
		    m->entries[i].seconds > seconds_max || m->entries[i].knocked > knocked_max)
			return false;
	return true;
}

bool message_is_request(const struct message *m, size_t len)
{
	if (len != sizeof *m || m->n > MESSAGE_ENTRIES)
		return false;
	/* What only answers carry. */
	if (m->capacity != 0 || m->shards != 0 || m->refused != 0 || m->healed != 0 || m->error != 0 ||
	    m->why[0] != '\0')
		return false;
	if (m->verb != MESSAGE_ENSURE && (m->n4 != 0 || m->n6 != 0))
		return false;
	if (m->verb != MESSAGE_LIST && m->cursor != 0)
		return false;
	/* No enum: the number is the other side's, and may be any. */
	switch (m->verb) {
	case MESSAGE_ENSURE:
	case MESSAGE_LIST:
	case MESSAGE_FLOODS:
	case MESSAGE_CONFIG:
		return m->n == 0;
	case MESSAGE_ADD:
		return m->n > 0 && entries_are_good(m, 1, MESSAGE_SECONDS_MAX, 0);
	case MESSAGE_DEL:
		return m->n > 0 && entries_are_good(m, 0, 0, 0);
	default:
		return false;
	}
}

bool message_is_answer(const struct message *m, size_t len, const struct message *request)
{
	if (len != sizeof *m || m->verb != request->verb || m->number != request->number)
		return false;
	if (m->error > 0 || m->error < -ERRNO_MAX || memchr(m->why, '\0', sizeof m->why) == NULL ||
	    (m->error == 0 && m->refused == 0) != (m->why[0] == '\0'))
		return false;
	if (m->refused > (m->verb == MESSAGE_ADD ? request->n : 0) ||
	    m->healed > (m->verb == MESSAGE_ENSURE ? 1 : 0))
		return false;
	if (m->verb == MESSAGE_FLOODS)
		return m->n <= MESSAGE_ENTRIES && m->cursor == 0 && entries_are_good(m, 0, 0, 0);
	if (m->verb != MESSAGE_LIST)
		return m->n == 0 && m->cursor == 0;
	/* "More" must come with entries and lead onwards, or the engine would ask for ever. */
	if (m->cursor != 0 && (m->n == 0 || m->cursor <= request->cursor))
		return false;
	return m->n <= MESSAGE_ENTRIES && entries_are_good(m, 0, UINT32_MAX, 1);
}
