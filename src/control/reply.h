/*
 * reply: what a request is answered with: an object with "ok", or with "ok" false and "error", in one line.
 *
 * A line is REPLY_MAX bytes at most, so that what waits to be sent has a limit: who puts a list into a reply counts on
 * REPLY_LIST_MAX; one that is too large all the same becomes an error.
 */
#ifndef WFS_REPLY_H
#define WFS_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"

enum {
	REPLY_MAX = 64 * 1024,             /* with the newline */
	REPLY_LIST_MAX = REPLY_MAX - 4096, /* bytes of all lists in a reply; the rest is for the other members */
};

/* {"ok":true}; the caller's to json_decref, or to control_reply. */
json_t *reply_new(void);

/* Becomes {"ok":false,"error":sentence}, whatever it was. */
void reply_error(json_t *reply, const char *sentence);

bool reply_is_ok(const json_t *reply);

/* As it is sent, with its newline, NUL-ended; the caller frees it. */
char *reply_line(json_t *reply, size_t *ret_len);

#endif
