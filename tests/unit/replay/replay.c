/*
 * replay: the test writes logs with hits at known places. Whatever the threads, chunks, stops and compression, the
 * database has the same contents.
 */
#include "replay/replay.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "replay/workers.h"
#include "store/sql.h"
#include "testlib.h"

extern char **environ;

enum { PATHS_MAX = 512 }; /* in use at once */

static const int64_t t0_s = 1795181862; /* 2026-11-20T13:37:42Z */

static const char rule_text[] =
	"[test-guess]\nprogram = testd\nmatch = ^guess from <ADDR>$\ncategory = auth\nreason = guesses\nscore = 20\n"
	"hit = 192.0.2.7 | Nov 20 13:37:42 mx testd[1]: guess from 192.0.2.7\n"
	"miss = Nov 20 13:37:42 mx testd[1]: guess from nobody\n"
	"[test-relay]\nprogram = testd\nmatch = ^relay by <ADDR>: (?<detail>.*)$\ncategory = relay\nreason = relays\n"
	"score = 100\n"
	"hit = 192.0.2.7 | Nov 20 13:37:42 mx testd[1]: relay by 192.0.2.7: x\n"
	"miss = Nov 20 13:37:42 mx testd[1]: relay by nobody: x\n";

static char directory[] = "/tmp/wfs-replay-XXXXXX";
static struct rules *rules;
static struct config *config;

/* --- files --- */

static const char *in_directory(const char *name)
{
	static char paths[PATHS_MAX][64];
	static unsigned next;
	char *const path = paths[next++ % PATHS_MAX];

	(void)snprintf(path, sizeof paths[0], "%s/%s", directory, name);
	return path;
}

