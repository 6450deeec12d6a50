#include "root/nft_gate.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include "root/hooks.h"
#include "root/nft_expr.h"
#include "root/nft_make.h"
#include "root/nft_table.h"

enum {
	IP4_BITS = 96,   /* an IPv4 address starts here in the 16 bytes */
	PRIORITY = -9,   /* NF_IP_PRI_FILTER, less nine: after the blocks' table */
	WEEK_S = 604800, /* the longest unit that nft shows */
	LATE_S = 86400,
};

static const struct nft_base input = {"input", NF_INET_LOCAL_IN, PRIORITY, false},
			     forward = {"forward", NF_INET_FORWARD, PRIORITY, false};

/* The sets of clients of a gate. */
enum members { PAUSED, WINDOW, TRIES, USES, SPENT, CAME, SEEN, N_MEMBERS };
static const char *const members[] = {"paused", "window", "tries", "uses", "spent", "came", "seen"};
static const char *const counters[] = {
	[NFT_GATE_ASKED] = "asked", [NFT_GATE_REFUSED] = "refused", [NFT_GATE_ADMITTED] = "admitted",
	[NFT_GATE_BEGAN] = "began", [NFT_GATE_CAME] = "came",       [NFT_GATE_LATE] = "late"};

/* --- names --- */

void nft_gate_table_name(const struct root_config *config, char out[static NFT_NAME_MAX])
{
	char blocks[NFT_NAME_MAX];

	nft_table_name(config, blocks);
	(void)snprintf(out, NFT_NAME_MAX, "%.48s.gate", blocks);
}

/* Writes G_ports, G_alive. */
static void object_name(const struct gate *gate, const char *what, char out[static NFT_NAME_MAX])
{
	(void)snprintf(out, NFT_NAME_MAX, "%s_%s", gate->name, what);
}

void nft_gate_set_name(const struct gate *gate, const char *what, bool ip4, char out[static NFT_NAME_MAX])
{
	(void)snprintf(out, NFT_NAME_MAX, "%s_%s%c", gate->name, what, ip4 ? '4' : '6');
}

struct nft_slot nft_gate_slot(const struct root_config *config, bool ip4)
{
	return ip4 ? (struct nft_slot){true, 32} : (struct nft_slot){false, config->ip6_prefix};
}

void nft_gate_pass_name(struct nft_slot slot, char out[static NFT_NAME_MAX])
{
	(void)snprintf(out, NFT_NAME_MAX, "pass%c_%u", slot.ip4 ? '4' : '6', slot.length);
}

bool nft_gate_counter_of(const struct root_config *config, const struct nlattr *name, size_t *ret_gate,
                         enum nft_gate_counter *ret)
{
	char ours[NFT_NAME_MAX];

	for (size_t i = 0; i < config->gates.n; i++)
		for (size_t k = 0; k < NFT_GATE_COUNTERS; k++) {
			object_name(&config->gates.gates[i], counters[k], ours);
			if (!nft_is_text(name, ours))
				continue;
			*ret_gate = i;
			*ret = (enum nft_gate_counter)k;
			return true;
		}
	return false;
}

static bool is_set_of(const struct gate *gate, const struct nlattr *name)
{
	char ours[NFT_NAME_MAX];
	bool is;

	object_name(gate, "ports", ours);
	is = nft_is_text(name, ours);
	object_name(gate, "alive", ours);
	is |= nft_is_text(name, ours);
	for (int k = 0; k < N_MEMBERS && !is; k++)
		for (int ip4 = 0; ip4 < 2 && !is; ip4++) {
			nft_gate_set_name(gate, members[k], ip4 != 0, ours);
			is = nft_is_text(name, ours);
		}
	return is;
}

bool nft_gate_has_set(const struct root_config *config, const struct nlattr *name, struct lengths *passes)
{
	char ours[NFT_NAME_MAX];

	for (unsigned bit = 1; bit <= 128 + 32; bit++) {
		const struct nft_slot slot = {bit > 128, (uint8_t)(bit > 128 ? bit - 128 : bit)};

		nft_gate_pass_name(slot, ours);
		if (!nft_is_text(name, ours))
			continue;
		lengths_add(passes, slot.ip4, (uint8_t)(slot.length + (slot.ip4 ? IP4_BITS : 0)));
		return true;
	}
	for (size_t i = 0; i < config->gates.n; i++)
		if (is_set_of(&config->gates.gates[i], name))
			return true;
	return false;
}

