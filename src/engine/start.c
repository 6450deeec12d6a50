#include "engine/state.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "base/remedy.h"
#include "base/signals.h"
#include "engine/choice.h"
#include "engine/handed.h"
#include "pipeline/pending.h"
#include "pipeline/reconcile.h"
#include "store/journals.h"
#include "store/mend.h"

/* Locks the database: two daemons on one database would count every line twice. */
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
		return why_set(why, errno,
		               "%s: another watchforspammers uses this database; stop it, or set another "
		               "[database] path",
		               path);
	return 0;
}

int engine_config(const struct engine_root *root, struct config **ret, struct why *why)
{
	struct client client;

	client_init(&client, root->fd);
	return handed_config(&(struct handed){&client, root->config_path, root->may_be_absent}, ret, why);
}

/* Chooses the sources once; mending the database changes nothing of it. Stores the choice for "status". */
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
			log_line(LOG_NOTICE, "reading the journal%s: %s", choice.files ? " and logs" : "",
			         choice.why.text);
	}
	rc = store_state_set(e->store, "reads_journal", config->journal.reads ? "yes" : "no", why);
	return rc < 0 ? rc : store_state_set(e->store, "sources_why", e->choice_why.text, why);
}

/* Opens the database and does all reading of it at start: only here can a damaged one still be replaced. */
static int open_database(struct engine *e, struct config *config, struct why *why)
{
	int rc = store_open(config->database.path, STORE_WRITE, &e->store, why);

	if (rc == 0)
		rc = choose_sources(e, config, why);
	if (rc < 0)
		return rc;
	store_hurry(e->store);
	e->pending = pending_new(e->store);
	/* Half the lifetime in root's rules, which a reload does not change; at most 7 days. */
	e->reconcile = reconcile_new(e->store, &config->firewall.ports, &e->client,
	                             (uint32_t)(config->firewall.seconds / 2), clock_unix_s());
	if ((rc = live_load(&e->live, e->store, e->pending, e->reconcile, why)) < 0)
		return rc;
	return sources_new(config, e->store, e->pending, &e->problems, &e->sources, why);
}

static void close_database(struct engine *e)
{
	sources_free(e->sources);
	reconcile_free(e->reconcile);
	pending_free(e->pending);
	store_close(e->store);
	e->sources = NULL;
	e->reconcile = NULL;
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
	commit_log_mended(rc, &done, why);
	return open_database(e, config, why);
}

int engine_new(struct config *config, const struct engine_root *root, struct engine **ret, struct why *why)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
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
	e->exporter = (struct exporter){.fd = root->export_fd, .changes = -1};
	client_init(&e->client, root->fd);
	events_init(&e->events, config);
	live_init(&e->live, config, &(struct handed){&e->client, root->config_path, root->may_be_absent}, &e->problems,
	          &e->events);
	/*
	 * Lock before anything that exits with status 2: a daemon that is refused must not remove the other one's
	 * rules.
	 */
	if ((rc = signals_open(signals, sizeof signals / sizeof *signals, &e->signal_fd, why)) == 0 &&
	    (rc = lock_database(e, why)) == 0)
		rc = open_or_mend_database(e, config, why);
	if (rc < 0) {
		engine_free(e);
		return rc;
	}
	hangup_init(&e->hangup, config, &e->client, &e->problems, clock_unix_s());
	coverage_init(&e->coverage, config, &e->client, &e->problems);
	gating_init(&e->gating, config, &e->client, clock_steady_ms());
	passes_init(&e->passes, &config->gates, &e->client);
	if (config->gates.n == 0)
		(void)store_put_gates_now(e->store, NULL, 0, why); /* removes those of an earlier configuration */
	/*
	 * So that no allowed client is blocked even for a moment, and the first comparison knows the listed networks.
	 */
	for (live_refresh_allowed(&e->live); live_lifts(&e->live);)
		live_lift_allowed(&e->live, e->reconcile);
	live_refresh_listed(&e->live, e->reconcile);
	while (blocklist_moves(e->live.blocklist))
		(void)live_move_listed(&e->live, e->reconcile, hangup_listed(&e->hangup),
		                       why); /* only removals can fail, and there are none yet */
	e->sharing = sharing_new(e->store);
	live_share(&e->live, sharing_elsewhere(e->sharing));
	requests_init(&e->requests, &e->live, e->store, e->reconcile, &e->problems, &e->events, e->sharing);
	shared_reload(&e->requests);
	log_line(LOG_NOTICE, "%s, %zu %s, database %s", rules_size_text(e->live.rules, rules), config->n_logs,
	         plural((int64_t)config->n_logs, "log", "logs"), config->database.path);
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	requests_done(&e->requests);
	sharing_free(e->sharing);
	passes_done(&e->passes);
	hangup_done(&e->hangup);
	reconcile_free(e->reconcile);
	sources_free(e->sources);
	live_done(&e->live);
	pending_free(e->pending);
	store_close(e->store);
	if (e->signal_fd >= 0)
		(void)close(e->signal_fd);
	if (e->lock_fd >= 0)
		(void)close(e->lock_fd);
	if (e->exporter.fd >= 0)
		(void)close(e->exporter.fd);
	free(e);
}
