/*
 * ptr: does an address have a name, and does that name lead back to it?
 *
 * Private to the folder. The names that PTR has for it, and then the addresses of each of the first PTR_NAMES_MAX,
 * until one is it. Pure: it says what to ask, the caller asks, and says what was answered. Knows reply and base. Aborts
 * if memory cannot be allocated. Source: RFC 1035 3.5, RFC 3596 2.5; as mail servers do it before they call a client's
 * name its own.
 */
#ifndef WFS_DNS_PTR_H
#define WFS_DNS_PTR_H

#include <stddef.h>

#include "base/addr.h"
#include "dns/reply.h"

enum { PTR_NAMES_MAX = 4 };

/* Begins zeroed; ends with ptr_done. */
struct ptr {
	struct addr addr;
	struct reply names; /* of PTR */
	size_t next;        /* of names, to be asked */
	bool doubt;         /* about one of them no server answered */
};

struct ptr_question {
	char name[REPLY_NAME_MAX];
	enum reply_type type;
};

enum ptr_outcome {
	PTR_ASKS,        /* the question that was returned, next */
	PTR_CONFIRMED,   /* it has a name, which is its own */
	PTR_NONE,        /* it has none */
	PTR_UNCONFIRMED, /* none of its names has this address */
	PTR_TROUBLE,     /* a server says that it cannot answer (SERVFAIL) */
	PTR_UNKNOWN,     /* no server answers */
};

void ptr_begin(struct ptr *ptr, const struct addr *addr, struct ptr_question *ret);

/* reply: to the last question; borrowed. ret: filled by PTR_ASKS. */
enum ptr_outcome ptr_answer(struct ptr *ptr, const struct reply *reply, struct ptr_question *ret);

/* Frees and zeroes. */
void ptr_done(struct ptr *ptr);

#endif
