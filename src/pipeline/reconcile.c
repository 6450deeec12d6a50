#include "pipeline/reconcile_state.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "pipeline/portmap.h"
#include "store/blocks.h"

static_assert((int)RECONCILE_RELEASED_MAX == (int)CLIENT_PACKET, "one packet looks at all that a call releases");

struct reconcile *reconcile_new(struct store *store, const struct portlists *ports, struct client *client,
                                uint32_t refresh_s, int64_t started_s)
{
	struct reconcile *const rec = alloc_zero(1, sizeof *rec, "the active blocks");

	rec->store = store;
	rec->ports = (struct portmap){.store = store, .lists = ports};
	rec->client = client;
	rec->refresh_s = refresh_s;
	rec->blind_s = started_s;
	rec->dropped = alloc_raw(RECONCILE_DROPPED_MAX, sizeof *rec->dropped, "blocks that dropped packets");
	/* 0 would work, but attackers could predict it */
	(void)!getrandom(&rec->wanted.seed, sizeof rec->wanted.seed, 0);
	return rec;
}

void reconcile_free(struct reconcile *rec)
{
	if (rec == NULL)
		return;
	wanted_done(&rec->wanted);
	portmap_done(&rec->ports);
	free(rec->c.extra);
	free(rec->dropped);
	free(rec);
}

/* --- pieces of a network --- */

/* Asks for the backend's limits, which must be known before anything is sent. */
int reconcile_learn_limits(const struct reconcile *rec, struct why *why)
{
	const struct net any = {.len = 128};

	return lengths_fitting(&rec->client->lengths, &any) != 0 ? 0 : client_limits(rec->client, why);
}

/*
 * Returns the prefix length of the pieces of net. This is its own length if no list can hold it or it would need too
 * many pieces: the backend then returns the reason.
 */
static uint8_t piece_length(const struct reconcile *rec, const struct net *net)
{
	const uint8_t fitting = lengths_fitting(&rec->client->lengths, net);

	return fitting == 0 || fitting - net->len > RECONCILE_PIECES_BITS ? net->len : fitting;
}

size_t reconcile_pieces_of(const struct reconcile *rec, const struct net *net,
                           struct net out[static RECONCILE_PIECES_MAX])
{
	const uint8_t length = piece_length(rec, net);
	const unsigned bits = length - net->len;

	for (size_t i = 0; i < (size_t)1 << bits; i++) {
		out[i] = (struct net){.addr = net->addr, .len = length};
		for (unsigned bit = 0; bit < bits; bit++)
			if (i >> bit & 1)
				out[i].addr.bytes[(length - 1 - bit) / 8] |= (uint8_t)(0x80U >> (length - 1 - bit) % 8);
	}
	return (size_t)1 << bits;
}

size_t reconcile_pieces(const struct reconcile *rec, const struct net *net, struct net out[static RECONCILE_PIECES_MAX])
{
	const uint8_t fitting = lengths_fitting(&rec->client->lengths, net);

	return fitting != 0 && fitting - net->len > RECONCILE_PIECES_BITS ? 0 : reconcile_pieces_of(rec, net, out);
}

struct net reconcile_whole(const struct wanted_entry *e)
{
	return net_around(&e->net.addr, e->whole);
}

bool reconcile_is_first_piece(const struct wanted_entry *e)
{
	const struct net whole = reconcile_whole(e);

	return addr_equal(&whole.addr, &e->net.addr);
}

/* Returns the entry of a block's piece, or NULL. */
struct wanted_entry *reconcile_find(const struct reconcile *rec, uint8_t list, const struct net *piece, uint8_t whole,
                                    uint8_t cause)
{
	struct wanted_entry *e = NULL;

	while ((e = wanted_next(&rec->wanted, list, piece, e)) != NULL)
		if (e->whole == whole && e->cause == cause)
			break;
	return e;
}

/* --- what is wanted --- */

static struct wanted_entry *want_piece(struct reconcile *rec, const struct block *b, const struct net *piece,
                                       bool *ret_new)
{
	const struct wanted_entry key = {.net = *piece,
	                                 .whole = b->net.len,
	                                 .list = b->list,
	                                 .cause = (uint8_t)b->cause,
	                                 .since_s = b->since_s,
	                                 .until_s = b->until_s};

	return wanted_put(&rec->wanted, &key, ret_new);
}

/* The block of e is now stored as it was decided. If it has been extended since, notes the new end. */
static void learn_id(struct reconcile *rec, struct wanted_entry *e, int64_t id, int64_t now_s)
{
	e->id = id;
	if (reconcile_is_first_piece(e))
		reconcile_note(rec, id,
		               /* how many packets were dropped is not known any more */
		               (struct store_dropped){1, now_s, e->until_s, 1, 0});
}

