#include "engine.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include <fcntl.h>

#include "allowlist.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/nets.h"
#include "control/control.h"
#include "edits.h"
#include "examples.h"
#include "input/follow.h"
#include "input/line.h"
#include "intake.h"
#include "ledger.h"
#include "orders.h"
#include "recall.h"
#include "rules/sessions.h"
#include "verdict/cluster.h"
#include "wanted.h"

enum {
	LINES_PER_TURN = 20000, /* then signals and the firewall get their turn; about 20 ms */
	POSITION_MS = 1000,     /* a position without hits is written at most so often */
	RETRY_MS = 1000,        /* after an error of the database or the firewall */
	PURGE_MS = 3600 * 1000, /* hits older than [database] keep */
	PURGE_SLICE = 2000,
	NAMES_KEPT_S = 7 * 86400, /* the last answers of a DNS name, over restarts */
	NAMES_KEPT_MS = 86400 * 1000,
	SHRINK_PAGES = 1000,    /* of the file, in one go */
	FILES_PER_LOG = 3,      /* the one being read, the one before, one more while they rotate fast */
};

/* The places in the poll array. */
enum place {
	SIGNALS,
	LOGS,
	FIREWALL,
	EDITS,
	NAMES,
	CONTROL, /* the first of CONTROL_FDS_MAX */
	N_PLACES = CONTROL + CONTROL_FDS_MAX,
};

/* A file being read, by the number follow gives it. */
struct file {
	uint64_t number; /* 0: none */
	struct ledger_file *ledger;
	struct line_clock clock;
};

struct engine {
	struct config *config;
	char *config_path;

	struct rules *rules;
	struct rules_scratch *scratch;
	struct sessions *sessions;
	struct allowlist *allowlist;
	unsigned allow_changes; /* of it, that were acted upon */
	struct verdict *verdict;
	struct cluster *cluster;
	struct store *store;
	struct ledger *ledger;
	struct follow *follow;
	struct edits *edits; /* of rule files; NULL: not seen */
	struct client client;
	struct wanted *wanted;
	struct acts *acts;
	struct control *control; /* NULL: none could be opened, or none is wanted */
	struct answer answer;

	int signal_fd, lock_fd;
	uint32_t refresh_s; /* half the seconds of root's rules, which a reload does not change */
	struct file files[CONFIG_LOGS_MAX][FILES_PER_LOG]; /* newest first */
	struct follow_line file_event; /* FOLLOW_FILE that waits for the ledger to be written */
	bool file_waits;
	bool more; /* the logs hold more than was read: no sleep */

	/* When to do what next; milliseconds of CLOCK_MONOTONIC, 0: at once, INT64_MAX: never. */
	int64_t write_at, sync_at, purge_at, expiry_at, watchdog_at, names_at;
	int64_t watchdog_ms; /* 0: systemd does not watch */
	bool store_failed;   /* said already */
	bool firewall_failed;
	bool shrinks;        /* what is too old has been deleted, the file has not shrunk yet */
	int64_t braked_minute; /* said in */
	size_t refused;      /* blocks the kernel did not take at the last sync */
	bool stop;
	int status;
};

static void sooner(int64_t *at, int64_t when)
{
	if (when < *at)
		*at = when;
}

/* --- rules and configuration, at start and at reload --- */

/* The first is what the caller says. */
static void say_other_faults(const struct rulefile_faults *faults)
{
	for (size_t i = 1; i < faults->n; i++)
		log_line(LOG_ERR, "%.*s", (int)strcspn(faults->text[i], "\n"), faults->text[i]);
}

static int load_rules(const struct config *config, struct rules **ret, struct why *why)
{
	struct rulefile_faults faults;
	const int rc = examples_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0, ret,
	                             &faults, why);

	say_other_faults(&faults);
	rulefile_faults_done(&faults);
	if (rc < 0)
		why->text[strcspn(why->text, "\n")] = '\0'; /* the place below it is for terminals: "check" shows it */
	return rc;
}

/* A block by hand was somebody's will, but an allowed address is never blocked. */
static int find_allowed(struct engine *e, struct store_block **ret, size_t *ret_n, struct why *why)
{
	struct store_block block;
	int rc = store_running(e->store, clock_unix_s(), why);

	while (rc == 0) {
		if ((rc = store_next_block(e->store, &block, why)) != 0)
			break;
		if (!verdict_spares(e->verdict, &block.net))
			continue;
		if ((*ret = reallocarray(*ret, *ret_n + 1, sizeof **ret)) == NULL)
			abort();
		(*ret)[(*ret_n)++] = block;
	}
	return rc == STORE_NONE ? 0 : rc;
}

