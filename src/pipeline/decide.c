#include "pipeline/decide.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/account.h"
#include "pipeline/builtin.h"

enum {
	LISTED_MAX = 320, /* bytes: a zone, two addresses, and the words between them */
	FLOOD_MAX = 96,   /* bytes: two numbers, and the words between them */
};

/* Suspends a rule that blocked too many proven good clients: lifts their blocks; its matches no longer count. */
static size_t suspend(const struct decide *d, const struct rule *rule, int64_t now_s)
{
	struct net nets[PENDING_LIFTED_MAX];
	/* An index is below VERDICT_RULES_MAX. */
	const size_t n = verdict_matched(d->verdict, (unsigned)rule->index, nets, PENDING_LIFTED_MAX);

	for (size_t i = 0; i < n; i++)
		verdict_until(d->verdict, &nets[i], now_s);
	pending_suspend(d->pending, rule, now_s, nets, n);
	return n;
}

/* Handles a greylisted attempt: the client may be the second machine of a large sender. */
static void handle_greylisted(const struct decide *d, const struct rules_hit *hit, int64_t time_s, int64_t now_s,
                              struct decide_result *ret)
{
	const int64_t until_s = now_s + d->config->allow.cluster_for_s;
	enum greylist_outcome outcome;

	if (until_s == now_s || verdict_is_allowed(d->verdict, &hit->address))
		return;
	outcome = greylist_attempt(d->greylist, d->verdict, &hit->address, hit->from, hit->to, hit->helo, time_s,
	                           &ret->greylist);
	if (outcome != GREYLIST_NOTHING && d->keeps_attempts)
		pending_attempt(d->pending, hit, time_s);
	if (outcome != GREYLIST_EARNED)
		return;
	verdict_allow_earned(d->verdict, &ret->greylist, until_s);
	pending_allow(d->pending, &(struct pending_allowance){.net = ret->greylist,
	                                                      .since_s = now_s,
	                                                      .until_s = until_s,
	                                                      .cause = "cluster",
	                                                      .why = "two addresses sent the same greylisted message"});
	ret->earned = true;
}

void decide_expect(const struct decide *d, const struct addr *addr, int score, int64_t time_s,
                   enum verdict_expected when)
{
	const struct net subject = verdict_expect(d->verdict, addr, score, when);

	if (score < 0)
		pending_expect_good(d->pending, &subject, time_s, when);
}

static enum verdict_kind kind_of(const struct rules_hit *hit)
{
	switch (hit->rule->about) {
	case RULES_ABOUT_MAIL:
		return VERDICT_MAIL;
	case RULES_ABOUT_LOGIN: /* a login to an unknown account earns no more credit than a delivery */
		return hit->score < 0 && hit->account == ACCOUNT_NONE ? VERDICT_MAIL : VERDICT_LOGIN;
	case RULES_ABOUT_ANY:
		break;
	}
	return VERDICT_ANY;
}

/* Stores a hit that another log has reported completely: it is no evidence. */
static void store_duplicate(const struct decide *d, const struct decide_line *line, const struct rules_hit *hit,
                            struct decide_result *ret)
{
	ret->decision = (struct verdict_decision){
		.outcome = VERDICT_DUPLICATE, .subject = net_of(&hit->address), .weight = VERDICT_REPEATED};
	pending_hit(d->pending, line->file, hit, line->time_s, line->offset, line->text, &ret->decision);
	ret->is_hit = true;
}

void decide_hit(const struct decide *d, const struct decide_line *line, int64_t now_s, struct rules_hit *hit,
                struct decide_result *ret)
{
	struct verdict_evidence evidence;
	unsigned unreported;

	ret->is_hit = ret->is_good = ret->earned = false;
	ret->released = 0;
	if (sessions_resolve(d->sessions, line->host, line->time_s, hit) != RULES_HIT)
		return;
	unreported = sessions_unreported(d->sessions, line->host, line->time_s, hit);
	if (unreported == 0) {
		store_duplicate(d, line, hit, ret);
		return;
	}
	if (hit->to.p != NULL && hit->helo.p != NULL)
		handle_greylisted(d, hit, line->time_s, now_s, ret);
	evidence = (struct verdict_evidence){
		.addr = hit->address,
		.name = hit->name,
		.score = unreported == hit->count ? hit->score : hit->rule->text->score * (int)unreported,
		.count = unreported,
		.kind = kind_of(hit),
		.account = hit->account,
		.time_s = line->time_s,
		.for_s = hit->rule->text->for_s,
		.rule = (unsigned)hit->rule->index}; /* below VERDICT_RULES_MAX */
	verdict_hit(d->verdict, &evidence, &ret->decision);
	if (ret->decision.login != 0)
		pending_login(d->pending, ret->decision.login, line->time_s);
	if (hit->score <= 0) { /* good evidence counts, but is not a hit */
		ret->is_good = hit->score < 0;
		if (hit->score < 0 && ret->decision.outcome != VERDICT_ALLOWED)
			pending_good(d->pending, &ret->decision.subject,
			             evidence.kind == VERDICT_LOGIN ? hit->account : ACCOUNT_NONE, line->time_s,
			             hit->score, ret->decision.counted);
		return;
	}
	pending_hit(d->pending, line->file, hit, line->time_s, line->offset, line->text, &ret->decision);
	ret->is_hit = true;
	if (ret->decision.outcome == VERDICT_QUARANTINE)
		ret->released = suspend(d, hit->rule, now_s);
}

