#include "store/claims.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>

#include "store/batch.h"
#include "store/sql.h"

/* Copies a column, truncated and with a NUL. */
static void read_text(sqlite3_stmt *s, int column, char *out, size_t cap)
{
	const char *const text = sql_text(s, column);

	(void)snprintf(out, cap, "%s", text == NULL ? "" : text);
}

static void claim_value(sqlite3_context *context, const void *row, int column)
{
	const struct store_claim *const claim = row;

	switch (column) {
	case 0:
		batch_net(context, &claim->net);
		break;
	case 1:
		sqlite3_result_int(context, (int)claim->what);
		break;
	case 2:
		batch_text(context, (struct span){claim->peer, strlen(claim->peer)});
		break;
	case 3:
		sqlite3_result_int64(context, claim->since_s);
		break;
	case 4:
		sqlite3_result_int64(context, claim->until_s);
		break;
	case 5:
		sqlite3_result_int64(context, claim->sent_ms);
		break;
	case 6:
		sqlite3_result_int64(context, claim->offence);
		break;
	case 7:
		batch_text(context, (struct span){claim->rule, claim->rule == NULL ? 0 : strlen(claim->rule)});
		break;
	case 8:
		batch_text(context,
		           (struct span){claim->category, claim->category == NULL ? 0 : strlen(claim->category)});
		break;
	}
}

int store_put_claims(struct store *store, const struct store_claim *claims, size_t n, struct why *why)
{
	/* REPLACE, so that the trigger for amnesties sees each of them. */
	sqlite3_stmt *const s = sql_statement(
		store, CLAIM_PUT,
		"INSERT OR REPLACE INTO claim (address, what, peer, since, until, sent, offence, rule, category) "
		"SELECT a, b, c, d, e, f, g, h, i FROM batch");

	return batch_run(store, s, claims, sizeof *claims, n, claim_value, why);
}

int store_remove_claim(struct store *store, const char *peer, enum store_claim_what what, const struct net *net,
                       struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, CLAIM_REMOVE, "DELETE FROM claim WHERE address = ?1 AND what = ?2 AND peer = ?3");
	char text[NET_TEXT_MAX];

	sql_bind_net(s, 1, net, text);
	sql_bind_number(s, 2, what);
	sql_bind_text(s, 3, peer);
	return sql_run(store, s, why);
}

int store_find_claim(struct store *store, const char *peer, const struct net *net, struct store_claim_words *ret,
                     struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, CLAIM_FIND,
		"SELECT offence, rule, category FROM claim WHERE address = ?1 AND what = ?2 AND peer = ?3");
	char text[NET_TEXT_MAX];
	int rc;

	sql_bind_net(s, 1, net, text);
	sql_bind_number(s, 2, STORE_CLAIM_HOSTILE);
	sql_bind_text(s, 3, peer);
	if ((rc = sql_row(store, s, why)) != 0)
		return rc;
	ret->offence = (unsigned)sqlite3_column_int(s, 0);
	read_text(s, 1, ret->rule, sizeof ret->rule);
	read_text(s, 2, ret->category, sizeof ret->category);
	rc = sql_row(store, s, why); /* resets it */
	return rc < 0 ? rc : 0;
}

int store_remove_claims(struct store *store, const char *peer, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, CLAIMS_REMOVE, "DELETE FROM claim WHERE peer = ?1 AND what = ?2");

	sql_bind_text(s, 1, peer);
	sql_bind_number(s, 2, STORE_CLAIM_HOSTILE);
	return sql_run(store, s, why);
}

int store_put_peer(struct store *store, const struct store_peer *peer, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(
		store, PEER_PUT,
		"INSERT OR REPLACE INTO peer (name, stream, era, number, received, lag, accepted, refused, refusal) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, nullif(?9, ''))");

	sql_bind_text(s, 1, peer->name);
	sql_bind_text(s, 2, peer->stream);
	sql_bind_number(s, 3, peer->era);
	sql_bind_number(s, 4, peer->number);
	sql_bind_number(s, 5, peer->received_s);
	sql_bind_number(s, 6, peer->lag_ms);
	sql_bind_number(s, 7, peer->accepted);
	sql_bind_number(s, 8, peer->refused);
	sql_bind_text(s, 9, peer->refusal);
	return sql_run(store, s, why);
}

int store_claims(struct store *store, int64_t now_s, struct why *why)
{
	return sql_walk(
		store, CLAIMS_ACTIVE,
		"SELECT address, what, peer, since, until, sent, offence, rule, category FROM claim WHERE until > ?1 ORDER BY what DESC",
		now_s, why);
}