/* Blocks of addresses that are allowed now are lifted. */
static int lift_allowed(struct engine *e, struct why *why)
{
	struct store_block *lift = NULL;
	size_t n = 0;
	int rc;

	verdict_at(e->verdict, clock_unix_s());
	rc = find_allowed(e, &lift, &n, why);
	if (rc == 0 && n > 0 && (rc = store_begin(e->store, why)) == 0) {
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = store_end_one(e->store, lift[i].id, clock_unix_s(), "allowed", why);
		if (rc == 0)
			rc = store_commit(e->store, why);
		else
			store_rollback(e->store);
	}
	if (rc == 0 && n > 0) {
		for (size_t i = 0; i < n; i++)
			verdict_until(e->verdict, &lift[i].net, clock_unix_s());
		log_line(LOG_NOTICE, "lifted %zu blocks of addresses that are allowed now", n);
	}
	free(lift);
	return rc;
}

/* Reads the allow list again where it changed. */
static void refresh_allowed(struct engine *e)
{
	struct why why;

	if (allowlist_refresh(e->allowlist, e->verdict, &why) == ALLOWLIST_FAULT)
		log_line(LOG_WARNING, "%s", why.text);
	if (allowlist_changes(e->allowlist) == e->allow_changes)
		return;
	if (lift_allowed(e, &why) < 0)
		log_line(LOG_WARNING, "%s; lifting what is allowed now at the next sync", why.text);
	else
		e->allow_changes = allowlist_changes(e->allowlist);
}

/* What [allow] name stands for is remembered, for a start at which no name server answers. */
static void keep_names(struct engine *e)
{
	const int64_t now = clock_unix_s();
	struct nets nets = {0};
	struct why why;
	int rc = 0;

	e->names_at = clock_steady_ms() + NAMES_KEPT_MS;
	allowlist_named(e->allowlist, &nets);
	if (nets.n > 0 && (rc = store_begin(e->store, &why)) == 0) {
		for (size_t i = 0; i < nets.n && rc == 0; i++)
			rc = store_add_allowance(e->store, &nets.list[i], now, now + NAMES_KEPT_S, "name", NULL, &why);
		if (rc == 0)
			rc = store_commit(e->store, &why);
		else
			store_rollback(e->store);
	}
	if (rc < 0)
		e->names_at = clock_steady_ms() + RETRY_MS;
	nets_done(&nets);
}

/* What a running daemon cannot change. */
static void say_what_needs_a_restart(const struct config *old, const struct config *new)
{
	bool logs = old->n_logs != new->n_logs;

	for (size_t i = 0; i < new->n_logs && !logs; i++)
		logs = strcmp(old->logs[i], new->logs[i]) != 0;
	if (logs)
		log_line(LOG_WARNING, "[log] sections changed; restart to follow the new ones");
	if (strcmp(old->database.path, new->database.path) != 0 || strcmp(old->run.user, new->run.user) != 0 ||
	    strcmp(old->firewall.list, new->firewall.list) != 0 ||
	    strcmp(old->firewall.chain, new->firewall.chain) != 0 ||
	    old->firewall.seconds != new->firewall.seconds || old->firewall.action != new->firewall.action ||
	    old->firewall.n_ports != new->firewall.n_ports ||
	    memcmp(old->firewall.ports, new->firewall.ports, sizeof old->firewall.ports) != 0 ||
	    strcmp(old->control.socket, new->control.socket) != 0 ||
	    strcmp(old->control.group, new->control.group) != 0 ||
	    strcmp(old->control.readers, new->control.readers) != 0 ||
	    strcmp(old->control.token_file, new->control.token_file) != 0 ||
	    old->control.tcp_port != new->control.tcp_port || !addr_equal(&old->control.tcp, &new->control.tcp))
		log_line(LOG_WARNING, "[firewall], [control], [database] path and [run] user take effect after a restart");
}

/* A verdict by a configuration, that knows what the database knows. */
static int recall(struct engine *e, const struct config *config, const struct rules *rules,
                  struct allowlist **ret_allowlist, struct verdict **ret, struct why *why)
{
	struct allowlist *const allowlist = allowlist_new(config);
	int rc;

	if (allowlist_refresh(allowlist, NULL, why) == ALLOWLIST_FAULT)
		log_line(LOG_WARNING, "%s", why->text);
	rc = recall_verdict(e->store, config, rules, allowlist, true, clock_unix_s(), ret, why);
	if (rc < 0)
		allowlist_free(allowlist);
	else
		*ret_allowlist = allowlist;
	return rc;
}

/* "status" shows it; "" when there is none. */
static void say_rules_fault(struct engine *e, const char *text)
{
	struct why why;
	int rc = store_begin(e->store, &why);

	if (rc == 0) {
		rc = store_say(e->store, "rules_fault", text, &why);
		if (rc == 0)
			rc = store_commit(e->store, &why);
		else
			store_rollback(e->store);
	}
	if (rc < 0)
		log_line(LOG_WARNING, "%s; status does not show how the rules are", why.text);
}

/* Without them a reload does it. */
static void watch_edits(struct engine *e)
{
	struct why why;

	edits_free(e->edits);
	e->edits = NULL;
	if (edits_new((const char *const *)e->config->run.patterns, e->config->run.n_patterns, &e->edits, &why) < 0)
		log_line(LOG_WARNING, "%s", why.text);
}

