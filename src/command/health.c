#include "command/health.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "engine/choice.h"
#include "input/globs.h"
#include "input/readable.h"
#include "store/journals.h"

static void add(struct health *h, enum problems_kind kind, int64_t since_s, const char *what, const char *remedy)
{
	struct problem *const p = &h->list[h->n];

	if (h->n == HEALTH_MAX)
		return;
	h->n++;
	p->kind = kind;
	p->since_s = since_s;
	(void)snprintf(p->what, sizeof p->what, "%s", what);
	(void)snprintf(p->remedy, sizeof p->remedy, "%s", remedy != NULL ? remedy : problems_remedy(kind));
}

static bool has(const struct health *h, enum problems_kind kind)
{
	for (size_t i = 0; i < h->n; i++)
		if (h->list[i].kind == kind)
			return true;
	return false;
}

/* --- what the daemon reported --- */

static int64_t time_of(const char *text)
{
	struct tm tm = {0};

	return text != NULL && strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm) != NULL ? (int64_t)timegm(&tm) : 0;
}

static void add_row(struct health *h, const json_t *row)
{
	const char *const name = json_string_value(json_object_get(row, "kind"));
	const char *const what = json_string_value(json_object_get(row, "what"));

	if (name == NULL || what == NULL)
		return;
	for (unsigned kind = 0; kind < PROBLEMS_N; kind++)
		if (strcmp(problems_name((enum problems_kind)kind), name) == 0)
			add(h, (enum problems_kind)kind, time_of(json_string_value(json_object_get(row, "since"))),
			    what, json_string_value(json_object_get(row, "remedy")));
}

/*
 * Queries the daemon and keeps its reply. Returns false if it cannot be queried or is of another version; why has the
 * reason.
 */
static bool ask_daemon(const struct config *config, struct health *h, struct why *why)
{
	static const char line[] = "status\n";
	const int fd = daemon_connect(config, true, why);
	json_t *reply, *rows;
	int rc;

	if (fd < 0)
		return false;
	rc = daemon_ask(fd, line, strlen(line), &reply, why);
	(void)close(fd);
	if (rc < 0)
		return false;
	rows = json_object_get(reply, "problems");
	if (rows == NULL) {
		(void)why_set(why, EPROTO, "the daemon does not report its problems; is it another version?");
		json_decref(reply);
		return false;
	}
	for (size_t i = 0; i < json_array_size(rows); i++)
		add_row(h, json_array_get(rows, i));
	h->reply = reply;
	return true;
}

/* --- visible without the daemon --- */

static bool check_log(const struct config *config, const char *path, const struct readable_user *user, struct health *h)
{
	struct why why, remedy;

	if (readable_by(path, user, &why) == 0)
		return true;
	readable_remedy(path, config->run.user, &remedy);
	add(h, PROBLEMS_LOG, 0, why.text, remedy.text);
	return false;
}

/* Checks the files that match a pattern; reports only the first that cannot be read. */
static void check_section(const struct config *config, const char *path, const struct readable_user *user,
                          struct health *h)
{
	struct why why, remedy;
	char **files;
	size_t n;

	if (!globs_is_pattern(path)) {
		(void)check_log(config, path, user, h);
		return;
	}
	globs_files(path, &files, &n);
	for (size_t i = 0; i < n && check_log(config, files[i], user, h); i++)
		;
	globs_free_files(files, n);
	if (n > 0)
		return;
	(void)why_set(&why, ENOENT, "no file matches %s", path);
	readable_pattern_remedy(path, config->run.user, &remedy);
	add(h, PROBLEMS_LOG, 0, why.text, remedy.text);
}

static void check_logs(const struct config *config, struct health *h)
{
	struct readable_user user;
	struct why why;

	if (readable_user(config->run.user, &user, &why) < 0)
		return; /* "check" reports it */
	for (size_t i = 0; i < config->n_logs; i++)
		check_section(config, config->logs[i], &user, h);
}

static const char *status_value(struct store *store, const char *key)
{
	struct why ignored; /* what cannot be read is unknown */
	const char *text = NULL;

	return query_state(store, key, &text, &ignored) == 0 && text != NULL ? text : "";
}

/* Checks what the daemon stored last. */
static void check_state(struct store *store, struct health *h)
{
	struct why what;

	if (status_value(store, "rules_fault")[0] != '\0')
		add(h, PROBLEMS_RULES, 0, status_value(store, "rules_fault"), NULL);
	if (strtoll(status_value(store, "refused"), NULL, 10) > 0) {
		(void)why_set(&what, ENOSPC, "the kernel rejected entries of blocks; the first: %s",
		              status_value(store, "refused_why"));
		add(h, PROBLEMS_REFUSED, 0, what.text, NULL);
	}
}

