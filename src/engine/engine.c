#include "engine/engine.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include "admin/problems.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "base/remedy.h"
#include "engine/choice.h"
#include "engine/events.h"
#include "engine/coverage.h"
#include "engine/hangup.h"
#include "engine/housekeeping.h"
#include "engine/live.h"
#include "engine/requests.h"
#include "engine/sources.h"
#include "input/journal.h"
#include "pipeline/decide.h"
#include "pipeline/pending.h"
#include "pipeline/reconcile.h"
#include "pipeline/scan.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/journals.h"
#include "store/mend.h"

enum {
	LINES_PER_TURN = 20000, /* then signals and the firewall are handled; about 20 ms */
	POSITION_MS = 1000,     /* a position without hits is written at most so often */
	RETRY_MS = 1000,        /* after an error of the database or the firewall */
	RELEASE_US = 20000,     /* spent at once with blocks that expired */
	RELEASE_PART = 50,
	LOCKED_MS = 100,        /* while another program writes to the database */
	FLOODS_MS = 1000,       /* clients that opened too many connections: checked so often */
};

/* The places in the poll array. */
enum snippet {
	SIGNALS,
	LOGS,
	GLOBS,
	JOURNAL,
	SOCKETS, /* the first of CONFIG_SOCKETS_MAX */
	FIREWALL = SOCKETS + CONFIG_SOCKETS_MAX,
	EDITS,
	NAMES,
	LISTS,
	CONTROL, /* the first of CONTROL_FDS_MAX */
	N_PLACES = CONTROL + CONTROL_FDS_MAX,
};

struct engine {
	struct live live;
	struct store *store;
	struct pending *pending;
	struct sources *logs;
	struct client client;
	struct reconcile *reconcile;
	struct requests requests;
	struct housekeeping housekeeping;
	struct hangup hangup;
	struct coverage coverage;
	struct problems problems;
	struct events events;

	int signal_fd, lock_fd;
	bool has_chosen;       /* its sources ... */
	struct why choice_why; /* ... and why these */

	/* When to do what next; milliseconds of clock_steady_ms, 0: at once, INT64_MAX: never. */
	int64_t write_at, sync_at, release_at, purge_at, index_at, watchdog_at, floods_at;
	int64_t watchdog_ms;   /* 0: systemd does not watch */
	bool store_failed;     /* since failed_ms; told: logged already */
	bool store_told;
	int64_t failed_ms;
	bool firewall_failed;
	bool settled;          /* the kernel held once what it should, and root knows */
	bool ready;            /* likewise, and systemd knows */
	int64_t braked_minute; /* logged in */
	size_t refused;        /* blocks that were not added to the kernel at the last sync */
	bool edited;           /* a rule file, perhaps */
	bool reload_waits;     /* for what is pending to be written */
	bool proxy_logged;
	int64_t zone_minute;   /* when the time zone was looked at */
	bool stop;
	int status;
};

/* Asked once in a turn, and again after what may take long. */
struct moment {
	int64_t unix_s, steady_ms;
};

static struct moment moment_now(void)
{
	return (struct moment){clock_unix_s(), clock_steady_ms()};
}

static void sooner(int64_t *at, int64_t when)
{
	if (when < *at)
		*at = when;
}

/* --- reading logs --- */

static void log_suspended(const struct engine *e, const struct rule *rule, size_t released)
{
	const struct log_field fields[] = {
		{"WFS_EVENT", "suspended"}, {"WFS_RULE", rule->text->name}, {"WFS_REASON", rule->text->reason}};

	log_event(LOG_ALERT, fields, sizeof fields / sizeof *fields,
	          "rule %s (%s) would block more than %" PRId64 " addresses within an hour that have proven good: it is SUSPENDED, "
	          "and %zu of them are released; find the cause, then 'watchforspammers resume %s'",
	          rule->text->name, rule->text->reason, e->live.config->block.quarantine, released, rule->text->name);
}

static void log_braked(struct engine *e, int64_t now)
{
	if (e->braked_minute == now / 60)
		return;
	e->braked_minute = now / 60;
	log_line(LOG_ALERT, "more than %" PRId64 " blocks in one minute: no more until the next minute; is a rule wrong, or is "
	                    "this an attack? (max_blocks_per_minute)", e->live.config->block.max_blocks_per_minute);
}

/* Hits that count for nobody, because they come from a private address that nobody has named. */
static bool is_hidden(const struct live *p, const struct rules_hit *hit, const struct decide_result *result)
{
	if (result->decision.outcome != VERDICT_ALLOWED || p->config->allow.n_private == 0 || !addr_is_private(&hit->address))
		return false;
	for (size_t i = p->config->allow.n_private; i < p->config->allow.n; i++)
		if (net_has(&p->config->allow.nets[i], &hit->address))
			return false;
	return true;
}

/* A proxy, a Docker gateway, a Kubernetes node: behind it are the clients that should be blocked. */
static void note_proxy(struct engine *e, const struct addr *addr, int64_t now)
{
	char address[ADDR_TEXT_MAX];
	struct why what;

	(void)addr_text(addr, address);
	(void)why_set(&what, EINVAL, "hits come from the private address %s, which is never blocked: a proxy hides the clients", address);
	problems_set(&e->problems, PROBLEMS_PROXY, 0, what.text, NULL, now);
	if (!e->proxy_logged)
		log_line(LOG_WARNING, "%s; %s", what.text, problems_remedy(PROBLEMS_PROXY));
	e->proxy_logged = true;
}

