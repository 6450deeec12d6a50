#include "pipeline/reconcile.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "pipeline/change.h"
#include "store/blocks.h"

enum { ADD_AT_ONCE = 256 }; /* a packet full */

/* An active block, and when we last wrote its entry to the kernel. */
struct running {
	struct block block; /* of several of one net: that of its evidence, if it has one */
	int64_t last_s;           /* when the last of them ends */
	int64_t fed_s;
	uint8_t whole; /* the length of the network whose first piece it is; 0: it is another piece */
};

struct reconcile {
	struct store *store;
	struct client *client;
	uint32_t refresh_s;
	int64_t blind_s;  /* what the kernel saw before does not count as a dropped packet */
	int64_t synced_s; /* the last sync that succeeded; 0: none yet */
	bool known; /* list holds what was active at the last sync */
	size_t n;
	struct running *list; /* as of the last sync, by address */
	size_t n_added, cap_added;
	struct block *added; /* since then */
};

static int by_net(const void *a, const void *b)
{
	return net_order(&((const struct running *)a)->block.net, &((const struct running *)b)->block.net);
}

/* The same; of several blocks of one net, first the one that dropped packets may extend, then the longest. */
static int by_net_and_cause(const void *a, const void *b)
{
	const struct block *const x = &((const struct running *)a)->block, *const y = &((const struct running *)b)->block;
	const int order = by_net(a, b);

	if (order != 0)
		return order;
	if (x->cause != y->cause)
		return (x->cause > y->cause) - (x->cause < y->cause);
	return (x->until_s < y->until_s) - (x->until_s > y->until_s);
}

struct reconcile *reconcile_new(struct store *store, struct client *client, uint32_t refresh_s, int64_t started_s)
{
	struct reconcile *const rec = alloc_zero(1, sizeof *rec, "the active blocks");

	rec->store = store;
	rec->client = client;
	rec->refresh_s = refresh_s;
	rec->blind_s = started_s;
	return rec;
}

void reconcile_free(struct reconcile *rec)
{
	if (rec == NULL)
		return;
	free(rec->list);
	free(rec->added);
	free(rec);
}

/* What the backend can hold is known before anything is sent. */
static int learn_limits(const struct reconcile *rec, struct why *why)
{
	const struct net any = {.len = 128};

	return lengths_fitting(&rec->client->lengths, &any) != 0 ? 0 : client_limits(rec->client, why);
}

size_t reconcile_pieces(const struct reconcile *rec, const struct net *net, struct net out[static RECONCILE_PIECES_MAX])
{
	const uint8_t fitting = lengths_fitting(&rec->client->lengths, net);
	const uint8_t length = fitting == 0 ? net->len : fitting; /* for what no list can hold, the backend returns why */
	const unsigned bits = length - net->len;

	if (bits > RECONCILE_PIECES_BITS)
		return 0;
	for (size_t i = 0; i < (size_t)1 << bits; i++) {
		out[i] = (struct net){.addr = net->addr, .len = length};
		for (unsigned bit = 0; bit < bits; bit++)
			if (i >> bit & 1)
				out[i].addr.bytes[(length - 1 - bit) / 8] |= (uint8_t)(0x80U >> (length - 1 - bit) % 8);
	}
	return (size_t)1 << bits;
}

/* Unsplit when there would be too many: the backend refuses it, and it is counted. */
static size_t pieces_of(const struct reconcile *rec, const struct net *net, struct net out[static RECONCILE_PIECES_MAX])
{
	const size_t n = reconcile_pieces(rec, net, out);

	if (n > 0)
		return n;
	out[0] = *net;
	return 1;
}

static void append(struct running **list, size_t *n, size_t *cap, const struct running *r)
{
	if (*n == *cap) {
		*cap = *cap == 0 ? 256 : 2 * *cap;
		*list = alloc_resize(*list, *cap, sizeof **list, "the active blocks");
	}
	(*list)[(*n)++] = *r;
}

/* By address, one entry each; it lasts as long as the longest of several. */
static size_t sort_out(struct running *list, size_t n)
{
	size_t unique = 0;

	if (n > 0)
		qsort(list, n, sizeof *list, by_net_and_cause);
	for (size_t i = 0; i < n; i++) {
		struct running *const last = unique == 0 ? NULL : &list[unique - 1];

		if (last == NULL || by_net(last, &list[i]) != 0) {
			list[unique] = list[i];
			list[unique++].last_s = list[i].block.until_s;
			continue;
		}
		if (list[i].block.until_s > last->last_s)
			last->last_s = list[i].block.until_s;
		if (list[i].whole > last->whole)
			last->whole = list[i].whole;
	}
	return unique;
}

