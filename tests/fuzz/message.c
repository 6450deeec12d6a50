/*
 * message: any bytes as a request and as the answer to one; what is accepted must be safe to act on.
 * The seeds are a request of each verb, and an answer with a sentence.
 */
#include "firewall/message.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "seeds.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const struct message_entry entry = {
		.addr = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 7}, .len = 128, .left_s = 600};
	struct message m;

	seeds_begin(*argc, *argv);
	for (uint32_t verb = MESSAGE_PREPARE; verb <= MESSAGE_LIMITS; verb++) {
		m = (struct message){.verb = verb, .number = 1};
		if (verb == MESSAGE_ADD || verb == MESSAGE_DEL) {
			m.n = 1;
			m.entries[0] = entry;
			m.entries[0].left_s = verb == MESSAGE_ADD ? entry.left_s : 0;
		}
		assert(message_is_request(&m, message_size(&m)));
		seeds_add(&m, message_size(&m), "", 0);
	}
	for (uint32_t verb = MESSAGE_GATES; verb <= MESSAGE_COUNTS; verb++) {
		m = (struct message){.verb = verb, .number = 1, .n4 = verb == MESSAGE_GATES || verb == MESSAGE_COUNTS};
		if (m.n4 == 0) {
			m.n = 1;
			m.entries[0] = entry;
			m.entries[0].left_s = verb == MESSAGE_PASS ? entry.left_s : 0;
		}
		assert(message_is_request(&m, message_size(&m)));
		seeds_add(&m, message_size(&m), "", 0);
	}
	m = (struct message){.verb = MESSAGE_COUNTS, .number = 1, .gate = {.asked = 3, .refused = 2, .waits_s = 60}};
	seeds_add(&m, message_size(&m), "", 0);
	m = (struct message){.verb = MESSAGE_ADD, .number = 1, .capacity = 100, .refused = 1, .error = -28};
	(void)snprintf(m.why, sizeof m.why, "the list is full");
	seeds_add(&m, message_size(&m), "", 0);
	m = (struct message){.verb = MESSAGE_LIST, .number = 1, .n = 1, .cursor = 1, .entries = {entry}};
	m.entries[0].left_s = 0;
	m.entries[0].idle_s = m.entries[0].dropped = 3;
	seeds_add(&m, message_size(&m), "", 0);
	return 0;
}

static void take(const struct message *m, size_t len)
{
	/* The request that this would answer best, so that the checks behind verb and number are reached. */
	const struct message request = {.verb = m->verb, .number = m->number, .n = m->refused % (MESSAGE_ENTRIES + 1)};

	if (message_is_request(m, len)) {
		const uint8_t shortest = m->verb == MESSAGE_PASS || m->verb == MESSAGE_UNPASS ? 1 : 32;

		assert(m->n <= MESSAGE_ENTRIES && len == message_size(m));
		for (uint32_t i = 0; i < m->n; i++)
			assert(m->entries[i].len >= shortest && m->entries[i].len <= 128 &&
			       m->entries[i].left_s <= MESSAGE_SECONDS_MAX);
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
	if (m.n <= MESSAGE_ENTRIES)
		take(&m, message_size(&m)); /* the rest zeros: the fuzzer need not find out the size */
	return 0;
}
