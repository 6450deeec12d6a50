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
#include <sys/signalfd.h>
#include <systemd/sd-daemon.h>
#include <time.h>
#include <unistd.h>

#include <fcntl.h>

#include "base/log.h"
#include "examples.h"
#include "input/follow.h"
#include "input/line.h"
#include "ledger.h"
#include "recall.h"
#include "rules/sessions.h"
#include "wanted.h"

enum {
	LINES_PER_TURN = 20000, /* then signals and the firewall get their turn; about 20 ms */
	POSITION_MS = 1000,     /* a position without hits is written at most so often */
	RETRY_MS = 1000,        /* after an error of the database or the firewall */
	PURGE_MS = 3600 * 1000, /* hits older than [database] keep */
	PURGE_SLICE = 2000,
	FILES_PER_LOG = 3,      /* the one being read, the one before, one more while they rotate fast */
};

/* The places in the poll array. */
enum place {
	SIGNALS,
	LOGS,
	FIREWALL,
	N_PLACES,
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
	struct verdict *verdict;
	struct store *store;
	struct ledger *ledger;
	struct follow *follow;
	struct client client;
	struct wanted *wanted;

	int signal_fd, lock_fd;
	uint32_t refresh_s; /* half the seconds of root's rules, which a reload does not change */
	struct file files[CONFIG_LOGS_MAX][FILES_PER_LOG]; /* newest first */
	struct follow_line file_event; /* FOLLOW_FILE that waits for the ledger to be written */
	bool file_waits;
	bool more; /* the logs hold more than was read: no sleep */

	/* When to do what next; milliseconds of CLOCK_MONOTONIC, 0: at once, INT64_MAX: never. */
	int64_t write_at, sync_at, purge_at, expiry_at, watchdog_at;
	int64_t watchdog_ms; /* 0: systemd does not watch */
	bool store_failed;   /* said already */
	bool firewall_failed;
	bool stop;
	int status;
};

static int64_t now_s(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return t.tv_sec;
}

static int64_t now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

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
		log_line(LOG_ERR, "%s", faults->text[i]);
}

static int load_rules(const struct config *config, struct rules **ret, struct why *why)
{
	struct rulefile_faults faults;
	const int rc = examples_load((const char *const *)config->run.patterns, config->run.n_patterns, NULL, 0, ret,
	                             &faults, why);

	say_other_faults(&faults);
	rulefile_faults_done(&faults);
	return rc;
}

/* Blocks of addresses that are allowed now are lifted. */
static int lift_allowed(struct engine *e, struct why *why)
{
	struct store_block block;
	struct net *lift = NULL;
	size_t n = 0;
	int rc = store_running(e->store, now_s(), why);

	while (rc == 0) {
		if ((rc = store_next_block(e->store, &block, why)) != 0)
			break;
		if (!verdict_is_allowed(e->verdict, &block.net.addr))
			continue;
		if ((lift = reallocarray(lift, n + 1, sizeof *lift)) == NULL)
			abort();
		lift[n++] = block.net;
	}
	rc = rc == STORE_NONE ? 0 : rc;
	if (rc == 0 && n > 0 && (rc = store_begin(e->store, why)) == 0) {
		for (size_t i = 0; i < n && rc == 0; i++)
			rc = store_end(e->store, &lift[i], now_s(), "allowed", why);
		if (rc == 0)
			rc = store_commit(e->store, why);
		else
			store_rollback(e->store);
	}
	if (rc == 0 && n > 0)
		log_line(LOG_NOTICE, "lifted %zu blocks of addresses that are allowed now", n);
	free(lift);
	return rc;
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
	    memcmp(old->firewall.ports, new->firewall.ports, sizeof old->firewall.ports) != 0)
		log_line(LOG_WARNING, "[firewall], [database] path and [run] user take effect after a restart");
}

