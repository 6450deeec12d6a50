/*
 * metrics: the daemon's state and the sums of the database in Prometheus' text format.
 *
 * Knows the members of status --json, and figures. Names begin with "wfs_" and are promises. Counters are sums of the
 * database: they go on after a restart, and never go back. Labels are escaped.
 * Source: https://prometheus.io/docs/instrumenting/exposition_formats/, text-based format 0.0.4.
 */
#ifndef WFS_REPORT_METRICS_H
#define WFS_REPORT_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "base/json.h"
#include "base/why.h"
#include "store/store.h"

/* state: the members of status --json, with running and problems. */
void metrics_write_state(const json_t *state, FILE *out);

/* What the database has: by rule, and by length of prefix. Nothing is written after an error, as of store.h. */
int metrics_write_store(struct store *store, int64_t now_s, FILE *out, struct why *why);

#endif
