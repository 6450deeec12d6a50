#include "engine/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/log.h"
#include "input/journal.h"
#include "pipeline/builtin.h"
#include "pipeline/decide.h"
#include "pipeline/pending.h"
#include "pipeline/scan.h"

enum {
	LINES_PER_TURN = 20000, /* then signals and the firewall are handled; about 20 ms */
	FLOODS_MS = 1000,       /* interval between checks for clients that opened too many connections */
};

static void log_suspended(const struct engine *e, const struct rule *rule, size_t released)
{
	const struct log_field fields[] = {
		{"WFS_EVENT", "suspended"}, {"WFS_RULE", rule->text->name}, {"WFS_REASON", rule->text->reason}};

	log_event(LOG_ALERT, fields, sizeof fields / sizeof *fields,
	          "rule %s (%s) would block more than %" PRId64
	          " addresses within an hour that have proven good: it is SUSPENDED, "
	          "and %zu of them are released; find the cause, then 'watchforspammers resume %s'",
	          rule->text->name, rule->text->reason, e->live.config->block.quarantine, released, rule->text->name);
}

static void log_braked(struct engine *e, int64_t now)
{
	if (e->braked_minute == now / 60)
		return;
	e->braked_minute = now / 60;
	log_line(LOG_ALERT,
	         "more than %" PRId64 " blocks in one minute: no more until the next minute; is a rule wrong, or is "
	         "this an attack? (max_blocks_per_minute)",
	         e->live.config->block.max_blocks_per_minute);
}

/* Logs what an operator must know of a decision about a hit of the rule. */
static void log_decision(struct engine *e, const struct rule *rule, const struct decide_result *result, int64_t now)
{
	if (result->decision.outcome == VERDICT_QUARANTINE)
		log_suspended(e, rule, result->released);
	else if (result->decision.outcome == VERDICT_BRAKED)
		log_braked(e, now);
}

/*
 * Returns true for a hit that does not count because it comes from a private address that the configuration does not
 * name.
 */
static bool is_hidden(const struct live *p, const struct rules_hit *hit, const struct decide_result *result)
{
	if (result->decision.outcome != VERDICT_ALLOWED || p->config->allow.n_private == 0 ||
	    !addr_is_private(&hit->address))
		return false;
	for (size_t i = p->config->allow.n_private; i < p->config->allow.n; i++)
		if (net_has(&p->config->allow.nets[i], &hit->address))
			return false;
	return true;
}

/* Reports a proxy, Docker gateway or Kubernetes node: the clients that should be blocked are behind it. */
static void note_proxy(struct engine *e, const struct addr *addr, int64_t now)
{
	char address[ADDR_TEXT_MAX];
	struct why what;

	(void)addr_text(addr, address);
	(void)why_set(&what, EINVAL,
	              "hits come from the private address %s, which is never blocked: a proxy hides the clients",
	              address);
	problems_set(&e->problems, PROBLEMS_PROXY, 0, what.text, NULL, now);
	if (!e->proxy_logged)
		log_line(LOG_WARNING, "%s; %s", what.text, problems_remedy(PROBLEMS_PROXY));
	e->proxy_logged = true;
}

/*
 * Updates passes: a client that delivers need not wait, a hostile one begins again, and a blocked one loses its pass,
 * also one that is blocked because of another one's hit.
 */
static void note_at_gates(struct engine *e, const struct decide_result *result, int64_t time_s, int64_t now)
{
	const struct verdict_decision *const decision = &result->decision;

	if (result->is_good) {
		passes_earn(&e->passes, e->live.config, &decision->subject, time_s, now);
	} else if (result->is_hit && decision->counted) {
		if (decision->n == 0) /* otherwise the first block is the client's */
			passes_lose(&e->passes, &decision->subject, false);
		for (size_t i = 0; i < decision->n; i++)
			passes_lose(&e->passes, &decision->blocks[i].net, true);
	}
	if (result->earned)
		passes_changed(&e->passes);
}

