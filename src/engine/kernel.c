#include "engine/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "pipeline/pending.h"
#include "pipeline/reconcile.h"
#include "store/blocks.h"
#include "store/hits.h"

enum {
	RELEASE_US = 20000, /* time spent in one turn on expired blocks */
	RELEASE_PART = 50,  /* of the time, at most one part in RELEASE_PART goes to reading lists for them */
};

void kernel_trouble(struct engine *e, int rc, const struct why *why)
{
	const struct moment now = engine_now();

	if (rc == -EPIPE) {
		log_line(LOG_ERR, "the root process has exited; exiting");
		e->status = 3;
		e->stop = true;
		return;
	}
	if (!e->firewall_failed)
		log_line(LOG_ERR, "%s; retrying every second", why->text);
	e->firewall_failed = true;
	problems_set(&e->problems, PROBLEMS_FIREWALL, 0, why->text, NULL, now.unix_s);
	e->sync_at = now.steady_ms + RETRY_MS;
}

/* Logs n blocks that were sent to the kernel, beginning with index first. */
static void log_blocks(struct engine *e, const struct block *blocks, size_t first, size_t n)
{
	for (size_t i = first; i < first + n; i++) {
		const struct pending_cause cause = pending_cause(e->pending, i);
		char detail[STORE_DETAIL_MAX];

		(void)snprintf(detail, sizeof detail, "%.*s", (int)cause.detail.len, cause.detail.p);
		events_blocked(&e->events, &blocks[i],
		               &(struct events_cause){.rule = cause.rule->name,
		                                      .reason = cause.rule->reason,
		                                      .detail = cause.detail.p != NULL ? detail : NULL});
	}
}

/* Lifts all evidence blocks of net, whatever ports they close. */
static int lift(struct engine *e, const struct net *net, struct why *why)
{
	const size_t n = e->live.started->firewall.ports.n; /* root knows no other lists */
	struct block blocks[PORTLISTS_MAX];

	for (size_t list = 0; list < n; list++)
		blocks[list] = (struct block){.net = *net, .cause = BLOCK_EVIDENCE, .list = (uint8_t)list};
	return reconcile_del(e->reconcile, blocks, n, clock_unix_s(), why);
}

/* Sends passes, and clients that must begin again at the gates. */
static void send_passes(struct engine *e, const struct moment *now)
{
	struct why why;
	const int rc = passes_send(&e->passes, now->unix_s, &why);

	if (rc == -EPIPE)
		kernel_trouble(e, rc, &why);
	else if (rc < 0)
		e->gating.keep_at = now->steady_ms; /* the table is gone, or gating logs its error */
}

/* Adds blocks to the kernel and ends the open connections of their clients. */
static int put(struct engine *e, const struct block *blocks, size_t n, int64_t now_s, struct why *why)
{
	size_t refused; /* reported by the next comparison */
	const int rc = reconcile_add(e->reconcile, blocks, n, now_s, &refused, why);

	hangup_end(&e->hangup, blocks, n, now_s);
	return rc;
}

/* Adds and logs n of the pending blocks, beginning with index first. */
static int add(struct engine *e, const struct block *blocks, size_t first, size_t n, int64_t now_s, struct why *why)
{
	int rc;

	if (n == 0)
		return 0;
	rc = put(e, blocks + first, n, now_s, why);
	log_blocks(e, blocks, first, n);
	return rc;
}

/*
 * Returns true if the block waits for an answer that may lift it before the kernel gets it. Blocks of networks, and
 * extensions of a block, do not wait.
 */
static bool waits(struct engine *e, const struct block *blocks, size_t i, const struct moment *now)
{
	const struct block *const b = &blocks[i];
	struct pending_cause cause;
	char detail[WAITS_TEXT_MAX];

	if (e->live.config->dns.wait_s == 0 || b->cause != BLOCK_EVIDENCE || b->prolonged ||
	    !dnsbl_awaits(e->live.dnsbl, &b->net))
		return false;
	cause = pending_cause(e->pending, i);
	(void)snprintf(detail, sizeof detail, "%.*s",
	               cause.detail.len < sizeof detail ? (int)cause.detail.len : (int)sizeof detail - 1,
	               cause.detail.p != NULL ? cause.detail.p : "");
	return waits_add(&e->waits, b, now->steady_ms + e->live.config->dns.wait_s * 1000, cause.rule->name,
	                 cause.rule->reason, detail);
}

/* Adds the pending blocks in order, except those that wait. After an error the rest still becomes wanted. */
static int add_all(struct engine *e, const struct block *blocks, size_t n, const struct moment *now, struct why *why)
{
	size_t first = 0;
	int rc = 0;

	for (size_t i = 0; i <= n; i++) {
		struct why this;
		int one;

		if (i < n && !waits(e, blocks, i, now))
			continue;
		one = add(e, blocks, first, i - first, now->unix_s, &this);
		if (one < 0) {
			rc = one;
			*why = this;
		}
		first = i + 1;
	}
	return rc;
}

