/*
 * state: what the files of a replay share.
 *
 * Private to replay.c, files.c and journal.c. replay.c begins and ends a replay, files.c reads old logs with all
 * threads, and journal.c reads a journal.
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
	struct decide decide; /* its verdict is created at the first rule match */
	struct addrset addresses;

	/* The file being read. */
	struct chunks *in;
	int64_t end_s; /* for the years of stamps without one */
	bool broken;   /* the database failed: reading cannot continue */

	struct workers *workers;
	struct writer *writer;
	struct progress progress;
	int64_t done_before, size_total; /* bytes on disk: of finished files, and of all */
	int64_t commit_at_ms;
};

/* Decides a rule match and counts the result. Errors: of the database, see restore.h. */
int replay_found(struct replay *r, const struct decide_line *line, struct rules_hit *hit, struct why *why);

/* Writes the decisions, and the position up to which the log was read; see writer_write. */
int replay_write(struct replay *r, struct why *why);

/* Returns true if the caller wants to stop early. */
bool replay_is_stopped(const struct replay *r);

/* Read all files, or the journal. Errors: see replay_run. */
int replay_files(struct replay *r, struct why *why);
int replay_journal(struct replay *r, struct why *why);

#endif
