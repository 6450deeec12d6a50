#include "store/migrate.h"

#include <stdio.h>

#include "schema.h"
#include "store/sql.h"

static const char what[] = "cannot create the tables";

int migrate_complete(struct store *store, struct why *why)
{
	char version[40];
	int rc = sql_exec(store, schema_sql, what, why);

	(void)snprintf(version, sizeof version, "PRAGMA user_version = %d", STORE_VERSION);
	return rc < 0 ? rc : sql_exec(store, version, what, why);
}

/* What schema.sql cannot do: drop the views of older versions. Tables are changed below, by the version found. */
static const char prepare[] =
	"DROP VIEW IF EXISTS active; DROP VIEW IF EXISTS hits; DROP VIEW IF EXISTS blocks; "
	"DROP VIEW IF EXISTS acts; DROP VIEW IF EXISTS by_reason; DROP VIEW IF EXISTS by_category; "
	"DROP VIEW IF EXISTS by_day; DROP VIEW IF EXISTS by_network; "
	"DROP VIEW IF EXISTS sums";

/* From before version 3: the sums of blocks. The sums of hits are added when the hits are indexed. */
static const char sum_blocks[] =
	"INSERT INTO daily SELECT since / 86400, rule, 0, 0, count(*), sum(knocks), 0, sum(packets), 0 FROM block GROUP BY 1, 2; "
	"INSERT INTO daily SELECT day, 0, 0, 0, sum(blocks), sum(dropped), 0, sum(packets), 0 FROM daily GROUP BY day";

/* From before version 3: hits get columns. Credit lasts only an hour and has no accounts, so it starts afresh. */
static const char accounts[] = "ALTER TABLE hit ADD COLUMN account INTEGER NOT NULL DEFAULT 0; "
			       "ALTER TABLE hit ADD COLUMN weight INTEGER NOT NULL DEFAULT 0; "
			       "DROP TABLE credit";

/*
 * From before version 6: packets are counted. Each sighting of dropped packets counts as one. Daily sums exist since
 * version 3.
 */
static const char count_blocks[] = "ALTER TABLE block ADD COLUMN packets INTEGER NOT NULL DEFAULT 0; "
				   "ALTER TABLE block ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0; "
				   "UPDATE block SET packets = knocks WHERE knocks > 0";
static const char count_daily[] = "ALTER TABLE daily ADD COLUMN packets INTEGER NOT NULL DEFAULT 0; "
				  "ALTER TABLE daily ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0; "
				  "UPDATE daily SET packets = dropped WHERE dropped > 0";

/*
 * From before version 10: other names. Both tables exist since version 7. They are copied, because ALTER TABLE RENAME
 * fails if any view is broken, and people's own views of ours are, while ours are dropped.
 */
static const char keep_shared[] = "CREATE TABLE old_peer AS SELECT * FROM peer; DROP TABLE peer; "
				  "CREATE TABLE old_claim AS SELECT * FROM claim; DROP TABLE claim";
static const char restore_shared[] =
	"INSERT INTO peer (name, stream, era, number, received, lag, accepted, refused, refusal) "
	"SELECT name, stream, era, number, heard, lag, taken, refused, refusal FROM old_peer; "
	"INSERT INTO claim (address, what, peer, since, until, sent, offence, rule, category) "
	"SELECT address, what, peer, since, until, said, offence, rule, category FROM old_claim; "
	"DROP TABLE old_peer; DROP TABLE old_claim";
static const char rename_keys[] = "UPDATE OR REPLACE daemon SET key = 'database_error' WHERE key = 'database_fault'; "
				  "DELETE FROM daemon WHERE key IN ('told', 'told_at')";

static int change_tables(struct store *store, int64_t found, struct why *why)
{
	int rc = found < 3 ? sql_exec(store, accounts, what, why) : 0;

	if (rc == 0 && found < 6)
		rc = sql_exec(store, count_blocks, what, why);
	if (rc == 0 && found >= 3 && found < 6)
		rc = sql_exec(store, count_daily, what, why);
	if (rc == 0 && found >= 7 && found < 10)
		rc = sql_exec(store, keep_shared, what, why);
	if (rc == 0 && found < 10)
		rc = sql_exec(store, rename_keys, what, why);
	return rc;
}

int migrate(struct store *store, struct why *why)
{
	int64_t found = 0;
	int rc = sql_exec(store, "BEGIN IMMEDIATE", what, why);

	if (rc < 0)
		return rc;
	/* People's own may read our views, which are dropped meanwhile. */
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	if ((rc = sql_once(store, "PRAGMA user_version", &found, why)) == 0 && found < STORE_VERSION &&
	    (rc = sql_exec(store, prepare, what, why)) == 0 && (rc = change_tables(store, found, why)) == 0)
		rc = migrate_complete(store, why);
	if (rc == 0 && found < 3)
		rc = sql_exec(store, sum_blocks, what, why);
	if (rc == 0 && found >= 7 && found < 10)
		rc = sql_exec(store, restore_shared, what, why);
	if (rc == 0)
		rc = sql_exec(store, "COMMIT", what, why);
	if (rc < 0)
		(void)sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	(void)sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 1, NULL);
	return rc;
}
