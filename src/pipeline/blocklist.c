#include "pipeline/blocklist.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/lengths.h"
#include "base/nets.h"
#include "pipeline/netfile.h"

enum {
	MOVED_AT_ONCE = 1024, /* networks in one slice; the kernel needs some milliseconds to remove them */
	IP6_SHORTEST = 64,    /* an allowed IPv6 address spares its host's whole /64 */
};

struct listed {
	struct net net;
	uint16_t file;
	uint32_t line;
};

enum stage {
	STAGE_NONE,
	STAGE_ADD,    /* the networks that are only in next */
	STAGE_REMOVE, /* the networks that are only in held */
};

struct blocklist {
	uint8_t ports; /* port list */
	size_t n_files;
	struct netfile files[CONFIG_WORDS_MAX];
	bool reread; /* after what is wanted was last worked out */

	size_t n, cap;
	struct listed *all; /* sorted by address; none lies inside another */
	size_t n_never;     /* left out because they contain addresses that are never blocked; and the first of them */
	struct net first_never;

	/* The state from which next was worked out last. */
	const struct verdict *verdict;
	unsigned allowed;
	uint64_t allowances;
	bool temporary; /* an allowance that ends spares part of it: work it out at every refresh */

	struct nets held, next; /* what reconcile wants, and what it will want; sealed */
	enum stage stage;
	size_t at, other; /* how far the two lists were read in this stage */
	struct blocklist_change change;
};

struct blocklist *blocklist_new(uint8_t list)
{
	struct blocklist *const b = alloc_zero(1, sizeof *b, "the networks of others");

	b->ports = list;
	return b;
}

void blocklist_free(struct blocklist *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n_files; i++)
		netfile_done(&b->files[i]);
	free(b->all);
	nets_done(&b->held);
	nets_done(&b->next);
	free(b);
}

/* --- files --- */

void blocklist_configure(struct blocklist *b, const struct config_words *files)
{
	struct netfile *const old = alloc_zero(CONFIG_WORDS_MAX, sizeof *old, "the networks of others");
	const size_t n_old = b->n_files;

	memcpy(old, b->files, sizeof b->files);
	memset(b->files, 0, sizeof b->files);
	for (size_t i = 0; i < files->n; i++)
		b->files[i].path = files->list[i];
	b->n_files = files->n;
	netfile_move(b->files, b->n_files, old, n_old);
	b->n = 0; /* all refers to the old files; the next refresh gathers it again */
	b->reread = true;
	for (size_t k = 0; k < n_old; k++)
		netfile_done(&old[k]);
	free(old);
}

static int by_place(const void *x, const void *y)
{
	const struct listed *const a = x, *const b = y;
	const int order = net_order(&a->net, &b->net);

	if (order != 0)
		return order;
	return a->file != b->file ? a->file - b->file : (a->line > b->line) - (a->line < b->line);
}

/* Adds one network of a file. */
static void note(struct blocklist *b, size_t file, const struct netfile_entry *e)
{
	if (!net_is_never(&e->net))
		b->all[b->n++] = (struct listed){e->net, (uint16_t)file, e->line}; /* file is below CONFIG_WORDS_MAX */
	else if (b->n_never++ == 0)
		b->first_never = e->net;
}

/* Merges the networks of all files, without those that lie inside another. */
static void gather(struct blocklist *b)
{
	size_t n = 0, all;

	for (size_t i = 0; i < b->n_files; i++)
		n += b->files[i].n;
	if (n > b->cap) {
		b->all = alloc_resize(b->all, n, sizeof *b->all, "the networks of others");
		b->cap = n;
	}
	b->n = b->n_never = 0;
	for (size_t i = 0; i < b->n_files; i++)
		for (size_t k = 0; k < b->files[i].n; k++)
			note(b, i, &b->files[i].list[k]);
	if (b->n > 0)
		qsort(b->all, b->n, sizeof *b->all, by_place);
	all = b->n;
	b->n = 0;
	for (size_t i = 0; i < all; i++)
		if (b->n == 0 || !net_has(&b->all[b->n - 1].net, &b->all[i].net.addr))
			b->all[b->n++] = b->all[i];
}

