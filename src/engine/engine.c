#include "engine/engine.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/signals.h"
#include "engine/state.h"
#include "pipeline/pending.h"
#include "pipeline/reconcile.h"

enum {
	POSITION_MS = 1000, /* minimum interval between writes of a position without hits */
};

/* The places in the poll array. */
enum place {
	SIGNALS,
	LOGS,
	GLOBS,
	JOURNAL,
	SOCKETS, /* the first of CONFIG_SOCKETS_MAX */
	FIREWALL = SOCKETS + CONFIG_SOCKETS_MAX,
	EDITS,
	NAMES,
	SENDERS,
	LISTS,
	CONTROL, /* the first of CONTROL_FDS_MAX */
	N_PLACES = CONTROL + CONTROL_FDS_MAX,
};

struct moment engine_now(void)
{
	return (struct moment){clock_unix_s(), clock_steady_ms()};
}

void engine_sooner(int64_t *at, int64_t when)
{
	if (when < *at)
		*at = when;
}

static void follow_up(struct engine *e, const struct admin_todo *todo)
{
	if (todo->restore)
		live_restore(&e->live);
	if (todo->voted > 0)
		passes_earn(&e->passes, e->live.config, &todo->votee, clock_unix_s(), clock_unix_s());
	else if (todo->voted < 0)
		passes_lose(&e->passes, &todo->votee, true);
	for (size_t i = 0; i < todo->n_begun; i++)
		passes_lose(&e->passes, &todo->begun[i].net, true);
	hangup_end(&e->hangup, todo->begun, todo->n_begun, clock_unix_s());
	if (todo->rc == -EPIPE)
		kernel_trouble(e, todo->rc, &todo->why);
	else if (todo->sync)
		e->sync_at = 0;
}

/* Begins or ends blocks of other hosts as a result of local events. */
static void review_shared(struct engine *e)
{
	struct admin_todo todo;
	struct why why;
	int rc;

	if (e->store_failed || !sharing_reviews(e->sharing))
		return;
	if ((rc = shared_review(&e->requests, &todo, &why)) < 0)
		commit_trouble(e, rc, &why);
	else
		follow_up(e, &todo);
}

/* Handles at most one request per turn; the logs are read before the next. */
static void handle_request(struct engine *e, const struct pollfd polled[static CONTROL_FDS_MAX])
{
	struct admin_todo todo;
	struct moment now;

	if (e->stop || !requests_next(&e->requests, polled))
		return;
	now = engine_now();
	/* If writing fails, it is retried every second, and the request is refused. */
	if (requests_changes(&e->requests) && !e->store_failed && pending_has_news(e->pending))
		commit_pending(e, &now);
	requests_handle(&e->requests, &todo);
	if (requests_changes(&e->requests))
		passes_changed(&e->passes);
	follow_up(e, &todo);
}