/* What a rule found becomes pending; what an operator must know is logged. */
static void handle_hit(struct engine *e, const struct decide_line *line, int64_t now, struct rules_hit *hit)
{
	const struct live *const p = &e->live;
	const struct decide decide = {p->config, p->sessions, p->verdict, p->greylist, e->pending, true};
	struct decide_result result;

	decide_hit(&decide, line, now, hit, &result);
	if (result.earned)
		events_allowed(&e->events, &result.greylist, p->config->allow.cluster_for_s,
		               "two of its addresses sent the same greylisted message");
	if (!result.is_hit)
		return;
	if (is_hidden(p, hit, &result))
		note_proxy(e, &hit->address, now);
	if (result.decision.counted)
		dnsbl_ask(p->dnsbl, &result.decision.subject, &hit->address, now);
	if (result.decision.outcome == VERDICT_QUARANTINE) {
		log_suspended(e, hit->rule, result.released);
	} else if (result.decision.outcome == VERDICT_BRAKED) {
		log_braked(e, now);
	}
}

/* One line through the rules. */
static void match_line(struct engine *e, struct pending_file *file, struct scan *scan, struct record *record, int64_t now)
{
	struct rules_hit hits[RULES_HITS_MAX];
	char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES];
	size_t n;

	scan->scratch = e->live.scratch; /* a reload brings another */
	scan->now_s = now;
	sooner(&scan->clock.end_s, now); /* an old file's mtime, never the future */
	n = record->has_fields ? scan_entry(scan, record, hits) : scan_line(scan, record, hits);
	if (scan->appended)
		sources_stamped(e->logs, scan, now);
	if (record->part)
		return; /* the position stays before the line that it belongs to */
	for (size_t i = 0; i < n; i++) {
		const struct decide_line line = {.file = file,
		                                 .host = record->line.host,
		                                 .text = record->has_fields ? journal_text(record, text, sizeof text) : record->content,
		                                 .time_s = record->time_s,
		                                 .offset = record->start};

		handle_hit(e, &line, now, &hits[i]);
	}
	if (record->has_fields || file == NULL)
		return; /* sources_settle moves the position; a socket has none */
	pending_read(file,
	             &(struct pending_read){.lines = 1,
	                                    .cut = record->cut,
	                                    .unparsed = !record->parsed,
	                                    .last_line_at = record->parsed && record->line.has_time ? record->line.time_s : 0,
	                                    .position = record->next,
	                                    .last = record->text});
}

/* --- DNS lists: their answers come at any time, and are handled like a line --- */

static void handle_listed(struct engine *e, const struct dnsbl_answer *answer, int64_t now)
{
	const struct live *const p = &e->live;
	const struct decide decide = {p->config, p->sessions, p->verdict, p->greylist, e->pending, true};
	const struct net net = net_of(&answer->addr);
	struct decide_result result;
	char reason[320]; /* a zone, and that */

	decide_listed(&decide, answer, now, &result);
	if (result.is_hit && result.decision.outcome == VERDICT_BRAKED)
		log_braked(e, now);
	if (!result.earned)
		return;
	(void)snprintf(reason, sizeof reason, "%s%s", answer->list->zone, result.lifts ? "; its block ended" : "");
	events_allowed(&e->events, &net, p->config->dns.allow_for_s, reason);
	live_earned(&e->live);
	e->write_at = e->sync_at = 0;
}

static void handle_answer(struct engine *e, const struct dnsbl_answer *answer, int64_t now)
{
	char code[ADDR_TEXT_MAX];

	switch (answer->word) {
	case DNSBL_LISTED:
		handle_listed(e, answer, now);
		break;
	case DNSBL_DEAD:
		(void)addr_text(&answer->code, code);
		log_line(LOG_WARNING, "DNS list %s lists 127.0.0.1 (%s), hence everyone: it is dead or refuses your resolver; "
		                      "ignored until it stops", answer->list->zone, code);
		break;
	case DNSBL_SILENT:
		log_line(LOG_WARNING, "DNS list %s: no answer; it is not queried until it answers", answer->list->zone);
		break;
	case DNSBL_ALIVE:
		log_line(LOG_NOTICE, "DNS list %s answers again; it is queried again", answer->list->zone);
		break;
	}
}

static void receive_lists(struct engine *e, const struct moment *now)
{
	struct dnsbl_answer answer;

	verdict_at(e->live.verdict, now->unix_s);
	events_at(&e->events, now->unix_s);
	dnsbl_turn(e->live.dnsbl, now->steady_ms);
	while (!pending_is_full(e->pending) && dnsbl_next(e->live.dnsbl, &answer))
		handle_answer(e, &answer, now->unix_s);
}

/* --- the kernel, and then the database --- */

