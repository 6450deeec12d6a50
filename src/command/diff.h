/*
 * diff: how the decisions of a replay differ from those in a database.
 */
#ifndef WFS_COMMAND_DIFF_H
#define WFS_COMMAND_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "store/store.h"

enum {
	DIFF_SLACK_S = 60
}; /* blocks that end closer together than this end alike: the daemon's clock was not the log's */

struct diff_request {
	int64_t from_s, until_s; /* when the blocks began */
	bool json, utc;          /* utc: times for people are UTC, else local */
};

/*
 * Compares the blocks that began from from_s to until_s in replayed with those in remembered, and prints the
 * differences: grouped by rule for people, one JSON object a line for programs. *ret_n: how many.
 * Errors as of store.h.
 */
int diff_print(struct store *replayed, struct store *remembered, const struct diff_request *q, int64_t *ret_n,
               struct why *why);

#endif
