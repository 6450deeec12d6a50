#include "engine/sources.h"

#include <stdlib.h>

#include "base/alloc.h"

int sources_new(const struct config *config, struct store *store, struct pending *pending, struct problems *problems,
                struct sources **ret, struct why *why)
{
	struct sources *const s = alloc_zero(1, sizeof *s, "the sources");
	int rc = sockets_open(config, &s->sockets, why);

	if (rc == 0)
		rc = followed_new(config, store, pending, problems, &s->logs, why);
	if (rc == 0 && config->journal.reads)
		rc = journal_source_new(config, store, pending, problems, &s->journal, why);
	if (rc < 0) {
		sources_free(s);
		return rc;
	}
	*ret = s;
	return 0;
}

void sources_free(struct sources *s)
{
	if (s == NULL)
		return;
	journal_source_free(s->journal);
	followed_free(s->logs);
	sockets_close(s->sockets);
	free(s);
}

int sources_timeout_ms(const struct sources *s, int64_t now_ms)
{
	const int logs_ms = followed_timeout_ms(s->logs, now_ms);
	const int journal_ms = s->journal == NULL ? -1 : journal_source_timeout_ms(s->journal, now_ms);

	if (s->more)
		return 0;
	return logs_ms < 0 || (journal_ms >= 0 && journal_ms < logs_ms) ? journal_ms : logs_ms;
}

/* --- a turn --- */

void sources_look(struct sources *s)
{
	sockets_begin(s->sockets);
	followed_look(s->logs);
}

static bool next_entry(struct sources *s, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan,
                       struct record *ret)
{
	if (s->journal == NULL || !journal_source_next(s->journal, now_ms, ret))
		return false;
	*ret_file = journal_source_file(s->journal);
	*ret_scan = journal_source_scan(s->journal);
	return true;
}

/* Lines from a socket are in no file. */
static bool next_received(struct sources *s, struct pending_file **ret_file, struct scan **ret_scan, struct record *ret)
{
	*ret_file = NULL;
	return sockets_next(s->sockets, ret_scan, ret);
}

/* The kinds of sources take turns, so that none waits for another. */
bool sources_next(struct sources *s, int64_t now_ms, struct pending_file **ret_file, struct scan **ret_scan,
                  struct record *ret)
{
	enum { OF_LOGS, OF_JOURNAL, OF_SOCKETS, N_KINDS };
	bool found = false;

	ret->more = false;
	s->turn = (s->turn + 1) % N_KINDS;
	for (unsigned i = 0; i < N_KINDS && !found; i++)
		switch ((s->turn + i) % N_KINDS) {
		case OF_LOGS:
			found = followed_next(s->logs, now_ms, ret_file, ret_scan, ret);
			break;
		case OF_JOURNAL:
			found = next_entry(s, now_ms, ret_file, ret_scan, ret);
			break;
		case OF_SOCKETS:
			found = next_received(s, ret_file, ret_scan, ret);
			break;
		}
	s->more = found || followed_waits(s->logs);
	return found;
}

void sources_settle(struct sources *s, int64_t now_ms)
{
	if (s->journal != NULL)
		journal_source_settle(s->journal, now_ms);
}