/* What is kept, in a sentence that follows the reason. */
static void note_kept(struct engine *e, const struct why *reason, int64_t now_s)
{
	const size_t n = pending_hits(e->pending);
	const bool full = pending_is_full(e->pending);
	struct why what;

	(void)why_set(&what, EAGAIN, "%s; %zu %s wait in memory%s", reason->text, n, plural((int64_t)n, "hit", "hits"),
	              full ? ", which is full: no line is read, and nobody new is blocked" : "; clients are blocked all the same");
	problems_set(&e->problems, PROBLEMS_DATABASE, 0, what.text, NULL, now_s);
}

/* What failed may have taken long: the next try counts from the end of it. A short lock of another program is no trouble. */
static void store_trouble(struct engine *e, int rc, const struct why *why)
{
	const struct moment now = moment_now();

	if (!e->store_failed)
		e->failed_ms = now.steady_ms;
	e->store_failed = true;
	e->write_at = now.steady_ms + (e->store_told || rc != -EAGAIN ? RETRY_MS : LOCKED_MS);
	if (rc == -EAGAIN && now.steady_ms - e->failed_ms < RETRY_MS)
		return;
	if (!e->store_told)
		log_line(LOG_ERR, "%s%s", why->text,
		         store_health(e->store) == STORE_FINE ? "; hits are kept, clients are blocked; retrying every second" : "");
	e->store_told = true;
	note_kept(e, why, now.unix_s);
}