/* One entry, with the time it was last added, if it was. */
static void append_active(const struct reconcile *rec, struct running **list, size_t *n, size_t *cap, struct running r)
{
	const struct running *const before = rec->n == 0 ? NULL : bsearch(&r, rec->list, rec->n, sizeof r, by_net);

	r.fed_s = before != NULL ? before->fed_s : r.block.since_s;
	if (r.fed_s < rec->blind_s)
		r.fed_s = rec->blind_s;
	append(list, n, cap, &r);
}

/*
 * Reads every active block into a fresh list, and those that expired since the last sync: they are still in
 * the kernel, and may have dropped packets. An entry keeps the time it was last added.
 */
static int read_running(struct reconcile *rec, int64_t now_s, struct why *why)
{
	struct running *list = NULL;
	size_t n = 0, cap = 0;
	int rc = store_running(rec->store, rec->synced_s > 0 && rec->synced_s < now_s ? rec->synced_s : now_s, why);

	while (rc == 0) {
		struct net pieces[RECONCILE_PIECES_MAX];
		struct running r = {0};
		uint8_t whole;
		size_t n_pieces;

		if ((rc = store_next_block(rec->store, &r.block, NULL, why)) != 0)
			break;
		whole = r.block.net.len;
		n_pieces = pieces_of(rec, &r.block.net, pieces);
		for (size_t i = 0; i < n_pieces; i++) {
			r.block.net = pieces[i];
			r.whole = i == 0 ? whole : 0;
			append_active(rec, &list, &n, &cap, r);
		}
	}
	if (rc < 0) {
		free(list);
		return rc;
	}
	free(rec->list);
	rec->list = list;
	rec->n = sort_out(list, n);
	rec->known = true;
	rec->n_added = 0;
	return 0;
}

/* When the kernel last dropped a packet of it; 0: none since we added it. */
static int64_t dropped_at(const struct running *r, const struct client_entry *e, int64_t now_s)
{
	const int64_t seen_s = now_s - e->idle_s;

	if (e->idle_s == UINT32_MAX || (e->added && e->dropped == 0))
		return 0;
	/* Root has counted it; or, when root has no earlier count or did not reply: one second for rounding. */
	return e->dropped > 0 || seen_s > r->fed_s + 1 ? seen_s : 0;
}

/*
 * When a block that dropped packets ends: only blocks for evidence are extended, and none beyond the length of the next
 * step: a mail server with a queue, or a phone behind the address of an office, never stops trying.
 */
static int64_t until_after(const struct running *r, const struct verdict *verdict, bool extend, int64_t dropped_s)
{
	const int64_t wanted_s = dropped_s + verdict_duration(verdict, r->block.offence);
	const int64_t most_s = r->block.since_s + verdict_duration(verdict, r->block.offence + 1);
	const int64_t until_s = wanted_s < most_s ? wanted_s : most_s;

	return extend && r->block.cause == BLOCK_EVIDENCE && until_s > r->block.until_s ? until_s : r->block.until_s;
}

/* Finds the blocks whose packets the kernel dropped; returns how many. */
static size_t find_dropped(const struct reconcile *rec, const struct verdict *verdict, bool extend,
                           const struct client_entry *entries, int64_t now_s, struct change_dropped *out)
{
	size_t n = 0;

	for (size_t i = 0; i < rec->n; i++) {
		const struct running *const r = &rec->list[i];
		const int64_t dropped_s = dropped_at(r, &entries[i], now_s);

		if (dropped_s != 0)
			out[n++] = (struct change_dropped){r->block.id, dropped_s, until_after(r, verdict, extend, dropped_s)};
	}
	return n;
}

/* Updates memory after a block was stored as having dropped packets. */
static void note_dropped(struct running *r, const struct change_dropped *dropped, struct verdict *verdict,
                         struct reconcile_result *result)
{
	if (r->fed_s < dropped->at_s)
		r->fed_s = dropped->at_s; /* so that the same packet does not count twice */
	if (dropped->until_s == r->block.until_s)
		return;
	r->block.until_s = dropped->until_s;
	if (r->last_s < dropped->until_s)
		r->last_s = dropped->until_s;
	verdict_until(verdict, &r->block.net, dropped->until_s);
	result->dropped++;
}

