#include "replay.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "input/archive.h"
#include "input/line.h"
#include "ledger.h"
#include "recall.h"
#include "rules/sessions.h"

enum {
	CHUNK = 1 << 20,            /* bytes; whole lines */
	CHUNKS_PER_THREAD = 3,      /* one worked on, one waiting, one being stored */
	ADDRESSES_PENDING = 1 << 16,
	EXPECTED = 6,               /* hits ahead that the verdict is told of: about a memory access */
	YEAR_LESS_A_DAY_S = 364 * 86400,
};

/* Lines counted up to some place. */
struct tally {
	int64_t lines, cut, unparsed, last_line_at;
};

/* A line that a rule took. */
struct found {
	struct rules_hit hit; /* spans into the chunk */
	struct span host;     /* whose sessions */
	int64_t time_s;
	size_t start, len;    /* the line in the chunk */
	struct tally tally;   /* up to and with this line */
};

enum chunk_state {
	CHUNK_FREE,
	CHUNK_FILLED, /* waits for a thread */
	CHUNK_TAKEN,
	CHUNK_DONE,   /* waits for its turn to be stored */
};

struct chunk {
	enum chunk_state state;
	char *bytes;
	size_t len;
	int64_t start, end; /* offsets in the file: of the first byte, after the last line */
	bool is_cut;        /* bytes is the beginning of one line longer than a chunk */
	int64_t end_s;      /* for the years of stamps without one */
	/* What the thread found. */
	struct tally tally;
	size_t n, room;
	struct found *found;
	size_t last_start, last_len; /* the last line */
};

/* Distinct addresses: sorted, and a few that wait to be merged. */
struct addresses {
	size_t n, n_pending, room;
	struct addr *sorted, *pending;
};

struct replay {
	const struct replay_options *options;
	struct replay_result *result;
	struct sessions *sessions;
	struct verdict *verdict; /* made at the first hit */
	struct ledger *ledger;
	struct addresses addresses;

	/* The file being read. */
	struct archived *in;
	struct ledger_file *file;
	char *carry;         /* an incomplete line from the end of the chunk before */
	size_t carry_len;
	int64_t offset;      /* in the file, of what is read next, the carry included */
	int64_t end_s;
	bool eof, leave_tail;

	/* The ring of chunks: filled in order, stored in order. */
	pthread_mutex_t lock;
	pthread_cond_t filled, done;
	size_t n_chunks;
	struct chunk *chunks;
	size_t next_fill, next_take, next_store; /* counted up; modulo n_chunks */
	bool quit;
};

/* --- distinct addresses --- */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

static void merge(struct addresses *a)
{
	struct addr *merged;
	size_t i = 0, j = 0, n = 0;

	qsort(a->pending, a->n_pending, sizeof *a->pending, by_bytes);
	merged = malloc((a->n + a->n_pending + 1) * sizeof *merged);
	if (merged == NULL)
		abort();
	while (i < a->n || j < a->n_pending) {
		const struct addr *const next = j == a->n_pending || (i < a->n && by_bytes(&a->sorted[i], &a->pending[j]) <= 0)
		                                        ? &a->sorted[i++]
		                                        : &a->pending[j++];

		if (n == 0 || by_bytes(&merged[n - 1], next) != 0)
			merged[n++] = *next;
	}
	free(a->sorted);
	a->sorted = merged;
	a->n = n;
	a->n_pending = 0;
}

static void note_address(struct addresses *a, const struct addr *addr)
{
	if (a->pending == NULL && (a->pending = malloc(ADDRESSES_PENDING * sizeof *a->pending)) == NULL)
		abort();
	a->pending[a->n_pending++] = *addr;
	if (a->n_pending == ADDRESSES_PENDING)
		merge(a);
}

/* --- any thread: lines and rules --- */

static void add_found(struct chunk *c, const struct found *found)
{
	if (c->n == c->room) {
		c->room = c->room == 0 ? 256 : 2 * c->room;
		if ((c->found = reallocarray(c->found, c->room, sizeof *c->found)) == NULL)
			abort();
	}
	c->found[c->n++] = *found;
}

