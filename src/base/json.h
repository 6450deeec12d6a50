/*
 * json: builds and writes JSON with jansson.
 *
 * Text is escaped first (text.h): otherwise the author of a log line could write to the reader's terminal, and jansson
 * refuses text that is not UTF-8. Times are RFC 3339 in UTC. Keys and members are a stable interface; see
 * watchforspammers(8). Aborts if memory cannot be allocated.
 */
#ifndef WFS_BASE_JSON_H
#define WFS_BASE_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* Return new values. json_text returns null if the span's pointer is NULL, json_time if time_s is 0. */
json_t *json_text(struct span text);
json_t *json_time(int64_t time_s);

/* Set a member of object. text NULL gives null. json_put takes over the reference to value. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *text);
void json_put_number(json_t *object, const char *key, int64_t number);
void json_put_bool(json_t *object, const char *key, bool yes);
void json_put_time(json_t *object, const char *key, int64_t time_s);

/* Returns the length of json_line's text without the newline and the NUL. */
size_t json_size(const json_t *json);

/*
 * Returns json as one line with its newline, NUL-ended; the caller frees it. *ret_len counts the newline, not the NUL.
 */
char *json_line(const json_t *json, size_t *ret_len);

#endif
