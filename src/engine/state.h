/*
 * state: what the files of the engine share.
 *
 * Private to engine.c, lines.c, kernel.c, commit.c and start.c. engine.c has the loop, lines.c what comes in, kernel.c
 * what is sent to the kernel, commit.c what is written, and start.c how everything is opened and closed.
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
	bool has_chosen;       /* its sources were chosen ... */
	struct why choice_why; /* ... and why these */

	/* When to do each thing next: milliseconds of clock_steady_ms; 0: at once; INT64_MAX: never. */
	int64_t write_at, sync_at, release_at, purge_at, index_at, watchdog_at, floods_at;
	int64_t watchdog_ms; /* 0: systemd does not watch us */
	bool store_failed;   /* since failed_ms; store_logged: already logged */
	bool store_logged;
	int64_t failed_ms;
	bool firewall_failed;
	bool settled;          /* the kernel has once held what it should, and root knows */
	bool ready;            /* the same, and systemd knows */
	int64_t braked_minute; /* the minute in which max_blocks_per_minute was last logged */
	/* the last repair of the firewall, in the form that schema.sql describes; "": none yet */
	char healed[HEALED_MAX];
	size_t refused;    /* entries that the kernel lacked after the last comparison */
	bool edited;       /* a rule file may have changed */
	bool reload_waits; /* until pending is written */
	bool proxy_logged;
	int64_t zone_minute; /* when the time zone was last checked */
	bool stop;
	int status;
};

/* The current time. Taken once per turn, and again after anything that may take long. */
struct moment {
	int64_t unix_s, steady_ms;
};

struct moment engine_now(void);

/* Sets *at to when if that is sooner. */
void engine_sooner(int64_t *at, int64_t when);

/* --- lines.c: what comes in, until it is pending --- */

/*
 * Reads until nothing is left, pending is full, or other work is due. Sends blocks to the kernel without waiting for
 * more lines.
 */
void lines_read(struct engine *e, const struct moment *now);

/* Receives answers of DNS lists. They arrive at any time and are handled like lines. */
void lines_receive_lists(struct engine *e, const struct moment *now);

/* Handles clients that opened too many connections, as counted by the kernel; they are handled like lines, too. */
void lines_count_floods(struct engine *e, const struct moment *now);

/* --- kernel.c: sends what is pending to the kernel, and keeps the kernel equal to the database --- */

/*
 * Sends decisions to the kernel before anything is written. If we crash in between, the next start removes them, and
 * adds them again when it reads the line again.
 */
void kernel_send(struct engine *e, const struct moment *now);

/* Sends blocks that waited for DNS lists with "allow", if these have answered or the wait is over. */
void kernel_send_waiting(struct engine *e, const struct moment *now);

/* Another program changed the kernel's lists. The root process has already restored the rules; restores the rest. */
void kernel_changed(struct engine *e, bool readable);

/* Sends a slice of the changes in networks that others list. */
void kernel_move_listed(struct engine *e);

/*
 * kernel_end_listed ends a slice of the open connections of networks that others list, once the kernel has the
 * networks; kernel_ends_listed returns true if there is one to end now.
 */
void kernel_end_listed(struct engine *e, const struct moment *now);
bool kernel_ends_listed(const struct engine *e);

/*
 * Compares the kernel with what is wanted: begins a comparison when it is due, and continues it by one slice per turn.
 */
void kernel_compare(struct engine *e, const struct moment *now);

/*
 * Releases blocks that expired. To learn whether one of them dropped packets, a list of the kernel may have to be read.
 * Where that takes long it is done less often, so that it takes at most 1/RELEASE_PART of the time.
 */
void kernel_release(struct engine *e, const struct moment *now);

/* Serves the gates: passes, keepalives and counts. */
void kernel_keep_gates(struct engine *e, const struct moment *now);

/*
 * Collects what was dropped until now, before the rules are removed. Errors are not logged: no decision depends on it.
 */
void kernel_count_dropped(struct engine *e, const struct moment *now);

/* Handles an error of the kernel or the root process: logs it once, and schedules a retry. */
void kernel_trouble(struct engine *e, int rc, const struct why *why);

/* --- commit.c: writes what is pending to the database --- */

/* Writes hits, decisions and positions, and which blocks dropped packets. */
void commit_pending(struct engine *e, const struct moment *now);

/*
 * Handles an error of the database. The failed call may have taken long, so the time of the retry counts from its end.
 * A short lock by another program is not logged.
 */
void commit_trouble(struct engine *e, int rc, const struct why *why);

/*
 * Returns true if the file is damaged, deleted or replaced, so that writes would be lost. It then stops the engine: the
 * next start uses a new file, and systemd restarts us.
 */
bool commit_is_lost(struct engine *e);

/* Call before exiting, so that the next start finds an intact database. */
void commit_leave(struct engine *e);

/* Logs the result of store_mend: rc, done and why. */
void commit_log_mended(int rc, const struct why *done, const struct why *why);

#endif
