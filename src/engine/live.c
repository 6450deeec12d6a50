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
#include "engine/restarts.h"
#include "pipeline/restore.h"
#include "rulecheck/examples.h"
#include "store/reputation.h"

/* --- rules --- */

/* Logs all errors but the first, which the caller reports. */
static void log_other_errors(const struct rulefile_errors *errors)
{
	for (size_t i = 1; i < errors->n; i++)
		log_line(LOG_ERR, "%.*s", (int)strcspn(errors->text[i], "\n"), errors->text[i]);
}

/* Loads all configured rules, or none. */
static int load_rules(const struct config *config, struct rules **ret, struct why *why)
{
	struct rulefile_errors errors;
	const int rc = examples_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0, ret,
	                             &errors, why);

	log_other_errors(&errors);
	rulefile_errors_done(&errors);
	if (rc < 0)
		/* the marked source line below it is for terminals; "check" shows it */
		why->text[strcspn(why->text, "\n")] = '\0';
	return rc;
}

/* Loads the rule files without errors, at start. error: what "status" shows; "" if there is no error. */
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

/* Sets the problem that "status" shows; "" clears it. */
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

/* Watches the address files that the rules name. */
static void watch_lists(const struct live *l)
{
	const char *paths[RULES_WATCH_LINKS_MAX];

	rules_watch_files(l->rules_watch, paths, rules_lists(l->rules, paths, RULES_WATCH_LINKS_MAX));
}

/* Watches the rule files. If that fails, changes need a reload. */
static void watch_edits(struct live *l)
{
	struct why why;

	rules_watch_free(l->rules_watch);
	l->rules_watch = NULL;
	if (rules_watch_new((const char *const *)l->config->run.patterns, l->config->run.n_patterns, &l->rules_watch,
	                    &why) < 0)
		log_line(LOG_WARNING, "%s", why.text);
	if (l->rules != NULL)
		watch_lists(l);
}

/* --- all of it --- */

/* Ends the allowances of domains and names that are no longer configured. */
static int end_other_senders(const struct live *l, const struct config *config, struct why *why)
{
	int rc = store_begin(l->store, why);

	if (rc == 0) {
		rc = store_keep_allowances(l->store, "spf", config->allow.spf.list, config->allow.spf.n, clock_unix_s(),
		                           why);
		if (rc == 0)
			rc = store_keep_allowances(l->store, "name", config->allow.names.list, config->allow.names.n,
			                           clock_unix_s(), why);
		rc = store_finish(l->store, rc, why);
	}
	return rc;
}

/* Creates a verdict for a configuration from what the database holds. reconcile: see struct restore_from. */
static int recall(struct live *l, const struct config *config, const struct rules *rules, struct reconcile *reconcile,
                  struct allowlist **ret_allowlist, struct verdict **ret, struct why *why)
{
	struct allowlist *const allowlist = allowlist_new(config);
	int rc;

	allowlist_move_files(allowlist, l->allowlist);
	if (allowlist_refresh(allowlist, NULL, why) == ALLOWLIST_ERROR)
		log_line(LOG_WARNING, "%s", why->text);
	if (end_other_senders(l, config, why) < 0)
		log_line(LOG_WARNING, "%s; what SPF of other domains allowed stays allowed", why->text);
	rc = restore_verdict(&(struct restore_from){.store = l->store,
	                                            .config = config,
	                                            .rules = rules,
	                                            .allowlist = allowlist,
	                                            .reconcile = reconcile,
	                                            .live = true},
	                     clock_unix_s(), ret, why);
	if (rc < 0) {
		if (l->allowlist != NULL)
			allowlist_move_files(l->allowlist, allowlist);
		allowlist_free(allowlist);
	} else
		*ret_allowlist = allowlist;
	return rc;
}

/* Replaces rules and verdict by those of config, or changes nothing. Takes ownership of rules on success. */
static int put_rules(struct live *l, const struct config *config, struct rules *rules, struct reconcile *reconcile,
                     struct why *why)
{
	struct allowlist *allowlist;
	struct verdict *verdict;
	const int rc = recall(l, config, rules, reconcile, &allowlist, &verdict, why);

	if (rc < 0)
		return rc;
	rules_scratch_free(l->scratch);
	rules_free(l->rules);
	verdict_free(l->verdict);
	allowlist_free(l->allowlist);
	l->rules = rules;
	l->scratch = rules_scratch_new(rules);
	l->verdict = verdict;
	verdict_elsewhere(verdict, l->elsewhere);
	l->allowlist = allowlist;
	l->lifted = 0; /* makes the next live_refresh_allowed check all blocks */
	watch_lists(l);
	sessions_clear(l->sessions);
	pending_forget_rules(l->pending);
	return 0;
}

void live_restore(struct live *l)
{
	struct verdict *verdict;
	struct why why;

	if (restore_verdict(&(struct restore_from){.store = l->store,
	                                           .config = l->config,
	                                           .rules = l->rules,
	                                           .allowlist = l->allowlist,
	                                           .live = true},
	                    clock_unix_s(), &verdict, &why) < 0) {
		log_line(LOG_ERR, "%s; a vote that could not be written counts until the next reload", why.text);
		return;
	}
	verdict_free(l->verdict);
	l->verdict = verdict;
	verdict_elsewhere(verdict, l->elsewhere);
}

void live_share(struct live *l, const struct elsewhere *elsewhere)
{
	l->elsewhere = elsewhere;
	verdict_elsewhere(l->verdict, elsewhere);
}

static void set_not_reloaded(struct live *l, const char *error)
{
	char *const text =
		alloc_format("an error in rules", "%s; %s", error,
	                     rules_count(l->rules) > 0 ? "the old rules are in force" : "still no rule is active");

	set_rules_problem(l, text);
	free(text);
}

/* Reloads the rules. No hits may be pending, because they point to their rules. */
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
	if ((rc = put_rules(l, config, rules, NULL, why)) < 0) {
		rules_free(rules);
		return rc;
	}
	set_rules_problem(l, "");
	return 0;
}

/* Recreates the DNS lists from the new configuration and its verdict. */
static void renew_lists(struct live *l)
{
	struct why why;

	dnsbl_free(l->dnsbl);
	l->dnsbl = dnsbl_new(l->config, NULL);
	if (l->dnsbl != NULL &&
	    restore_lists(l->store, l->dnsbl, l->verdict, clock_unix_s() - l->config->block.window_s, &why) < 0)
		log_line(LOG_WARNING, "%s; DNS lists may be queried twice about an address", why.text);
}

static void note_config_error(struct live *l, const struct why *why)
{
	struct why what;

	(void)why_set(&what, EINVAL, "the configuration has an error, the old one is in force: %s", why->text);
	problems_set(l->problems, PROBLEMS_CONFIG, 0, what.text, NULL, clock_unix_s());
}

static int reload(struct live *l, struct why *why)
{
	struct restarts waits;
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
	waits = restarts_find(l->started, config);
	restarts_keep(l->started, config);
	if ((rc = renew(l, config, why)) < 0) {
		config_free(config);
		return rc;
	}
	restarts_log(&waits);
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

	(void)!getrandom(&seed, sizeof seed, 0); /* 0 would work, but attackers could predict it */
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

int live_load(struct live *l, struct store *store, struct pending *pending, struct reconcile *reconcile,
              struct why *why)
{
	struct why error = {""};
	struct rules *rules;
	int rc;

	l->store = store;
	l->pending = pending;
	rules = load_good_rules(l->config, &error);
	if ((rc = put_rules(l, l->config, rules, reconcile, why)) < 0) {
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