static void write_bytes(const char *name, const char *mode, const char *data, size_t len)
{
	FILE *const file = fopen(in_directory(name), mode);

	assert_non_null(file);
	assert_int_equal(fwrite(data, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	return ftw->level == 0 ? 0 : remove(path);
}

static int clean(void **state)
{
	(void)state;
	return nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static int setup(void **state)
{
	const char *file;
	struct rulefile_errors errors = {0};
	struct why why = {""};
	int rc;

	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	write_bytes("test.rules", "w", rule_text, strlen(rule_text));
	file = in_directory("test.rules");
	rc = rules_load(NULL, 0, &file, 1, &rules, &errors, &why);
	rulefile_errors_done(&errors);
	if (rc < 0) {
		print_error("%s\n", why.text);
		return -1;
	}
	return config_read("/nowhere/at/all", true, &config, &why) < 0 ? -1 : clean(state);
}

static int teardown(void **state)
{
	(void)state;
	rules_free(rules);
	config_free(config);
	return rmdir(directory);
}

/* --- logs --- */

/* A log in memory. */
struct text {
	char *bytes;
	size_t len, cap;
};

static void add_bytes(struct text *t, const char *bytes, size_t len)
{
	while (t->len + len > t->cap) {
		t->cap = t->cap == 0 ? 4096 : 2 * t->cap;
		t->bytes = realloc(t->bytes, t->cap);
		assert_non_null(t->bytes);
	}
	memcpy(t->bytes + t->len, bytes, len);
	t->len += len;
}

static void add_line(struct text *t, int64_t time_s, const char *message)
{
	const time_t time = (time_t)time_s;
	char stamp[40], line[1024];
	struct tm tm;

	assert_non_null(gmtime_r(&time, &tm));
	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S+00:00", &tm);
	(void)snprintf(line, sizeof line, "%s mx testd[1]: %s\n", stamp, message);
	add_bytes(t, line, strlen(line));
}

/* Many lines, every third a hit; garbage, overlong lines and CR among them. seed > 0; the same text for the same. */
static struct text make_log(uint64_t seed, int64_t begin_s, unsigned n_lines)
{
	struct text t = {NULL, 0, 0};
	int64_t now_s = begin_s;

	random_state = seed * 88172645463325252U;
	for (unsigned i = 0; i < n_lines; i++) {
		char message[600];

		now_s += random_below(3);
		if (random_below(200) == 0)
			now_s -= random_below(30); /* and backwards */
		switch (random_below(12)) {
		case 0:
		case 1:
		case 2:
			(void)snprintf(message, sizeof message, "guess from 192.0.2.%u", random_below(250));
			break;
		case 3:
			(void)snprintf(message, sizeof message, "relay by 2001:db8::%x: \x1b[31m%u", random_below(1000),
			               i);
			break;
		case 4:
			if (random_below(50) == 0) {
				for (unsigned k = random_below(500); k > 0; k--)
					add_bytes(&t, &(char){(char)random_below(256)}, 1);
				add_bytes(&t, "\n", 1);
			}
			(void)snprintf(message, sizeof message, "guess from 192.0.2.%u\r", random_below(250));
			break;
		default:
			(void)snprintf(message, sizeof message, "%*u", (uint8_t)random_below(200) + 1, i);
		}
		add_line(&t, now_s, message);
	}
	return t;
}

static void write_log(const char *name, const struct text *t)
{
	write_bytes(name, "w", t->bytes, t->len);
}

/* --- runs --- */

struct run {
	int rc;
	struct replay_result result;
	struct why why;
};

static struct replay_options options_of(struct store *store, const char *const files[], size_t n)
{
	return (struct replay_options){.config = config,
	                               .rules = rules,
	                               .store = store,
	                               .keeps = PENDING_ALL,
	                               .n_files = n,
	                               .files = files,
	                               .from_s = INT64_MIN,
	                               .until_s = INT64_MAX,
	                               .threads = 2};
}

static struct run run(const struct replay_options *options)
{
	struct run r = {.why = {""}};

	r.rc = replay_run(options, &r.result, &r.why);
	free(r.result.by_rule);
	r.result.by_rule = NULL;
	return r;
}

static struct store *new_store(void)
{
	struct store *store = NULL;
	struct why why;

	assert_int_equal(store_open(NULL, STORE_WRITE, &store, &why), 0);
	return store;
}

static struct run run_files(struct store *store, const char *const files[], size_t n)
{
	const struct replay_options options = options_of(store, files, n);

	return run(&options);
}

static struct run run_file(struct store *store, const char *name)
{
	const char *const file = in_directory(name);

	return run_files(store, &file, 1);
}

static void good(const struct run *r)
{
	if (r->rc != 0)
		fail_msg("got %d (%s), want 0", r->rc, r->why.text);
}

/* All that the database holds, but for paths, as one text. */
static char *dump(struct store *store)
{
	static const char *const questions[] = {
		"SELECT h.id, h.time, h.address, r.name, h.score, h.log, h.offset, h.detail, h.text FROM hit h "
		"LEFT JOIN rule r ON r.id = h.rule ORDER BY h.id",
		"SELECT b.id, b.address, b.since, b.until, b.offence, r.name, b.ended, b.ended_by FROM block b "
		"LEFT JOIN rule r ON r.id = b.rule ORDER BY b.id",
		"SELECT id, first_line, last_line, position, lines, cut, unparsed, last_line_at FROM log ORDER BY id",
	};
	struct text t = {NULL, 0, 0};

	for (size_t i = 0; i < 3; i++) {
		sqlite3_stmt *s;

		assert_int_equal(sqlite3_prepare_v2(store->db, questions[i], -1, &s, NULL), SQLITE_OK);
		while (sqlite3_step(s) == SQLITE_ROW)
			for (int c = 0; c < sqlite3_column_count(s); c++) {
				const char *const text = (const char *)sqlite3_column_text(s, c);

				add_bytes(&t, text == NULL ? "null" : text, text == NULL ? 4 : strlen(text));
				add_bytes(&t, c + 1 < sqlite3_column_count(s) ? "|" : "\n", 1);
			}
		(void)sqlite3_finalize(s);
	}
	add_bytes(&t, "", 1);
	return t.bytes;
}

/* The first line in which two texts differ. */
static void same_dump(char *got, char *want, const char *what)
{
	size_t i = 0, line = 0;

	while (got[i] == want[i] && got[i] != '\0') {
		if (got[i] == '\n')
			line = i + 1;
		i++;
	}
	if (got[i] != want[i])
		fail_msg("%s:\n got %.*s\nwant %.*s", what, (int)strcspn(got + line, "\n"), got + line,
		         (int)strcspn(want + line, "\n"), want + line);
	free(got);
	free(want);
}

static int64_t number(struct store *store, const char *sql)
{
	sqlite3_stmt *s;
	int64_t n;

	assert_int_equal(sqlite3_prepare_v2(store->db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	(void)sqlite3_finalize(s);
	return n;
}

/* --- tests --- */

static void test_counts(void **state)
{
	struct text t = {NULL, 0, 0};
	struct store *const store = new_store();
	struct run r;

	(void)state;
	add_line(&t, t0_s, "hello");
	for (int i = 0; i < 5; i++)
		add_line(&t, t0_s + 10 * i, "guess from 192.0.2.7");
	add_line(&t, t0_s + 50, "relay by ::ffff:192.0.2.8: \x1b[1m");
	add_line(&t, t0_s + 51, "guess from 192.0.2.7"); /* blocked: a hit all the same */
	add_bytes(&t, "no header\n\n", 11);
	add_line(&t, t0_s + 60, "guess from 127.0.0.1"); /* never blocked: no client's */
	write_log("log", &t);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.files, 1);
	assert_int_equal(r.result.bytes, t.len);
	assert_int_equal(r.result.lines, 11);
	assert_int_equal(r.result.unparsed, 2);
	assert_int_equal(r.result.cut, 0);
	assert_int_equal(r.result.hits, 7);
	assert_int_equal(r.result.addresses, 2);
	assert_int_equal(r.result.blocks, 2);
	assert_int_equal(r.result.known_bytes, 0);
	assert_int_equal(r.result.first_s, t0_s);
	assert_int_equal(r.result.last_s, t0_s + 51);
	assert_false(r.result.stopped);
	assert_int_equal(number(store, "SELECT count(*) FROM hit"), 7);
	assert_int_equal(number(store,
	                        "SELECT count(*) FROM block WHERE address = '192.0.2.7' AND since = 1795181902 AND "
	                        "until = 1795182502 AND offence = 1"),
	                 1);
	assert_int_equal(number(store, "SELECT count(*) FROM hit WHERE instr(text, x'1b') OR instr(detail, x'1b')"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM hit WHERE detail = '\\x1b[1m' AND address = '192.0.2.8'"),
	                 1);
	assert_int_equal(number(store, "SELECT position FROM log"), t.len);
	assert_int_equal(number(store, "SELECT lines FROM log"), 11);
	/* Every hit's offset leads to its line. */
	{
		sqlite3_stmt *s;

		assert_int_equal(sqlite3_prepare_v2(store->db, "SELECT offset, text FROM hit WHERE detail IS NULL", -1,
		                                    &s, NULL),
		                 SQLITE_OK);
		while (sqlite3_step(s) == SQLITE_ROW)
			assert_memory_equal(t.bytes + sqlite3_column_int64(s, 0), sqlite3_column_text(s, 1),
			                    (size_t)sqlite3_column_bytes(s, 1));
		(void)sqlite3_finalize(s);
	}
	/* Again: nothing is counted twice. */
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.hits + r.result.lines + r.result.bytes, 0);
	assert_int_equal(r.result.known_bytes, t.len);
	assert_int_equal(number(store, "SELECT count(*) FROM hit"), 7);
	assert_int_equal(number(store, "SELECT count(*) FROM log"), 1);
	store_close(store);
	free(t.bytes);
}

static void test_threads(void **state)
{
	static const unsigned threads[] = {1, 2, 3, 8, WORKERS_THREADS_MAX};
	struct text t = make_log(1, t0_s, 60000); /* some chunks */
	struct text single = {NULL, 0, 0};
	char *want = NULL;
	struct run first = {0};

	(void)state;
	assert_true(t.len > 4 << 20);
	write_log("log", &t);
	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
		struct store *const store = new_store();
		const char *const file = in_directory("log");
		struct replay_options options = options_of(store, &file, 1);
		struct run r;

		options.threads = threads[i];
		r = run(&options);
		good(&r);
		if (want == NULL) {
			want = dump(store);
			first = r;
			assert_true(r.result.hits > 10000 && r.result.blocks > 100 && r.result.unparsed > 10);
		} else {
			assert_memory_equal(&r.result, &first.result, offsetof(struct replay_result, worst));
			same_dump(dump(store), strdup(want), "threads");
		}
		store_close(store);
	}
	free(want);
	free(single.bytes);
	free(t.bytes);
}

/* Lines that end one byte before, at and after the end of a piece; and one that is longer. */
static void test_chunk_edges(void **state)
{
	enum { PIECE = 1 << 20 };

	(void)state;
	for (int shift = -70; shift <= 70; shift += shift > -4 && shift < 3 ? 1 : 13) {
		struct text t = {NULL, 0, 0};
		struct store *const store = new_store();
		struct run r;

		while (t.len < (size_t)(PIECE + shift) - 200)
			add_line(&t, t0_s, "filler filler filler filler filler filler filler filler");
		{
			char pad[400];
			const size_t len =
				(size_t)(PIECE + shift) - t.len - 40; /* so that a line ends at PIECE + shift */

			memset(pad, 'x', sizeof pad);
			pad[len] = '\0';
			add_line(&t, t0_s, pad);
			(void)len;
		}
		for (int i = 0; i < 10; i++)
			add_line(&t, t0_s + i, "guess from 192.0.2.7");
		write_log("log", &t);
		r = run_file(store, "log");
		good(&r);
		assert_int_equal(r.result.hits, 10);
		assert_int_equal(r.result.unparsed + r.result.cut, 0);
		assert_int_equal(r.result.bytes, t.len);
		assert_int_equal(r.result.blocks, 1);
		store_close(store);
		free(t.bytes);
	}
}

/* Each line of a container in two pieces, by CRI and by json-file: some of them on both sides of the end of a chunk. */
static void add_pieces(struct text *t, unsigned i)
{
	static const char cri[] = "2026-11-20T13:00:00.000Z stdout P 2026-11-20T13:00:00Z mx testd[1]: gue\n"
				  "2026-11-20T13:00:01.000Z stdout F ss from 192.0.2.%u\n";
	static const char json[] =
		"{\"log\":\"2026-11-20T13:00:00Z mx testd[1]: guess \",\"stream\":\"stdout\","
		"\"time\":\"2026-11-20T13:00:00Z\"}\n"
		"{\"log\":\"from 192.0.2.%u\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-20T13:00:01Z\"}\n";
	char bytes[1024];

	(void)snprintf(bytes, sizeof bytes, i % 2 == 0 ? cri : json, i % 250);
	add_bytes(t, bytes, strlen(bytes));
}

static void test_pieces_of_lines(void **state)
{
	enum { N = 8000 };
	struct store *const store = new_store();
	const char *const file = in_directory("log");
	struct replay_options options = options_of(store, &file, 1);
	struct text t = {NULL, 0, 0}, some;
	struct run r;

	(void)state;
	options.leave_tail = true;
	for (unsigned i = 0; i < N; i++)
		add_pieces(&t, i);
	/* First a log that ends behind the first piece of a line: it is read with the rest, when that is there. */
	some = t;
	some.len = (size_t)((char *)memmem(t.bytes + t.len / 2, t.len / 2, "gue\n", 4) + 4 - t.bytes);
	write_log("log", &some);
	r = run(&options);
	good(&r);
	assert_true(r.result.bytes < (int64_t)some.len);
	assert_int_equal(r.result.lines, r.result.hits);
	write_log("log", &t);
	r = run(&options);
	good(&r);
	assert_int_equal(number(store, "SELECT count(*) FROM hit"), N);
	assert_int_equal(number(store, "SELECT count(*) FROM hits WHERE text NOT LIKE "
	                               "'2026-11-20T13:00:00%stdout F 2026%testd[1]: guess from 192.0.2.%'"),
	                 0);
	store_close(store);
	free(t.bytes);
}

/* A line and those that repeat it, some of them on both sides of the end of a chunk; none is counted twice, or not. */
static void test_repeated_lines(void **state)
{
	enum { N = 12000 };
	struct store *const store = new_store();
	struct text t = {NULL, 0, 0};
	struct run r;

	(void)state;
	random_state = 88172645463325252U;
	for (unsigned i = 0; i < N; i++) {
		static const char repeated[] = "2026-11-20T13:00:00+00:00 mx last message repeated 2 times\n";

		add_line(&t, t0_s, random_below(2) == 0 ? "guess from 192.0.2.7" : "guess from 2001:db8::7");
		for (int k = 0; k < 3; k++)
			add_bytes(&t, repeated, strlen(repeated));
	}
	write_log("log", &t);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.hits, 4 * N);
	assert_int_equal(number(store, "SELECT sum(score) / min(score) FROM hit"), 7 * N);
	assert_int_equal(number(store, "SELECT count(*) FROM hits WHERE text NOT LIKE '%: guess from %'"), 0);
	store_close(store);
	free(t.bytes);
}

static void test_long_lines(void **state)
{
	static const size_t lengths[] = {8100,    8192,          8193,           9000,   (1 << 20) - 1,
	                                 1 << 20, (1 << 20) + 1, (2 << 20) - 60, 3 << 20};

	(void)state;
	for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
		char *const pad = malloc(lengths[i] + 1);
		struct text t = {NULL, 0, 0};
		struct store *const store = new_store();
		char *want;
		struct run r;

		assert_non_null(pad);
		add_line(&t, t0_s, "guess from 192.0.2.7");
		add_line(&t, t0_s, "relay by 192.0.2.8: x");
		t.len--; /* the line goes on */
		memset(pad, 'x', lengths[i]);
		add_bytes(&t, pad, lengths[i] - strlen("2026-11-20T13:37:42+00:00 mx testd[1]: relay by 192.0.2.8: x"));
		add_bytes(&t, "\n", 1);
		add_line(&t, t0_s, "guess from 192.0.2.7");
		write_log("log", &t);
		r = run_file(store, "log");
		good(&r);
		if (r.result.lines != 3 || r.result.cut != (lengths[i] > 8192) ||
		    r.result.hits != 3 - (lengths[i] > 8192))
			fail_msg("%zu: got %lld lines, %lld cut, %lld hits", lengths[i], (long long)r.result.lines,
			         (long long)r.result.cut, (long long)r.result.hits);
		assert_int_equal(r.result.bytes, t.len);
		want = dump(store);
		r = run_file(store, "log");
		good(&r);
		assert_int_equal(r.result.known_bytes, t.len);
		assert_int_equal(r.result.lines, 0);
		same_dump(dump(store), want, "again");
		/* The position right after the long line is found again. */
		store_close(store);
		free(t.bytes);
		free(pad);
	}
}

static void test_ends(void **state)
{
	static const struct {
		const char *what, *text;
		bool leave_tail;
		int lines, unparsed, hits;
		size_t left; /* bytes at the end that are for the next time */
	} rows[] = {
#define L "2026-11-20T13:37:42+00:00 mx testd[1]: guess from 192.0.2.7"
		{"empty", "", false, 0, 0, 0, 0},
		{"one LF", "\n", false, 1, 1, 0, 0},
		{"one line", L "\n", false, 1, 0, 1, 0},
		{"no LF", L, false, 1, 0, 1, 0},
		{"no LF, left", L, true, 0, 0, 0, sizeof L - 1},
		{"two, no LF", L "\n" L, false, 2, 0, 2, 0},
		{"two, no LF, left", L "\n" L, true, 1, 0, 1, sizeof L - 1},
		{"two, LF, left", L "\n" L "\n", true, 2, 0, 2, 0},
		{"CRLF", L "\r\n" L "\r\n", false, 2, 0, 2, 0},
		{"CRLF, torn", L "\r\n" L "\r", true, 1, 0, 1, sizeof L},
		{"empty lines", "\n\n" L "\n\n", false, 4, 3, 1, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (unsigned again = 0; again < 2; again++) {
			struct store *const store = new_store();
			const char *const file = in_directory("log");
			struct replay_options options = options_of(store, &file, 1);
			struct run r;

			write_bytes("log", "w", rows[i].text, strlen(rows[i].text));
			options.leave_tail = rows[i].leave_tail;
			r = run(&options);
			good(&r);
			if (r.result.lines != rows[i].lines || r.result.unparsed != rows[i].unparsed ||
			    r.result.hits != rows[i].hits ||
			    r.result.bytes != (int64_t)(strlen(rows[i].text) - rows[i].left))
				fail_msg("%s: got %lld lines, %lld unparsed, %lld hits, %lld bytes", rows[i].what,
				         (long long)r.result.lines, (long long)r.result.unparsed,
				         (long long)r.result.hits, (long long)r.result.bytes);
			/* Once more, and nothing comes of it. */
			r = run(&options);
			good(&r);
			if (r.result.lines != 0 || r.result.hits != 0)
				fail_msg("%s: got %lld lines again", rows[i].what, (long long)r.result.lines);
			/* It grows: what was left is whole now. */
			write_bytes("log", "a", "\n" L "\n", sizeof L + 1);
			r = run(&options);
			good(&r);
			if (rows[i].left > 0 && r.result.hits != 2)
				fail_msg("%s: got %lld hits after it grew, want 2", rows[i].what,
				         (long long)r.result.hits);
			store_close(store);
		}
	}
#undef L
}

static void test_binary(void **state)
{
	struct text t = {NULL, 0, 0};
	struct store *const store = new_store();
	struct run r;

	(void)state;
	random_state = 4711;
	for (unsigned i = 0; i < 300000; i++)
		add_bytes(&t, &(char){(char)random_below(256)}, 1);
	add_bytes(&t, "\n", 1);
	add_line(&t, t0_s, "guess from 192.0.2.7");
	t.bytes[0] = 'x'; /* no magic number */
	write_log("log", &t);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.hits, 1);
	assert_int_equal(r.result.bytes, t.len);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.lines, 0);
	store_close(store);
	free(t.bytes);
}

