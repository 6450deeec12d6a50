/*
 * tag: "postfix/smtpd[411]:", what a syslog line has in front of its message, and the host's name before it.
 *
 * Private to the folder. Pure. Strict, because what looks like a tag may be attacker-controlled text:
 * "unknown[192.0.2.20]:" is none.
 */
#ifndef WFS_INPUT_TAG_H
#define WFS_INPUT_TAG_H

#include <stdbool.h>

#include "base/text.h"
#include "input/line.h"

/* After the characters that the name of a host, or of a program, may have. */
const char *tag_host(const char *p, const char *end);
const char *tag_name(const char *p, const char *end);

/* After "name:", "name[pid]:" or, where bare, "name[pid]", which must end a word: they are in *line. Else NULL. */
const char *tag_read(struct line *line, const char *p, const char *end, bool bare);

/* A name or an id, known otherwise: itself if a tag may have it, else none. */
struct span tag_allowed_name(struct span name);
struct span tag_allowed_pid(struct span pid);

#endif
