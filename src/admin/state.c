#include "admin/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/rows.h"
#include "base/alloc.h"
#include "base/lengths.h"
#include "base/traffic.h"
#include "input/globs.h"
#include "input/journal.h"
#include "store/claims.h"
#include "store/gates.h"
#include "store/journals.h"

enum { LIST_MAX = 32 }; /* bytes of a kernel list's name */

struct reading {
	json_t *object;
	struct store *store;           /* NULL: none */
	const struct pending *pending; /* NULL: none */
	const struct config *config;
	int64_t now_s;
	struct query_bound bound;
	size_t bytes_left; /* for lists */
};

static json_t *new_list(void)
{
	return alloc_check(json_array(), 0, "JSON");
}

static json_t *new_row(void)
{
	return alloc_check(json_object(), 0, "JSON");
}

/* --- logs --- */

static int64_t lag(const char *path, int64_t position)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size > position ? st.st_size - position : 0;
}

/* log: what is known about it. */
static json_t *log_row(const char *path, const struct query_log *log)
{
	json_t *const row = new_row();

	json_put_text(row, "path", path);
	json_put_number(row, "bytes_read", log->position);
	json_put_number(row, "lines", log->lines);
	json_put_number(row, "cut", log->cut);
	json_put_number(row, "lag_bytes", log->path != NULL ? lag(path, log->position) : 0);
	json_put_time(row, "last_line_at", log->last_line_at);
	json_put_number(row, "unparsed", log->unparsed);
	return row;
}

static int find_log(struct store *store, const char *path, struct query_log *ret, struct why *why)
{
	struct query_log log;
	int rc;

	query_logs(store);
	while ((rc = query_next_log(store, &log, why)) == 0)
		if (strcmp(log.path, path) == 0) {
			*ret = log;
			query_stop(store);
			ret->path = path;
			return 0;
		}
	return rc < 0 ? rc : 0;
}

static const struct pending_file *find_waiting(const struct reading *r, const char *path)
{
	return r->pending != NULL ? pending_waiting_file(r->pending, path) : NULL;
}

/* path: as the file was read. */
static struct query_log waiting_log(const struct pending_file *file, const char *path)
{
	const struct store_log *const log = pending_log(file);

	return (struct query_log){path, log->position, log->lines, log->cut, log->unparsed, log->last_line_at};
}

static int put_log(struct reading *r, json_t *list, const char *path, struct why *why)
{
	const struct pending_file *const waiting = find_waiting(r, path);
	struct query_log log = {.path = NULL};
	int rc = 0;

	if (waiting != NULL)
		log = waiting_log(waiting, path);
	else if (r->store != NULL)
		rc = find_log(r->store, path, &log, why);
	(void)rows_append(list, log_row(path, &log), &r->bytes_left);
	return rc;
}

/* Adds every file that matches now; if none does, the pattern itself. */
static int put_matches(struct reading *r, json_t *list, const char *pattern, struct why *why)
{
	char **files;
	size_t n;
	int rc = 0;

	globs_files(pattern, &files, &n);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = put_log(r, list, files[i], why);
	globs_free_files(files, n);
	return n == 0 ? put_log(r, list, pattern, why) : rc;
}

/* Adds the logs in the order of the configuration. */
static int put_logs(struct reading *r, struct why *why)
{
	json_t *const list = new_list();
	int rc = 0;

	json_put(r->object, "logs", list);
	for (size_t i = 0; i < r->config->n_logs && rc == 0; i++)
		rc = (globs_is_pattern(r->config->logs[i]) ? put_matches : put_log)(r, list, r->config->logs[i], why);
	return rc;
}

/* --- the journal --- */

static json_t *journal_row(const char *path, const struct store_log *log, const struct store_journal *journal)
{
	json_t *const row = new_row();

	json_put_text(row, "name", path);
	json_put_number(row, "lines", log->lines);
	json_put_number(row, "cut", log->cut);
	json_put_number(row, "unparsed", log->unparsed);
	json_put_number(row, "forged", journal->forged);
	json_put_number(row, "damaged", journal->damaged);
	json_put_number(row, "gaps", journal->gaps);
	json_put_number(row, "lost", journal->lost);
	json_put_number(row, "suppressed", journal->suppressed);
	json_put_text(row, "suppressed_unit", journal->unit[0] != '\0' ? journal->unit : NULL);
	json_put_time(row, "last_line_at", log->last_line_at);
	json_put_text(row, "cursor", journal->cursor[0] != '\0' ? journal->cursor : NULL);
	return row;
}

