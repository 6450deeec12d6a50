#include "engine/live.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <systemd/sd-daemon.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/nets.h"
#include "base/plural.h"
#include "pipeline/change.h"
#include "pipeline/restore.h"
#include "rulecheck/examples.h"
#include "store/query.h"
#include "store/reputation.h"

enum {
	NAMES_KEPT_S = 7 * 86400, /* the last answers of a DNS name, over restarts */
	NAMES_KEPT_MS = 86400 * 1000,
	RETRY_MS = 1000, /* after an error of the database */
	LIFTED_AT_ONCE = 256, /* blocks */
	LIFT_SLICE = 16, /* times that, looked at in one turn: about a millisecond */
};

/* --- rules --- */

/* The caller reports the first. */
static void log_other_errors(const struct rulefile_errors *errors)
{
	for (size_t i = 1; i < errors->n; i++)
		log_line(LOG_ERR, "%.*s", (int)strcspn(errors->text[i], "\n"), errors->text[i]);
}

/* All that is configured, or nothing. */
static int load_rules(const struct config *config, struct rules **ret, struct why *why)
{
	struct rulefile_errors errors;
	const int rc = examples_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0, ret,
	                             &errors, why);

	log_other_errors(&errors);
	rulefile_errors_done(&errors);
	if (rc < 0)
		why->text[strcspn(why->text, "\n")] = '\0'; /* the place below it is for terminals: "check" shows it */
	return rc;
}

/* At the start: the files without errors. error: what "status" shows, "" when there is no error. */
static struct rules *load_good_rules(const struct config *config, struct why *error)
{
	struct rulefile_errors errors;
	struct rules *rules;
	const char *none = "";

	examples_load_good((const char *const *)config->run.patterns, config->run.n_patterns, &rules, &errors);
	for (size_t i = 0; i < errors.n; i++)
		log_line(LOG_ERR, "%s", errors.text[i]);
	if (rules_count(rules) == 0) {
		none = "no rule is active, so nothing is blocked";
		log_line(LOG_ALERT, "%s; see 'watchforspammers check'", none);
	}
	(void)snprintf(error->text, sizeof error->text, "%s%s%s", none, *none != '\0' && errors.n > 0 ? "; " : "",
	               errors.n > 0 ? errors.text[0] : "");
	if (errors.n > 1) {
		const size_t len = strlen(error->text);

		(void)snprintf(error->text + len, sizeof error->text - len, "; %zu more, see 'watchforspammers check'",
		               errors.n - 1);
	}
	rulefile_errors_done(&errors);
	return rules;
}

/* "status" shows it; "" when there is none. */
static void set_rules_problem(struct live *l, const char *text)
{
	struct why why;
	int rc;

	if (text[0] == '\0')
		problems_clear(l->problems, PROBLEMS_RULES, 0);
	else
		problems_set(l->problems, PROBLEMS_RULES, 0, text, NULL, clock_unix_s());
	rc = store_begin(l->store, &why);

	if (rc == 0) {
		rc = store_state_set(l->store, "rules_fault", text, &why);
		rc = store_finish(l->store, rc, &why);
	}
	if (rc < 0)
		log_line(LOG_WARNING, "%s; status does not show the state of the rules", why.text);
}

/* The files of addresses that the rules name. */
static void watch_lists(const struct live *l)
{
	const char *paths[RULES_WATCH_LINKS_MAX];

	rules_watch_files(l->rules_watch, paths, rules_lists(l->rules, paths, RULES_WATCH_LINKS_MAX));
}

/* Without a watch, a reload does it. */
static void watch_edits(struct live *l)
{
	struct why why;

	rules_watch_free(l->rules_watch);
	l->rules_watch = NULL;
	if (rules_watch_new((const char *const *)l->config->run.patterns, l->config->run.n_patterns, &l->rules_watch, &why) < 0)
		log_line(LOG_WARNING, "%s", why.text);
	if (l->rules != NULL)
		watch_lists(l);
}

/* --- allowed addresses --- */

/* A manual block counts less than the allow list, but more than what an address has earned. */
static bool is_allowed(const struct live *l, const struct block *block)
{
	if (block->cause == BLOCK_LISTED)
		return false; /* live_move_listed does it */
	return block->cause == BLOCK_MANUAL ? allowlist_overlaps(l->allowlist, &block->net)
	                                    : verdict_spares(l->verdict, &block->net);
}

