/* names: any bytes as the answer to a question; nothing is read beyond, never more addresses than there is room for. */
#include "names.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const uint16_t types[] = {1, 28};
	uint8_t packet[NAMES_PACKET_MAX], question[NAMES_PACKET_MAX];
	struct addr out[NAMES_ADDRESSES_MAX];

	if (len > sizeof packet)
		len = sizeof packet;
	memcpy(packet, data, len);
	for (size_t i = 0; i < 2; i++) {
		const size_t n = names_question("mx.example.org", types[i], 0x1234, question);
		int got = names_answer(packet, len, question, n, out);

		assert(got >= -1 && got <= NAMES_ADDRESSES_MAX);
		/* The checks behind number and question, too. */
		if (len < n)
			continue;
		memcpy(packet, question, n);
		packet[2] = 0x81;
		packet[3] = 0;
		packet[7] = len > n ? data[0] : 0;
		got = names_answer(packet, len, question, n, out);
		assert(got >= -1 && got <= NAMES_ADDRESSES_MAX);
	}
	return 0;
}
