#include "engine/housekeeping.h"

#include <inttypes.h>

#include "base/log.h"
#include "store/audit.h"
#include "store/blocks.h"
#include "store/hits.h"
#include "store/retention.h"

enum {
	SLICE_ROWS = 2000,
	SLICE_PAGES = 1000, /* of the database file */
	NEXT_MS = 1000,
	AGAIN_MS = 3600 * 1000,
	SLICE_HITS = 16000,
	SLICE_MS = 10, /* between slices */
	MANY_HITS = 500 * 1000,
};

/* Deletes one slice of old rows. *ret_more: there may be more. */
static int delete_rows(struct store *store, const struct config *config, int64_t now_s, bool *ret_more, struct why *why)
{
	const int64_t before_s = now_s - config->database.keep_s;
	size_t n = 0, n_good = 0;
	int rc = store_begin(store, why);

	if (rc < 0)
		return rc;
	rc = store_purge(store, before_s, SLICE_ROWS, &n, why);
	if (rc == 0)
		rc = store_purge_good(store, before_s, now_s - config->block.window_s, SLICE_ROWS, &n_good, why);
	if (rc == 0)
		rc = audit_purge(store, before_s, SLICE_ROWS, why);
	rc = store_finish(store, rc, why);
	*ret_more = n >= SLICE_ROWS || n_good >= SLICE_ROWS;
	return rc;
}

int64_t housekeeping_slice(struct housekeeping *housekeeping, struct store *store, const struct config *config,
                           int64_t now_s)
{
	bool more = false;
	struct why why;
	int rc = housekeeping->shrinks ? 0 : delete_rows(store, config, now_s, &more, &why);

	if (rc == 0 && !more) {
		rc = store_shrink(store, SLICE_PAGES, &why);
		housekeeping->shrinks = more = rc == 0;
	}
	return rc >= 0 && more ? NEXT_MS : AGAIN_MS;
}

void housekeeping_expire(struct housekeeping *h, struct store *store, int64_t now_s)
{
	struct why ignored; /* retried a second later */

	if (now_s > h->expired_s && store_note_expired(store, now_s, &ignored) == 0)
		h->expired_s = now_s;
}

/* Logs the progress of indexing if it takes long enough to be noticed: its beginning, each tenth, and its end. */
static void log_progress(struct housekeeping *h, int64_t left)
{
	if (h->to_index == 0 && left < MANY_HITS)
		return;
	if (h->to_index == 0) {
		h->to_index = h->logged = left;
		log_line(LOG_NOTICE,
		         "indexing %" PRId64
		         " hits that an older version stored; 'why' and 'list' are slow until this is done",
		         left);
	} else if (left < STORE_BEHIND_MAX) {
		log_line(LOG_NOTICE, "indexed all %" PRId64 " hits", h->to_index);
		h->to_index = 0;
	} else if (h->logged - left >= h->to_index / 10) {
		h->logged = left;
		log_line(LOG_NOTICE, "indexed %" PRId64 " of %" PRId64 " hits", h->to_index - left, h->to_index);
	}
}

int64_t housekeeping_index(struct housekeeping *h, struct store *store)
{
	int64_t behind = 0;
	bool more = false;
	struct why why;
	int rc = store_hits_behind(store, &behind, &why);

	if (rc == 0)
		log_progress(h, behind);
	if (rc != 0 || behind < STORE_BEHIND_MAX)
		return AGAIN_MS;
	if ((rc = store_begin(store, &why)) == 0)
		rc = store_finish(store, store_index_hits(store, SLICE_HITS, &more, &why), &why);
	return rc < 0 ? NEXT_MS : SLICE_MS;
}
