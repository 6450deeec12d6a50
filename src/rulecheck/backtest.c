#include "rulecheck/backtest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "input/chunks.h"
#include "pipeline/dated.h"
#include "pipeline/scan.h"
#include "rules/sessions.h"

enum { FIRST_ROOM = 1024 }; /* a power of two */

/* What one rule did to one address. */
struct taken {
	uint32_t rule; /* its index */
	int64_t hits;
};

struct point {
	int64_t time_s;
	int score;
};

/* An address that a rule took, or that something speaks for. */
struct client {
	struct addr address;
	bool used, good, blocked;
	uint32_t n_taken, n_points;
	struct taken *taken;
	struct point *points; /* within the window; none any more once it is blocked */
};

struct backtest {
	const struct backtest_options *options;
	struct backtest_result *result;
	struct rules_scratch *scratch, *good_scratch;
	struct sessions *sessions, *good_sessions;
	int64_t time_s; /* of the line */
	size_t n, room; /* a power of two */
	struct client *clients;
	bool collecting; /* the second time: lines of collisions */
};

/* --- addresses --- */

static size_t place_of(const struct backtest *a, const struct addr *address)
{
	uint64_t hash = 14695981039346656037U;
	size_t i;

	for (size_t b = 0; b < sizeof address->bytes; b++)
		hash = (hash ^ address->bytes[b]) * 1099511628211U;
	i = (hash ^ hash >> 29) & (a->room - 1);
	while (a->clients[i].used && !addr_equal(&a->clients[i].address, address))
		i = (i + 1) & (a->room - 1);
	return i;
}

static void grow(struct backtest *a)
{
	struct client *const old = a->clients;
	const size_t n = a->room;

	a->room = n == 0 ? FIRST_ROOM : 2 * n;
	a->clients = alloc_zero(a->room, sizeof *a->clients, "the backtest");
	for (size_t i = 0; i < n; i++)
		if (old[i].used)
			a->clients[place_of(a, &old[i].address)] = old[i];
	free(old);
}

static struct client *client_of(struct backtest *a, const struct addr *address)
{
	struct client *c;

	if (2 * a->n >= a->room)
		grow(a);
	c = &a->clients[place_of(a, address)];
	if (!c->used) {
		*c = (struct client){.address = *address, .used = true};
		a->n++;
	}
	return c;
}

static bool is_allowed(const struct backtest *a, const struct addr *address)
{
	const struct config *const config = a->options->config;

	for (size_t i = 0; i < config->allow.n; i++)
		if (net_has(&config->allow.nets[i], address))
			return true;
	return false;
}

/* True when the scores within the window, with this one, are enough. */
static bool is_enough(const struct backtest *a, struct client *c, int64_t time_s, int score)
{
	const int64_t since_s = time_s - a->options->config->block.window_s;
	int64_t sum = score;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < c->n_points; i++)
		if (c->points[i].time_s > since_s) {
			sum += c->points[i].score;
			c->points[kept++] = c->points[i];
		}
	c->n_points = kept;
	if (sum >= a->options->config->block.threshold)
		return true;
	c->points = alloc_resize(c->points, kept + 1, sizeof *c->points, "the backtest");
	c->points[c->n_points++] = (struct point){time_s, score};
	return false;
}

/* --- the first time: counting --- */

static void count_hit(struct backtest *a, const struct rules_hit *hit)
{
	struct client *const c = client_of(a, &hit->address);
	uint32_t i = 0;

	while (i < c->n_taken && c->taken[i].rule != hit->rule->index)
		i++;
	if (i == c->n_taken) {
		c->taken = alloc_resize(c->taken, ++c->n_taken, sizeof *c->taken, "the backtest");
		c->taken[i] = (struct taken){.rule = (uint32_t)hit->rule->index}; /* < RULEFILE_RULES_MAX */
	}
	c->taken[i].hits++;
	if (c->blocked || !is_enough(a, c, a->time_s, hit->score) || is_allowed(a, &hit->address))
		return;
	c->blocked = true;
	free(c->points);
	c->points = NULL;
	c->n_points = 0;
}