static void gzip(const char *name)
{
	char *const argv[] = {(char[]){"gzip"}, (char[]){"-nf"}, strdup(in_directory(name)), NULL};
	pid_t pid;
	int status = 1;

	if (posix_spawnp(&pid, "gzip", NULL, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) < 0)
		status = 1;
	free(argv[2]);
	if (status != 0)
		skip();
}

static void test_gzip(void **state)
{
	struct text t = make_log(2, t0_s, 40000);
	struct store *const plain = new_store(), *const packed = new_store();
	char *want;
	struct run r, p;
	struct stat st;

	(void)state;
	write_log("log", &t);
	r = run_file(plain, "log");
	good(&r);
	want = dump(plain);
	gzip("log");
	p = run_file(packed, "log.gz");
	good(&p);
	assert_memory_equal(&r.result, &p.result, offsetof(struct replay_result, worst));
	same_dump(dump(packed), strdup(want), "packed");
	/* The same log, whether packed or not. */
	p = run_file(plain, "log.gz");
	good(&p);
	assert_int_equal(p.result.known_bytes, t.len);
	assert_int_equal(p.result.lines, 0);
	same_dump(dump(plain), want, "packed after plain");
	store_close(plain);
	store_close(packed);

	/* Torn off: what can be unpacked counts, and it is reported. */
	assert_int_equal(stat(in_directory("log.gz"), &st), 0);
	for (int percent = 1; percent < 100; percent += 7) {
		struct store *const torn = new_store();
		struct run again;
		int64_t lines;

		write_log("log", &t);
		gzip("log");
		assert_int_equal(truncate(in_directory("log.gz"), st.st_size * percent / 100), 0);
		r = run_file(torn, "log.gz");
		if (r.rc >= 0)
			fail_msg("%d %%: got 0, want an error", percent);
		if (percent > 10 && (r.result.bytes * 100 < (int64_t)t.len * (percent - 15) || r.result.bytes == 0))
			fail_msg("%d %%: got %lld bytes of %zu", percent, (long long)r.result.bytes, t.len);
		lines = r.result.lines;
		assert_int_equal(number(torn, "SELECT coalesce(max(position), 0) FROM log"), r.result.bytes);
		/* The whole file comes later: only the rest is counted. */
		write_log("log", &t);
		again = run_file(torn, "log");
		good(&again);
		assert_int_equal(again.result.known_bytes, r.result.bytes);
		assert_int_equal(again.result.lines + lines, number(torn, "SELECT lines FROM log"));
		assert_int_equal(again.result.bytes + r.result.bytes, t.len);
		store_close(torn);
	}
	free(t.bytes);
}

