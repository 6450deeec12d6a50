/*
 * summary: writes a report as text, for a terminal or a mail: at most 80 columns; ASCII, except for names. Pure
 * except for the stream.
 */
#ifndef WFS_REPORT_SUMMARY_H
#define WFS_REPORT_SUMMARY_H

#include <stdio.h>

#include "report/report.h"

void summary_write(const struct report *report, const char *host, FILE *out);

#endif
