#include <stdlib.h>

#include "pipeline/change.h"
#include "pipeline/reconcile_state.h"

static int by_block(const void *a, const void *b)
{
	const int64_t left = ((const struct change_dropped *)a)->block_id,
		      right = ((const struct change_dropped *)b)->block_id;

	return (left > right) - (left < right);
}

static void add_dropped(struct store_dropped *sum, const struct store_dropped *more)
{
	sum->times += more->times;
	sum->packets += more->packets;
	sum->bytes += more->bytes;
	sum->at_s = sum->at_s > more->at_s ? sum->at_s : more->at_s;
	sum->until_s = sum->until_s > more->until_s ? sum->until_s : more->until_s;
}

/*
 * Merges the notes of each block into one. If that does not free half of the array, no more are added until they are
 * written.
 */
static void merge_dropped(struct reconcile *rec)
{
	size_t n = 0;

	qsort(rec->dropped, rec->n_dropped, sizeof *rec->dropped, by_block);
	for (size_t i = 1; i < rec->n_dropped; i++)
		if (rec->dropped[i].block_id == rec->dropped[n].block_id)
			add_dropped(&rec->dropped[n].what, &rec->dropped[i].what);
		else
			rec->dropped[++n] = rec->dropped[i];
	rec->n_dropped = n + 1;
	rec->full = rec->n_dropped > RECONCILE_DROPPED_MAX / 2;
}

/* Notes that a block dropped packets, for reconcile_write. */
void reconcile_note(struct reconcile *rec, int64_t block_id, struct store_dropped what)
{
	if (block_id == 0 || rec->full)
		return;
	rec->dropped[rec->n_dropped++] = (struct change_dropped){block_id, what};
	if (rec->n_dropped == RECONCILE_DROPPED_MAX)
		merge_dropped(rec);
}

/* Returns when the kernel last dropped a packet for the entry; 0: none since we added it. */
static int64_t dropped_at(const struct wanted_entry *e, const struct client_entry *element, int64_t now_s)
{
	const int64_t seen_s = now_s - element->idle_s;

	if (element->idle_s == UINT32_MAX)
		return 0;
	/*
	 * dropped > 0: root has counted it. Otherwise root had no earlier count or did not reply; one second is for
	 * rounding.
	 */
	return element->dropped > 0 || seen_s > e->fed_s + 1 ? seen_s : 0;
}

/*
 * Returns when the block ends now that it has dropped packets. Only evidence blocks are extended, and only up to the
 * duration of the next offence: a mail server with a queue, or a phone behind an office's address, never stops trying.
 */
static int64_t until_after(const struct wanted_entry *e, const struct reconcile_rule *rule, int64_t dropped_s)
{
	const int64_t wanted_s = dropped_s + verdict_duration(rule->verdict, e->offence);
	const int64_t most_s = e->since_s + verdict_duration(rule->verdict, e->offence + 1U);
	const int64_t until_s = wanted_s < most_s ? wanted_s : most_s;

	return rule->extend && e->cause == BLOCK_EVIDENCE && until_s > e->until_s ? until_s : e->until_s;
}

/* Extends all pieces of the entry's block. */
static void extend(struct reconcile *rec, const struct wanted_entry *e, int64_t until_s)
{
	struct net pieces[RECONCILE_PIECES_MAX];
	const struct wanted_entry key = *e;
	const struct net whole = reconcile_whole(e);
	const size_t n = reconcile_pieces_of(rec, &whole, pieces);

	for (size_t i = 0; i < n; i++) {
		struct wanted_entry *const piece = reconcile_find(rec, key.list, &pieces[i], key.whole, key.cause);

		if (piece != NULL)
			wanted_until(&rec->wanted, piece, until_s);
	}
}

/* Notes what a listing or query says about the element of e, and extends its block. */
void reconcile_note_dropped(struct reconcile *rec, struct wanted_entry *e, const struct client_entry *element,
                            const struct reconcile_rule *rule, int64_t now_s, struct reconcile_result *result)
{
	const int64_t dropped_s = dropped_at(e, element, now_s);
	const struct net whole = reconcile_whole(e);
	int64_t until_s;

	if (dropped_s == 0)
		return;
	if (e->fed_s < dropped_s)
		e->fed_s = dropped_s; /* the same packet must not count twice */
	if (!rec->client->watched && e->kept_s < dropped_s + 2 * (int64_t)rec->refresh_s)
		e->kept_s = dropped_s + 2 * (int64_t)rec->refresh_s; /* in xt_recent, a packet restarts the timeout */
	until_s = until_after(e, rule, dropped_s);
	if (until_s != e->until_s) {
		extend(rec, e, until_s);
		verdict_until(rule->verdict, &whole, until_s);
		result->dropped++;
	}
	/* A packet was seen, even if root had no earlier count to compare with. */
	reconcile_note(rec, e->id,
	               (struct store_dropped){1, dropped_s, e->until_s, element->dropped > 0 ? element->dropped : 1,
	                                      (int64_t)element->bytes});
}

/*
 * Returns which of an element's entries to charge its dropped packets to: the one of an evidence block, else the one
 * that lasts longest.
 */
struct wanted_entry *reconcile_bearer(const struct reconcile *rec, uint8_t list, const struct net *net)
{
	struct wanted_entry *e = NULL;

	while ((e = wanted_next(&rec->wanted, list, net, e)) != NULL)
		if (e->cause == BLOCK_EVIDENCE)
			return e;
	return wanted_longest(&rec->wanted, list, net);
}

/* An element that is no longer wanted has no bearer. */
void reconcile_note_bearer(struct reconcile *rec, const struct client_entry *element, const struct reconcile_rule *rule,
                           int64_t now_s, struct reconcile_result *result)
{
	struct wanted_entry *const e = reconcile_bearer(rec, element->list, &element->net);

	if (e != NULL)
		reconcile_note_dropped(rec, e, element, rule, now_s, result);
}

bool reconcile_has_news(const struct reconcile *rec)
{
	return rec->n_dropped > 0;
}

int reconcile_write(struct reconcile *rec, struct why *why)
{
	const int rc =
		rec->n_dropped == 0
			? 0
			: change_write(rec->store,
	                               &(struct change){.n_dropped = rec->n_dropped, .dropped = rec->dropped}, why);

	if (rc == 0) {
		rec->n_dropped = 0;
		rec->full = false;
	}
	return rc;
}

int reconcile_count(struct reconcile *rec, const struct reconcile_rule *rule, int64_t now_s, struct why *why)
{
	struct client_entry elements[CLIENT_PACKET];
	struct reconcile_result ignored = {0};
	uint32_t cursor = 0;
	int rc;

	do {
		size_t n = 0;

		rc = rec->client->watched ? client_dropped(rec->client, &cursor, elements, &n, why)
		                          : client_list(rec->client, &cursor, elements, &n, why);
		for (size_t i = 0; i < n && rc == 0; i++)
			reconcile_note_bearer(rec, &elements[i], rule, now_s, &ignored);
	} while (rc == 0 && cursor != 0);
	return rc;
}
