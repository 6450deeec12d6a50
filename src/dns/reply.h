/*
 * reply: a name server's packet as values: the records of one type for the name that was asked.
 *
 * Private to the folder. Aliases (CNAME) are followed within the packet; records of other names and types in it count
 * for nothing. Pure: bytes in, values out; nothing in a packet is believed before it is checked. Knows base, and the C
 * library's reader of DNS messages. Aborts if memory cannot be allocated. Source: RFC 1035 4, 3.3; ns_initparse(3) in
 * <arpa/nameser.h>.
 */
#ifndef WFS_DNS_REPLY_H
#define WFS_DNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"

enum {
	REPLY_PACKET_MAX = 65535,
	REPLY_ADDRESSES_MAX = 256, /* more are passed over */
	REPLY_NAME_MAX = 254, /* of a domain name in text, with its NUL; without escapes no longer one fits a packet */
};

/* The numbers are those of DNS. */
enum reply_type { REPLY_A = 1, REPLY_PTR = 12, REPLY_MX = 15, REPLY_TXT = 16, REPLY_AAAA = 28 };

enum reply_outcome {
	REPLY_FAILED,  /* no server answered, or it is in trouble, or what it sent is no reply: nothing is known */
	REPLY_NONE,    /* no such name, or no record of that type */
	REPLY_RECORDS, /* some */
};

/* Zeroed: failed. Without records both lists are empty. */
struct reply {
	enum reply_outcome outcome;
	bool trouble; /* FAILED: a server said that it cannot answer (SERVFAIL), or refuses questions; it was not silent
	               */
	uint32_t ttl_s;   /* the shortest of the records; 0 without any */
	struct nets nets; /* of A and AAAA; sealed */
	size_t n;
	char **texts; /* of the others. TXT: its strings joined, NUL bytes in it as \1; MX, PTR: the name in lower case,
	                 "" for the root */
};

/* ret: the caller's, reply_done. name: as it was asked. */
void reply_read(const uint8_t *packet, size_t len, const char *name, enum reply_type type, struct reply *ret);

/* Frees and zeroes. */
void reply_done(struct reply *reply);

#endif
