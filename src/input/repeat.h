/*
 * repeat: the lines by which syslog daemons say that the line before was written again.
 *
 *   syslogd, sysklogd, rsyslog  "last message repeated 9 times", behind a host, or behind the tag of the line before
 *   syslog-ng                   "Last message 'its beginning' repeated 9 times, suppressed by syslog-ng on mx"
 * (rsyslog's "message repeated 9 times: [ TEXT]" has the text itself: rules.h.)
 * Only a whole message is one, never a piece of another; the text that syslog-ng quotes may be a client's, so its
 * number is read from behind. Pure. Source: sysklogd syslogd.c, rsyslog tools/omusrmsg and template tests, syslog-ng
 * lib/logwriter.c.
 */
#ifndef WFS_INPUT_REPEAT_H
#define WFS_INPUT_REPEAT_H

#include <stdbool.h>

#include "base/text.h"
#include "input/line.h"

enum { REPEAT_TIMES_MAX = 1000000 }; /* more are that many */

/* How often more the line before was written; 0: the message is no such line. */
unsigned repeat_times(struct span message);

/* True when a line with the header of line may be about a line with the header of before: the host, and the tag if it
 * has one. */
bool repeat_is_of(const struct line *line, const struct line *before);

/* True when a raw line may be one, so that reading should not stop before it. */
bool repeat_may_be(struct span text);

#endif