static void test_several(void **state)
{
	struct text logs[3] = {make_log(3, t0_s, 3000), make_log(4, t0_s + 20000, 3000),
	                       make_log(5, t0_s + 40000, 3000)};
	const char *const right[] = {in_directory("mail.log.2"), in_directory("mail.log.1"), in_directory("mail.log")};
	const char *const wrong[] = {right[2], right[0], right[2], right[1], right[0]};
	struct store *const one = new_store(), *const other = new_store();
	struct run r;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		FILE *const file = fopen(right[i], "w");

		assert_non_null(file);
		assert_int_equal(fwrite(logs[i].bytes, 1, logs[i].len, file), logs[i].len);
		assert_int_equal(fclose(file), 0);
	}
	r = run_files(one, right, 3);
	good(&r);
	assert_int_equal(r.result.files, 3);
	r = run_files(other, wrong, 5); /* out of order, and some twice */
	good(&r);
	assert_int_equal(r.result.files, 5);
	assert_int_equal(r.result.known_bytes, logs[0].len + logs[2].len);
	same_dump(dump(other), dump(one), "out of order");
	/* One that cannot be read: the others are. */
	{
		const char *const files[] = {in_directory("absent"), right[0], directory, right[1]};
		struct store *const store = new_store();

		r = run_files(store, files, 4);
		assert_int_equal(r.rc < 0, 1);
		assert_int_equal(r.result.bytes, logs[0].len + logs[1].len);
		assert_int_equal(number(store, "SELECT count(*) FROM log"), 2);
		store_close(store);
	}
	store_close(one);
	store_close(other);
	for (size_t i = 0; i < 3; i++)
		free(logs[i].bytes);
}

