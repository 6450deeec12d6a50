/*
 * observe: the backend that blocks no client. It records in memory what would be blocked, so that everything else
 * works as with the other backends, and changes nothing in the kernel.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "root/backend.h"
#include "root/members.h"

enum {
	ENTRIES_MAX = 1 << 17,
	IP4_LEN_MIN = 96 + 8, /* the widest network that a packet may carry */
	IP6_LEN_MIN = 32,
};

struct observed {
	struct members members;
	uint32_t held4;
};

static uint32_t now_s(void)
{
	return (uint32_t)(clock_steady_ms() / 1000); /* seconds since boot */
}

static int observe_open(const struct root_config *config, void **ret, const char **ret_without6, struct why *why)
{
	struct observed *const observed = calloc(1, sizeof *observed);

	(void)config;
	if (observed == NULL || !members_init(&observed->members, ENTRIES_MAX)) {
		free(observed);
		return why_set(why, ENOMEM, "no memory for what would be blocked");
	}
	log_line(LOG_NOTICE, "[firewall] backend = observe: nobody is blocked; who would be is recorded and reported");
	*ret = observed;
	*ret_without6 = NULL;
	return 0;
}

static int observe_prepare(void *self, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why)
{
	(void)self;
	(void)n4;
	(void)n6;
	(void)why;
	*ret_repaired = false;
	return 0;
}

static int observe_add(void *self, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
                       struct why *why)
{
	struct observed *const observed = self;
	struct members *const members = &observed->members;

	(void)why;
	for (size_t i = 0; i < n; i++) {
		struct members_entry *entry = members_find(members, &entries[i].net);

		if (entry == NULL && members->n == members->cap) {
			backend_refuse(refused, &entries[i].net, "more entries are observed than there is room for");
			continue;
		}
		if (entry == NULL) {
			entry = members_add(members, &entries[i].net);
			observed->held4 += addr_is_ip4(&entries[i].net.addr);
		}
		entry->written_s = now_s();
	}
	return 0;
}

static int observe_del(void *self, const struct net *nets, size_t n, struct why *why)
{
	struct observed *const observed = self;

	(void)why;
	for (size_t i = 0; i < n; i++) {
		struct members_entry *const entry = members_find(&observed->members, &nets[i]);

		if (entry == NULL)
			continue;
		members_remove(&observed->members, entry);
		observed->held4 -= addr_is_ip4(&nets[i].addr);
	}
	return 0;
}

static int observe_list(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
                        struct why *why)
{
	const struct observed *const observed = self;
	const struct members *const members = &observed->members;
	size_t n = 0;

	(void)why;
	for (; cursor < members->n && n < cap; cursor++)
		out[n++] = (struct backend_entry){.net = members->entries[cursor].net,
		                                  .left_s = UINT32_MAX,
		                                  .idle_s = now_s() - members->entries[cursor].written_s};
	*ret_n = n;
	return 0;
}

static int observe_look(void *self, struct backend_entry *entries, size_t n, struct why *why)
{
	const struct observed *const observed = self;

	(void)why;
	for (size_t i = 0; i < n; i++) {
		const struct members_entry *const entry = members_find(&observed->members, &entries[i].net);

		entries[i].idle_s = entry == NULL ? UINT32_MAX : now_s() - entry->written_s;
		entries[i].dropped = 0;
		entries[i].bytes = 0; /* not counted */
	}
	return 0;
}

/* Reports none: the kernel is not asked. */
static int observe_floods(void *self, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	(void)self;
	(void)out;
	(void)cap;
	(void)why;
	*ret_n = 0;
	return 0;
}

static void observe_limits(const void *self, struct backend_limits *ret)
{
	const struct observed *const observed = self;

	*ret = (struct backend_limits){.held4 = observed->held4,
	                               .held6 = observed->members.n - observed->held4,
	                               .capacity = ENTRIES_MAX,
	                               .most = ENTRIES_MAX};
	for (uint8_t len = IP4_LEN_MIN; len <= 128; len++)
		lengths_add(&ret->lengths, true, len);
	for (uint8_t len = IP6_LEN_MIN; len <= 128; len++)
		lengths_add(&ret->lengths, false, len);
}

static int observe_close(void *self, enum backend_end end, struct why *why)
{
	struct observed *const observed = self;

	(void)end;
	(void)why;
	if (observed != NULL)
		members_done(&observed->members);
	free(observed);
	return 0;
}

static int observe_clean(const struct root_config *config, bool *ret_removed, struct why *why)
{
	(void)config;
	(void)why;
	*ret_removed = false;
	return 0;
}

const struct backend backend_observe = {.name = "observe",
                                        .open = observe_open,
                                        .prepare = observe_prepare,
                                        .add = observe_add,
                                        .del = observe_del,
                                        .list = observe_list,
                                        .look = observe_look,
                                        .floods = observe_floods,
                                        .limits = observe_limits,
                                        .close = observe_close,
                                        .clean = observe_clean};
