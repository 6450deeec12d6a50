#include "root/gate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter/nf_tables.h>

#include "base/clock.h"
#include "root/hooks.h"
#include "root/members.h"
#include "root/nft_elements.h"
#include "root/nft_gate.h"

enum {
	IP4_BITS = 96,
	CAME_MAX = 1 << 16, /* clients in the window that came; the delays of further ones are unknown */
	SLICE = 4,          /* messages of the kernel, with about 500 clients each, read per call */
	SHORTEST_MS = 1000, /* timeout of an element that is removed at once */
};

/* A count in progress: reads both families' came sets, then their window sets, then their paused sets. */
struct counting {
	size_t number;
	unsigned step; /* 0 to N_STEPS - 1 */
	bool asked;
	uint32_t calls;
	int64_t since_ms; /* when the previous count of this gate ended */
	int64_t began_ms;
	struct gate_counts counts;
};

static const struct step {
	const char *set;
	bool ip4;
} steps[] = {{"came", true}, {"came", false}, {"window", true}, {"window", false}, {"paused", true}, {"paused", false}};

enum { N_STEPS = sizeof steps / sizeof *steps };

struct gate_keeper {
	const struct root_config *config; /* borrowed */
	bool observes, forwards;
	struct mnl_socket *writing, *reading;
	unsigned rules;        /* in the table as last written */
	struct lengths passes; /* lengths whose pass sets exist */
	struct members came;
	struct counting counting;
	int64_t counted_ms[GATES_MAX];               /* steady clock, when each gate was last counted */
	uint32_t sums[GATES_MAX][NFT_GATE_COUNTERS]; /* read from the kernel, not yet reported */
	struct nft_answer answer, listing;
	struct nft_batch batch;
};

/* --- the table --- */

static int write_table(struct gate_keeper *k, bool recreate, struct why *why)
{
	struct nft_gate_table table = {
		.config = k->config, .passes = &k->passes, .observes = k->observes, .recreates = recreate};
	int rc;

	k->forwards = table.forwards = hooks_forward(k->config);
	nft_begin(&k->batch, k->writing);
	k->rules = nft_gate_put(&k->batch, &table);
	rc = nft_commit(&k->batch, why);
	return rc == -ENOENT ? why_set(why, ENOENT,
	                               "nftables: the kernel lacks an expression of the gates' rules: load them with "
	                               "'modprobe -a nf_tables nft_limit nft_reject_inet nft_ct'")
	                     : rc;
}

/* Creates the table, or updates it; replaces it if the existing one cannot be changed as needed. */
static int make_table(struct gate_keeper *k, bool recreate, struct why *why)
{
	int rc = write_table(k, recreate, why);

	if (!recreate && (rc == -EEXIST || rc == -EBUSY || rc == -EINVAL || rc == -EOPNOTSUPP)) {
		k->passes = (struct lengths){0};
		rc = write_table(k, true, why);
	}
	return rc;
}

/* Adds the pass sets found to k->passes. *ret_foreign: there are sets of gates that are no longer configured. */
static int find_sets(struct gate_keeper *k, const char *table, bool *ret_foreign, struct why *why)
{
	const struct nlmsghdr *nlh;
	int rc = nft_ask(&k->answer, k->writing, NFT_MSG_GETSET, table, NULL, why);

	*ret_foreign = false;
	while (rc == 0 && (rc = nft_next(&k->answer, &nlh, why)) == 0 && nlh != NULL) {
		struct nft_attrs attrs = nft_attrs(nlh);
		const struct nlattr *attr;

		while ((attr = nft_attr(&attrs)) != NULL)
			if (mnl_attr_get_type(attr) == NFTA_SET_NAME)
				*ret_foreign |= !nft_gate_has_set(k->config, attr, &k->passes);
	}
	return rc;
}

static int count_rules(struct gate_keeper *k, const char *table, unsigned *ret, struct why *why)
{
	const struct nlmsghdr *nlh;
	int rc = nft_ask(&k->answer, k->writing, NFT_MSG_GETRULE, table, NULL, why);

	*ret = 0;
	while (rc == 0 && (rc = nft_next(&k->answer, &nlh, why)) == 0 && nlh != NULL)
		*ret += 1;
	return rc == -ENOENT ? 0 : rc;
}

