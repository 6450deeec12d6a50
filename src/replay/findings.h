/*
 * findings: a piece of an old log, scanned: what its rules matched, and what was counted.
 *
 * Private to the folder. Owns the findings of one piece. Knows scan; never the code that decides about them. A finding
 * is a cache line: one thread finds it and another one decides, and where their processors share no cache each line of
 * memory that goes from one to the other costs as much as matching a line of a log (measured: with what rules.h gives
 * away copied as it is, a quarter of the time of a replay). So nothing of it is written where the other one reads until
 * it is all done, and the lines of hits are copied: else the piece itself would come and go, which is refilled all the
 * time. findings_piece, then findings_hit for each finding; again for the next piece; findings_done at last. Aborts if
 * memory cannot be allocated.
 */
#ifndef WFS_REPLAY_FINDINGS_H
#define WFS_REPLAY_FINDINGS_H

#include <stdalign.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/text.h"
#include "input/chunks.h"
#include "pipeline/scan.h"
#include "rules/rules.h"

enum { FINDINGS_CACHE_LINE = 64 };

/* A piece of a line. */
struct findings_span {
	uint16_t at, len; /* from the line's first byte; at FINDINGS_NOWHERE: there is none */
};
enum { FINDINGS_NOWHERE = UINT16_MAX };

/* What a rule matched. */
struct findings_found {
	alignas(FINDINGS_CACHE_LINE) struct addr address;
	int64_t time_s;
	uint32_t start, copy; /* the line in the piece of the log, and in text; FINDINGS_NO_COPY: it is not there */
	uint16_t len, rule;   /* of the line; the rule's index */
	uint8_t kind, count;
	uint32_t envelope; /* counted from 1 in envelopes; 0: none */
	uint32_t account;
	struct findings_span host, name, detail, session;
};
enum { FINDINGS_NO_COPY = UINT32_MAX };

/* The envelope that the client gave: few rules want it. */
struct findings_envelope {
	struct findings_span from, to, helo;
};

struct findings {
	struct scan_tally tally;     /* of the whole piece */
	size_t last_start, last_len; /* its last line */
	size_t n, cap;
	struct findings_found *found; /* in the order of the lines */
	struct scan_tally *tallies;   /* for each: up to and with its line */
	size_t n_envelopes, cap_envelopes, n_text;
	struct findings_envelope *envelopes;
	char *text; /* lines of hits; CHUNKS_SIZE */
};

/* Which lines count, and when those without a time were written. */
struct findings_limits {
	int64_t from_s, until_s, end_s; /* end_s: the log's, see line_clock_init */
};

/* Scans a piece; earlier findings are discarded. findings: zeros before its first piece. */
void findings_piece(struct findings *findings, const struct findings_limits *limits, struct rules_scratch *scratch,
                    const struct chunks_piece *piece);

/* The line of the i-th finding. */
struct span findings_line(const struct findings *findings, size_t i, const struct chunks_piece *piece);

/*
 * The i-th finding as rules_match_all gave it, but that its spans point into findings_line and where is not kept; and
 * the host whose sessions it belongs to.
 */
void findings_hit(const struct findings *findings, size_t i, const struct rules *rules,
                  const struct chunks_piece *piece, struct rules_hit *ret, struct span *ret_host);

void findings_done(struct findings *findings);

#endif
