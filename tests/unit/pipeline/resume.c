/* resume: which of the database's logs a file is, and where reading continues. */
#include "pipeline/resume.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char text[] = "first\nsecond\nthird\n";
static char path[32], bytes[CHUNKS_SIZE + 1];
static struct store *store;
static struct why why;

static int setup(void **state)
{
	int fd;

	(void)state;
	(void)strcpy(path, "/tmp/wfs-resume-XXXXXX");
	fd = mkstemp(path);
	if (fd < 0 || write(fd, text, sizeof text - 1) != (ssize_t)sizeof text - 1 || close(fd) < 0)
		return -1;
	return store_open(NULL, STORE_WRITE, &store, &why);
}

static int teardown(void **state)
{
	(void)state;
	store_close(store);
	return unlink(path);
}

/* The database learns of a log with this first line, read up to position, where the line last ended. */
static void know(const char *first, int64_t position, const char *last)
{
	struct store_log log = {.position = position, .last_len = strlen(last)};

	memcpy(log.last, last, log.last_len);
	assert_int_equal(store_begin(store, &why), 0);
	assert_int_equal(store_log_add(store, "/log", (struct span){first, strlen(first)}, &log.id, &why), 0);
	assert_int_equal(store_log_put(store, &log, "/log", &why), 0);
	assert_int_equal(store_finish(store, 0, &why), 0);
}

/* What resume_log says of the log at from, and in *ret_rest what is left to be read. */
static int resumed(const char *from, struct store_log *ret, const char **ret_rest)
{
	struct chunks_piece piece = {.bytes = bytes};
	struct resume reader = {.chunks = NULL};
	int rc;

	assert_int_equal(chunks_open(from, false, &reader.chunks, &why), 0);
	reader.first = chunks_first(reader.chunks);
	rc = resume_log(store, &reader, ret, &why);
	bytes[0] = '\0';
	if (rc != RESUME_UNREADABLE && chunks_next(reader.chunks, &piece, &why) == 0)
		bytes[piece.len] = '\0';
	*ret_rest = bytes;
	chunks_close(reader.chunks);
	return rc;
}

/* One after the other, each with what the database knows by then; id 0: of none. */
static void test_logs(void **state)
{
	static const struct {
		const char *first; /* of the log that becomes known */
		int64_t position;
		const char *last;
		int rc;
		int64_t id, at;
		const char *rest;
	} rows[] = {
		{"other", 6, "first", RESUME_NEW, 0, 0, text},
		{"first", 13, "2nd", RESUME_NEW, 0, 0, text},     /* begins alike, but is another */
		{"first", 100, "second", RESUME_NEW, 0, 0, text}, /* was longer */
		{"first", 9, "second", RESUME_NEW, 0, 0, text},   /* in the middle of it */
		{"first", 6, "first", 0, 5, 6, "second\nthird\n"},
		{"first", 13, "another", 0, 5, 6, "second\nthird\n"}, /* the newest that fits, not the newest */
		{"first", 13, "second", 0, 7, 13, "third\n"},
		{"first", 19, "third", 0, 8, 19, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct store_log log = {.id = 0};
		const char *rest;

		know(rows[i].first, rows[i].position, rows[i].last);
		if (resumed(path, &log, &rest) != rows[i].rc || log.id != rows[i].id || log.position != rows[i].at ||
		    strcmp(rest, rows[i].rest) != 0)
			fail_msg("row %zu: got log %jd, rest \"%s\"", i, (intmax_t)log.id, rest);
	}
}

/* Standard input cannot be read again from its beginning once it turned out to be another log. */
static void test_unreadable(void **state)
{
	struct store_log log;
	const char *rest;
	int ends[2];

	(void)state;
	know("first", 100, "second");
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text, sizeof text - 1), sizeof text - 1);
	(void)close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	(void)close(ends[0]);
	assert_int_equal(resumed("-", &log, &rest), RESUME_UNREADABLE);
	assert_non_null(strstr(why.text, "standard input"));
}

/* Begins the log again, and what is left of it is rest; the place in pending. */
static struct pending_file *begun(struct pending *pending, const char *rest, int want)
{
	struct chunks_piece piece = {.bytes = bytes};
	struct resume reader = {.chunks = NULL};
	struct pending_file *file = NULL;

	assert_int_equal(chunks_open(path, false, &reader.chunks, &why), 0);
	reader.first = chunks_first(reader.chunks);
	assert_int_equal(resume_file(store, pending, &reader, path, &file, &why), want);
	bytes[0] = '\0';
	if (chunks_next(reader.chunks, &piece, &why) == 0)
		bytes[piece.len] = '\0';
	assert_string_equal(bytes, rest);
	chunks_close(reader.chunks);
	return file;
}

static void read_until(struct pending_file *file, int64_t position, const char *last)
{
	pending_read(file, &(struct pending_read){.lines = 1, .position = position, .last = {last, strlen(last)}});
}

static int64_t lines_of(int64_t id)
{
	struct store_log log = {.id = 0};

	while (store_log_find(store, (struct span){"first", 5}, log.id, &log, &why) == 0)
		if (log.id == id)
			return log.lines;
	return -1;
}

/* What was read and not written yet goes before what the database knows, and is one row of it in the end. */
static void test_unwritten(void **state)
{
	struct pending *const pending = pending_new(store);
	struct pending_file *file, *again;

	(void)state;
	know("first", 6, "first");
	file = begun(pending, "second\nthird\n", 0);
	read_until(file, 13, "second");
	again = begun(pending, "third\n", 0);
	assert_ptr_equal(again, file); /* two readers of one file */
	pending_done(file);
	read_until(again, 19, "third");
	pending_done(again);
	file = begun(pending, "", 0); /* nobody read it any more, but it is not written yet */
	assert_ptr_equal(again, file);
	read_until(file, 100,
	           "fourth"); /* now another file is there that begins like it, and the old position would fit */
	again = begun(pending, text, RESUME_NEW);
	assert_ptr_not_equal(again, file);
	read_until(again, 6, "first");
	assert_int_equal(pending_write(pending, &why), 0);
	assert_int_equal(lines_of(1), 3);
	assert_int_equal(lines_of(2), 1);
	assert_int_equal(lines_of(3), -1);
	pending_free(pending);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_logs, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unwritten, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreadable, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