static int open_table(struct gate_keeper *k, struct why *why)
{
	char table[NFT_NAME_MAX];
	enum nft_found found;
	bool foreign = false;
	int rc = nft_open(&k->writing, why);

	nft_gate_table_name(k->config, table);
	if (rc == 0)
		rc = nft_open(&k->reading, why);
	if (rc == 0)
		rc = nft_find_table(table, k->writing, &k->answer, &found, why);
	if (rc == 0 && found == NFT_FOUND_FOREIGN)
		return why_set(
			why, EEXIST,
			"nftables: there is a table inet %s that watchforspammers did not make; remove it with 'nft "
			"delete table inet %s', or set another [firewall] chain",
			table, table);
	if (rc == 0 && found == NFT_FOUND_OURS)
		rc = find_sets(k, table, &foreign, why);
	if (foreign)
		k->passes = (struct lengths){0};
	return rc == 0 ? make_table(k, foreign, why) : rc;
}

int gate_open(const struct root_config *config, bool observes, struct gate_keeper **ret, struct why *why)
{
	struct gate_keeper *const k = calloc(1, sizeof *k);
	struct why ignored;
	int rc;

	if (k == NULL || !members_init(&k->came, CAME_MAX)) {
		free(k);
		return why_set(why, ENOMEM, "no memory for the gates");
	}
	k->config = config;
	k->observes = observes;
	for (size_t i = 0; i < GATES_MAX; i++)
		k->counted_ms[i] = clock_steady_ms();
	rc = open_table(k, why);
	if (rc < 0)
		(void)gate_close(k, BACKEND_LEAVE, &ignored);
	else
		*ret = k;
	return rc;
}

int gate_keep(struct gate_keeper *k, bool closes, bool *ret_repaired, struct why *why)
{
	char table[NFT_NAME_MAX];
	bool repaired = false;
	unsigned rules;
	int rc;

	nft_gate_table_name(k->config, table);
	rc = count_rules(k, table, &rules, why);
	if (rc == 0 && (rules != k->rules || k->forwards != hooks_forward(k->config))) {
		rc = make_table(k, false, why);
		repaired = rc == 0;
	}
	if (rc == 0 && closes) {
		nft_begin(&k->batch, k->writing);
		nft_gate_put_alive(&k->batch, k->config);
		rc = nft_commit(&k->batch, why);
	}
	if (rc == 0)
		*ret_repaired = repaired;
	return rc;
}

/* --- passes, and clients that start over --- */

static struct nft_slot slot_of(const struct net *net)
{
	const bool ip4 = lengths_is_ip4(net);

	return (struct nft_slot){ip4, (uint8_t)(net->len - (ip4 ? IP4_BITS : 0))};
}

static bool same_slot(struct nft_slot a, struct nft_slot b)
{
	return a.ip4 == b.ip4 && a.length == b.length;
}

static unsigned count_lengths(const struct lengths *l)
{
	return (unsigned)(__builtin_popcountll(l->ip4[0]) + __builtin_popcountll(l->ip4[1]) +
	                  __builtin_popcountll(l->ip6[0]) + __builtin_popcountll(l->ip6[1]));
}

/* Creates the missing pass sets, one for each length. */
static int make_sets(struct gate_keeper *k, const struct gate_pass *passes, size_t n, struct why *why)
{
	const struct lengths before = k->passes;
	struct lengths wanted = before;
	int rc;

	for (size_t i = 0; i < n; i++)
		lengths_add(&wanted, lengths_is_ip4(&passes[i].net), passes[i].net.len);
	if (memcmp(&wanted, &before, sizeof wanted) == 0)
		return 0;
	if (count_lengths(&wanted) > NFT_GATE_LENGTHS_MAX)
		return why_set(why, E2BIG, "the gates can pass networks of %d different lengths: name fewer",
		               NFT_GATE_LENGTHS_MAX);
	k->passes = wanted;
	rc = make_table(k, false, why);
	if (rc < 0)
		k->passes = before;
	return rc;
}