/* --- writing: rules appended to a chain --- */

struct writer {
	const struct nft_gate_table *table;
	const struct gate *gate;
	struct nft_batch *batch;
	struct nft_rule rule;
	unsigned rules; /* written so far */
	bool ip4;
	char name[NFT_NAME_MAX]; /* of the table */
};

static void begin_rule(struct writer *w, const char *chain)
{
	w->rule = nft_rule(w->batch, w->name, chain);
}

static void end_rule(struct writer *w)
{
	nft_rule_end(w->batch, &w->rule);
	w->rules++;
}

/* Begins a rule of one of the gate's chains, with the client in register 1. */
static void begin_client(struct writer *w, const char *chain)
{
	const struct nft_slot slot = nft_gate_slot(w->table->config, w->ip4);
	char name[NFT_NAME_MAX];

	nft_gate_set_name(w->gate, chain, w->ip4, name);
	begin_rule(w, name);
	nft_load_source(&w->rule, w->ip4, slot.length);
}

static const char *set_name(const struct writer *w, enum members which, char out[static NFT_NAME_MAX])
{
	nft_gate_set_name(w->gate, members[which], w->ip4, out);
	return out;
}

static void count(struct writer *w, enum nft_gate_counter which)
{
	char name[NFT_NAME_MAX];

	object_name(w->gate, counters[which], name);
	nft_count(&w->rule, name);
}

/* Continues in another of the gate's chains, without return. */
static void go_to(struct writer *w, const char *chain)
{
	char name[NFT_NAME_MAX];

	nft_gate_set_name(w->gate, chain, w->ip4, name);
	nft_to_chain(&w->rule, name, false);
}

/* Sends clients in that set to that chain. */
static void put_branch(struct writer *w, const char *chain, enum members which, const char *to)
{
	char name[NFT_NAME_MAX];

	begin_client(w, chain);
	nft_lookup(&w->rule, set_name(w, which, name));
	go_to(w, to);
	end_rule(w);
}

/* So many packets at once, then no more: only one token a week comes back. */
static struct nft_rate tokens(int64_t burst)
{
	return (struct nft_rate){1, WEEK_S, (uint32_t)burst};
}

/* Takes one of the client's uses of the window; the rest of the rule is for clients that have none left. */
static void put_use(struct writer *w, uint32_t all_s)
{
	const struct nft_rate rate = tokens(w->gate->count);
	char name[NFT_NAME_MAX];

	nft_add(&w->rule, set_name(w, USES, name), all_s, NFT_KEEP_LIMIT, &rate);
}

/* --- verdicts on a connection --- */

static void put_refusal(struct writer *w)
{
	char chain[NFT_NAME_MAX];

	nft_gate_set_name(w->gate, "refuse", w->ip4, chain);
	begin_rule(w, chain);
	count(w, NFT_GATE_REFUSED);
	if (w->table->observes)
		nft_accept(&w->rule);
	else
		nft_reject(&w->rule, true);
	end_rule(w);
}

/*
 * During the pause, each try costs a token. It also restarts the time of the element that has the tokens, so that they
 * come back only after a silent pause.
 */
static void put_tries(struct writer *w)
{
	const struct nft_rate rate = tokens(NFT_GATE_TRIES);
	const uint32_t pause_s = (uint32_t)w->gate->pause_s; /* at most a day */
	char name[NFT_NAME_MAX];

	begin_client(w, "wait");
	nft_update(&w->rule, set_name(w, TRIES, name), pause_s, NFT_KEEP_LIMIT, &rate);
	nft_update(&w->rule, set_name(w, PAUSED, name), pause_s, NFT_KEEP_ONLY, NULL);
	end_rule(w);
	begin_client(w, "wait");
	go_to(w, "refuse");
	end_rule(w);
}

static void put_window(struct writer *w)
{
	char chain[NFT_NAME_MAX];

	put_branch(w, "enter", SPENT, "refuse");
	nft_gate_set_name(w->gate, "enter", w->ip4, chain);
	begin_rule(w, chain);
	count(w, NFT_GATE_ADMITTED);
	nft_accept(&w->rule);
	end_rule(w);
}

