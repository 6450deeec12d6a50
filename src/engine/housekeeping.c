#include "engine/housekeeping.h"

#include "store/audit.h"
#include "store/retention.h"

enum {
	SLICE_ROWS = 2000,
	SLICE_PAGES = 1000, /* of the file */
	NEXT_MS = 1000,
	AGAIN_MS = 3600 * 1000,
};

/* *ret_more: there may be more of it. */
static int delete_rows(struct store *store, const struct config *config, int64_t now_s,
                       bool *ret_more, struct why *why)
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
