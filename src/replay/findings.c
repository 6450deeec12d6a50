#include "replay/findings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { CAP_MIN = 256 };

static_assert(sizeof(struct findings_found) == FINDINGS_CACHE_LINE, "a finding is a cache line");
static_assert(LINE_MAX_BYTES < UINT16_MAX && CHUNKS_SIZE <= UINT32_MAX && RULES_COUNT_MAX <= UINT8_MAX &&
                      RULEFILE_RULES_MAX <= UINT16_MAX,
              "they fit");

/* Makes room for the findings of one more line. */
static void grow(struct findings *s)
{
	const size_t cap = s->cap == 0 ? CAP_MIN : 2 * s->cap;
	struct findings_found *found;

	if (s->n + RULES_HITS_MAX <= s->cap)
		return;
	/* Not realloc, which does not align to cache lines. */
	found = alloc_aligned(FINDINGS_CACHE_LINE, cap * sizeof *found, "the matches of a piece");
	s->tallies = alloc_resize(s->tallies, cap, sizeof *s->tallies, "the matches of a piece");
	if (s->n > 0)
		memcpy(found, s->found, s->n * sizeof *found);
	free(s->found);
	s->found = found;
	s->cap = cap;
}

/* Copies the line of a hit, once. Returns its offset in text. */
static uint32_t copy_line(struct findings *s, const char *line, size_t len)
{
	const size_t at = s->n_text;

	if (s->text == NULL)
		s->text = alloc_raw(1, CHUNKS_SIZE, "the lines of matches");
	memcpy(s->text + at, line, len);
	s->n_text += len;
	return (uint32_t)at; /* all lines together are at most one piece */
}

static const struct span none = {NULL, 0};

/* Offset and length are at most LINE_MAX_BYTES. */
static findings_span pack(struct span span, const char *line)
{
	return span.p == NULL ? UINT32_MAX : (uint32_t)(span.p - line) | (uint32_t)span.len << 16;
}

static struct span unpack(findings_span span, const char *line)
{
	return span == UINT32_MAX ? none : (struct span){line + (span & 0xFFFF), span >> 16};
}

static uint32_t add_envelope(struct findings *s, const struct rules_hit *hit, const char *line)
{
	if (s->n_envelopes == s->cap_envelopes) {
		s->cap_envelopes = s->cap_envelopes == 0 ? CAP_MIN : 2 * s->cap_envelopes;
		s->envelopes =
			alloc_resize(s->envelopes, s->cap_envelopes, sizeof *s->envelopes, "the matches of a piece");
	}
	s->envelopes[s->n_envelopes++] =
		(struct findings_envelope){pack(hit->from, line), pack(hit->to, line), pack(hit->helo, line)};
	return (uint32_t)s->n_envelopes; /* only a few for each line of a piece */
}

/* Adds the matches of the line that was scanned last. */
static void add(struct findings *s, const struct chunks_piece *piece, const struct record *record,
                const struct rules_hit *hits, size_t n)
{
	const char *const text = record->content.p;
	const size_t len = record->content.len;
	const bool stays = text == record->text.p; /* the text lies in the piece */
	uint32_t copy = FINDINGS_NO_COPY;

	grow(s);
	if (record->repeats) /* the line before is a hit of this piece, or itself repeated one */
		copy = s->found[s->n - 1].copy;
	for (size_t i = 0; i < n; i++) {
		const struct rules_hit *const hit = &hits[i];
		const bool has_envelope = hit->from.p != NULL || hit->to.p != NULL || hit->helo.p != NULL;

		if (copy == FINDINGS_NO_COPY && (hit->score > 0 || !stays))
			copy = copy_line(s, text, len);
		s->found[s->n] =
			(struct findings_found){.address = hit->address,
		                                .time_s = record->time_s,
		                                .start = (uint32_t)(record->text.p - piece->bytes), /* within a piece */
		                                .copy = copy,
		                                .len = (uint16_t)len,               /* <= LINE_MAX_BYTES */
		                                .rule = (uint16_t)hit->rule->index, /* below RULEFILE_RULES_MAX */
		                                .kind = (uint8_t)hit->kind,
		                                .count = (uint8_t)hit->count, /* <= RULES_COUNT_MAX */
		                                .envelope = has_envelope ? add_envelope(s, hit, text) : 0,
		                                .account = hit->account,
		                                .host = pack(record->line.host, text),
		                                .name = pack(hit->name, text),
		                                .detail = pack(hit->detail, text),
		                                .session = pack(hit->session, text)};
		s->tallies[s->n++] = s->tally;
	}
}

void findings_piece(struct findings *findings, const struct findings_limits *limits, struct rules_scratch *scratch,
                    const struct chunks_piece *piece)
{
	struct findings s = *findings; /* the caller's struct is next to others that are being read */
	struct rules_hit hits[RULES_HITS_MAX];
	struct record record = {.text = {piece->bytes, 0}};
	struct scan scan;
	size_t at = 0;

	scan_begin(&scan, scratch, limits->end_s);
	scan.from_s = limits->from_s;
	scan.until_s = limits->until_s;
	s.n = s.n_envelopes = s.n_text = 0;
	while (chunks_line(piece, &at, &record)) {
		const size_t n = scan_line(&scan, &record, hits);

		if (n == 0)
			continue;
		s.tally = scan.tally;
		add(&s, piece, &record, hits, n);
	}
	s.last_start = (size_t)(record.text.p - piece->bytes);
	s.last_len = record.text.len;
	s.tally = scan.tally;
	scan_end(&scan);
	*findings = s;
}

struct span findings_line(const struct findings *findings, size_t i, const struct chunks_piece *piece)
{
	const struct findings_found *const f = &findings->found[i];

	return (struct span){f->copy == FINDINGS_NO_COPY ? piece->bytes + f->start : findings->text + f->copy, f->len};
}

void findings_hit(const struct findings *findings, size_t i, const struct rules *rules,
                  const struct chunks_piece *piece, struct rules_hit *ret, struct span *ret_host)
{
	const struct findings_found *const f = &findings->found[i];
	const struct rule *const rule = rules_at(rules, f->rule);
	const char *const line = findings_line(findings, i, piece).p;
	const struct findings_envelope *const envelope =
		f->envelope == 0 ? NULL : &findings->envelopes[f->envelope - 1];

	/* Member by member, as in rules/match.c. */
	ret->rule = rule;
	ret->kind = (enum rules_kind)f->kind;
	ret->address = f->address;
	ret->score = rule->text->score * f->count;
	ret->count = f->count;
	ret->account = f->account;
	ret->name = unpack(f->name, line);
	ret->detail = unpack(f->detail, line);
	ret->session = unpack(f->session, line);
	ret->user = none;
	ret->where = none;
	*ret_host = unpack(f->host, line);
	ret->from = envelope == NULL ? none : unpack(envelope->from, line);
	ret->to = envelope == NULL ? none : unpack(envelope->to, line);
	ret->helo = envelope == NULL ? none : unpack(envelope->helo, line);
}

void findings_done(struct findings *findings)
{
	free(findings->found);
	free(findings->tallies);
	free(findings->envelopes);
	free(findings->text);
	*findings = (struct findings){0};
}
