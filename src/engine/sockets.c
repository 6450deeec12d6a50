#include "engine/sockets.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/log.h"
#include "input/receive.h"

struct one {
	struct receive *receive;
	struct scan scan;
	bool ready; /* it may have more lines */
};

struct sockets {
	size_t n, turn;
	struct one list[CONFIG_SOCKETS_MAX];
};

int sockets_open(const struct config *config, struct sockets **ret, struct why *why)
{
	struct sockets *s;
	int rc = 0;

	*ret = NULL;
	if (config->n_sockets == 0)
		return 0;
	s = alloc_zero(1, sizeof *s, "the sockets");
	for (size_t i = 0; i < config->n_sockets && rc == 0; i++) {
		rc = receive_open(config->sockets[i], &s->list[i].receive, why);
		if (rc < 0)
			break;
		scan_begin(&s->list[i].scan, NULL, clock_unix_s()); /* lines.c sets the rules */
		s->list[i].scan.live = true;
		s->n++;
	}
	if (rc < 0) {
		sockets_close(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void sockets_close(struct sockets *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		receive_close(s->list[i].receive);
		scan_end(&s->list[i].scan);
	}
	free(s);
}

void sockets_check(struct sockets *s)
{
	for (size_t i = 0; s != NULL && i < s->n; i++) {
		struct why why;
		const int rc = receive_check(&s->list[i].receive, &why);

		if (rc == RECEIVE_REOPENED)
			log_line(LOG_NOTICE, "%s: was replaced or removed; opened again",
			         receive_path(s->list[i].receive));
		else if (rc < 0)
			log_line(LOG_WARNING, "[socket]: %s", why.text);
	}
}

int sockets_fd(const struct sockets *s, size_t i)
{
	return s == NULL || i >= s->n ? -1 : receive_fd(s->list[i].receive);
}

void sockets_begin(struct sockets *s)
{
	for (size_t i = 0; s != NULL && i < s->n; i++)
		s->list[i].ready = true;
}

bool sockets_next(struct sockets *s, struct scan **ret_scan, struct record *ret)
{
	for (size_t tries = 0; s != NULL && tries < s->n; tries++) {
		struct one *const one = &s->list[s->turn];

		s->turn = (s->turn + 1) % s->n;
		one->ready = one->ready && receive_next(one->receive, ret) == RECEIVE_LINE;
		if (!one->ready)
			continue;
		*ret_scan = &one->scan;
		return true;
	}
	return false;
}

int sockets_store(const struct sockets *s, struct store *store, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; s != NULL && i < s->n && rc == 0; i++) {
		const struct scan_tally *const tally = &s->list[i].scan.tally;
		char key[32], value[96];

		(void)snprintf(key, sizeof key, "socket_%zu", i);
		(void)snprintf(value, sizeof value, "%" PRId64 " %" PRId64 " %" PRId64 " %" PRId64, tally->lines,
		               tally->cut, tally->unparsed, tally->last_line_at);
		rc = store_state_set(store, key, value, why);
	}
	return rc;
}
