#include "wanted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ADD_AT_ONCE = 64 };

/* A running block, and when its entry was last written to the kernel by us. */
struct running {
	struct store_block block;
	int64_t fed_s;
};

struct wanted {
	struct store *store;
	struct client *client;
	int64_t started_s;
	int64_t synced_s; /* the last sync that succeeded; 0: none yet */
	size_t n;
	struct running *list; /* as of the last sync, by address */
};

static int by_net(const void *a, const void *b)
{
	const struct net *const x = &((const struct running *)a)->block.net;
	const struct net *const y = &((const struct running *)b)->block.net;
	const int order = memcmp(x->addr.bytes, y->addr.bytes, sizeof x->addr.bytes);

	return order != 0 ? order : (x->len > y->len) - (x->len < y->len);
}

struct wanted *wanted_new(struct store *store, struct client *client, int64_t started_s)
{
	struct wanted *const w = calloc(1, sizeof *w);

	if (w == NULL)
		abort();
	w->store = store;
	w->client = client;
	w->started_s = started_s;
	return w;
}

void wanted_free(struct wanted *w)
{
	if (w == NULL)
		return;
	free(w->list);
	free(w);
}

static void append(struct running **list, size_t *n, size_t *room, const struct running *r)
{
	if (*n == *room) {
		*room = *room == 0 ? 256 : 2 * *room;
		if ((*list = reallocarray(*list, *room, sizeof **list)) == NULL)
			abort();
	}
	(*list)[(*n)++] = *r;
}

/* By address, one entry each: of several the one that lasts longest. */
static size_t sort_out(struct running *list, size_t n)
{
	size_t unique = 0;

	if (n > 0)
		qsort(list, n, sizeof *list, by_net);
	for (size_t i = 0; i < n; i++) {
		if (unique == 0 || by_net(&list[unique - 1], &list[i]) != 0)
			list[unique++] = list[i];
		else if (list[i].block.until_s > list[unique - 1].block.until_s)
			list[unique - 1] = list[i];
	}
	return unique;
}

/*
 * Reads every block that runs into a fresh list, and with them those that are over since the last sync: they are in
 * the kernel still, and may have knocked. An entry keeps the time it was fed.
 */
static int read_running(struct wanted *w, int64_t now_s, struct why *why)
{
	struct running *list = NULL;
	size_t n = 0, room = 0;
	int rc = store_running(w->store, w->synced_s > 0 && w->synced_s < now_s ? w->synced_s : now_s, why);

	while (rc == 0) {
		struct running r = {0};
		const struct running *before;

		if ((rc = store_next_block(w->store, &r.block, why)) != 0)
			break;
		before = w->n == 0 ? NULL : bsearch(&r, w->list, w->n, sizeof r, by_net);
		r.fed_s = before != NULL ? before->fed_s : r.block.since_s;
		if (r.fed_s < w->started_s)
			r.fed_s = w->started_s;
		append(&list, &n, &room, &r);
	}
	if (rc < 0) {
		free(list);
		return rc;
	}
	free(w->list);
	w->list = list;
	w->n = sort_out(list, n);
	return 0;
}

/* When the kernel last dropped a packet of it; 0: it did not since we fed it. */
static int64_t knock_of(const struct running *r, const struct client_entry *e, int64_t now_s)
{
	const int64_t seen_s = now_s - e->idle_s;

	/* One second for rounding on both sides. */
	return e->fed || e->idle_s == UINT32_MAX || seen_s <= r->fed_s + 1 ? 0 : seen_s;
}

/* What knocked lasts longer. */
static int extend_knocked(struct wanted *w, struct verdict *verdict, const struct client_entry *entries,
                          int64_t now_s, struct wanted_result *result, struct why *why)
{
	bool open = false;
	int rc = 0;

	for (size_t i = 0; i < w->n && rc == 0; i++) {
		struct running *const r = &w->list[i];
		const int64_t knock_s = knock_of(r, &entries[i], now_s);
		const int64_t until_s = knock_s + verdict_duration(verdict, r->block.offence);

		if (knock_s == 0 || until_s <= r->block.until_s)
			continue;
		if (!open && (rc = store_begin(w->store, why)) < 0)
			break;
		open = true;
		rc = store_extend(w->store, r->block.id, until_s, why);
		r->block.until_s = until_s;
		verdict_until(verdict, &r->block.net, until_s);
		r->fed_s = knock_s; /* so that the same packet is not taken for another */
		result->knocked++;
	}
	if (!open)
		return rc;
	if (rc == 0)
		return store_commit(w->store, why);
	store_rollback(w->store);
	return rc;
}

/* Takes out of the kernel, and out of the list, what is over. */
static int release(struct wanted *w, int64_t now_s, struct wanted_result *result, struct why *why)
{
	struct client_entry ended[ADD_AT_ONCE];
	size_t kept = 0, n = 0;
	int rc = 0;

	for (size_t i = 0; i < w->n; i++) {
		if (w->list[i].block.until_s > now_s) {
			w->list[kept++] = w->list[i];
			continue;
		}
		ended[n++] = (struct client_entry){.net = w->list[i].block.net, .seconds = 1};
		result->expired++;
		if (n == ADD_AT_ONCE) {
			rc = rc < 0 ? rc : client_del(w->client, ended, n, why);
			n = 0;
		}
	}
	w->n = kept;
	return rc < 0 || n == 0 ? rc : client_del(w->client, ended, n, why);
}

int wanted_sync(struct wanted *w, struct verdict *verdict, bool extend, uint32_t refresh_s, int64_t now_s,
                struct wanted_result *ret, struct why *why)
{
	struct wanted_result result = {0};
	struct client_entry *entries;
	int rc = read_running(w, now_s, why);

	if (rc < 0)
		return rc;
	entries = calloc(w->n > 0 ? w->n : 1, sizeof *entries);
	if (entries == NULL)
		abort();
	for (size_t i = 0; i < w->n; i++) {
		const int64_t left_s = w->list[i].block.until_s - now_s;

		entries[i].net = w->list[i].block.net;
		entries[i].seconds = left_s < 1 ? 1 : left_s > UINT32_MAX ? UINT32_MAX : (uint32_t)left_s; /* fits */
	}
	/* The list is sorted as client_sync sorts, so entries and list stay side by side. */
	rc = client_sync(w->client, entries, w->n, refresh_s, &result.drift, why);
	if (rc == 0) {
		rc = extend ? extend_knocked(w, verdict, entries, now_s, &result, why) : 0;
		for (size_t i = 0; i < w->n; i++)
			if (entries[i].fed)
				w->list[i].fed_s = now_s;
	}
	free(entries);
	if (rc == 0)
		rc = release(w, now_s, &result, why);
	if (rc < 0)
		return rc;
	w->synced_s = now_s;
	result.running = w->n;
	*ret = result;
	return 0;
}

int wanted_add(struct wanted *w, const struct verdict_block *blocks, size_t n, int64_t now_s, struct why *why)
{
	struct client_entry entries[ADD_AT_ONCE];
	size_t refused = 0;

	for (size_t done = 0; done < n;) {
		size_t k = 0;
		int rc;

		for (; k < ADD_AT_ONCE && done + k < n; k++) {
			const int64_t left_s = blocks[done + k].until_s - now_s;

			entries[k] = (struct client_entry){.net = blocks[done + k].net,
			                                   .seconds = left_s < 1 ? 1 : (uint32_t)left_s};
		}
		if ((rc = client_add(w->client, entries, k, &refused, why)) < 0)
			return rc;
		done += k;
	}
	return 0;
}
