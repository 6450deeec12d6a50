/* message: any bytes as a request and as the answer to one; what is taken must be safe to act on. */
#include "firewall/message.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take(const struct message *m, size_t len)
{
	/* The request that this would answer best, so that the checks behind verb and number are reached. */
	const struct message request = {
	        .verb = m->verb, .number = m->number, .n = m->refused % (MESSAGE_ENTRIES + 1)};

	if (message_is_request(m, len)) {
		assert(len == sizeof *m && m->n <= MESSAGE_ENTRIES);
		for (uint32_t i = 0; i < m->n; i++)
			assert(m->entries[i].len >= 32 && m->entries[i].len <= 128 &&
			       m->entries[i].seconds <= MESSAGE_SECONDS_MAX);
	}
	if (message_is_answer(m, len, &request)) {
		assert(m->n <= MESSAGE_ENTRIES && m->error <= 0 && m->refused <= request.n);
		assert(memchr(m->why, '\0', sizeof m->why) != NULL);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct message m = {0};

	memcpy(&m, data, len < sizeof m ? len : sizeof m);
	take(&m, len);
	take(&m, sizeof m); /* short input, the rest zeros: the fuzzer need not find out the size */
	return 0;
}
