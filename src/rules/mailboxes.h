/*
 * mailboxes: a file of mail addresses and domains, for "to = in FILE": does it contain this address?
 *
 * Private to the folder. Each line has one "ADDRESS" or "@DOMAIN"; blanks around it, empty lines and lines that begin
 * with "#" are ignored. ASCII case does not matter. A domain covers all addresses in it, but not those in its
 * subdomains. Immutable once read, so threads share it. Knows base only. Memory: the text of the file, and 8 to 16
 * bytes per line. Aborts if memory cannot be allocated. Errors: -errno with a sentence that begins with the path and,
 * for a line, its number.
 */
#ifndef WFS_RULES_MAILBOXES_H
#define WFS_RULES_MAILBOXES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "base/why.h"

enum {
	MAILBOXES_MAX = 1000000,         /* addresses and domains */
	MAILBOXES_BYTES_MAX = 128 << 20, /* of a file, including comments */
	MAILBOXES_NAME_MAX = 320,        /* bytes of an entry: 64, "@" and 255, RFC 5321 4.5.3.1 */
};

struct mailboxes;

/* Reads the whole file. */
int mailboxes_read(const char *path, struct mailboxes **ret, struct why *why);

/* Like mailboxes_read, but parses text; path is only for messages. */
int mailboxes_parse(const char *path, struct span text, struct mailboxes **ret, struct why *why);

/* Frees mailboxes; accepts NULL. */
void mailboxes_free(struct mailboxes *mailboxes);

/* Returns true if the file contains the address or its domain. address: any bytes, without brackets around it. */
bool mailboxes_has(const struct mailboxes *mailboxes, struct span address);

#endif
