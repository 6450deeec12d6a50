/*
 * reply: parses a name server's packet into the records of one type for the queried name.
 *
 * Private to the folder. Follows aliases (CNAME) within the packet; ignores records of other names and types. Pure:
 * bytes in, values out; everything in a packet is checked before it is used. Knows base, and the C library's parser of
 * DNS messages. Aborts if memory cannot be allocated. Source: RFC 1035 4, 3.3; ns_initparse(3) in <arpa/nameser.h>.
 */
#ifndef WFS_DNS_REPLY_H
#define WFS_DNS_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nets.h"

enum {
	REPLY_PACKET_MAX = 65535,
	REPLY_ADDRESSES_MAX = 256, /* more are ignored */
	/* Bytes of a domain name as text, including the NUL; without escapes no longer name fits a packet. */
	REPLY_NAME_MAX = 254,
};

/* The values are those of DNS. */
enum reply_type { REPLY_A = 1, REPLY_PTR = 12, REPLY_MX = 15, REPLY_TXT = 16, REPLY_AAAA = 28 };

enum reply_outcome {
	REPLY_FAILED,  /* no server answered, or it failed, or its reply is malformed: nothing is known */
	REPLY_NONE,    /* no such name, or no record of that type */
	REPLY_RECORDS, /* there are records */
};

/* Zeroed: failed. Without records both lists are empty. */
struct reply {
	enum reply_outcome outcome;
	/* With FAILED: a server said that it cannot answer (SERVFAIL) or refuses queries; it was not silent. */
	bool trouble;
	uint32_t ttl_s;   /* the shortest TTL of the records; 0 if there are none */
	struct nets nets; /* of A and AAAA records; sealed */
	size_t n;
	/*
	 * Of other records. TXT: the joined strings, with NUL bytes replaced by \1. MX, PTR: the name in lower case, ""
	 * for the root.
	 */
	char **texts;
};

/* Parses a packet. name: as it was queried. The caller frees *ret with reply_done. */
void reply_read(const uint8_t *packet, size_t len, const char *name, enum reply_type type, struct reply *ret);

/* Frees and zeroes reply. */
void reply_done(struct reply *reply);

#endif