static void take_line(const struct replay *r, struct rules_scratch *scratch, struct line_clock *clock,
                      struct chunk *c, size_t start, size_t len)
{
	struct found found = {.start = start, .len = len};
	struct rules_hit hits[RULES_HITS_MAX];
	struct line line;
	size_t n;

	c->tally.lines++;
	if (line_parse(clock, c->bytes + start, len < LINE_MAX_BYTES ? len : LINE_MAX_BYTES, &line) != LINE_OK) {
		c->tally.unparsed++;
		c->tally.cut += len > LINE_MAX_BYTES || c->is_cut;
		return;
	}
	if (line.has_time && line.time_s > c->tally.last_line_at)
		c->tally.last_line_at = line.time_s;
	if (len > LINE_MAX_BYTES || c->is_cut) { /* it has lost the end that its rule may be anchored to */
		c->tally.cut++;
		return;
	}
	found.time_s = line.has_time ? line.time_s : c->tally.last_line_at > 0 ? c->tally.last_line_at : c->end_s;
	if (found.time_s < r->options->from_s || found.time_s > r->options->until_s)
		return;
	n = rules_match_all(scratch, line.program, line.message, false, hits);
	found.tally = c->tally;
	found.host = line.host;
	for (size_t i = 0; i < n; i++) {
		found.hit = hits[i];
		add_found(c, &found);
	}
}

static void work(const struct replay *r, struct rules_scratch *scratch, struct chunk *c)
{
	const char *p = c->bytes, *const end = c->bytes + c->len;
	struct line_clock clock;

	c->n = 0;
	c->tally = (struct tally){0};
	line_clock_init(&clock, c->end_s, 0);
	while (p < end) {
		const char *const lf = memchr(p, '\n', (size_t)(end - p));
		const size_t len = (size_t)((lf == NULL ? end : lf) - p);

		c->last_start = (size_t)(p - c->bytes);
		c->last_len = len;
		take_line(r, scratch, &clock, c, c->last_start, len);
		p += len + (lf != NULL);
	}
}

static void *worker(void *arg)
{
	struct replay *const r = arg;
	struct rules_scratch *const scratch = rules_scratch_new(r->options->rules);

	(void)pthread_mutex_lock(&r->lock);
	for (;;) {
		struct chunk *c;

		while (!r->quit && r->next_take == r->next_fill)
			(void)pthread_cond_wait(&r->filled, &r->lock);
		if (r->quit)
			break;
		c = &r->chunks[r->next_take++ % r->n_chunks];
		c->state = CHUNK_TAKEN;
		(void)pthread_mutex_unlock(&r->lock);
		work(r, scratch, c);
		(void)pthread_mutex_lock(&r->lock);
		c->state = CHUNK_DONE;
		(void)pthread_cond_signal(&r->done);
	}
	(void)pthread_mutex_unlock(&r->lock);
	rules_scratch_free(scratch);
	return NULL;
}

/* --- one thread: decide and store, in order --- */

static void read_up_to(struct replay *r, const struct chunk *c, const struct tally *from, const struct tally *to,
                       int64_t position, size_t last_start, size_t last_len)
{
	const struct ledger_read read = {
		.lines = to->lines - from->lines,
		.cut = to->cut - from->cut,
		.unparsed = to->unparsed - from->unparsed,
		.last_line_at = to->last_line_at,
		.position = position,
		.last = {c->bytes + last_start, last_len},
	};

	ledger_read(r->file, &read);
}

