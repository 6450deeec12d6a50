/*
 * repeat: recognises the lines in which syslog daemons say that the previous line occurred again.
 *
 *   syslogd, sysklogd, rsyslog  "last message repeated 9 times", after a host, or after the tag of the line before
 *   syslog-ng                   "Last message 'its beginning' repeated 9 times, suppressed by syslog-ng on mx"
 * (rsyslog's "message repeated 9 times: [ TEXT]" contains the text itself: rules.h.)
 * Only a whole message counts, never a part of one. The text that syslog-ng quotes may be from a client, so the number
 * is searched from the end. Pure. Source: sysklogd syslogd.c, rsyslog tools/omusrmsg and template tests, syslog-ng
 * lib/logwriter.c.
 */
#ifndef WFS_INPUT_REPEAT_H
#define WFS_INPUT_REPEAT_H

#include <stdbool.h>

#include "base/text.h"
#include "input/line.h"

enum { REPEAT_TIMES_MAX = 1000000 }; /* larger numbers count as this */

/* Returns how many more times the previous line occurred; 0 if the message is no such line. */
unsigned repeat_times(struct span message);

/* Returns true if line may refer to before: both have the same host, and the same tag if line has one. */
bool repeat_is_of(const struct line *line, const struct line *before);

/* Returns true if a raw line may be such a line, so that a chunk should not end before it. */
bool repeat_may_be(struct span text);

#endif
