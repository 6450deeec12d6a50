/*
 * fail2ban: an installation of fail2ban as ours: which jails are on, which rules of ours replace their filters, and
 * rule files for filters of its administrator.
 *
 * Reads jail.conf, jail.d/(*).conf, jail.local and jail.d/(*).local below a directory, in this order, as fail2ban does,
 * for a filter filter.d/NAME.conf and NAME.local, and for its database fail2ban.conf and fail2ban.local. Nothing is
 * written but to streams of the caller; nothing is run. What cannot be translated is a finding, "file:line: sentence",
 * and never a wrong rule: a pattern that needs several lines, a name of a host, or no program. Findings are escaped,
 * and go to a stream of the caller. Errors: 0 or -errno with a sentence. Source: jail.conf(5) of fail2ban 1.0.
 */
#ifndef WFS_IMPORT_FAIL2BAN_H
#define WFS_IMPORT_FAIL2BAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/why.h"
#include "import/jails.h"

struct fail2ban_jail {
	const char *name; /* borrowed of jails */
	char *filter;     /* without its parameters ... */
	char *parameters; /* ... which are these: "mode=rbl"; "" */
	char *logs;       /* one on each line; "": none */
	bool journal;
	const char *ours; /* our rule file with the same purpose; NULL: none */
	bool repeats;     /* it reads fail2ban's own log, for those that come back: [block] for does that */
	int64_t maxretry, findtime_s, bantime_s; /* bantime_s -1: for ever */
};

struct fail2ban {
	char *dir;
	struct jails *jails;
	size_t n; /* that are on */
	struct fail2ban_jail *list;
	char *ignored;  /* of [DEFAULT] ignoreip; "": none */
	char *database; /* of the bans; "": it keeps none */
};

int fail2ban_read(const char *dir, FILE *findings, struct fail2ban *ret, struct why *why);
void fail2ban_done(struct fail2ban *fail2ban);

/* Writes a configuration: logs, allowed addresses, times. */
void fail2ban_write_config(const struct fail2ban *fail2ban, FILE *out);

/*
 * Writes rules for the filter of a jail that has none of ours, and a line to findings for each pattern that is left
 * out. Returns how many rules were written, or -errno: the filter cannot be read; then nothing was written.
 */
int fail2ban_write_rules(const struct fail2ban *f2b, const struct fail2ban_jail *jail, FILE *out, FILE *findings,
                         struct why *why);

/* Whether its filter is a word that can be part of a file's and a rule's name. */
bool fail2ban_has_plain_filter(const struct fail2ban_jail *jail);

/* How long a jail of this name bans, in seconds; -1: for ever. A jail that is not there: as DEFAULT. */
int64_t fail2ban_bantime(const struct fail2ban *f2b, const char *jail);

#endif