static void reload(struct engine *e)
{
	struct config *config = NULL;
	struct rules *rules = NULL;
	struct verdict *verdict = NULL;
	struct why why;

	(void)sd_notify(0, "RELOADING=1");
	if (config_read(e->config_path, true, &config, &why) < 0 || load_rules(config, &rules, &why) < 0 ||
	    recall_verdict(e->store, config, now_s(), &verdict, &why) < 0) {
		log_line(LOG_ERR, "reload: %s; keeping the old configuration and rules", why.text);
		config_free(config);
		rules_free(rules);
	} else {
		say_what_needs_a_restart(e->config, config);
		rules_scratch_free(e->scratch);
		rules_free(e->rules);
		verdict_free(e->verdict);
		/* The logs stay as they are: files are indexed by them. */
		for (size_t i = 0; i < config->n_logs; i++)
			free(config->logs[i]);
		memcpy(config->logs, e->config->logs, sizeof config->logs);
		config->n_logs = e->config->n_logs;
		e->config->n_logs = 0;
		config_free(e->config);
		e->config = config;
		e->rules = rules;
		e->scratch = rules_scratch_new(rules);
		sessions_clear(e->sessions);
		e->verdict = verdict;
		ledger_forget_rules(e->ledger);
		if (lift_allowed(e, &why) < 0)
			log_line(LOG_WARNING, "%s; lifting what is allowed now at the next reload", why.text);
		log_line(LOG_NOTICE, "reloaded: %zu rules from %zu files", rules_count(rules), rules_files(rules));
	}
	e->sync_at = 0;
	(void)sd_notify(0, "READY=1");
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

/* What a rule found: through the sessions and the verdict into the ledger. */
static void take_hit(struct engine *e, const struct follow_line *in, struct file *file, const struct line *line,
                     int64_t now, struct rules_hit *hit)
{
	const int64_t at_s = line->has_time && line->time_s < now ? line->time_s : now;
	struct verdict_block block;
	bool blocks;

	if (hit->kind != RULES_KIND_HIT && sessions_resolve(e->sessions, line->host, at_s, hit) != RULES_HIT)
		return;
	blocks = verdict_hit(e->verdict, &hit->address, hit->score, at_s, &block) == VERDICT_BLOCK;
	if (hit->score > 0) /* evidence for the good weighs, but is no hit */
		ledger_hit(e->ledger, file->ledger, hit, at_s, in->start, (struct span){in->text, in->len},
		           blocks ? &block : NULL);
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

		for (size_t i = 0; i < n; i++)
			take_hit(e, in, file, &line, now, &hits[i]);
		read.last_line_at = line.has_time ? line.time_s : 0;
	}
	ledger_read(file->ledger, &read);
}

/* Reads until nothing is left, the ledger is full, or others should have their turn. */
static void read_logs(struct engine *e)
{
	const int64_t now = now_s();
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
	e->write_at = now_ms() + RETRY_MS;
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
	e->sync_at = now_ms() + RETRY_MS;
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
		sooner(&e->expiry_at, now_ms() + (blocks[i].until_s - now_s()) * 1000);
	rc = wanted_add(e->wanted, blocks, n, now_s(), &why);
	if (rc == -EPIPE)
		firewall_trouble(e, rc, &why);
	else if (rc < 0)
		e->sync_at = 0; /* lists full or flushed behind our back: a sync lays them out anew, or says why not */
}

/* "status" reads these. */
static void say_state(struct engine *e, const struct wanted_result *r, int64_t now)
{
	char capacity[16], drift[24], at[24], refused[24];
	const struct {
		const char *key, *value;
	} said[] = {{"backend", e->config->firewall.backend}, {"capacity", capacity}, {"drift", drift},
	            {"refused", refused},                     {"last_sync_at", at}};
	struct why why;
	int rc;

	(void)snprintf(capacity, sizeof capacity, "%" PRIu32, e->client.capacity);
	(void)snprintf(drift, sizeof drift, "%zu", r->drift.missing + r->drift.extra);
	(void)snprintf(refused, sizeof refused, "%zu", r->drift.refused);
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
	const int64_t now = now_s();
	struct wanted_result r = {0};
	int64_t next_s;
	struct why why;
	int rc;

	/* Often enough that what is refreshed at half its time never runs out of it in between. */
	e->sync_at = now_ms() + e->config->firewall.resync_s * 1000;
	sooner(&e->sync_at, now_ms() + e->config->firewall.seconds * 250);
	e->expiry_at = INT64_MAX;
	verdict_at(e->verdict, now);
	recall_allow(e->verdict, e->config);
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
	if (r.drift.refused > 0)
		log_line(LOG_WARNING, "%zu blocks could not be put into the kernel (lists full, or never to be blocked)",
		         r.drift.refused);
	if (r.expired > 0)
		log_line(LOG_INFO, "released %zu, %zu are blocked", r.expired, r.running);
	if (store_next_expiry(e->store, now, &next_s, &why) == 0)
		e->expiry_at = now_ms() + (next_s - now) * 1000;
	say_state(e, &r, now);
}

static void purge(struct engine *e)
{
	size_t n = 0;
	struct why why;
	int rc = store_begin(e->store, &why);

	if (rc == 0) {
		rc = store_purge(e->store, now_s() - e->config->database.keep_s, PURGE_SLICE, &n, &why);
		if (rc == 0)
			rc = store_commit(e->store, &why);
		else
			store_rollback(e->store);
	}
	/* A slice at a time, so that lines never wait for it. */
	e->purge_at = now_ms() + (rc == 0 && n >= PURGE_SLICE ? RETRY_MS : PURGE_MS);
}

