/*
 * metrics: writes the daemon's state and the database's totals in Prometheus' text format.
 *
 * Knows the members of status --json, and figures. Names begin with "wfs_" and never change. Counters are totals from
 * the database: they continue after a restart and never decrease. Labels are escaped. Source:
 * https://prometheus.io/docs/instrumenting/exposition_formats/, text-based format 0.0.4.
 */
#ifndef WFS_REPORT_METRICS_H
#define WFS_REPORT_METRICS_H

#include <stdint.h>
#include <stdio.h>

#include "base/json.h"
#include "base/why.h"
#include "store/store.h"

/* Writes the daemon's state. state: the members of status --json, with running and problems. */
void metrics_write_state(const json_t *state, FILE *out);

/*
 * Writes the database's totals by rule, and the active blocks by prefix length. Errors as in store.h; after an error
 * nothing has been written.
 */
int metrics_write_store(struct store *store, int64_t now_s, FILE *out, struct why *why);

#endif