static bool is_collision(const struct client *c)
{
	return c->used && c->blocked && c->good;
}

static void sum_up(struct backtest *a)
{
	struct backtest_result *const r = a->result;

	for (size_t i = 0; i < a->room; i++) {
		const struct client *const c = &a->clients[i];

		for (uint32_t t = 0; t < c->n_taken; t++) {
			struct backtest_rule *const rule = &r->rules[c->taken[t].rule];

			rule->hits += c->taken[t].hits;
			rule->addresses++;
			rule->blocked += c->blocked;
			rule->collisions += is_collision(c);
			r->n_collisions += is_collision(c);
		}
	}
}

/* --- the second time: a line of each collision --- */

static char *copy(struct span line)
{
	return alloc_text_n(line.p, line.len < BACKTEST_LINE_MAX ? line.len : BACKTEST_LINE_MAX,
	                    "a line of a log");
}

static void collect_hit(struct backtest *a, const struct rules_hit *hit, struct span line)
{
	struct backtest_result *const r = a->result;
	const struct client *const c = client_of(a, &hit->address);
	struct backtest_collision *new;

	if (!is_collision(c) || r->n_shown == BACKTEST_COLLISIONS_MAX)
		return;
	for (size_t i = 0; i < r->n_shown; i++)
		if (r->shown[i].rule == hit->rule && addr_equal(&r->shown[i].address, &hit->address))
			return;
	r->shown = alloc_resize(r->shown, r->n_shown + 1, sizeof *r->shown, "the backtest");
	new = &r->shown[r->n_shown++];
	*new = (struct backtest_collision){.rule = hit->rule, .address = hit->address, .line = copy(line)};
	for (uint32_t i = 0; i < c->n_taken; i++)
		if (c->taken[i].rule == hit->rule->index)
			new->hits = c->taken[i].hits;
}

/* What speaks for an address may come before the first hit: kept with the client until its collisions are
 * known. */
struct good_line {
	struct addr address;
	const struct rule *rule;
	char *line;
};

struct good_lines {
	size_t n;
	struct good_line *list;
};

static void collect_good(struct backtest *a, struct good_lines *good, const struct rules_hit *hit,
                         struct span line)
{
	if (!is_collision(client_of(a, &hit->address)) || good->n == BACKTEST_COLLISIONS_MAX)
		return;
	for (size_t i = 0; i < good->n; i++)
		if (addr_equal(&good->list[i].address, &hit->address))
			return;
	good->list = alloc_resize(good->list, good->n + 1, sizeof *good->list, "the backtest");
	good->list[good->n++] = (struct good_line){hit->address, hit->rule, copy(line)};
}

static void join_good(struct backtest_result *r, const struct good_lines *good)
{
	for (size_t i = 0; i < r->n_shown; i++)
		for (size_t g = 0; g < good->n; g++)
			if (addr_equal(&r->shown[i].address, &good->list[g].address)) {
				r->shown[i].good_rule = good->list[g].rule;
				r->shown[i].good_line =
				        copy((struct span){good->list[g].line, strlen(good->list[g].line)});
			}
}

/* --- reading --- */

static void take_hit(struct backtest *a, struct good_lines *good, const struct rules_hit *hit,
                     bool in_question, struct span text)
{
	if (hit->score > 0 && in_question) {
		if (a->collecting)
			collect_hit(a, hit, text);
		else
			count_hit(a, hit);
	} else if (hit->score < 0) {
		if (a->collecting)
			collect_good(a, good, hit, text);
		else
			client_of(a, &hit->address)->good = true;
	}
}

/* What rules, in question or not, matched in a line. */
static void take_hits(struct backtest *a, struct good_lines *good, const struct record *record, bool in_question,
                      struct rules_hit *hits, size_t n)
{
	struct sessions *const sessions = in_question ? a->sessions : a->good_sessions;

