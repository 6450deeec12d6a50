#include "store/sql.h"

#include <errno.h>
#include <string.h>

static int errno_of(int rc)
{
	switch (rc & 0xFF) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return EAGAIN;
	case SQLITE_FULL:
		return ENOSPC;
	case SQLITE_READONLY:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return EROFS;
	case SQLITE_CANTOPEN:
		return ENOENT;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return EUCLEAN;
	case SQLITE_SCHEMA:
	case SQLITE_ERROR:
		return EINVAL;
	case SQLITE_NOMEM:
		return ENOMEM;
	default:
		return EIO;
	}
}

const char *sql_remedy(int err)
{
	switch (err) {
	case EAGAIN:
		return "; another program is writing";
	case ENOSPC:
		return "; free space on its file system";
	case EROFS:
		return "; it and its directory must be writable for the daemon's user";
	case EISDIR:
		return "; it is a directory: name a file in it";
	case ENOENT:
		return "; does its directory exist, and is it writable?";
	case EUCLEAN:
		return "; it is damaged: move it away, as the daemon does when it starts";
	default:
		return "";
	}
}

int sql_fail(struct store *store, const char *what, struct why *why)
{
	int err = errno_of(sqlite3_errcode(store->db));

	/* If the shared memory file beside it does not fit, SQLite reports an I/O error. */
	if (err == EIO && (sqlite3_system_errno(store->db) == ENOSPC || sqlite3_system_errno(store->db) == EDQUOT))
		err = ENOSPC;
	if (err == ENOENT && sqlite3_system_errno(store->db) == EISDIR)
		err = EISDIR;
	store->damaged |= err == EUCLEAN;
	return why_set(why, err, "%s: %s: %s%s", store->path, what, sqlite3_errmsg(store->db), sql_remedy(err));
}

int sql_exec(struct store *store, const char *words, const char *what, struct why *why)
{
	return sqlite3_exec(store->db, words, NULL, NULL, NULL) == SQLITE_OK ? 0 : sql_fail(store, what, why);
}

int sql_once(struct store *store, const char *words, int64_t *ret, struct why *why)
{
	sqlite3_stmt *s;
	int rc;

	(void)sqlite3_prepare_v2(store->db, words, -1, &s, NULL);
	rc = sql_number(store, s, ret, why);
	(void)sqlite3_finalize(s);
	return rc;
}

sqlite3_stmt *sql_prepare(struct store *store, enum statement which, const char *words)
{
	sqlite3_stmt **const s = &store->statements[which].prepared;

	(void)sqlite3_prepare_v3(store->db, words, -1, SQLITE_PREPARE_PERSISTENT, s, NULL);
	store->statements[which].words = words;
	return *s;
}

int sql_run(struct store *store, sqlite3_stmt *s, struct why *why)
{
	const int rc = sqlite3_step(s);

	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? 0 : sql_fail(store, "cannot write", why);
}

int sql_add(struct store *store, sqlite3_stmt *s, int64_t *ret_id, struct why *why)
{
	const int rc = sql_run(store, s, why);

	if (rc == 0)
		*ret_id = sqlite3_last_insert_rowid(store->db);
	return rc;
}

int sql_row(struct store *store, sqlite3_stmt *s, struct why *why)
{
	const int rc = sqlite3_step(s);

	if (rc == SQLITE_ROW)
		return 0;
	(void)sqlite3_reset(s);
	return rc == SQLITE_DONE ? STORE_NONE : sql_fail(store, "cannot read", why);
}

int sql_number(struct store *store, sqlite3_stmt *s, int64_t *ret, struct why *why)
{
	int rc = sql_row(store, s, why);

	if (rc != 0)
		return rc;
	if (sqlite3_column_type(s, 0) == SQLITE_NULL)
		rc = STORE_NONE;
	else
		*ret = sqlite3_column_int64(s, 0);
	(void)sqlite3_reset(s);
	return rc;
}

int sql_walk(struct store *store, enum statement which, const char *words, int64_t since_s, struct why *why)
{
	(void)sqlite3_reset(store->walk); /* an unfinished walk would hold a read lock */
	store->walk = sql_statement(store, which, words);
	sql_bind_number(store->walk, 1, since_s);
	return store->walk == NULL ? sql_fail(store, "cannot read", why) : 0;
}

static int no_address(struct store *store, sqlite3_stmt *s, const char *table, struct why *why)
{
	(void)sqlite3_reset(s);
	store->damaged = true;
	return why_set(why, EUCLEAN, "%s: table %s has an invalid address%s", store->path, table, sql_remedy(EUCLEAN));
}

int sql_addr(struct store *store, sqlite3_stmt *s, int column, const char *table, struct addr *ret, struct why *why)
{
	const char *const text = sql_text(s, column);

	return text != NULL && addr_parse(text, strlen(text), ret) ? 0 : no_address(store, s, table, why);
}

int sql_net(struct store *store, sqlite3_stmt *s, int column, const char *table, struct net *ret, struct why *why)
{
	const char *const text = sql_text(s, column);

	return text != NULL && net_parse(text, strlen(text), ret) ? 0 : no_address(store, s, table, why);
}

int sql_row_addr(struct store *store, sqlite3_stmt *s, int column, const char *table, struct addr *ret, struct why *why)
{
	const int rc = sql_row(store, s, why);

	return rc != 0 ? rc : sql_addr(store, s, column, table, ret, why);
}

int sql_row_net(struct store *store, sqlite3_stmt *s, int column, const char *table, struct net *ret, struct why *why)
{
	const int rc = sql_row(store, s, why);

	return rc != 0 ? rc : sql_net(store, s, column, table, ret, why);
}

void sql_bind_copy(sqlite3_stmt *s, int i, const struct net *net)
{
	char text[NET_TEXT_MAX];
	const size_t len = net_text(net, text);

	(void)sqlite3_bind_text(s, i, text, (int)len, SQLITE_TRANSIENT);
}

void sql_bind_around(sqlite3_stmt *s, int i, const struct net *net)
{
	const unsigned shortest = addr_is_ip4(&net->addr) && net->len >= 96 ? 96 : 0;
	char list[129 * (NET_TEXT_MAX + 3) + 2];
	size_t len = 0;

	list[len++] = '[';
	for (unsigned length = net->len; length > shortest; length--) {
		const struct net around = net_around(&net->addr, (uint8_t)length); /* <= 128 */

		if (length < net->len)
			list[len++] = ',';
		list[len++] = '"';
		len += net_text(&around, list + len);
		list[len++] = '"';
	}
	list[len++] = ']';
	(void)sqlite3_bind_text(s, i, list, (int)len, SQLITE_TRANSIENT);
}