/*
 * Handles a client that is unknown or whose window is over. The window is added before the pause: if its set is full,
 * no pause begins.
 */
static void put_beginning(struct writer *w)
{
	const uint32_t all_s = (uint32_t)(w->gate->pause_s + w->gate->window_s); /* at most 31 days */
	char name[NFT_NAME_MAX];

	begin_client(w, "door");
	nft_lookup(&w->rule, set_name(w, SEEN, name));
	count(w, NFT_GATE_LATE);
	end_rule(w);
	begin_client(w, "door");
	nft_add(&w->rule, set_name(w, SEEN, name), all_s + LATE_S, NFT_KEEP_ONLY, NULL);
	end_rule(w);
	/* This takes a token at once, which is why the burst is exactly the window's count. */
	begin_client(w, "door");
	nft_remove(&w->rule, set_name(w, USES, name));
	put_use(w, all_s);
	end_rule(w);
	begin_client(w, "door");
	nft_add(&w->rule, set_name(w, WINDOW, name), all_s, NFT_KEEP_ONLY, NULL);
	nft_add(&w->rule, set_name(w, PAUSED, name), (uint32_t)w->gate->pause_s, NFT_KEEP_ONLY, NULL);
	nft_remove(&w->rule, set_name(w, TRIES, name));
	nft_remove(&w->rule, set_name(w, SPENT, name));
	nft_remove(&w->rule, set_name(w, CAME, name));
	count(w, NFT_GATE_BEGAN);
	go_to(w, "refuse");
	end_rule(w);
}

static void put_door(struct writer *w)
{
	char chain[NFT_NAME_MAX];

	nft_gate_set_name(w->gate, "door", w->ip4, chain);
	begin_rule(w, chain);
	count(w, NFT_GATE_ASKED);
	nft_to_chain(&w->rule, w->ip4 ? "passes4" : "passes6", true);
	end_rule(w);
	put_branch(w, "door", PAUSED, "wait");
	put_branch(w, "door", WINDOW, "enter");
	put_beginning(w);
}

/* Handles an open connection: in the window it is the first one, or one of those that are counted. */
static void put_uses(struct writer *w)
{
	const uint32_t all_s = (uint32_t)(w->gate->pause_s + w->gate->window_s); /* at most 31 days */
	char name[NFT_NAME_MAX];

	begin_client(w, "use");
	nft_lookup_not(&w->rule, set_name(w, CAME, name));
	nft_add(&w->rule, set_name(w, CAME, name), all_s, NFT_KEEP_ONLY, NULL);
	nft_remove(&w->rule, set_name(w, SEEN, name));
	count(w, NFT_GATE_CAME);
	end_rule(w);
	begin_client(w, "use");
	put_use(w, all_s);
	nft_add(&w->rule, set_name(w, SPENT, name), all_s, NFT_KEEP_ONLY, NULL);
	end_rule(w);
}

/* Matches the gate's port while the gate is closed. */
static void put_gate(struct writer *w)
{
	char chain[NFT_NAME_MAX], name[NFT_NAME_MAX];

	nft_gate_set_name(w->gate, "gate", w->ip4, chain);
	for (int opens = 0; opens < 2; opens++) {
		begin_rule(w, chain);
		object_name(w->gate, "ports", name);
		nft_load_original_port(&w->rule);
		nft_lookup(&w->rule, name);
		object_name(w->gate, "alive", name);
		nft_load_protocol(&w->rule);
		nft_lookup(&w->rule, name);
		if (opens == 0) {
			nft_only_syn(&w->rule);
			go_to(w, "door");
		} else {
			/*
			 * If refused connections are only counted, a client may connect during its pause: that proves
			 * nothing.
			 */
			nft_load_source(&w->rule, w->ip4, nft_gate_slot(w->table->config, w->ip4).length);
			nft_lookup(&w->rule, set_name(w, WINDOW, name));
			nft_lookup_not(&w->rule, set_name(w, PAUSED, name));
			go_to(w, "use");
		}
		end_rule(w);
	}
}

/* --- sets and chains, and how packets reach them --- */

