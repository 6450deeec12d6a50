/*
 * nftables: the backend for nf_tables: a table of our own (nft_table.h), whose elements have timeouts.
 *
 * An element lasts min(left_s, [firewall] seconds), so that blocks do not outlive a dead daemon by more than that.
 * The engine adds it again before then, and removes it when its block ends. Otherwise it expires GRACE_S later: a
 * packet in the block's last second may still extend the block. Each request is written in transactions of at most
 * NFT_AT_ONCE elements (nft_write.h). Elements are not remembered here, so a million of them cost no memory: a
 * listing reads them from the kernel piece by piece. Each set is created when the first network of its length is
 * added.
 *
 * Knows the other nft_* files. Never waits. Source: measured on 6.18, tests/unit/root/nftables.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "base/clock.h"
#include "base/log.h"
#include "root/backend.h"
#include "root/hooks.h"
#include "root/nft_batch.h"
#include "root/nft_dropped.h"
#include "root/nft_elements.h"
#include "root/nft_events.h"
#include "root/nft_listing.h"
#include "root/nft_probe.h"
#include "root/nft_table.h"
#include "root/nft_write.h"

enum {
	CAPACITY = 1000000, /* less than NFT_ELEMENTS_MAX: an element added again counts twice until the commit */
	SHORTEST_MS = 1000,
	GRACE_S = 5,
};

struct nftables {
	const struct root_config *config; /* borrowed */
	struct mnl_socket *reading;       /* only for listings */
	struct nft_events events;
	bool made;                  /* open created the table */
	bool altered;               /* rules were changed by others since we wrote them */
	bool repaired;              /* something was missing or altered since the engine's last prepare */
	bool forwards;              /* the table has rules for forwarded packets */
	uint32_t slots;             /* sets that exist, a bit per slot */
	uint32_t held4, held6;      /* at the last listing */
	struct nft_dropped dropped; /* counts of dropped packets */
	int64_t looked_s;           /* steady-clock second of the last look */
	struct nft_listing listing;
	uint32_t place;           /* index of the listing's next entry */
	struct nft_answer answer; /* to all other requests, on the writer's socket */
	struct nft_writer writer;
};

/* --- the table --- */

static int write_table(struct nftables *self, uint32_t slots, bool recreate, struct why *why)
{
	nft_begin(&self->writer.batch, self->writer.socket);
	self->forwards = hooks_forward(self->config);
	nft_table_put(&self->writer.batch, self->config, slots, self->forwards, recreate);
	return nft_commit(&self->writer.batch, why);
}

static int replace_table(struct nftables *self, uint32_t slots, struct why *why)
{
	const int err = write_table(self, slots, true, why);

	if (err == 0)
		nft_dropped_restart(&self->dropped);
	return err;
}

/* Creates the table, or updates it; replaces it if the existing one cannot be changed as needed. */
static int make_table(struct nftables *self, uint32_t slots, struct why *why)
{
	int err = write_table(self, slots, false, why);

	if (err == -EEXIST || err == -EBUSY || err == -EINVAL || err == -EOPNOTSUPP)
		err = replace_table(self, slots, why);
	if (err == -ENOENT)
		return why_set(why, ENOENT,
		               "nftables: the kernel lacks an expression of our rules: load them with 'modprobe -a "
		               "nf_tables nft_limit nft_log nft_reject_inet nft_ct'");
	if (err == 0)
		self->slots = slots;
	return err;
}

static int error_foreign(const struct root_config *config, struct why *why)
{
	char table[NFT_NAME_MAX];

	nft_table_name(config, table);
	return why_set(why, EEXIST,
	               "nftables: there is a table inet %s that watchforspammers did not make; remove it with 'nft "
	               "delete table inet %s', or set another [firewall] chain",
	               table, table);
}

/* --- adding and removing --- */

static uint64_t timeout_ms(const struct nftables *self, uint32_t left_s)
{
	const uint32_t ends_s = left_s < UINT32_MAX - GRACE_S ? left_s + GRACE_S : left_s;
	const uint32_t s = ends_s < self->config->seconds ? ends_s : self->config->seconds;

	return s > 0 ? (uint64_t)s * 1000 : SHORTEST_MS;
}

