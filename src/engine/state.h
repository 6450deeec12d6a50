/*
 * state: what the files of the engine share.
 *
 * Private to engine.c, the loop, lines.c, what comes in, kernel.c, what is sent to the kernel, commit.c, what is
 * written, and start.c, how all is opened and closed.
 */
#ifndef WFS_ENGINE_STATE_H
#define WFS_ENGINE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "admin/problems.h"
#include "control/control.h"
#include "engine/coverage.h"
#include "engine/engine.h"
#include "engine/events.h"
#include "engine/exporter.h"
#include "engine/gating.h"
#include "engine/hangup.h"
#include "engine/housekeeping.h"
#include "engine/live.h"
#include "engine/passes.h"
#include "engine/requests.h"
#include "engine/shared.h"
#include "engine/sources.h"
#include "engine/waits.h"
#include "firewall/client.h"

enum {
	RETRY_MS = 1000, /* after an error of the database or the firewall */
	HEALED_MAX = CLIENT_WHO_MAX + 80,
};

struct engine {
	struct live live;
	struct store *store;
	struct pending *pending;
	struct sources *sources;
	struct client client;
	struct reconcile *reconcile;
	struct requests requests;
	struct housekeeping housekeeping;
	struct hangup hangup;
	struct coverage coverage;
	struct waits waits;
	struct gating gating;
	struct exporter exporter;
	struct passes passes;
	struct problems problems;
	struct events events;
	struct sharing *sharing;

	int signal_fd, lock_fd;
	bool has_chosen;       /* its sources ... */
	struct why choice_why; /* ... and why these */

	/* When to do what next; milliseconds of clock_steady_ms, 0: at once, INT64_MAX: never. */
	int64_t write_at, sync_at, release_at, purge_at, index_at, watchdog_at, floods_at;
	int64_t watchdog_ms; /* 0: systemd does not watch */
	bool store_failed;   /* since failed_ms; logged: already */
	bool store_logged;
	int64_t failed_ms;
	bool firewall_failed;
	bool settled;            /* the kernel held once what it should, and root knows */
	bool ready;              /* likewise, and systemd knows */
	int64_t braked_minute;   /* logged in */
	char healed[HEALED_MAX]; /* the last repair of the firewall, as schema.sql has it; "": none yet */
	size_t refused;          /* blocks that were not added to the kernel at the last sync */
	bool edited;             /* a rule file, perhaps */
	bool reload_waits;       /* for what is pending to be written */
	bool proxy_logged;
	int64_t zone_minute; /* when the time zone was looked at */
	bool stop;
	int status;
};

/* Asked once in a turn, and again after what may take long. */
struct moment {
	int64_t unix_s, steady_ms;
};

struct moment engine_now(void);

/* Moves *at to when, if that is sooner. */
void engine_sooner(int64_t *at, int64_t when);

/* --- lines.c: what comes in, until it is pending --- */

/* Reads until nothing is left, pending is full, or other work is due. The kernel waits for no line that is not at hand.
 */
void lines_read(struct engine *e, const struct moment *now);

/* Answers of DNS lists: they come at any time, and are handled like a line. */
void lines_receive_lists(struct engine *e, const struct moment *now);

/* Clients that opened too many connections, as the kernel counted; they are handled like a line, too. */
void lines_count_floods(struct engine *e, const struct moment *now);

/* --- kernel.c: what is pending gets into the kernel, which is kept as the database has it --- */

/*
 * Sends the kernel what was decided, before anything is written. A crash in between leaves what the next start removes,
 * and the line that is read again then adds it again.
 */
void kernel_send(struct engine *e, const struct moment *now);

/* Blocks that waited for DNS lists with "allow", as far as these have answered or it took too long. */
void kernel_send_waiting(struct engine *e, const struct moment *now);

/* Another program changed the kernel's lists: the root process has made rules whole again, the rest follows. */
void kernel_changed(struct engine *e, bool readable);

/* Networks that others list: a slice of what has changed. */
void kernel_move_listed(struct engine *e);

/* A slice of the open connections of networks that others list, once the kernel has these; and whether there is one
 * now. */
void kernel_end_listed(struct engine *e, const struct moment *now);
bool kernel_ends_listed(const struct engine *e);

/* The kernel against what is wanted: a comparison begins when it is due, and goes on by a slice in each turn. */
void kernel_compare(struct engine *e, const struct moment *now);

/*
 * Blocks whose time is over. A list of the kernel may have to be read to learn whether one dropped packets: where that
 * takes long it is done more rarely, so that it takes one RELEASE_PART of the time at most.
 */
void kernel_release(struct engine *e, const struct moment *now);

/* The gates: who passes, signs of life, and what they counted. */
void kernel_keep_gates(struct engine *e, const struct moment *now);

/* What was dropped until now, before the rules go. What fails here is not worth a line: nothing is decided by it. */
void kernel_count_dropped(struct engine *e, const struct moment *now);

/* An error of the kernel or its process: logged once, and tried again. */
void kernel_trouble(struct engine *e, int rc, const struct why *why);

/* --- commit.c: what is pending gets into the database --- */

/* Hits, decisions and positions, and which blocks dropped packets. */
void commit_pending(struct engine *e, const struct moment *now);

/* What failed may have taken long: the next try counts from the end of it. A short lock of another program is no
 * trouble. */
void commit_trouble(struct engine *e, int rc, const struct why *why);

/* What is written to a damaged or deleted file is lost: the next start uses a new one, and systemd restarts us. */
bool commit_is_lost(struct engine *e);

/* Before the end, so that the next start finds a database that is whole. */
void commit_leave(struct engine *e);

/* rc, done, why: of store_mend. */
void commit_log_mended(int rc, const struct why *done, const struct why *why);

#endif
