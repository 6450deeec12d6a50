/*
 * share_message: any bytes as a message of another host: what is accepted has a canonical form, and what is printed of
 * it is read back as the same.
 */
#include "share/message.h"

#include <assert.h>
#include <string.h>

#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char *const seeds[] = {
		("{\"v\":1,\"id\":\"mx1:1795888700:48213\",\"at\":1795888802,\"op\":\"block\",\"net\":\"2001:db8:1:2::/64\",\"until\":1795892402,"
	         "\"offence\":2,\"rule\":\"postfix-relay\",\"category\":\"relay\",\"sig\":\"ed25519:AAAA\"}"),
		"{\"v\":1,\"id\":\"a:0:0\",\"at\":0,\"op\":\"lift\",\"net\":\"192.0.2.7\",\"sig\":\"s\"}",
		"{\"v\":1,\"id\":\"a:0:0\",\"at\":0,\"op\":\"white\",\"net\":\"192.0.2.7\",\"until\":1,\"sig\":\"s\"}",
		"{\"v\":1,\"id\":\"a:0:0\",\"at\":0,\"op\":\"own\",\"net\":\"192.0.2.7\",\"until\":1,\"sig\":\"s\"}",
		"{\"v\":1,\"id\":\"a:0:0\",\"at\":0,\"op\":\"good\",\"until\":1,\"known\":"
		"\"00000001deadbeef\",\"sig\":\"s\"}",
	};

	seeds_begin(*argc, *argv);
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		seeds_add(seeds[i], strlen(seeds[i]), "", 0);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char signature[MESSAGE_SIGNATURE_MAX], again[MESSAGE_SIGNATURE_MAX], one[MESSAGE_MAX], other[MESSAGE_MAX],
		text[MESSAGE_MAX];
	struct message m, back;
	struct why why;
	size_t n;

	if (message_parse((struct span){(const char *)data, len}, &m, signature, &why) < 0)
		return 0;
	n = message_canonical(&m, one);
	assert(n < MESSAGE_MAX && m.net.len <= 128 && m.op < MESSAGE_OPS);
	/* The text of a signature is printed only if it is one of ours. */
	n = message_print(&m, "ed25519:AAAA", text);
	assert(n < MESSAGE_MAX && message_parse((struct span){text, n}, &back, again, &why) == 0);
	assert(message_canonical(&back, other) == strlen(one) && strcmp(one, other) == 0);
	return 0;
}