/* Stores which blocks dropped packets, and extends them (if extend). */
static int write_dropped(struct reconcile *rec, struct verdict *verdict, bool extend, const struct client_entry *entries,
                         int64_t now_s, struct reconcile_result *result, struct why *why)
{
	struct change_dropped *const dropped = alloc_raw(rec->n, sizeof *dropped, "a list of blocks that dropped packets");
	const size_t n = find_dropped(rec, verdict, extend, entries, now_s, dropped);
	const int rc = n == 0 ? 0 : change_write(rec->store, &(struct change){.n_dropped = n, .dropped = dropped}, why);

	/* What could not be stored is not remembered: the next sync finds the same packet and tries again. */
	for (size_t i = 0, k = 0; k < n && rc == 0; i++)
		if (dropped_at(&rec->list[i], &entries[i], now_s) != 0)
			note_dropped(&rec->list[i], &dropped[k++], verdict, result);
	free(dropped);
	return rc;
}

static void note_released(struct reconcile_result *result, const struct running *r)
{
	if (result->expired < RECONCILE_RELEASED_MAX)
		result->released[result->expired] = (struct net){r->block.net.addr, r->whole};
	result->expired++;
}

/* Removes expired blocks from the kernel and from the list. */
static int release(struct reconcile *rec, int64_t now_s, struct reconcile_result *result, struct why *why)
{
	struct client_entry ended[ADD_AT_ONCE];
	size_t kept = 0, n = 0;
	int rc = 0;

	for (size_t i = 0; i < rec->n; i++) {
		if (rec->list[i].last_s > now_s) {
			rec->list[kept++] = rec->list[i];
			continue;
		}
		ended[n++] = (struct client_entry){.net = rec->list[i].block.net, .left_s = 1};
		if (rec->list[i].whole > 0)
			note_released(result, &rec->list[i]);
		if (n == ADD_AT_ONCE) {
			rc = rc < 0 ? rc : client_del(rec->client, ended, n, why);
			n = 0;
		}
	}
	rec->n = kept;
	return rc < 0 || n == 0 ? rc : client_del(rec->client, ended, n, why);
}

int reconcile_sync(struct reconcile *rec, struct verdict *verdict, bool extend, int64_t now_s, struct reconcile_result *ret,
                struct why *why)
{
	struct reconcile_result result = {0};
	struct client_entry *entries;
	int rc = learn_limits(rec, why);

	if (rc == 0)
		rc = read_running(rec, now_s, why);
	if (rc < 0)
		return rc;
	entries = alloc_zero(rec->n > 0 ? rec->n : 1, sizeof *entries, "the active blocks");
	assert(rec->n == 0 || rec->list != NULL);
	for (size_t i = 0; i < rec->n; i++) {
		const int64_t left_s = rec->list[i].last_s - now_s;

		entries[i].net = rec->list[i].block.net;
		entries[i].left_s = left_s < 1 ? 1 : left_s > UINT32_MAX ? UINT32_MAX : (uint32_t)left_s; /* fits */
	}
	/* The list is sorted as client_sync sorts, so entries and list stay side by side. */
	rc = client_sync(rec->client, entries, rec->n, rec->refresh_s, &result.drift, why);
	if (rc == 0) {
		rc = write_dropped(rec, verdict, extend, entries, now_s, &result, why);
		for (size_t i = 0; i < rec->n; i++)
			if (entries[i].added)
				rec->list[i].fed_s = now_s;
	}
	free(entries);
	if (rc == 0)
		rc = release(rec, now_s, &result, why);
	if (rc < 0)
		return rc;
	rec->synced_s = now_s;
	result.running = rec->n;
	*ret = result;
	return 0;
}

/* Active blocks are remembered even when the kernel refuses them. */
static void note_added(struct reconcile *rec, const struct block *blocks, size_t n)
{
	if (rec->n_added + n > rec->cap_added) {
		rec->cap_added = 2 * (rec->n_added + n);
		rec->added = alloc_resize(rec->added, rec->cap_added, sizeof *rec->added, "the active blocks");
	}
	for (size_t i = 0; i < n; i++)
		rec->added[rec->n_added++] = (struct block){.net = blocks[i].net, .until_s = blocks[i].until_s};
}

/* Entries on their way. */
struct feed {
	size_t n, refused;
	struct client_entry entries[ADD_AT_ONCE];
	struct why refusal; /* of the first */
};