/* A log that grows between runs gives what it gives in one. */
static void test_growth(void **state)
{
	static const size_t steps[] = {1, 100, 5000, 8192, 9000, 65536, 1 << 20, (1 << 20) + 5000, 3 << 20};
	struct text t = make_log(6, t0_s, 50000);
	struct store *const one = new_store(), *const many = new_store();
	const char *const file = in_directory("log");
	struct replay_options options = options_of(many, &file, 1);
	size_t done = 0;
	struct run r;

	(void)state;
	/* Forwards in time only: at a resume the verdict knows what happened until then, see below. */
	for (unsigned i = 0; done < t.len; i++) {
		size_t n = steps[i % (sizeof steps / sizeof *steps)];

		n = done + n > t.len ? t.len - done : n;
		write_bytes("log", done == 0 ? "w" : "a", t.bytes + done, n);
		done += n;
		options.leave_tail = true;
		r = run(&options);
		good(&r);
	}
	r = run_file(one, "log");
	good(&r);
	assert_int_equal(number(many, "SELECT lines FROM log"), r.result.lines);
	assert_int_equal(number(many, "SELECT position FROM log"), t.len);
	assert_int_equal(number(many, "SELECT count(*) FROM hit"), r.result.hits);
	assert_int_equal(number(many, "SELECT count(*) FROM log"), 1);
	store_close(one);
	store_close(many);
	free(t.bytes);
}

