#include "dns/ptr.h"

#include <stdio.h>

#include "base/alloc.h"
#include "dns/dnsbl.h"

void ptr_begin(struct ptr *ptr, const struct addr *addr, struct ptr_question *ret)
{
	char name[DNSBL_NAME_MAX];

	*ptr = (struct ptr){.addr = *addr};
	dnsbl_name(addr, addr_is_ip4(addr) ? "in-addr.arpa" : "ip6.arpa", name);
	(void)snprintf(ret->name, sizeof ret->name, "%s", name); /* fits */
	ret->type = REPLY_PTR;
}

/* Copies the names: they are needed after reply is gone. */
static void keep_names(struct ptr *ptr, const struct reply *reply)
{
	ptr->names =
		(struct reply){.outcome = reply->outcome, .n = reply->n < PTR_NAMES_MAX ? reply->n : PTR_NAMES_MAX};
	ptr->names.texts = alloc_zero(ptr->names.n, sizeof *ptr->names.texts, "the names of an address");
	for (size_t i = 0; i < ptr->names.n; i++)
		ptr->names.texts[i] = alloc_text(reply->texts[i], "the names of an address");
}

/* Returns the query for the next name, or the result when there are no more names. */
static enum ptr_outcome next_name(struct ptr *ptr, struct ptr_question *ret)
{
	if (ptr->next == ptr->names.n)
		return ptr->doubt ? PTR_UNKNOWN : PTR_UNCONFIRMED;
	(void)snprintf(ret->name, sizeof ret->name, "%s",
	               ptr->names.texts[ptr->next++]); /* names too long to fit cannot exist */
	ret->type = addr_is_ip4(&ptr->addr) ? REPLY_A : REPLY_AAAA;
	return PTR_ASKS;
}

enum ptr_outcome ptr_answer(struct ptr *ptr, const struct reply *reply, struct ptr_question *ret)
{
	if (ptr->names.outcome == REPLY_RECORDS) {
		ptr->doubt |= reply->outcome == REPLY_FAILED;
		return nets_has(&reply->nets, &ptr->addr) ? PTR_CONFIRMED : next_name(ptr, ret);
	}
	switch (reply->outcome) {
	case REPLY_FAILED:
		return reply->trouble ? PTR_TROUBLE : PTR_UNKNOWN;
	case REPLY_NONE:
		return PTR_NONE;
	case REPLY_RECORDS:
		break;
	}
	keep_names(ptr, reply);
	return next_name(ptr, ret);
}

void ptr_done(struct ptr *ptr)
{
	reply_done(&ptr->names);
	*ptr = (struct ptr){.next = 0};
}