/* Returns the objects with which everything is decided now. */
static struct decide decide_of(const struct engine *e)
{
	const struct live *const p = &e->live;

	return (struct decide){p->config, p->sessions, p->verdict, p->greylist, e->pending, true};
}

/* Makes a rule match pending, and logs what an operator must know. */
static void handle_hit(struct engine *e, const struct decide_line *line, int64_t now, struct rules_hit *hit)
{
	const struct live *const p = &e->live;
	const struct decide decide = decide_of(e);
	struct decide_result result;

	decide_hit(&decide, line, now, hit, &result);
	note_at_gates(e, &result, line->time_s, now);
	if (result.earned)
		events_allowed(&e->events, &result.greylist, p->config->allow.cluster_for_s,
		               "two of its addresses sent the same greylisted message");
	if (result.is_good && result.decision.opens) {
		live_earned(&e->live); /* the comparison lifts the block of the network */
		e->write_at = e->sync_at = 0;
	}
	if (!result.is_hit)
		return;
	if (is_hidden(p, hit, &result))
		note_proxy(e, &hit->address, now);
	if (result.decision.counted)
		dnsbl_ask(p->dnsbl, &result.decision.subject, &hit->address, now);
	if (result.decision.outcome == VERDICT_COUNTED)
		sharing_note_hit(e->sharing, &result.decision.subject, now);
	log_decision(e, hit->rule, &result, now);
}

/* Matches one line against the rules and makes its hits and position pending. */
static void match_line(struct engine *e, struct pending_file *file, struct scan *scan, struct record *record,
                       int64_t now)
{
	struct rules_hit hits[RULES_HITS_MAX];
	char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES];
	size_t n;

	scan->scratch = e->live.scratch; /* a reload replaces it */
	scan->now_s = now;
	engine_sooner(&scan->clock.end_s, now); /* an old file's mtime, but never in the future */
	n = record->has_fields ? scan_entry(scan, record, hits) : scan_line(scan, record, hits);
	if (scan->appended)
		followed_stamped(e->sources->logs, scan, now);
	if (record->part)
		return; /* the position stays before the line that it belongs to */
	for (size_t i = 0; i < n; i++) {
		const struct decide_line line = {.file = file,
		                                 .host = record->line.host,
		                                 .text = record->has_fields ? journal_text(record, text, sizeof text)
		                                                            : record->content,
		                                 .time_s = record->time_s,
		                                 .offset = record->start};

		handle_hit(e, &line, now, &hits[i]);
	}
	if (record->has_fields || file == NULL)
		return; /* sources_settle moves the journal's position; a socket has none */
	pending_read(file, &(struct pending_read){
				   .lines = 1,
				   .cut = record->cut,
				   .unparsed = !record->parsed,
				   .last_line_at = record->parsed && record->line.has_time ? record->line.time_s : 0,
				   .position = record->next,
				   .last = record->text});
}

static void handle_listed(struct engine *e, const struct dnsbl_answer *answer, int64_t now)
{
	const struct live *const p = &e->live;
	const struct decide decide = decide_of(e);
	const struct net net = net_of(&answer->addr);
	struct decide_result result;
	char reason[320]; /* a zone and the text after it */

	decide_listed(&decide, answer, now, &result);
	note_at_gates(e, &result, now, now);
	if (result.is_hit)
		log_decision(e, builtin_rule(BUILTIN_DNS_LIST), &result, now);
	if (!result.earned)
		return;
	(void)snprintf(reason, sizeof reason, "%s%s", answer->list->zone, result.lifts ? "; its block ended" : "");
	events_allowed(&e->events, &net, p->config->dns.allow_for_s, reason);
	live_earned(&e->live);
	e->write_at = e->sync_at = 0;
}