/* Two logs that begin with the same line. */
static void test_same_first_line(void **state)
{
	struct text a = {NULL, 0, 0}, b = {NULL, 0, 0};
	struct store *const store = new_store();
	struct run r;

	(void)state;
	add_line(&a, t0_s, "restarted");
	add_line(&b, t0_s, "restarted");
	for (int i = 0; i < 200; i++) {
		add_line(&a, t0_s + i, "guess from 192.0.2.7");
		add_line(&b, t0_s + i, i < 100 ? "guess from 192.0.2.7" : "guess from 192.0.2.8");
	}
	write_log("a", &a);
	write_log("b", &b);
	r = run_file(store, "a");
	good(&r);
	assert_int_equal(r.result.hits, 200);
	r = run_file(store, "b");
	good(&r);
	assert_int_equal(r.result.hits, 200);
	assert_int_equal(r.result.known_bytes, 0);
	assert_int_equal(number(store, "SELECT count(*) FROM log"), 2);
	add_line(&a, t0_s + 300, "guess from 192.0.2.9");
	write_log("a", &a);
	r = run_file(store, "a"); /* the older of the two */
	good(&r);
	assert_int_equal(r.result.hits, 1);
	r = run_file(store, "b");
	good(&r);
	assert_int_equal(r.result.hits, 0);
	assert_int_equal(number(store, "SELECT count(*) FROM log"), 2);
	store_close(store);
	free(a.bytes);
	free(b.bytes);
}

static atomic_bool stop_now;

static void on_alarm(int signal)
{
	(void)signal;
	stop_now = true;
}

/* Stopped somewhere, again and again; in the end all is as if it had never been. */
static void test_stop(void **state)
{
	const struct sigaction action = {.sa_handler = on_alarm}, before = {.sa_handler = SIG_DFL};
	struct text t = {NULL, 0, 0};
	struct store *const one = new_store(), *const many = new_store();
	const char *const file = in_directory("log");
	struct replay_options options = options_of(many, &file, 1);
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	long after_ns = 20000;
	unsigned stops = 0, in_the_middle = 0;
	struct run r;
	timer_t timer;

	(void)state;
	for (unsigned i = 0; i < 150000; i++) { /* forwards in time */
		char message[100];

		(void)snprintf(message, sizeof message, i % 3 == 0 ? "guess from 192.0.2.%u" : "harmless %u",
		               i * 7919 % 250);
		add_line(&t, t0_s + i / 7, message);
	}
	write_log("log", &t);
	r = run_file(one, "log");
	good(&r);
	options.stop = &stop_now;
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	do {
		const struct itimerspec then = {.it_value.tv_nsec = after_ns};

		stop_now = false;
		assert_int_equal(timer_settime(timer, 0, &then, NULL), 0);
		r = run(&options);
		good(&r);
		stops++;
		in_the_middle += r.result.stopped && r.result.bytes > 0;
		after_ns += after_ns / 8;
		assert_true(after_ns < 999999999);
	} while (r.result.stopped);
	assert_int_equal(timer_delete(timer), 0);
	assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
	assert_true(stops > 1);
	same_dump(dump(many), dump(one), "stopped");
	print_message("stopped %u times, %u in the middle\n", stops, in_the_middle);
	store_close(one);
	store_close(many);
	free(t.bytes);
}

/* The clock of a mail server is set back, and a log holds what another host logged later. */
static void test_backwards(void **state)
{
	struct text t = {NULL, 0, 0};
	struct store *const store = new_store();
	struct run r;

	(void)state;
	for (int i = 0; i < 4; i++)
		add_line(&t, t0_s + 100 - 10 * i, "guess from 192.0.2.7");
	add_line(&t, t0_s + 60, "guess from 192.0.2.7");
	for (int i = 0; i < 5; i++)
		add_line(&t, t0_s - 86400 + i, "guess from 192.0.2.8");
	write_log("log", &t);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.hits, 10);
	assert_int_equal(r.result.blocks, 2);
	assert_int_equal(r.result.first_s, t0_s - 86400);
	assert_int_equal(r.result.last_s, t0_s + 100);
	assert_int_equal(number(store, "SELECT last_line_at FROM log"), t0_s + 100);
	assert_int_equal(number(store, "SELECT since FROM block WHERE address = '192.0.2.7'"), t0_s + 60);
	store_close(store);
	free(t.bytes);
}

/* How the database counts them, against what replay remembers of the worst. */
static void test_worst(void **state)
{
	enum { CLIENTS = 100, TURNS = 5, APART_S = 5 * 86400 };
	struct text t = {NULL, 0, 0};
	struct store *const store = new_store();
	struct run r;

	(void)state;
	/* Client i is blocked in i % 7 + 1 turns, longer apart than it is blocked; of equals the higher one first. */
	for (int turn = 0; turn < TURNS; turn++)
		for (int i = CLIENTS; i-- > 0;)
			for (int guess = 0; turn <= i % TURNS && guess < 5; guess++) {
				char message[64];

				(void)snprintf(message, sizeof message, "guess from 198.51.100.%d", i);
				add_line(&t, t0_s + turn * APART_S + CLIENTS - i, message);
			}
	write_log("log", &t);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.worst.n, WORST_MAX);
	for (size_t i = 0; i < r.result.worst.n; i++) {
		const struct worst_blocked *const b = &r.result.worst.list[i];
		char net[NET_TEXT_MAX], words[256];

		(void)net_text(&b->block.net, net);
		(void)snprintf(words, sizeof words, "SELECT count(*) FROM block WHERE address = '%s'", net);
		assert_int_equal(b->block.offence, number(store, words));
		(void)snprintf(words, sizeof words, "SELECT max(since) FROM block WHERE address = '%s'", net);
		assert_int_equal(b->block.since_s, number(store, words));
		(void)snprintf(words, sizeof words, "SELECT max(until) FROM block WHERE address = '%s'", net);
		assert_int_equal(b->block.until_s, number(store, words));
		(void)snprintf(
			words, sizeof words, /* no address left out is worse */
			"SELECT count(*) FROM (SELECT count(*) AS n, max(since) AS s FROM block GROUP BY address) "
			"WHERE n > %u OR (n = %u AND s < %" PRId64 ")",
			b->block.offence, b->block.offence, b->block.since_s);
		assert_int_equal(number(store, words), i);
	}
	assert_true(r.result.worst.others);
	store_close(store);
	free(t.bytes);
}

