/*
 * findings: the rule matches and line counts of one chunk of an old log.
 *
 * Private to the folder. Owns the findings of one piece. Knows scan; never the code that decides about findings. A
 * finding is one cache line: one thread writes it and another decides about it, and where their processors share no
 * cache, moving a cache line between them costs as much as matching a log line (measured: copying the matches as
 * rules.h returns them took a quarter of a replay's time). So no memory that the other thread reads is written until
 * the piece is complete. The lines of hits are copied; otherwise the piece's own memory, which is refilled all the
 * time, would move, too. Call order: findings_piece, then findings_hit for each finding; the same for the next piece;
 * finally findings_done. Aborts if memory cannot be allocated.
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

/* A part of a line: its offset in the line, and 65536 times its length; UINT32_MAX: there is none. */
typedef uint32_t findings_span;

/* One rule match. */
struct findings_found {
	alignas(FINDINGS_CACHE_LINE) struct addr address;
	int64_t time_s;
	/* offsets of the line in the piece, and of its copy in text (FINDINGS_NO_COPY: not copied) */
	uint32_t start, copy;
	uint16_t len, rule; /* len: of the line; rule: its index */
	uint8_t kind, count;
	uint32_t envelope; /* index in envelopes + 1; 0: none */
	uint32_t account;
	findings_span host, name, detail, session;
};
enum { FINDINGS_NO_COPY = UINT32_MAX };

/* The envelope that the client gave. Few rules have one. */
struct findings_envelope {
	findings_span from, to, helo;
};

struct findings {
	struct scan_tally tally;     /* of the whole piece */
	size_t last_start, last_len; /* of its last line */
	size_t n, cap;
	struct findings_found *found; /* in the order of the lines */
	struct scan_tally *tallies;   /* for each finding: counters up to and including its line */
	size_t n_envelopes, cap_envelopes, n_text;
	struct findings_envelope *envelopes;
	char *text; /* copied lines of hits; CHUNKS_SIZE bytes */
};

/* The period in which lines count, and the log's end. */
struct findings_limits {
	int64_t from_s, until_s, end_s; /* end_s: see line_clock_init */
};

/* Scans a piece and replaces earlier findings. Initialise findings to zero before its first piece. */
void findings_piece(struct findings *findings, const struct findings_limits *limits, struct rules_scratch *scratch,
                    const struct chunks_piece *piece);

/* Returns the line of the i-th finding. */
struct span findings_line(const struct findings *findings, size_t i, const struct chunks_piece *piece);

/*
 * Returns the i-th finding as rules_match_all returned it, except that its spans point into findings_line and "where"
 * is not kept. Also returns the host whose sessions it belongs to.
 */
void findings_hit(const struct findings *findings, size_t i, const struct rules *rules,
                  const struct chunks_piece *piece, struct rules_hit *ret, struct span *ret_host);

void findings_done(struct findings *findings);

#endif
