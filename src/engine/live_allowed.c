#include "engine/live.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/nets.h"
#include "base/plural.h"
#include "pipeline/change.h"
#include "store/query.h"
#include "store/reputation.h"

enum {
	NAMES_KEPT_S = 7 * 86400, /* how long the last answers of a DNS name are kept over restarts */
	NAMES_KEPT_MS = 86400 * 1000,
	RETRY_MS = 1000,      /* after an error of the database */
	LIFTED_AT_ONCE = 256, /* blocks per transaction */
	LIFT_SLICE = 16,      /* times LIFTED_AT_ONCE blocks checked per turn: about a millisecond */
};

/* --- allowed addresses --- */

/*
 * Returns true if the block's network is allowed. A manual block yields to the allow list, but not to earned
 * allowances. A network that is blocked because of its clients yields also to one that has proven good.
 */
static bool is_allowed(const struct live *l, const struct block *block)
{
	if (block->cause == BLOCK_LISTED)
		return false; /* live_move_listed handles those */
	if (block->cause == BLOCK_NETWORK && verdict_holds_good(l->verdict, &block->net))
		return true;
	return block->cause == BLOCK_MANUAL ? allowlist_overlaps(l->allowlist, &block->net)
	                                    : verdict_spares(l->verdict, &block->net);
}

/* Ends the blocks of addresses that are now allowed, in the database and then in the kernel. */
static int lift(struct live *l, struct reconcile *reconcile, const struct block *blocks, size_t n, struct why *why)
{
	const int64_t now_s = clock_unix_s();
	const int rc = change_write(
		l->store, &(struct change){.at_s = now_s, .n_ends = n, .ends = blocks, .ended_by = "allowed"}, why);

	if (rc < 0)
		return rc;
	verdict_at(l->verdict, now_s);
	events_at(l->events, now_s);
	for (size_t i = 0; i < n; i++) {
		verdict_until(l->verdict, &blocks[i].net, now_s);
		events_released(l->events, &blocks[i].net, "allowed now", NULL, NULL);
	}
	events_sum(l->events);
	return reconcile_del(reconcile, blocks, n, now_s, why);
}

void live_lift_allowed(struct live *l, struct reconcile *reconcile)
{
	struct block blocks[LIFTED_AT_ONCE];
	struct why why;
	int rc = 0;

	verdict_at(l->verdict, clock_unix_s());
	for (size_t slice = 0; slice < LIFT_SLICE && l->lifts && rc == 0; slice++) {
		const size_t n = reconcile_some(reconcile, &l->lift_place, blocks, LIFTED_AT_ONCE);
		size_t n_allowed = 0;

		for (size_t i = 0; i < n; i++)
			if (is_allowed(l, &blocks[i]))
				blocks[n_allowed++] = blocks[i];
		if (n_allowed > 0)
			rc = lift(l, reconcile, blocks, n_allowed, &why);
		l->lifts = l->lift_place != 0;
	}
	if (rc == 0)
		return;
	log_line(LOG_WARNING, "%s; blocks of allowed addresses end at the next sync", why.text);
	l->lifts = false;
	live_earned(l);
}

bool live_lifts(const struct live *l)
{
	return l->lifts;
}

void live_refresh_allowed(struct live *l)
{
	struct why why;

	verdict_at(l->verdict, clock_unix_s());
	if (allowlist_refresh(l->allowlist, l->verdict, &why) == ALLOWLIST_ERROR)
		log_line(LOG_WARNING, "%s", why.text);
	if (allowlist_changes(l->allowlist) == l->lifted)
		return;
	l->lifted = allowlist_changes(l->allowlist);
	l->lifts = true;
	l->lift_place = 0;
}

void live_earned(struct live *l)
{
	l->lifted = allowlist_changes(l->allowlist) - 1; /* any other value than now */
}

/* --- networks that others list --- */

void live_refresh_listed(struct live *l, const struct reconcile *reconcile)
{
	const char *trouble;
	struct why why;

	if (blocklist_refresh(l->blocklist, l->verdict, l->allowlist, reconcile, &why) == BLOCKLIST_ERROR)
		log_line(LOG_WARNING, "%s", why.text);
	/* Who must not be blocked comes first. */
	if ((trouble = allowlist_trouble(l->allowlist)) != NULL || (trouble = blocklist_trouble(l->blocklist)) != NULL)
		problems_set(l->problems, PROBLEMS_FILE, 0, trouble, NULL, clock_unix_s());
	else
		problems_clear(l->problems, PROBLEMS_FILE, 0);
}

int live_move_listed(struct live *l, struct reconcile *reconcile, struct nets *added, struct why *why)
{
	struct blocklist_change change;
	char net[NET_TEXT_MAX];
	bool ended = false;
	int rc;

	if (!blocklist_moves(l->blocklist))
		return 0;
	rc = blocklist_move(l->blocklist, reconcile, clock_unix_s(), added, &ended, &change, why);
	if (!ended)
		return rc;
	log_line(LOG_NOTICE, "[block] file: %zu %s, %zu added, %zu removed", change.n,
	         plural((int64_t)change.n, "network", "networks"), change.added, change.removed);
	if (change.left_out > 0) {
		(void)net_text(&change.first_left_out, net);
		log_line(
			LOG_WARNING,
			"[block] file: %zu %s left out, the first is %s: too large for the kernel's lists, or with addresses "
			"that are never blocked",
			change.left_out, plural((int64_t)change.left_out, "network is", "networks are"), net);
	}
	return rc;
}

