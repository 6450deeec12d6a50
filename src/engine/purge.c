#include "engine/purge.h"

#include "store/purge.h"

enum {
	SLICE_ROWS = 2000,
	SLICE_PAGES = 1000, /* of the file */
	NEXT_MS = 1000,
	AGAIN_MS = 3600 * 1000,
};

/* *ret_more: there may be more of it. */
static int delete_rows(struct store *store, struct acts *acts, const struct config *config, int64_t now_s,
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
		rc = acts_purge(acts, before_s, SLICE_ROWS, why);
	rc = store_finish(store, rc, why);
	*ret_more = n >= SLICE_ROWS || n_good >= SLICE_ROWS;
	return rc;
}

int64_t purge_slice(struct purge *purge, struct store *store, struct acts *acts, const struct config *config,
                    int64_t now_s)
{
	bool more = false;
	struct why why;
	int rc = purge->shrinks ? 0 : delete_rows(store, acts, config, now_s, &more, &why);

	if (rc == 0 && !more) {
		rc = store_shrink(store, SLICE_PAGES, &why);
		purge->shrinks = more = rc == 0;
	}
	return rc >= 0 && more ? NEXT_MS : AGAIN_MS;
}