/* Adds the journal; null if it is not read. */
static int put_journal(struct reading *r, struct why *why)
{
	const struct journal_where where = {r->config->journal.namespace, r->config->journal.machine,
	                                    r->config->journal.directory};
	char name[POSITION_FIRST_MAX], path[POSITION_FIRST_MAX];
	struct store_journal journal = {.forged = 0};
	const struct pending_file *waiting;
	struct store_log log = {.id = 0};
	int rc = 0;

	if (!r->config->journal.reads) {
		json_put(r->object, "journal", json_null());
		return 0;
	}
	journal_where_name(&where, name, sizeof name);
	store_journal_path(name, path, sizeof path);
	if ((waiting = find_waiting(r, path)) != NULL) {
		log = *pending_log(waiting);
		journal = *pending_journal_row(waiting);
	} else if (r->store != NULL) {
		rc = store_journal_find(r->store, name, &log, &journal, why);
	}
	json_put(r->object, "journal", journal_row(path, &log, &journal));
	return rc < 0 ? rc : 0;
}

/* --- numbers --- */

static void put_count(json_t *object, const char *key, int64_t count)
{
	json_put(object, key, count < 0 ? json_null() : json_integer(count));
}

static int put_totals(struct reading *r, struct why *why)
{
	struct query_totals totals = {-1, -1, -1, -1, -1, -1};
	struct pending_waiting waiting = {0};
	const int rc = r->store != NULL ? query_totals(r->store, r->now_s, r->bound, &totals, why) : 0;

	if (r->pending != NULL)
		waiting = pending_waiting(r->pending, &(struct net){0});
	totals.hits += totals.hits < 0 ? 0 : (int64_t)waiting.hits;
	totals.blocks_total += totals.blocks_total < 0 ? 0 : (int64_t)waiting.blocks;
	rows_put_waiting(r->object, &waiting);
	put_count(r->object, "hits", totals.hits);
	put_count(r->object, "blocks_active", totals.blocks_active);
	put_count(r->object, "blocks_total", totals.blocks_total);
	put_count(r->object, "earned", totals.allowances);
	put_count(r->object, "packets", totals.packets);
	put_count(r->object, "bytes", traffic_has_bytes(totals.packets, totals.bytes) ? totals.bytes : -1);
	return rc < 0 ? rc : 0;
}

/* Returns the daemon's recorded status under that key; NULL if there is none, or it cannot be read. */
static const char *status_text(const struct reading *r, const char *key)
{
	struct why ignored;
	const char *text = NULL;

	return r->store != NULL && query_state(r->store, key, &text, &ignored) == 0 ? text : NULL;
}

