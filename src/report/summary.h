/*
 * summary: a report as text, for a terminal or a mail: at most 80 columns of ASCII and what is in names.
 * Pure but for the stream.
 */
#ifndef WFS_REPORT_SUMMARY_H
#define WFS_REPORT_SUMMARY_H

#include <stdio.h>

#include "report/report.h"

void summary_write(const struct report *report, const char *host, FILE *out);

#endif