static void handle_name(struct engine *e, const struct dnsbl_answer *answer, int64_t now)
{
	const struct decide decide = decide_of(e);
	struct decide_result result;

	decide_name(&decide, answer, now, &result);
	note_at_gates(e, &result, now, now);
	if (result.is_hit)
		log_decision(e, builtin_rule(BUILTIN_DNS_PTR), &result, now);
}

static void handle_answer(struct engine *e, const struct dnsbl_answer *answer, int64_t now)
{
	char code[ADDR_TEXT_MAX];

	switch (answer->word) {
	case DNSBL_LISTED:
		handle_listed(e, answer, now);
		break;
	case DNSBL_DEAD:
		(void)addr_text(&answer->code, code);
		log_line(LOG_WARNING,
		         "DNS list %s lists 127.0.0.1 (%s), hence everyone: it is dead or refuses your resolver; "
		         "ignored until it stops",
		         answer->list->zone, code);
		break;
	case DNSBL_SILENT:
		log_line(LOG_WARNING, "DNS list %s: no answer; it is not queried until it answers", answer->list->zone);
		break;
	case DNSBL_ALIVE:
		log_line(LOG_NOTICE, "DNS list %s answers again; it is queried again", answer->list->zone);
		break;
	case DNSBL_NO_NAME:
	case DNSBL_MISMATCH:
	case DNSBL_BROKEN:
		handle_name(e, answer, now);
		break;
	}
}

void lines_receive_lists(struct engine *e, const struct moment *now)
{
	struct dnsbl_answer answer;

	verdict_at(e->live.verdict, now->unix_s);
	events_at(&e->events, now->unix_s);
	dnsbl_turn(e->live.dnsbl, now->steady_ms);
	while (!pending_is_full(e->pending) && dnsbl_next(e->live.dnsbl, &answer))
		handle_answer(e, &answer, now->unix_s);
}

void lines_count_floods(struct engine *e, const struct moment *now)
{
	const struct live *const p = &e->live;
	const struct decide decide = decide_of(e);
	struct decide_flood flood = {.connections = p->started->firewall.connections,
	                             .within_s = p->started->firewall.connections_s};
	struct addr addrs[CLIENT_FLOODS_MAX]; /* pending has room for all, since it has no hits now */
	struct decide_result result;
	size_t n = 0;
	struct why why;
	const int rc = client_floods(&e->client, addrs, &n, &why);

	e->floods_at = now->steady_ms + FLOODS_MS;
	if (rc == -EPIPE)
		kernel_trouble(e, rc, &why);
	else if (rc < 0)
		e->sync_at = 0; /* the list is gone: the comparison recreates the rules, or logs why not */
	verdict_at(p->verdict, now->unix_s);
	for (size_t i = 0; i < n; i++) {
		flood.addr = addrs[i];
		decide_flood(&decide, &flood, now->unix_s, &result);
		note_at_gates(e, &result, now->unix_s, now->unix_s);
		log_decision(e, builtin_rule(BUILTIN_CONNECTIONS), &result, now->unix_s);
	}
}

void lines_read(struct engine *e, const struct moment *now)
{
	struct pending_file *file;
	struct scan *scan;

	if (e->zone_minute != now->unix_s / 60)
		tzset(); /* rereads the zone file, in case the machine's time zone was changed */
	e->zone_minute = now->unix_s / 60;
	verdict_at(e->live.verdict, now->unix_s);
	events_at(&e->events, now->unix_s);
	for (size_t n = 0; n < LINES_PER_TURN && !pending_is_full(e->pending); n++) {
		struct record record = {.has_fields = false}; /* each source fills in what it knows */

		if (!sources_next(e->sources, now->steady_ms, &file, &scan, &record))
			break;
		gating_grew(&e->gating, now->steady_ms);
		match_line(e, file, scan, &record, now->unix_s);
		if (!record.more)
			kernel_send(e, now);
	}
	sources_settle(e->sources, now->steady_ms);
}