static int64_t status_number(const struct reading *r, const char *key)
{
	const char *const text = status_text(r, key);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* Before the first start no backend has been chosen yet. */
static void put_backend(const struct reading *r)
{
	const char *const configured = r->config->firewall.backend;
	const bool automatic = strcmp(configured, "auto") == 0;
	const char *text = automatic ? status_text(r, "backend") : NULL;

	json_put_text(r->object, "backend", text != NULL && text[0] != '\0' ? text : configured);
	text = automatic ? status_text(r, "backend_reason") : NULL;
	json_put_text(r->object, "backend_reason", text != NULL && text[0] != '\0' ? text : NULL);
}

static void put_status(const struct reading *r)
{
	static const char *const numbers[] = {"capacity",       "held",        "drift",       "tracked",
	                                      "forgotten",      "braked",      "refused",     "sent",
	                                      "good_elsewhere", "tarpit_held", "tarpit_total"};
	static const char *const sentences[] = {"rules_fault", "refused_why", "ports", "database_error", "sources_why"};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		json_put_number(r->object, numbers[i], status_number(r, numbers[i]));
	put_backend(r);
	json_put_number(r->object, "addresses", status_number(r, "tracked"));
	json_put_time(r->object, "last_sync_at", status_number(r, "last_sync_at"));
	json_put_time(r->object, "reported_at", status_number(r, "reported_at"));
	for (size_t i = 0; i < sizeof sentences / sizeof *sentences; i++) {
		const char *const text = status_text(r, sentences[i]);

		json_put_text(r->object, sentences[i], text != NULL && text[0] != '\0' ? text : NULL);
	}
	if (r->store != NULL)
		query_stop(r->store);
}

/* Adds the counters of the [socket] sections; zeros until the daemon has written them. */
static void put_sockets(struct reading *r)
{
	json_t *const list = new_list();

	json_put(r->object, "sockets", list);
	for (size_t i = 0; i < r->config->n_sockets; i++) {
		json_t *const row = new_row();
		int64_t counts[4] = {0}; /* in the order of sockets_store */
		const char *text;
		char key[32];

		(void)snprintf(key, sizeof key, "socket_%zu", i);
		text = status_text(r, key);
		for (size_t k = 0; k < 4 && text != NULL; k++) {
			char *end;

			counts[k] = strtoll(text, &end, 10);
			text = end;
		}
		json_put_text(row, "path", r->config->sockets[i]);
		json_put_number(row, "lines", counts[0]);
		json_put_number(row, "cut", counts[1]);
		json_put_number(row, "unparsed", counts[2]);
		json_put_time(row, "last_line_at", counts[3]);
		(void)rows_append(list, row, &r->bytes_left);
	}
	if (r->store != NULL)
		query_stop(r->store);
}

/* Adds the files of [block] file, and what was read from them; zeros until the daemon has written it. */
static void put_block_files(struct reading *r)
{
	json_t *const list = new_list();

	json_put(r->object, "block_files", list);
	for (size_t i = 0; i < r->config->block.files.n; i++) {
		json_t *const row = new_row();
		const char *text;
		char key[32], *end = NULL;

		(void)snprintf(key, sizeof key, "block_file_%zu", i); /* as in blocklist_store */
		text = status_text(r, key);
		json_put_text(row, "path", r->config->block.files.list[i]);
		json_put_number(row, "networks", text != NULL ? strtoll(text, &end, 10) : 0);
		json_put_number(row, "bad_lines", end != NULL ? strtoll(end, NULL, 10) : 0);
		(void)rows_append(list, row, &r->bytes_left);
	}
	if (r->store != NULL)
		query_stop(r->store);
}

/* --- networks and rules --- */

/* The kernel lists that hold the blocked networks, as recorded by the daemon. */
struct lists {
	char name[LIST_MAX];
	struct lengths lengths;
};

static void read_lists(const struct reading *r, struct lists *ret)
{
	const char *text = status_text(r, "list");

	(void)snprintf(ret->name, sizeof ret->name, "%s", text != NULL ? text : "");
	text = status_text(r, "lengths");
	lengths_read(text != NULL ? text : "", &ret->lengths);
}

/* text: a blocked network. */
static json_t *prefix_row(const struct lists *lists, const char *text)
{
	const char *const slash = strchr(text, '/');
	json_t *const row = new_row();
	char list[2 * LIST_MAX];
	struct net net;

	if (lists->name[0] == '\0' || slash == NULL || !net_parse(text, strlen(text), &net))
		(void)snprintf(list, sizeof list, "no list");
	else if (lengths_fitting(&lists->lengths, &net) == net.len)
		(void)snprintf(list, sizeof list, "%s%s", lists->name, slash + 1);
	else
		(void)snprintf(list, sizeof list, "in pieces");
	json_put_text(row, "address", text);
	json_put_text(row, "list", list);
	return row;
}

static int put_prefixes(struct reading *r, struct why *why)
{
	json_t *const list = new_list();
	struct lists lists;
	const char *text;
	int rc;

	json_put(r->object, "prefixes", list);
	if (r->store == NULL)
		return 0;
	read_lists(r, &lists);
	query_prefixes(r->store, r->now_s, r->bound);
	while ((rc = query_next_prefix(r->store, &text, why)) == 0 &&
	       rows_append(list, prefix_row(&lists, text), &r->bytes_left))
		;
	query_stop(r->store);
	return rc < 0 ? rc : 0;
}

static json_t *suspension_row(const struct query_suspension *s)
{
	json_t *const row = new_row();

	json_put_text(row, "rule", s->rule);
	json_put_time(row, "since", s->since_s);
	json_put_text(row, "why", s->why);
	return row;
}

static int put_suspended(struct reading *r, struct why *why)
{
	json_t *const list = new_list();
	struct query_suspension s;
	int rc;

	json_put(r->object, "suspended", list);
	if (r->store == NULL)
		return 0;
	query_suspensions(r->store);
	while ((rc = query_next_suspension(r->store, &s, why)) == 0 &&
	       rows_append(list, suspension_row(&s), &r->bytes_left))
		;
	query_stop(r->store);
	return rc < 0 ? rc : 0;
}

static json_t *peer_row(const struct store_peer *p)
{
	json_t *const row = new_row();

	json_put_text(row, "name", p->name);
	json_put_time(row, "received_at", p->received_s);
	json_put_number(row, "lag_ms", p->lag_ms);
	json_put_number(row, "accepted", p->accepted);
	json_put_number(row, "refused", p->refused);
	json_put_text(row, "refused_why", p->refusal[0] != '\0' ? p->refusal : NULL);
	return row;
}

static int put_peers(struct reading *r, struct why *why)
{
	json_t *const list = new_list();
	struct store_peer peer;
	int rc;

	json_put(r->object, "peers", list);
	if (r->store == NULL)
		return 0;
	rc = store_peers(r->store, why);
	while (rc == 0 && (rc = store_next_peer(r->store, &peer, why)) == 0 &&
	       rows_append(list, peer_row(&peer), &r->bytes_left))
		;
	query_stop(r->store);
	return rc < 0 ? rc : 0;
}

/* now: which clients it holds; sums: of today. */
static json_t *gate_row(const struct store_gate_now *now, const struct store_gate_sums *sums, int64_t now_s)
{
	json_t *const row = new_row();
	char text[ADDR_TEXT_MAX];

	(void)addr_text(&now->waits, text);
	json_put_text(row, "name", now->name);
	json_put_bool(row, "closed", now->closed);
	json_put_time(row, "counted_at", now->at_s);
	json_put_number(row, "paused", now->paused);
	json_put_number(row, "in_window", now->inside);
	json_put_number(row, "waiting", now->waiting);
	json_put_text(row, "waits_longest", now->since_s != 0 ? text : NULL);
	json_put_number(row, "waits_s", now->since_s != 0 ? now_s - now->since_s : 0);
	json_put_number(row, "refused_today", sums->refused);
	json_put_number(row, "let_in_today", sums->admitted);
	json_put_number(row, "passed_today", sums->asked - sums->refused - sums->admitted);
	return row;
}

static int put_gates(struct reading *r, struct why *why)
{
	static const struct store_gate_sums none;
	struct store_gate_now now[GATES_CAP];
	struct store_gate_sums sums[GATES_CAP];
	json_t *const list = new_list();
	size_t n = 0, n_sums = 0;
	int rc = 0;

	json_put(r->object, "gates", list);
	if (r->store != NULL && (rc = store_gates_now(r->store, now, &n, why)) == 0)
		rc = store_gates(r->store, r->now_s / 86400, sums, &n_sums, why);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct store_gate_sums *of = &none;

		for (size_t k = 0; k < n_sums; k++)
			if (strcmp(sums[k].name, now[i].name) == 0)
				of = &sums[k];
		(void)rows_append(list, gate_row(&now[i], of, r->now_s), &r->bytes_left);
	}
	return rc;
}

int state_put(json_t *object, struct store *store, const struct pending *pending, const struct config *config,
              int64_t now_s, struct query_bound bound, size_t bytes, struct why *why)
{
	static int (*const parts[])(struct reading *, struct why *) = {
		put_logs, put_journal, put_totals, put_suspended, put_peers, put_prefixes, put_gates};
	struct reading r = {object, store, pending, config, now_s, bound, bytes};
	struct why ignored;
	int rc = 0;

	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const int one = parts[i](&r, rc == 0 ? why : &ignored);

		rc = rc == 0 ? one : rc;
	}
	put_status(&r);
	put_sockets(&r);
	put_block_files(&r);
	return rc;
}