/* Ends the blocks of addresses that are now allowed, in the database and then in the kernel. */
static int lift(struct live *l, struct reconcile *reconcile, const struct block *blocks, size_t n, struct why *why)
{
	const int64_t now_s = clock_unix_s();
	const int rc = change_write(l->store, &(struct change){.at_s = now_s, .n_ends = n, .ends = blocks, .ended_by = "allowed"}, why);

	if (rc < 0)
		return rc;
	verdict_at(l->verdict, now_s);
	events_at(l->events, now_s);
	for (size_t i = 0; i < n; i++) {
		verdict_until(l->verdict, &blocks[i].net, now_s);
		events_released(l->events, &blocks[i].net, "allowed now", NULL, NULL);
	}
	events_sum(l->events);
	return reconcile_del(reconcile, blocks, n, now_s, why);
}

void live_lift_allowed(struct live *l, struct reconcile *reconcile)
{
	struct block blocks[LIFTED_AT_ONCE];
	struct why why;
	int rc = 0;

	verdict_at(l->verdict, clock_unix_s());
	for (size_t slice = 0; slice < LIFT_SLICE && l->lifts && rc == 0; slice++) {
		const size_t n = reconcile_some(reconcile, &l->lift_place, blocks, LIFTED_AT_ONCE);
		size_t n_allowed = 0;

		for (size_t i = 0; i < n; i++)
			if (is_allowed(l, &blocks[i]))
				blocks[n_allowed++] = blocks[i];
		if (n_allowed > 0)
			rc = lift(l, reconcile, blocks, n_allowed, &why);
		l->lifts = l->lift_place != 0;
	}
	if (rc == 0)
		return;
	log_line(LOG_WARNING, "%s; blocks of allowed addresses end at the next sync", why.text);
	l->lifts = false;
	live_earned(l);
}

bool live_lifts(const struct live *l)
{
	return l->lifts;
}

void live_refresh_allowed(struct live *l)
{
	struct why why;

	verdict_at(l->verdict, clock_unix_s());
	if (allowlist_refresh(l->allowlist, l->verdict, &why) == ALLOWLIST_ERROR)
		log_line(LOG_WARNING, "%s", why.text);
	if (allowlist_changes(l->allowlist) == l->lifted)
		return;
	l->lifted = allowlist_changes(l->allowlist);
	l->lifts = true;
	l->lift_place = 0;
}

void live_earned(struct live *l)
{
	l->lifted = allowlist_changes(l->allowlist) - 1; /* another than now */
}

/* --- networks that others list --- */

void live_refresh_listed(struct live *l, const struct reconcile *reconcile)
{
	const char *trouble;
	struct why why;

	if (blocklist_refresh(l->blocklist, l->verdict, l->allowlist, reconcile, &why) == BLOCKLIST_ERROR)
		log_line(LOG_WARNING, "%s", why.text);
	trouble = blocklist_trouble(l->blocklist);
	if (trouble != NULL)
		problems_set(l->problems, PROBLEMS_FILE, 0, trouble, NULL, clock_unix_s());
	else
		problems_clear(l->problems, PROBLEMS_FILE, 0);
}

int live_move_listed(struct live *l, struct reconcile *reconcile, struct why *why)
{
	struct blocklist_change change;
	char net[NET_TEXT_MAX];
	bool ended = false;
	int rc;

	if (!blocklist_moves(l->blocklist))
		return 0;
	rc = blocklist_move(l->blocklist, reconcile, clock_unix_s(), &ended, &change, why);
	if (!ended)
		return rc;
	log_line(LOG_NOTICE, "[block] file: %zu %s, %zu added, %zu removed", change.n,
	         plural((int64_t)change.n, "network", "networks"), change.added, change.removed);
	if (change.left_out > 0) {
		(void)net_text(&change.first_left_out, net);
		log_line(LOG_WARNING, "[block] file: %zu %s left out, the first is %s: too large for the kernel's lists, or with addresses "
		                      "that are never blocked", change.left_out, plural((int64_t)change.left_out, "network is", "networks are"), net);
	}
	return rc;
}

/* --- names --- */

/* For a start at which no name server answers. */
static int remember_names(struct live *l, struct why *why)
{
	const int64_t now = clock_unix_s();
	struct nets nets = {0};
	int rc = 0;

	allowlist_named(l->allowlist, &nets);
	if (nets.n > 0 && (rc = store_begin(l->store, why)) == 0) {
		for (size_t i = 0; i < nets.n && rc == 0; i++)
			rc = store_add_allowance(l->store, &nets.list[i], now, now + NAMES_KEPT_S, "name", NULL, why);
		rc = store_finish(l->store, rc, why);
	}
	nets_done(&nets);
	return rc;
}

