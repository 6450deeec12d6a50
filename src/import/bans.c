#include "import/bans.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

/* A row of each jail and address; bantime below 0 is for ever. */
static const char newest[] = "SELECT ip, jail, CASE WHEN bantime < 0 THEN 0 ELSE timeofban + bantime - ?1 END FROM bips "
			     "WHERE bantime < 0 OR timeofban + bantime > ?1 ORDER BY ip, bantime < 0, timeofban + bantime";
static const char old[] = "SELECT ip, jail, CASE WHEN bantime < 0 THEN 0 ELSE timeofban + bantime - ?1 END FROM bans "
			  "WHERE bantime < 0 OR timeofban + bantime > ?1 ORDER BY ip, bantime < 0, timeofban + bantime";

static int fail(sqlite3 *db, const char *path, struct why *why)
{
	const int code = sqlite3_errcode(db);

	return why_set(why, code == SQLITE_CANTOPEN ? ENOENT : code == SQLITE_NOTADB || code == SQLITE_ERROR ? EINVAL : EIO, "%s: %s",
	               path, sqlite3_errmsg(db));
}

/* The last row of an address is the one that lasts longest. */
static void note(struct banlist *list, sqlite3_stmt *s)
{
	const char *const address = (const char *)sqlite3_column_text(s, 0), *const jail = (const char *)sqlite3_column_text(s, 1);
	struct banlist_entry entry = {.left_s = sqlite3_column_int64(s, 2)};
	char name[BANLIST_REASON_MAX - 16];

	if (address == NULL || !net_parse(address, strlen(address), &entry.net))
		return;
	(void)text_escape((struct span){jail != NULL ? jail : "", jail != NULL ? strlen(jail) : 0}, name, sizeof name);
	(void)snprintf(entry.reason, sizeof entry.reason, "fail2ban %s", name);
	if (list->n > 0 && net_order(&list->list[list->n - 1].net, &entry.net) == 0)
		list->list[list->n - 1] = entry;
	else if (list->n < BANLIST_MAX)
		banlist_add(list, &entry);
}

int bans_read(const char *path, int64_t now_s, struct banlist *list, struct why *why)
{
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);

	if (rc == SQLITE_OK && sqlite3_prepare_v2(db, newest, -1, &s, NULL) != SQLITE_OK)
		rc = sqlite3_prepare_v2(db, old, -1, &s, NULL);
	if (rc == SQLITE_OK) {
		(void)sqlite3_bind_int64(s, 1, now_s);
		while ((rc = sqlite3_step(s)) == SQLITE_ROW)
			note(list, s);
	}
	rc = rc == SQLITE_DONE ? 0 : fail(db, path, why);
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	return rc;
}
