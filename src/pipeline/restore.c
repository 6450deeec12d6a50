#include "pipeline/restore.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/account.h"
#include "base/alloc.h"
#include "base/portlists.h"
#include "pipeline/builtin.h"
#include "pipeline/pending.h"
#include "pipeline/portmap.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/query.h"
#include "store/reputation.h"

enum {
	DAY_S = 86400,
	GOOD_DAYS = 31,     /* as far back as a verdict looks */
	AHEAD = 16,         /* how many blocks ahead memory is prefetched */
	DECIDED_MIN = 1024, /* initial capacity */
	LOGIN_DAYS = 31,    /* how long a login is remembered: longer than a month's holiday */
};

/* Limits periods to [database] keep: anything older is forgotten, with or without a restart. */
static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static struct verdict_policy policy_of(const struct config *config)
{
	struct verdict_policy policy = {
		.threshold = config->block.threshold,
		.window_s = at_most(config->block.window_s, config->database.keep_s),
		.memory_s = at_most(config->block.memory_s, config->database.keep_s),
		.n_for = config->block.n_for,
		/* The config has checked the ranges. */
		.spread_list = portlists_of(&config->firewall.ports, PENDING_SPREAD_RULE, PENDING_SPREAD_CATEGORY),
		.ip6_prefix = (uint8_t)config->block.ip6_prefix,
		.network_after = (unsigned)config->block.network_after,
		.network_threshold = config->block.network_threshold,
		.account_addresses = (unsigned)config->block.account_addresses,
		.slow = (unsigned)config->block.slow,
		.slow_s = at_most(config->block.slow_s, config->database.keep_s),
		.login_days = (unsigned)at_most(LOGIN_DAYS, config->database.keep_s / DAY_S),
		.earn_days = (unsigned)config->allow.earn_days,
		.suspension = (unsigned)config->block.quarantine,
		.blocks_per_minute = (unsigned)config->block.max_blocks_per_minute,
	};

	(void)!getrandom(&policy.seed, sizeof policy.seed, 0); /* 0 would work, but attackers could predict it */
	memcpy(policy.for_s, config->block.for_s, sizeof policy.for_s);
	return policy;
}

static void set_lists(struct verdict *v, const struct config *config, const struct rules *rules)
{
	uint8_t lists[VERDICT_RULES_MAX] = {0};
	const size_t n = rules == NULL ? 0 : rules_count(rules);

	for (size_t i = 0; i < n; i++)
		lists[i] = portlists_of(&config->firewall.ports, rules_at(rules, i)->text->name,
		                        rules_at(rules, i)->text->category);
	for (unsigned i = BUILTIN_DNS_LIST; i < BUILTIN_END; i++)
		lists[i] = portlists_of(&config->firewall.ports, builtin_rule(i)->text->name,
		                        builtin_rule(i)->text->category);
	verdict_lists(v, lists, VERDICT_RULES_MAX);
}

static int restore_suspended(struct store *store, const struct rules *rules, struct verdict *v, struct why *why)
{
	const char *name;
	int64_t resumed_s;
	int rc = store_suspensions(store, why);

	while (rc == 0) {
		if ((rc = store_next_suspension(store, &name, &resumed_s, why)) != 0)
			break;
		if (resumed_s == 0)
			verdict_suspend(v, builtin_number(rules, name), true);
		else
			verdict_known_resumed(v, builtin_number(rules, name), resumed_s);
	}
	return rc < 0 ? rc : 0;
}

static int restore_earned(struct store *store, struct verdict *v, int64_t now_s, struct why *why)
{
	struct store_good good;
	int rc = store_allowances(store, now_s, why);

	while (rc == 0)
		if ((rc = store_next_good(store, &good, why)) == 0 && good.time_s <= now_s)
			verdict_allow_earned(v, &good.net, good.until_s);
	return rc < 0 ? rc : 0;
}

static int restore_good(struct store *store, struct verdict *v, int64_t now_s, struct why *why)
{
	struct store_good good;
	int rc = store_good_since(store, now_s / DAY_S - GOOD_DAYS, why);

	while (rc == 0)
		if ((rc = store_next_good(store, &good, why)) == 0)
			verdict_known_good(v, &good.net, good.day);
	return rc < 0 ? rc : 0;
}

