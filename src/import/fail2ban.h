/*
 * fail2ban: converts an installation of fail2ban: which jails are enabled, which of our rules replace their filters,
 * and rule files for the administrator's own filters.
 *
 * It reads jail.conf, jail.d/(*).conf, jail.local and jail.d/(*).local below a directory, in fail2ban's order; for a
 * filter, filter.d/NAME.conf and NAME.local; for its database, fail2ban.conf and fail2ban.local. It writes only to
 * the caller's streams, and runs nothing. What cannot be translated becomes a finding, "file:line: sentence", never a
 * wrong rule: for example a pattern that needs several lines, a host name, or a filter without program. Findings are
 * escaped and written to a stream of the caller. Errors: 0 or -errno with a sentence. Source: jail.conf(5) of
 * fail2ban 1.0.
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
	const char *name; /* borrowed from jails */
	char *filter;     /* without its parameters ... */
	char *parameters; /* ... which are here, such as "mode=rbl"; "": none */
	char *logs;       /* one per line; "": none */
	bool journal;
	const char *ours; /* our rule file for the same purpose; NULL: none */
	bool repeats;     /* it reads fail2ban's own log to find repeat offenders, which [block] for handles */
	int64_t maxretry, findtime_s, bantime_s; /* bantime_s -1: without end */
};

struct fail2ban {
	char *dir;
	struct jails *jails;
	size_t n; /* number of enabled jails */
	struct fail2ban_jail *list;
	char *ignored;  /* ignoreip of [DEFAULT]; "": none */
	char *database; /* the file with the bans; "": fail2ban keeps none */
};

int fail2ban_read(const char *dir, FILE *findings, struct fail2ban *ret, struct why *why);
void fail2ban_done(struct fail2ban *fail2ban);

/* Writes a configuration: logs, allowed addresses, times. */
void fail2ban_write_config(const struct fail2ban *fail2ban, FILE *out);

/*
 * Writes rules for the filter of a jail that has none of ours, and a finding for each pattern left out. Returns how
 * many rules were written; -errno if the filter cannot be read, after which nothing was written.
 */
int fail2ban_write_rules(const struct fail2ban *f2b, const struct fail2ban_jail *jail, FILE *out, FILE *findings,
                         struct why *why);

/* Returns whether the filter's name can be part of a file's and a rule's name. */
bool fail2ban_has_plain_filter(const struct fail2ban_jail *jail);

/* Returns how long a jail of this name bans, in seconds; -1: without end. An unknown jail has the time of DEFAULT. */
int64_t fail2ban_bantime(const struct fail2ban *f2b, const char *jail);

#endif
