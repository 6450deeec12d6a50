#include "pipeline/shared_good.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/alloc.h"
#include "base/secretfile.h"
#include "store/claims.h"

enum {
	DAY_S = 86400,
	SOME = 256, /* subjects per call */
	KEY_TEXT = 2 * SIPHASH_KEY,
	FILE_MAX = 256, /* bytes: longer than a key, so that a wrong file is reported as such */
};

#define MAKES_ONE "'openssl rand -hex 16' makes one"

void shared_good_init(struct shared_good *g, struct store *store)
{
	uint8_t seed[SIPHASH_KEY] = {0};

	(void)!getrandom(seed, sizeof seed, 0); /* zeros would work, but peers could predict them */
	*g = (struct shared_good){.store = store, .elsewhere = elsewhere_new(seed), .day = -1};
}

void shared_good_done(struct shared_good *g)
{
	elsewhere_free(g->elsewhere);
	free(g->numbers);
}

/* --- the key --- */

/* A final line feed is optional. */
static bool parse_key(const char *text, size_t len, uint8_t out[static SIPHASH_KEY])
{
	bool good = len == KEY_TEXT || (len == KEY_TEXT + 1 && text[KEY_TEXT] == '\n');

	for (size_t i = 0; i < SIPHASH_KEY && good; i++) {
		uint32_t byte = 0;

		good = hexlist_number(text + 2 * i, 2, &byte);
		out[i] = (uint8_t)byte; /* it is two digits */
	}
	return good;
}

int shared_good_read_key(const char *path, struct shared_good_key *ret, struct why *why)
{
	const struct secretfile secret = {path, "[share] good_key ", MAKES_ONE, .for_group = true};
	char text[FILE_MAX];
	size_t len;
	int rc;

	*ret = (struct shared_good_key){.on = false};
	if (path[0] == '\0')
		return 0;
	if ((rc = secretfile_read(&secret, text, sizeof text, &len, why)) < 0)
		return rc;
	if (parse_key(text, len, ret->bytes))
		ret->on = true;
	else
		rc = why_set(why, EINVAL, "[share] good_key %s: no key: 32 hexadecimal digits; %s", path, MAKES_ONE);
	explicit_bzero(text, sizeof text);
	return rc;
}

/* --- received from peers --- */

static bool may_send(const struct peers *may, const char *name)
{
	const struct peers_peer *const peer = peers_find(may, (struct span){name, strlen(name)});

	return peer != NULL && (peer->rights & PEERS_GOOD) != 0;
}

/* Returns true if there was space for all numbers. */
static bool remember(struct shared_good *g, const struct hexlist *known, int64_t until_s, int64_t now_s)
{
	bool all = true;

	for (size_t i = 0; i < known->n; i++)
		all &= elsewhere_put(g->elsewhere, known->numbers[i], until_s, now_s);
	return all;
}

static int recall(struct shared_good *g, const struct peers *may, int64_t now_s, struct why *why)
{
	struct store_digest digest;
	int rc;

	elsewhere_begin(g->elsewhere, g->key.bytes);
	if (!g->key.on)
		return 0;
	rc = store_digests(g->store, now_s, why);
	while (rc == 0)
		if ((rc = store_next_digest(g->store, &digest, why)) == 0 && may_send(may, digest.peer))
			(void)remember(g, &digest.known, digest.until_s, now_s);
	return rc < 0 ? rc : 0;
}

int shared_good_load(struct shared_good *g, const struct shared_good_key *key, const struct peers *may, int64_t now_s,
                     struct why *why)
{
	g->key = *key;
	g->day = -1;
	return recall(g, may, now_s, why);
}

int shared_good_receive(struct shared_good *g, const char *peer, const struct hexlist *known, int64_t until_s,
                        int64_t now_s, struct why *why)
{
	int64_t n = 0;
	int rc;

	if (!g->key.on || until_s <= now_s)
		return 0;
	if ((rc = store_count_digests(g->store, peer, now_s, &n, why)) < 0)
		return rc;
	if (n >= SHARED_GOOD_KEPT || !remember(g, known, until_s, now_s)) {
		(void)why_set(why, ENOSPC, "more good networks than are kept here");
		return 1;
	}
	return store_put_digest(g->store, &(struct store_digest){.peer = peer, .until_s = until_s, .known = *known},
	                        why);
}

int shared_good_void(struct shared_good *g, const char *peer, const struct peers *may, int64_t now_s, struct why *why)
{
	const int rc = store_remove_digests(g->store, peer, why);

	return rc < 0 ? rc : recall(g, may, now_s, why);
}

/* --- sent to peers --- */

static int order(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* Collects the numbers of all networks with a proven good client. */
static void gather(struct shared_good *g, const struct verdict *verdict)
{
	struct net some[SOME];
	size_t place = 0, n = 0, kept = 0;

	do {
		const size_t n_some = verdict_proven(verdict, &place, some, SOME);

		g->numbers = alloc_resize(g->numbers, n + SOME, sizeof *g->numbers, "what is good here");
		for (size_t i = 0; i < n_some; i++)
			g->numbers[n++] = elsewhere_number(g->elsewhere, &some[i].addr);
	} while (place != 0);
	qsort(g->numbers, n, sizeof *g->numbers, order);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || g->numbers[i] != g->numbers[kept - 1])
			g->numbers[kept++] = g->numbers[i];
	g->n = kept < SHARED_GOOD_MAX ? kept : SHARED_GOOD_MAX;
}

void shared_good_part(struct shared_good *g, const struct verdict *verdict, size_t part, int64_t now_s,
                      size_t *ret_parts, struct hexlist *ret)
{
	ret->n = *ret_parts = 0;
	if (!g->key.on)
		return;
	if (g->day != now_s / DAY_S)
		gather(g, verdict);
	g->day = now_s / DAY_S;
	*ret_parts = (g->n + HEXLIST_MAX - 1) / HEXLIST_MAX;
	for (size_t i = part * HEXLIST_MAX; part < *ret_parts && i < g->n && ret->n < HEXLIST_MAX; i++)
		ret->numbers[ret->n++] = g->numbers[i];
}