/* New rules, and what goes with them, in place of the old ones. The ledger is empty of hits. */
static void use(struct engine *e, struct rules *rules, struct allowlist *allowlist, struct verdict *verdict)
{
	rules_scratch_free(e->scratch);
	rules_free(e->rules);
	verdict_free(e->verdict);
	allowlist_free(e->allowlist);
	e->rules = rules;
	e->scratch = rules_scratch_new(rules);
	e->verdict = verdict;
	e->allowlist = allowlist;
	sessions_clear(e->sessions);
	ledger_forget_rules(e->ledger);
}

/* A rule file was saved: the rules alone, all of them or none. Only while the ledger is empty of hits. */
static void reload_rules(struct engine *e)
{
	struct rules *rules = NULL;
	struct allowlist *allowlist = NULL;
	struct verdict *verdict = NULL;
	struct why why;

	if (load_rules(e->config, &rules, &why) < 0) {
		log_line(LOG_ERR, "%s; keeping the old rules", why.text);
		say_rules_fault(e, why.text);
		return;
	}
	if (recall(e, e->config, rules, &allowlist, &verdict, &why) < 0) {
		log_line(LOG_ERR, "%s; keeping the old rules", why.text);
		rules_free(rules);
		return;
	}
	use(e, rules, allowlist, verdict);
	e->allow_changes = 0; /* looked through at the next sync */
	say_rules_fault(e, "");
	log_line(LOG_NOTICE, "rules were edited: %zu rules from %zu files", rules_count(rules), rules_files(rules));
}

/* The kernel's lists have the masks they were made with. */
static void keep_masks(const struct config *old, struct config *new)
{
	if (old->block.ip6_prefix != new->block.ip6_prefix)
		log_line(LOG_WARNING, "[block] ip6_prefix takes effect after a restart");
	new->block.ip6_prefix = old->block.ip6_prefix;
}

/* False: all is as before, for the reason in *ret. */
static bool reload(struct engine *e, struct why *ret)
{
	bool done = false;
	struct config *config = NULL;
	struct rules *rules = NULL;
	struct allowlist *allowlist = NULL;
	struct verdict *verdict = NULL;
	struct why why;
	int rc;

	(void)sd_notify(0, "RELOADING=1");
	rc = config_read(e->config_path, true, &config, &why);
	if (rc == 0)
		keep_masks(e->config, config);
	if (rc < 0 || load_rules(config, &rules, &why) < 0 ||
	    recall(e, config, rules, &allowlist, &verdict, &why) < 0) {
		log_line(LOG_ERR, "reload: %s; keeping the old configuration and rules", why.text);
		if (config != NULL && rules == NULL)
			say_rules_fault(e, why.text);
		*ret = why;
		config_free(config);
		rules_free(rules);
	} else {
		say_what_needs_a_restart(e->config, config);
		use(e, rules, allowlist, verdict);
		/* The logs stay as they are: files are indexed by them. */
		for (size_t i = 0; i < config->n_logs; i++)
			free(config->logs[i]);
		memcpy(config->logs, e->config->logs, sizeof config->logs);
		config->n_logs = e->config->n_logs;
		e->config->n_logs = 0;
		config_free(e->config);
		e->config = config;
		e->allow_changes = allowlist_changes(allowlist); /* lifted below */
		if (lift_allowed(e, &why) < 0)
			log_line(LOG_WARNING, "%s; lifting what is allowed now at the next reload", why.text);
		watch_edits(e);
		say_rules_fault(e, "");
		log_line(LOG_NOTICE, "reloaded: %zu rules from %zu files", rules_count(rules), rules_files(rules));
		done = true;
	}
	e->sync_at = 0;
	(void)sd_notify(0, "READY=1");
	return done;
}

/* --- reading logs --- */

static struct file *file_of(struct engine *e, const struct follow_line *line)
{
	struct file *const files = e->files[line->log];

	for (size_t i = 0; i < FILES_PER_LOG; i++)
		if (files[i].number == line->file)
			return &files[i];
	abort(); /* a line of a file that follow had not announced */
}

/* Which log is it, and where do we go on? The database knows it by its first line. */
static int begin_file(struct engine *e, const struct follow_line *event, struct why *why)
{
	struct file *const files = e->files[event->log];
	const struct span first = {event->first, event->first_len};
	struct store_log known;
	bool found = false;
	int64_t below_id = 0;
	int rc;

	while ((rc = store_log_find(e->store, first, below_id, &known, why)) == 0) {
		found = follow_resume(e->follow, event->file, known.position, known.last, known.last_len) == 0;
		if (found)
			break;
		below_id = known.id;
	}
	if (rc < 0)
		return rc;
	if (!found)
		(void)follow_resume(e->follow, event->file, 0, NULL, 0);
	if (files[FILES_PER_LOG - 1].number != 0)
		ledger_done(files[FILES_PER_LOG - 1].ledger);
	memmove(files + 1, files, (FILES_PER_LOG - 1) * sizeof *files);
	files[0] = (struct file){.number = event->file,
	                         .ledger = ledger_file(e->ledger, event->path, first, found ? &known : NULL)};
	line_clock_init(&files[0].clock, event->mtime_s, 0);
	return 0;
}

