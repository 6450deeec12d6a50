/*
 * decide: passes a rule match through sessions, greylisting and verdict into pending.
 *
 * This is where rules, verdict and pending meet, for both engine and replay: the same lines give the same rows. Answers
 * of DNS lists and the kernel's flood reports take the same path, but only in the engine. Logs nothing: the result
 * holds whatever an operator must know.
 */
#ifndef WFS_PIPELINE_DECIDE_H
#define WFS_PIPELINE_DECIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config/config.h"
#include "dns/dnsbl.h"
#include "pipeline/pending.h"
#include "rules/rules.h"
#include "rules/sessions.h"
#include "verdict/greylist.h"
#include "verdict/verdict.h"

enum { DECIDE_FLOOD = 100 }; /* the score of a flood; the same as for a DNS blocklist */

/* All pointers are borrowed. The caller calls verdict_at. */
struct decide {
	const struct config *config;
	struct sessions *sessions;
	struct verdict *verdict;
	struct greylist *greylist;
	struct pending *pending;
	bool keeps_attempts; /* store greylisted attempts, so that a restart remembers them */
};

/* The line that contains the match. file NULL: it is in no log. */
struct decide_line {
	struct pending_file *file;
	struct span host, text;
	int64_t time_s; /* not in the future */
	int64_t offset; /* of the line in the file */
};

struct decide_result {
	bool is_hit;                      /* stored as a hit; otherwise a session note, good evidence, or nothing */
	bool is_good;                     /* good evidence about decision.subject */
	struct verdict_decision decision; /* of a hit */
	size_t released;                  /* blocks lifted because its rule was suspended (VERDICT_QUARANTINE) */
	/* an allowance was granted: to the network greylist, or to the address in the DNS list */
	bool earned;
	struct net greylist;
	bool lifts; /* the DNS list's answer lifts an evidence block */
};

/* Prefetches what is known about addr, a hit of which will be decided soon, as verdict_expect does. Changes nothing. */
void decide_expect(const struct decide *decide, const struct addr *addr, int score, int64_t time_s,
                   enum verdict_expected when);

/* Decides one match. now_s: the time of the decision; in a replay, the line's own time. Completes hit. */
void decide_hit(const struct decide *decide, const struct decide_line *line, int64_t now_s, struct rules_hit *hit,
                struct decide_result *ret);

/*
 * Decides the answer of a DNS list (DNSBL_LISTED): it is a hit of rule "dns-list", or an allowance, which lifts an
 * evidence block.
 */
void decide_listed(const struct decide *decide, const struct dnsbl_answer *answer, int64_t now_s,
                   struct decide_result *ret);

/*
 * Decides what name servers say about the address's name (DNSBL_NO_NAME, DNSBL_MISMATCH, DNSBL_BROKEN): it is a hit of
 * rule "dns-ptr", category "name". Does nothing if [dns] has no score for it.
 */
void decide_name(const struct decide *decide, const struct dnsbl_answer *answer, int64_t now_s,
                 struct decide_result *ret);

/* A client that opened more than this many connections within within_s seconds. */
struct decide_flood {
	struct addr addr;
	int64_t connections, within_s;
};

/*
 * Decides a flood: a hit of rule "kernel-connections", category "flood", which counts like any other. Stores nothing
 * for a client that is allowed or already blocked, or while the rule is suspended, because the kernel reports it every
 * second while the flood lasts.
 */
void decide_flood(const struct decide *decide, const struct decide_flood *flood, int64_t now_s,
                  struct decide_result *ret);

#endif
