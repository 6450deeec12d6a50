/*
 * backtest: what would rules have done to old logs, and to whom that did nothing wrong?
 *
 * Reads logs with the rules in question and with others that know the good as well: lines of a negative
 * score, an accepted delivery, a successful login. A collision is an address that the rules in question would
 * have blocked by themselves and that has such a line anywhere in the logs. Would have blocked: a verdict by
 * the config's [block] and [allow] says so, given the hits of all these rules together and nothing else. What
 * speaks for an address is not subtracted, networks are not summed up, and neither quarantine nor brake holds
 * anything back: who looks for collisions wants to know of the near ones. As for a verdict, an IPv6 network of
 * ip6_prefix bits is one client, and an address below means such a client.
 *
 * Logs are read twice when there are collisions, the second time for a line of each: no line is held in
 * memory. About 200 bytes for each client with a match, and what verdict.h says.
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
	BACKTEST_COLLISIONS_MAX = 1000, /* that are given with lines; all are counted */
	BACKTEST_LINE_MAX = 1024,       /* bytes of a line kept */
};

struct backtest_options {
	const struct config *config;
	const struct rules *rules;           /* in question */
	const struct rules *good;            /* asked for the good besides; may be the same set */
	bool disabled;                       /* rules in question with enabled = no take part */
	const struct journal_where *journal; /* instead of files; NULL: files */
	int64_t since_s;                     /* of a journal */
	size_t n_files;
	const char *const *files; /* as of chunks.h, but not standard input; any order */
};

struct backtest_rule {
	int64_t hits, addresses, blocked, collisions;
};

struct backtest_collision {
	const struct rule *rule;
	struct addr address; /* in that line */
	int64_t hits;
	char *line;                   /* the first that the rule matched, any bytes but NUL */
	const struct rule *good_rule; /* and the first that speaks for the client */
	char *good_line;              /* both NULL when the log was changed between the two times */
};

struct backtest_result {
	int64_t files, lines, unparsed;
	struct backtest_rule *rules; /* by the rule's index */
	int64_t n_collisions;        /* of a rule and an address each */
	size_t n_shown;
	struct backtest_collision *shown; /* by address */
};

/*
 * Reads everything. ret is the caller's, to backtest_done, also after an error.
 * Errors: -errno with a sentence, for the first file that cannot be read.
 */
int backtest_run(const struct backtest_options *options, struct backtest_result *ret, struct why *why);

void backtest_done(struct backtest_result *result);

#endif