/* --- names --- */

/* Updates the verdict for networks whose allowance ended: another allowance may still hold. */
static void end_earned(struct live *l, const struct nets *ended, int64_t now_s)
{
	for (size_t i = 0; i < ended->n; i++) {
		struct query_allowance left;
		struct why ignored;
		const int rc = query_allowance(l->store, &ended->list[i], now_s, &left, &ignored);

		verdict_allow_earned(l->verdict, &ended->list[i], rc == 0 ? left.until_s : now_s);
	}
}

/* Ends the transaction that changed allowances, like store_finish, and then updates the verdict. */
static int finish_allowances(struct live *l, int rc, const struct nets *ended, int64_t now_s, struct why *why)
{
	rc = store_finish(l->store, rc, why);
	verdict_at(l->verdict, now_s);
	if (rc == 0)
		end_earned(l, ended, now_s);
	return rc;
}

/* Stores the addresses of a name. After a complete answer, addresses that it had before are no longer allowed. */
static int remember_name(struct live *l, const struct hostnames_name *name, int64_t now_s, struct nets *ended,
                         struct why *why)
{
	int rc = 0;

	if (name->complete)
		return store_set_allowances(l->store, "name", name->name, &name->nets, now_s, now_s + NAMES_KEPT_S,
		                            ended, why);
	for (size_t i = 0; i < name->nets.n && rc == 0; i++)
		rc = store_add_allowance(l->store, &name->nets.list[i], now_s, now_s + NAMES_KEPT_S, "name", name->name,
		                         why);
	return rc;
}

/* Stores the addresses of all names, for a start at which no name server answers. */
static int remember_names(struct live *l, struct why *why)
{
	const int64_t now_s = clock_unix_s();
	struct hostnames_name name;
	struct nets ended = {0};
	int rc = 0;

	if (!allowlist_name(l->allowlist, 0, &name))
		return 0;
	nets_done(&name.nets);
	rc = store_begin(l->store, why);
	if (rc < 0)
		return rc;
	for (size_t i = 0; rc == 0 && allowlist_name(l->allowlist, i, &name); i++) {
		rc = remember_name(l, &name, now_s, &ended, why);
		nets_done(&name.nets);
	}
	rc = finish_allowances(l, rc, &ended, now_s, why);
	nets_done(&ended);
	return rc;
}

/* --- SPF domains --- */

/*
 * Stores the networks of an SPF domain, for a start at which no name server answers. Each change is an event.
 * *ret_ended counts the networks that are no longer allowed.
 */
static int store_networks(struct live *l, const struct senders_news *news, size_t *ret_ended, struct why *why)
{
	const int64_t now_s = clock_unix_s();
	struct nets ended = {0};
	int rc = store_begin(l->store, why);

	if (rc == 0) {
		rc = store_set_allowances(l->store, "spf", news->domain, &news->networks->nets, now_s,
		                          now_s + NAMES_KEPT_S, &ended, why);
		rc = finish_allowances(l, rc, &ended, now_s, why);
	}
	*ret_ended = ended.n;
	nets_done(&ended);
	return rc;
}

static void log_news(const struct senders_news *news, size_t ended)
{
	switch (news->what) {
	case SENDERS_KNOWN:
		log_line(LOG_NOTICE, "SPF of %s: %zu %s allowed, %zu no longer", news->domain, news->networks->nets.n,
		         plural((int64_t)news->networks->nets.n, "network is", "networks are"), ended);
		for (size_t i = 0; i < news->networks->n_notes; i++)
			log_line(LOG_NOTICE, "SPF of %s", news->networks->notes[i]);
		break;
	case SENDERS_ERROR:
		log_line(LOG_WARNING, "%s; nothing is allowed because of it", news->why.text);
		break;
	case SENDERS_SILENT:
		log_line(LOG_WARNING, "%s; what SPF of %s allowed before stays allowed", news->why.text, news->domain);
		break;
	}
}

static void handle_news(struct live *l, const struct senders_news *news)
{
	size_t ended = 0;
	struct why why;

	if (news->what != SENDERS_SILENT && store_networks(l, news, &ended, &why) < 0)
		log_line(LOG_WARNING, "%s; the networks of %s are not stored, and last until a restart", why.text,
		         news->domain);
	if (news->changed)
		log_news(news, ended);
}

bool live_receive_names(struct live *l)
{
	const int64_t now_ms = clock_steady_ms();
	const bool changed = allowlist_turn(l->allowlist, now_ms);
	struct senders_news news;
	struct why why;

	while (allowlist_news(l->allowlist, &news))
		handle_news(l, &news);

	if (changed || now_ms >= l->names_at)
		l->names_at = now_ms + (remember_names(l, &why) < 0 ? RETRY_MS : NAMES_KEPT_MS);
	return changed;
}
