/*
 * page: writes a report as a single HTML page, without scripts or other files; charts are inline SVG.
 *
 * It is light or dark as the reader's system is, and fits widths from 360 pixels to paper. All text goes through one
 * function that escapes it, so that nothing a client wrote can become markup. Pure except for the stream.
 */
#ifndef WFS_REPORT_PAGE_H
#define WFS_REPORT_PAGE_H

#include <stdio.h>

#include "report/report.h"

/* host: the host that the report is about. Errors of the stream: ferror(3). */
void page_write(const struct report *report, const char *host, FILE *out);

#endif