static void say_suspended(const struct engine *e, const struct rule *rule, size_t released)
{
	log_line(LOG_ALERT, "rule %s (%s) would block more than %" PRId64 " addresses within an hour that have proven good: "
	                    "it is SUSPENDED, and %zu of them are released; find out why, then 'watchforspammers resume %s'",
	         rule->text->name, rule->text->reason, e->config->block.quarantine, released, rule->text->name);
}

static void say_braked(struct engine *e, int64_t now)
{
	if (e->braked_minute == now / 60)
		return;
	e->braked_minute = now / 60;
	log_line(LOG_ALERT, "more than %" PRId64 " blocks in one minute: the rest must wait; is something wrong with a rule, or is "
	                    "this an attack? (max_blocks_per_minute)", e->config->block.max_blocks_per_minute);
}

static void say_earned(const struct engine *e, const struct net *net)
{
	char text[NET_TEXT_MAX];

	(void)net_text(net, text);
	log_line(LOG_INFO, "allowed %s for %" PRId64 " s: two of its addresses sent the same greylisted letter", text,
	         e->config->allow.cluster_for_s);
}

/* What a rule found goes into the ledger; what an operator must hear is said. */
static void take_hit(struct engine *e, const struct intake_line *line, int64_t now, struct rules_hit *hit)
{
	const struct intake intake = {e->config, e->sessions, e->verdict, e->cluster, e->ledger, true};
	struct intake_result taken;

	intake_hit(&intake, line, now, hit, &taken);
	if (taken.earned)
		say_earned(e, &taken.cluster);
	if (!taken.is_hit)
		return;
	if (taken.decision.outcome == VERDICT_QUARANTINE) {
		say_suspended(e, hit->rule, taken.released);
		e->sync_at = 0;
	} else if (taken.decision.outcome == VERDICT_BRAKED) {
		say_braked(e, now);
	}
}

/* One line through the rules. */
static void take_line(struct engine *e, const struct follow_line *in, int64_t now)
{
	struct file *const file = file_of(e, in);
	struct ledger_read read = {.lines = 1,
	                           .cut = in->cut,
	                           .position = in->next,
	                           .last = {in->text, in->len < STORE_LAST_MAX ? in->len : STORE_LAST_MAX}};
	struct rules_hit hits[RULES_HITS_MAX];
	struct line line;

	sooner(&file->clock.end_s, now); /* an old file's mtime, never the future */
	if (line_parse(&file->clock, in->text, in->len, &line) != LINE_OK) {
		read.unparsed = 1;
	} else {
		/* A line cut short has lost the end that its rule may be anchored to. */
		const size_t n = in->cut ? 0 : rules_match_all(e->scratch, line.program, line.message, false, hits);

		const struct intake_line taken = {.file = file->ledger,
		                                  .host = line.host,
		                                  .text = {in->text, in->len},
		                                  .time_s = line.has_time && line.time_s < now ? line.time_s : now,
		                                  .offset = in->start};

		for (size_t i = 0; i < n; i++)
			take_hit(e, &taken, now, &hits[i]);
		read.last_line_at = line.has_time ? line.time_s : 0;
	}
	ledger_read(file->ledger, &read);
}

/* Reads until nothing is left, the ledger is full, or others should have their turn. */
static void read_logs(struct engine *e)
{
	const int64_t now = clock_unix_s();
	struct follow_line line;
	struct why why;

	verdict_at(e->verdict, now);
	e->more = true;
	for (size_t n = 0; n < LINES_PER_TURN && !ledger_is_full(e->ledger); n++) {
		const int rc = follow_next(e->follow, &line, &why);

		if (rc == FOLLOW_NONE) {
			e->more = false;
			return;
		}
		if (rc == FOLLOW_LINE) {
			take_line(e, &line, now);
		} else if (rc == FOLLOW_FILE) {
			e->file_event = line;
			e->file_waits = true; /* what was read so far is written first */
			return;
		} else if (rc == FOLLOW_MISSING) {
			log_line(LOG_WARNING, "%s; waiting for it", why.text);
		} else if (rc == FOLLOW_BACK) {
			log_line(LOG_NOTICE, "%s: being read", line.path);
		} else {
			log_line(LOG_ERR, "%s", why.text);
			e->more = false;
			return;
		}
	}
}

/* --- writing, and then the firewall --- */

static void store_trouble(struct engine *e, const struct why *why)
{
	if (!e->store_failed)
		log_line(LOG_ERR, "%s; what was read is kept and tried again every second", why->text);
	e->store_failed = true;
	e->write_at = clock_steady_ms() + RETRY_MS;
}

static void firewall_trouble(struct engine *e, int rc, const struct why *why)
{
	if (rc == -EPIPE) {
		log_line(LOG_ERR, "the root process is gone; ending");
		e->status = 3;
		e->stop = true;
		return;
	}
	if (!e->firewall_failed)
		log_line(LOG_ERR, "%s; trying again every second", why->text);
	e->firewall_failed = true;
	e->sync_at = clock_steady_ms() + RETRY_MS;
}