/*
 * Handles an error because lists are full, or were flushed by another program: a comparison recreates them, or logs why
 * not.
 */
static void note_result(struct engine *e, int rc, const struct why *why)
{
	if (rc == -EPIPE)
		kernel_trouble(e, rc, why);
	else if (rc < 0)
		e->sync_at = 0;
}

void kernel_send(struct engine *e, const struct moment *now)
{
	const struct block *blocks;
	const struct net *lifted;
	const size_t n = pending_blocks(e->pending, &blocks), n_lifted = pending_lifted(e->pending, &lifted);
	struct why why;
	int rc;

	send_passes(e, now);
	if (n + n_lifted == 0)
		return;
	events_at(&e->events, now->unix_s);
	rc = add_all(e, blocks, n, now, &why);
	for (size_t i = 0; i < n_lifted && rc == 0; i++)
		rc = lift(e, &lifted[i], &why);
	for (size_t i = 0; i < n_lifted; i++)
		events_released(&e->events, &lifted[i], "rule suspended", NULL, NULL);
	events_sum(&e->events);
	pending_notified(e->pending);
	note_result(e, rc, &why);
}

/* Adds a block that has waited long enough, unless the verdict no longer has it: then it was lifted meanwhile. */
static int add_waited(struct engine *e, const struct waits_entry *w, int64_t now_s, struct why *why)
{
	const struct events_cause cause = {
		.rule = w->rule, .reason = w->reason, .detail = w->detail[0] != '\0' ? w->detail : NULL};
	int rc;

	if (verdict_query(e->live.verdict, &w->block.net.addr).until_s <= now_s)
		return 0;
	rc = put(e, &w->block, 1, now_s, why);
	events_blocked(&e->events, &w->block, &cause);
	return rc;
}

void kernel_send_waiting(struct engine *e, const struct moment *now)
{
	struct why why;
	int rc = 0;

	if (e->waits.n == 0)
		return;
	events_at(&e->events, now->unix_s);
	verdict_at(e->live.verdict, now->unix_s);
	for (size_t i = e->waits.n; i-- > 0;) {
		struct waits_entry *const w = &e->waits.entries[i];
		struct why this;
		int one;

		if (now->steady_ms < w->until_ms && dnsbl_awaits(e->live.dnsbl, &w->block.net))
			continue;
		if ((one = add_waited(e, w, now->unix_s, &this)) < 0) {
			rc = one;
			why = this;
		}
		waits_remove(&e->waits, i);
	}
	events_sum(&e->events);
	note_result(e, rc, &why);
}

/* Stores what "status" reads. */
static void store_state(struct engine *e, const struct reconcile_result *r, int64_t now)
{
	const struct verdict_stat stat = verdict_stat(e->live.verdict);
	const struct sharing_stat shared = sharing_stat(e->sharing);
	char tarpit_held[24], tarpit_total[24], sent[24], reported_at[24], elsewhere[24], capacity[16], held[24],
		drift[24], at[24], refused[24], tracked[24], forgotten[24], braked[24], ports[PORTLISTS_TEXT_MAX],
		lengths[LENGTHS_TEXT_MAX];
	const struct {
		const char *key, *value;
	} rows[] = {{"backend", e->client.backend},
	            {"backend_reason", e->client.chosen},
	            {"capacity", capacity},
	            {"held", held},
	            {"drift", drift},
	            {"refused", refused},
	            {"tracked", tracked},
	            {"forgotten", forgotten},
	            {"refused_why", r->drift.refusal.text},
	            {"braked", braked},
	            {"last_sync_at", at},
	            {"ports", ports},
	            {"list", e->client.list},
	            {"lengths", lengths},
	            {"healed", e->healed},
	            {"sent", sent},
	            {"reported_at", reported_at},
	            {"good_elsewhere", elsewhere},
	            {"tarpit_held", tarpit_held},
	            {"tarpit_total", tarpit_total}};
	struct why why;
	int rc;

	config_ports_text(e->live.started, PORTLISTS_MAX, ports);
	lengths_text(&e->client.lengths, lengths);
	(void)snprintf(held, sizeof held, "%zu",
	               /* wanted entries that are not in the kernel count as running, too */
	               r->running - r->drift.refused);
	(void)snprintf(capacity, sizeof capacity, "%" PRIu32, e->client.capacity);
	(void)snprintf(drift, sizeof drift, "%zu", r->drift.missing + r->drift.extra);
	(void)snprintf(refused, sizeof refused, "%zu", r->drift.refused);
	(void)snprintf(tracked, sizeof tracked, "%zu", stat.addresses);
	(void)snprintf(forgotten, sizeof forgotten, "%" PRIu64, stat.forgotten);
	(void)snprintf(braked, sizeof braked, "%" PRIu64, stat.braked);
	(void)snprintf(tarpit_held, sizeof tarpit_held, "%" PRIu32, e->client.tarpit_held);
	(void)snprintf(tarpit_total, sizeof tarpit_total, "%" PRIu64, e->client.tarpit_began);
	(void)snprintf(at, sizeof at, "%" PRId64, now);
	(void)snprintf(sent, sizeof sent, "%" PRId64, shared.sent);
	(void)snprintf(reported_at, sizeof reported_at, "%" PRId64, shared.reported_s);
	(void)snprintf(elsewhere, sizeof elsewhere, "%" PRId64, shared.elsewhere);
	if ((rc = store_begin(e->store, &why)) < 0)
		return; /* the next comparison stores it */
	for (size_t i = 0; i < sizeof rows / sizeof *rows && rc == 0; i++)
		rc = store_state_set(e->store, rows[i].key, rows[i].value, &why);
	if (rc == 0)
		rc = sockets_store(e->sources->sockets, e->store, &why);
	if (rc == 0)
		rc = blocklist_store(e->live.blocklist, e->store, &why);
	(void)store_finish(e->store, rc, &why);
}