static int restore_logins(struct store *store, struct verdict *v, int64_t since_day, struct why *why)
{
	struct store_login login;
	int rc = store_logins_since(store, since_day, why);

	while (rc == 0)
		if ((rc = store_next_login(store, &login, why)) == 0)
			verdict_known_login(v, login.pair, login.day);
	return rc < 0 ? rc : 0;
}

/* --- blocks caused by a network's scores: one hit causes several; the first is of the hit's client --- */

struct spread_block {
	struct net net;
	int64_t since_s;
};

struct spread {
	size_t n, next;              /* next: the blocks before it belong to earlier hits */
	struct spread_block *blocks; /* in the order of the decisions */
};

static void note_spread(struct spread *spread, const struct block *block)
{
	spread->blocks = alloc_resize(spread->blocks, spread->n + 1, sizeof *spread->blocks, "the blocks of networks");
	spread->blocks[spread->n].net = block->net;
	spread->blocks[spread->n++].since_s = block->since_s;
}

/*
 * Handles a hit that caused a block. If the network's scores were the reason, the evidence about its other blocked
 * clients is used up, too.
 */
static void spend_spread(struct spread *spread, struct verdict *v, const struct store_hit *hit)
{
	const struct net network = verdict_network(&hit->address);
	size_t i;

	while (spread->next < spread->n && spread->blocks[spread->next].since_s < hit->time_s)
		spread->next++;
	for (i = spread->next; i < spread->n && spread->blocks[i].since_s == hit->time_s; i++)
		if (net_has(&spread->blocks[i].net, &hit->address))
			break;
	if (i == spread->n || spread->blocks[i].since_s != hit->time_s)
		return; /* the client's own scores were the reason */
	for (; i < spread->n && spread->blocks[i].since_s == hit->time_s &&
	       net_has(&network, &spread->blocks[i].net.addr);
	     i++)
		verdict_known_spread(v, &spread->blocks[i].net);
	spread->next = i; /* a later hit of the same second does not belong to these blocks */
}

/* --- blocks --- */

struct decided_block {
	struct block block;
	unsigned rule; /* set for proven clients only: finding it is slow, and for others it does not matter */
};

/* Ordered by id, which is almost always the order of the decisions; only a later replay of an old log breaks it. */
struct decided {
	size_t n, cap;
	struct decided_block *blocks;
};

static int read_decided(const struct restore_from *from, struct portmap *ports, int64_t since_s, int64_t now_s,
                        struct decided *ret, struct why *why)
{
	struct block block;
	const char *rule;
	int rc = from->only != NULL ? store_blocks_in(from->store, from->only, since_s, why)
	                            : store_blocks_since(from->store, since_s, why);

	while (rc == 0 && (rc = store_next_block(from->store, &block, &rule, why)) == 0) {
		if (from->reconcile != NULL)
			reconcile_load_block(from->reconcile, &block, now_s);
		if (block.since_s > now_s || block.cause == BLOCK_MANUAL || block.cause == BLOCK_SHARED)
			continue; /* not evidence of this host */
		block.list = portmap_list(ports, block.rule);
		block.spread = rule != NULL && strcmp(rule, PENDING_SPREAD_RULE) == 0;
		if (ret->n == ret->cap) {
			ret->cap = ret->cap == 0 ? DECIDED_MIN : 2 * ret->cap;
			ret->blocks = alloc_resize(ret->blocks, ret->cap, sizeof *ret->blocks,
			                           "the blocks that are remembered");
		}
		ret->blocks[ret->n++] = (struct decided_block){
			block, block.proven && rule != NULL ? builtin_number(from->rules, rule) : VERDICT_NO_RULE};
	}
	return rc < 0 ? rc : 0;
}

static int by_time(const void *a, const void *b)
{
	const struct block *const left = &((const struct decided_block *)a)->block,
				  *const right = &((const struct decided_block *)b)->block;

	if (left->since_s != right->since_s)
		return left->since_s < right->since_s ? -1 : 1;
	return (left->id > right->id) - (left->id < right->id);
}