static void store_works(struct engine *e)
{
	if (e->store_failed)
		log_line(LOG_NOTICE, "the database can be written again; nothing was lost");
	e->store_failed = false;
}

static void say_blocks(const struct verdict_block *blocks, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char net[NET_TEXT_MAX];

		(void)net_text(&blocks[i].net, net);
		log_line(LOG_INFO, "blocked %s for %" PRId64 " s, offence %u", net, blocks[i].until_s - blocks[i].since_s,
		         blocks[i].offence);
	}
}

/* Commits what was read; then, and only then, the kernel is told. */
static void write_and_block(struct engine *e)
{
	const struct verdict_block *blocks;
	const size_t n = ledger_blocks(e->ledger, &blocks);
	struct why why;
	int rc = ledger_write(e->ledger, &why);

	if (rc < 0) {
		store_trouble(e, &why);
		return;
	}
	store_works(e);
	e->write_at = INT64_MAX;
	if (n == 0)
		return;
	say_blocks(blocks, n);
	for (size_t i = 0; i < n; i++)
		sooner(&e->expiry_at, clock_steady_ms() + (blocks[i].until_s - clock_unix_s()) * 1000);
	rc = wanted_add(e->wanted, blocks, n, clock_unix_s(), &why);
	if (rc == -EPIPE)
		firewall_trouble(e, rc, &why);
	else if (rc < 0)
		e->sync_at = 0; /* lists full or flushed behind our back: a sync lays them out anew, or says why not */
}

/* "status" reads these. */
static void say_state(struct engine *e, const struct wanted_result *r, int64_t now)
{
	const struct verdict_stat stat = verdict_stat(e->verdict);
	char capacity[16], drift[24], at[24], refused[24], tracked[24], forgotten[24], braked[24];
	const struct {
		const char *key, *value;
	} said[] = {{"backend", e->config->firewall.backend}, {"capacity", capacity}, {"drift", drift},
	            {"refused", refused},                     {"tracked", tracked},   {"forgotten", forgotten},
	            {"braked", braked},                       {"last_sync_at", at}};
	struct why why;
	int rc;

	(void)snprintf(capacity, sizeof capacity, "%" PRIu32, e->client.capacity);
	(void)snprintf(drift, sizeof drift, "%zu", r->drift.missing + r->drift.extra);
	(void)snprintf(refused, sizeof refused, "%zu", r->drift.refused);
	(void)snprintf(tracked, sizeof tracked, "%zu", stat.addresses);
	(void)snprintf(forgotten, sizeof forgotten, "%" PRIu64, stat.forgotten);
	(void)snprintf(braked, sizeof braked, "%" PRIu64, stat.braked);
	(void)snprintf(at, sizeof at, "%" PRId64, now);
	if ((rc = store_begin(e->store, &why)) < 0)
		return; /* the next sync says it */
	for (size_t i = 0; i < sizeof said / sizeof *said && rc == 0; i++)
		rc = store_say(e->store, said[i].key, said[i].value, &why);
	if (rc == 0)
		(void)store_commit(e->store, &why);
	else
		store_rollback(e->store);
}

static void sync_firewall(struct engine *e)
{
	const int64_t now = clock_unix_s();
	struct wanted_result r = {0};
	int64_t next_s;
	struct why why;
	int rc;

	/* Often enough that what is refreshed at half its time never runs out of it in between. */
	e->sync_at = clock_steady_ms() + e->config->firewall.resync_s * 1000;
	sooner(&e->sync_at, clock_steady_ms() + e->config->firewall.seconds * 250);
	e->expiry_at = INT64_MAX;
	verdict_at(e->verdict, now);
	refresh_allowed(e);
	rc = wanted_sync(e->wanted, e->verdict, e->config->block.extend, e->refresh_s, now, &r, &why);
	if (rc < 0) {
		firewall_trouble(e, rc, &why);
		return;
	}
	if (e->firewall_failed)
		log_line(LOG_NOTICE, "the firewall holds again what it should");
	e->firewall_failed = false;
	if (r.drift.healed)
		log_line(LOG_WARNING, "the firewall's rules or lists had been removed or changed; made anew");
	if (r.drift.refused > e->refused) /* not at every sync again */
		log_line(LOG_WARNING, "%zu blocks could not be put into the kernel (lists full, or never to be blocked)",
		         r.drift.refused);
	e->refused = r.drift.refused;
	if (r.expired > 0)
		log_line(LOG_INFO, "released %zu, %zu are blocked", r.expired, r.running);
	if (store_next_expiry(e->store, now, &next_s, &why) == 0)
		e->expiry_at = clock_steady_ms() + (next_s - now) * 1000;
	say_state(e, &r, now);
}

/* A slice of what is too old. *ret_more: there may be more of it. */
static int purge_slice(struct engine *e, bool *ret_more, struct why *why)
{
	const int64_t now = clock_unix_s(), before_s = now - e->config->database.keep_s;
	size_t n = 0, n_good = 0;
	int rc = store_begin(e->store, why);

	if (rc < 0)
		return rc;
	rc = store_purge(e->store, before_s, PURGE_SLICE, &n, why);
	if (rc == 0)
		rc = store_purge_good(e->store, before_s, now - e->config->block.window_s, PURGE_SLICE, &n_good, why);
	if (rc == 0)
		rc = acts_purge(e->acts, before_s, PURGE_SLICE, why);
	if (rc == 0)
		rc = store_commit(e->store, why);
	else
		store_rollback(e->store);
	*ret_more = n >= PURGE_SLICE || n_good >= PURGE_SLICE;
	return rc;
}

