/*
 * jails: the configuration of fail2ban, as fail2ban reads it.
 *
 * A file is sections of "key = value"; a value goes on in lines that begin with a blank; comments begin with "#" or
 * ";", or with ";" behind a blank. Later entries replace earlier ones of the same key. [INCLUDES] before and after name
 * files of the same directory, one on each line; with NAME.conf NAME.local is read, and a file that is being read is
 * not read again. Values are kept as written; jails_value replaces "%(key)s", "%(section/key)s" and "%(known/key)s"
 * (what the key had before). Order: jails_new, jails_read as often as wanted, jails_value; jails_free. Sections compare
 * with case, keys without, as there. Everything in it is text of the administrator; limits are against mistakes only.
 * What cannot be read is an error with file and line; a file that an include names and that is missing is none, as
 * there. Source: jail.conf(5) of fail2ban 1.0; "Basic Interpolation" of Python's configparser;
 * client/configparserinc.py.
 */
#ifndef WFS_IMPORT_JAILS_H
#define WFS_IMPORT_JAILS_H

#include <stddef.h>
#include <stdio.h>

#include "base/why.h"

struct jails_entry {
	char *section, *key, *value; /* key: in small letters */
	size_t len;                  /* of value */
	char *file;                  /* and where in it: for messages */
	unsigned line;
};

enum { JAILS_INCLUDES_MAX = 10 }; /* files that include files */

struct jails {
	size_t n;
	struct jails_entry *list;
	struct jails_place *places; /* the newest entry of each section and key */
	size_t n_sections;
	const char **sections;                   /* each once, in order of appearance; not DEFAULT */
	size_t depth, n_files;                   /* of includes; that were read */
	const char *reading[JAILS_INCLUDES_MAX]; /* depth of them */
};

struct jails *jails_new(void);
void jails_free(struct jails *jails);

/* Adds a file's entries. Errors: -ENOENT and the like; -EINVAL with "file:line: reason". */
int jails_read(struct jails *jails, const char *path, struct why *why);

/* As written; NULL: neither the section nor DEFAULT has it. */
const struct jails_entry *jails_find(const struct jails *jails, const char *section, const char *key);

/*
 * The value with all that it refers to; the caller frees it. NULL: there is none, or it refers to what does not exist
 * or to itself; then why has a sentence (of no entry: "").
 */
char *jails_value(const struct jails *jails, const char *section, const char *key, struct why *why);

/* The same, but "" for NULL; the sentence, if there is one, is a finding. */
char *jails_text(const struct jails *jails, const char *section, const char *key, FILE *findings);

/* What cannot be translated, and where it is: a line of the stream, escaped. */
void jails_finding(FILE *findings, const char *sentence);

#endif
