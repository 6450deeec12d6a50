#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/duration.h"

static const char what[] = "JSON";

json_t *json_text(struct span text)
{
	const size_t cap = 4 * text.len + 8;
	char *out;
	json_t *json;

	if (text.p == NULL)
		return json_null();
	out = alloc_raw(1, cap, what);
	json = alloc_check(json_stringn(out, text_escape(text, out, cap)), cap, what);
	free(out);
	return json;
}

json_t *json_time(int64_t time_s)
{
	char text[TIME_TEXT_MAX];

	if (time_s == 0)
		return json_null();
	time_text(time_s, text);
	return alloc_check(json_string(text), sizeof text, what);
}

void json_put(json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new_nocheck(object, key, value) < 0)
		alloc_failed(0, what);
}

void json_put_text(json_t *object, const char *key, const char *text)
{
	json_put(object, key, json_text((struct span){text, text != NULL ? strlen(text) : 0}));
}

void json_put_number(json_t *object, const char *key, int64_t number)
{
	json_put(object, key, json_integer(number));
}

void json_put_bool(json_t *object, const char *key, bool yes)
{
	json_put(object, key, json_boolean(yes));
}

void json_put_time(json_t *object, const char *key, int64_t time_s)
{
	json_put(object, key, json_time(time_s));
}

size_t json_size(const json_t *json)
{
	return json_dumpb(json, NULL, 0, JSON_COMPACT);
}

char *json_line(const json_t *json, size_t *ret_len)
{
	const size_t len = json_size(json);
	char *const line = alloc_raw(1, len + 2, what);

	(void)json_dumpb(json, line, len, JSON_COMPACT);
	memcpy(line + len, "\n", 2);
	*ret_len = len + 1;
	return line;
}
