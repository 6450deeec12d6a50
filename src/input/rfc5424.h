/*
 * rfc5424: parses the header of RFC 5424, "<22>1 TIME HOST PROGRAM PID MSGID [DATA] MESSAGE".
 *
 * Private to the folder. Pure. Source: RFC 5424, section 6.
 */
#ifndef WFS_INPUT_RFC5424_H
#define WFS_INPUT_RFC5424_H

#include "input/line.h"

/*
 * Parses the header after "<22>1". Sets time, host, program and pid of *line, and returns where the message begins;
 * NULL, with *line undefined, if it is no such header.
 */
const char *rfc5424_read(struct line_clock *clock, struct line *line, const char *p, const char *end);

#endif