static void put_clients(const struct writer *w)
{
	static const char *const chains[] = {"gate", "door", "wait", "enter", "use", "refuse"};
	struct nft_set set = nft_set_of_addresses(w->ip4, NFT_SET_TIMEOUT | NFT_SET_EVAL, NFT_GATE_CLIENTS_MAX);
	char chain[NFT_NAME_MAX];

	for (int which = 0; which < N_MEMBERS; which++) {
		(void)set_name(w, (enum members)which, set.name);
		nft_put_set(w->batch, w->name, &set);
	}
	for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
		nft_gate_set_name(w->gate, chains[i], w->ip4, chain);
		nft_put_chain(w->batch, w->name, chain, NULL);
	}
}

static void put_parts(struct writer *w)
{
	struct nft_set alive = {.type = NFT_TYPE_PROTOCOL, .key_len = 1, .flags = NFT_SET_TIMEOUT};
	char name[NFT_NAME_MAX];

	object_name(w->gate, "ports", name);
	nft_put_ports(w->batch, w->name, name, w->gate->ports, w->gate->n_ports);
	object_name(w->gate, "alive", alive.name);
	nft_put_set(w->batch, w->name, &alive);
	for (size_t k = 0; k < NFT_GATE_COUNTERS; k++) {
		object_name(w->gate, counters[k], name);
		nft_put_counter(w->batch, w->name, name);
	}
	for (int ip4 = 0; ip4 < 2; ip4++) {
		w->ip4 = ip4 != 0;
		put_clients(w);
		put_gate(w);
		put_door(w);
		put_tries(w);
		put_window(w);
		put_uses(w);
		put_refusal(w);
	}
}

static void put_passes(struct writer *w)
{
	nft_put_chain(w->batch, w->name, "passes4", NULL);
	nft_put_chain(w->batch, w->name, "passes6", NULL);
	for (unsigned bit = 1; bit <= 128 + 32; bit++) {
		const struct nft_slot slot = {bit > 128, (uint8_t)(bit > 128 ? bit - 128 : bit)};
		struct nft_set set = nft_set_of_addresses(slot.ip4, NFT_SET_TIMEOUT, NFT_GATE_PASSES_MAX);

		if (!lengths_has(w->table->passes, slot.ip4, (uint8_t)(slot.length + (slot.ip4 ? IP4_BITS : 0))))
			continue;
		nft_gate_pass_name(slot, set.name);
		nft_put_set(w->batch, w->name, &set);
		begin_rule(w, slot.ip4 ? "passes4" : "passes6");
		nft_load_source(&w->rule, slot.ip4, slot.length);
		nft_lookup(&w->rule, set.name);
		nft_accept(&w->rule);
		end_rule(w);
	}
}

/* A network of a gate; net NULL: all clients. */
struct owner {
	const struct gate *gate;
	const struct net *net;
};

static int by_length(const void *a, const void *b)
{
	const struct owner *const x = a, *const y = b;

	return (y->net == NULL ? -1 : y->net->len) - (x->net == NULL ? -1 : x->net->len);
}

static void put_owner(struct writer *w, const struct owner *owner, bool ip4)
{
	w->gate = owner->gate;
	w->ip4 = ip4;
	begin_rule(w, "networks");
	nft_only_family(&w->rule, ip4);
	if (owner->net != NULL)
		nft_only_source(&w->rule, owner->net);
	go_to(w, "gate");
	end_rule(w);
}

static void put_networks(struct writer *w)
{
	struct owner owners[GATES_MAX * GATES_NETWORKS_MAX + 1] = {{NULL, NULL}};
	const struct gates *const gates = &w->table->config->gates;
	size_t n = 0;

	for (size_t i = 0; i < gates->n; i++) {
		const struct gate *const gate = &gates->gates[i];

		for (size_t k = 0; k < gate->n_networks; k++)
			owners[n++] = (struct owner){gate, &gate->networks[k]};
		if (gate->n_networks == 0)
			owners[n++] = (struct owner){gate, NULL}; /* at most one: see gates_settle */
	}
	qsort(owners, n, sizeof *owners, by_length);
	for (size_t i = 0; i < n; i++) {
		if (owners[i].net == NULL || lengths_is_ip4(owners[i].net))
			put_owner(w, &owners[i], true);
		if (owners[i].net == NULL || !lengths_is_ip4(owners[i].net))
			put_owner(w, &owners[i], false);
	}
}

