#include "engine/passes.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "store/reputation.h"

enum {
	ALWAYS_S = 2 * 86400, /* lifetime in the kernel; sent again after half of it */
	FRESH_S = 3600,       /* a pass that would last only that much longer is not renewed ... */
	FRESH_PART = 8,       /* ... but never more than an eighth of it */
	AT_ONCE = 256,
	DAY_S = 86400,
};

void passes_init(struct passes *p, const struct gates *gates, struct client *client)
{
	*p = (struct passes){.gates = gates, .client = client};
}

void passes_done(struct passes *p)
{
	nets_done(&p->always);
}

/* Returns how long a client passes after a delivery; 0 if no gate applies to it. */
static int64_t pass_s(const struct passes *p, const struct config *config, const struct addr *addr)
{
	const int gate = gates_of(p->gates, addr);

	if (gate < 0)
		return 0;
	/* A reload may have changed the time. */
	for (size_t i = 0; i < config->gates.n; i++)
		if (gates_same_name(&config->gates.gates[i], &p->gates->gates[gate]))
			return config->gates.gates[i].pass_s;
	return p->gates->gates[gate].pass_s;
}

static size_t place_of(const struct net *client)
{
	return addr_hash(&client->addr, client->len) % PASSES_RECENT;
}

void passes_earn(struct passes *p, const struct config *config, const struct net *client, int64_t time_s, int64_t now_s)
{
	const int64_t for_s = p->gates->n == 0 ? 0 : pass_s(p, config, &client->addr), until_s = time_s + for_s;
	const int64_t fresh_s = for_s / FRESH_PART < FRESH_S ? for_s / FRESH_PART : FRESH_S; /* a pass is 1m or more */
	const size_t place = place_of(client);
	const bool known = net_order(&p->recent[place].net, client) == 0;

	if (for_s == 0 || until_s <= now_s || (known && until_s < p->recent[place].until_s + fresh_s) ||
	    p->n_earned == PASSES_NEW_MAX)
		return;
	p->recent[place].net = *client;
	p->recent[place].until_s = until_s;
	p->earned[p->n_earned++] = (struct store_pass){*client, until_s};
}

void passes_lose(struct passes *p, const struct net *client, bool revokes)
{
	const size_t place = place_of(client);

	if (p->gates->n == 0)
		return;
	if (p->n_shut < PASSES_NEW_MAX)
		p->shut[p->n_shut++] = *client;
	if (!revokes)
		return;
	if (net_order(&p->recent[place].net, client) == 0)
		p->recent[place].until_s = 0;
	if (p->n_revoked < PASSES_NEW_MAX)
		p->revoked[p->n_revoked++] = *client;
	/* What the client earned earlier in this turn is void. */
	for (size_t i = 0; i < p->n_earned; i++)
		if (net_order(&p->earned[i].net, client) == 0)
			p->earned[i].until_s = 0;
}

void passes_changed(struct passes *p)
{
	p->stale = true;
}

static uint32_t left_s(int64_t until_s, int64_t now_s)
{
	return until_s - now_s > UINT32_MAX ? UINT32_MAX : (uint32_t)(until_s - now_s); /* until_s is in the future */
}

static int send_earned(struct passes *p, int64_t now_s, struct why *why)
{
	struct client_pass list[PASSES_NEW_MAX];
	size_t n = 0;

	if (p->sent_earned == p->n_earned)
		return 0;
	for (size_t i = p->sent_earned; i < p->n_earned; i++)
		if (p->earned[i].until_s > now_s)
			list[n++] = (struct client_pass){p->earned[i].net, left_s(p->earned[i].until_s, now_s)};
	return client_pass(p->client, list, n, why);
}

int passes_send(struct passes *p, int64_t now_s, struct why *why)
{
	int rc = client_forget(p->client, p->shut, p->n_shut, why);

	if (rc == 0)
		rc = client_unpass(p->client, p->revoked + p->sent_revoked, p->n_revoked - p->sent_revoked, why);
	if (rc == 0)
		rc = send_earned(p, now_s, why);
	if (rc < 0)
		return rc;
	p->n_shut = 0; /* none of it is stored */
	p->sent_revoked = p->n_revoked;
	p->sent_earned = p->n_earned;
	return 0;
}

bool passes_have_news(const struct passes *p)
{
	return p->sent_earned + p->sent_revoked > 0;
}

int passes_write(struct passes *p, struct store *store, int64_t now_s, struct why *why)
{
	int rc = passes_have_news(p) ? store_begin(store, why) : 0;

	if (rc < 0 || !passes_have_news(p))
		return rc;
	rc = store_take_passes(store, p->revoked, p->sent_revoked, now_s, why);
	if (rc == 0)
		rc = store_add_passes(store, p->earned, p->sent_earned, why);
	rc = store_finish(store, rc, why);
	if (rc < 0)
		return rc;
	p->n_earned -= p->sent_earned;
	memmove(p->earned, p->earned + p->sent_earned, p->n_earned * sizeof *p->earned);
	p->n_revoked -= p->sent_revoked;
	memmove(p->revoked, p->revoked + p->sent_revoked, p->n_revoked * sizeof *p->revoked);
	p->sent_earned = p->sent_revoked = 0;
	return 0;
}