static void firewall_trouble(struct engine *e, int rc, const struct why *why)
{
	const struct moment now = moment_now();

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

/* --- floods: clients that opened too many connections, as the kernel counted; they are handled like a line, too --- */

static void handle_floods(struct engine *e, const struct moment *now)
{
	const struct live *const p = &e->live;
	const struct decide decide = {p->config, p->sessions, p->verdict, p->greylist, e->pending, true};
	struct decide_flood flood = {.connections = p->started->firewall.connections,
	                             .within_s = p->started->firewall.connections_s};
	struct addr addrs[CLIENT_FLOODS_MAX]; /* pending has capacity for all: it has no hits now */
	struct decide_result result;
	size_t n = 0;
	struct why why;
	const int rc = client_floods(&e->client, addrs, &n, &why);

	e->floods_at = now->steady_ms + FLOODS_MS;
	if (rc == -EPIPE)
		firewall_trouble(e, rc, &why);
	else if (rc < 0)
		e->sync_at = 0; /* the list is gone: the rules are recreated, or the sync logs why not */
	verdict_at(p->verdict, now->unix_s);
	for (size_t i = 0; i < n; i++) {
		flood.addr = addrs[i];
		decide_flood(&decide, &flood, now->unix_s, &result);
		if (result.decision.outcome == VERDICT_BRAKED)
			log_braked(e, now->unix_s);
	}
}

static void store_works(struct engine *e)
{
	if (e->store_told)
		log_line(LOG_NOTICE, "the database can be written again; nothing was lost");
	e->store_failed = e->store_told = false;
	problems_clear(&e->problems, PROBLEMS_DATABASE, 0);
}

/* The events of what the kernel was told. */
static void log_told(struct engine *e, size_t n_blocks, size_t n_lifted, int64_t now)
{
	const struct block *blocks;
	const struct net *lifted;

	(void)pending_blocks(e->pending, &blocks);
	(void)pending_lifted(e->pending, &lifted);
	events_at(&e->events, now);
	for (size_t i = 0; i < n_blocks; i++) {
		const struct pending_cause cause = pending_cause(e->pending, i);
		char detail[STORE_DETAIL_MAX];

		(void)snprintf(detail, sizeof detail, "%.*s", (int)cause.detail.len, cause.detail.p);
		events_blocked(&e->events, &blocks[i],
		               &(struct events_cause){.rule = cause.rule->name,
		                                      .reason = cause.rule->reason,
		                                      .detail = cause.detail.p != NULL ? detail : NULL});
	}
	for (size_t i = 0; i < n_lifted; i++)
		events_released(&e->events, &lifted[i], "rule suspended", NULL, NULL);
	events_sum(&e->events);
}

/* All blocks of the net because of hits, whatever ports they close. */
static int lift(struct engine *e, const struct net *net, struct why *why)
{
	const size_t n = e->live.started->firewall.ports.n; /* others are unknown to root */
	struct block blocks[PORTLISTS_MAX];

	for (size_t list = 0; list < n; list++)
		blocks[list] = (struct block){.net = *net, .cause = BLOCK_EVIDENCE, .list = (uint8_t)list};
	return reconcile_del(e->reconcile, blocks, n, clock_unix_s(), why);
}

/*
 * Tells the kernel what was decided, before anything is written. A crash in between leaves what the next start removes, and
 * the line that is read again then adds it again.
 */
static void tell(struct engine *e, const struct moment *now)
{
	const struct block *blocks;
	const struct net *lifted;
	const size_t n = pending_blocks(e->pending, &blocks), n_lifted = pending_lifted(e->pending, &lifted);
	size_t refused; /* the next comparison reports it */
	struct why why;
	int rc = 0;

	if (n + n_lifted == 0)
		return;
	if (n > 0)
		rc = reconcile_add(e->reconcile, blocks, n, now->unix_s, &refused, &why);
	for (size_t i = 0; i < n_lifted && rc == 0; i++)
		rc = lift(e, &lifted[i], &why);
	hangup_end(&e->hangup, blocks, n, now->unix_s);
	log_told(e, n, n_lifted, now->unix_s);
	pending_told(e->pending);
	if (rc == -EPIPE)
		firewall_trouble(e, rc, &why);
	else if (rc < 0)
		e->sync_at = 0; /* lists full, or flushed by others: a comparison recreates them, or logs why not */
}

/* Hits, decisions and positions, and which blocks dropped packets. */
static void commit(struct engine *e, const struct moment *now)
{
	const struct block *stored;
	struct why why;
	size_t n;
	int rc = pending_write(e->pending, &why);

	if (rc == 0 && pending_stored(e->pending, &stored, &n))
		reconcile_stored(e->reconcile, stored, n, now->unix_s);
	else if (rc == 0)
		rc = reconcile_load(e->reconcile, now->unix_s, &why);
	if (rc == 0)
		rc = reconcile_write(e->reconcile, &why);
	if (rc < 0) {
		store_trouble(e, rc, &why);
		return;
	}
	store_works(e);
	e->write_at = INT64_MAX;
}

/* "status" reads these. */
static void store_state(struct engine *e, const struct reconcile_result *r, int64_t now)
{
	const struct verdict_stat stat = verdict_stat(e->live.verdict);
	char capacity[16], held[24], drift[24], at[24], refused[24], tracked[24], forgotten[24], braked[24],
		ports[PORTLISTS_TEXT_MAX], lengths[LENGTHS_TEXT_MAX];
	const struct {
		const char *key, *value;
	} rows[] = {{"backend", e->client.backend}, {"backend_reason", e->client.chosen}, {"capacity", capacity}, {"held", held}, {"drift", drift},
	            {"refused", refused},                     {"tracked", tracked},   {"forgotten", forgotten},
	            {"refused_why", r->drift.refusal.text},
	            {"braked", braked},                       {"last_sync_at", at},   {"ports", ports},
	            {"list", e->client.list},                 {"lengths", lengths}};
	struct why why;
	int rc;

	config_ports_text(e->live.started, PORTLISTS_MAX, ports);
	lengths_text(&e->client.lengths, lengths);
	(void)snprintf(held, sizeof held, "%zu", r->running - r->drift.refused); /* those that are out are wanted, too */
	(void)snprintf(capacity, sizeof capacity, "%" PRIu32, e->client.capacity);
	(void)snprintf(drift, sizeof drift, "%zu", r->drift.missing + r->drift.extra);
	(void)snprintf(refused, sizeof refused, "%zu", r->drift.refused);
	(void)snprintf(tracked, sizeof tracked, "%zu", stat.addresses);
	(void)snprintf(forgotten, sizeof forgotten, "%" PRIu64, stat.forgotten);
	(void)snprintf(braked, sizeof braked, "%" PRIu64, stat.braked);
	(void)snprintf(at, sizeof at, "%" PRId64, now);
	if ((rc = store_begin(e->store, &why)) < 0)
		return; /* the next sync stores it */
	for (size_t i = 0; i < sizeof rows / sizeof *rows && rc == 0; i++)
		rc = store_state_set(e->store, rows[i].key, rows[i].value, &why);
	if (rc == 0)
		rc = sources_store(e->logs, e->store, &why);
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
	if (drift->refused > 0 && e->refused == 0) /* not with every comparison again */
		log_line(LOG_ERR, "%zu %s could not be put into the kernel; the last: %s", drift->refused,
		         plural((int64_t)drift->refused, "block", "blocks"), drift->refusal.text);
	e->refused = drift->refused;
}

/* Logs whose block expired. An address in a network whose block is active is still blocked. */
static void log_released(struct engine *e, const struct reconcile_result *r, int64_t now)
{
	struct block around;

	events_at(&e->events, now);
	for (size_t i = 0; i < r->n_released; i++)
		if (!reconcile_runs(e->reconcile, &r->released[i], now, &around))
			events_released(&e->events, &r->released[i], "expired", NULL, NULL);
	events_sum(&e->events);
}

static void compared(struct engine *e, const struct reconcile_result *r, const struct moment *now)
{
	struct why why; /* of what is tried again with the next comparison */

	if (e->firewall_failed)
		log_line(LOG_NOTICE, "firewall back in sync with the database");
	e->firewall_failed = false;
	problems_clear(&e->problems, PROBLEMS_FIREWALL, 0);
	if (r->drift.repaired && !e->client.watched) /* else it was reported, with a name */
		log_line(LOG_WARNING, "firewall rules or lists were missing or altered; recreated");
	if (!e->settled && client_settled(&e->client, &why) == 0)
		e->settled = true;
	note_refused(e, &r->drift, now->unix_s);
	store_state(e, r, now->unix_s);
	if (!e->ready)
		(void)sd_notify(0, "READY=1");
	e->ready = true;
}

/* Somebody else changed the kernel's lists: the root process has made rules whole again, the rest follows. */
static void handle_changed(struct engine *e, bool readable)
{
	struct client_change change;
	struct why why;
	int rc = 0;

	if (!client_changed(&e->client, readable, &change))
		return;
	log_line(LOG_WARNING, "firewall rules or lists were changed by %s; restoring them",
	         change.who[0] != '\0' ? change.who : "another program");
	if (!change.all)
		rc = reconcile_touched(e->reconcile, change.touched, change.n, clock_unix_s(), &why);
	if (rc == -EPIPE) {
		firewall_trouble(e, rc, &why);
		return;
	}
	if (rc == 0 && !change.all)
		return;
	reconcile_changed(e->reconcile); /* after an error, too: they may have deleted the set while we added to it */
	e->sync_at = 0;
}

/* The kernel against what is wanted: a comparison begins when it is due, and goes on by a slice in each turn. */
static void compare(struct engine *e, const struct moment *now)
{
	const struct reconcile_rule rule = {e->live.verdict, e->live.config->block.extend};
	struct reconcile_result r;
	struct why why;
	int rc;


	if (now->steady_ms >= e->sync_at) {
		/* Often enough that what is refreshed at half its time never expires in between. */
		e->sync_at = now->steady_ms + e->live.config->firewall.resync_s * 1000;
		sooner(&e->sync_at, now->steady_ms + e->live.started->firewall.seconds * 250);
		live_refresh_allowed(&e->live);
		reconcile_begin(e->reconcile);
		sources_check(e->logs); /* awake anyway */
	}
	if (!reconcile_is_busy(e->reconcile))
		return;
	verdict_at(e->live.verdict, now->unix_s);
	rc = reconcile_compare(e->reconcile, &rule, now->unix_s, &r, &why);
	if (rc < 0)
		firewall_trouble(e, rc, &why);
	else if (r.ended)
		compared(e, &r, now);
}

/*
 * Blocks whose time is over. A list of the kernel may have to be read to learn whether one dropped packets: where that takes long
 * it is done more rarely, so that it takes one RELEASE_PART of the time at most.
 */
static void release(struct engine *e, const struct moment *now)
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
	/* The first reads the kernel's list, the others of the same second need not. */
	for (; rc == 0 && took_us < RELEASE_US && reconcile_next_end(e->reconcile) <= now->unix_s;
	     took_us = clock_steady_us() - began_us) {
		rc = reconcile_release(e->reconcile, &rule, now->unix_s, &r, &why);
		log_released(e, &r, now->unix_s);
	}
	e->release_at = now->steady_ms + took_us * RELEASE_PART / 1000;
	if (rc < 0) {
		firewall_trouble(e, rc, &why);
		e->release_at = e->sync_at;
	}
}

