/*
 * diff: what other decisions a replay makes than a database remembers.
 */
#ifndef WFS_COMMAND_DIFF_H
#define WFS_COMMAND_DIFF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/why.h"
#include "store/store.h"

enum { DIFF_SLACK_S = 60 }; /* blocks that end closer together than this end alike: the daemon's clock was not the log's */

/*
 * Compares the blocks that began from from_s to until_s in replayed with those in remembered, and prints the
 * differences: grouped by rule for people, one JSON object a line for programs. *ret_n: how many.
 * Errors as of store.h.
 */
int diff_print(struct store *replayed, struct store *remembered, int64_t from_s, int64_t until_s, bool json,
               int64_t *ret_n, struct why *why);

#endif
