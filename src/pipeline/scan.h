/*
 * scan: turns a raw line into a record and its rule matches. The daemon, replay, backtest and explain all use it.
 *
 * This is where input and rules meet. For all of them it decides:
 *   - A line without a header that line.h knows is counted as unparsed and matches nothing.
 *   - A line longer than LINE_MAX_BYTES is parsed and counted as cut, but matches nothing: it has lost its end, to
 *     which its rule may be anchored.
 *   - A line without a time stamp gets the newest time stamp that this scan has seen before it; without one, the time
 *     at which the log was last written (the clock's end_s). A line that is read as it is written (live) gets the
 *     current time.
 *   - A line that is appended while we watch gets the current time, since its stamp may be in another time zone. The
 *     stamps of lines that were there before do count, less the difference seen while watching if that exceeds
 *     SCAN_OFF_S.
 *   - No line is newer than now_s.
 *   - A line that a container runtime encoded or split (unwrap.h) is read as the program wrote it, as one line.
 *   - "last message repeated N times" (repeat.h) matches, N times, what the line directly before it in the log matched,
 *     if that line has the same host and program and is a hit. rules.h limits counts. A restart forgets the line
 *     before.
 *
 * Sessions are resolved later, in the order of the lines: see sessions.h and decide.h. Call order: scan_begin for each
 * log or chunk of one, scan_line for its lines in order, scan_end.
 */
#ifndef WFS_PIPELINE_SCAN_H
#define WFS_PIPELINE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/record.h"
#include "rules/rules.h"

/* seconds; a slow queue or a wrong clock may differ by this much without being another time zone */
enum { SCAN_OFF_S = 90 };

struct unwrap;
struct scan_last;

/* Counters. Times are those of time stamps, in Unix seconds; 0 if no line had one. */
struct scan_tally {
	int64_t lines, cut, unparsed, first_line_at, last_line_at;
	int64_t forged; /* journal only: a rule matched, but the entry's user may not write such lines (writers.h) */
};

struct scan {
	struct rules_scratch *scratch;
	bool disabled; /* rules with enabled = no match, too */
	bool live;     /* lines are read as they are written */
	bool appended; /* the line was appended while we watched: it gets the current time, whatever its stamp */
	/* stamp minus clock, of the last appended line that has a stamp; subtracted from the stamps of other lines */
	int64_t ahead_s;
	bool is_off;             /* ahead_s exceeds SCAN_OFF_S; set by the owner of the source, see sources.c */
	int64_t now_s;           /* INT64_MAX: trust the log's own time */
	int64_t from_s, until_s; /* lines outside this period match nothing */
	struct line_clock clock;
	struct scan_tally tally;
	struct unwrap *unwrap;  /* private to scan.c; NULL until a line needs it, like last */
	struct scan_last *last; /* the line before, if it was a hit */
};

/*
 * Begins a log that was last written at end_s. By default all its lines may match, it is not live, and its time is
 * trusted. Borrows scratch.
 */
void scan_begin(struct scan *scan, struct rules_scratch *scratch, int64_t end_s);

/* Frees what the lines needed. A scan may be copied only before the first line. */
void scan_end(struct scan *scan);

/*
 * Scans one line as its source gave it, and fills the rest of record. Returns how many of ret were filled, like
 * rules_match_all; their spans point into the record's content. A part (record->part) is not counted yet, and fills no
 * more of record.
 */
size_t scan_line(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX]);

/*
 * The same for a journal entry, whose fields are known. It counts as a line only if there are rules for its program. An
 * entry that its user may not write matches nothing and is counted as forged.
 */
size_t scan_entry(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX]);

/* Returns the time of a log's first line; INT64_MAX if the line has none. end_s, year: see line_clock_init. */
int64_t scan_first_time(struct span first, int64_t end_s, int year);

#endif
