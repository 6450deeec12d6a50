/*
 * record: a request as the database stores it: the requester and the request, and a vote as a hit without a log.
 */
#ifndef WFS_ADMIN_RECORD_H
#define WFS_ADMIN_RECORD_H

#include "admin/admin.h"
#include "pipeline/change.h"

/* The rules of votes. */
extern const struct change_rule record_black, record_white;

/* The request alone; the caller adds what it changes. who and request are borrowed. */
struct change record_order(const struct protocol_request *request, const char *who, int64_t now_s);

/* ignored and spent as of store/hits.h; text: what the hit's text is in. */
struct store_hit record_vote(const struct protocol_request *request, const char *who, int score, bool ignored,
                             bool spent, int64_t now_s, char text[static STORE_LINE_MAX]);

/* Replies that it could not be written. */
void record_refuse(json_t *reply, const struct why *why);

#endif