/* A slice at a time, so that lines never wait for it: first rows, then the room they leave in the file. */
static void purge(struct engine *e)
{
	bool more = false;
	struct why why;
	int rc = e->shrinks ? 0 : purge_slice(e, &more, &why);

	if (rc == 0 && !more) {
		rc = store_shrink(e->store, SHRINK_PAGES, &why);
		e->shrinks = more = rc == 0;
	}
	e->purge_at = clock_steady_ms() + (rc >= 0 && more ? RETRY_MS : PURGE_MS);
}

/* --- requests from the control socket --- */

static void run_reload(struct engine *e, const struct orders *orders, const struct control_request *r, int64_t now)
{
	struct why why;

	if (!reload(e, &why) || orders_record(orders, r->who, "reload", "", now, &why) < 0) {
		answer_error(&e->answer, why.text);
		return;
	}
	answer_begin(&e->answer);
	answer_number(&e->answer, "rules", (int64_t)rules_count(e->rules));
	answer_end(&e->answer);
}

static void run_resume(struct engine *e, const struct orders *orders, const struct control_request *r, int64_t now)
{
	unsigned rule = VERDICT_NO_RULE;

	for (size_t i = 0; i < rules_count(e->rules); i++)
		if (strcmp(rules_at(e->rules, i)->text->name, r->what.rule) == 0)
			rule = (unsigned)i; /* below RULEFILE_RULES_MAX */
	orders_resume(orders, &r->what, rule, r->who, now, &e->answer);
}

static void say_request(const struct control_request *r, const struct answer *answer)
{
	char net[NET_TEXT_MAX] = "";

	if (r->what.verb == PROTOCOL_BLOCK || r->what.verb == PROTOCOL_UNBLOCK)
		(void)net_text(&r->what.net, net);
	else if (r->what.verb != PROTOCOL_RELOAD && r->what.verb != PROTOCOL_RESUME)
		return; /* votes come by the thousand, and stand in the database */
	log_line(LOG_INFO, "%s: %s %s%s%s%s%s", r->who, protocol_verb_text(r->what.verb), net, r->what.rule,
	         r->what.reason[0] != '\0' ? ", " : "", r->what.reason, answer->ok ? "" : ": refused");
}

static void take_request(struct engine *e, const struct control_request *r)
{
	const int64_t now = clock_unix_s();
	const struct orders orders = {.store = e->store,
	                              .acts = e->acts,
	                              .verdict = e->verdict,
	                              .wanted = e->wanted,
	                              .config = e->config};
	struct orders_todo todo = {0};

	verdict_at(e->verdict, now);
	if (r->what.verb == PROTOCOL_RELOAD)
		run_reload(e, &orders, r, now);
	else if (r->what.verb == PROTOCOL_RESUME)
		run_resume(e, &orders, r, now);
	else
		orders_run(&orders, &r->what, r->who, now, &e->answer, &todo);
	say_request(r, &e->answer);
	if (todo.until_s != 0)
		sooner(&e->expiry_at, clock_steady_ms() + (todo.until_s - now) * 1000);
	if (todo.rc == -EPIPE)
		firewall_trouble(e, todo.rc, &todo.why);
	else if (todo.sync)
		e->sync_at = 0;
	control_answer(e->control, r->connection, &e->answer, clock_steady_ms());
}

/* As many as may be in one turn, so that lines never wait for them. */
static void take_requests(struct engine *e)
{
	struct control_request r;

	while (e->control != NULL && !e->stop && control_next(e->control, clock_steady_ms(), &r))
		take_request(e, &r);
}

/* --- the loop --- */