/* Collects the passes that have the length of passes[i], if that is the first of its length. Returns how many. */
static size_t gather(const struct gate_pass *passes, size_t n, size_t i, struct nft_element out[static NFT_AT_ONCE])
{
	const struct nft_slot slot = slot_of(&passes[i].net);
	size_t found = 0;

	for (size_t j = 0; j < i; j++)
		if (same_slot(slot_of(&passes[j].net), slot))
			return 0;
	for (size_t j = i; j < n; j++)
		if (same_slot(slot_of(&passes[j].net), slot))
			out[found++] = (struct nft_element){.net = passes[j].net,
			                                    .timeout_ms = (uint64_t)passes[j].left_s * 1000};
	return found;
}

/*
 * Adds elements before removing them, so that an absent one is no error. With adds, adds them again: an existing one
 * thus gets its new timeout. Sorts them.
 */
static int write_elements(struct gate_keeper *k, const struct nft_set_of *of, struct nft_element *elements, size_t n,
                          bool adds, struct why *why)
{
	n = nft_elements_unique(elements, n);
	nft_begin(&k->batch, k->writing);
	nft_elements_put(&k->batch, NFT_MSG_NEWSETELEM, of, elements, n);
	nft_elements_put(&k->batch, NFT_MSG_DELSETELEM, of, elements, n);
	if (adds)
		nft_elements_put(&k->batch, NFT_MSG_NEWSETELEM, of, elements, n);
	return nft_commit(&k->batch, why);
}

static int write_passes(struct gate_keeper *k, const struct gate_pass *passes, size_t n, bool adds, struct why *why)
{
	struct nft_element elements[NFT_AT_ONCE];
	char table[NFT_NAME_MAX], set[NFT_NAME_MAX];
	int rc = 0;

	nft_gate_table_name(k->config, table);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const size_t found = gather(passes, n, i, elements);
		const struct nft_set_of of = {table, set, slot_of(&passes[i].net)};

		nft_gate_pass_name(of.slot, set);
		if (found > 0 && lengths_has(&k->passes, of.slot.ip4, passes[i].net.len))
			rc = write_elements(k, &of, elements, found, adds, why);
	}
	return rc;
}

int gate_pass(struct gate_keeper *k, const struct gate_pass *passes, size_t n, struct why *why)
{
	const int rc = make_sets(k, passes, n, why);

	return rc < 0 ? rc : write_passes(k, passes, n, true, why);
}

int gate_unpass(struct gate_keeper *k, const struct net *nets, size_t n, struct why *why)
{
	struct gate_pass passes[NFT_AT_ONCE];

	for (size_t i = 0; i < n; i++)
		passes[i] = (struct gate_pass){nets[i], SHORTEST_MS / 1000};
	return write_passes(k, passes, n, false, why);
}

/* For one gate and family: a client is unknown without its window element. A network of clients is not one of them. */
static int forget_some(struct gate_keeper *k, const struct gate *gate, bool ip4, const struct net *nets, size_t n,
                       struct why *why)
{
	struct nft_element elements[NFT_AT_ONCE];
	const struct nft_slot slot = nft_gate_slot(k->config, ip4);
	const uint8_t len = (uint8_t)(slot.length + (ip4 ? IP4_BITS : 0));
	char table[NFT_NAME_MAX], set[NFT_NAME_MAX];
	const struct nft_set_of of = {table, set, slot};
	size_t found = 0;

	nft_gate_table_name(k->config, table);
	nft_gate_set_name(gate, "window", ip4, set);
	for (size_t i = 0; i < n; i++)
		if (lengths_is_ip4(&nets[i]) == ip4 && nets[i].len >= len)
			elements[found++] =
				(struct nft_element){.net = net_around(&nets[i].addr, len), .timeout_ms = SHORTEST_MS};
	return found == 0 ? 0 : write_elements(k, &of, elements, found, false, why);
}

int gate_forget(struct gate_keeper *k, const struct net *nets, size_t n, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < k->config->gates.n && rc == 0; i++) {
		rc = forget_some(k, &k->config->gates.gates[i], true, nets, n, why);
		if (rc == 0)
			rc = forget_some(k, &k->config->gates.gates[i], false, nets, n, why);
	}
	return rc;
}