/* --- what is always allowed --- */

static int add_allowances(struct nets *all, struct store *store, int64_t now_s, struct why *why)
{
	struct store_good allowance;
	int rc = store_allowances(store, now_s, why);

	while (rc == 0 && (rc = store_next_good(store, &allowance, why)) == 0)
		nets_add(all, &allowance.net);
	return rc == STORE_NONE ? 0 : rc;
}

/*
 * Returns in *ret the networks of a that are not in b, and their number; every: all of a. Both must be sealed. The
 * caller frees *ret.
 */
static size_t missing(const struct nets *a, const struct nets *b, bool every, struct net **ret)
{
	struct net *const list = alloc_raw(a->n + 1, sizeof *list, "passes");
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		const struct net *const same = b->n == 0 ? NULL : nets_find(b, &a->list[i].addr);

		if (every || same == NULL || net_order(same, &a->list[i]) != 0)
			list[n++] = a->list[i];
	}
	*ret = list;
	return n;
}

/* Sends the changes. Returns 1 if some networks no longer pass. */
static int send_always(struct passes *p, const struct nets *all, bool every, struct why *why)
{
	struct client_pass passes[AT_ONCE];
	struct net *list;
	size_t n = missing(&p->always, all, false, &list);
	const size_t gone = n;
	int rc = client_unpass(p->client, list, n, why);

	free(list);
	n = missing(all, &p->always, every, &list);
	for (size_t i = 0; i < n && rc == 0;) {
		size_t k = 0;

		for (; i < n && k < AT_ONCE; i++)
			passes[k++] = (struct client_pass){list[i], ALWAYS_S};
		rc = client_pass(p->client, passes, k, why);
	}
	free(list);
	return rc < 0 ? rc : gone > 0;
}

int passes_refresh(struct passes *p, const struct config *config, const struct allowlist *allowlist,
                   struct store *store, int64_t now_s, struct why *why)
{
	const bool every = now_s >= p->always_s + ALWAYS_S / 2 || now_s < p->always_s;
	const struct nets *const allowed = allowlist_nets(allowlist);
	struct nets all = {0};
	int rc;

	if (p->gates->n == 0 || (!every && !p->stale && p->changes == allowlist_changes(allowlist)))
		return 0;
	for (size_t i = 0; i < allowed->n; i++)
		nets_add(&all, &allowed->list[i]);
	for (size_t i = 0; i < config->gates.n; i++)
		for (size_t k = 0; k < config->gates.gates[i].n_passes; k++)
			nets_add(&all, &config->gates.gates[i].pass_networks[k]);
	rc = add_allowances(&all, store, now_s, why);
	nets_seal(&all);
	if (rc == 0)
		rc = send_always(p, &all, every, why);
	if (rc < 0) {
		nets_done(&all);
		return rc;
	}
	nets_done(&p->always);
	p->always = all;
	p->always_s = every ? now_s : p->always_s;
	p->changes = allowlist_changes(allowlist);
	p->stale = false;
	return rc;
}

/* --- from the database --- */

/* Sends the rest of a walk. earned: until_s is the time of the evidence. */
static int load(struct passes *p, const struct config *config, struct store *store, bool earned, int64_t now_s,
                struct why *why)
{
	struct client_pass list[AT_ONCE];
	struct store_pass pass;
	int rc = 0, added = 0;

	while (rc == 0 && added == 0) {
		size_t n = 0;

		while (n < AT_ONCE && (rc = store_next_pass(store, &pass, why)) == 0) {
			const int64_t for_s = pass_s(p, config, &pass.net.addr),
				      until_s = pass.until_s + (earned ? for_s : 0);

			if (for_s > 0 && until_s > now_s)
				list[n++] = (struct client_pass){pass.net, left_s(until_s, now_s)};
		}
		if (rc >= 0)
			added = client_pass(p->client, list, n, why);
	}
	return added < 0 ? added : rc == STORE_NONE ? 0 : rc;
}

static int64_t longest_pass_s(const struct config *config)
{
	int64_t longest = 0;

	for (size_t i = 0; i < config->gates.n; i++)
		if (config->gates.gates[i].pass_s > longest)
			longest = config->gates.gates[i].pass_s;
	return longest;
}

int passes_load(struct passes *p, const struct config *config, struct store *store, int64_t now_s, struct why *why)
{
	int rc = store_passes_earned(store, (now_s - longest_pass_s(config)) / DAY_S, why);

	if (rc == 0)
		rc = load(p, config, store, true, now_s, why);
	if (rc == 0)
		rc = store_passes(store, now_s, why);
	if (rc == 0)
		rc = load(p, config, store, false, now_s, why);
	p->always_s = 0;
	return rc;
}