/* --- SPF domains --- */

/* What ended may be allowed for another reason, too. */
static void end_earned(struct live *l, const struct nets *ended, int64_t now_s)
{
	for (size_t i = 0; i < ended->n; i++) {
		struct query_allowance left;
		struct why ignored;
		const int rc = query_allowance(l->store, &ended->list[i], now_s, &left, &ignored);

		verdict_allow_earned(l->verdict, &ended->list[i], rc == 0 ? left.until_s : now_s);
	}
}

/* Its networks, for a start at which no name server answers; each change is an event. Returns how many ended, or an error. */
static int store_networks(struct live *l, const struct senders_news *news, size_t *ret_ended, struct why *why)
{
	const int64_t now_s = clock_unix_s();
	struct nets ended = {0};
	int rc = store_begin(l->store, why);

	if (rc == 0) {
		rc = store_set_allowances(l->store, "spf", news->domain, &news->networks->nets, now_s, now_s + NAMES_KEPT_S, &ended,
		                          why);
		rc = store_finish(l->store, rc, why);
	}
	verdict_at(l->verdict, now_s);
	if (rc == 0)
		end_earned(l, &ended, now_s);
	*ret_ended = ended.n;
	nets_done(&ended);
	return rc;
}

static void log_news(const struct senders_news *news, size_t ended)
{
	switch (news->what) {
	case SENDERS_KNOWN:
		log_line(LOG_NOTICE, "SPF of %s: %zu %s allowed, %zu no longer", news->domain, news->networks->nets.n,
		         plural((int64_t)news->networks->nets.n, "network is", "networks are"), ended);
		for (size_t i = 0; i < news->networks->n_notes; i++)
			log_line(LOG_NOTICE, "SPF of %s", news->networks->notes[i]);
		break;
	case SENDERS_ERROR:
		log_line(LOG_WARNING, "%s; nothing is allowed because of it", news->why.text);
		break;
	case SENDERS_SILENT:
		log_line(LOG_WARNING, "%s; what SPF of %s allowed before stays allowed", news->why.text, news->domain);
		break;
	}
}

static void handle_news(struct live *l, const struct senders_news *news)
{
	size_t ended = 0;
	struct why why;

	if (news->what != SENDERS_SILENT && store_networks(l, news, &ended, &why) < 0)
		log_line(LOG_WARNING, "%s; the networks of %s are not stored, and last until a restart", why.text, news->domain);
	if (news->changed)
		log_news(news, ended);
}

bool live_receive_names(struct live *l)
{
	const int64_t now_ms = clock_steady_ms();
	const bool changed = allowlist_turn(l->allowlist, now_ms);
	struct senders_news news;
	struct why why;

	while (allowlist_news(l->allowlist, &news))
		handle_news(l, &news);

	if (changed || now_ms >= l->names_at)
		l->names_at = now_ms + (remember_names(l, &why) < 0 ? RETRY_MS : NAMES_KEPT_MS);
	return changed;
}

/* --- all of it --- */

/* Domains that are no longer configured. */
static int end_other_senders(const struct live *l, const struct config *config, struct why *why)
{
	int rc = store_begin(l->store, why);

	if (rc == 0) {
		rc = store_keep_allowances(l->store, "spf", config->allow.spf.list, config->allow.spf.n, clock_unix_s(), why);
		rc = store_finish(l->store, rc, why);
	}
	return rc;
}

/* A verdict of a configuration, which holds what the database holds. */
static int recall(struct live *l, const struct config *config, const struct rules *rules,
                  struct allowlist **ret_allowlist, struct verdict **ret, struct why *why)
{
	struct allowlist *const allowlist = allowlist_new(config);
	int rc;

	if (allowlist_refresh(allowlist, NULL, why) == ALLOWLIST_ERROR)
		log_line(LOG_WARNING, "%s", why->text);
	if (end_other_senders(l, config, why) < 0)
		log_line(LOG_WARNING, "%s; what SPF of other domains allowed stays allowed", why->text);
	rc = restore_verdict(l->store, config, rules, allowlist, true, clock_unix_s(), ret, why);
	if (rc < 0)
		allowlist_free(allowlist);
	else
		*ret_allowlist = allowlist;
	return rc;
}