static int store_found(struct replay *r, const struct chunk *c, struct found *f, struct why *why)
{
	const struct replay_options *const o = r->options;
	struct replay_result *const result = r->result;
	struct verdict_block block;
	bool blocks;

	if (f->hit.kind != RULES_KIND_HIT && sessions_resolve(r->sessions, f->host, f->time_s, &f->hit) != RULES_HIT)
		return 0;
	if (r->verdict == NULL) {
		const int rc = recall_verdict(o->store, o->config, f->time_s, &r->verdict, why);

		if (rc < 0)
			return rc;
	}
	verdict_at(r->verdict, f->time_s);
	blocks = verdict_hit(r->verdict, &f->hit.address, f->hit.score, f->time_s, &block) == VERDICT_BLOCK;
	if (f->hit.score <= 0)
		return 0; /* evidence for the good weighs, but is no hit */
	ledger_hit(r->ledger, r->file, &f->hit, f->time_s, c->start + (int64_t)f->start,
	           (struct span){c->bytes + f->start, f->len}, blocks ? &block : NULL);
	note_address(&r->addresses, &f->hit.address);
	result->hits++;
	result->blocks += blocks;
	result->by_rule[f->hit.rule->index]++;
	if (result->first_s == 0 || f->time_s < result->first_s)
		result->first_s = f->time_s;
	if (f->time_s > result->last_s)
		result->last_s = f->time_s;
	return 0;
}

static int store_chunk(struct replay *r, const struct chunk *c, struct why *why)
{
	struct tally stored = {0};
	int rc;

	for (size_t i = 0; i < c->n; i++) {
		struct found *const f = &c->found[i];

		if (r->verdict != NULL && i + EXPECTED < c->n)
			verdict_expect(r->verdict, &c->found[i + EXPECTED].hit.address);
		if ((rc = store_found(r, c, f, why)) < 0)
			return rc;
		if (!ledger_is_full(r->ledger) || (i + 1 < c->n && c->found[i + 1].start == f->start))
			continue;
		/* A hit and the position after its line go into the same transaction. */
		read_up_to(r, c, &stored, &f->tally, c->start + (int64_t)(f->start + f->len) + 1, f->start, f->len);
		stored = f->tally;
		if ((rc = ledger_write(r->ledger, why)) < 0)
			return rc;
	}
	read_up_to(r, c, &stored, &c->tally, c->end, c->last_start, c->last_len);
	r->result->lines += c->tally.lines;
	r->result->cut += c->tally.cut;
	r->result->unparsed += c->tally.unparsed;
	r->result->bytes += c->end - c->start;
	return 0;
}

/* --- one thread: reading chunks --- */

/* Reads on behind what is there until the chunk is full or the file ends. */
static int read_more(struct replay *r, char *bytes, size_t *len, size_t cap, struct why *why)
{
	while (*len < cap && !r->eof) {
		const ssize_t got = archived_read(r->in, bytes + *len, cap - *len, why);

		if (got < 0) {
			r->eof = true;
			return (int)got;
		}
		r->eof = got == 0;
		*len += (size_t)got;
	}
	return 0;
}

/* A line longer than a chunk: its beginning stays, the rest is read over. */
static int read_over(struct replay *r, struct chunk *c, struct why *why)
{
	const char *lf = NULL;
	int rc = 0;

	c->is_cut = true;
	c->end = c->start + (int64_t)c->len;
	while (lf == NULL && !r->eof) {
		size_t len = 0;

		if ((rc = read_more(r, r->carry, &len, CHUNK, why)) < 0 && len == 0)
			break;
		lf = memchr(r->carry, '\n', len);
		c->end += lf == NULL ? (int64_t)len : lf + 1 - r->carry;
		if (lf != NULL) {
			r->carry_len = len - (size_t)(lf + 1 - r->carry);
			memmove(r->carry, lf + 1, r->carry_len);
		}
	}
	c->len = LINE_MAX_BYTES;
	return rc;
}

/* Fills a chunk with whole lines. An error in the middle of the file comes after what was read before it. */
static int fill(struct replay *r, struct chunk *c, struct why *why)
{
	const char *lf;
	int rc;

	c->start = r->offset;
	c->end_s = r->end_s;
	c->is_cut = false;
	c->len = r->carry_len;
	memcpy(c->bytes, r->carry, r->carry_len);
	r->carry_len = 0;
	rc = read_more(r, c->bytes, &c->len, CHUNK, why);
	lf = memrchr(c->bytes, '\n', c->len);
	if (lf == NULL && c->len == CHUNK && !r->eof) {
		rc = read_over(r, c, why);
	} else {
		/* A line without LF at the end counts, unless somebody may still write it or it was torn off. */
		const bool tail = r->eof && !r->leave_tail && rc == 0;
		const size_t whole = tail ? c->len : lf == NULL ? 0 : (size_t)(lf + 1 - c->bytes);

		if (!r->eof) {
			r->carry_len = c->len - whole;
			memcpy(r->carry, c->bytes + whole, r->carry_len);
		}
		c->len = whole;
		c->end = c->start + (int64_t)whole;
	}
	r->offset = c->end;
	return rc;
}