	for (size_t i = 0; i < n; i++)
		if (hits[i].kind == RULES_KIND_HIT ||
		    sessions_resolve(sessions, record->line.host, record->time_s, &hits[i]) == RULES_HIT)
			take_hit(a, good, &hits[i], in_question, record->text);
}

static void take_line(struct backtest *a, struct good_lines *good, struct scan *scan, struct record *record)
{
	struct rules_hit hits[RULES_HITS_MAX];
	size_t n = scan_line(scan, record, hits);

	if (!record->parsed || record->cut)
		return;
	a->time_s = record->time_s;
	take_hits(a, good, record, true, hits, n);
	if (a->options->good == a->options->rules)
		return;
	n = rules_match_all(a->good_scratch, record->line.program, record->line.message, false, hits);
	take_hits(a, good, record, false, hits, n);
}

/* bytes: capacity of a piece. NOLINTNEXTLINE(readability-non-const-parameter): chunks_next writes there. */
static int read_file(struct backtest *a, struct good_lines *good, const char *path, char *bytes, struct why *why)
{
	struct chunks_piece piece = {.bytes = bytes};
	struct record record;
	struct chunks *in;
	struct scan scan;
	int rc;

	if (strcmp(path, "-") == 0)
		return why_set(why, EINVAL, "standard input cannot be read twice; give a file");
	if ((rc = chunks_open(path, false, &in, why)) < 0)
		return rc;
	scan_begin(&scan, a->scratch, chunks_mtime(in));
	scan.disabled = a->options->disabled;
	while ((rc = chunks_next(in, &piece, why)) == 0)
		for (size_t at = 0; chunks_line(&piece, &at, &record);)
			take_line(a, good, &scan, &record);
	chunks_close(in);
	if (!a->collecting) {
		a->result->lines += scan.tally.lines;
		a->result->unparsed += scan.tally.unparsed;
	}
	return rc < 0 ? rc : 0;
}

static int read_all(struct backtest *a, struct good_lines *good, const struct dated *files, struct why *why)
{
	char *const bytes = alloc_raw(1, CHUNKS_SIZE + 1, "the backtest");
	int rc = 0;

	sessions_clear(a->sessions);
	sessions_clear(a->good_sessions);
	a->time_s = 0;
	for (size_t i = 0; i < a->options->n_files && rc == 0; i++)
		rc = read_file(a, good, files[i].path, bytes, why);
	free(bytes);
	return rc;
}

int backtest_run(const struct backtest_options *options, struct backtest_result *ret, struct why *why)
{
	struct backtest a = {.options = options,
	                    .result = ret,
	                    .scratch = rules_scratch_new(options->rules),
	                    .good_scratch = rules_scratch_new(options->good),
	                    .sessions = sessions_new(),
	                    .good_sessions = sessions_new()};
	struct dated *const files = alloc_zero(options->n_files + 1, sizeof *files, "the backtest");
	struct good_lines good = {0};
	int rc;

	*ret = (struct backtest_result){.files = (int64_t)options->n_files};
	ret->rules = alloc_zero(rules_count(options->rules) + 1, sizeof *ret->rules, "the backtest");
	dated_files(options->files, options->n_files, 0, files);
	rc = read_all(&a, &good, files, why);
	sum_up(&a);
	a.collecting = true;
	if (rc == 0 && ret->n_collisions > 0)
		rc = read_all(&a, &good, files, why);
	join_good(ret, &good);
	for (size_t i = 0; i < good.n; i++)
		free(good.list[i].line);
	free(good.list);
	for (size_t i = 0; i < a.room; i++) {
		free(a.clients[i].taken);
		free(a.clients[i].points);
	}
	free(a.clients);
	free(files);
	sessions_free(a.sessions);
	sessions_free(a.good_sessions);
	rules_scratch_free(a.scratch);
	rules_scratch_free(a.good_scratch);
	return rc;
}

void backtest_done(struct backtest_result *r)
{
	for (size_t i = 0; i < r->n_shown; i++) {
		free(r->shown[i].line);
		free(r->shown[i].good_line);
	}
	free(r->shown);
	free(r->rules);
	*r = (struct backtest_result){0};
}