/* --- counting --- */

static uint32_t bounded(uint64_t n)
{
	return n > UINT32_MAX ? UINT32_MAX : (uint32_t)n;
}

static uint64_t packets_in(const struct nlattr *data)
{
	struct nft_attrs attrs = nft_attrs_in(data);
	const struct nlattr *attr;

	while ((attr = nft_attr(&attrs)) != NULL)
		if (mnl_attr_get_type(attr) == NFTA_COUNTER_PACKETS)
			return nft_u64(attr);
	return 0;
}

/* Reads all counters of all gates from the kernel and resets them there. */
static int take_counters(struct gate_keeper *k, const char *table, struct why *why)
{
	const struct nlmsghdr *nlh;
	int rc = nft_ask(&k->answer, k->writing, NFT_MSG_GETOBJ_RESET, table, NULL, why);

	while (rc == 0 && (rc = nft_next(&k->answer, &nlh, why)) == 0 && nlh != NULL) {
		struct nft_attrs attrs = nft_attrs(nlh);
		enum nft_gate_counter which = NFT_GATE_ASKED;
		const struct nlattr *attr;
		uint64_t packets = 0;
		bool ours = false;
		size_t gate = 0;

		while ((attr = nft_attr(&attrs)) != NULL) {
			if (mnl_attr_get_type(attr) == NFTA_OBJ_NAME)
				ours = nft_gate_counter_of(k->config, attr, &gate, &which);
			else if (mnl_attr_get_type(attr) == NFTA_OBJ_DATA)
				packets = packets_in(attr);
		}
		if (ours)
			k->sums[gate][which] = bounded(packets + k->sums[gate][which]);
	}
	return rc;
}

static void begin_counting(struct gate_keeper *k, size_t number)
{
	k->counting =
		(struct counting){.number = number, .since_ms = k->counted_ms[number], .began_ms = clock_steady_ms()};
	members_clear(&k->came);
}

static int64_t age_s(const struct nft_element *element)
{
	return element->timeout_ms > element->left_ms ? (int64_t)(element->timeout_ms - element->left_ms) / 1000 : 0;
}

/* Records when a client came, for note_window. */
static void note_came(struct gate_keeper *k, const struct nft_element *element)
{
	if (k->came.n < k->came.cap && members_find(&k->came, &element->net) == NULL)
		members_add(&k->came, &element->net)->written_s = bounded((uint64_t)age_s(element));
}

/* Counts a client in its window or in the pause before it: whether it came, and how long it had to wait. */
static void note_window(struct gate_keeper *k, const struct nft_element *element)
{
	struct gate_counts *const counts = &k->counting.counts;
	const struct members_entry *const came = members_find(&k->came, &element->net);
	const int64_t since_s = (k->counting.began_ms - k->counting.since_ms) / 1000, waits_s = age_s(element);

	counts->window++;
	counts->waiting += came == NULL;
	if (came == NULL && k->came.n < k->came.cap && waits_s > counts->waits_s) {
		counts->waits_s = bounded((uint64_t)waits_s);
		counts->waits = element->net.addr;
	} else if (came != NULL && came->written_s < since_s) {
		counts->n_delays++;
		counts->delays_s += (uint64_t)(waits_s > came->written_s ? waits_s - came->written_s : 0);
	}
}

static void note(struct gate_keeper *k, unsigned step, const struct nft_element *element)
{
	if (step < 2)
		note_came(k, element);
	else if (step < 4)
		note_window(k, element);
	else
		k->counting.counts.paused++;
}

/* Continues to read a set. Returns 1 when it has been read completely. */
static int read_set(struct gate_keeper *k, const char *table, struct why *why)
{
	struct counting *const c = &k->counting;
	const struct step *const step = &steps[c->step];
	const struct nlmsghdr *nlh = NULL;
	char set[NFT_NAME_MAX];
	int rc = 0;

	nft_gate_set_name(&k->config->gates.gates[c->number], step->set, step->ip4, set);
	if (!c->asked)
		rc = nft_ask(&k->listing, k->reading, NFT_MSG_GETSETELEM, table, set, why);
	c->asked = true;
	for (int i = 0; i < SLICE && rc == 0; i++) {
		struct nft_reader reader;
		struct nft_element element;

		rc = nft_next(&k->listing, &nlh, why);
		if (rc < 0 || nlh == NULL)
			break;
		nft_reader_init(&reader, nlh, nft_gate_slot(k->config, step->ip4));
		while (nft_reader_next(&reader, &element))
			note(k, c->step, &element);
	}
	return rc == 0 && nlh == NULL;
}