static uint8_t offence_of(const struct block *b)
{
	return (uint8_t)(b->offence < 255 ? b->offence : 255);
}

/* Adds a row of the database. Of several rows of one net and cause, the one that lasts longest counts. */
static void load_block(struct reconcile *rec, const struct block *b, int64_t now_s)
{
	struct net pieces[RECONCILE_PIECES_MAX];
	const size_t n = reconcile_pieces_of(rec, &b->net, pieces);

	for (size_t i = 0; i < n; i++) {
		bool new;
		struct wanted_entry *const e = want_piece(rec, b, &pieces[i], &new);

		if (new)
			e->fed_s = b->since_s > rec->blind_s ? b->since_s : rec->blind_s;
		else if (e->seen == rec->c.number && e->until_s >= b->until_s)
			continue;                                  /* another row of this load */
		if (!new && e->id == 0 && e->until_s > b->until_s) /* it was extended before it was stored */
			learn_id(rec, e, b->id, now_s);
		else
			wanted_until(&rec->wanted, e, b->until_s);
		e->id = b->id;
		e->since_s = b->since_s;
		e->offence = offence_of(b);
		e->seen = rec->c.number;
	}
}

static void load_rows(struct reconcile *rec, int64_t now_s)
{
	for (size_t i = 0; i < rec->n_rows; i++)
		load_block(rec, &rec->rows[i], now_s);
	rec->n_rows = 0;
}

/*
 * Removes entries that are no longer in the database. Keeps those that are not stored yet or are about to be released.
 */
static void forget_unseen(struct reconcile *rec, int64_t now_s)
{
	for (uint32_t i = 0; i < rec->wanted.n_places; i++) {
		struct wanted_entry *const e = &rec->wanted.entries[i];

		if (e->used && e->id != 0 && e->seen != rec->c.number && e->until_s > now_s)
			wanted_remove(&rec->wanted, e);
	}
}

int reconcile_load_begin(struct reconcile *rec, struct why *why)
{
	const int rc = reconcile_learn_limits(rec, why);

	rec->c.number++;
	rec->n_rows = 0;                                /* some are left after an error */
	return rc < 0 ? rc : reconcile_write(rec, why); /* otherwise the rows would be older than what is known here */
}

void reconcile_load_block(struct reconcile *rec, const struct block *block, int64_t now_s)
{
	struct block b = *block;

	if (b.ended || b.until_s <= now_s)
		return;
	b.list = portmap_list(&rec->ports, b.rule);
	wanted_fetch(&rec->wanted, b.list, &b.net);
	rec->rows[rec->n_rows++] = b;
	if (rec->n_rows == RECONCILE_AHEAD)
		load_rows(rec, now_s);
}

void reconcile_load_end(struct reconcile *rec, int64_t now_s)
{
	load_rows(rec, now_s);
	forget_unseen(rec, now_s);
	rec->filling |= !rec->known;
	rec->known = true;
	reconcile_begin(rec);
}

int reconcile_load(struct reconcile *rec, int64_t now_s, struct why *why)
{
	struct block block;
	int rc = reconcile_load_begin(rec, why);

	if (rc == 0)
		rc = store_running(rec->store, now_s, why);
	while (rc == 0)
		if ((rc = store_next_block(rec->store, &block, NULL, why)) == 0)
			reconcile_load_block(rec, &block, now_s);
	if (rc < 0)
		return rc;
	reconcile_load_end(rec, now_s);
	return 0;
}

static const struct capacity_cut *cut_of(const struct reconcile *rec, const struct wanted_entry *e)
{
	return addr_is_ip4(&e->net.addr) ? &rec->c.cut4 : &rec->c.cut6;
}

bool reconcile_fits(const struct reconcile *rec, const struct wanted_entry *e)
{
	return capacity_fits(cut_of(rec, e), e);
}

void reconcile_leave_out(struct reconcile *rec, struct wanted_entry *e)
{
	wanted_mark(&rec->wanted, e, WANTED_OUT);
	(void)why_set(&rec->refusal, ENOSPC,
	              "the kernel's lists hold %u of each family, and those with fewer offences or a nearer "
	              "end stay out",
	              rec->client->capacity);
}

uint32_t reconcile_left(const struct wanted_entry *e, int64_t now_s)
{
	const int64_t left_s = e->until_s - now_s;

	return left_s < 1 ? 1 : left_s > UINT32_MAX ? UINT32_MAX : (uint32_t)left_s; /* fits */
}

