/*
 * protocol: any bytes as a line; what is accepted is safe to act on. And any text in a reply is a line of JSON.
 * The seeds are a line of each form in protocol.h.
 */
#include "control/protocol.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "control/reply.h"
#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const lines[] = {
		"block 192.0.2.0/24 for 1h30m reason too much",
		"add ::ffff:192.0.2.7 600 Broadband",
		"unblock 2001:db8::/64 reason a mistake",
		"del 192.0.2.7 600",
		"vote black 192.0.2.7 score 1000000 reason X-Spam-Score: 25.1",
		"watch hits 9007199254740992",
		"vote white 2001:db8::1/128 score 1",
		"black 192.0.2.7",
		"white 192.0.2.7",
		"list",
		"why 192.0.2.7\r",
		"status",
		"test 192.0.2.0/24",
		"reload",
		"resume postfix-dnsbl",
		"peer mx2",
		"foreign mx2 1795888802123-0 1795888803000 1795888700:48213 block 2001:db8::/64 for 3600 offence 2 rule a category b",
		"foreign mx2 1-0 2 wrong its signature",
		"foreign mx2 1-0 2 1:2 good for 60 known 00000001deadbeef",
		"sent 3 0",
		"auth 0123456789abcdef",
		"compat",
	};

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		seeds_add(lines[i], strlen(lines[i]), "", 0);
	return 0;
}

static void check_request(const struct protocol_request *r)
{
	const unsigned length = addr_is_ip4(&r->net.addr) && r->net.len >= 96 ? r->net.len - 96U + 24 : r->net.len;

	assert(r->for_s >= 0 && r->score >= 0 && r->score <= PROTOCOL_SCORE_MAX);
	assert(memchr(r->reason, '\0', sizeof r->reason) != NULL);
	for (const char *p = r->reason; *p != '\0'; p++)
		assert((unsigned char)*p >= 0x20 && *p != 0x7F);
	if ((r->verb <= PROTOCOL_WHITE && r->verb != PROTOCOL_UNBLOCK_ALL) || r->verb == PROTOCOL_WHY ||
	    r->verb == PROTOCOL_TEST)
		assert(length >= PROTOCOL_LENGTH6_MIN && r->net.len <= 128);
	if (r->verb == PROTOCOL_BLACK || r->verb == PROTOCOL_WHITE)
		assert(r->net.len == 128);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	json_t *const reply = reply_new();
	struct protocol_request r;
	struct why why;
	json_t *json;
	size_t line_len;
	char *line;

	if (protocol_parse((struct span){(const char *)data, len}, &r, &why) == 0) {
		check_request(&r);
		json_put_text(reply, "reason", r.reason);
	} else {
		char text[WHY_MAX] = "";

		memcpy(text, data, len < sizeof text ? len : sizeof text - 1);
		text[sizeof text - 1] = '\0';
		reply_error(reply, text);
	}
	line = reply_line(reply, &line_len);
	json = json_loadb(line, line_len, 0, NULL);
	assert(json_equal(json, reply) && memchr(line, '\n', line_len) == line + line_len - 1);
	json_decref(json);
	json_decref(reply);
	free(line);
	return 0;
}