/* Replaces rules and verdict by those of config, or changes nothing. rules: owned here on success. */
static int put_rules(struct live *l, const struct config *config, struct rules *rules, struct why *why)
{
	struct allowlist *allowlist;
	struct verdict *verdict;
	const int rc = recall(l, config, rules, &allowlist, &verdict, why);

	if (rc < 0)
		return rc;
	rules_scratch_free(l->scratch);
	rules_free(l->rules);
	verdict_free(l->verdict);
	allowlist_free(l->allowlist);
	l->rules = rules;
	l->scratch = rules_scratch_new(rules);
	l->verdict = verdict;
	l->allowlist = allowlist;
	l->lifted = 0; /* looked through at the next live_refresh_allowed */
	watch_lists(l);
	sessions_clear(l->sessions);
	pending_forget_rules(l->pending);
	return 0;
}

void live_restore(struct live *l)
{
	struct verdict *verdict;
	struct why why;

	if (restore_verdict(l->store, l->config, l->rules, l->allowlist, true, clock_unix_s(), &verdict, &why) < 0) {
		log_line(LOG_ERR, "%s; a vote that could not be written counts until the next reload", why.text);
		return;
	}
	verdict_free(l->verdict);
	l->verdict = verdict;
}

static void set_not_reloaded(struct live *l, const char *error)
{
	char *const text = alloc_format("an error in rules", "%s; %s", error,
	                                rules_count(l->rules) > 0 ? "the old rules are in force"
	                                                          : "still no rule is active");

	set_rules_problem(l, text);
	free(text);
}

/* Reloads the rules. Hits keep pointing at their rules. */
static int renew(struct live *l, const struct config *config, struct why *why)
{
	struct rules *rules;
	int rc;

	assert(!pending_has_hits(l->pending));
	rc = load_rules(config, &rules, why);
	if (rc < 0) {
		set_not_reloaded(l, why->text);
		return rc;
	}
	if ((rc = put_rules(l, config, rules, why)) < 0) {
		rules_free(rules);
		return rc;
	}
	set_rules_problem(l, "");
	return 0;
}

/* By the new configuration, and the verdict that goes with it. */
static void renew_lists(struct live *l)
{
	struct why why;

	dnsbl_free(l->dnsbl);
	l->dnsbl = dnsbl_new(l->config, NULL);
	if (l->dnsbl != NULL &&
	    restore_lists(l->store, l->dnsbl, l->verdict, clock_unix_s() - l->config->block.window_s, &why) < 0)
		log_line(LOG_WARNING, "%s; DNS lists may be queried twice about an address", why.text);
}

/* What a running daemon cannot change. */
static void log_what_needs_a_restart(const struct config *old, const struct config *new)
{
	bool logs = old->n_logs != new->n_logs;

	for (size_t i = 0; i < new->n_logs && !logs; i++)
		logs = strcmp(old->logs[i], new->logs[i]) != 0;
	logs = logs || old->n_sockets != new->n_sockets;
	for (size_t i = 0; i < new->n_sockets && !logs; i++)
		logs = strcmp(old->sockets[i], new->sockets[i]) != 0;
	if (logs)
		log_line(LOG_WARNING, "[log] or [socket] sections changed; restart to follow the new ones");
	if (old->journal.read != new->journal.read || strcmp(old->journal.namespace, new->journal.namespace) != 0 ||
	    strcmp(old->journal.machine, new->journal.machine) != 0 ||
	    strcmp(old->journal.directory, new->journal.directory) != 0)
		log_line(LOG_WARNING, "[journal] takes effect after a restart");
	if (strcmp(old->export.file, new->export.file) != 0 || strcmp(old->export.file_format, new->export.file_format) != 0)
		log_line(LOG_WARNING, "[export] takes effect after a restart");
	if (strcmp(old->database.path, new->database.path) != 0 || strcmp(old->run.user, new->run.user) != 0 ||
	    strcmp(old->firewall.backend, new->firewall.backend) != 0 ||
	    strcmp(old->firewall.list, new->firewall.list) != 0 ||
	    strcmp(old->firewall.chain, new->firewall.chain) != 0 ||
	    old->firewall.seconds != new->firewall.seconds || old->firewall.action != new->firewall.action ||
	    old->firewall.sessions != new->firewall.sessions || old->firewall.hooks != new->firewall.hooks ||
	    old->firewall.connections != new->firewall.connections ||
	    old->firewall.connections_s != new->firewall.connections_s ||
	    !gates_equal(&old->gates, &new->gates) ||
	    !portlists_equal(&old->firewall.ports, &new->firewall.ports) ||
	    strcmp(old->control.socket, new->control.socket) != 0 ||
	    strcmp(old->control.group, new->control.group) != 0 ||
	    strcmp(old->control.readers, new->control.readers) != 0 ||
	    strcmp(old->control.token_file, new->control.token_file) != 0 ||
	    old->control.tcp_port != new->control.tcp_port || !addr_equal(&old->control.tcp, &new->control.tcp))
		log_line(LOG_WARNING, "[firewall], [gate], [control], [database] path and [run] user take effect after a restart");
}