/* --- the loop --- */

static void take_signals(struct engine *e)
{
	struct signalfd_siginfo info;

	while (read(e->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		switch (info.ssi_signo) {
		case SIGTERM:
		case SIGINT:
			e->stop = true;
			break;
		case SIGHUP:
			reload(e);
			break;
		default:
			break;
		}
}

static int timeout_ms(const struct engine *e)
{
	const int64_t now = now_ms();
	const int follow_ms = e->store_failed ? -1 : follow_timeout_ms(e->follow);
	int64_t at = INT64_MAX;

	sooner(&at, e->write_at);
	sooner(&at, e->sync_at);
	sooner(&at, e->purge_at);
	sooner(&at, e->expiry_at);
	sooner(&at, e->watchdog_at);
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
	if (e->watchdog_ms == 0 || now_ms() < e->watchdog_at)
		return;
	(void)sd_notify(0, "WATCHDOG=1");
	e->watchdog_at = now_ms() + e->watchdog_ms;
}

/* One turn, top to bottom: read, commit, block, and what else is due. */
static void turn(struct engine *e)
{
	struct why why;

	if (e->file_waits && !ledger_has_hits(e->ledger) && !e->store_failed) {
		if (begin_file(e, &e->file_event, &why) == 0)
			e->file_waits = false;
		else
			store_trouble(e, &why);
	}
	if (!e->file_waits && !e->store_failed)
		read_logs(e);
	if (ledger_has_hits(e->ledger) || e->file_waits || now_ms() >= e->write_at) {
		if (!e->store_failed || now_ms() >= e->write_at)
			write_and_block(e);
	} else if (ledger_has_news(e->ledger)) {
		sooner(&e->write_at, now_ms() + POSITION_MS);
	}
	if (!e->stop && (now_ms() >= e->sync_at || now_ms() >= e->expiry_at))
		sync_firewall(e);
	if (now_ms() >= e->purge_at)
		purge(e);
	feed_watchdog(e);
}

int engine_run(struct engine *e)
{
	struct pollfd polled[N_PLACES] = {
		[SIGNALS] = {.fd = e->signal_fd, .events = POLLIN},
		[LOGS] = {.fd = follow_fd(e->follow), .events = POLLIN},
		[FIREWALL] = {.fd = e->client.fd, .events = 0}, /* only whether root is gone */
	};

	turn(e); /* ready means: the kernel holds what the database says */
	(void)sd_notify(0, "READY=1");
	for (; !e->stop; turn(e)) {
		polled[LOGS].fd = e->store_failed ? -1 : follow_fd(e->follow);
		if (poll(polled, N_PLACES, timeout_ms(e)) < 0 && errno != EINTR) {
			log_line(LOG_ERR, "poll: %s", strerror(errno));
			e->status = 3;
			break;
		}
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
	e->purge_at = now_ms() + RETRY_MS;
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		e->watchdog_ms = (int64_t)(watchdog_us / 2000);
	if (e->watchdog_ms == 0)
		e->watchdog_at = INT64_MAX;
	client_init(&e->client, firewall_fd);
	/* The lock before all that exits 2: who is refused by it must not take away the other one's rules. */
	if ((rc = open_signals(e, why)) < 0 || (rc = lock_database(e, why)) < 0 ||
	    (rc = load_rules(config, &e->rules, why)) < 0 ||
	    (rc = store_open(config->database.path, STORE_WRITE, &e->store, why)) < 0 ||
	    (rc = recall_verdict(e->store, config, now_s(), &e->verdict, why)) < 0 || (rc = open_logs(e, why)) < 0) {
		engine_free(e);
		return rc;
	}
	e->scratch = rules_scratch_new(e->rules);
	e->sessions = sessions_new();
	e->ledger = ledger_new(e->store);
	e->wanted = wanted_new(e->store, &e->client, now_s());
	if ((rc = lift_allowed(e, why)) < 0) {
		engine_free(e);
		return rc;
	}
	log_line(LOG_NOTICE, "%zu rules from %zu files, %zu logs, database %s", rules_count(e->rules),
	         rules_files(e->rules), config->n_logs, config->database.path);
	*ret = e;
	return 0;
}

void engine_free(struct engine *e)
{
	if (e == NULL)
		return;
	wanted_free(e->wanted);
	ledger_free(e->ledger);
	follow_free(e->follow);
	store_close(e->store);
	verdict_free(e->verdict);
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