/* Calls act for the entries of each set in those (a bit per slot). */
static int each_set(struct nftables *self, uint32_t those, const struct backend_entry *entries, size_t n,
                    int (*act)(struct nft_writer *, const struct nft_set_of *, const struct nft_element *, size_t,
                               struct backend_refused *, struct why *),
                    struct backend_refused *refused, struct why *why)
{
	int rc = 0;

	for (unsigned slot = 0; slot < NFT_SLOTS && rc == 0; slot++) {
		struct nft_element elements[NFT_AT_ONCE];
		struct nft_names names;
		size_t k = 0;

		if ((those >> slot & 1) == 0)
			continue;
		nft_names_init(&names, self->config, slot, "");
		for (size_t i = 0; i < n && rc == 0; i++) {
			if (nft_slot_of(&entries[i].net, self->config) == slot)
				elements[k++] = (struct nft_element){.net = entries[i].net,
				                                     .timeout_ms = timeout_ms(self, entries[i].left_s)};
			if (k > 0 && (k == NFT_AT_ONCE || i + 1 == n)) {
				k = nft_elements_unique(elements, k);
				rc = act(&self->writer, &names.of, elements, k, refused, why);
				k = 0;
			}
		}
	}
	return rc;
}

/* Returns the sets that hold such networks, a bit per slot. Refuses entries that no set can hold. */
static uint32_t slots_of(const struct nftables *self, const struct backend_entry *entries, size_t n,
                         struct backend_refused *refused)
{
	uint32_t slots = 0;

	for (size_t i = 0; i < n; i++) {
		const unsigned slot = nft_slot_of(&entries[i].net, self->config);

		if (slot < NFT_SLOTS && (self->config->manage_rules || (self->slots >> slot & 1) != 0))
			slots |= 1U << slot;
		else if (refused != NULL)
			backend_refuse(refused, &entries[i].net, "no set holds networks of this length");
	}
	return slots;
}

static int nftables_add(void *of, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
                        struct why *why)
{
	struct nftables *const self = of;
	const uint32_t slots = slots_of(self, entries, n, refused);
	int rc = 0;

	if ((slots & ~self->slots) != 0)
		rc = make_table(self, self->slots | slots, why);
	return rc < 0 ? rc : each_set(self, slots, entries, n, nft_write_add, refused, why);
}

