/*
 * jails: reads the configuration of fail2ban as fail2ban does.
 *
 * A file consists of sections of "key = value". Lines that begin with a blank continue a value. Comments begin with
 * "#" or ";" at the start of a line, or with ";" after a blank. Later entries replace earlier ones with the same key.
 * In [INCLUDES], before and after name files in the same directory, one per line; after NAME.conf, NAME.local is
 * read; a file being read is not read again. Values are stored as written; jails_value replaces "%(key)s",
 * "%(section/key)s" and "%(known/key)s" (the key's previous value). Section names are case-sensitive, keys are not,
 * as in fail2ban.
 *
 * Call jails_new, jails_read as often as needed, jails_value, then jails_free. All text is the administrator's;
 * limits only guard against mistakes. What cannot be read is an error with file and line; a missing included file is
 * no error, as in fail2ban. Source: jail.conf(5) of fail2ban 1.0; "Basic Interpolation" of Python's configparser;
 * client/configparserinc.py.
 */
#ifndef WFS_IMPORT_JAILS_H
#define WFS_IMPORT_JAILS_H

#include <stddef.h>
#include <stdio.h>

#include "base/why.h"

struct jails_entry {
	char *section, *key, *value; /* key: in lower case */
	size_t len;                  /* of value */
	char *file;                  /* with line: where it is, for messages */
	unsigned line;
};

enum { JAILS_INCLUDES_MAX = 10 }; /* maximum depth of includes */

struct jails {
	size_t n;
	struct jails_entry *list;
	struct jails_place *places; /* index: the newest entry of each section and key */
	size_t n_sections;
	const char **sections;                   /* each once, in order of appearance, without DEFAULT */
	size_t depth, n_files;                   /* depth: of includes now; n_files: read so far */
	const char *reading[JAILS_INCLUDES_MAX]; /* paths of the files being read, depth of them */
};

struct jails *jails_new(void);
void jails_free(struct jails *jails);

/* Adds a file's entries. Errors: -ENOENT and others from reading; -EINVAL with "file:line: reason". */
int jails_read(struct jails *jails, const char *path, struct why *why);

/* Returns an entry as written; NULL if it is neither in the section nor in DEFAULT. */
const struct jails_entry *jails_find(const struct jails *jails, const char *section, const char *key);

/*
 * Returns the value with all references replaced; the caller frees it. Returns NULL if there is no entry, with "" in
 * why, or if it refers to something unknown or to itself, with a sentence in why.
 */
char *jails_value(const struct jails *jails, const char *section, const char *key, struct why *why);

/* Like jails_value, but returns "" instead of NULL; a sentence in why becomes a finding. */
char *jails_text(const struct jails *jails, const char *section, const char *key, FILE *findings);

/* Writes a finding: one line, escaped, that says what cannot be translated and where it is. */
void jails_finding(FILE *findings, const char *sentence);

#endif