static void take_signals(struct engine *e)
{
	struct signalfd_siginfo info;
	struct why said; /* by reload */

	while (read(e->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			e->stop = true;
			break;
		case SIGHUP:
			(void)reload(e, &said);
			break;
		default:
			break;
		}
}

static int timeout_ms(const struct engine *e)
{
	const int64_t now = clock_steady_ms();
	const int follow_ms = e->store_failed ? -1 : follow_timeout_ms(e->follow);
	const int control_ms = e->control == NULL ? -1 : control_timeout_ms(e->control, now);
	const int names_ms = allowlist_timeout_ms(e->allowlist, now);
	int64_t at = INT64_MAX;

	sooner(&at, e->write_at);
	sooner(&at, e->sync_at);
	sooner(&at, e->purge_at);
	sooner(&at, e->expiry_at);
	sooner(&at, e->watchdog_at);
	if (!e->store_failed)
		sooner(&at, edits_at(e->edits));
	if (control_ms >= 0)
		sooner(&at, now + control_ms);
	if (names_ms >= 0)
		sooner(&at, now + names_ms);
	if (follow_ms >= 0)
		sooner(&at, now + follow_ms);
	if (e->more && !e->store_failed)
		return 0;
	if (at == INT64_MAX)
		return -1;
	return at <= now ? 0 : at - now > INT32_MAX ? INT32_MAX : (int)(at - now); /* fits */
}

static void feed_watchdog(struct engine *e)
{
	if (e->watchdog_ms == 0 || clock_steady_ms() < e->watchdog_at)
		return;
	(void)sd_notify(0, "WATCHDOG=1");
	e->watchdog_at = clock_steady_ms() + e->watchdog_ms;
}

/* One turn, top to bottom: read, commit, block, and what else is due. */
static void turn(struct engine *e)
{
	struct why why;

	if (!e->store_failed && !ledger_has_hits(e->ledger) && edits_take(e->edits, clock_steady_ms()))
		reload_rules(e);
	if (e->file_waits && !ledger_has_hits(e->ledger) && !e->store_failed) {
		if (begin_file(e, &e->file_event, &why) == 0)
			e->file_waits = false;
		else
			store_trouble(e, &why);
	}
	if (!e->file_waits && !e->store_failed)
		read_logs(e);
	if (ledger_has_hits(e->ledger) || e->file_waits || clock_steady_ms() >= e->write_at) {
		if (!e->store_failed || clock_steady_ms() >= e->write_at)
			write_and_block(e);
	} else if (ledger_has_news(e->ledger)) {
		sooner(&e->write_at, clock_steady_ms() + POSITION_MS);
	}
	if (allowlist_turn(e->allowlist, clock_steady_ms())) {
		e->names_at = 0;
		e->sync_at = 0; /* which tells the verdict, and lifts what must be lifted */
	}
	if (clock_steady_ms() >= e->names_at)
		keep_names(e);
	if (!e->stop && (clock_steady_ms() >= e->sync_at || clock_steady_ms() >= e->expiry_at))
		sync_firewall(e);
	if (clock_steady_ms() >= e->purge_at)
		purge(e);
	take_requests(e);
	feed_watchdog(e);
}

int engine_run(struct engine *e)
{
	struct pollfd polled[N_PLACES] = {
		[SIGNALS] = {.fd = e->signal_fd, .events = POLLIN},
		[LOGS] = {.fd = follow_fd(e->follow), .events = POLLIN},
		[FIREWALL] = {.fd = e->client.fd, .events = 0}, /* only whether root is gone */
		[EDITS] = {.events = POLLIN},
		[NAMES] = {.events = POLLIN},
	};

	for (size_t i = CONTROL; i < N_PLACES; i++)
		polled[i].fd = -1;
	turn(e); /* ready means: the kernel holds what the database says */
	(void)sd_notify(0, "READY=1");
	for (; !e->stop; turn(e)) {
		polled[EDITS].fd = e->store_failed ? -1 : edits_fd(e->edits);
		polled[LOGS].fd = e->store_failed ? -1 : follow_fd(e->follow);
		polled[NAMES].fd = allowlist_fd(e->allowlist);
		if (e->control != NULL)
			control_poll(e->control, polled + CONTROL);
		if (poll(polled, N_PLACES, timeout_ms(e)) < 0 && errno != EINTR) {
			log_line(LOG_ERR, "poll: %s", strerror(errno));
			e->status = 3;
			break;
		}
		if (e->control != NULL)
			control_serve(e->control, polled + CONTROL, clock_steady_ms());
		if (polled[SIGNALS].revents != 0)
			take_signals(e);
		if (polled[FIREWALL].revents & (POLLHUP | POLLERR)) {
			log_line(LOG_ERR, "the root process is gone; ending");
			e->status = 3;
			break;
		}
	}
	(void)sd_notify(0, "STOPPING=1");
	if (!e->file_waits)
		read_logs(e);
	write_and_block(e);
	if (ledger_has_news(e->ledger))
		log_line(LOG_WARNING, "what was read last could not be written; it will be read again at the next start");
	return e->status;
}

/* --- opening --- */

/* What was rotated away while we were stopped is read first: from the log we know on, oldest first. */
static int queue_missed(struct engine *e, size_t log, const char *path, struct why *why)
{
	struct follow_old *old = NULL;
	size_t n = 0;
	bool started = false;
	int rc = follow_old_list(path, &old, &n, why);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct store_log known;

		rc = store_log_find(e->store, (struct span){old[i].first, old[i].first_len}, 0, &known, why);
		if (rc < 0)
			break;
		started |= rc == 0;
		const bool unread = started && (rc == STORE_NONE || known.position < old[i].size);

		if (unread)
			log_line(LOG_NOTICE, "%s: reading what was missed", old[i].path);
		/* The newest also when it was read: its writer may not have been told of the rotation yet. */
		rc = unread || (started && i + 1 == n) ? follow_queue(e->follow, log, old[i].path, why) : 0;
	}
	follow_old_free(old, n);
	return rc;
}