static void handle_signals(struct engine *e)
{
	int signo;

	while ((signo = signals_next(e->signal_fd)) != 0)
		switch (signo) {
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

/*
 * Returns true if lines may be read: there is room for what they cause, and no file is held until the database works.
 */
static bool reads(const struct engine *e)
{
	return !pending_is_full(e->pending) && !(e->store_failed && followed_is_held(e->sources->logs));
}

/* Returns when the block that ends at end_s is to be released, by the steady clock. */
static int64_t release_due(const struct engine *e, int64_t end_s, int64_t now_ms)
{
	const int64_t left_s = end_s - clock_unix_s();
	const int64_t due = left_s <= 0 ? now_ms : left_s > INT32_MAX ? INT64_MAX : now_ms + left_s * 1000;

	return due > e->release_at ? due : e->release_at;
}

static int timeout_ms(const struct engine *e, int64_t now)
{
	const struct control *const control = e->requests.control;
	const int logs_ms = reads(e) ? sources_timeout_ms(e->sources, now) : -1;
	const int control_ms = control == NULL ? -1 : control_timeout_ms(control, now);
	const int names_ms = allowlist_timeout_ms(e->live.allowlist, now);
	const int lists_ms = reads(e) ? dnsbl_timeout_ms(e->live.dnsbl, now) : -1;
	const int64_t end_s = reconcile_next_end(e->reconcile);
	int64_t at = INT64_MAX;

	engine_sooner(&at, e->write_at);
	engine_sooner(&at, e->sync_at);
	engine_sooner(&at, e->purge_at);
	engine_sooner(&at, e->coverage.at_ms);
	engine_sooner(&at, gating_due_ms(&e->gating));
	engine_sooner(&at, e->index_at);
	engine_sooner(&at, e->watchdog_at);
	engine_sooner(&at, waits_due_ms(&e->waits));
	if (!e->store_failed)
		engine_sooner(&at, rules_watch_at(e->live.rules_watch));
	if (reads(e))
		engine_sooner(&at, e->floods_at);
	if (reconcile_is_busy(e->reconcile) || live_lifts(&e->live) || blocklist_moves(e->live.blocklist) ||
	    kernel_ends_listed(e) || (!e->store_failed && sharing_reviews(e->sharing)))
		engine_sooner(&at, now);
	if (end_s != INT64_MAX)
		engine_sooner(&at, release_due(e, end_s, now));
	if (control_ms >= 0)
		engine_sooner(&at, now + control_ms);
	if (names_ms >= 0)
		engine_sooner(&at, now + names_ms);
	if (lists_ms >= 0)
		engine_sooner(&at, now + lists_ms);
	if (logs_ms >= 0)
		engine_sooner(&at, now + logs_ms);
	if (at == INT64_MAX)
		return -1;
	return at <= now ? 0 : at - now > INT32_MAX ? INT32_MAX : (int)(at - now); /* it fits */
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
	struct why why; /* already logged by live_reload */

	if (live_reload(&e->live, &why) == 0)
		shared_reload(&e->requests);
	e->reload_waits = false;
	e->sync_at = 0;
	passes_changed(&e->passes);
	if (reconcile_load(e->reconcile, clock_unix_s(), &why) < 0)
		log_line(LOG_WARNING, "%s; the active blocks are those from before", why.text);
}

/* Reloads if requested or a rule file was edited. Only while no hits are waiting to be written. */
static void follow_edits(struct engine *e)
{
	if (e->reload_waits)
		reload(e);
	if (e->edited || clock_steady_ms() >= rules_watch_at(e->live.rules_watch))
		live_edited(&e->live);
	e->edited = false;
}

/* Does what must wait while hits are pending. The turn normally writes them; if that fails, files are begun anyway. */
static void begin_turn(struct engine *e)
{
	struct why why;
	int rc;

	if (!e->store_failed && pending_has_hits(e->pending))
		return;
	if (!e->store_failed)
		follow_edits(e);
	sources_look(e->sources);
	if (followed_waits(e->sources->logs) && (rc = followed_begin_file(e->sources->logs, &why)) < 0 &&
	    !e->store_failed)
		commit_trouble(e, rc, &why);
}

static void read_sources(struct engine *e, const struct moment *now)
{
	if (!reads(e))
		return;
	if (!e->stop && now->steady_ms >= e->floods_at)
		lines_count_floods(e, now);
	lines_receive_lists(e, now);
	lines_read(e, now);
}

/* Runs one turn, top to bottom: read, block, commit, and what else is due. */
static void turn(struct engine *e)
{
	struct moment now;

	begin_turn(e);
	now = engine_now(); /* a reload may have taken seconds, and no line may come from the future */
	read_sources(e, &now);
	kernel_send(e, &now);
	kernel_send_waiting(e, &now);
	if (commit_is_lost(e))
		return;
	if (!e->store_failed) {
		if (pending_has_hits(e->pending) || followed_waits(e->sources->logs))
			e->write_at = now.steady_ms;
		else if (pending_has_news(e->pending) || reconcile_has_news(e->reconcile) ||
		         passes_have_news(&e->passes))
			engine_sooner(&e->write_at, now.steady_ms + POSITION_MS);
	}
	if (now.steady_ms >= e->write_at)
		commit_pending(e, &now);
	if (pending_is_full(e->pending))
		(void)pending_go_on(e->pending); /* if false, reading stops */
	if (live_receive_names(&e->live))
		e->sync_at = 0; /* the comparison updates the verdict, and lifts blocks */
	now = engine_now();     /* the disk may have been slow */
	if (!e->stop) {
		live_lift_allowed(&e->live, e->reconcile);
		kernel_move_listed(e);
		review_shared(e);
		kernel_compare(e, &now);
		kernel_release(e, &now);
		kernel_end_listed(e, &now);
		kernel_keep_gates(e, &now);
	}
	coverage_check(&e->coverage, now.steady_ms, now.unix_s);
	if (now.steady_ms >= e->purge_at)
		e->purge_at =
			now.steady_ms + housekeeping_slice(&e->housekeeping, e->store, e->live.config, now.unix_s);
	housekeeping_expire(&e->housekeeping, e->store, now.unix_s);
	e->index_at = now.steady_ms + housekeeping_index(&e->housekeeping, e->store);
	feed_watchdog(e, clock_steady_ms());
}

/* Writes what can still be written before the daemon exits. */
static void finish(struct engine *e)
{
	const struct moment now = engine_now();

	if (!commit_is_lost(e)) {
		if (reads(e))
			lines_read(e, &now);
		kernel_send(e, &now);
		kernel_count_dropped(e, &now);
		commit_pending(e, &now);
		if (pending_has_news(e->pending))
			log_line(
				LOG_WARNING,
				"the last hits could not be written; their lines will be read again at the next start");
	}
	if (commit_is_lost(e))
		commit_leave(e);
}

int engine_run(struct engine *e)
{
	struct pollfd polled[N_PLACES] = {
		[SIGNALS] = {.fd = e->signal_fd, .events = POLLIN},
		[LOGS] = {.events = POLLIN},
		[GLOBS] = {.events = POLLIN},
		[JOURNAL] = {.events = POLLIN},
		/* another program changed the kernel, or root is gone */
		[FIREWALL] = {.fd = e->client.fd, .events = POLLIN},
		[EDITS] = {.events = POLLIN},
		[NAMES] = {.events = POLLIN},
		[SENDERS] = {.events = POLLIN},
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

		exporter_turn(&e->exporter, e->store, &e->problems, clock_unix_s());
		polled[EDITS].fd = e->store_failed ? -1 : rules_watch_fd(e->live.rules_watch);
		polled[LOGS].fd = reads(e) ? followed_fd(e->sources->logs) : -1;
		for (size_t i = 0; i < CONFIG_SOCKETS_MAX; i++)
			polled[SOCKETS + i].fd = reads(e) ? sockets_fd(e->sources->sockets, i) : -1;
		polled[GLOBS].fd = reads(e) ? followed_globs_fd(e->sources->logs) : -1;
		polled[JOURNAL].fd =
			reads(e) && e->sources->journal != NULL ? journal_source_fd(e->sources->journal) : -1;
		polled[NAMES].fd = allowlist_names_fd(e->live.allowlist);
		polled[SENDERS].fd = allowlist_senders_fd(e->live.allowlist);
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
		kernel_changed(e, (polled[FIREWALL].revents & POLLIN) != 0);
		if (polled[FIREWALL].revents & (POLLHUP | POLLERR)) {
			log_line(LOG_ERR, "the root process has exited; exiting");
			e->status = 3;
			break;
		}
		if (polled[JOURNAL].revents != 0)
			journal_source_turn(e->sources->journal, clock_steady_ms());
		e->edited |= polled[EDITS].revents != 0;
		turn(e);
		handle_request(e, polled + CONTROL);
	}
	(void)sd_notify(0, "STOPPING=1");
	finish(e);
	return e->status;
}
