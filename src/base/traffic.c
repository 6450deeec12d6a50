#include "base/traffic.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/plural.h"

void traffic_text(int64_t packets, int64_t bytes, char out[static TRAFFIC_TEXT_MAX])
{
	static const char units[] = "BKMGTPE";
	unsigned unit = 0;
	int64_t tenths = 0;

	if (!traffic_has_bytes(packets, bytes)) {
		(void)snprintf(out, TRAFFIC_TEXT_MAX, "-");
		return;
	}
	for (; bytes >= 1024; bytes /= 1024, unit++)
		tenths = bytes % 1024 * 10 / 1024;
	if (unit == 0)
		(void)snprintf(out, TRAFFIC_TEXT_MAX, "%" PRId64, bytes);
	else if (bytes < 10)
		(void)snprintf(out, TRAFFIC_TEXT_MAX, "%d.%d%c", (int)bytes, (int)tenths,
		               units[unit]); /* one digit each */
	else
		(void)snprintf(out, TRAFFIC_TEXT_MAX, "%" PRId64 "%c", bytes, units[unit]);
}

void traffic_phrase(int64_t packets, int64_t bytes, char out[static TRAFFIC_PHRASE_MAX])
{
	const char *const word = plural(packets, "packet", "packets");
	char text[TRAFFIC_TEXT_MAX];

	traffic_text(packets, bytes, text);
	if (traffic_has_bytes(packets, bytes))
		(void)snprintf(out, TRAFFIC_PHRASE_MAX, "%" PRId64 " %s, %s bytes", packets, word, text);
	else
		(void)snprintf(out, TRAFFIC_PHRASE_MAX, "%" PRId64 " %s", packets, word);
}
