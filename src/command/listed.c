#include "command/listed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/rows.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/json.h"
#include "command/command.h"
#include "command/daemon.h"
#include "store/query.h"

/* Fills a verdict that knows only what is allowed. */
static int read_allowed(struct verdict *verdict, struct allowlist *allowlist, struct store *store, int64_t now_s,
                        struct why *why)
{
	struct query_allowance allowance;
	struct why ignored; /* about a file of [allow]: "status" shows it */
	struct net net;
	int rc;

	verdict_at(verdict, now_s);
	(void)allowlist_refresh(allowlist, verdict, &ignored);
	query_allowances(store, now_s);
	while ((rc = query_next_allowance(store, &allowance, why)) == 0)
		if (net_parse(allowance.address, strlen(allowance.address), &net))
			verdict_allow_earned(verdict, &net, allowance.until_s);
	return rc < 0 ? rc : 0;
}

int listed_read(const struct config *config, struct store *store, int64_t now_s, struct blocklist **ret,
                struct why *why)
{
	static const struct verdict_policy policy = {.threshold = 1, .window_s = 1, .n_for = 1, .for_s = {1}};
	struct blocklist *const list = blocklist_new(0);
	struct allowlist *allowlist;
	struct verdict *verdict;
	struct why ignored; /* about a bad line: "status" shows it */
	const char *unreadable;
	int rc;

	*ret = list;
	if (config->block.files.n == 0)
		return 0;
	allowlist = allowlist_new(config);
	verdict = verdict_new(&policy);
	rc = read_allowed(verdict, allowlist, store, now_s, why);
	if (rc == 0) {
		blocklist_configure(list, &config->block.files);
		(void)blocklist_refresh(list, verdict, allowlist, NULL, &ignored);
		blocklist_settle(list);
		if ((unreadable = blocklist_unreadable(list)) != NULL)
			rc = why_set(why, EACCES, "%s", unreadable);
	}
	verdict_free(verdict);
	allowlist_free(allowlist);
	if (rc < 0) {
		blocklist_free(list);
		*ret = NULL;
	}
	return rc;
}

/* Hashes what changes when a file is edited. */
static uint64_t add_files(uint64_t stamp, const struct config_words *files)
{
	for (size_t i = 0; i < files->n; i++) {
		struct stat st = {.st_size = -1}; /* if it does not exist */

		(void)stat(files->list[i], &st);
		stamp = hash_bytes(stamp, &st.st_ino, sizeof st.st_ino);
		stamp = hash_bytes(stamp, &st.st_size, sizeof st.st_size);
		stamp = hash_bytes(stamp, &st.st_mtim.tv_sec, sizeof st.st_mtim.tv_sec);
		stamp = hash_bytes(stamp, &st.st_mtim.tv_nsec, sizeof st.st_mtim.tv_nsec);
	}
	return stamp;
}

uint64_t listed_stamp(const struct config *config)
{
	return add_files(add_files(HASH_START, &config->block.files), &config->allow.files);
}

/* place: where the network is listed, perhaps as part of a wider one. */
static void print_row(const struct net *net, const struct blocklist_place *place, bool json)
{
	char address[NET_TEXT_MAX], as[NET_TEXT_MAX];
	json_t *row;

	(void)net_text(net, address);
	if (json) {
		row = alloc_check(json_object(), 0, "JSON");
		json_put_text(row, "address", address);
		rows_put_listed(row, place);
		command_print_json(row);
		return;
	}
	(void)net_text(&place->net, as);
	(void)printf("%s  %s:%" PRIu32, address, place->path, place->line);
	if (strcmp(address, as) != 0)
		(void)printf(" (of %s)", as);
	(void)putchar('\n');
}

int listed_print(const struct config *config, bool json, struct why *why)
{
	struct blocklist *list = NULL;
	struct store *store = NULL;
	const struct nets *nets;
	int rc;

	daemon_warn_stopped(config);
	if ((rc = command_open_database(config, &store, why)) < 0)
		return rc;
	rc = listed_read(config, store, clock_unix_s(), &list, why);
	store_close(store);
	if (rc < 0)
		return rc;
	nets = blocklist_nets(list);
	for (size_t i = 0; i < nets->n; i++) {
		struct blocklist_place place;

		if (blocklist_find(list, &nets->list[i], &place)) /* always true: each is listed somewhere */
			print_row(&nets->list[i], &place, json);
	}
	if (nets->n == 0 && !json)
		(void)printf("no network is listed: [block] file names no file, or nothing is in it\n");
	blocklist_free(list);
	return 0;
}
