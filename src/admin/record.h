/*
 * record: what somebody did, and that it was them, in the transaction that makes the change. Errors as of
 * store.h.
 */
#ifndef WFS_ADMIN_RECORD_H
#define WFS_ADMIN_RECORD_H

#include "admin/admin.h"

/* What a black vote is a hit of. */
extern const char record_black_rule[], record_black_reason[];

/* A vote, as a hit without a log; ignored and spent as of store/hits.h. *ret_rule: the id of its rule. */
int record_vote(const struct admin *admin, const struct protocol_request *request, const char *who,
                int score, bool ignored, bool spent, int64_t now_s, int64_t *ret_rule, struct why *why);

/* Ends the transaction: who did it is added and all is committed, or, when rc of what came before is < 0,
 * undone. */
int record_finish(const struct admin *admin, const struct protocol_request *request, const char *who,
                  int64_t now_s, int rc, struct why *why);

/* Answers that it could not be written. */
void record_say_trouble(struct answer *answer, const struct why *why);

#endif
