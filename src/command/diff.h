/* diff: compares the decisions of a replay with those in a database. */
#ifndef WFS_COMMAND_DIFF_H
#define WFS_COMMAND_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "store/store.h"

enum {
	DIFF_SLACK_S = 60
}; /* blocks whose ends differ by less than this count as equal: the daemon's clock was not the log's */

struct diff_request {
	int64_t from_s, until_s; /* when the blocks began */
	bool json, utc;          /* utc: times for people are in UTC, otherwise local */
};

/*
 * Compares the blocks that began from from_s to until_s in replayed and in remembered, and prints the differences:
 * for people grouped by rule, for programs one JSON object per line. *ret_n: how many. Errors as in store.h.
 */
int diff_print(struct store *replayed, struct store *remembered, const struct diff_request *q, int64_t *ret_n,
               struct why *why);

#endif
