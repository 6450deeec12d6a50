/*
 * intake: what a rule found in a line, through sessions, greylisting and verdict into the ledger.
 *
 * Where rules, verdict and ledger meet, once for engine and replay: the same lines give the same rows. What a DNS list
 * says goes the same way, in the engine alone. Says nothing to anybody; what an operator must hear is in the result.
 */
#ifndef WFS_INTAKE_H
#define WFS_INTAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "config.h"
#include "ledger.h"
#include "lists.h"
#include "rules/rules.h"
#include "rules/sessions.h"
#include "verdict/cluster.h"
#include "verdict/verdict.h"

/* All borrowed; verdict_at is the caller's. */
struct intake {
	const struct config *config;
	struct sessions *sessions;
	struct verdict *verdict;
	struct cluster *cluster;
	struct ledger *ledger;
	bool keeps_attempts; /* greylisted attempts are stored, for a restart */
};

/* The line it was found in; file NULL: in none. */
struct intake_line {
	struct ledger_file *file;
	struct span host, text;
	int64_t time_s; /* not in the future */
	int64_t offset; /* in the file */
};

struct intake_result {
	bool is_hit;                       /* stored as one; else a note, evidence for the good, or nothing */
	struct verdict_decision decision;  /* of a hit */
	size_t released;                   /* blocks lifted because its rule was suspended (VERDICT_QUARANTINE) */
	bool earned;                       /* an allowance: for cluster, or the address in the DNS list */
	struct net cluster;
};

/* A hit of addr will come soon, or very soon: fetches what is known about it, as of verdict_expect. Changes nothing. */
void intake_expect(const struct intake *intake, const struct addr *addr, int score, int64_t time_s, bool near);

/* now_s: when it is decided; the line's own time in replay. hit is completed. */
void intake_hit(const struct intake *intake, const struct intake_line *line, int64_t now_s, struct rules_hit *hit,
                struct intake_result *ret);

/* What a DNS list said (LISTS_LISTED): a hit of rule "dns-list", or an allowance, which lifts a block of evidence. */
void intake_listed(const struct intake *intake, const struct lists_answer *answer, int64_t now_s,
                   struct intake_result *ret);

#endif
