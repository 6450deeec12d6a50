#include "store/retention.h"

#include <errno.h>
#include <stdio.h>

#include "store/hit_index.h"
#include "store/sql.h"

/* A kind of row that expires. ?1: before when, ?2: how many. */
struct old {
	enum statement which;
	const char *words;
};

static int purge(struct store *store, const struct old *old, size_t n_old, int64_t before_s, size_t n_max,
                 size_t *ret_n, struct why *why)
{
	size_t n = 0;

	for (size_t i = 0; i < n_old; i++) {
		sqlite3_stmt *const s = sql_statement(store, old[i].which, old[i].words);
		int rc;

		sql_bind_number(s, 1, before_s);
		sql_bind_number(s, 2, (int64_t)n_max);
		if ((rc = sql_run(store, s, why)) < 0)
			return rc;
		n += (size_t)sqlite3_changes(store->db);
	}
	*ret_n = n;
	return 0;
}

int store_purge(struct store *store, int64_t before_s, size_t n_max, size_t *ret_n, struct why *why)
{
	static const struct old blocks = {
		PURGE_BLOCKS,
		"DELETE FROM block WHERE id IN (SELECT id FROM block ORDER BY id LIMIT ?2) AND until < ?1"};
	size_t n_hits = 0, n_blocks = 0;
	int rc = hit_index_purge(store, before_s, n_max, &n_hits, why);

	if (rc < 0 || (rc = purge(store, &blocks, 1, before_s, n_max, &n_blocks, why)) < 0)
		return rc;
	*ret_n = n_hits + n_blocks;
	return 0;
}

int store_purge_good(struct store *store, int64_t before_s, int64_t credit_s, size_t n_max, size_t *ret_n,
                     struct why *why)
{
	static const struct old kept[] = {
		{PURGE_GOOD, "DELETE FROM good WHERE (day, address) IN "
	                     "(SELECT day, address FROM good WHERE day < ?1 / 86400 ORDER BY day LIMIT ?2)"},
		{PURGE_LOGINS, "DELETE FROM login WHERE pair IN "
	                       "(SELECT pair FROM login WHERE day < ?1 / 86400 LIMIT ?2)"},
		{PURGE_ALLOWANCES, "DELETE FROM allowance WHERE id IN "
	                           "(SELECT id FROM allowance WHERE until < ?1 LIMIT ?2)"},
		{PURGE_SUSPENSIONS, "DELETE FROM suspension WHERE id IN "
	                            "(SELECT id FROM suspension WHERE ended < ?1 LIMIT ?2)"},
		{PURGE_ERROR, "DELETE FROM daemon WHERE key = 'database_error' AND "
	                      "value < strftime('%Y-%m-%d', 'now', '-7 days')"}, /* the value begins with its date */
		{PURGE_EVENTS,
	         "DELETE FROM event WHERE id IN (SELECT id FROM event ORDER BY id LIMIT ?2) AND time < ?1"},
		{PURGE_PASSES, "DELETE FROM pass WHERE address IN "
	                       "(SELECT address FROM pass WHERE until < ?1 AND closed < ?1 LIMIT ?2)"},
		{PURGE_ATTEMPTS, "DELETE FROM attempt WHERE id IN "
	                         "(SELECT id FROM attempt ORDER BY id LIMIT ?2) AND time < ?1"},
	};
	static const struct old credit[] = {
		{PURGE_CREDIT, "DELETE FROM credit WHERE (time, address, account) IN "
	                       "(SELECT time, address, account FROM credit WHERE time < ?1 ORDER BY time LIMIT ?2)"},
		{PURGE_CLAIMS, "DELETE FROM claim WHERE (address, what, peer) IN "
	                       "(SELECT address, what, peer FROM claim WHERE until < ?1 ORDER BY until LIMIT ?2)"},
		{PURGE_DIGESTS, "DELETE FROM digest WHERE (peer, first) IN "
	                        "(SELECT peer, first FROM digest WHERE until < ?1 LIMIT ?2)"},
	};
	size_t n = 0, n_credit = 0;
	int rc;

	if ((rc = purge(store, kept, sizeof kept / sizeof *kept, before_s, n_max, &n, why)) < 0 ||
	    (rc = purge(store, credit, sizeof credit / sizeof *credit, credit_s, n_max, &n_credit, why)) < 0)
		return rc;
	*ret_n = n + n_credit;
	return 0;
}

int store_shrink(struct store *store, unsigned n_pages, struct why *why)
{
	char vacuum[64];
	int64_t empty = 0;
	int rc = sql_once(store, "PRAGMA freelist_count", &empty, why);

	if (rc < 0)
		return rc;
	if (empty > 0) {
		(void)snprintf(vacuum, sizeof vacuum, "PRAGMA incremental_vacuum(%u)", n_pages);
		if ((rc = sql_exec(store, vacuum, "cannot shrink it", why)) < 0 || empty > (int64_t)n_pages)
			return rc;
	}
	/* If a reader is in the way, this truncates less, which is not an error. */
	rc = sql_exec(store, "PRAGMA wal_checkpoint(TRUNCATE)", "cannot shrink it", why);
	return rc < 0 && rc != -EAGAIN ? rc : STORE_NONE;
}
