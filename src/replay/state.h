/*
 * state: what the files of a replay share.
 *
 * Private to replay.c, which begins and ends it, files.c, which reads old logs with all threads, and journal.c, which
 * reads a journal.
 */
#ifndef WFS_REPLAY_STATE_H
#define WFS_REPLAY_STATE_H

#include "base/addrset.h"
#include "pipeline/allowlist.h"
#include "pipeline/decide.h"
#include "pipeline/pending.h"
#include "replay/progress.h"
#include "replay/replay.h"
#include "replay/workers.h"
#include "replay/writer.h"

struct replay {
	const struct replay_options *options;
	struct replay_result *result;
	struct allowlist *allowlist;
	struct decide decide; /* its verdict is made at the first line that a rule matched */
	struct addrset addresses;

	/* The file being read. */
	struct chunks *in;
	int64_t end_s; /* for the years of stamps without one */
	bool broken;   /* the database failed: reading cannot go on */

	struct workers *workers;
	struct writer *writer;
	struct progress progress;
	int64_t done_before, size_total; /* bytes on disk: of files finished, of all */
	int64_t commit_at_ms;
};

/* A rule has found a client in a line: decides, and counts what came of it. Errors: of the database, see restore.h. */
int replay_found(struct replay *r, const struct decide_line *line, struct rules_hit *hit, struct why *why);

/* Writes what was decided, and the position that the log was read to; as writer_write. */
int replay_write(struct replay *r, struct why *why);

/* The caller wants an early end. */
bool replay_is_stopped(const struct replay *r);

/* Reads all files, or the journal; errors as of replay_run. */
int replay_files(struct replay *r, struct why *why);
int replay_journal(struct replay *r, struct why *why);

#endif