/* Returns how long the kernel keeps an element that is added now; its rules' own timeout is 2 * refresh_s. */
static int64_t kept_for(const struct reconcile *rec, const struct wanted_entry *e, int64_t now_s)
{
	const int64_t most_s = 2 * (int64_t)rec->refresh_s, left_s = reconcile_left(e, now_s);

	return rec->client->watched && left_s < most_s ? left_s : most_s;
}

/* Returns true if the kernel forgets the entry soon, and before its block ends. */
bool reconcile_runs_out(const struct reconcile *rec, const struct wanted_entry *e, int64_t now_s)
{
	return e->kept_s < e->until_s && e->kept_s - now_s <= rec->refresh_s;
}

/* Marks all entries of an element that was just sent. */
static void mark_element(struct reconcile *rec, const struct net *net, uint8_t list, bool refused, int64_t now_s)
{
	struct wanted_entry *e = NULL;

	while ((e = wanted_next(&rec->wanted, list, net, e)) != NULL) {
		wanted_mark(&rec->wanted, e, refused ? WANTED_OUT : WANTED_HELD);
		e->seen = rec->c.number;
		if (refused)
			continue;
		e->fed_s = now_s;
		e->kept_s = now_s + kept_for(rec, wanted_longest(&rec->wanted, list, net), now_s);
	}
}

/* Receives the answer to the packet before, sends the entries in f, if any, and only then, while root works, marks. */
static int send_next(struct reconcile *rec, struct feed *f, int64_t now_s, size_t *refused, struct why *why)
{
	const struct client_entry *const before = f->entries[1 - f->at];
	const size_t n_before = f->n_sent;
	size_t some = 0;
	int rc = 0;

	f->n_sent = 0;
	if (n_before > 0)
		rc = client_add_end(rec->client, f->entries[1 - f->at], n_before, &some, why);
	if (rc < 0)
		return rc;
	if (some > 0)
		rec->refusal = *why;
	*refused += some;
	if (f->n > 0 && (rc = client_add_begin(rec->client, f->entries[f->at], f->n, why)) == 0) {
		f->n_sent = f->n;
		f->packets++;
	}
	for (size_t i = 0; i < n_before; i++)
		mark_element(rec, &before[i].net, before[i].list, before[i].refused, now_s);
	f->n = 0;
	f->at = 1 - f->at;
	return rc;
}

int reconcile_send(struct reconcile *rec, struct feed *f, int64_t now_s, size_t *refused, struct why *why)
{
	int rc = 0;

	while (rc == 0 && (f->n > 0 || f->n_sent > 0))
		rc = send_next(rec, f, now_s, refused, why);
	return rc;
}

int reconcile_feed(struct reconcile *rec, struct feed *f, const struct wanted_entry *e, int64_t now_s, size_t *refused,
                   struct why *why)
{
	f->entries[f->at][f->n++] =
		(struct client_entry){.net = e->net, .list = e->list, .left_s = reconcile_left(e, now_s)};
	return f->n == CLIENT_PACKET ? send_next(rec, f, now_s, refused, why) : 0;
}

/* Makes a piece of a block that was decided now wanted. */
static struct wanted_entry *want_new(struct reconcile *rec, const struct block *b, const struct net *piece,
                                     int64_t now_s)
{
	bool new;
	struct wanted_entry *const e = want_piece(rec, b, piece, &new);

	wanted_until(&rec->wanted, e, b->until_s);
	if (!b->prolonged) {
		e->id = b->id;
		e->since_s = b->since_s;
	}
	e->offence = offence_of(b);
	e->fed_s = now_s;
	return e;
}

/* Sends the element of e. It lasts at least as long as any entry of that element. */
static int send_new(struct reconcile *rec, struct feed *f, struct wanted_entry *e, int64_t now_s, size_t *refused,
                    struct why *why)
{
	e->seen = rec->c.number;
	if (reconcile_fits(rec, e))
		return reconcile_feed(rec, f, wanted_longest(&rec->wanted, e->list, &e->net), now_s, refused, why);
	reconcile_leave_out(rec, e);
	++*refused;
	return 0;
}

int reconcile_add(struct reconcile *rec, const struct block *blocks, size_t n, int64_t now_s, size_t *ret_refused,
                  struct why *why)
{
	struct net pieces[RECONCILE_PIECES_MAX];
	struct feed f = {.n = 0};
	size_t refused = 0;
	int rc = reconcile_learn_limits(rec, why);