static int open_logs(struct engine *e, struct why *why)
{
	int rc = follow_new(&e->follow, why);

	for (size_t i = 0; i < e->config->n_logs && rc == 0; i++) {
		size_t log;

		rc = follow_add(e->follow, e->config->logs[i], &log, why);
		assert(rc < 0 || log == i);
		if (rc == 0)
			rc = queue_missed(e, log, e->config->logs[i], why);
	}
	return rc;
}

static struct cluster *new_cluster(void)
{
	uint64_t seed = 0;

	(void)!getrandom(&seed, sizeof seed, 0); /* 0 does as well, but strangers know it */
	return cluster_new(seed);
}

/* Two daemons on one database would count every line twice. */
static int lock_database(struct engine *e, struct why *why)
{
	char path[4096];

	(void)snprintf(path, sizeof path, "%s.lock", e->config->database.path);
	e->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (e->lock_fd < 0)
		return why_set(why, errno, "%s: %s; its directory must exist and be writable for user \"%s\"", path,
		               strerror(errno), e->config->run.user);
	if (flock(e->lock_fd, LOCK_EX | LOCK_NB) < 0)
		return why_set(why, errno, "%s: another watchforspammers uses this database; stop it, or set another "
		                           "[database] path", path);
	return 0;
}

static int open_signals(struct engine *e, struct why *why)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	e->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return e->signal_fd < 0 ? why_set(why, errno, "signalfd: %s", strerror(errno)) : 0;
}

/* Without the socket the main job is done all the same. */
static void open_control(struct engine *e)
{
	const struct config *const c = e->config;
	const struct control_config config = {.socket = c->control.socket,
	                                      .group = c->control.group,
	                                      .readers = c->control.readers,
	                                      .tcp = c->control.tcp,
	                                      .port = c->control.tcp_port,
	                                      .token_file = c->control.token_file};
	struct why why;
	int rc;

	if (config.socket[0] == '\0' && config.port == 0)
		return;
	rc = control_new(&config, &e->control, &why);
	if (rc == CONTROL_LIMITED)
		log_line(LOG_WARNING, "%s", why.text);
	else if (rc < 0)
		log_line(LOG_ERR, "%s; going on without a control socket", why.text);
}

int engine_new(struct config *config, const char *config_path, int firewall_fd, struct engine **ret,
               struct why *why)
{
	struct engine *const e = calloc(1, sizeof *e);
	uint64_t watchdog_us = 0;
	int rc;

	if (e == NULL || (e->config_path = strdup(config_path)) == NULL)
		abort();
	e->config = config;
	e->refresh_s = (uint32_t)(config->firewall.seconds / 2); /* at most 7 days */
	e->lock_fd = e->signal_fd = -1;
	e->write_at = e->expiry_at = INT64_MAX;
	e->purge_at = clock_steady_ms() + RETRY_MS;
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		e->watchdog_ms = (int64_t)(watchdog_us / 2000);
	if (e->watchdog_ms == 0)
		e->watchdog_at = INT64_MAX;
	e->cluster = new_cluster();
	client_init(&e->client, firewall_fd);
	watch_edits(e); /* before the rules are read, so that no edit is missed */
	/* The lock before all that exits 2: who is refused by it must not take away the other one's rules. */
	if ((rc = open_signals(e, why)) < 0 || (rc = lock_database(e, why)) < 0 ||
	    (rc = load_rules(config, &e->rules, why)) < 0 ||
	    (rc = store_open(config->database.path, STORE_WRITE, &e->store, why)) < 0 ||
	    (rc = acts_open(e->store, &e->acts, why)) < 0 || (rc = recall(e, config, e->rules, &e->allowlist, &e->verdict, why)) < 0 ||
	    (rc = recall_cluster(e->store, e->cluster, e->verdict, clock_unix_s(), why)) < 0 || (rc = open_logs(e, why)) < 0) {
		engine_free(e);
		return rc;
	}
	e->scratch = rules_scratch_new(e->rules);
	e->sessions = sessions_new();
	e->ledger = ledger_new(e->store);
	e->wanted = wanted_new(e->store, &e->client, (uint8_t)config->block.ip6_prefix, clock_unix_s());
	if ((rc = lift_allowed(e, why)) < 0) {
		engine_free(e);
		return rc;
	}
	say_rules_fault(e, "");
	open_control(e);
	log_line(LOG_NOTICE, "%zu rules from %zu files, %zu logs, database %s", rules_count(e->rules),
	         rules_files(e->rules), config->n_logs, config->database.path);
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	control_free(e->control);
	wanted_free(e->wanted);
	ledger_free(e->ledger);
	edits_free(e->edits);
	follow_free(e->follow);
	acts_close(e->acts);
	store_close(e->store);
	verdict_free(e->verdict);
	cluster_free(e->cluster);
	allowlist_free(e->allowlist);
	sessions_free(e->sessions);
	rules_scratch_free(e->scratch);
	rules_free(e->rules);
	config_free(e->config);
	if (e->signal_fd >= 0)
		(void)close(e->signal_fd);
	if (e->lock_fd >= 0)
		(void)close(e->lock_fd);
	free(e->config_path);
	free(e);
}