/* Sorts in memory, because SQLite would sort a million rows in a file. */
static void sort_decided(struct decided *decided)
{
	size_t i = 1;

	while (i < decided->n && decided->blocks[i].block.since_s >= decided->blocks[i - 1].block.since_s)
		i++;
	if (i < decided->n)
		qsort(decided->blocks, decided->n, sizeof *decided->blocks, by_time);
}

static int restore_blocks(const struct restore_from *from, struct portmap *ports, struct verdict *v, int64_t since_s,
                          int64_t now_s, struct spread *spread, struct why *why)
{
	struct decided decided = {0};
	int rc = from->reconcile == NULL ? 0 : reconcile_load_begin(from->reconcile, why);

	if (rc == 0)
		rc = read_decided(from, ports, since_s, now_s, &decided, why);
	if (rc == 0 && from->reconcile != NULL)
		reconcile_load_end(from->reconcile, now_s);
	sort_decided(&decided);
	for (size_t i = 0; i < decided.n && rc == 0; i++) {
		if (i + AHEAD < decided.n)
			(void)verdict_expect(v, &decided.blocks[i + AHEAD].block.net.addr, 1, VERDICT_SOON);
		verdict_known_block(v, &decided.blocks[i].block, decided.blocks[i].rule);
		if (decided.blocks[i].block.spread)
			note_spread(spread, &decided.blocks[i].block);
	}
	free(decided.blocks);
	return rc;
}

/* --- manual unblocks within the window: earlier evidence does not count --- */

struct unblocked_net {
	struct net net;
	int64_t at_s;
};

struct unblocked {
	size_t n;
	struct unblocked_net *nets; /* networks only: the verdict knows single addresses */
};

static int restore_unblocked(struct store *store, struct verdict *v, int64_t since_s, int64_t now_s,
                             struct unblocked *ret, struct why *why)
{
	struct net net;
	int64_t at_s;
	int rc;

	for (query_unblocked(store, since_s); (rc = query_next_unblocked(store, &net, &at_s, why)) == 0;) {
		if (at_s > now_s + 1) /* at_s is the second after the unblock */
			continue;
		verdict_forget(v, &net, at_s);
		if (net.len == 128)
			continue;
		ret->nets = alloc_resize(ret->nets, ret->n + 1, sizeof *ret->nets, "the blocked networks");
		ret->nets[ret->n].net = net;
		ret->nets[ret->n++].at_s = at_s;
	}
	return rc < 0 ? rc : 0;
}

static bool is_unblocked(const struct unblocked *unblocked, const struct addr *addr, int64_t time_s)
{
	for (size_t i = 0; i < unblocked->n; i++)
		if (time_s < unblocked->nets[i].at_s && net_has(&unblocked->nets[i].net, addr))
			return true;
	return false;
}

static enum verdict_kind kind_of(const char *category)
{
	switch (rules_about_hits(category != NULL ? category : "")) {
	case RULES_ABOUT_MAIL:
		return VERDICT_MAIL;
	case RULES_ABOUT_LOGIN:
		return VERDICT_LOGIN;
	case RULES_ABOUT_ANY:
		break;
	}
	return VERDICT_ANY;
}

static struct verdict_evidence hit_evidence(const struct store_hit *hit, const char *category)
{
	return (struct verdict_evidence){.addr = hit->address,
	                                 .score = hit->score,
	                                 .kind = kind_of(category),
	                                 .account = hit->account,
	                                 .time_s = hit->time_s,
	                                 .rule = VERDICT_NO_RULE};
}

static struct verdict_evidence good_evidence(const struct store_good *good)
{
	return (struct verdict_evidence){.addr = good->net.addr,
	                                 .score = good->score,
	                                 .kind = good->account != ACCOUNT_NONE ? VERDICT_LOGIN : VERDICT_MAIL,
	                                 .account = good->account,
	                                 .time_s = good->time_s,
	                                 .rule = VERDICT_NO_RULE};
}

static int restore_hits(const struct restore_from *from, struct portmap *ports, struct verdict *v,
                        const struct unblocked *unblocked, struct spread *spread, int64_t since_s, int64_t now_s,
                        struct why *why)
{
	struct store *const store = from->store;
	struct store_good good;
	struct store_hit hit;
	int rc = from->only != NULL ? store_hits_in(store, from->only, since_s, why)
	                            : store_hits_since(store, since_s, why);

