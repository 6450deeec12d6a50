/*
 * json: JSON as this program writes it, by jansson.
 *
 * Text is escaped first (text.h): otherwise the author of a log line writes to the reader's terminal, and jansson
 * refuses what is no UTF-8. Times are RFC 3339 in UTC. Keys and members are promises; see watchforspammers(8).
 * Aborts if memory cannot be allocated.
 */
#ifndef WFS_JSON_H
#define WFS_JSON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* New values. json_text: null for a span without a pointer. json_time: null for 0. */
json_t *json_text(struct span text);
json_t *json_time(int64_t time_s);

/* Set a member of object. text NULL: null. json_put takes the value's reference. */
void json_put(json_t *object, const char *key, json_t *value);
void json_put_text(json_t *object, const char *key, const char *text);
void json_put_number(json_t *object, const char *key, int64_t number);
void json_put_bool(json_t *object, const char *key, bool yes);
void json_put_time(json_t *object, const char *key, int64_t time_s);

/* How many bytes json_line gives, but for the newline and the NUL. */
size_t json_size(const json_t *json);

/* One line with its newline, NUL-ended; the caller frees it. */
char *json_line(const json_t *json, size_t *ret_len);

#endif
