/*
 * scan: raw line -> record -> matches. The one way, for the daemon, replay, backtest and explain.
 *
 * Where input and rules meet. What it decides, for all of them:
 *   - A line without a header that line.h knows is counted as unparsed and matches nothing.
 *   - A line longer than LINE_MAX_BYTES is parsed and counted as cut, and matches nothing: it has lost the end that its
 * rule may be anchored to.
 *   - A line without a time stamp was written when the newest line before it was, of those that this scan has seen;
 * when there is none, when the log was last written (the clock's end_s). A line that is read as it is written (live)
 * was written now.
 *   - A line that is appended while we watch is of now: its stamp may be of another zone. Only for what was there
 * before the stamp counts, less the difference that was seen while watching, when that is more than SCAN_OFF_S.
 *   - No line was written after now_s.
 *   - A line that a container runtime encoded or split (unwrap.h) is read as the program wrote it, and is one line.
 *   - "last message repeated N times" (repeat.h) matches what the line directly before it in the log matched, N times:
 * of the same host and program, and a line that is a hit. Counts are limited as rules.h does it. What was read last
 * before a restart is not known any more. Sessions are not resolved here: that goes on in the order of the lines, see
 * sessions.h and decide.h. Order: scan_begin for each log, or each piece of one; then scan_line for its lines in their
 * order; scan_end.
 */
#ifndef WFS_PIPELINE_SCAN_H
#define WFS_PIPELINE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input/record.h"
#include "rules/rules.h"

enum { SCAN_OFF_S = 90 }; /* a queue that is slow, or a clock that is wrong by so much, is no other time zone */

struct unwrap;
struct scan_last;

/* Lines counted. Times are those of stamps, Unix seconds; 0: no line had one. */
struct scan_tally {
	int64_t lines, cut, unparsed, first_line_at, last_line_at;
	int64_t forged; /* of a journal's: a rule matched, but its user may not write such lines (writers.h) */
};

struct scan {
	struct rules_scratch *scratch;
	bool disabled;   /* rules with enabled = no match as well */
	bool live;       /* lines are read as they are written */
	bool appended;   /* the line was appended while we watched: it is of now, whatever its stamp says */
	int64_t ahead_s; /* stamps less the clock, of the last appended line that has one; taken off the stamps of
	                    others */
	bool is_off;     /* that is more than SCAN_OFF_S; the source's, see sources.c */
	int64_t now_s;   /* INT64_MAX: the log's own time is trusted */
	int64_t from_s, until_s; /* lines from outside match nothing */
	struct line_clock clock;
	struct scan_tally tally;
	struct unwrap *unwrap;  /* scan.c's; NULL until a line needs it, as is ... */
	struct scan_last *last; /* the line before, when it was a hit */
};

/* A log that was last written at end_s: all its lines may match, it is not live, its time is trusted. scratch:
 * borrowed. */
void scan_begin(struct scan *scan, struct rules_scratch *scratch, int64_t end_s);

/* Frees what lines needed. A scan may be copied before, not after. */
void scan_end(struct scan *scan);

/*
 * A line as its source gave it: fills the rest of record. Returns how many of ret were filled, as rules_match_all; the
 * spans point into the record's content. Of a part (record->part) nothing is counted yet, nor is more of record filled.
 */
size_t scan_line(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX]);

/*
 * The same for an entry of a journal, whose fields are known. It is counted as a line only if a rule is for its
 * program. What its user may not have written matches nothing: it is counted as forged.
 */
size_t scan_entry(struct scan *scan, struct record *record, struct rules_hit ret[static RULES_HITS_MAX]);

/* When the log that begins with this line begins; INT64_MAX when the line has no time. end_s, year: as of
 * line_clock_init. */
int64_t scan_first_time(struct span first, int64_t end_s, int year);

#endif