	while (rc == 0) {
		struct verdict_evidence evidence;
		const char *category;

		if ((rc = store_next_hit(store, &hit, &category, why)) != 0)
			break;
		evidence = hit_evidence(&hit, category);
		evidence.list = portmap_list(ports, hit.rule);
		if (hit.spent) {
			verdict_known_spent(v, &evidence);
			spend_spread(spread, v, &hit);
		} else if (hit.time_s <= now_s && !is_unblocked(unblocked, &hit.address, hit.time_s)) {
			verdict_known_hit(v, &evidence);
		}
	}
	if (rc == STORE_NONE)
		rc = store_credit_since(store, since_s, why);
	while (rc == 0)
		if ((rc = store_next_good(store, &good, why)) == 0 && good.time_s <= now_s &&
		    !is_unblocked(unblocked, &good.net.addr, good.time_s)) {
			const struct verdict_evidence evidence = good_evidence(&good);

			verdict_known_credit(v, &evidence);
		}
	return rc < 0 ? rc : 0;
}

int restore_verdict(const struct restore_from *from, int64_t now_s, struct verdict **ret, struct why *why)
{
	struct store *const store = from->store;
	const struct verdict_policy policy = policy_of(from->config);
	/* Expired blocks count, too, if evidence from before them may still count. */
	const int64_t since_s =
		now_s - (policy.memory_s > verdict_memory_s(&policy) ? policy.memory_s : verdict_memory_s(&policy));
	struct verdict *const v = verdict_new(&policy);
	struct unblocked unblocked = {0};
	struct spread spread = {0};
	struct portmap ports = {.store = store, .lists = &from->config->firewall.ports};
	struct why ignored; /* an error of the allow list; the next refresh reports it */
	int rc;

	set_lists(v, from->config, from->rules);
	verdict_at(v, now_s);
	if (from->allowlist != NULL)
		(void)allowlist_refresh(from->allowlist, v, &ignored);
	rc = restore_earned(store, v, now_s, why);
	if (rc == 0 && from->live)
		rc = restore_suspended(store, from->rules, v, why);
	if (rc == 0)
		rc = restore_good(store, v, now_s, why);
	if (rc == 0)
		rc = restore_logins(store, v, now_s / DAY_S - policy.login_days, why);
	if (rc == 0)
		rc = restore_blocks(from, &ports, v, since_s, now_s, &spread, why);
	if (rc == 0)
		rc = restore_unblocked(store, v, now_s - verdict_memory_s(&policy), now_s, &unblocked, why);
	if (rc == 0)
		rc = restore_hits(from, &ports, v, &unblocked, &spread, now_s - verdict_memory_s(&policy), now_s, why);
	free(unblocked.nets);
	free(spread.blocks);
	portmap_done(&ports);
	if (rc < 0) {
		verdict_free(v);
		return rc;
	}
	*ret = v;
	return 0;
}

int restore_cluster(struct store *store, struct greylist *greylist, const struct verdict *verdict, int64_t now_s,
                    struct why *why)
{
	struct store_attempt a;
	struct net ignored; /* what it earned is already restored */
	int rc = store_attempts_since(store, now_s - GREYLIST_AGE_S, why);

	while (rc == 0)
		if ((rc = store_next_attempt(store, &a, why)) == 0 && a.time_s <= now_s)
			(void)greylist_attempt(greylist, verdict, &a.address, a.from, a.to, a.helo, a.time_s, &ignored);
	return rc < 0 ? rc : 0;
}

int restore_lists(struct store *store, struct dnsbl *dnsbl, const struct verdict *verdict, int64_t since_s,
                  struct why *why)
{
	struct store_hit hit;
	const char *ignored;
	int rc = store_hits_since(store, since_s, why);

	while (rc == 0)
		if ((rc = store_next_hit(store, &hit, &ignored, why)) == 0 && hit.score > 0 && hit.time_s > since_s) {
			const struct verdict_query view = verdict_query(verdict, &hit.address);

			dnsbl_known(dnsbl, &view.subject, hit.time_s);
		}
	return rc < 0 ? rc : 0;
}