const char *blocklist_trouble(const struct blocklist *b)
{
	return netfile_trouble(b->files, b->n_files);
}

const char *blocklist_unreadable(const struct blocklist *b)
{
	for (size_t i = 0; i < b->n_files; i++)
		if (b->files[i].unreadable)
			return b->files[i].trouble.text;
	return NULL;
}

bool blocklist_find(const struct blocklist *b, const struct net *net, struct blocklist_place *ret)
{
	size_t low = 0, high = b->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (addr_before(&net->addr, &b->all[middle].net.addr))
			high = middle;
		else
			low = middle + 1;
	}
	if (low == 0 || b->all[low - 1].net.len > net->len || !net_has(&b->all[low - 1].net, &net->addr))
		return false;
	*ret = (struct blocklist_place){b->all[low - 1].net, b->files[b->all[low - 1].file].path, b->all[low - 1].line};
	return true;
}

int blocklist_store(const struct blocklist *b, struct store *store, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < b->n_files && rc == 0; i++) {
		char key[32], value[48];

		(void)snprintf(key, sizeof key, "block_file_%zu", i);
		(void)snprintf(value, sizeof value, "%zu %zu", b->files[i].n, b->files[i].n_bad);
		rc = store_state_set(store, key, value, why);
	}
	return rc;
}

/* --- what of them may be blocked --- */

static void leave_out(struct blocklist *b, const struct net *net)
{
	if (b->change.left_out++ == 0)
		b->change.first_left_out = *net;
}

/* Returns true where the halving ends: a host is either allowed or not. */
static bool is_host(const struct net *net)
{
	return net->len == 128 || (net->len >= IP6_SHORTEST && !lengths_is_ip4(net));
}

static void add_unspared(struct blocklist *b, const struct verdict *verdict, const struct reconcile *reconcile,
                         const struct net *net)
{
	struct net pieces[RECONCILE_PIECES_MAX],
		half = {net->addr, (uint8_t)(net->len + 1)}; /* net->len is below 128 if half is used */

	if (!verdict_spares(verdict, net)) {
		if (reconcile == NULL || reconcile_pieces(reconcile, net, pieces) > 0)
			nets_add(&b->next, net);
		else
			leave_out(b, net);
		return;
	}
	if (is_host(net) || verdict_allows_all(verdict, net))
		return;
	add_unspared(b, verdict, reconcile, &half);
	half.addr.bytes[net->len / 8] |= (uint8_t)(0x80U >> net->len % 8);
	add_unspared(b, verdict, reconcile, &half);
}

static void work_out(struct blocklist *b, const struct verdict *verdict, const struct allowlist *allowlist,
                     const struct reconcile *reconcile)
{
	b->change = (struct blocklist_change){.left_out = b->n_never, .first_left_out = b->first_never};
	b->temporary = false;
	for (size_t i = 0; i < b->n; i++) {
		const struct net *const net = &b->all[i].net;

		add_unspared(b, verdict, reconcile, net);
		b->temporary |= verdict_spares(verdict, net) && !allowlist_overlaps(allowlist, net);
	}
	nets_seal(&b->next);
	if (nets_equal(&b->next, &b->held)) {
		nets_done(&b->next);
		return;
	}
	b->change.n = b->next.n;
	b->stage = STAGE_ADD;
	b->at = b->other = 0;
}