/* One client, blocked more often than offences are distinguished, and no other. */
static void test_one_blocked(void **state)
{
	enum { TURNS = 20, APART_S = 8 * 86400 };
	struct text t = {NULL, 0, 0};
	struct store *const store = new_store();
	struct run r;

	(void)state;
	for (int turn = 0; turn < TURNS; turn++)
		for (int guess = 0; guess < 5; guess++)
			add_line(&t, t0_s + turn * APART_S, "guess from 198.51.100.7");
	write_log("log", &t);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(r.result.blocks, TURNS);
	assert_int_equal(r.result.worst.n, 1);
	assert_true(r.result.worst.list[0].block.offence < TURNS);
	assert_false(r.result.worst.others);
	store_close(store);
	free(t.bytes);
}

static void set_mtime(const char *path, int64_t time_s)
{
	const struct timespec times[2] = {{.tv_sec = (time_t)time_s}, {.tv_sec = (time_t)time_s}};

	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

/* Stamps without a year: December is of the year before. */
static void test_years(void **state)
{
	static const char log[] = "Dec 31 23:59:58 mx testd[1]: guess from 192.0.2.7\n"
				  "Dec 31 23:59:59 mx testd[1]: guess from 192.0.2.7\n"
				  "Jan  1 00:00:00 mx testd[1]: guess from 192.0.2.7\n"
				  "Jan 10 12:00:00 mx testd[1]: guess from 192.0.2.7\n";
	static const struct {
		int64_t mtime_s;
		int year;
		int64_t first_s, last_s;
	} rows[] = {
		{1768089600, 0, 1767225598, 1768046400},    /* 2026-01-11: Dec 2025, Jan 2026 */
		{1767225600, 0, 1767225598, 1768046400},    /* written at midnight: the same, and Jan 10 is to come */
		{1768089600, 2023, 1704067198, 1704888000}, /* --year */
		{1768089600, 2024, 1735689598, 1736510400}, {1000000000, 2025, 1767225598, 1768046400},
	};
	const char *const file = in_directory("log");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store *const store = new_store();
		struct replay_options options = options_of(store, &file, 1);
		struct run r;

		write_bytes("log", "w", log, strlen(log));
		set_mtime(file, rows[i].mtime_s);
		options.year = rows[i].year;
		r = run(&options);
		good(&r);
		if (r.result.first_s != rows[i].first_s || r.result.last_s != rows[i].last_s)
			fail_msg("row %zu: got %lld to %lld, want %lld to %lld", i, (long long)r.result.first_s,
			         (long long)r.result.last_s, (long long)rows[i].first_s, (long long)rows[i].last_s);
		store_close(store);
	}
}

/* A year of a log in many pieces, with the year of its first line given: none of them is off by one. */
static void test_years_in_pieces(void **state)
{
	static const char *const months[] = {"Nov", "Dec", "Jan", "Feb", "Mar", "Apr"};
	struct text t = {NULL, 0, 0};
	struct store *const store = new_store();
	const char *const file = in_directory("log");
	struct replay_options options = options_of(store, &file, 1);
	struct run r;

	(void)state;
	for (unsigned month = 0; month < 6; month++)
		for (unsigned i = 0; i < 28 * 300; i++) {
			char line[200];

			(void)snprintf(line, sizeof line, "%s %2u %02u:%02u:%02u mx testd[1]: %s %60s\n", months[month],
			               1 + i / 300, i % 300 / 13, i % 60, i % 60, "something", "filler");
			if (i % 300 == 0)
				(void)snprintf(line, sizeof line,
				               "%s %2u 00:00:00 mx testd[1]: guess from 192.0.2.%u\n", months[month],
				               1 + i / 300, month + 1);
			add_bytes(&t, line, strlen(line));
		}
	assert_true(t.len > 4 << 20);
	write_log("log", &t);
	set_mtime(file, 1000000000);
	options.year = 2023;
	r = run(&options);
	good(&r);
	assert_int_equal(r.result.hits, 6 * 28);
	assert_int_equal(number(store, "SELECT count(*) FROM hit WHERE strftime('%Y', time, 'unixepoch') <> "
	                               "CASE WHEN address IN ('192.0.2.1', '192.0.2.2') THEN '2023' ELSE '2024' END"),
	                 0);
	store_close(store);
	free(t.bytes);
}