static void follow_up(struct engine *e, const struct admin_todo *todo)
{
	if (todo->restore)
		live_restore(&e->live);
	hangup_end(&e->hangup, todo->begun, todo->n_begun, clock_unix_s());
	if (todo->rc == -EPIPE)
		firewall_trouble(e, todo->rc, &todo->why);
	else if (todo->sync)
		e->sync_at = 0;
}

/* --- the loop --- */

/* At most one in a turn: then the logs are checked again. */
static void handle_request(struct engine *e, const struct pollfd polled[static CONTROL_FDS_MAX])
{
	struct admin_todo todo;
	struct moment now;

	if (e->stop || !requests_next(&e->requests, polled))
		return;
	now = moment_now();
	/* What cannot be written now is tried again every second, and the request is refused. */
	if (requests_changes(&e->requests) && !e->store_failed && pending_has_news(e->pending))
		commit(e, &now);
	requests_handle(&e->requests, &todo);
	follow_up(e, &todo);
}

static void handle_signals(struct engine *e)
{
	struct signalfd_siginfo info;

	while (read(e->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			e->stop = true;
			break;
		case SIGHUP:
			e->reload_waits = true;
			if (e->store_failed)
				log_line(LOG_WARNING, "reload: waiting until the hits are written");
			break;
		default:
			break;
		}
}

/* Whether lines are read: what they lead to has room, and no file waits for the database to be written. */
static bool reads(const struct engine *e)
{
	return !pending_is_full(e->pending) && !(e->store_failed && sources_file_waits(e->logs));
}

/* When the block that ends at end_s is to be released, by the steady clock. */
static int64_t release_due(const struct engine *e, int64_t end_s, int64_t now_ms)
{
	const int64_t left_s = end_s - clock_unix_s();
	const int64_t due = left_s <= 0 ? now_ms : left_s > INT32_MAX ? INT64_MAX : now_ms + left_s * 1000;

	return due > e->release_at ? due : e->release_at;
}

static int timeout_ms(const struct engine *e, int64_t now)
{
	const struct control *const control = e->requests.control;
	const int logs_ms = reads(e) ? sources_timeout_ms(e->logs, now) : -1;
	const int control_ms = control == NULL ? -1 : control_timeout_ms(control, now);
	const int names_ms = allowlist_timeout_ms(e->live.allowlist, now);
	const int lists_ms = reads(e) ? dnsbl_timeout_ms(e->live.dnsbl, now) : -1;
	const int64_t end_s = reconcile_next_end(e->reconcile);
	int64_t at = INT64_MAX;

	sooner(&at, e->write_at);
	sooner(&at, e->sync_at);
	sooner(&at, e->purge_at);
	sooner(&at, e->coverage.at_ms);
	sooner(&at, e->index_at);
	sooner(&at, e->watchdog_at);
	if (!e->store_failed)
		sooner(&at, rules_watch_at(e->live.rules_watch));
	if (reads(e))
		sooner(&at, e->floods_at);
	if (reconcile_is_busy(e->reconcile) || live_lifts(&e->live))
		sooner(&at, now);
	if (end_s != INT64_MAX)
		sooner(&at, release_due(e, end_s, now));
	if (control_ms >= 0)
		sooner(&at, now + control_ms);
	if (names_ms >= 0)
		sooner(&at, now + names_ms);
	if (lists_ms >= 0)
		sooner(&at, now + lists_ms);
	if (logs_ms >= 0)
		sooner(&at, now + logs_ms);
	if (at == INT64_MAX)
		return -1;
	return at <= now ? 0 : at - now > INT32_MAX ? INT32_MAX : (int)(at - now); /* fits */
}

static void feed_watchdog(struct engine *e, int64_t now_ms)
{
	if (e->watchdog_ms == 0 || now_ms < e->watchdog_at)
		return;
	(void)sd_notify(0, "WATCHDOG=1");
	e->watchdog_at = now_ms + e->watchdog_ms;
}

static void reload(struct engine *e)
{
	struct why why; /* of live_reload: logged already */

	(void)live_reload(&e->live, &why);
	e->reload_waits = false;
	e->sync_at = 0;
	if (reconcile_load(e->reconcile, clock_unix_s(), &why) < 0)
		log_line(LOG_WARNING, "%s; the active blocks are those from before", why.text);
}

/* What is written to a damaged or deleted file is lost: the next start uses a new one, and systemd restarts us. */
static bool database_is_lost(struct engine *e)
{
	if (store_health(e->store) == STORE_FINE)
		return false;
	e->stop = true;
	e->status = 3;
	return true;
}

/* Done only while no hit is waiting to be written. */
static void begin_turn(struct engine *e)
{
	struct why why;
	int rc;

	if (e->store_failed || pending_has_hits(e->pending))
		return;
	if (e->reload_waits)
		reload(e);
	if (e->edited || clock_steady_ms() >= rules_watch_at(e->live.rules_watch))
		live_edited(&e->live);
	e->edited = false;
	sources_look(e->logs);
	if (sources_file_waits(e->logs) && (rc = sources_begin_file(e->logs, &why)) < 0)
		store_trouble(e, rc, &why);
}

/* Reads until nothing is left, pending is full, or other work is due. The kernel waits for no line that is not at hand. */
static void read_logs(struct engine *e, const struct moment *now)
{
	struct pending_file *file;
	struct scan *scan;

	if (e->zone_minute != now->unix_s / 60)
		tzset(); /* the machine's zone may have been changed: its file is looked at again */
	e->zone_minute = now->unix_s / 60;
	verdict_at(e->live.verdict, now->unix_s);
	events_at(&e->events, now->unix_s);
	for (size_t n = 0; n < LINES_PER_TURN && !pending_is_full(e->pending); n++) {
		struct record record = {.has_fields = false}; /* each source fills what it knows */

		if (!sources_next(e->logs, now->steady_ms, &file, &scan, &record))
			break;
		match_line(e, file, scan, &record, now->unix_s);
		if (!record.more)
			tell(e, now);
	}
	sources_settle(e->logs, now->steady_ms);
}

static void read_sources(struct engine *e, const struct moment *now)
{
	if (!reads(e))
		return;
	if (!e->stop && now->steady_ms >= e->floods_at)
		handle_floods(e, now);
	receive_lists(e, now);
	read_logs(e, now);
}

/* One turn, top to bottom: read, block, commit, and what else is due. */
static void turn(struct engine *e)
{
	struct moment now;

	begin_turn(e);
	now = moment_now(); /* a reload may have taken seconds, and no line may come from the future */
	read_sources(e, &now);
	tell(e, &now);
	if (database_is_lost(e))
		return;
	if (!e->store_failed) {
		if (pending_has_hits(e->pending) || sources_file_waits(e->logs))
			e->write_at = now.steady_ms;
		else if (pending_has_news(e->pending) || reconcile_has_news(e->reconcile))
			sooner(&e->write_at, now.steady_ms + POSITION_MS);
	}
	if (now.steady_ms >= e->write_at)
		commit(e, &now);
	if (pending_is_full(e->pending))
		(void)pending_go_on(e->pending); /* else reading stops */
	if (live_receive_names(&e->live))
		e->sync_at = 0; /* which updates the verdict, and lifts what must be lifted */
	now = moment_now(); /* the disk may have been slow */
	if (!e->stop) {
		live_lift_allowed(&e->live, e->reconcile);
		compare(e, &now);
		release(e, &now);
	}
	coverage_check(&e->coverage, now.steady_ms, now.unix_s);
	if (now.steady_ms >= e->purge_at)
		e->purge_at = now.steady_ms + housekeeping_slice(&e->housekeeping, e->store, e->live.config, now.unix_s);
	housekeeping_expire(&e->housekeeping, e->store, now.unix_s);
	e->index_at = now.steady_ms + housekeeping_index(&e->housekeeping, e->store);
	feed_watchdog(e, clock_steady_ms());
}

static void log_mended(int rc, const struct why *done, const struct why *why)
{
	if (rc == 0)
		log_line(LOG_ALERT, "%s", done->text);
	else
		log_line(LOG_ALERT, "a new database cannot be created: %s", why->text);
}

/* Before the end, so that the next start finds a database that is whole. */
static void leave_database(struct engine *e)
{
	const char *const path = e->live.started->database.path;
	const enum store_health health = store_health(e->store);
	struct why done, why;

	if (health == STORE_REPLACED) {
		store_leave(e->store);
		log_line(LOG_ALERT, "%s: it was replaced while the daemon was running; exiting, the next start uses the new file",
		         path);
		return;
	}
	log_mended(store_mend(path, e->store, "found while it was running", clock_unix_s(), &done, &why), &done, &why);
	log_line(LOG_ALERT, "exiting, the next start uses the new database");
}

/* What was dropped until now, before the rules go. What fails here is not worth a line: nothing is decided by it. */
static void count_dropped(struct engine *e, const struct moment *now)
{
	const struct reconcile_rule rule = {e->live.verdict, e->live.config->block.extend};
	struct why ignored;

	(void)reconcile_count(e->reconcile, &rule, now->unix_s, &ignored);
}

/* Writes what can still be written. */
static void finish(struct engine *e)
{
	const struct moment now = moment_now();

	if (!database_is_lost(e)) {
		if (reads(e))
			read_logs(e, &now);
		tell(e, &now);
		count_dropped(e, &now);
		commit(e, &now);
		if (pending_has_news(e->pending))
			log_line(LOG_WARNING, "the last hits could not be written; their lines will be read again at the next start");
	}
	if (database_is_lost(e))
		leave_database(e);
}

int engine_run(struct engine *e)
{
	struct pollfd polled[N_PLACES] = {
		[SIGNALS] = {.fd = e->signal_fd, .events = POLLIN},
		[LOGS] = {.events = POLLIN},
		[GLOBS] = {.events = POLLIN},
		[JOURNAL] = {.events = POLLIN},
		[FIREWALL] = {.fd = e->client.fd, .events = POLLIN}, /* what others changed, or root is gone */
		[EDITS] = {.events = POLLIN},
		[NAMES] = {.events = POLLIN},
		[LISTS] = {.events = POLLIN},
	};
	struct control *const control = e->requests.control;

	for (size_t i = CONTROL; i < N_PLACES; i++)
		polled[i].fd = -1;
	for (size_t i = SOCKETS; i < SOCKETS + CONFIG_SOCKETS_MAX; i++)
		polled[i].events = POLLIN;
	turn(e);
	while (!e->stop) {
		const int64_t now_ms = clock_steady_ms();

		polled[EDITS].fd = e->store_failed ? -1 : rules_watch_fd(e->live.rules_watch);
		polled[LOGS].fd = reads(e) ? sources_fd(e->logs) : -1;
		for (size_t i = 0; i < CONFIG_SOCKETS_MAX; i++)
			polled[SOCKETS + i].fd = reads(e) ? sources_socket_fd(e->logs, i) : -1;
		polled[GLOBS].fd = e->store_failed ? -1 : sources_globs_fd(e->logs);
		polled[JOURNAL].fd = e->store_failed ? -1 : sources_journal_fd(e->logs);
		polled[NAMES].fd = allowlist_fd(e->live.allowlist);
		polled[LISTS].fd = reads(e) ? dnsbl_fd(e->live.dnsbl) : -1;
		if (control != NULL)
			control_poll(control, now_ms, polled + CONTROL);
		if (poll(polled, N_PLACES, timeout_ms(e, now_ms)) < 0 && errno != EINTR) {
			log_line(LOG_ERR, "poll: %s", strerror(errno));
			e->status = 3;
			break;
		}
		if (polled[SIGNALS].revents != 0)
			handle_signals(e);
		handle_changed(e, (polled[FIREWALL].revents & POLLIN) != 0);
		if (polled[FIREWALL].revents & (POLLHUP | POLLERR)) {
			log_line(LOG_ERR, "the root process has exited; exiting");
			e->status = 3;
			break;
		}
		if (polled[JOURNAL].revents != 0)
			sources_journal_turn(e->logs, clock_steady_ms());
		e->edited |= polled[EDITS].revents != 0;
		turn(e);
		handle_request(e, polled + CONTROL);
	}
	(void)sd_notify(0, "STOPPING=1");
	finish(e);
	return e->status;
}

/* --- opening --- */

/* Two daemons on one database would count every line twice. */
static int lock_database(struct engine *e, struct why *why)
{
	char path[4096], remedy[REMEDY_MAX];

	(void)snprintf(path, sizeof path, "%s.lock", e->live.config->database.path);
	e->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (e->lock_fd < 0) {
		const int err = errno;

		return why_set(why, err, "%s: %s%s", path, strerror(err), remedy_write(err, path, remedy));
	}
	if (flock(e->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return why_set(why, errno, "%s: another watchforspammers uses this database; stop it, or set another "
		                           "[database] path", path);
	return 0;
}

static int open_signals(struct engine *e, struct why *why)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	e->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return e->signal_fd < 0 ? why_set(why, errno, "signalfd: %s", strerror(errno)) : 0;
}

int engine_config(const struct engine_root *root, struct config **ret, struct why *why)
{
	struct client client;

	client_init(&client, root->fd);
	return handed_config(&(struct handed){&client, root->config_path, root->may_be_absent}, ret, why);
}

/* Once: a database that is mended meanwhile changes nothing of it. "status" reads what is stored. */
static int choose_sources(struct engine *e, struct config *config, struct why *why)
{
	struct store_journal journal;
	struct store_log log;
	int rc;

	if (!e->has_chosen) {
		struct choice choice;

		if ((rc = store_journal_find(e->store, "", &log, &journal, why)) < 0)
			return rc;
		choice_make(config, rc == 0, clock_unix_s(), &choice);
		config_settle(config, choice.journal);
		e->has_chosen = true;
		e->choice_why = choice.why;
		if (choice.journal)
			log_line(LOG_NOTICE, "reading the journal%s: %s", choice.files ? " and logs" : "", choice.why.text);
	}
	rc = store_state_set(e->store, "reads_journal", config->journal.reads ? "yes" : "no", why);
	return rc < 0 ? rc : store_state_set(e->store, "sources_why", e->choice_why.text, why);
}

/* All that reads the database: only here a damaged one can still be replaced by another. */
static int open_database(struct engine *e, struct config *config, struct why *why)
{
	int rc = store_open(config->database.path, STORE_WRITE, &e->store, why);

	if (rc == 0)
		rc = choose_sources(e, config, why);
	if (rc < 0)
		return rc;
	store_hurry(e->store);
	e->pending = pending_new(e->store);
	if ((rc = live_load(&e->live, e->store, e->pending, why)) < 0)
		return rc;
	return sources_new(config, e->store, e->pending, &e->problems, &e->logs, why);
}

static void close_database(struct engine *e)
{
	sources_free(e->logs);
	pending_free(e->pending);
	store_close(e->store);
	e->logs = NULL;
	e->pending = NULL;
	e->store = NULL;
}

static int open_or_mend_database(struct engine *e, struct config *config, struct why *why)
{
	struct why done, reason;
	int rc = open_database(e, config, &reason);

	if (rc != -EUCLEAN) {
		*why = reason;
		return rc;
	}
	close_database(e);
	log_line(LOG_ERR, "%s", reason.text);
	rc = store_mend(config->database.path, NULL, "found at start", clock_unix_s(), &done, why);
	if (rc < 0)
		return rc;
	log_mended(rc, &done, why);
	return open_database(e, config, why);
}

int engine_new(struct config *config, const struct engine_root *root, struct engine **ret, struct why *why)
{
	struct engine *const e = alloc_zero(1, sizeof *e, "the engine");
	uint64_t watchdog_us = 0;
	char rules[RULES_SIZE_TEXT_MAX];
	int rc;

	e->lock_fd = e->signal_fd = -1;
	e->edited = true;
	e->write_at = INT64_MAX;
	e->purge_at = e->index_at = clock_steady_ms() + RETRY_MS;
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		e->watchdog_ms = (int64_t)(watchdog_us / 2000);
	if (e->watchdog_ms == 0)
		e->watchdog_at = INT64_MAX;
	if (config->firewall.connections == 0)
		e->floods_at = INT64_MAX;
	client_init(&e->client, root->fd);
	events_init(&e->events, config);
	live_init(&e->live, config, &(struct handed){&e->client, root->config_path, root->may_be_absent}, &e->problems,
	          &e->events);
	/* The lock before all that exits 2: a daemon that it refuses must not remove the other one's rules. */
	if ((rc = open_signals(e, why)) == 0 && (rc = lock_database(e, why)) == 0)
		rc = open_or_mend_database(e, config, why);
	if (rc < 0) {
		engine_free(e);
		return rc;
	}
	/* Half of the seconds of root's rules, which a reload does not change; at most 7 days. */
	e->reconcile = reconcile_new(e->store, &config->firewall.ports, &e->client, (uint32_t)(config->firewall.seconds / 2), clock_unix_s());
	hangup_init(&e->hangup, config, &e->client, &e->problems, clock_unix_s());
	coverage_init(&e->coverage, config, &e->client, &e->problems);
	if ((rc = reconcile_load(e->reconcile, clock_unix_s(), why)) < 0) {
		engine_free(e);
		return rc;
	}
	/* Nobody who is allowed is blocked, not even for a moment. */
	for (live_refresh_allowed(&e->live); live_lifts(&e->live);)
		live_lift_allowed(&e->live, e->reconcile);
	requests_init(&e->requests, &e->live, e->store, e->reconcile, &e->problems, &e->events);
	log_line(LOG_NOTICE, "%s, %zu %s, database %s", rules_size_text(e->live.rules, rules), config->n_logs, plural((int64_t)config->n_logs, "log", "logs"),
	         config->database.path);
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	requests_done(&e->requests);
	reconcile_free(e->reconcile);
	sources_free(e->logs);
	live_done(&e->live);
	pending_free(e->pending);
	store_close(e->store);
	if (e->signal_fd >= 0)
		(void)close(e->signal_fd);
	if (e->lock_fd >= 0)
		(void)close(e->lock_fd);
	free(e);
}
