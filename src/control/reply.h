/*
 * reply: the reply to a request: a one-line JSON object with "ok" true, or with "ok" false and "error".
 *
 * A line has at most REPLY_MAX bytes, so that what waits to be sent is limited. Lists in a reply must fit into
 * REPLY_LIST_MAX. A reply that is still too large becomes an error.
 */
#ifndef WFS_CONTROL_REPLY_H
#define WFS_CONTROL_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

enum {
	REPLY_MAX = 64 * 1024,             /* including the newline */
	REPLY_LIST_MAX = REPLY_MAX - 4096, /* bytes of all lists in a reply; the rest is for the other members */
};

/* Returns {"ok":true}. Pass it to json_decref, or to control_reply. */
json_t *reply_new(void);

/* Turns reply into {"ok":false,"error":sentence}. */
void reply_error(json_t *reply, const char *sentence);

bool reply_is_ok(const json_t *reply);

/* Returns the reply as it is sent, with its newline and a NUL; the caller frees it. */
char *reply_line(json_t *reply, size_t *ret_len);

#endif
