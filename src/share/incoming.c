#include "share/incoming.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "share/sign.h"

enum { WRONG_MAX = 160 };

int incoming_verify(const struct stream_entry *entry, const char *host, const char *key, struct message *ret,
                    struct why *why)
{
	char signature[MESSAGE_SIGNATURE_MAX], bytes[MESSAGE_MAX];
	struct message m = {.host = ""};
	size_t len;
	int rc;

	if (entry->message.p == NULL)
		return why_set(why, EINVAL, "an entry without a message");
	if ((rc = message_parse(entry->message, &m, signature, why)) < 0)
		return rc;
	if (strcmp(m.host, host) != 0)
		return why_set(why, EINVAL, "a message of another host, %s", m.host);
	len = message_canonical(&m, bytes);
	if (!sign_verify(key, signature, (struct span){bytes, len}))
		return why_set(why, EINVAL, "a signature that is not by its key");
	*ret = m;
	return 0;
}

static bool is_over(const struct message *m, int64_t age_ms)
{
	return m->op != MESSAGE_LIFT && (m->until_s - m->at_s) * 1000 <= age_ms;
}

bool incoming_line(const struct stream_entry *entry, const struct peers_peer *peer, int64_t clock_ms,
                   char out[static INCOMING_LINE_MAX])
{
	const int64_t sent_ms = strtoll(entry->id, NULL, 10);
	char net[NET_TEXT_MAX], known[HEXLIST_TEXT_MAX];
	struct message m = {.host = ""};
	struct why why;
	int len = snprintf(out, INCOMING_LINE_MAX, "foreign %s %s %" PRId64 " ", peer->name, entry->id, clock_ms);

	if (incoming_verify(entry, peer->name, peer->key, &m, &why) < 0) {
		(void)snprintf(out + len, (size_t)(INCOMING_LINE_MAX - len), "wrong its stream has %.*s", WRONG_MAX,
		               why.text);
		return true;
	}
	if (is_over(&m, clock_ms - sent_ms))
		return false;
	(void)net_text(&m.net, net);
	len += snprintf(out + len, (size_t)(INCOMING_LINE_MAX - len), "%" PRId64 ":%" PRId64 " %s", m.era, m.number,
	                message_op_text(m.op));
	if (m.op != MESSAGE_GOOD)
		len += snprintf(out + len, (size_t)(INCOMING_LINE_MAX - len), " %s", net);
	if (m.op != MESSAGE_LIFT)
		len += snprintf(out + len, (size_t)(INCOMING_LINE_MAX - len), " for %" PRId64, m.until_s - m.at_s);
	hexlist_text(&m.known, known);
	if (m.op == MESSAGE_GOOD)
		(void)snprintf(out + len, (size_t)(INCOMING_LINE_MAX - len), " known %s", known);
	if (m.op == MESSAGE_BLOCK)
		(void)snprintf(out + len, (size_t)(INCOMING_LINE_MAX - len), " offence %u rule %s category %s",
		               m.offence, m.rule, m.category);
	return true;
}

static uint64_t number_after(const char *text)
{
	return text == NULL ? 0 : strtoull(text, NULL, 10);
}

bool incoming_is_before(const char *id, const char *other)
{
	const char *const dash = strchr(id, '-'), *const other_dash = strchr(other, '-');
	const uint64_t ms = number_after(id), other_ms = number_after(other);

	if (ms != other_ms)
		return ms < other_ms;
	return number_after(dash == NULL ? NULL : dash + 1) < number_after(other_dash == NULL ? NULL : other_dash + 1);
}