/* --- one file --- */

/* Compares the line that ended at position with what the database remembers of it. back: the bytes before position. */
static bool is_same_place(const char *back, size_t len, const struct store_log *known)
{
	const char *start;

	if (len > 0 && back[len - 1] == '\n')
		len--;
	start = memrchr(back, '\n', len);
	if (start == NULL && len >= CHUNK - 1)
		return true; /* a line so long that its beginning is out of sight */
	start = start == NULL ? back : start + 1;
	len -= (size_t)(start - back);
	return len >= known->last_len && memcmp(start, known->last, known->last_len) == 0;
}

/*
 * Reads over what the database has counted. Returns 1 when the file is another one that only begins alike; the
 * caller opens it again.
 */
static int pass_over(struct replay *r, const struct store_log *known, struct why *why)
{
	char *const window = malloc(2 * CHUNK);
	size_t kept = r->carry_len;
	int rc = 0;

	if (window == NULL)
		abort();
	memcpy(window, r->carry, kept);
	r->offset = (int64_t)kept;
	r->carry_len = 0;
	while (r->offset < known->position && rc == 0) {
		const int64_t left = known->position - r->offset;
		size_t len = kept;

		rc = read_more(r, window, &len, kept + (left < CHUNK ? (size_t)left : CHUNK), why);
		r->offset += (int64_t)(len - kept);
		if (r->eof && r->offset < known->position)
			rc = rc < 0 ? rc : 1; /* shorter than what was counted */
		kept = len < CHUNK ? len : CHUNK;
		memmove(window, window + len - kept, kept);
	}
	if (rc == 0 && !is_same_place(window, kept, known))
		rc = 1;
	free(window);
	return rc;
}

/* The beginning of the file up to its first LF, as the identity; read into the carry. */
static int read_first_line(struct replay *r, struct span *ret, struct why *why)
{
	const char *lf;
	const int rc = read_more(r, r->carry, &r->carry_len, LINE_MAX_BYTES, why);
	size_t len;

	lf = memchr(r->carry, '\n', r->carry_len);
	len = lf == NULL ? r->carry_len : (size_t)(lf - r->carry);
	*ret = (struct span){r->carry, len < STORE_FIRST_MAX ? len : STORE_FIRST_MAX};
	return r->carry_len > 0 ? 0 : rc;
}

static int open_input(struct replay *r, const char *path, struct why *why)
{
	int rc;

	archived_close(r->in);
	r->in = NULL;
	r->carry_len = 0;
	r->offset = 0;
	r->eof = false;
	if ((rc = archived_open(path, &r->in, why)) < 0)
		return rc;
	r->leave_tail = r->options->leave_tail && archived_may_grow(r->in);
	return 0;
}

static void set_clock(struct replay *r, struct span first)
{
	struct line_clock clock;
	struct line line;

	r->end_s = archived_mtime(r->in);
	if (r->options->year == 0)
		return;
	line_clock_init(&clock, r->end_s, r->options->year);
	if (line_parse(&clock, first.p, first.len, &line) == LINE_OK && line.has_time)
		r->end_s = line.time_s + YEAR_LESS_A_DAY_S; /* so that every chunk finds the same years */
}