static void note_refused(struct engine *e, const struct reconcile_drift *drift, int64_t now)
{
	struct why what;

	if (drift->refused == 0) {
		problems_clear(&e->problems, PROBLEMS_REFUSED, 0);
	} else {
		(void)why_set(&what, ENOSPC, "the kernel rejected %zu %s of blocks; the last: %s", drift->refused,
		              plural((int64_t)drift->refused, "entry", "entries"), drift->refusal.text);
		problems_set(&e->problems, PROBLEMS_REFUSED, 0, what.text, NULL, now);
	}
	if (drift->refused > 0 && e->refused == 0) /* not again with every comparison */
		log_line(LOG_ERR, "%zu %s could not be put into the kernel; the last: %s", drift->refused,
		         plural((int64_t)drift->refused, "block", "blocks"), drift->refusal.text);
	e->refused = drift->refused;
}

/* Logs which blocks expired. An address within a network that is still blocked is not logged: it is not released. */
static void log_released(struct engine *e, const struct reconcile_result *r, int64_t now)
{
	struct block around;

	events_at(&e->events, now);
	for (size_t i = 0; i < r->n_released; i++)
		if (!reconcile_runs(e->reconcile, &r->released[i], now, &around))
			events_released(&e->events, &r->released[i], "expired", NULL, NULL);
	events_sum(&e->events);
}

/* Notes a repair for its event, which the next comparison stores; only the last of several is kept. */
static void note_healed(struct engine *e, const char *what, const char *who, int64_t now)
{
	(void)snprintf(e->healed, sizeof e->healed, "%" PRId64 " %s%s", now, what, who);
}

static void compared(struct engine *e, const struct reconcile_result *r, const struct moment *now)
{
	struct why why; /* retried with the next comparison */

	if (e->firewall_failed) {
		log_line(LOG_NOTICE, "firewall back in sync with the database");
		note_healed(e, "back in sync with the database", "", now->unix_s);
	}
	e->firewall_failed = false;
	problems_clear(&e->problems, PROBLEMS_FIREWALL, 0);
	/* if watched, it was reported already, with the program's name */
	if (r->drift.repaired && !e->client.watched) {
		log_line(LOG_WARNING, "firewall rules or lists were missing or altered; recreated");
		note_healed(e, "rules or lists were missing or altered", "", now->unix_s);
	}
	if (!e->settled && client_settled(&e->client, &why) == 0)
		e->settled = true;
	note_refused(e, &r->drift, now->unix_s);
	store_state(e, r, now->unix_s);
	if (!e->ready)
		(void)sd_notify(0, "READY=1");
	e->ready = true;
}

void kernel_changed(struct engine *e, bool readable)
{
	struct client_change change;
	const char *who;
	struct why why;
	int rc = 0;

	if (!client_changed(&e->client, readable, &change))
		return;
	who = change.who[0] != '\0' ? change.who : "another program";
	log_line(LOG_WARNING, "firewall rules or lists were changed by %s; restoring them", who);
	note_healed(e, "rules or lists were changed by ", who, clock_unix_s());
	if (!change.all)
		rc = reconcile_touched(e->reconcile, change.touched, change.n, clock_unix_s(), &why);
	if (rc == -EPIPE) {
		kernel_trouble(e, rc, &why);
		return;
	}
	if (rc == 0 && !change.all)
		return;
	reconcile_changed(e->reconcile); /* after an error, too: the set may have been deleted while we added to it */
	e->sync_at = 0;
}