/* Returns the text to store in place of a log line. */
static struct span listed_text(const struct dnsbl_answer *answer, char out[static LISTED_MAX])
{
	char addr[ADDR_TEXT_MAX], code[ADDR_TEXT_MAX];

	(void)addr_text(&answer->addr, addr);
	(void)addr_text(&answer->code, code);
	return (struct span){out,
	                     (size_t)snprintf(out, LISTED_MAX, "%s answers %s for %s", answer->list->zone, code, addr)};
}

/* Returns false if the address was already allowed. */
static bool allow_listed(const struct decide *d, const struct dnsbl_answer *answer, int64_t now_s,
                         struct decide_result *ret)
{
	const struct verdict_query view = verdict_query(d->verdict, &answer->addr);
	char why[LISTED_MAX];
	const struct pending_allowance allowance = {.net = net_of(&answer->addr),
	                                            .since_s = now_s,
	                                            .until_s = now_s + d->config->dns.allow_for_s,
	                                            .cause = "dns-list",
	                                            .why = why,
	                                            .lifts = view.until_s > now_s,
	                                            .lifted = view.subject};

	if (view.allowed)
		return false;
	(void)snprintf(why, sizeof why, "allowed by %s", answer->list->zone);
	verdict_allow_earned(d->verdict, &allowance.net, allowance.until_s);
	if (allowance.lifts)
		verdict_until(d->verdict, &view.subject, now_s);
	pending_allow(d->pending, &allowance);
	ret->lifts = allowance.lifts;
	return true;
}

void decide_listed(const struct decide *d, const struct dnsbl_answer *answer, int64_t now_s, struct decide_result *ret)
{
	char listed[LISTED_MAX];
	const struct decide_line line = {.text = listed_text(answer, listed), .time_s = now_s};
	struct rules_hit hit = {.rule = builtin_rule(BUILTIN_DNS_LIST),
	                        .kind = RULES_KIND_HIT,
	                        .address = answer->addr,
	                        .score = answer->list->score,
	                        .count = 1,
	                        .detail = {answer->list->zone, strlen(answer->list->zone)}};

	*ret = (struct decide_result){.is_hit = false};
	if (answer->list->score > 0)
		decide_hit(d, &line, now_s, &hit, ret);
	else
		ret->earned = allow_listed(d, answer, now_s, ret);
}

void decide_name(const struct decide *d, const struct dnsbl_answer *answer, int64_t now_s, struct decide_result *ret)
{
	const char *const detail = answer->word == DNSBL_MISMATCH ? "its name has other addresses"
	                           : answer->word == DNSBL_BROKEN ? "its name server fails"
	                                                          : "no name";
	const int64_t score = answer->word == DNSBL_MISMATCH ? d->config->dns.ptr_mismatch : d->config->dns.ptr;
	char addr[ADDR_TEXT_MAX], text[LISTED_MAX];
	struct rules_hit hit = {.rule = builtin_rule(BUILTIN_DNS_PTR),
	                        .kind = RULES_KIND_HIT,
	                        .address = answer->addr,
	                        .score = (int)score, /* at most 1000 */
	                        .count = 1,
	                        .detail = {detail, strlen(detail)}};
	struct decide_line line = {.time_s = now_s};

	*ret = (struct decide_result){.is_hit = false};
	if (score == 0)
		return;
	(void)addr_text(&answer->addr, addr);
	line.text = (struct span){text, (size_t)snprintf(text, sizeof text, "PTR of %s: %s", addr, detail)};
	decide_hit(d, &line, now_s, &hit, ret);
}

void decide_flood(const struct decide *d, const struct decide_flood *flood, int64_t now_s, struct decide_result *ret)
{
	const struct rules_hit hit = {.rule = builtin_rule(BUILTIN_CONNECTIONS),
	                              .kind = RULES_KIND_HIT,
	                              .address = flood->addr,
	                              .score = DECIDE_FLOOD,
	                              .count = 1};
	const struct verdict_evidence evidence = {
		.addr = flood->addr, .score = DECIDE_FLOOD, .time_s = now_s, .rule = BUILTIN_CONNECTIONS};
	char text[FLOOD_MAX];
	const int len = snprintf(text, sizeof text, "kernel: more than %" PRId64 " new connections in %" PRId64 " s",
	                         flood->connections, flood->within_s);
	bool suspends;

	*ret = (struct decide_result){.is_hit = false};
	verdict_hit(d->verdict, &evidence, &ret->decision);
	suspends = ret->decision.outcome == VERDICT_QUARANTINE;
	ret->is_hit = ret->decision.counted || suspends;
	if (ret->is_hit)
		pending_hit(d->pending, NULL, &hit, now_s, 0, (struct span){text, (size_t)len}, &ret->decision);
	if (suspends)
		ret->released = suspend(d, hit.rule, now_s);
}