int store_next_claim(struct store *store, struct store_claim *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	struct net net;
	const int rc = sql_row_net(store, s, 0, "claim", &net, why);

	if (rc != 0)
		return rc;
	*ret = (struct store_claim){.net = net,
	                            .what = (enum store_claim_what)sqlite3_column_int(s, 1),
	                            .peer = sql_text(s, 2),
	                            .since_s = sqlite3_column_int64(s, 3),
	                            .until_s = sqlite3_column_int64(s, 4),
	                            .sent_ms = sqlite3_column_int64(s, 5),
	                            .offence = (unsigned)sqlite3_column_int(s, 6),
	                            .rule = sql_text(s, 7),
	                            .category = sql_text(s, 8)};
	return 0;
}

int store_peers(struct store *store, struct why *why)
{
	return sql_walk(
		store, PEERS_ALL,
		"SELECT name, stream, era, number, received, lag, accepted, refused, refusal FROM peer WHERE received >= ?1 ORDER BY name",
		0, why);
}

int store_next_peer(struct store *store, struct store_peer *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	const int rc = sql_row(store, s, why);

	if (rc != 0)
		return rc;
	*ret = (struct store_peer){.era = sqlite3_column_int64(s, 2),
	                           .number = sqlite3_column_int64(s, 3),
	                           .received_s = sqlite3_column_int64(s, 4),
	                           .lag_ms = sqlite3_column_int64(s, 5),
	                           .accepted = sqlite3_column_int64(s, 6),
	                           .refused = sqlite3_column_int64(s, 7)};
	read_text(s, 0, ret->name, sizeof ret->name);
	read_text(s, 1, ret->stream, sizeof ret->stream);
	read_text(s, 8, ret->refusal, sizeof ret->refusal);
	return 0;
}

/* --- networks that are good on other hosts --- */

int store_put_digest(struct store *store, const struct store_digest *digest, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, DIGEST_PUT,
	                      "INSERT OR REPLACE INTO digest (peer, first, until, numbers) VALUES (?1, ?2, ?3, ?4)");
	uint32_t bytes[HEXLIST_MAX];

	for (size_t i = 0; i < digest->known.n; i++)
		bytes[i] = htole32(digest->known.numbers[i]);
	sql_bind_text(s, 1, digest->peer);
	sql_bind_number(s, 2, digest->known.numbers[0]);
	sql_bind_number(s, 3, digest->until_s);
	sql_bind_bytes(s, 4, (struct span){(const char *)bytes, digest->known.n * sizeof *bytes});
	return sql_run(store, s, why);
}

int store_remove_digests(struct store *store, const char *peer, struct why *why)
{
	sqlite3_stmt *const s = sql_statement(store, DIGESTS_REMOVE, "DELETE FROM digest WHERE peer = ?1");

	sql_bind_text(s, 1, peer);
	return sql_run(store, s, why);
}

int store_count_digests(struct store *store, const char *peer, int64_t now_s, int64_t *ret, struct why *why)
{
	sqlite3_stmt *const s =
		sql_statement(store, DIGESTS_COUNT, "SELECT count(*) FROM digest WHERE peer = ?1 AND until > ?2");

	sql_bind_text(s, 1, peer);
	sql_bind_number(s, 2, now_s);
	return sql_number(store, s, ret, why);
}

int store_digests(struct store *store, int64_t now_s, struct why *why)
{
	return sql_walk(store, DIGESTS_ACTIVE, "SELECT peer, until, numbers FROM digest WHERE until > ?1", now_s, why);
}

int store_next_digest(struct store *store, struct store_digest *ret, struct why *why)
{
	sqlite3_stmt *const s = store->walk;
	uint32_t bytes[HEXLIST_MAX] = {0};
	struct span numbers;
	int rc;

	if ((rc = sql_row(store, s, why)) != 0)
		return rc;
	numbers = sql_bytes(s, 2);
	*ret = (struct store_digest){.peer = sql_text(s, 0), .until_s = sqlite3_column_int64(s, 1)};
	if (numbers.len <= sizeof bytes)
		memcpy(bytes, numbers.p, numbers.len);
	for (ret->known.n = 0; ret->known.n < HEXLIST_MAX && ret->known.n < numbers.len / sizeof *bytes; ret->known.n++)
		ret->known.numbers[ret->known.n] = le32toh(bytes[ret->known.n]);
	return 0;
}
