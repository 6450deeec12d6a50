/*
 * rulefile: the .rules files of some directories as rules, in words, before any regex is compiled.
 *
 * Owns which files are read, in which order, and which replaces which; the format of one is watchforspammers-rules(5):
 * rulekeys.h has the keys, macros.h the macros. Knows base only. All errors of all files are gathered, not only the
 * first.
 */
#ifndef WFS_RULEFILE_H
#define WFS_RULEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "rules/errors.h"

enum {
	RULEFILE_RULES_MAX = 4096,
};

/* A regex with its macros in place, and its line. */
struct rulefile_regex {
	char *text;    /* NULL: none */
	unsigned line; /* of the key in the file */
};

/*
 * A log line that its rule must, or must not, match; or a line that came before (given), for rules with
 * <SESSION>: each hit and miss is tried after all the given lines above it in the rule.
 */
struct rulefile_example {
	char *text;    /* the log line, any bytes but NUL */
	unsigned line; /* of the key in the file */
	bool hit;      /* else a miss, or given */
	bool given;
	bool unnamed;        /* "hit = - | LINE": the rule matches it and names no client (it notes or forgets) */
	struct addr address; /* of a hit that names a client */
};

/* "to = in FILE", "to = not in FILE". */
struct rulefile_listed {
	char *path; /* NULL: no such condition */
	bool negated;
	unsigned line; /* of the key */
};

struct rulefile_rule {
	char *name;
	const char *file; /* path; lives as long as the set */
	size_t dir;       /* which of the directories it is of; n_dirs: none, it was named */
	unsigned line;    /* of the section's first key, about */
	char *program;    /* globs separated by blanks; with "!" in front, of programs that are not meant */
	struct rulefile_regex match, unless;
	char *category, *reason;
	char *journal_uid;               /* users whose lines count, see writers.h, or NULL */
	char *after;                     /* the rule whose note the session must have, or NULL */
	unsigned after_line;             /* of the key */
	struct rulefile_listed from, to; /* what <FROM> and <TO> must be */
	bool foreign;                    /* "helo = foreign": see conditions.h */
	char *event, *event_log;         /* "event = NAME LOG", or NULL */
	int score;
	int64_t for_s; /* a block because of it lasts so long at least; 0: as others */
	bool enabled;
	bool remember;   /* notes the session's address, or without <ADDR> that this was seen */
	bool forget;     /* the session ends here */
	bool also;       /* tried besides the rule that matches the line, adds to its score */
	bool unanswered; /* match or unless has the macro of that name, see patterns/macros.rules */
	bool generic;    /* "name = generic": only when <NAME> carries its address; see rdns.h */
	size_t n_examples;
	struct rulefile_example *examples;
};

struct rulefile_file {
	char *path;
	size_t dir; /* as of rulefile_rule */
};

struct rulefile_set {
	size_t n;
	struct rulefile_rule *rules; /* files of later directories first, then by name; rules in file order */
	size_t n_files;
	struct rulefile_file *files;
	bool unanswered; /* there is a shared macro of that name */
};

/* Where rules come from. */
struct rulefile_from {
	const char *const *dirs; /* n_dirs directories */
	size_t n_dirs;
	const char *const *extra; /* n_extra single files read besides (for "check FILE") */
	size_t n_extra;
	const char *const *without; /* paths of n_without files that are passed over, as if they were not there */
	size_t n_without;
};

/*
 * Reads every *.rules file of the directories; a file of the same name in a later directory, or an extra one, replaces
 * the earlier; but "macros.rules" are all read, first, and their macros apply in every file, the last one of a name. A
 * directory that does not exist is passed over unless none exists. Two rules of one name are an error of the file in
 * the later directory: the administrator's, not the one shipped. Always fills ret and errors as far as it got: 0 when
 * there is no error, -EINVAL with the first in why. Both are the caller's: rulefile_set_done, rulefile_errors_done.
 */
int rulefile_read(const struct rulefile_from *from, struct rulefile_set *ret, struct rulefile_errors *errors,
                  struct why *why);

void rulefile_set_done(struct rulefile_set *set);

/* Sets the file of errors by the path in front of the first. Returns -EINVAL with the first in why; 0 when there is
 * none. */
int rulefile_errors_end(const struct rulefile_set *set, struct rulefile_errors *errors, struct why *why);

#endif
