#include "engine/gating.h"

#include <errno.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	KEEP_MS = 15000,
	KEEPS = 4,        /* signs of life within the shortest open_after, at least */
	COUNT_PART = 100, /* of the time that counting takes at most */
};

void gating_init(struct gating *g, const struct config *config, struct client *client, int64_t now_ms)
{
	*g = (struct gating){.config = config,
	                     .client = client,
	                     .keep_ms = KEEP_MS,
	                     .keep_at = now_ms,
	                     .count_at = now_ms,
	                     .began_ms = now_ms,
	                     .before_ms = now_ms,
	                     .grew_ms = now_ms,
	                     .remade = true,
	                     .closed_ms = INT64_MIN};
	for (size_t i = 0; i < config->gates.n; i++) {
		const int64_t ms = config->gates.gates[i].open_after_s * 1000 / KEEPS;

		g->keep_ms = ms < g->keep_ms ? ms : g->keep_ms;
	}
	if (config->gates.n == 0)
		g->keep_at = g->count_at = INT64_MAX;
}

void gating_grew(struct gating *g, int64_t now_ms)
{
	g->grew_ms = now_ms;
	if (!g->silent)
		return;
	g->silent = false;
	g->keep_at = g->keep_at == INT64_MAX ? INT64_MAX : now_ms;
	if (g->told_silent)
		log_line(LOG_NOTICE, "lines arrive again: the gates are closed again");
	g->told_silent = false;
}

static int keep(struct gating *g, int64_t now_ms, struct why *why)
{
	bool remade = false;
	const int rc = client_gates(g->client, !g->silent, &remade, why);

	g->keep_at = now_ms + g->keep_ms;
	if (rc < 0 && !g->told_failed)
		log_line(LOG_ERR, "%s; the gates open until that is over", why->text);
	else if (rc == 0 && g->told_failed)
		log_line(LOG_NOTICE, "the gates are closed again");
	else if (rc == 0 && remade)
		log_line(LOG_WARNING, "the gates' rules were missing or altered; recreated");
	g->told_failed = rc < 0;
	g->remade |= rc == 0 && remade;
	if (rc == 0 && !g->silent)
		g->closed_ms = now_ms;
	return rc;
}

/* All are counted. Who was let in must have left a line since the round before began. */
static void end_round(struct gating *g, int64_t now_ms)
{
	if (g->admitted && g->grew_ms < g->before_ms) {
		g->silent = true;
		if (!g->told_silent)
			log_line(LOG_WARNING, "connections were let in, but no line about any was read: the gates open until lines arrive; "
			                      "is the mail server's log followed? See 'watchforspammers status'");
		g->told_silent = true;
	}
	g->admitted = false;
	g->count_at = now_ms + g->keep_ms;
	if (g->count_at < now_ms + g->took_us * COUNT_PART / 1000)
		g->count_at = now_ms + g->took_us * COUNT_PART / 1000;
}

/* 1: that was the last piece of the last gate. */
static int count(struct gating *g, int64_t now_ms, struct why *why)
{
	const int64_t began_us = clock_steady_us();
	struct message_gate *const counts = &g->counts[g->number];
	int rc;

	if (g->number == 0 && g->cursor == 0) {
		g->before_ms = g->began_ms;
		g->began_ms = now_ms;
		g->took_us = 0;
	}
	rc = client_count(g->client, g->number, &g->cursor, counts, why);
	g->took_us += clock_steady_us() - began_us;
	if (rc < 0) {
		g->number = g->cursor = 0;
		g->count_at = now_ms + g->keep_ms;
		return rc;
	}
	if (g->cursor != 0)
		return 0;
	g->admitted |= counts->asked > counts->refused;
	g->number = (g->number + 1) % g->config->gates.n;
	if (g->number != 0)
		return 0;
	end_round(g, now_ms);
	return 1;
}

int gating_turn(struct gating *g, int64_t now_ms, struct why *why)
{
	int rc = 0;

	if (now_ms >= g->keep_at)
		rc = keep(g, now_ms, why);
	if (rc != -EPIPE && now_ms >= g->count_at)
		rc = count(g, now_ms, why);
	return rc == -EPIPE || rc == 1 ? rc : 0;
}

int64_t gating_due_ms(const struct gating *g)
{
	return g->keep_at < g->count_at ? g->keep_at : g->count_at;
}

bool gating_is_closed(const struct gating *g, size_t gate, int64_t now_ms)
{
	return g->closed_ms != INT64_MIN && now_ms < g->closed_ms + g->config->gates.gates[gate].open_after_s * 1000;
}