	for (size_t i = 0; i < n; i++) {
		const size_t n_pieces = reconcile_pieces_of(rec, &blocks[i].net, pieces);

		for (size_t j = 0; j < n_pieces; j++) {
			struct wanted_entry *const e = want_new(rec, &blocks[i], &pieces[j], now_s);

			if (rc == 0) /* after an error the rest still becomes wanted */
				rc = send_new(rec, &f, e, now_s, &refused, why);
		}
	}
	if (rc == 0)
		rc = reconcile_send(rec, &f, now_s, &refused, why);
	if (rc < 0) {
		rec->proven = false;
		return rc;
	}
	*ret_refused = refused;
	if (refused > 0)
		*why = rec->refusal;
	return 0;
}

void reconcile_want(struct reconcile *rec, const struct block *blocks, size_t n)
{
	struct net pieces[RECONCILE_PIECES_MAX];
	bool ignored;

	for (size_t i = 0; i < n; i++) {
		const size_t n_pieces = reconcile_pieces_of(rec, &blocks[i].net, pieces);

		for (size_t j = 0; j < n_pieces; j++)
			(void)want_piece(rec, &blocks[i], &pieces[j], &ignored);
	}
}

void reconcile_stored(struct reconcile *rec, const struct block *blocks, size_t n, int64_t now_s)
{
	struct net pieces[RECONCILE_PIECES_MAX];

	for (size_t i = 0; i < n; i++) {
		const struct block *const b = &blocks[i];
		const size_t n_pieces = b->prolonged ? 0 : reconcile_pieces_of(rec, &b->net, pieces);

		for (size_t j = 0; j < n_pieces; j++) {
			struct wanted_entry *const e =
				reconcile_find(rec, b->list, &pieces[j], b->net.len, (uint8_t)b->cause);

			if (e == NULL)
				continue; /* lifted meanwhile */
			if (e->until_s > b->until_s)
				learn_id(rec, e, b->id, now_s);
			e->id = b->id;
		}
	}
}

/* --- queries --- */

static struct block block_of(const struct wanted_entry *e)
{
	return (struct block){.net = reconcile_whole(e),
	                      .since_s = e->since_s,
	                      .until_s = e->until_s,
	                      .id = e->id,
	                      .cause = (enum block_cause)e->cause,
	                      .offence = e->offence,
	                      .list = e->list};
}

size_t reconcile_blocks(const struct reconcile *rec, const struct net *net, enum block_cause cause,
                        struct block out[static PORTLISTS_MAX])
{
	const struct net piece = {.addr = net->addr, .len = piece_length(rec, net)};
	size_t n = 0;

	for (size_t list = 0; list < rec->ports.lists->n; list++) {
		const struct wanted_entry *const e =
			reconcile_find(rec, (uint8_t)list, &piece, net->len, (uint8_t)cause);

		if (e != NULL)
			out[n++] = block_of(e);
	}
	return n;
}

size_t reconcile_some(const struct reconcile *rec, uint32_t *place, struct block *out, size_t cap)
{
	size_t n = 0;

	for (; *place < rec->wanted.n_places && n < cap; ++*place) {
		const struct wanted_entry *const e = &rec->wanted.entries[*place];

		if (e->used && reconcile_is_first_piece(e))
			out[n++] = block_of(e);
	}
	if (*place >= rec->wanted.n_places)
		*place = 0;
	return n;
}

/*
 * Returns the latest end, at least until_s, of the entries of piece, in any list, whose block has the prefix length
 * whole.
 */
static int64_t last_end(const struct reconcile *rec, const struct net *piece, unsigned whole, int64_t until_s)
{
	const struct portlists *const ports = rec->ports.lists;

	for (size_t list = 0; list < ports->n; list++) {
		const struct wanted_entry *e = NULL;

		while ((e = wanted_next(&rec->wanted, (uint8_t)list, piece, e)) != NULL)
			if (e->whole == whole && e->until_s > until_s)
				until_s = e->until_s;
	}
	return until_s;
}

bool reconcile_runs(const struct reconcile *rec, const struct net *net, int64_t now_s, struct block *ret)
{
	const unsigned shortest = addr_is_ip4(&net->addr) && net->len >= 96 ? 96 : 0;
	struct block best = {.until_s = now_s};

	for (unsigned length = net->len; length > shortest && rec->wanted.n > 0; length--) {
		const struct net around = net_around(&net->addr, (uint8_t)length); /* <= 128 */
		const struct net piece = {around.addr, piece_length(rec, &around)};
		const int64_t until_s = last_end(rec, &piece, length, best.until_s);

		if (until_s > best.until_s)
			best = (struct block){.net = around, .until_s = until_s};
	}
	if (best.until_s == now_s)
		return false;
	*ret = best;
	return true;
}

bool reconcile_is_known(const struct reconcile *rec)
{
	return rec->known;
}