/* Selects SYNs, and the client's second packet of a connection. */
static void put_hook(struct writer *w, const struct nft_base *base)
{
	/* A connection that a block redirects to the tarpit also has the gate's port in its conntrack entry. */
	if (nft_has_tarpit(w->table->config)) {
		begin_rule(w, base->name);
		nft_only_port(&w->rule, w->table->config->tarpit_port);
		nft_accept(&w->rule);
		end_rule(w);
	}
	begin_rule(w, base->name);
	nft_only_loopback(&w->rule);
	nft_accept(&w->rule);
	end_rule(w);
	begin_rule(w, base->name);
	nft_only_tcp(&w->rule);
	nft_only_syn(&w->rule);
	nft_to_chain(&w->rule, "networks", true);
	end_rule(w);
	begin_rule(w, base->name);
	nft_only_tcp(&w->rule);
	nft_only_established(&w->rule);
	nft_to_chain(&w->rule, "networks", true);
	end_rule(w);
}

unsigned nft_gate_put(struct nft_batch *batch, const struct nft_gate_table *table)
{
	const struct root_config *const config = table->config;
	struct writer w = {.table = table, .batch = batch};

	nft_gate_table_name(config, w.name);
	nft_put_table(batch, w.name);
	if (table->recreates) {
		nft_put_delete(batch, NFT_MSG_DELTABLE, w.name);
		nft_put_table(batch, w.name);
	}
	nft_put_chain(batch, w.name, input.name, &input);
	if (table->forwards)
		nft_put_chain(batch, w.name, forward.name, &forward);
	nft_put_chain(batch, w.name, "networks", NULL);
	nft_put_delete(batch, NFT_MSG_DELRULE, w.name);
	put_passes(&w);
	for (size_t i = 0; i < config->gates.n; i++) {
		w.gate = &config->gates.gates[i];
		put_parts(&w);
	}
	put_networks(&w);
	if (hooks_input(config))
		put_hook(&w, &input);
	if (table->forwards)
		put_hook(&w, &forward);
	return w.rules;
}

static void put_sign(struct nft_batch *batch, uint16_t type, const char *table, const struct gate *gate)
{
	const uint8_t protocol = IPPROTO_TCP;
	struct nlmsghdr *const nlh = nft_put(batch, type, type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
	struct nlattr *elements, *element, *key;
	char set[NFT_NAME_MAX];

	object_name(gate, "alive", set);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	elements = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
	mnl_attr_put(nlh, NFTA_DATA_VALUE, sizeof protocol, &protocol);
	mnl_attr_nest_end(nlh, key);
	if (type == NFT_MSG_NEWSETELEM)
		nft_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, (uint64_t)gate->open_after_s * 1000);
	mnl_attr_nest_end(nlh, element);
	mnl_attr_nest_end(nlh, elements);
	nft_end(batch);
}

/*
 * Removes the element and adds it again, so that its timeout restarts, whatever the kernel does with one that exists.
 */
void nft_gate_put_alive(struct nft_batch *batch, const struct root_config *config)
{
	char table[NFT_NAME_MAX];

	nft_gate_table_name(config, table);
	for (size_t i = 0; i < config->gates.n; i++) {
		const struct gate *const gate = &config->gates.gates[i];

		put_sign(batch, NFT_MSG_NEWSETELEM, table, gate);
		put_sign(batch, NFT_MSG_DELSETELEM, table, gate);
		put_sign(batch, NFT_MSG_NEWSETELEM, table, gate);
	}
}

void nft_gate_put_open(struct nft_batch *batch, const struct root_config *config)
{
	char table[NFT_NAME_MAX];

	nft_gate_table_name(config, table);
	nft_put_delete(batch, NFT_MSG_DELRULE, table);
}

void nft_gate_put_gone(struct nft_batch *batch, const struct root_config *config)
{
	char table[NFT_NAME_MAX];

	nft_gate_table_name(config, table);
	nft_put_delete(batch, NFT_MSG_DELTABLE, table);
}