static void test_from_until(void **state)
{
	struct text t = {NULL, 0, 0};
	const char *const file = in_directory("log");

	(void)state;
	for (int i = 0; i < 60000; i++)
		add_line(&t, t0_s + i,
		         i % 10 == 0 ? "guess from 192.0.2.7" : "a line of which nothing else is wanted but length");
	assert_true(t.len > 4 << 20);
	write_log("log", &t);
	for (int i = 0; i < 8; i++) {
		struct store *const store = new_store();
		struct replay_options options = options_of(store, &file, 1);
		const int from = i * 7000, until = from + 5000;
		struct run r;

		options.from_s = t0_s + from;
		options.until_s = t0_s + until;
		r = run(&options);
		good(&r);
		assert_int_equal(r.result.hits, 501); /* both ends count */
		assert_int_equal(r.result.first_s, t0_s + from);
		assert_int_equal(r.result.last_s, t0_s + until);
		store_close(store);
	}
	free(t.bytes);
}

/* The database fails in the middle: an error, no crash; what is stored is whole, and a new try gets it all. */
static void test_store_full(void **state)
{
	struct text t = make_log(7, t0_s, 60000), u = make_log(8, t0_s + 100000, 60000);
	const char *const files[] = {in_directory("log1"), in_directory("log2")};
	struct why why;

	(void)state;
	write_log("log1", &t);
	write_log("log2", &u);
	for (int pages = 60; pages < 400; pages = pages * 4 / 3) {
		struct store *store = NULL;
		char pragma[64];
		struct run r;

		(void)unlink(in_directory("db"));
		assert_int_equal(store_open(in_directory("db"), STORE_WRITE, &store, &why), 0);
		(void)snprintf(pragma, sizeof pragma, "PRAGMA max_page_count = %d", pages);
		assert_int_equal(sqlite3_exec(store->db, pragma, NULL, NULL, NULL), SQLITE_OK);
		r = run_files(store, files, 2);
		if (r.rc != -ENOSPC)
			fail_msg("%d pages: got %d (%s), want -ENOSPC", pages, r.rc, r.why.text);
		store_close(store);
		assert_int_equal(store_open(in_directory("db"), STORE_WRITE, &store, &why), 0);
		r = run_files(store, files, 2);
		good(&r);
		if (number(store, "SELECT sum(position) FROM log") != (int64_t)(t.len + u.len))
			fail_msg("%d pages: got %lld bytes counted in %lld logs, want %zu", pages,
			         (long long)number(store, "SELECT sum(position) FROM log"),
			         (long long)number(store, "SELECT count(*) FROM log"), t.len + u.len);
		assert_int_equal(number(store, "SELECT count(*) FROM log"), 2);
		assert_int_equal(
			number(store, "SELECT count(*) FROM hit h LEFT JOIN log l ON l.id = h.log LEFT JOIN rule r ON "
		                      "r.id = h.rule WHERE l.id IS NULL OR r.id IS NULL"),
			0);
		assert_int_equal(number(store, "SELECT count(*) FROM hit"),
		                 number(store, "SELECT count(*) FROM (SELECT DISTINCT log, offset FROM hit)"));
		{
			struct store *const whole = new_store();
			const int64_t hits = (run_files(whole, files, 2)).result.hits;

			assert_int_equal(number(store, "SELECT count(*) FROM hit"), hits);
			store_close(whole);
		}
		store_close(store);
	}
	free(t.bytes);
	free(u.bytes);
}

/* Another program writes meanwhile. */
static void test_store_locked(void **state)
{
	struct text t = make_log(9, t0_s, 5000);
	struct store *store = NULL;
	struct why why;
	sqlite3 *other;
	struct run r;

	(void)state;
	write_log("log", &t);
	assert_int_equal(store_open(in_directory("db"), STORE_WRITE, &store, &why), 0);
	store_close(store);
	assert_int_equal(store_open(in_directory("db"), STORE_WRITE, &store, &why),
	                 0); /* an old one: in bulk with others */
	assert_int_equal(sqlite3_open(in_directory("db"), &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	r = run_file(store, "log");
	assert_int_equal(r.rc, -EAGAIN);
	assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(number(store, "SELECT count(*) FROM hit"), 0);
	assert_int_equal(number(store, "SELECT count(*) FROM log"), 0);
	r = run_file(store, "log");
	good(&r);
	assert_int_equal(number(store, "SELECT count(*) FROM hit"), r.result.hits);
	assert_true(r.result.hits > 0);
	(void)sqlite3_close(other);
	store_close(store);
	free(t.bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_counts, clean),
		cmocka_unit_test_teardown(test_threads, clean),
		cmocka_unit_test_teardown(test_chunk_edges, clean),
		cmocka_unit_test_teardown(test_long_lines, clean),
		cmocka_unit_test_teardown(test_pieces_of_lines, clean),
		cmocka_unit_test_teardown(test_repeated_lines, clean),
		cmocka_unit_test_teardown(test_ends, clean),
		cmocka_unit_test_teardown(test_binary, clean),
		cmocka_unit_test_teardown(test_gzip, clean),
		cmocka_unit_test_teardown(test_several, clean),
		cmocka_unit_test_teardown(test_growth, clean),
		cmocka_unit_test_teardown(test_same_first_line, clean),
		cmocka_unit_test_teardown(test_stop, clean),
		cmocka_unit_test_teardown(test_worst, clean),
		cmocka_unit_test_teardown(test_one_blocked, clean),
		cmocka_unit_test_teardown(test_backwards, clean),
		cmocka_unit_test_teardown(test_years, clean),
		cmocka_unit_test_teardown(test_years_in_pieces, clean),
		cmocka_unit_test_teardown(test_from_until, clean),
		cmocka_unit_test_teardown(test_store_full, clean),
		cmocka_unit_test_teardown(test_store_locked, clean),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
