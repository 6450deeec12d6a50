/*
 * page: a report as one page of HTML: no script, no other file, drawings as SVG in it.
 *
 * Light and dark as the reader's system is; from 360 pixels to paper. Every text goes through one function that escapes
 * it: nothing that a client wrote can become markup. Pure but for the stream.
 */
#ifndef WFS_REPORT_PAGE_H
#define WFS_REPORT_PAGE_H

#include <stdio.h>

#include "report/report.h"

/* host: whose report it is. Errors of the stream: ferror(3). */
void page_write(const struct report *report, const char *host, FILE *out);

#endif