static int nftables_del(void *of, const struct net *nets, size_t n, struct why *why)
{
	struct nftables *const self = of;
	int rc = 0;

	for (size_t at = 0; at < n && rc == 0; at += NFT_AT_ONCE) {
		struct backend_entry entries[NFT_AT_ONCE];
		const size_t k = n - at < NFT_AT_ONCE ? n - at : NFT_AT_ONCE;

		for (size_t i = 0; i < k; i++)
			entries[i] = (struct backend_entry){.net = nets[at + i], .left_s = 1};
		/* A set that does not exist holds none of them. */
		rc = each_set(self, slots_of(self, entries, k, NULL) & self->slots, entries, k, nft_write_remove, NULL,
		              why);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* --- listing --- */

/* Reads from the kernel which clients sent packets. If manage_rules is false, nothing is counted. */
static int read_dropped(struct nftables *self, struct why *why)
{
	const uint32_t slots = self->config->manage_rules ? self->slots : 0;

	return nft_dropped_read(&self->dropped, self->config, slots, self->writer.socket, &self->answer, why);
}

static int begin_listing(struct nftables *self, struct why *why)
{
	const int rc = read_dropped(self, why);

	nft_listing_begin(&self->listing);
	self->place = 0;
	self->held4 = self->held6 = 0;
	return rc;
}

static struct backend_entry entry_of(struct nftables *self, const struct nft_element *element)
{
	const uint64_t age_ms = element->timeout_ms > element->left_ms ? element->timeout_ms - element->left_ms : 0;
	const uint32_t age_s = (uint32_t)(age_ms / 1000); /* timeouts are at most seven days */
	struct backend_entry entry = {
		.net = element->net, .left_s = (uint32_t)(element->left_ms / 1000), .idle_s = age_s};

	if (element->timeout_ms == 0)
		entry.left_s = UINT32_MAX; /* added by somebody else, without timeout */
	if (nft_dropped_take(&self->dropped, &entry) && entry.idle_s > age_s)
		entry.idle_s = age_s;
	return entry;
}

/* Reads the next entry from the kernel. Returns 1 at the end. */
static int next_entry(struct nftables *self, struct backend_entry *ret, struct why *why)
{
	struct nft_element element;
	const int rc = nft_listing_next(&self->listing, self->config, self->slots, self->reading, &element, why);

	if (rc != 0)
		return rc;
	*ret = entry_of(self, &element);
	*(addr_is_ip4(&element.net.addr) ? &self->held4 : &self->held6) += 1;
	return 0;
}

static int nftables_list(void *of, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
                         struct why *why)
{
	struct nftables *const self = of;
	size_t n = 0;
	int rc = cursor == 0 ? begin_listing(self, why) : 0;

	if (rc == 0 && cursor != self->place)
		return why_set(why, EINVAL, "nftables: the listing is at place %" PRIu32 ", not at %" PRIu32,
		               self->place, cursor);
	while (rc == 0 && n < cap && (rc = next_entry(self, &out[n], why)) == 0) {
		n++;
		self->place++;
	}
	if (rc < 0)
		return rc;
	*ret_n = n;
	return 0;
}

/* Entries already reported are skipped, so cursor counts only reported ones. */
static int nftables_dropped(void *of, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
                            struct why *why)
{
	struct nftables *const self = of;
	const int rc = cursor == 0 ? read_dropped(self, why) : 0;

	if (rc == 0)
		nft_dropped_next(&self->dropped, out, cap, ret_n);
	return rc;
}

/* Only clients that sent packets have values. The kernel is read at most once a second. */
static int nftables_look(void *of, struct backend_entry *entries, size_t n, struct why *why)
{
	struct nftables *const self = of;
	const int64_t second = clock_steady_ms() / 1000;
	int rc = 0;

	if (second != self->looked_s)
		rc = read_dropped(self, why);
	self->looked_s = second;
	for (size_t i = 0; i < n && rc == 0; i++) {
		entries[i].idle_s = UINT32_MAX;
		entries[i].dropped = 0;
		entries[i].bytes = 0;
		(void)nft_dropped_take(&self->dropped, &entries[i]);
	}
	return rc;
}

/* --- floods --- */

/* Reads and removes at most cap addresses of one family's set. */
static int take_floods(struct nftables *self, bool ip4, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	struct nft_element elements[NFT_AT_ONCE];
	struct nft_names names = {.of = {.slot = {ip4, ip4 ? 32 : 128}}};
	struct nft_answer *const answer = &self->answer;
	const struct nlmsghdr *nlh;
	size_t n = 0;
	int rc;

	nft_table_name(self->config, names.table);
	nft_flood_name(self->config, ip4, "_flood", names.set);
	names.of.table = names.table;
	names.of.set = names.set;
	rc = nft_ask(answer, self->writer.socket, NFT_MSG_GETSETELEM, names.table, names.set, why);
	while (rc == 0 && (rc = nft_next(answer, &nlh, why)) == 0 && nlh != NULL) {
		struct nft_reader reader;

		nft_reader_init(&reader, nlh, names.of.slot);
		while (n < cap && n < NFT_AT_ONCE && nft_reader_next(&reader, &elements[n])) {
			out[n] = elements[n].net.addr;
			elements[n].timeout_ms = SHORTEST_MS;
			elements[n].left_ms = 0;
			n++;
		}
	}
	if (rc == 0 && n > 0)
		rc = nft_write_remove(&self->writer, &names.of, elements, n, NULL, why);
	*ret_n = rc == 0 ? n : 0;
	return rc;
}

static int nftables_floods(void *of, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	struct nftables *const self = of;
	size_t n4 = 0, n6 = 0;
	int rc = 0;

	if (self->config->connections > 0 && self->config->manage_rules)
		rc = take_floods(self, true, out, cap, &n4, why);
	if (rc == 0 && self->config->connections > 0 && self->config->manage_rules)
		rc = take_floods(self, false, out + n4, cap - n4, &n6, why);
	if (rc == 0)
		*ret_n = n4 + n6;
	return rc;
}

/* --- opening, preparing, closing --- */

static void nftables_limits(const void *of, struct backend_limits *ret)
{
	const struct nftables *const self = of;

	*ret = (struct backend_limits){
		.held4 = self->held4, .held6 = self->held6, .capacity = CAPACITY, .most = CAPACITY};
	(void)snprintf(ret->list, sizeof ret->list, "%s", self->config->list);
	for (unsigned i = 0; i < NFT_SLOTS; i++) {
		struct nft_slot slot;

		if (nft_slot(i, self->config, &slot) && (self->config->manage_rules || (self->slots >> i & 1) != 0))
			lengths_add(&ret->lengths, slot.ip4,
			            (uint8_t)(slot.length + (slot.ip4 ? 96 : 0))); /* at most 128 */
	}
}

/* For manage_rules = no: records which sets exist; the one for IPv4 addresses must. */
static int find_others(struct nftables *self, enum nft_found found, uint32_t slots, struct why *why)
{
	char set[NFT_NAME_MAX];
	struct nft_slot slot;

	self->slots = slots;
	if (found != NFT_FOUND_NONE && (slots & 1) != 0)
		return 0;
	(void)nft_slot(0, self->config, &slot);
	nft_set_name(self->config, slot, "", set);
	return why_set(why, ENOENT,
	               "nftables: there is no set %s with times in table inet %s; manage_rules is off, so it is yours "
	               "to add: 'nft add set inet %s %s { type ipv4_addr; flags timeout; size 65536; }'",
	               set, self->config->table, self->config->table, set);
}

/* Recreates or repairs the table if needed. */
static int heal(struct nftables *self, struct why *why)
{
	enum nft_found found;
	uint32_t slots;
	int rc = nft_table_find(self->config, self->writer.socket, &self->answer, &found, &slots, why);

	if (rc == 0 && !self->config->manage_rules)
		return find_others(self, found, slots, why);
	if (rc == 0 && found == NFT_FOUND_FOREIGN)
		return error_foreign(self->config, why);
	if (rc < 0 || (!self->altered && found != NFT_FOUND_NONE && (self->slots & ~slots) == 0))
		return rc;
	rc = make_table(self, self->slots, why);
	if (rc == 0 && found == NFT_FOUND_NONE)
		nft_dropped_restart(&self->dropped);
	self->altered &= rc < 0;
	self->repaired |= rc == 0;
	return rc;
}

static int nftables_prepare(void *of, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why)
{
	struct nftables *const self = of;
	int rc = heal(self, why);

	(void)n4;
	(void)n6;
	if (rc == 0 && self->forwards != hooks_forward(self->config))
		rc = make_table(self, self->slots, why);
	if (rc == 0) {
		*ret_repaired = self->repaired;
		self->repaired = false;
	}
	return rc;
}

static int watched(const void *of)
{
	const struct nftables *const self = of;

	return mnl_socket_get_fd(self->events.socket);
}

/* If repairing fails here, the next prepare reports it. */
static bool changed(void *of, struct backend_change *ret)
{
	struct nftables *const self = of;
	struct why ignored;
	bool rules;

	nft_events_read(&self->events, self->config, &self->answer, ret, &rules);
	if (!rules && !ret->all && ret->n == 0)
		return false;
	self->altered |= rules;
	(void)heal(self, &ignored);
	return true;
}

static int nftables_close(void *of, enum backend_end end, struct why *why);

static int open_table(struct nftables *self, struct why *why)
{
	enum nft_found found;
	uint32_t slots;
	int rc = nft_open(&self->writer.socket, why);

	if (rc == 0)
		rc = nft_open(&self->reading, why);
	if (rc == 0)
		rc = nft_events_open(&self->events, self->writer.socket, why);
	if (rc == 0)
		rc = nft_table_find(self->config, self->writer.socket, &self->answer, &found, &slots, why);
	if (rc == 0 && !self->config->manage_rules)
		return find_others(self, found, slots, why);
	if (rc == 0 && found == NFT_FOUND_FOREIGN)
		rc = error_foreign(self->config, why);
	if (rc == 0)
		rc = make_table(self, slots, why);
	if (rc == 0)
		rc = read_dropped(self, why);
	nft_dropped_skip(&self->dropped);
	if (rc == 0) {
		self->made = found == NFT_FOUND_NONE;
		rc = nft_probe(self->config, &self->writer.batch, self->writer.socket, &self->answer,
		               &self->writer.updates, why);
	}
	return rc;
}

static int nftables_open(const struct root_config *config, void **ret, const char **ret_without6, struct why *why)
{
	struct nftables *const self = calloc(1, sizeof *self);
	struct why ignored;
	int rc;

	if (self == NULL || !nft_dropped_init(&self->dropped)) {
		(void)nftables_close(self, BACKEND_LEAVE, &ignored);
		return why_set(why, ENOMEM, "no memory for the sets");
	}
	self->config = config;
	rc = open_table(self, why);
	if (rc < 0) {
		(void)nftables_close(self, BACKEND_UNDO, &ignored);
		return rc;
	}
	*ret = self;
	*ret_without6 = NULL;
	return 0;
}

/* The rules stay, since they are not ours; with empty sets they block nobody. */
static int empty_sets(struct nftables *self, struct why *why)
{
	int rc = 0;

	for (unsigned slot = 0; slot < NFT_SLOTS && rc == 0; slot++) {
		struct nft_names names;

		if ((self->slots >> slot & 1) == 0)
			continue;
		nft_names_init(&names, self->config, slot, "");
		nft_begin(&self->writer.batch, self->writer.socket);
		nft_elements_put(&self->writer.batch, NFT_MSG_DELSETELEM, &names.of, NULL, 0);
		rc = nft_commit(&self->writer.batch, why);
		rc = rc == -ENOENT ? 0 : rc;
	}
	return rc;
}

/* Deletes the table; it is no error if it is already gone. */
static int delete_table(struct nft_batch *batch, struct mnl_socket *socket, const struct root_config *config,
                        struct why *why)
{
	int rc;

	nft_begin(batch, socket);
	nft_table_delete(batch, config);
	rc = nft_commit(batch, why);
	return rc == -ENOENT ? 0 : rc;
}

static int nftables_close(void *of, enum backend_end end, struct why *why)
{
	struct nftables *const self = of;
	int rc = 0;

	if (self == NULL)
		return 0;
	if (end == BACKEND_REMOVE && !self->config->manage_rules)
		rc = empty_sets(self, why);
	else if (end == BACKEND_REMOVE || (end == BACKEND_UNDO && self->made))
		rc = delete_table(&self->writer.batch, self->writer.socket, self->config, why);
	if (self->writer.socket != NULL)
		(void)mnl_socket_close(self->writer.socket);
	if (self->reading != NULL)
		(void)mnl_socket_close(self->reading);
	nft_events_close(&self->events);
	nft_dropped_done(&self->dropped);
	free(self);
	return rc;
}

/* If there is no nf_tables, there is nothing of ours in it. */
static int nftables_clean(const struct root_config *config, bool *ret_removed, struct why *why)
{
	const bool others = !config->manage_rules && config->table[0] == '\0'; /* then the lists are xt_recent's */
	struct nftables *const self = others ? NULL : calloc(1, sizeof *self);
	enum nft_found found = NFT_FOUND_NONE;
	struct why ignored;
	uint32_t slots = 0;
	int rc;

	*ret_removed = false;
	if (others)
		return 0;
	if (self == NULL)
		return why_set(why, ENOMEM, "no memory for the sets");
	self->config = config;
	rc = nft_open(&self->writer.socket, why);
	if (rc == 0)
		rc = nft_table_find(config, self->writer.socket, &self->answer, &found, &slots, why);
	self->slots = slots;
	if (rc == 0 && !config->manage_rules)
		rc = empty_sets(self, why);
	else if (rc == 0 && found == NFT_FOUND_OURS)
		rc = delete_table(&self->writer.batch, self->writer.socket, config, why);
	if (rc == 0)
		*ret_removed = config->manage_rules ? found == NFT_FOUND_OURS : slots != 0;
	(void)nftables_close(self, BACKEND_LEAVE, &ignored);
	return rc == -EOPNOTSUPP ? 0 : rc;
}

static int nftables_names(const struct root_config *config, struct backend_names *ret, struct why *why)
{
	struct mnl_socket *socket = NULL;
	struct nft_answer answer;
	int rc = nft_open(&socket, why);

	if (rc == 0)
		rc = nft_table_names(config, socket, &answer, ret, why);
	if (socket != NULL)
		(void)mnl_socket_close(socket);
	return rc == -EOPNOTSUPP ? 0 : rc;
}

const struct backend backend_nftables = {.name = "nftables",
                                         .open = nftables_open,
                                         .prepare = nftables_prepare,
                                         .add = nftables_add,
                                         .del = nftables_del,
                                         .list = nftables_list,
                                         .look = nftables_look,
                                         .dropped = nftables_dropped,
                                         .floods = nftables_floods,
                                         .limits = nftables_limits,
                                         .watched = watched,
                                         .changed = changed,
                                         .close = nftables_close,
                                         .clean = nftables_clean,
                                         .names = nftables_names};