/* --- only in the database --- */

static void check_suspended(struct store *store, struct health *h)
{
	struct query_suspension s;
	struct why what, remedy;

	query_suspensions(store);
	while (query_next_suspension(store, &s, &what) == 0) {
		(void)why_set(&what, EINVAL, "rule %s is suspended and blocks nobody: %s", s.rule, s.why);
		(void)why_set(&remedy, EINVAL, "find out why, then 'watchforspammers resume %s'", s.rule);
		add(h, PROBLEMS_SUSPENDED, s.since_s, what.text, remedy.text);
	}
}

static bool is_configured(const struct config *config, const char *path)
{
	for (size_t i = 0; i < config->n_logs; i++)
		if (strcmp(config->logs[i], path) == 0 ||
		    (globs_is_pattern(config->logs[i]) && globs_match(config->logs[i], path)))
			return true;
	return false;
}

static int64_t lines_of_journal(const struct config *config, struct store *store)
{
	const struct journal_where where = choice_where(config);
	char name[POSITION_FIRST_MAX];
	struct store_journal journal;
	struct store_log log;
	struct why ignored;

	journal_where_name(&where, name, sizeof name);
	return store_journal_find(store, name, &log, &journal, &ignored) == 0 ? log.lines : 0;
}

/* Reports if the logs are readable but none has a line: the mail server writes to other logs. */
static void check_silence(const struct config *config, struct store *store, struct health *h)
{
	struct query_log log;
	struct why ignored;
	int64_t lines = 0;

	query_logs(store);
	while (query_next_log(store, &log, &ignored) == 0)
		lines += is_configured(config, log.path) ? log.lines : 0;
	if (config->journal.reads)
		lines += lines_of_journal(config, store);
	if (lines == 0 && config->n_sockets == 0 && !has(h, PROBLEMS_LOG) && !has(h, PROBLEMS_JOURNAL))
		add(h, PROBLEMS_SILENT, 0,
		    config->journal.reads ? "neither a log nor the journal has had a line of a mail server yet"
		                          : "no log has had a line yet",
		    NULL);
}

/* --- all problems --- */

/* Returns whether a problem is critical. Unreadable logs are only if none can be read. */
static bool is_critical(const struct health *h, const struct problem *p, size_t n_logs)
{
	size_t n = 0;

	for (size_t i = 0; i < h->n; i++)
		n += h->list[i].kind == PROBLEMS_LOG;
	return problems_is_critical(p->kind) || (p->kind == PROBLEMS_LOG && n >= n_logs);
}

static void sort(struct health *h, size_t n_logs)
{
	for (size_t i = 0; i < h->n; i++)
		h->list[i].critical = is_critical(h, &h->list[i], n_logs);
	for (size_t i = 1; i < h->n; i++)
		for (size_t j = i; j > 0 && h->list[j].critical && !h->list[j - 1].critical; j--) {
			const struct problem swapped = h->list[j];

			h->list[j] = h->list[j - 1];
			h->list[j - 1] = swapped;
		}
}

void health_gather(const struct config *config, const char *config_error, struct store *store,
                   const char *database_error, struct health *ret)
{
	struct why why = {""};

	*ret = (struct health){.daemon = daemon_state(config)};
	if (ret->daemon == DAEMON_STOPPED)
		add(ret, PROBLEMS_STOPPED, 0,
		    config->firewall.keep_on_stop ? "the daemon is not running"
		                                  : "the daemon is not running, so nobody is blocked now",
		    NULL);
	else if (!ask_daemon(config, ret, &why) && config->control.socket[0] != '\0')
		add(ret, PROBLEMS_UNKNOWN, 0, why.text, NULL);
	if (ret->reply == NULL)
		check_logs(config, ret);
	if (ret->reply == NULL && store != NULL)
		check_state(store, ret);
	if (config_error[0] != '\0' && !has(ret, PROBLEMS_CONFIG))
		add(ret, PROBLEMS_CONFIG, 0, config_error, NULL);
	if (store != NULL) {
		check_suspended(store, ret);
		check_silence(config, store, ret);
		if (status_value(store, "database_error")[0] != '\0')
			add(ret, PROBLEMS_LOST, 0, status_value(store, "database_error"), NULL);
	} else if (database_error[0] != '\0') {
		add(ret, PROBLEMS_UNKNOWN, 0, database_error, NULL);
	}
	sort(ret, config->n_logs);
}

enum health_level health_level(const struct health *h)
{
	enum health_level level = h->n > 0 ? HEALTH_WARNING : HEALTH_OK;

	if (h->n > 0 && h->list[0].critical)
		return HEALTH_CRITICAL;
	if (has(h, PROBLEMS_UNKNOWN))
		level = HEALTH_UNKNOWN;
	return level;
}
