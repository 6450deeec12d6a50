/*
 * decide: from a rule's match, through sessions, greylisting and verdict, into pending.
 *
 * Where rules, verdict and pending meet, once for engine and replay: the same lines give the same rows. Answers of DNS
 * lists and the kernel's counters go the same way, in the engine alone. Logs nothing; what an operator must know is in
 * the result.
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

enum { DECIDE_FLOOD = 100 }; /* the score of a flood, as of a DNS blocklist */

/* All borrowed; verdict_at is the caller's. */
struct decide {
	const struct config *config;
	struct sessions *sessions;
	struct verdict *verdict;
	struct greylist *greylist;
	struct pending *pending;
	bool keeps_attempts; /* greylisted attempts are stored, for a restart */
};

/* The line it was found in; file NULL: in none. */
struct decide_line {
	struct pending_file *file;
	struct span host, text;
	int64_t time_s; /* not in the future */
	int64_t offset; /* in the file */
};

struct decide_result {
	bool is_hit;                      /* stored as one; else a note, good evidence, or nothing */
	bool is_good;                     /* good evidence about decision.subject */
	struct verdict_decision decision; /* of a hit */
	size_t released;                  /* blocks lifted because its rule was suspended (VERDICT_QUARANTINE) */
	bool earned;                      /* an allowance: for cluster, or the address in the DNS list */
	struct net greylist;
	bool lifts; /* the DNS list lifts a block for evidence */
};

/* A hit of addr will come: prefetches what is known about it, as verdict_expect does. Changes nothing. */
void decide_expect(const struct decide *decide, const struct addr *addr, int score, int64_t time_s,
                   enum verdict_expected when);

/* now_s: when it is decided; the line's own time in replay. hit is completed. */
void decide_hit(const struct decide *decide, const struct decide_line *line, int64_t now_s, struct rules_hit *hit,
                struct decide_result *ret);

/* The answer of a DNS list (DNSBL_LISTED): a hit of rule "dns-list", or an allowance, which lifts a block for evidence.
 */
void decide_listed(const struct decide *decide, const struct dnsbl_answer *answer, int64_t now_s,
                   struct decide_result *ret);

/*
 * What name servers say of its name (DNSBL_NO_NAME, DNSBL_MISMATCH, DNSBL_BROKEN): a hit of rule "dns-ptr", category
 * "name". Nothing, where [dns] has no score for it.
 */
void decide_name(const struct decide *decide, const struct dnsbl_answer *answer, int64_t now_s,
                 struct decide_result *ret);

/* A client opened more than so many connections within within_s. */
struct decide_flood {
	struct addr addr;
	int64_t connections, within_s;
};

/*
 * A hit of rule "kernel-connections", category "flood", which counts like any other. Nothing is stored of a client that
 * is allowed or blocked already: the kernel reports it every second while the flood lasts.
 */
void decide_flood(const struct decide *decide, const struct decide_flood *flood, int64_t now_s,
                  struct decide_result *ret);

#endif
