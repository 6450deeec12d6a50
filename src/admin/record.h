/* record: converts a request to what the database stores: an audit entry, and for a vote a hit without a log. */
#ifndef WFS_ADMIN_RECORD_H
#define WFS_ADMIN_RECORD_H

#include "admin/admin.h"
#include "pipeline/change.h"

/* The rules of votes. */
extern const struct change_rule record_black, record_white;

/* Returns a change with the request only; the caller adds what it changes. Borrows who and request. */
struct change record_order(const struct protocol_request *request, const char *who, int64_t now_s);

/* Returns the hit of a vote. ignored, spent: see store/hits.h; text: the buffer that the hit's text is in. */
struct store_hit record_vote(const struct protocol_request *request, const char *who, int score, bool ignored,
                             bool spent, int64_t now_s, char text[static STORE_LINE_MAX]);

/* Replies that the request could not be written. */
void record_refuse(json_t *reply, const struct why *why);

#endif