void kernel_move_listed(struct engine *e)
{
	struct why why;
	const int rc = live_move_listed(&e->live, e->reconcile, hangup_listed(&e->hangup), &why);

	if (rc == -EPIPE)
		kernel_trouble(e, rc, &why);
	else if (rc < 0)
		e->sync_at = 0; /* a comparison removes what could not be removed, or logs why not */
}

void kernel_end_listed(struct engine *e, const struct moment *now)
{
	if (kernel_ends_listed(e))
		hangup_turn(&e->hangup, blocklist_ports(e->live.blocklist), now->unix_s);
}

bool kernel_ends_listed(const struct engine *e)
{
	return hangup_waits(&e->hangup) && e->ready && !e->firewall_failed && !blocklist_moves(e->live.blocklist) &&
	       !reconcile_is_busy(e->reconcile);
}

void kernel_compare(struct engine *e, const struct moment *now)
{
	const struct reconcile_rule rule = {e->live.verdict, e->live.config->block.extend};
	struct reconcile_result r;
	struct why why;
	int rc;

	if (now->steady_ms >= e->sync_at) {
		/* Often enough that entries refreshed at half their lifetime never expire in between. */
		e->sync_at = now->steady_ms + e->live.config->firewall.resync_s * 1000;
		engine_sooner(&e->sync_at, now->steady_ms + e->live.started->firewall.seconds * 250);
		live_refresh_allowed(&e->live);
		live_refresh_listed(&e->live, e->reconcile);
		reconcile_begin(e->reconcile);
		sockets_check(e->sources->sockets); /* we are awake anyway */
		followed_check(e->sources->logs);
	}
	if (!reconcile_is_busy(e->reconcile))
		return;
	verdict_at(e->live.verdict, now->unix_s);
	rc = reconcile_compare(e->reconcile, &rule, now->unix_s, &r, &why);
	if (rc < 0)
		kernel_trouble(e, rc, &why);
	else if (r.ended)
		compared(e, &r, now);
}

void kernel_release(struct engine *e, const struct moment *now)
{
	const struct reconcile_rule rule = {e->live.verdict, e->live.config->block.extend};
	const int64_t began_us = clock_steady_us();
	int64_t took_us = 0;
	struct reconcile_result r;
	struct why why;
	int rc = 0;

	if (now->steady_ms < e->release_at || reconcile_next_end(e->reconcile) > now->unix_s)
		return;
	verdict_at(e->live.verdict, now->unix_s);
	/* Only the first call reads the kernel's list; others within the same second need not. */
	for (; rc == 0 && took_us < RELEASE_US && reconcile_next_end(e->reconcile) <= now->unix_s;
	     took_us = clock_steady_us() - began_us) {
		rc = reconcile_release(e->reconcile, &rule, now->unix_s, &r, &why);
		log_released(e, &r, now->unix_s);
	}
	e->release_at = now->steady_ms + took_us * RELEASE_PART / 1000;
	if (rc < 0) {
		kernel_trouble(e, rc, &why);
		e->release_at = e->sync_at;
	}
}

void kernel_count_dropped(struct engine *e, const struct moment *now)
{
	const struct reconcile_rule rule = {e->live.verdict, e->live.config->block.extend};
	struct why ignored;

	(void)reconcile_count(e->reconcile, &rule, now->unix_s, &ignored);
}

/* --- the gates --- */

/* Sends passes before a gate is closed. Allowances that are waiting to be written cannot be read yet. */
static int load_passes(struct engine *e, int64_t now_s, struct why *why)
{
	int rc = 0;

	if (e->gating.remade && !e->store_failed) {
		rc = passes_load(&e->passes, e->live.config, e->store, now_s, why);
		e->gating.remade = rc < 0;
	}
	if (rc == 0 && !pending_has_news(e->pending))
		rc = passes_refresh(&e->passes, e->live.config, e->live.allowlist, e->store, now_s, why);
	if (rc == 1) {
		e->gating.remade = true; /* some of them may have earned a pass as well */
		rc = 0;
	}
	return rc;
}

void kernel_keep_gates(struct engine *e, const struct moment *now)
{
	struct why why;
	int rc = 0;

	if (gating_due_ms(&e->gating) == INT64_MAX)
		return;
	if (now->steady_ms >= e->gating.passes_at) {
		rc = load_passes(e, now->unix_s, &why);
		gating_passes_sent(&e->gating, rc, &why, now->steady_ms);
	}
	if (rc == -EPIPE)
		kernel_trouble(e, rc, &why);
	rc = rc == -EPIPE ? 0 : gating_turn(&e->gating, now->steady_ms, &why);
	if (rc == -EPIPE)
		kernel_trouble(e, rc, &why);
	if (rc == 1 && !e->store_failed)
		gating_store(&e->gating, e->store, now->unix_s);
}