static int send_on(struct reconcile *rec, struct feed *f, struct why *why)
{
	struct why reason;
	size_t refused = 0;
	const int rc = f->n == 0 ? 0 : client_add(rec->client, f->entries, f->n, &refused, &reason);

	f->n = 0;
	if (rc < 0)
		*why = reason;
	else if (refused > 0 && f->refused == 0)
		f->refusal = reason;
	f->refused += refused;
	return rc;
}

int reconcile_add(struct reconcile *rec, const struct block *blocks, size_t n, int64_t now_s, size_t *ret_refused,
               struct why *why)
{
	struct net pieces[RECONCILE_PIECES_MAX];
	struct feed f = {0};
	int rc = learn_limits(rec, why);

	note_added(rec, blocks, n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const int64_t left_s = blocks[i].until_s - now_s;
		const size_t n_pieces = pieces_of(rec, &blocks[i].net, pieces);

		/* The database could not be written for a while: an entry added late has dropped no packet. */
		if (blocks[i].since_s + 1 < now_s)
			rec->blind_s = now_s;
		for (size_t j = 0; j < n_pieces && rc == 0; j++) {
			f.entries[f.n++] = (struct client_entry){.net = pieces[j], .left_s = left_s < 1 ? 1 : (uint32_t)left_s};
			rc = f.n == ADD_AT_ONCE ? send_on(rec, &f, why) : 0;
		}
	}
	if (rc == 0)
		rc = send_on(rec, &f, why);
	if (rc < 0)
		return rc;
	*ret_refused = f.refused;
	if (f.refused > 0)
		*why = f.refusal;
	return 0;
}

static bool is_same(const struct net *a, const struct net *b)
{
	return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

static struct running *find(const struct reconcile *rec, const struct net *net)
{
	const struct running key = {.block.net = *net};

	return rec->n == 0 ? NULL : bsearch(&key, rec->list, rec->n, sizeof key, by_net);
}

static void note_lifted(struct reconcile *rec, const struct net *net)
{
	struct running *const r = find(rec, net);

	if (r != NULL)
		r->last_s = 0;
	for (size_t i = 0; i < rec->n_added;)
		if (is_same(&rec->added[i].net, net))
			rec->added[i] = rec->added[--rec->n_added];
		else
			i++;
}

/* The network of that length that net is in. */
static struct net wider(const struct net *net, unsigned length)
{
	struct net around = *net;

	around.len = (uint8_t)length; /* <= 128 */
	for (unsigned bit = length; bit < 128; bit++)
		around.addr.bytes[bit / 8] &= (uint8_t) ~(0x80U >> bit % 8);
	return around;
}

bool reconcile_runs(const struct reconcile *rec, const struct net *net, int64_t now_s, struct block *ret)
{
	const unsigned shortest = addr_is_ip4(&net->addr) && net->len >= 96 ? 96 : 0;
	struct block best = {.until_s = now_s};

	for (unsigned length = net->len; length > shortest && rec->n > 0; length--) {
		const struct net around = wider(net, length);
		const struct running *const r = find(rec, &around);

		if (r != NULL && r->last_s > best.until_s)
			best = (struct block){.net = around, .until_s = r->last_s};
	}
	for (size_t i = 0; i < rec->n_added; i++)
		if (rec->added[i].net.len <= net->len && net_has(&rec->added[i].net, &net->addr) &&
		    rec->added[i].until_s > best.until_s)
			best = rec->added[i];
	if (best.until_s == now_s)
		return false;
	*ret = best;
	return true;
}

bool reconcile_is_known(const struct reconcile *rec)
{
	return rec->known;
}

int reconcile_del(struct reconcile *rec, const struct net *nets, size_t n, struct why *why)
{
	struct client_entry entries[ADD_AT_ONCE];
	struct net pieces[RECONCILE_PIECES_MAX];
	size_t k = 0;
	int rc = learn_limits(rec, why);

	for (size_t i = 0; i < n && rc == 0; i++) {
		const size_t n_pieces = pieces_of(rec, &nets[i], pieces);

		note_lifted(rec, &nets[i]);
		for (size_t j = 0; j < n_pieces && rc == 0; j++) {
			note_lifted(rec, &pieces[j]);
			entries[k++] = (struct client_entry){.net = pieces[j], .left_s = 1};
			if (k == ADD_AT_ONCE) {
				rc = client_del(rec->client, entries, k, why);
				k = 0;
			}
		}
	}
	return rc < 0 || k == 0 ? rc : client_del(rec->client, entries, k, why);
}
