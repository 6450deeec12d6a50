#include "firewall/message.h"

#include <string.h>

#include "base/addr.h"
#include "base/confdir.h"

enum {
	ERRNO_MAX = 4095, /* MAX_ERRNO, include/linux/err.h */
	IP4_BITS = 96,    /* an IPv4 address starts here in the 16 bytes */
	IP4_LEN_MIN = 8,  /* no list of addresses may hold networks wider than these: ... */
	IP6_LEN_MIN = 32, /* ... one slip would cut off a continent */
};

/* min4, min6: minimum lengths, counted in the 16 bytes. */
static bool has_network(const struct message_entry *entry, unsigned min4, unsigned min6)
{
	struct addr addr;
	const size_t whole = entry->len / 8U;

	memcpy(addr.bytes, entry->addr, sizeof addr.bytes);
	if (entry->len > 128 || entry->len < (addr_is_ip4(&addr) && entry->len >= IP4_BITS ? min4 : min6))
		return false;
	if (entry->list >= PORTLISTS_MAX)
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

bool message_entry_is_good(const struct message_entry *entry)
{
	struct addr addr;

	memcpy(addr.bytes, entry->addr, sizeof addr.bytes);
	return has_network(entry, IP4_BITS + IP4_LEN_MIN, addr_is_ip4(&addr) ? IP4_BITS + IP4_LEN_MIN : IP6_LEN_MIN);
}

bool message_pass_is_good(const struct message_entry *entry)
{
	return has_network(entry, IP4_BITS + 1, 1);
}

static bool has_form(const struct message *m, size_t len)
{
	return len >= offsetof(struct message, entries) && m->n <= MESSAGE_ENTRIES && len == message_size(m);
}

/* Upper bounds (and one lower bound) for the numbers of an entry. */
struct bounds {
	uint32_t left_min_s, left_s, idle_s, dropped;
	uint64_t bytes;
};

/* Returns the bounds for entries that report what the kernel counted. */
static struct bounds counted(uint32_t left_s)
{
	return (struct bounds){
		.left_s = left_s, .idle_s = UINT32_MAX, .dropped = UINT32_MAX, .bytes = MESSAGE_BYTES_MAX};
}

static bool entries_are_good(const struct message *m, struct bounds most)
{
	bool (*const is_good)(const struct message_entry *) =
		m->verb == MESSAGE_PASS || m->verb == MESSAGE_UNPASS ? message_pass_is_good : message_entry_is_good;

	for (uint32_t i = 0; i < m->n; i++)
		if (!is_good(&m->entries[i]) || m->entries[i].left_s < most.left_min_s ||
		    m->entries[i].left_s > most.left_s || m->entries[i].idle_s > most.idle_s ||
		    m->entries[i].dropped > most.dropped || m->entries[i].bytes > most.bytes)
			return false;
	return true;
}

static bool has_gate(const struct message *m)
{
	static const struct message_gate none;

	return memcmp(&m->gate, &none, sizeof none) != 0;
}

/* Returns whether m has fields set that only answers have. */
static bool has_answer(const struct message *m)
{
	const struct lengths *const l = &m->lengths;

	return m->capacity != 0 || m->refused != 0 || m->repaired != 0 || m->ended != 0 || m->port != 0 ||
	       m->watched != 0 || m->tarpit.began != 0 || m->tarpit.held != 0 || m->tarpit.reserved != 0 ||
	       m->error != 0 || m->list[0] != '\0' || m->backend[0] != '\0' || m->chosen[0] != '\0' ||
	       m->why[0] != '\0' || has_gate(m) || (l->ip4[0] | l->ip4[1] | l->ip6[0] | l->ip6[1]) != 0;
}

/* Returns whether the verb is answered in several packets. */
static bool has_places(const struct message *m)
{
	return m->verb == MESSAGE_LIST || m->verb == MESSAGE_DROPPED || m->verb == MESSAGE_COUNTS;
}

/* Returns the maximum of n4 in a request, where n6 is 0. PREPARE, which has no maximum, is not asked about. */
static uint32_t n4_max(const struct message *m)
{
	return m->verb == MESSAGE_GATES ? 1 : m->verb == MESSAGE_COUNTS ? MESSAGE_GATES_MAX - 1 : 0;
}

bool message_is_request(const struct message *m, size_t len)
{
	if (!has_form(m, len) || has_answer(m))
		return false;
	if (m->verb != MESSAGE_PREPARE && (m->n4 > n4_max(m) || m->n6 != 0))
		return false;
	if (!has_places(m) && m->cursor > (m->verb == MESSAGE_CONFIG ? CONFDIR_MAX : 0))
		return false;
	/* Not cast to the enum: the number comes from the other side and may have any value. */
	switch (m->verb) {
	case MESSAGE_PREPARE:
	case MESSAGE_LIST:
	case MESSAGE_DROPPED:
	case MESSAGE_FLOODS:
	case MESSAGE_CONFIG:
	case MESSAGE_LIMITS:
	case MESSAGE_SETTLED:
	case MESSAGE_PUBLISHED:
	case MESSAGE_GATES:
	case MESSAGE_COUNTS:
		return m->n == 0;
	case MESSAGE_ADD:
	case MESSAGE_PASS:
		return m->n > 0 && entries_are_good(m, (struct bounds){.left_min_s = 1, .left_s = MESSAGE_SECONDS_MAX});
	case MESSAGE_KILL:
		return entries_are_good(m, (struct bounds){0});
	case MESSAGE_DEL:
	case MESSAGE_LOOK:
	case MESSAGE_UNPASS:
	case MESSAGE_CLOSE:
		return m->n > 0 && entries_are_good(m, (struct bounds){0});
	default:
		return false;
	}
}

bool message_is_answer(const struct message *m, size_t len, const struct message *request)
{
	if (!has_form(m, len) || m->verb != request->verb || m->number != request->number)
		return false;
	if (m->error > 0 || m->error < -ERRNO_MAX || memchr(m->why, '\0', sizeof m->why) == NULL ||
	    memchr(m->list, '\0', sizeof m->list) == NULL || memchr(m->backend, '\0', sizeof m->backend) == NULL ||
	    memchr(m->chosen, '\0', sizeof m->chosen) == NULL ||
	    (m->error == 0 && m->refused == 0) != (m->why[0] == '\0'))
		return false;
	if (m->watched > 1 || m->tarpit.reserved != 0 || m->refused > (m->verb == MESSAGE_ADD ? request->n : 0) ||
	    m->repaired > (m->verb == MESSAGE_PREPARE || m->verb == MESSAGE_GATES ? 1 : 0) ||
	    (m->ended > 0 && m->verb != MESSAGE_KILL) || m->port > (m->verb == MESSAGE_PUBLISHED ? UINT16_MAX : 0))
		return false;
	if (!has_places(m) && m->cursor != 0)
		return false;
	if (has_gate(m) && (m->verb != MESSAGE_COUNTS || m->cursor != 0))
		return false;
	if (m->verb == MESSAGE_FLOODS)
		return entries_are_good(m, (struct bounds){0});
	if (m->verb == MESSAGE_ADD)
		return m->n == (m->error == 0 ? m->refused : 0) && entries_are_good(m, (struct bounds){0});
	if (m->verb == MESSAGE_LOOK && m->error == 0)
		return m->n == request->n && entries_are_good(m, counted(0));
	if (m->verb == MESSAGE_COUNTS)
		return m->n == 0 && (m->cursor == 0 || m->cursor > request->cursor);
	if (!has_places(m))
		return m->n == 0;
	/* If more follows, there must be entries and cursor must grow, or the engine would loop for ever. */
	if (m->cursor != 0 && (m->n == 0 || m->cursor <= request->cursor))
		return false;
	return entries_are_good(m, counted(UINT32_MAX));
}

bool message_is_notice(const struct message *m, size_t len)
{
	struct message plain;

	if (!has_form(m, len) || m->verb != MESSAGE_CHANGED || m->number != 0 ||
	    memchr(m->why, '\0', sizeof m->why) == NULL)
		return false;
	memcpy(&plain, m, offsetof(struct message, entries));
	plain.why[0] = '\0';
	return !has_answer(&plain) && m->cursor == 0 && m->n4 == 0 && m->n6 == 0 &&
	       entries_are_good(m, (struct bounds){0});
}
