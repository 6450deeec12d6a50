#include "store/figures.h"

#include "store/sql.h"

/* As in query.c: if the statement cannot be prepared, reading the first row returns the error. */
static sqlite3_stmt *begin(struct store *store, enum statement which, const char *words, int64_t from, int64_t until)
{
	struct why ignored;

	(void)sql_walk(store, which, words, from, &ignored);
	sql_bind_number(store->walk, 2, until);
	return store->walk;
}

void figures_sums(struct store *store, int64_t first_day, int64_t last_day)
{
	(void)begin(
		store, FIGURES_SUMS,
		"SELECT s.day, r.name, r.reason, r.category, s.hits, s.addresses, s.blocks, s.dropped, s.packets, s.bytes FROM sums s "
		"LEFT JOIN rule r ON r.id = s.rule WHERE s.day BETWEEN ?1 AND ?2 AND (s.rule = 0 OR r.id IS NOT NULL) ORDER BY s.day",
		first_day, last_day);
}

int figures_next_sum(struct store *store, struct figures_sum *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct figures_sum){.day = sqlite3_column_int64(s, 0),
		                            .rule = sql_text(s, 1),
		                            .reason = sql_text(s, 2),
		                            .category = sql_text(s, 3),
		                            .hits = sqlite3_column_int64(s, 4),
		                            .addresses = sqlite3_column_int64(s, 5),
		                            .blocks = sqlite3_column_int64(s, 6),
		                            .dropped = sqlite3_column_int64(s, 7),
		                            .packets = sqlite3_column_int64(s, 8),
		                            .bytes = sqlite3_column_int64(s, 9)};
	return rc;
}

/* A hit without a log whose rule is in category dnsbl is a list's answer; a vote has no log, either. */
void figures_hits(struct store *store, int64_t from_s, int64_t until_s)
{
	(void)begin(
		store, FIGURES_HITS,
		"SELECT h.time, r.name, r.category, h.detail, h.log = 0 AND r.category = 'dnsbl', h.address FROM hit h "
		"JOIN rule r ON r.id = h.rule WHERE h.time BETWEEN ?1 AND ?2",
		from_s, until_s);
}

int figures_next_hit(struct store *store, struct figures_hit *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc != 0)
		return rc;
	*ret = (struct figures_hit){.time_s = sqlite3_column_int64(s, 0),
	                            .rule = sql_text(s, 1),
	                            .category = sql_text(s, 2),
	                            .detail = sql_text(s, 3),
	                            .listed = sqlite3_column_int64(s, 4) != 0};
	return sql_addr(store, s, 5, "hit", &ret->address, why);
}

/* Columns of block b and its rule r; ?3 is now. */
#define BLOCK_COLUMNS                                                                                                  \
	"b.since, coalesce(b.ended, b.until), b.offence, b.proven, b.ended IS NULL AND b.until > ?3, r.name, "         \
	"r.category, "                                                                                                 \
	"b.address"

void figures_blocks(struct store *store, int64_t from_s, int64_t until_s, int64_t now_s)
{
	sqlite3_stmt *const s = begin(store, FIGURES_BLOCKS,
	                              "SELECT " BLOCK_COLUMNS " FROM block b JOIN rule r ON r.id = b.rule "
	                              "WHERE b.since BETWEEN ?1 AND ?2 ORDER BY b.since",
	                              from_s, until_s);

	sql_bind_number(s, 3, now_s);
}

void figures_active(struct store *store, int64_t now_s)
{
	sqlite3_stmt *const s = begin(store, FIGURES_ACTIVE,
	                              "SELECT " BLOCK_COLUMNS " FROM block b JOIN rule r ON r.id = b.rule "
	                              "WHERE b.until > ?1 AND b.ended IS NULL AND ?2",
	                              now_s, 1);

	sql_bind_number(s, 3, now_s);
}

