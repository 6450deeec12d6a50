#include "engine/gating.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	KEEP_MS = 15000,
	KEEPS = 4, /* keepalives within the shortest open_after, at least */
	DAY_S = 86400,
	COUNT_PART = 100, /* counting takes at most one part in COUNT_PART of the time */
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
	if (g->logged_silent)
		log_line(LOG_NOTICE, "lines arrive again: the gates are closed again");
	g->logged_silent = false;
}

static int keep(struct gating *g, int64_t now_ms, struct why *why)
{
	bool remade = false;
	const bool closes = !g->silent && !g->remade;
	const int rc = client_gates(g->client, closes, &remade, why);

	g->keep_at = now_ms + g->keep_ms;
	if (rc < 0 && !g->logged_failed)
		log_line(LOG_ERR, "%s; the gates open until that is over", why->text);
	else if (rc == 0 && g->logged_failed)
		log_line(LOG_NOTICE, "the gates are closed again");
	else if (rc == 0 && remade)
		log_line(LOG_WARNING, "the gates' rules were missing or altered; recreated");
	g->logged_failed = rc < 0;
	g->remade |= rc == 0 && remade;
	if (rc == 0 && closes)
		g->closed_ms = now_ms;
	if (rc == 0 && remade)
		g->keep_at = now_ms;
	return rc;
}

void gating_passes_sent(struct gating *g, int rc, const struct why *why, int64_t now_ms)
{
	if (rc < 0 && !g->logged_passes)
		log_line(LOG_ERR, "%s; some clients may have to wait at the gates", why->text);
	g->logged_passes = rc < 0;
	g->passes_at = rc < 0 ? now_ms + g->keep_ms : now_ms;
}

/* Ends a round of counts. A client that was let in should have caused a line since the round before this one began. */
static void end_round(struct gating *g, int64_t now_ms)
{
	if (g->admitted && g->grew_ms < g->before_ms) {
		g->silent = true;
		if (!g->logged_silent)
			log_line(
				LOG_WARNING,
				"connections were let in, but no line about any was read: the gates open until lines arrive; "
				"is the mail server's log followed? See 'watchforspammers status'");
		g->logged_silent = true;
	}
	g->admitted = false;
	g->count_at = now_ms + g->keep_ms;
	if (g->count_at < now_ms + g->took_us * COUNT_PART / 1000)
		g->count_at = now_ms + g->took_us * COUNT_PART / 1000;
}

static void add_up(struct store_gate_sums *sums, const struct message_gate *counts)
{
	sums->asked += counts->asked;
	sums->refused += counts->refused;
	sums->admitted += counts->admitted;
	sums->began += counts->began;
	sums->came += counts->came;
	sums->late += counts->late;
	sums->delays += counts->n_delays;
	sums->delay_s += (int64_t)counts->delays_s; /* 2^17 clients, a month each */
}

/* Counts one slice of a gate. Returns 1 after the last slice of the last gate. */
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
	add_up(&g->sums[g->number], counts);
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

/* Returns true if a gate is closed, which it stays for open_after from each keepalive. */
static bool is_closed(const struct gating *g, size_t gate, int64_t now_ms)
{
	return g->closed_ms != INT64_MIN && now_ms < g->closed_ms + g->config->gates.gates[gate].open_after_s * 1000;
}

static struct store_gate_now now_of(const struct gating *g, size_t gate, int64_t now_s)
{
	const struct message_gate *const counts = &g->counts[gate];
	struct store_gate_now ret = {.at_s = now_s,
	                             .closed = is_closed(g, gate, clock_steady_ms()),
	                             .paused = counts->paused,
	                             .inside = counts->window,
	                             .waiting = counts->waiting,
	                             .since_s = counts->waits_s == 0 ? 0 : now_s - counts->waits_s};

	memcpy(ret.name, g->config->gates.gates[gate].name, sizeof ret.name);
	memcpy(ret.waits.bytes, counts->waits, sizeof ret.waits.bytes);
	return ret;
}

void gating_store(struct gating *g, struct store *store, int64_t now_s)
{
	struct store_gate_now now[GATES_MAX];
	struct why ignored; /* an error of the database, which the engine notices itself */
	const size_t n = g->config->gates.n;
	int rc = store_begin(store, &ignored);

	if (rc < 0)
		return;
	for (size_t i = 0; i < n && rc == 0; i++) {
		memcpy(g->sums[i].name, g->config->gates.gates[i].name, sizeof g->sums[i].name);
		now[i] = now_of(g, i, now_s);
		rc = store_add_gate(store, now_s / DAY_S, &g->sums[i], &ignored);
	}
	if (rc == 0)
		rc = store_put_gates_now(store, now, n, &ignored);
	if (store_finish(store, rc, &ignored) == 0)
		memset(g->sums, 0, sizeof g->sums);
}

int64_t gating_due_ms(const struct gating *g)
{
	return g->keep_at < g->count_at ? g->keep_at : g->count_at;
}