int blocklist_refresh(struct blocklist *b, const struct verdict *verdict, const struct allowlist *allowlist,
                      const struct reconcile *reconcile, struct why *why)
{
	bool changed = false;
	int result = 0;

	if (b->stage != STAGE_NONE)
		return 0; /* finish one change before the next */
	for (size_t i = 0; i < b->n_files; i++) {
		struct why this;

		if (netfile_refresh(&b->files[i], &changed, &this) != 0 && result == 0) {
			result = BLOCKLIST_ERROR;
			*why = this;
		}
	}
	changed |= b->reread;
	if (changed)
		gather(b);
	if (changed || b->temporary || b->verdict != verdict || b->allowed != allowlist_changes(allowlist) ||
	    b->allowances != verdict_allowances(verdict))
		work_out(b, verdict, allowlist, reconcile);
	b->reread = false;
	b->verdict = verdict;
	b->allowed = allowlist_changes(allowlist);
	b->allowances = verdict_allowances(verdict);
	return result;
}

/* --- into the kernel --- */

/*
 * Blocks that end first are left out if not all fit into the kernel (capacity.h). So each network gets its own end,
 * always the same, and not all of them are left out.
 */
static struct block block_of(const struct blocklist *b, const struct net *net)
{
	const int64_t spread_s = (int64_t)(addr_hash(&net->addr, net->len) >> 24); /* below BLOCK_NO_END_S */

	return (struct block){
		.net = *net, .until_s = BLOCK_NO_END_S + spread_s, .cause = BLOCK_LISTED, .list = b->ports};
}

/* Collects the next networks that are in from but not in other, at most MOVED_AT_ONCE. */
static size_t next_missing(struct blocklist *b, const struct nets *from, const struct nets *other,
                           struct block out[static MOVED_AT_ONCE])
{
	size_t n = 0;

	for (; b->at < from->n && n < MOVED_AT_ONCE; b->at++) {
		const struct net *const net = &from->list[b->at];

		while (b->other < other->n && net_order(&other->list[b->other], net) < 0)
			b->other++;
		if (b->other == other->n || net_order(&other->list[b->other], net) != 0)
			out[n++] = block_of(b, net);
	}
	return n;
}

bool blocklist_moves(const struct blocklist *b)
{
	return b->stage != STAGE_NONE;
}

static void begin_removing(struct blocklist *b, struct reconcile *reconcile)
{
	if (b->change.added > 0)
		reconcile_begin(reconcile);
	b->stage = STAGE_REMOVE;
	b->at = b->other = 0;
}

static void end(struct blocklist *b)
{
	nets_done(&b->held);
	b->held = b->next;
	b->next = (struct nets){0};
	b->stage = STAGE_NONE;
}

void blocklist_settle(struct blocklist *b)
{
	if (blocklist_moves(b))
		end(b);
}

const struct nets *blocklist_nets(const struct blocklist *b)
{
	return &b->held;
}

uint8_t blocklist_ports(const struct blocklist *b)
{
	return b->ports;
}

int blocklist_move(struct blocklist *b, struct reconcile *reconcile, int64_t now_s, struct nets *added, bool *ret_ended,
                   struct blocklist_change *ret, struct why *why)
{
	struct block blocks[MOVED_AT_ONCE];
	size_t n;
	int rc = 0;

	*ret_ended = false;
	if (b->stage == STAGE_ADD) {
		n = next_missing(b, &b->next, &b->held, blocks);
		reconcile_want(reconcile, blocks, n);
		for (size_t i = 0; i < n && added != NULL; i++)
			nets_add(added, &blocks[i].net);
		b->change.added += n;
		if (n < MOVED_AT_ONCE)
			begin_removing(b, reconcile);
		return 0;
	}
	if (b->at == 0 && b->held.n > 0 && reconcile_is_busy(reconcile))
		return 0; /* wait until the kernel has the new networks */
	n = next_missing(b, &b->held, &b->next, blocks);
	if (n > 0)
		rc = reconcile_del(reconcile, blocks, n, now_s, why);
	b->change.removed += n;
	if (n < MOVED_AT_ONCE) {
		end(b);
		*ret = b->change;
		*ret_ended = true;
	}
	return rc;
}
