/*
 * rfc5424: the header of a line as RFC 5424 has it, "<22>1 TIME HOST PROGRAM PID MSGID [DATA] MESSAGE".
 *
 * Private to the folder. Pure. Source: RFC 5424, section 6.
 */
#ifndef WFS_INPUT_RFC5424_H
#define WFS_INPUT_RFC5424_H

#include "input/line.h"

/*
 * p: behind "<22>1". Fills time, host, program and pid of *line, and returns where the message begins; NULL: it is no
 * such header, and *line is of no use.
 */
const char *rfc5424_read(struct line_clock *clock, struct line *line, const char *p, const char *end);

#endif
