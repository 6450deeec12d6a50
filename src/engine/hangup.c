#include "engine/hangup.h"

#include <inttypes.h>

#include "base/log.h"
#include "base/plural.h"

enum { AT_ONCE = 256 }; /* one packet */

static void end(struct hangup *h, const struct client_entry *entries, size_t n, int64_t now_s)
{
	uint32_t ended = 0;
	struct why why;

	if (client_kill(h->client, entries, n, &ended, &why) < 0) {
		if (!h->failed)
			log_line(LOG_ERR, "%s", why.text);
		problems_set(h->problems, PROBLEMS_SESSIONS, 0, why.text, NULL, now_s);
		h->failed = true;
		return;
	}
	problems_clear(h->problems, PROBLEMS_SESSIONS, 0);
	h->failed = false;
	if (ended > 0)
		log_line(LOG_INFO, "ended %" PRIu32 " open %s of clients that were just blocked", ended,
		         plural(ended, "connection", "connections"));
}

void hangup_init(struct hangup *h, const struct config *started, struct client *client, struct problems *problems,
                 int64_t now_s)
{
	*h = (struct hangup){.problems = problems};
	if (started->firewall.sessions != CONFIG_SESSIONS_KILL || config_observes(started))
		return;
	h->client = client;
	end(h, NULL, 0, now_s);
}

void hangup_end(struct hangup *h, const struct block *blocks, size_t n, int64_t now_s)
{
	struct client_entry entries[AT_ONCE];
	size_t k = 0;

	for (size_t i = 0; i < n && h->client != NULL; i++) {
		if (!blocks[i].prolonged)
			entries[k++] = (struct client_entry){.net = blocks[i].net, .list = blocks[i].list};
		if (k == AT_ONCE || (i + 1 == n && k > 0)) {
			end(h, entries, k, now_s);
			k = 0;
		}
	}
}

struct nets *hangup_listed(struct hangup *h)
{
	return h->client != NULL ? &h->listed : NULL;
}

bool hangup_waits(const struct hangup *h)
{
	return h->at < h->listed.n;
}

/* Sends only one packet, because the root process checks all connections for each. */
void hangup_turn(struct hangup *h, uint8_t list, int64_t now_s)
{
	struct client_entry entries[AT_ONCE];
	size_t n = 0;

	for (; h->at < h->listed.n && n < AT_ONCE; h->at++)
		entries[n++] = (struct client_entry){.net = h->listed.list[h->at], .list = list};
	end(h, entries, n, now_s);
	if (!hangup_waits(h))
		hangup_done(h);
}

void hangup_done(struct hangup *h)
{
	nets_done(&h->listed);
	h->at = 0;
}