/* Runs when all sets are read, so that the counters are from nearly the same moment. */
static int end_counting(struct gate_keeper *k, const char *table, struct gate_counts *ret, struct why *why)
{
	struct counting *const c = &k->counting;
	uint32_t *const sums = k->sums[c->number];
	const int rc = take_counters(k, table, why);

	if (rc < 0)
		return rc;
	*ret = c->counts;
	ret->window -= ret->paused < ret->window ? ret->paused : ret->window;
	ret->asked = sums[NFT_GATE_ASKED];
	ret->refused = sums[NFT_GATE_REFUSED];
	ret->admitted = sums[NFT_GATE_ADMITTED];
	ret->began = sums[NFT_GATE_BEGAN];
	ret->came = sums[NFT_GATE_CAME];
	ret->late = sums[NFT_GATE_LATE];
	memset(sums, 0, sizeof k->sums[c->number]);
	k->counted_ms[c->number] = c->began_ms;
	return 0;
}

int gate_count(struct gate_keeper *k, size_t number, uint32_t *cursor, struct gate_counts *ret, struct why *why)
{
	struct counting *const c = &k->counting;
	char table[NFT_NAME_MAX];
	int rc;

	if (*cursor == 0)
		begin_counting(k, number);
	else if (number != c->number || *cursor != c->calls)
		return why_set(why, EINVAL, "the count is at place %" PRIu32 ", not at %" PRIu32, c->calls, *cursor);
	nft_gate_table_name(k->config, table);
	rc = read_set(k, table, why);
	if (rc < 0)
		return rc;
	if (rc == 1) {
		c->step++;
		c->asked = false;
	}
	c->calls++;
	*cursor = c->step < N_STEPS ? c->calls : 0;
	return *cursor == 0 ? end_counting(k, table, ret, why) : 0;
}

/* --- closing --- */

static int remove_rules(struct gate_keeper *k, struct why *why)
{
	int rc;

	nft_begin(&k->batch, k->writing);
	nft_gate_put_open(&k->batch, k->config);
	rc = nft_commit(&k->batch, why);
	return rc == -ENOENT ? 0 : rc;
}

int gate_close(struct gate_keeper *k, enum backend_end end, struct why *why)
{
	int rc = 0;

	if (k == NULL)
		return 0;
	if (end != BACKEND_LEAVE)
		rc = remove_rules(k, why);
	if (k->writing != NULL)
		(void)mnl_socket_close(k->writing);
	if (k->reading != NULL)
		(void)mnl_socket_close(k->reading);
	members_done(&k->came);
	free(k);
	return rc;
}

int gate_clean(const struct root_config *config, bool *ret_removed, struct why *why)
{
	struct gate_keeper *const k = calloc(1, sizeof *k);
	enum nft_found found = NFT_FOUND_NONE;
	char table[NFT_NAME_MAX];
	struct why ignored;
	int rc;

	*ret_removed = false;
	if (k == NULL)
		return why_set(why, ENOMEM, "no memory for the gates");
	k->config = config;
	nft_gate_table_name(config, table);
	rc = nft_open(&k->writing, why);
	if (rc == 0)
		rc = nft_find_table(table, k->writing, &k->answer, &found, why);
	if (rc == 0 && found == NFT_FOUND_OURS) {
		nft_begin(&k->batch, k->writing);
		nft_gate_put_gone(&k->batch, config);
		rc = nft_commit(&k->batch, why);
		*ret_removed = rc == 0;
	}
	(void)gate_close(k, BACKEND_LEAVE, &ignored);
	return rc == -EOPNOTSUPP ? 0 : rc;
}
