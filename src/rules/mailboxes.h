/*
 * mailboxes: a file of mail addresses and domains, for "to = in FILE": is this address in it?
 *
 * Private to the folder. One "ADDRESS" or "@DOMAIN" a line, blanks around it ignored; empty lines and those that begin
 * with "#" count for nothing. Case does not matter, in ASCII. A domain denotes all addresses in it, not for those in
 * domains below it. Immutable once read, so threads share it. Knows base only. Memory: the file's text, and 8 to 16
 * bytes a line. Aborts if memory cannot be allocated. Errors: -errno with a sentence that begins with the path and, of
 * a line, its number.
 */
#ifndef WFS_RULES_MAILBOXES_H
#define WFS_RULES_MAILBOXES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "base/why.h"

enum {
	MAILBOXES_MAX = 1000000,         /* addresses and domains */
	MAILBOXES_BYTES_MAX = 128 << 20, /* of a file, comments included */
	MAILBOXES_NAME_MAX = 320,        /* bytes of a line: 64, "@" and 255, RFC 5321 4.5.3.1 */
};

struct mailboxes;

/* Reads the file whole. */
int mailboxes_read(const char *path, struct mailboxes **ret, struct why *why);

/* The same from memory, which is borrowed; path is only the name for messages. */
int mailboxes_parse(const char *path, struct span text, struct mailboxes **ret, struct why *why);

/* Accepts NULL. */
void mailboxes_free(struct mailboxes *mailboxes);

/* True when the address, or its domain, is in it. address: any bytes, without the brackets around it. */
bool mailboxes_has(const struct mailboxes *mailboxes, struct span address);

#endif
