/*
 * tag: parses "postfix/smtpd[411]:", the tag of a syslog line, and the host name before it.
 *
 * Private to the folder. Pure. Strict, because what looks like a tag may be attacker-controlled text:
 * "unknown[192.0.2.20]:" is none.
 */
#ifndef WFS_INPUT_TAG_H
#define WFS_INPUT_TAG_H

#include <stdbool.h>

#include "base/text.h"
#include "input/line.h"

/* Return the end of the characters that the name of a host, or of a program, may have. */
const char *tag_host(const char *p, const char *end);
const char *tag_name(const char *p, const char *end);

/* Reads "name:", "name[pid]:" or, if bare, "name[pid]" before a blank into *line. Returns the end, or NULL. */
const char *tag_read(struct line *line, const char *p, const char *end, bool bare);

/* Return a name or an id from another source if a tag may have it, else an empty span. */
struct span tag_allowed_name(struct span name);
struct span tag_allowed_pid(struct span pid);

#endif
