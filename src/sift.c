#include "sift.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "input/line.h"

enum { ROOM_MIN = 256 };

static_assert(sizeof(struct sift_found) == SIFT_CACHE_LINE, "a finding is a cache line");
static_assert((int)LINE_MAX_BYTES < (int)SIFT_NOWHERE && CHUNKS_SIZE <= UINT32_MAX && RULES_COUNT_MAX <= UINT8_MAX &&
                      RULEFILE_RULES_MAX <= UINT16_MAX,
              "they fit");

/* For the findings of one more line. */
static void make_room(struct sift *s)
{
	const size_t room = s->room == 0 ? ROOM_MIN : 2 * s->room;
	struct sift_found *found;

	if (s->n + RULES_HITS_MAX <= s->room)
		return;
	/* Not realloc: it knows nothing of cache lines. */
	found = aligned_alloc(SIFT_CACHE_LINE, room * sizeof *found);
	s->tallies = reallocarray(s->tallies, room, sizeof *s->tallies);
	if (found == NULL || s->tallies == NULL)
		abort();
	if (s->n > 0)
		memcpy(found, s->found, s->n * sizeof *found);
	free(s->found);
	s->found = found;
	s->room = room;
}

/* Both numbers are those of a line, at most LINE_MAX_BYTES. */
static struct sift_span pack(struct span span, const char *line)
{
	if (span.p == NULL)
		return (struct sift_span){SIFT_NOWHERE, 0};
	return (struct sift_span){(uint16_t)(span.p - line), (uint16_t)span.len};
}

static struct span unpack(struct sift_span span, const char *line)
{
	return span.at == SIFT_NOWHERE ? (struct span){NULL, 0} : (struct span){line + span.at, span.len};
}

/* text: whole, at most LINE_MAX_BYTES of it. Returns false when no rule is to see it. */
static bool count_line(struct sift_tally *tally, const struct line *line, bool is_cut)
{
	if (line->has_time && line->time_s > tally->last_line_at)
		tally->last_line_at = line->time_s;
	if (line->has_time && (line->time_s < tally->first_line_at || tally->first_line_at == 0))
		tally->first_line_at = line->time_s;
	tally->cut += is_cut;
	return !is_cut; /* it has lost the end that its rule may be anchored to */
}

/* Adds what the rules take of a line. */
static void match(struct sift *s, struct rules_scratch *scratch, const struct line *line, int64_t time_s,
                  const char *text, size_t start, size_t len, const struct sift_tally *tally)
{
	struct rules_hit hits[RULES_HITS_MAX];
	const size_t n = rules_match_all(scratch, line->program, line->message, false, hits);

	if (n == 0)
		return;
	make_room(s);
	for (size_t i = 0; i < n; i++) {
		s->found[s->n] = (struct sift_found){.address = hits[i].address,
		                                     .time_s = time_s,
		                                     .start = (uint32_t)start, /* in a piece */
		                                     .len = (uint32_t)len,
		                                     .rule = (uint16_t)hits[i].rule->index, /* below RULEFILE_RULES_MAX */
		                                     .kind = (uint8_t)hits[i].kind,
		                                     .count = (uint8_t)hits[i].count, /* <= RULES_COUNT_MAX */
		                                     .host = pack(line->host, text),
		                                     .name = pack(hits[i].name, text),
		                                     .detail = pack(hits[i].detail, text),
		                                     .session = pack(hits[i].session, text),
		                                     .from = pack(hits[i].from, text),
		                                     .to = pack(hits[i].to, text),
		                                     .helo = pack(hits[i].helo, text)};
		s->tallies[s->n++] = *tally;
	}
}

void sift_piece(struct sift *sift, const struct sift_limits *limits, struct rules_scratch *scratch,
                const struct chunks_piece *piece)
{
	const char *p = piece->bytes, *const end = p + piece->len;
	struct sift s = *sift; /* the one given stands beside others that are read meanwhile */
	struct line_clock clock;

	s.tally = (struct sift_tally){0};
	s.n = 0;
	line_clock_init(&clock, limits->end_s, 0);
	piece->bytes[piece->len] = '\0';
	while (p < end) {
		const char *const stop = strchrnul(p, '\n');
		const bool clean = stop == end || *stop == '\n'; /* it holds no NUL */
		const char *const lf = clean ? stop : memchr(stop, '\n', (size_t)(end - stop));
		const size_t len = (size_t)((lf == NULL ? end : lf) - p), whole = len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES;
		const bool is_cut = len > LINE_MAX_BYTES || piece->is_cut;
		struct line line;
		int64_t time_s;

		s.last_start = (size_t)(p - piece->bytes);
		s.last_len = len;
		s.tally.lines++;
		if ((clean ? line_parse_clean(&clock, p, whole, &line) : line_parse(&clock, p, whole, &line)) != LINE_OK) {
			s.tally.unparsed++;
			s.tally.cut += is_cut;
		} else if (count_line(&s.tally, &line, is_cut)) {
			time_s = line.has_time ? line.time_s : s.tally.last_line_at > 0 ? s.tally.last_line_at : limits->end_s;
			if (time_s >= limits->from_s && time_s <= limits->until_s)
				match(&s, scratch, &line, time_s, p, s.last_start, len, &s.tally);
		}
		p += len + 1;
	}
	*sift = s;
}

void sift_hit(const struct sift *sift, size_t i, const struct rules *rules, const struct chunks_piece *piece,
              struct rules_hit *ret, struct span *ret_host)
{
	const struct sift_found *const f = &sift->found[i];
	const struct rule *const rule = rules_at(rules, f->rule);
	const char *const line = piece->bytes + f->start;

	*ret = (struct rules_hit){.rule = rule,
	                          .kind = (enum rules_kind)f->kind,
	                          .address = f->address,
	                          .score = rule->text->score * f->count,
	                          .count = f->count,
	                          .name = unpack(f->name, line),
	                          .detail = unpack(f->detail, line),
	                          .session = unpack(f->session, line),
	                          .from = unpack(f->from, line),
	                          .to = unpack(f->to, line),
	                          .helo = unpack(f->helo, line)};
	*ret_host = unpack(f->host, line);
}

void sift_done(struct sift *sift)
{
	free(sift->found);
	free(sift->tallies);
	*sift = (struct sift){0};
}
