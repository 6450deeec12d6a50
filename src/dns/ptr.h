/*
 * ptr: checks whether an address has a DNS name that resolves back to the address.
 *
 * Private to the folder. Looks up the PTR names of the address, and then the addresses of the first PTR_NAMES_MAX names
 * until one of them is the address. Pure: it returns what to query, and the caller sends the query and passes in the
 * reply. Knows reply and base. Aborts if memory cannot be allocated. Source: RFC 1035 3.5, RFC 3596 2.5; mail servers
 * do the same before they accept a client's name.
 */
#ifndef WFS_DNS_PTR_H
#define WFS_DNS_PTR_H

#include <stddef.h>

#include "base/addr.h"
#include "dns/reply.h"

enum { PTR_NAMES_MAX = 4 };

/* The state of one check. Zeroed at first; release it with ptr_done. */
struct ptr {
	struct addr addr;
	struct reply names; /* the PTR records */
	size_t next;        /* index in names of the next one to look up */
	bool doubt;         /* no server answered about one of the names */
};

struct ptr_question {
	char name[REPLY_NAME_MAX];
	enum reply_type type;
};

enum ptr_outcome {
	PTR_ASKS,        /* send the returned query next */
	PTR_CONFIRMED,   /* a name of the address resolves to it */
	PTR_NONE,        /* the address has no name */
	PTR_UNCONFIRMED, /* none of its names resolves to the address */
	PTR_TROUBLE,     /* a server says that it cannot answer (SERVFAIL) */
	PTR_UNKNOWN,     /* no server answers */
};

void ptr_begin(struct ptr *ptr, const struct addr *addr, struct ptr_question *ret);

/* Continues with the reply to the last query; reply is borrowed. Sets *ret if it returns PTR_ASKS. */
enum ptr_outcome ptr_answer(struct ptr *ptr, const struct reply *reply, struct ptr_question *ret);

/* Frees and zeroes ptr. */
void ptr_done(struct ptr *ptr);

#endif
