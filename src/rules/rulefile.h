/*
 * rulefile: reads the .rules files of some directories as text, before any regex is compiled.
 *
 * Decides which files are read, in which order, and which replaces which. watchforspammers-rules(5) describes the
 * format of a file: rulekeys.h has the keys, macros.h the macros. Knows base only. Reports all errors in all files, not
 * only the first.
 */
#ifndef WFS_RULES_RULEFILE_H
#define WFS_RULES_RULEFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/why.h"
#include "rules/errors.h"

enum {
	RULEFILE_RULES_MAX = 4096,
};

/* A regex with its macros expanded, and its line. */
struct rulefile_regex {
	char *text;    /* NULL: there is none */
	unsigned line; /* of the key in the file */
};

/*
 * An example: a log line that its rule must match or must not match; or, for rules with <SESSION>, a line that came
 * before (given). Each hit and miss is tried after all given lines above it in the rule.
 */
struct rulefile_example {
	char *text;    /* the log line, any bytes but NUL */
	unsigned line; /* of the key in the file */
	bool hit;      /* false: a miss, or given */
	bool given;
	bool unnamed;        /* "hit = - | LINE": the rule matches it but names no client (it remembers or forgets) */
	struct addr address; /* of a hit that names a client */
};

/* A condition "to = in FILE" or "to = not in FILE". */
struct rulefile_listed {
	char *path; /* NULL: no such condition */
	bool negated;
	unsigned line; /* of the key */
};

struct rulefile_rule {
	char *name;
	const char *file; /* its path; valid as long as the set */
	size_t dir;       /* index of its directory; n_dirs or more: the file itself was named */
	unsigned line;    /* approximately: of the section */
	char *program;    /* globs separated by blanks; "!" in front of one excludes programs */
	struct rulefile_regex match, unless;
	char *category, *reason;
	char *journal_uid;               /* users whose lines count, see writers.h; or NULL */
	char *after;                     /* the rule that must have noted the session before, or NULL */
	unsigned after_line;             /* of the key "after" */
	struct rulefile_listed from, to; /* conditions on <FROM> and <TO> */
	bool foreign;                    /* "helo = foreign": see conditions.h */
	char *event, *event_log;         /* "event = NAME LOG", or NULL */
	int score;
	int64_t for_s; /* the minimum duration of a block that it causes; 0: the usual one */
	bool enabled;
	bool remember;   /* notes the session's address or, without <ADDR>, that this event occurred */
	bool forget;     /* the session ends */
	bool also;       /* tried in addition to the rule that matches the line; adds to its score */
	bool unanswered; /* match or unless uses the macro of that name, see patterns/macros.rules */
	bool generic;    /* "name = generic": matches only if <NAME> is a generic DNS name; see rdns.h */
	size_t n_examples;
	struct rulefile_example *examples;
};

struct rulefile_file {
	char *path;
	size_t dir; /* as in rulefile_rule */
};

struct rulefile_set {
	size_t n;
	struct rulefile_rule *rules; /* files of later directories first, then by name; in file order within a file */
	size_t n_files;
	struct rulefile_file *files;
	bool unanswered; /* a shared macro of that name exists */
};

/* Where to read rules from. */
struct rulefile_from {
	const char *const *dirs; /* n_dirs directories */
	size_t n_dirs;
	const char *const *extra; /* n_extra single files that are read in addition ("check FILE") */
	size_t n_extra;
	const char *const *without; /* paths of n_without files that are ignored */
	size_t n_without;
};

/*
 * Reads every *.rules file in the directories. A file replaces one of the same name from an earlier directory, and an
 * extra file replaces both. But all files "macros.rules" are read, before the others; their macros apply in every file,
 * and the last one of a name wins. A missing directory is skipped, unless all are missing. Two rules of the same name
 * are an error in the file of the later directory: in the administrator's file, not in the shipped one. Always fills
 * *ret and *errors as far as possible; the caller frees them with rulefile_set_done and rulefile_errors_done. Returns 0
 * if there is no error, or -EINVAL with the first one in why.
 */
int rulefile_read(const struct rulefile_from *from, struct rulefile_set *ret, struct rulefile_errors *errors,
                  struct why *why);

void rulefile_set_done(struct rulefile_set *set);

/*
 * Sets errors->file from the path at the beginning of the first message. Returns -EINVAL with the first message in why,
 * or 0 if there is none.
 */
int rulefile_errors_end(const struct rulefile_set *set, struct rulefile_errors *errors, struct why *why);

#endif
