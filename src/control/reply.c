#include "control/reply.h"

#include "base/alloc.h"

json_t *reply_new(void)
{
	json_t *const reply = alloc_check(json_object(), 0, "a reply");

	json_put_bool(reply, "ok", true);
	return reply;
}

void reply_error(json_t *reply, const char *sentence)
{
	(void)json_object_clear(reply);
	json_put_bool(reply, "ok", false);
	json_put_text(reply, "error", sentence);
}

bool reply_is_ok(const json_t *reply)
{
	const json_t *const ok = json_object_get(reply, "ok"); /* json_is_true evaluates its argument twice */

	return json_is_true(ok);
}

char *reply_line(json_t *reply, size_t *ret_len)
{
	if (json_size(reply) >= REPLY_MAX)
		reply_error(reply, "the reply is larger than 64 KiB; the command of the same name gives all of it");
	return json_line(reply, ret_len);
}
