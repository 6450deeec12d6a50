/*
 * backtest: what rules would have done to old logs, and which good clients they would have blocked.
 *
 * Reads logs with the rules under test and with other rules that also recognise good clients: lines with a negative
 * score, such as an accepted delivery or a successful login. A collision is an address that the rules under test alone
 * would have blocked and that has such a line anywhere in the logs. Would have blocked means: a verdict with the
 * config's [block] and [allow] says so from the hits of all rules under test and nothing else. Good evidence is not
 * subtracted, the scores of networks are not added up, and neither quarantine nor brake holds anything back: a
 * search for collisions should also find near ones. As in a verdict, an IPv6 network of ip6_prefix bits is one client,
 * and "address" below means such a client.
 *
 * If there are collisions, logs are read a second time to find the lines of each: no lines are kept in memory. Memory:
 * about 200 bytes for each client with a match, and what verdict.h says.
 */
#ifndef WFS_RULECHECK_BACKTEST_H
#define WFS_RULECHECK_BACKTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "config/config.h"
#include "input/journal.h"
#include "rules/rules.h"

enum {
	BACKTEST_COLLISIONS_MAX = 1000, /* collisions that are returned with lines; all are counted */
	BACKTEST_LINE_MAX = 1024,       /* bytes of a line that are kept */
};

struct backtest_options {
	const struct config *config;
	const struct rules *rules; /* the rules under test */
	/* The rules that recognise good clients in addition; may be the same set. */
	const struct rules *good;
	bool disabled;                       /* include rules under test with enabled = no */
	const struct journal_where *journal; /* read this instead of files; NULL: files */
	int64_t since_s;                     /* for a journal */
	size_t n_files;
	const char *const *files; /* as for chunks_open, but not standard input; in any order */
};

struct backtest_rule {
	int64_t hits, addresses, blocked, collisions;
};

struct backtest_collision {
	const struct rule *rule;
	struct addr address; /* the one in that line */
	int64_t hits;
	char *line;                   /* the first line that the rule matched, any bytes but NUL */
	const struct rule *good_rule; /* the rule of good_line */
	/* The first line that shows the client to be good. Both are NULL if the log changed between the two passes. */
	char *good_line;
};

struct backtest_result {
	int64_t files, lines, unparsed;
	struct backtest_rule *rules; /* by rule index */
	int64_t n_collisions;        /* each is a pair of a rule and an address */
	size_t n_shown;
	struct backtest_collision *shown; /* sorted by address */
};

/*
 * Reads everything. The caller frees *ret with backtest_done, also after an error.
 * Errors: -errno with a sentence, for the first file that cannot be read.
 */
int backtest_run(const struct backtest_options *options, struct backtest_result *ret, struct why *why);

void backtest_done(struct backtest_result *result);

#endif
