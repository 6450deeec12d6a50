#include "engine/state.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/plural.h"
#include "pipeline/pending.h"
#include "pipeline/reconcile.h"
#include "store/blocks.h"
#include "store/mend.h"

enum {
	LOCKED_MS = 100, /* while another program writes to the database */
};

/* Sets the problem that "status" shows: the reason, and what is kept in memory. */
static void note_kept(struct engine *e, const struct why *reason, int64_t now_s)
{
	const size_t n = pending_waiting(e->pending, &(struct net){0}).hits;
	const bool full = pending_is_full(e->pending);
	struct why what;

	(void)why_set(&what, EAGAIN, "%s; %zu %s wait in memory%s", reason->text, n, plural((int64_t)n, "hit", "hits"),
	              full ? ", which is full: no line is read, and nobody new is blocked"
	                   : "; clients are blocked all the same");
	problems_set(&e->problems, PROBLEMS_DATABASE, 0, what.text, NULL, now_s);
}

void commit_trouble(struct engine *e, int rc, const struct why *why)
{
	const struct moment now = engine_now();

	if (!e->store_failed)
		e->failed_ms = now.steady_ms;
	e->store_failed = true;
	e->write_at = now.steady_ms + (e->store_logged || rc != -EAGAIN ? RETRY_MS : LOCKED_MS);
	if (rc == -EAGAIN && now.steady_ms - e->failed_ms < RETRY_MS)
		return;
	if (!e->store_logged)
		log_line(LOG_ERR, "%s%s", why->text,
		         store_health(e->store) == STORE_FINE
		                 ? "; hits are kept, clients are blocked; retrying every second"
		                 : "");
	e->store_logged = true;
	note_kept(e, why, now.unix_s);
}

static void store_works(struct engine *e)
{
	if (e->store_logged)
		log_line(LOG_NOTICE, "the database can be written again; nothing was lost");
	e->store_failed = e->store_logged = false;
	problems_clear(&e->problems, PROBLEMS_DATABASE, 0);
}

void commit_pending(struct engine *e, const struct moment *now)
{
	const struct block *stored;
	struct why why;
	size_t n;
	int rc = pending_write(e->pending, &why);

	if (rc == 0 && pending_stored(e->pending, &stored, &n)) {
		reconcile_stored(e->reconcile, stored, n, now->unix_s);
		waits_stored(&e->waits, stored, n);
	} else if (rc == 0) {
		rc = reconcile_load(e->reconcile, now->unix_s, &why);
	}
	if (rc == 0)
		rc = reconcile_write(e->reconcile, &why);
	if (rc == 0)
		rc = passes_write(&e->passes, e->store, now->unix_s, &why);
	if (rc < 0) {
		commit_trouble(e, rc, &why);
		return;
	}
	store_works(e);
	e->write_at = INT64_MAX;
}

void commit_log_mended(int rc, const struct why *done, const struct why *why)
{
	if (rc == 0)
		log_line(LOG_ALERT, "%s", done->text);
	else
		log_line(LOG_ALERT, "a new database cannot be created: %s", why->text);
}

bool commit_is_lost(struct engine *e)
{
	if (store_health(e->store) == STORE_FINE)
		return false;
	e->stop = true;
	e->status = 3;
	return true;
}

void commit_leave(struct engine *e)
{
	const char *const path = e->live.started->database.path;
	const enum store_health health = store_health(e->store);
	struct why done, why;

	if (health == STORE_REPLACED) {
		store_leave(e->store);
		log_line(LOG_ALERT,
		         "%s: it was replaced while the daemon was running; exiting, the next start uses the new file",
		         path);
		return;
	}
	commit_log_mended(store_mend(path, e->store, "found while it was running", clock_unix_s(), &done, &why), &done,
	                  &why);
	log_line(LOG_ALERT, "exiting, the next start uses the new database");
}