int figures_next_block(struct store *store, struct figures_block *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc != 0)
		return rc;
	*ret = (struct figures_block){.since_s = sqlite3_column_int64(s, 0),
	                              .until_s = sqlite3_column_int64(s, 1),
	                              .offence = sqlite3_column_int64(s, 2),
	                              .proven = sqlite3_column_int64(s, 3) != 0,
	                              .active = sqlite3_column_int64(s, 4) != 0,
	                              .rule = sql_text(s, 5),
	                              .category = sql_text(s, 6)};
	return sql_net(store, s, 7, "block", &ret->net, why);
}

void figures_good(struct store *store, int64_t first_day)
{
	struct why ignored;

	(void)sql_walk(store, FIGURES_GOOD, "SELECT DISTINCT address FROM good WHERE day >= ?1", first_day, &ignored);
}

int figures_next_good(struct store *store, struct net *ret, struct why *why)
{
	return sql_row_net(store, store->walk, 0, "good", ret, why);
}

/* SQLite takes the text from the row with the greatest time, as documented for a bare column beside max(). */
void figures_accounts(struct store *store, int64_t from_s, int64_t until_s, int64_t n_max)
{
	sqlite3_stmt *const s = begin(
		store, FIGURES_ACCOUNTS,
		"SELECT account, count(*), count(DISTINCT address), max(time), text FROM hit WHERE weight = 3 AND "
		"time BETWEEN ?1 AND ?2 GROUP BY account ORDER BY 2 DESC, account LIMIT ?3",
		from_s, until_s);

	sql_bind_number(s, 3, n_max);
}

int figures_next_account(struct store *store, struct figures_account *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct figures_account){.number = (uint32_t)sqlite3_column_int64(s, 0), /* stored as uint32_t */
		                                .hits = sqlite3_column_int64(s, 1),
		                                .addresses = sqlite3_column_int64(s, 2),
		                                .last_s = sqlite3_column_int64(s, 3),
		                                .text = sql_text(s, 4)};
	return rc;
}

void figures_senders(struct store *store, int64_t from_s, int64_t until_s, int64_t addresses, int64_t n_max)
{
	sqlite3_stmt *const s = begin(
		store, FIGURES_SENDERS,
		"SELECT domain, max(n), count(*) FROM (SELECT domain, count(DISTINCT address) AS n FROM "
		"(SELECT lower(CAST(substr(sender, instr(sender, x'40') + 1) AS TEXT)) AS domain, lower(recipient) AS "
		"recipient, address FROM attempt WHERE time BETWEEN ?1 AND ?2 AND instr(sender, x'40') > 0) "
		"GROUP BY domain, recipient HAVING n >= ?3) GROUP BY domain ORDER BY 2 DESC, 3 DESC, 1 LIMIT ?4",
		from_s, until_s);

	sql_bind_number(s, 3, addresses);
	sql_bind_number(s, 4, n_max);
}

int figures_next_sender(struct store *store, struct figures_sender *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct figures_sender){.domain = sql_text(s, 0),
		                               .addresses = sqlite3_column_int64(s, 1),
		                               .recipients = sqlite3_column_int64(s, 2)};
	return rc;
}

void figures_acts(struct store *store, int64_t from_s, int64_t until_s, int64_t n_max)
{
	sqlite3_stmt *const s = begin(store, FIGURES_ACTS,
	                              "SELECT time, who, what, address, why FROM act WHERE time BETWEEN ?1 AND ?2 "
	                              "ORDER BY time DESC, id DESC LIMIT ?3",
	                              from_s, until_s);

	sql_bind_number(s, 3, n_max);
}

int figures_next_act(struct store *store, struct figures_act *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc == 0)
		*ret = (struct figures_act){.time_s = sqlite3_column_int64(s, 0),
		                            .who = sql_text(s, 1),
		                            .what = sql_text(s, 2),
		                            .address = sql_text(s, 3),
		                            .reason = sql_text(s, 4)};
	return rc;
}