/* The kernel's lists have the masks they were made with. */
static void keep_masks(const struct config *old, struct config *new)
{
	if (old->block.ip6_prefix != new->block.ip6_prefix)
		log_line(LOG_WARNING, "[block] ip6_prefix takes effect after a restart");
	new->block.ip6_prefix = old->block.ip6_prefix;
	new->firewall.ports = old->firewall.ports; /* log_what_needs_a_restart says so */
}

static void note_config_error(struct live *l, const struct why *why)
{
	struct why what;

	(void)why_set(&what, EINVAL, "the configuration has an error, the old one is in force: %s", why->text);
	problems_set(l->problems, PROBLEMS_CONFIG, 0, what.text, NULL, clock_unix_s());
}

static int reload(struct live *l, struct why *why)
{
	struct config *config;
	int rc;

	if (pending_has_hits(l->pending))
		return why_set(why, EAGAIN, "hits are waiting for the database; reload again in a second");
	rc = handed_config(&l->handed, &config, why);
	if (rc < 0) {
		note_config_error(l, why);
		return rc;
	}
	problems_clear(l->problems, PROBLEMS_CONFIG, 0);
	config_settle(config, l->started->journal.reads);
	keep_masks(l->started, config);
	if ((rc = renew(l, config, why)) < 0) {
		config_free(config);
		return rc;
	}
	log_what_needs_a_restart(l->started, config);
	blocklist_configure(l->blocklist, &config->block.files);
	if (l->config != l->started)
		config_free(l->config);
	l->config = config;
	renew_lists(l);
	watch_edits(l);
	return 0;
}

int live_reload(struct live *l, struct why *why)
{
	char text[RULES_SIZE_TEXT_MAX];
	int rc;

	(void)sd_notify(0, "RELOADING=1");
	rc = reload(l, why);
	if (rc < 0)
		log_line(LOG_ERR, "reload: %s; keeping the old configuration and rules", why->text);
	else
		log_line(LOG_NOTICE, "reloaded: %s", rules_size_text(l->rules, text));
	(void)sd_notify(0, "READY=1");
	return rc;
}

void live_edited(struct live *l)
{
	char text[RULES_SIZE_TEXT_MAX];
	struct why why;

	if (!rules_watch_read(l->rules_watch, clock_steady_ms()))
		return;
	if (renew(l, l->config, &why) < 0)
		log_line(LOG_ERR, "%s; keeping the old rules", why.text);
	else
		log_line(LOG_NOTICE, "rules reloaded: %s", rules_size_text(l->rules, text));
}

static struct greylist *new_cluster(void)
{
	uint64_t seed = 0;

	(void)!getrandom(&seed, sizeof seed, 0); /* 0 works too, but attackers know it */
	return greylist_new(seed);
}

void live_init(struct live *l, struct config *config, const struct handed *handed, struct problems *problems,
               struct events *events)
{
	*l = (struct live){.config = config,
	                     .started = config,
	                     .handed = *handed,
	                     .problems = problems,
	                     .events = events,
	                     .sessions = sessions_new(),
	                     .blocklist = blocklist_new(portlists_of(&config->firewall.ports, "file", "file")),
	                     .greylist = new_cluster()};
	blocklist_configure(l->blocklist, &config->block.files);
	watch_edits(l);
}

int live_load(struct live *l, struct store *store, struct pending *pending, struct why *why)
{
	struct why error;
	struct rules *rules;
	int rc;

	l->store = store;
	l->pending = pending;
	rules = load_good_rules(l->config, &error);
	if ((rc = put_rules(l, l->config, rules, why)) < 0) {
		rules_free(rules);
		return rc;
	}
	set_rules_problem(l, error.text);
	renew_lists(l);
	return restore_cluster(store, l->greylist, l->verdict, clock_unix_s(), why);
}

void live_done(struct live *l)
{
	rules_watch_free(l->rules_watch);
	verdict_free(l->verdict);
	greylist_free(l->greylist);
	allowlist_free(l->allowlist);
	blocklist_free(l->blocklist);
	dnsbl_free(l->dnsbl);
	sessions_free(l->sessions);
	rules_scratch_free(l->scratch);
	rules_free(l->rules);
	if (l->config != l->started)
		config_free(l->config);
	config_free(l->started);
}