/* Which log is it, and how much of it has been counted? Leaves the input where reading goes on. */
static int begin_file(struct replay *r, const char *path, struct why *why)
{
	char first_bytes[STORE_FIRST_MAX];
	struct store_log known;
	struct span first;
	bool found = false;
	int64_t below_id = 0;
	int rc;

	if ((rc = open_input(r, path, why)) < 0 || (rc = read_first_line(r, &first, why)) < 0)
		return rc;
	memcpy(first_bytes, first.p, first.len);
	first.p = first_bytes;
	set_clock(r, first);
	while (first.len > 0 && !found && (rc = store_log_find(r->options->store, first, below_id, &known, why)) == 0) {
		if (known.position > (int64_t)r->carry_len) {
			rc = pass_over(r, &known, why);
			if (rc < 0)
				return rc;
			found = rc == 0;
		} else {
			found = is_same_place(r->carry, (size_t)known.position, &known);
			if (found) {
				r->offset = known.position;
				r->carry_len -= (size_t)known.position;
				memmove(r->carry, r->carry + known.position, r->carry_len);
			}
		}
		if (!found) {
			below_id = known.id;
			if (strcmp(path, "-") == 0)
				return why_set(why, EINVAL, "standard input begins like a log in the database but is another one; "
				                            "replay it from a file");
			if ((rc = open_input(r, path, why)) < 0 || (rc = read_first_line(r, &first, why)) < 0)
				return rc;
			first = (struct span){first_bytes, first.len};
		}
	}
	if (rc < 0)
		return rc;
	if (found)
		r->result->known_bytes += known.position;
	r->file = ledger_file(r->ledger, path, first, found ? &known : NULL);
	return 0;
}

/* Waits for the chunk whose turn it is, or works itself when nobody took it. */
static int store_next(struct replay *r, struct rules_scratch *scratch, struct why *why)
{
	struct chunk *const c = &r->chunks[r->next_store % r->n_chunks];
	int rc;

	(void)pthread_mutex_lock(&r->lock);
	while (c->state != CHUNK_DONE) {
		if (r->next_take < r->next_fill) {
			struct chunk *const mine = &r->chunks[r->next_take++ % r->n_chunks];

			mine->state = CHUNK_TAKEN;
			(void)pthread_mutex_unlock(&r->lock);
			work(r, scratch, mine);
			(void)pthread_mutex_lock(&r->lock);
			mine->state = CHUNK_DONE;
		} else {
			(void)pthread_cond_wait(&r->done, &r->lock);
		}
	}
	(void)pthread_mutex_unlock(&r->lock);
	rc = store_chunk(r, c, why);
	(void)pthread_mutex_lock(&r->lock);
	c->state = CHUNK_FREE;
	(void)pthread_mutex_unlock(&r->lock);
	r->next_store++;
	return rc;
}

static void hand_out(struct replay *r, struct chunk *c)
{
	(void)pthread_mutex_lock(&r->lock);
	c->state = CHUNK_FILLED;
	r->next_fill++;
	(void)pthread_cond_signal(&r->filled);
	(void)pthread_mutex_unlock(&r->lock);
}

static bool is_stopped(const struct replay *r)
{
	return r->options->stop != NULL && *r->options->stop;
}

static int replay_file(struct replay *r, struct rules_scratch *scratch, const char *path, struct why *why)
{
	int read_rc = 0, rc = begin_file(r, path, why);
	bool more = rc == 0;

	while (rc == 0 && (more || r->next_store < r->next_fill)) {
		if (more && r->next_fill - r->next_store < r->n_chunks) {
			struct chunk *const c = &r->chunks[r->next_fill % r->n_chunks];

			read_rc = fill(r, c, why);
			more = read_rc == 0 && !is_stopped(r) && !r->eof;
			if (c->len > 0)
				hand_out(r, c);
		} else {
			rc = store_next(r, scratch, why);
		}
	}
	if (rc == 0)
		rc = ledger_write(r->ledger, why);
	if (r->file != NULL)
		ledger_done(r->file);
	r->file = NULL;
	archived_close(r->in);
	r->in = NULL;
	r->result->files++;
	return rc < 0 ? rc : read_rc;
}

/* --- all files --- */

struct dated {
	const char *path;
	size_t place;
	int64_t first_s;
};

