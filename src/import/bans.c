#include "import/bans.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/duration.h"

enum { UNKNOWN = -2 }; /* a bantime that stands for the jail's: server/database.py, updateDb */

/* From the newest version to the oldest. */
static const char *const queries[] = {"SELECT ip, jail, timeofban, bantime FROM bips",
                                      "SELECT ip, jail, timeofban, bantime FROM bans",
                                      "SELECT ip, jail, timeofban, -2 FROM bans"};

static int fail(sqlite3 *db, const char *path, struct why *why)
{
	const int code = sqlite3_errcode(db);
	const bool is_other = code == SQLITE_NOTADB || code == SQLITE_ERROR;

	return why_set(why,
	               code == SQLITE_CANTOPEN ? ENOENT
	               : is_other              ? EINVAL
	                                       : EIO,
	               "%s: %s%s", path, is_other ? "not a database of fail2ban: " : "", sqlite3_errmsg(db));
}

/* Computes the time left; 0: without end. Returns false if the ban has expired. */
static bool left_of(int64_t since_s, int64_t bantime_s, int64_t now_s, int64_t *ret_s)
{
	*ret_s = 0;
	if (bantime_s < 0 || bantime_s > DURATION_MAX_S || since_s > DURATION_MAX_S * INT64_C(100))
		return true;
	*ret_s = since_s + bantime_s - now_s;
	return *ret_s > 0;
}

static void add_row(sqlite3_stmt *s, const struct fail2ban *fail2ban, int64_t now_s, struct banlist *list)
{
	const char *const address = (const char *)sqlite3_column_text(s, 0);
	const char *const jail = (const char *)sqlite3_column_text(s, 1);
	int64_t bantime_s = sqlite3_column_int64(s, 3);
	struct banlist_entry entry = {.left_s = 0};
	char name[BANLIST_REASON_MAX - 16];

	if (address == NULL || jail == NULL || !net_parse(address, strlen(address), &entry.net) ||
	    net_is_never(&entry.net))
		return;
	if (bantime_s <= UNKNOWN)
		bantime_s = fail2ban_bantime(fail2ban, jail);
	if (!left_of(sqlite3_column_int64(s, 2), bantime_s, now_s, &entry.left_s) || list->n == BANLIST_MAX)
		return;
	(void)text_escape((struct span){jail, strlen(jail)}, name, sizeof name);
	(void)snprintf(entry.reason, sizeof entry.reason, "fail2ban %s", name);
	banlist_add(list, &entry);
}

/* Compares by address, then by time left, the longest first. */
static int order(const void *a, const void *b)
{
	const struct banlist_entry *const one = a, *const other = b;
	const int by_net = net_order(&one->net, &other->net);
	const uint64_t left = (uint64_t)one->left_s - 1,
		       other_left = (uint64_t)other->left_s - 1; /* 0, without end, becomes the largest */

	if (by_net != 0)
		return by_net;
	return left > other_left ? -1 : left < other_left;
}

static void keep_longest(struct banlist *list)
{
	size_t n = 0;

	if (list->n > 0)
		qsort(list->list, list->n, sizeof *list->list, order);
	for (size_t i = 0; i < list->n; i++)
		if (n == 0 || net_order(&list->list[n - 1].net, &list->list[i].net) != 0)
			list->list[n++] = list->list[i];
	list->n = n;
}

int bans_read(const char *path, const struct fail2ban *fail2ban, int64_t now_s, struct banlist *list, struct why *why)
{
	sqlite3_stmt *s = NULL;
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL);

	if (rc == SQLITE_OK) {
		rc = SQLITE_ERROR;
		for (size_t i = 0; i < sizeof queries / sizeof *queries && rc == SQLITE_ERROR; i++)
			rc = sqlite3_prepare_v2(db, queries[i], -1, &s, NULL);
	}
	if (rc == SQLITE_OK)
		while ((rc = sqlite3_step(s)) == SQLITE_ROW)
			add_row(s, fail2ban, now_s, list);
	rc = rc == SQLITE_DONE ? 0 : fail(db, path, why);
	(void)sqlite3_finalize(s);
	(void)sqlite3_close(db);
	keep_longest(list);
	return rc;
}