static int by_date(const void *a, const void *b)
{
	const struct dated *const x = a, *const y = b;

	if (x->first_s != y->first_s)
		return x->first_s < y->first_s ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

/* When a file begins; INT64_MAX when that cannot be known, and standard input comes last. */
static int64_t first_time(struct replay *r, const char *path)
{
	struct line_clock clock;
	struct line line;
	struct span first;
	struct why ignored; /* said when it is read */

	if (strcmp(path, "-") == 0 || open_input(r, path, &ignored) < 0 || read_first_line(r, &first, &ignored) < 0)
		return INT64_MAX;
	line_clock_init(&clock, archived_mtime(r->in), r->options->year);
	return line_parse(&clock, first.p, first.len, &line) == LINE_OK && line.has_time ? line.time_s : INT64_MAX;
}

static int replay_files(struct replay *r, struct rules_scratch *scratch, struct why *why)
{
	const struct replay_options *const o = r->options;
	struct dated *const files = calloc(o->n_files, sizeof *files);
	struct why this;
	int result = 0;

	if (files == NULL)
		abort();
	for (size_t i = 0; i < o->n_files; i++)
		files[i] = (struct dated){o->files[i], i, o->n_files > 1 ? first_time(r, o->files[i]) : 0};
	qsort(files, o->n_files, sizeof *files, by_date);
	for (size_t i = 0; i < o->n_files && !is_stopped(r); i++) {
		const int rc = replay_file(r, scratch, files[i].path, &this);

		if (rc < 0 && result == 0) {
			result = rc;
			*why = this;
		}
	}
	free(files);
	return result;
}

int replay_run(const struct replay_options *options, struct replay_result *ret, struct why *why)
{
	struct replay r = {.options = options, .result = ret, .n_chunks = options->threads * CHUNKS_PER_THREAD};
	struct rules_scratch *const scratch = rules_scratch_new(options->rules);
	pthread_t threads[REPLAY_THREADS_MAX];
	unsigned n_threads = 0;
	int rc;

	assert(options->threads >= 1 && options->threads <= REPLAY_THREADS_MAX);
	*ret = (struct replay_result){.by_rule = calloc(rules_count(options->rules) + 1, sizeof *ret->by_rule)};
	r.ledger = ledger_new(options->store);
	r.sessions = sessions_new();
	r.chunks = calloc(r.n_chunks, sizeof *r.chunks);
	r.carry = malloc(CHUNK);
	if (ret->by_rule == NULL || r.chunks == NULL || r.carry == NULL)
		abort();
	for (size_t i = 0; i < r.n_chunks; i++)
		if ((r.chunks[i].bytes = malloc(CHUNK)) == NULL)
			abort();
	(void)pthread_mutex_init(&r.lock, NULL);
	(void)pthread_cond_init(&r.filled, NULL);
	(void)pthread_cond_init(&r.done, NULL);
	while (n_threads + 1 < options->threads && pthread_create(&threads[n_threads], NULL, worker, &r) == 0)
		n_threads++; /* with fewer, or none, it only takes longer */

	rc = store_bulk_begin(options->store, why);
	if (rc == 0) {
		struct why ending;
		int end_rc;

		rc = replay_files(&r, scratch, why);
		end_rc = store_bulk_end(options->store, &ending); /* what was read before an error counts */
		if (rc == 0 && end_rc < 0) {
			rc = end_rc;
			*why = ending;
		}
	}
	merge(&r.addresses);
	ret->addresses = (int64_t)r.addresses.n;
	ret->stopped = is_stopped(&r);

	(void)pthread_mutex_lock(&r.lock);
	r.quit = true;
	(void)pthread_cond_broadcast(&r.filled);
	(void)pthread_mutex_unlock(&r.lock);
	for (unsigned i = 0; i < n_threads; i++)
		(void)pthread_join(threads[i], NULL);
	(void)pthread_cond_destroy(&r.done);
	(void)pthread_cond_destroy(&r.filled);
	(void)pthread_mutex_destroy(&r.lock);
	for (size_t i = 0; i < r.n_chunks; i++) {
		free(r.chunks[i].bytes);
		free(r.chunks[i].found);
	}
	free(r.chunks);
	free(r.carry);
	free(r.addresses.sorted);
	free(r.addresses.pending);
	ledger_free(r.ledger);
	sessions_free(r.sessions);
	verdict_free(r.verdict);
	rules_scratch_free(scratch);
	return rc;
}
