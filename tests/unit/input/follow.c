/*
 * follow: each test is a story of a writer, a rotation and a reader, on real files in a directory of its own.
 *
 * The results of follow_next are written down, one per line, and compared as a whole: "A1 file" is FOLLOW_FILE for
 * the first log's file 1, "A1 text" a line of it, "A missing", "A back". Nothing sleeps: the kernel has queued an
 * event before write(2) returns; if there is none, the test waits in poll(2) as the engine does.
 */
#include "input/follow.h"
#include "input/rotated.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

enum {
	SAID_MAX = 1 << 16,
	WAIT_MS = 30000,
	MIB = 1 << 20,
};

struct story {
	char dir[64];
	struct follow *follow;
	char said[SAID_MAX];
	size_t said_len;
	struct follow_line line; /* the last outcome */
	struct why why;
};

/* libinotifytools loses a few bytes when a directory is watched that it knows already. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:create_watch\n";
}

/* ---- the clock: so far ahead of the real one ---- */

static int64_t ahead_ms;

static int64_t now_ms(void)
{
	return clock_steady_ms() + ahead_ms;
}

/* ---- the writer ---- */

static const char *path(const struct story *story, const char *name)
{
	static char paths[8][256];
	static size_t turn;
	char *const out = paths[turn++ % 8];

	(void)snprintf(out, sizeof paths[0], "%s/%s", story->dir, name);
	return out;
}

static int writer(const struct story *story, const char *name)
{
	const int fd = open(path(story, name), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		fail_msg("open %s: %s", name, strerror(errno));
	return fd;
}

static void say_bytes(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t n = write(fd, bytes, len);

		if (n < 0)
			fail_msg("write: %s", strerror(errno));
		bytes += n;
		len -= (size_t)n;
	}
}

static void say(int fd, const char *text)
{
	say_bytes(fd, text, strlen(text));
}

static void append(const struct story *story, const char *name, const char *text)
{
	const int fd = writer(story, name);

	say(fd, text);
	(void)close(fd);
}

static void append_run(int fd, char byte, size_t n)
{
	char *const run = malloc(n);

	assert_non_null(run);
	memset(run, byte, n);
	say_bytes(fd, run, n);
	free(run);
}

static void move(const struct story *story, const char *from, const char *to)
{
	if (rename(path(story, from), path(story, to)) < 0)
		fail_msg("rename %s %s: %s", from, to, strerror(errno));
}

static void copy(const struct story *story, const char *from, const char *to)
{
	const int in = open(path(story, from), O_RDONLY | O_CLOEXEC);
	const int out = writer(story, to);
	char bytes[4096];
	ssize_t n;

	while ((n = read(in, bytes, sizeof bytes)) > 0)
		say_bytes(out, bytes, (size_t)n);
	(void)close(in);
	(void)close(out);
}

static void cut_off(const struct story *story, const char *name)
{
	assert_int_equal(truncate(path(story, name), 0), 0);
}

static void take_away(const struct story *story, const char *name)
{
	assert_int_equal(unlink(path(story, name)), 0);
}

static int stat_of(const struct story *story, const char *name, struct stat *ret)
{
	return stat(path(story, name), ret);
}

/* As if written so many seconds ago. */
static void age(const struct story *story, const char *name, time_t seconds)
{
	static time_t now; /* of the first call: files of one age stay so, however slow the machine is */

	if (now == 0)
		now = time(NULL);
	const time_t then = now - seconds;
	const struct timespec times[2] = {{.tv_sec = then}, {.tv_sec = then}};

	assert_int_equal(utimensat(AT_FDCWD, path(story, name), times, 0), 0);
}

/* ---- the reader ---- */

static void follow_log(struct story *story, const char *name)
{
	size_t log;
	const int rc = follow_add(story->follow, path(story, name), &log, &story->why);

	if (rc != 0)
		fail_msg("follow_add %s: got %d (%s), want 0", name, rc, story->why.text);
}

static void note(struct story *story, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void note(struct story *story, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(story->said + story->said_len, SAID_MAX - story->said_len, fmt, ap);
	va_end(ap);
	assert_true(n >= 0 && story->said_len + (size_t)n < SAID_MAX);
	story->said_len += (size_t)n;
}

/* The next outcome, noted. Long texts are noted by their length. */
static int step(struct story *story)
{
	const struct follow_line *const line = &story->line;
	const int rc = follow_next(story->follow, now_ms(), &story->line, &story->why);
	const char log = (char)('A' + (rc == FOLLOW_NONE ? 0 : line->log));

	switch (rc) {
	case FOLLOW_LINE:
		note(story, "%c%u ", log, (unsigned)line->file);
		if (line->record.text.len > 100)
			note(story, "%c*%zu", line->record.text.p[0] == '\0' ? '0' : line->record.text.p[0],
			     line->record.text.len);
		else
			note(story, "%.*s", (int)line->record.text.len, line->record.text.p);
		note(story, line->record.cut ? " (cut)\n" : "\n");
		break;
	case FOLLOW_FILE:
		note(story, "%c%u file\n", log, (unsigned)line->file);
		break;
	case FOLLOW_MISSING:
		note(story, "%c missing\n", log);
		break;
	case FOLLOW_BACK:
		note(story, "%c back\n", log);
		break;
	case FOLLOW_NONE:
		break;
	default:
		fail_msg("follow_next: got %d, want an outcome of follow.h", rc);
	}
	return rc;
}

static void compare(struct story *story, const char *want, int line)
{
	if (strcmp(story->said, want) != 0)
		fail_msg("%s:%d\ngot\n%swant\n%s", __FILE__, line, story->said, want);
	story->said_len = 0;
	story->said[0] = '\0';
}

/* All there is now is exactly this. */
#define expect_lines(story, want) expect_lines_at(story, want, __LINE__)
static void expect_lines_at(struct story *story, const char *want, int line)
{
	while (step(story) != FOLLOW_NONE)
		continue;
	compare(story, want, line);
}

/* The same, for what raises no event: waits as the engine would. */
#define waits_for(story, want) waits_for_at(story, want, __LINE__)
static void waits_for_at(struct story *story, const char *want, int line)
{
	struct pollfd pollfd = {.fd = follow_fd(story->follow), .events = POLLIN};
	struct timespec begin, now;

	(void)clock_gettime(CLOCK_MONOTONIC, &begin);
	do {
		while (step(story) != FOLLOW_NONE)
			continue;
		if (strcmp(story->said, want) == 0)
			break;
		(void)poll(&pollfd, 1, follow_timeout_ms(story->follow, now_ms()));
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec - begin.tv_sec < WAIT_MS / 1000);
	compare(story, want, line);
}

/* This line comes before anybody else has said 600 more. */
static void expect_line(struct story *story, const char *want)
{
	for (int i = 0; i < 600; i++) {
		if (step(story) == FOLLOW_LINE && story->line.record.text.len == strlen(want) &&
		    memcmp(story->line.record.text.p, want, story->line.record.text.len) == 0)
			return;
	}
	fail_msg("got 600 others, want \"%s\" among them", want);
}

static void rests(struct story *story, int want_ms)
{
	struct pollfd pollfd = {.fd = follow_fd(story->follow), .events = POLLIN};
	const int got = follow_timeout_ms(story->follow, now_ms());

	if (want_ms < 0 ? got != want_ms : got < 0 || got > want_ms)
		fail_msg("follow_timeout_ms: got %d, want %d", got, want_ms);
	if (poll(&pollfd, 1, 0) != 0)
		fail_msg("poll: got readable, want nothing to read");
}

static int set_up(void **state)
{
	struct story *const story = calloc(1, sizeof *story);

	assert_non_null(story);
	(void)snprintf(story->dir, sizeof story->dir, "/tmp/follow.XXXXXX");
	assert_non_null(mkdtemp(story->dir));
	assert_int_equal(chmod(story->dir, 0755), 0);
	if (follow_new(&story->follow, &story->why) != 0)
		fail_msg("follow_new: %s", story->why.text);
	*state = story;
	return 0;
}

static int tear_down(void **state)
{
	struct story *const story = *state;
	char command[128];

	follow_free(story->follow);
	(void)snprintf(command, sizeof command, "rm -rf '%s'", story->dir);
	assert_int_equal(system(command), 0);
	free(story);
	return 0;
}

/* ---- lines ---- */

static void lines_come_as_they_are_written(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log", "one\ntwo\n");
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 one\nA1 two\n");
	rests(s, -1);
	append(s, "mail.log", "three\n");
	expect_lines(s, "A1 three\n");
	append(s, "unrelated", "noise\n");
	expect_lines(s, "");
	rests(s, -1);
	assert_true((fcntl(follow_fd(s->follow), F_GETFD) & FD_CLOEXEC) != 0);
}

static void a_file_is_known_by_its_first_line(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log", "the first\nthe second\n");
	age(s, "mail.log", 1000);
	follow_log(s, "mail.log");
	assert_int_equal(step(s), FOLLOW_FILE);
	assert_int_equal(s->line.first_len, strlen("the first"));
	assert_memory_equal(s->line.first, "the first", s->line.first_len);
	assert_string_equal(s->line.path, path(s, "mail.log"));
	assert_true(s->line.mtime_s <= time(NULL) - 1000);
	assert_int_equal(step(s), FOLLOW_LINE);
	assert_int_equal(s->line.record.start, 0);
	assert_int_equal(s->line.record.next, 10);
	assert_int_equal(step(s), FOLLOW_LINE);
	assert_int_equal(s->line.record.start, 10);
	assert_int_equal(s->line.record.next, 21);
}

static void a_line_is_whole_when_its_lf_is_there(void **state)
{
	static const char text[] = "Nov 20 09:00:00 mx1 postfix/smtpd[1]: x\n";
	struct story *const s = *state;
	const int fd = writer(s, "mail.log");

	follow_log(s, "mail.log");
	for (size_t i = 0; i + 1 < sizeof text - 1; i++) {
		say_bytes(fd, text + i, 1);
		expect_lines(s, "");
	}
	say(fd, "\nno LF");
	expect_lines(s, "A1 file\nA1 Nov 20 09:00:00 mx1 postfix/smtpd[1]: x\n");
	rests(s, -1);
	say(fd, " until now\n");
	expect_lines(s, "A1 no LF until now\n");
	(void)close(fd);
}

static void bytes_are_left_alone(void **state)
{
	static const char bytes[] = "a\0b\r\n\n\xff\x1b\n\0\0\0\0\n";
	struct story *const s = *state;
	const int fd = writer(s, "mail.log");

	say_bytes(fd, bytes, sizeof bytes - 1);
	(void)close(fd);
	follow_log(s, "mail.log");
	assert_int_equal(step(s), FOLLOW_FILE);
	assert_int_equal(s->line.first_len, 4);
	assert_int_equal(step(s), FOLLOW_LINE);
	assert_int_equal(s->line.record.text.len, 4); /* CR stays */
	assert_memory_equal(s->line.record.text.p, "a\0b\r", 4);
	assert_int_equal(step(s), FOLLOW_LINE);
	assert_int_equal(s->line.record.text.len, 0);
	assert_int_equal(step(s), FOLLOW_LINE);
	assert_memory_equal(s->line.record.text.p, "\xff\x1b", 2);
	assert_int_equal(step(s), FOLLOW_LINE);
	assert_int_equal(s->line.record.text.len, 4);
	assert_int_equal(step(s), FOLLOW_NONE);
}

static void a_line_over_the_limit_is_cut(void **state)
{
	struct story *const s = *state;
	const int fd = writer(s, "mail.log");
	struct follow_stat stat;

	for (size_t len = LINE_MAX_BYTES - 1; len <= LINE_MAX_BYTES + 1; len++) {
		append_run(fd, 'a', len);
		say(fd, "\n");
	}
	append_run(fd, 'b', 3 * MIB);
	say(fd, "\nafter\n");
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 a*8191\nA1 a*8192\nA1 a*8192 (cut)\nA1 b*8192 (cut)\nA1 after\n");
	assert_int_equal(s->line.log, 0);
	follow_stat(s->follow, 0, &stat);
	assert_int_equal(stat.lines, 5);
	assert_int_equal(stat.cut, 2);
	assert_int_equal(stat.bytes_read, 3 * LINE_MAX_BYTES + 3 + 3 * MIB + 7);
	assert_int_equal(stat.lag_bytes, 0);
	(void)close(fd);
}

static void a_cut_line_is_given_when_its_lf_came(void **state)
{
	struct story *const s = *state;
	const int fd = writer(s, "mail.log");

	follow_log(s, "mail.log");
	for (int i = 0; i < 40; i++) {
		append_run(fd, 'c', 10000);
		expect_lines(s, "");
	}
	say(fd, "\nafter\n");
	assert_int_equal(step(s), FOLLOW_FILE);
	assert_int_equal(s->line.first_len, POSITION_FIRST_MAX);
	assert_int_equal(step(s), FOLLOW_LINE);
	assert_true(s->line.record.cut);
	assert_int_equal(s->line.record.next, 400001);
	expect_lines(s, "A1 file\nA1 c*8192 (cut)\nA1 after\n");
	(void)close(fd);
}

/* A crash hole of 256 MiB must not keep the engine from its other work. */
static void a_hole_does_not_hold_up_the_caller(void **state)
{
	struct story *const s = *state;
	int turns = 0;

	append(s, "mail.log", "one\n");
	assert_int_equal(truncate(path(s, "mail.log"), (off_t)256 * MIB), 0);
	append(s, "mail.log", "\ntwo\n");
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 one\n");
	assert_int_equal(follow_timeout_ms(s->follow, now_ms()), 0);
	for (; s->said_len == 0; turns++)
		(void)step(s);
	assert_in_range(turns, 10, 100);
	expect_lines(s, "A1 0*8192 (cut)\nA1 two\n");
	rests(s, -1);
}

/* ---- rotation ---- */

static void late_lines_to_the_old_file_are_not_lost(void **state)
{
	struct story *const s = *state;
	const int old = writer(s, "mail.log");

	follow_log(s, "mail.log");
	say(old, "a1\n");
	expect_lines(s, "A1 file\nA1 a1\n");
	say(old, "a2\n");
	move(s, "mail.log", "mail.log.1");
	say(old, "a3\n");
	expect_lines(s, "A1 a2\nA1 a3\n");
	rests(s, FOLLOW_SAFETY_MS);
	append(s, "mail.log", "b1\n");
	say(old, "a4\n");
	expect_lines(s, "A1 a4\nA2 file\nA2 b1\n");
	say(old, "a5\n"); /* until it is notified to reopen */
	append(s, "mail.log", "b2\n");
	expect_lines(s, "A1 a5\nA2 b2\n");
	rests(s, FOLLOW_SAFETY_MS);

	/* The next rotation ends the first file's grace. */
	move(s, "mail.log.1", "mail.log.2");
	move(s, "mail.log", "mail.log.1");
	append(s, "mail.log", "c1\n");
	expect_lines(s, "A3 file\nA3 c1\n");
	say(old, "too late\n");
	expect_lines(s, "");
	(void)close(old);
}

static void a_rotated_file_is_let_go_after_a_minute(void **state)
{
	struct story *const s = *state;
	const int old = writer(s, "mail.log");

	say(old, "one\n");
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 one\n");
	move(s, "mail.log", "mail.log.1");
	append(s, "mail.log", "new\n");
	expect_lines(s, "A2 file\nA2 new\n");
	ahead_ms += 50000;
	say(old, "late\n");
	expect_lines(s, "A1 late\n");
	rests(s, FOLLOW_SAFETY_MS); /* wakes to let it go, and then no more */
	ahead_ms += 10000 + FOLLOW_SAFETY_MS;
	expect_lines(s, "");
	rests(s, -1);
	say(old, "too late\n");
	expect_lines(s, "");

	/* Said at the last moment, and read only after it. */
	(void)close(old);
	move(s, "mail.log", "mail.log.1");
	append(s, "mail.log", "newer\n");
	expect_lines(s, "A3 file\nA3 newer\n");
	append(s, "mail.log.1", "last words\n");
	ahead_ms += 60000 + FOLLOW_SAFETY_MS;
	expect_lines(s, "A2 last words\n");
	rests(s, -1);
}

static void several_rotations_between_two_looks(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log", "a1\n");
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 a1\n");
	append(s, "mail.log", "a2\n");
	move(s, "mail.log", "mail.log.1");
	append(s, "mail.log", "b1\nb2\n");
	move(s, "mail.log.1", "mail.log.2");
	move(s, "mail.log", "mail.log.1");
	append(s, "mail.log", "c1\n");
	move(s, "mail.log.2", "mail.log.3");
	move(s, "mail.log.1", "mail.log.2");
	move(s, "mail.log", "mail.log.1");
	append(s, "mail.log", "d1\n");
	expect_lines(s, "A1 a2\nA2 file\nA2 b1\nA2 b2\nA3 file\nA3 c1\nA4 file\nA4 d1\n");
}

static void copytruncate_starts_again(void **state)
{
	struct story *const s = *state;
	const int fd = writer(s, "mail.log");

	follow_log(s, "mail.log");
	say(fd, "a1\na2\npart");
	expect_lines(s, "A1 file\nA1 a1\nA1 a2\n");
	cut_off(s, "mail.log");
	expect_lines(s, "");
	say(fd, "b1\n");
	expect_lines(s, "A2 file\nA2 b1\n");
	cut_off(s, "mail.log");
	say(fd, "c1\nc2 and past the old position\n"); /* regrown before anybody looked */
	expect_lines(s, "A3 file\nA3 c1\nA3 c2 and past the old position\n");
	cut_off(s, "mail.log");
	say(fd, "c1\nd2 begins alike, goes on otherwise\n");
	expect_lines(s, "A4 file\nA4 c1\nA4 d2 begins alike, goes on otherwise\n");
	rests(s, -1);
	(void)close(fd);
}

static void copytruncate_before_the_first_line(void **state)
{
	struct story *const s = *state;
	const int fd = writer(s, "mail.log");

	follow_log(s, "mail.log");
	say(fd, "half a ");
	expect_lines(s, "");
	cut_off(s, "mail.log");
	say(fd, "whole first line\n");
	expect_lines(s, "A1 file\nA1 whole first line\n");
	(void)close(fd);
}

static void lines_are_found_in_the_copy(void **state)
{
	struct story *const s = *state;
	const int fd = writer(s, "mail.log");

	follow_log(s, "mail.log");
	say(fd, "a1\na2\n");
	expect_lines(s, "A1 file\nA1 a1\nA1 a2\n");
	say(fd, "a3\na4\n");
	copy(s, "mail.log", "mail.log.1");
	cut_off(s, "mail.log");
	say(fd, "b1\n");
	expect_lines(s, "A1 a3\nA1 a4\nA2 file\nA2 b1\n");
	(void)close(fd);
}

static void deleted_and_created_again(void **state)
{
	struct story *const s = *state;
	struct stat first, second;

	append(s, "mail.log", "a1\na2\n");
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 a1\nA1 a2\n");
	take_away(s, "mail.log");
	append(s, "mail.log", "unseen\n");
	assert_int_equal(stat(path(s, "mail.log"), &first), 0);
	take_away(s, "mail.log");
	append(s, "mail.log", "b1\nb2\n");
	assert_int_equal(stat(path(s, "mail.log"), &second), 0);
	if (first.st_ino != second.st_ino)
		print_message("           the file system did not use the inode number again\n");
	expect_lines(s, "A2 file\nA2 b1\nA2 b2\n");
}

static void a_stored_position_in_a_reused_inode(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log", "same first\na2\n");
	take_away(s, "mail.log");
	append(s, "mail.log", "same first\nb2\nb3\n");
	follow_log(s, "mail.log");
	assert_int_equal(step(s), FOLLOW_FILE);
	assert_int_equal(follow_resume(s->follow, 1, 14, "a2", 2), FOLLOW_NONE);
	expect_lines(s, "A1 file\nA1 same first\nA1 b2\nA1 b3\n");
}

/* ---- paths ---- */

static void a_log_that_is_not_there_yet(void **state)
{
	struct story *const s = *state;

	follow_log(s, "mail.log");
	expect_lines(s, "A missing\n");
	assert_non_null(strstr(s->why.text, "mail.log: No such file"));
	rests(s, FOLLOW_SAFETY_MS);
	append(s, "mail.log", "");
	expect_lines(s, "A back\n");
	rests(s, -1);
	append(s, "mail.log", "one\n");
	expect_lines(s, "A1 file\nA1 one\n");
}

static void an_unreadable_log(void **state)
{
	struct story *const s = *state;
	const bool root = geteuid() == 0;

	append(s, "mail.log", "one\n");
	assert_int_equal(chmod(path(s, "mail.log"), 0), 0);
	follow_log(s, "mail.log");
	if (root)
		assert_int_equal(seteuid(65534), 0);
	(void)step(s);
	(void)step(s);
	if (root)
		assert_int_equal(seteuid(0), 0);
	expect_lines(s, "A missing\n");
	assert_non_null(strstr(s->why.text, "Permission denied"));
	assert_int_equal(chmod(path(s, "mail.log"), 0644), 0);
	expect_lines(s, "A back\nA1 file\nA1 one\n");
}

/* As a broken disk or a file server does it: the file opens, and its read fails. Our own memory has no byte 0. */
static void a_log_whose_reads_fail(void **state)
{
	struct story *const s = *state;

	assert_int_equal(symlink("/proc/self/mem", path(s, "mail.log")), 0);
	follow_log(s, "mail.log");
	assert_int_equal(step(s), FOLLOW_MISSING);
	assert_non_null(strstr(s->why.text, strerror(EIO)));
	expect_lines(s, "A missing\n");
	rests(s, FOLLOW_SAFETY_MS);
	/* It is opened again and again; nothing more is said of it. */
	for (int i = 0; i < 3; i++) {
		append(s, "mail.log.x", "look");
		expect_lines(s, "");
	}
	take_away(s, "mail.log");
	append(s, "mail.log", "one\n");
	expect_lines(s, "A1 file\nA1 one\nA back\n");
	rests(s, -1);

	/* And one that was read before. The old file goes on, as after a rotation. */
	assert_int_equal(symlink("/proc/self/mem", path(s, "new")), 0);
	move(s, "new", "mail.log");
	expect_lines(s, "A missing\n");
	append(s, "mail.log.x", "look");
	expect_lines(s, "");
	take_away(s, "mail.log");
	append(s, "mail.log", "two\n");
	expect_lines(s, "A2 file\nA2 two\nA back\n");
}

static void an_old_file_whose_reads_fail(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log", "new\n");
	assert_int_equal(symlink("/proc/self/mem", path(s, "mail.log.1")), 0);
	follow_log(s, "mail.log");
	assert_int_equal(follow_queue(s->follow, 0, path(s, "mail.log.1"), now_ms(), &s->why), 0);
	assert_int_equal(follow_next(s->follow, now_ms(), &s->line, &s->why), -EIO);
	assert_non_null(strstr(s->why.text, "mail.log.1"));
	expect_lines(s, "A1 file\nA1 new\n");
	rests(s, -1);
}

static void only_regular_files(void **state)
{
	struct story *const s = *state;

	assert_int_equal(mkfifo(path(s, "fifo"), 0644), 0);
	assert_int_equal(mkdir(path(s, "directory"), 0755), 0);
	assert_int_equal(symlink("/dev/zero", path(s, "device")), 0);
	follow_log(s, "fifo");
	follow_log(s, "directory");
	follow_log(s, "device");
	for (int i = 0; i < 3; i++) {
		assert_int_equal(step(s), FOLLOW_MISSING);
		assert_non_null(strstr(s->why.text, s->line.log == 1 ? "is a directory" : "not a regular file"));
	}
	assert_int_equal(step(s), FOLLOW_NONE);
	take_away(s, "fifo");
	append(s, "fifo", "a file now\n");
	s->said_len = 0;
	expect_lines(s, "A back\nA1 file\nA1 a file now\n");
}

static void a_linked_log(void **state)
{
	struct story *const s = *state;

	assert_int_equal(mkdir(path(s, "data"), 0755), 0);
	append(s, "data/monday", "m1\n");
	assert_int_equal(symlink("data/today", path(s, "mail.log")), 0);
	assert_int_equal(symlink("monday", path(s, "data/today")), 0);
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 m1\n");
	rests(s, -1);
	append(s, "data/monday", "m2\n");
	expect_lines(s, "A1 m2\n");
	rests(s, -1);

	/* The middle link is turned, as ln -sfn does it. */
	append(s, "data/tuesday", "t1\n");
	assert_int_equal(symlink("tuesday", path(s, "data/new")), 0);
	move(s, "data/new", "data/today");
	append(s, "data/monday", "m3\n");
	expect_lines(s, "A1 m3\nA2 file\nA2 t1\n");
	append(s, "data/tuesday", "t2\n");
	expect_lines(s, "A2 t2\n");

	/* And back: monday is still open, and goes on where it was. */
	append(s, "data/monday", "m4\n");
	assert_int_equal(symlink("monday", path(s, "data/new")), 0);
	move(s, "data/new", "data/today");
	expect_lines(s, "A1 m4\n");

	/* The log itself is turned to another directory. */
	assert_int_equal(mkdir(path(s, "other"), 0755), 0);
	append(s, "other/log", "o1\n");
	assert_int_equal(symlink("other/log", path(s, "new")), 0);
	move(s, "new", "mail.log");
	expect_lines(s, "A3 file\nA3 o1\n");
	append(s, "other/log", "o2\n");
	expect_lines(s, "A3 o2\n");
}

static void a_linked_directory(void **state)
{
	struct story *const s = *state;

	assert_int_equal(mkdir(path(s, "data"), 0755), 0);
	assert_int_equal(symlink("data", path(s, "log")), 0);
	append(s, "log/mail.log", "one\n");
	follow_log(s, "log/mail.log");
	expect_lines(s, "A1 file\nA1 one\n");
	append(s, "data/mail.log", "two\n");
	expect_lines(s, "A1 two\n");
	rests(s, FOLLOW_SAFETY_MS); /* the link may be turned without an event */
}

static void a_directory_that_is_moved_away(void **state)
{
	struct story *const s = *state;

	assert_int_equal(mkdir(path(s, "log"), 0755), 0);
	append(s, "log/mail.log", "a1\n");
	follow_log(s, "log/mail.log");
	expect_lines(s, "A1 file\nA1 a1\n");
	move(s, "log", "log.old");
	assert_int_equal(mkdir(path(s, "log"), 0755), 0);
	append(s, "log/mail.log", "b1\n");
	expect_lines(s, "A2 file\nA2 b1\n");
	append(s, "log/mail.log", "b2\n");
	expect_lines(s, "A2 b2\n");
}

static void a_directory_that_is_removed_and_made_again(void **state)
{
	struct story *const s = *state;

	assert_int_equal(mkdir(path(s, "log"), 0755), 0);
	append(s, "log/mail.log", "a1\n");
	follow_log(s, "log/mail.log");
	expect_lines(s, "A1 file\nA1 a1\n");
	take_away(s, "log/mail.log");
	assert_int_equal(rmdir(path(s, "log")), 0);
	expect_lines(s, ""); /* it may be a rotation */
	waits_for(s, "A missing\n");
	assert_int_equal(mkdir(path(s, "log"), 0755), 0);
	append(s, "log/mail.log", "b1\n");
	waits_for(s, "A back\nA2 file\nA2 b1\n");
	append(s, "log/mail.log", "b2\n");
	expect_lines(s, "A2 b2\n"); /* watched again: no waiting */
}

static void directories_that_are_not_there_yet(void **state)
{
	struct story *const s = *state;

	follow_log(s, "var/log/mail.log");
	expect_lines(s, "A missing\n");
	assert_non_null(strstr(s->why.text, "var/log/mail.log: No such file"));
	rests(s, FOLLOW_SAFETY_MS);
	assert_int_equal(mkdir(path(s, "var"), 0755), 0);
	expect_lines(s, "");
	assert_int_equal(mkdir(path(s, "var/log"), 0755), 0);
	expect_lines(s, "");
	append(s, "var/log/mail.log", "one\n");
	expect_lines(s, "A back\nA1 file\nA1 one\n");
	rests(s, -1);
	take_away(s, "var/log/mail.log");
	assert_int_equal(rmdir(path(s, "var/log")), 0);
	assert_int_equal(rmdir(path(s, "var")), 0);
	waits_for(s, "A missing\n");
	assert_int_equal(mkdir(path(s, "var"), 0755), 0);
	expect_lines(s, "");
	assert_int_equal(mkdir(path(s, "var/log"), 0755), 0);
	expect_lines(s, "");
	append(s, "var/log/mail.log", "two\n");
	expect_lines(s, "A back\nA2 file\nA2 two\n");
}

static void a_directory_above_that_is_moved_away(void **state)
{
	struct story *const s = *state;

	assert_int_equal(mkdir(path(s, "var"), 0755), 0);
	assert_int_equal(mkdir(path(s, "var/log"), 0755), 0);
	append(s, "var/log/mail.log", "a1\n");
	follow_log(s, "var/log/mail.log");
	expect_lines(s, "A1 file\nA1 a1\n");
	move(s, "var", "var.old");
	assert_int_equal(mkdir(path(s, "var"), 0755), 0);
	assert_int_equal(mkdir(path(s, "var/log"), 0755), 0);
	append(s, "var/log/mail.log", "b1\n");
	expect_lines(s, "");
	follow_check(s->follow);
	rests(s, 0);
	expect_lines(s, "A2 file\nA2 b1\n");
	append(s, "var/log/mail.log", "b2\n");
	expect_lines(s, "A2 b2\n");
	append(s, "var.old/log/mail.log", "a2\n"); /* its writer may not know */
	expect_lines(s, "A1 a2\n");
}

/* Nothing of ours keeps the empty directory's inode: the next one may get its number. */
static void an_empty_directory_made_again(void **state)
{
	struct story *const s = *state;

	assert_int_equal(mkdir(path(s, "log"), 0755), 0);
	follow_log(s, "log/mail.log");
	expect_lines(s, "A missing\n");
	assert_int_equal(rmdir(path(s, "log")), 0);
	assert_int_equal(mkdir(path(s, "log"), 0755), 0);
	expect_lines(s, "");
	append(s, "log/mail.log", "one\n");
	expect_lines(s, "A back\nA1 file\nA1 one\n");
}

static void several_logs_in_one_directory(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log", "m1\n");
	append(s, "mail.err", "e1\n");
	follow_log(s, "mail.log");
	follow_log(s, "mail.err");
	follow_log(s, "auth.log");
	expect_lines(s, "B1 file\nB1 e1\nC missing\nA2 file\nA2 m1\n");
	append(s, "mail.err", "e2\n");
	append(s, "auth.log", "a1\n");
	expect_lines(s, "B1 e2\nC back\nC3 file\nC3 a1\n");
}

static void a_noisy_log_starves_nobody(void **state)
{
	struct story *const s = *state;
	const int fd = writer(s, "noisy");
	int n = 0;

	for (int i = 0; i < 5000; i++)
		say(fd, "noise\n");
	(void)close(fd);
	append(s, "quiet", "psst\n");
	follow_log(s, "quiet");
	follow_log(s, "noisy");
	expect_line(s, "psst");
	while (n < 300) {
		(void)step(s);
		n += s->line.log == 1;
	}
	append(s, "quiet", "hello\n"); /* while noisy has still much to say */
	expect_line(s, "hello");
}

static void too_many_events(void **state)
{
	struct story *const s = *state;
	int fds[2];

	append(s, "mail.log", "one\n");
	follow_log(s, "mail.log");
	expect_lines(s, "A1 file\nA1 one\n");
	fds[0] = writer(s, "other1");
	fds[1] = writer(s, "other2");
	for (int i = 0; i < 40000; i++)
		say(fds[i % 2], "x");   /* alternating, or the kernel makes one event of them */
	append(s, "mail.log", "two\n"); /* its event is lost */
	move(s, "mail.log", "mail.log.1");
	append(s, "mail.log", "three\n");
	expect_lines(s, "A1 two\nA2 file\nA2 three\n");
	append(s, "mail.log", "four\n");
	expect_lines(s, "A2 four\n");
	(void)close(fds[0]);
	(void)close(fds[1]);
}

static void refusals(void **state)
{
	struct story *const s = *state;
	struct follow *second;
	size_t log;
	int rc;

	rc = follow_add(s->follow, "mail.log", &log, &s->why);
	if (rc != -EINVAL)
		fail_msg("relative path: got %d, want %d", rc, -EINVAL);
	for (int i = 0; i < FOLLOW_LOGS_MAX; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "log%d", i);
		follow_log(s, name);
	}
	rc = follow_add(s->follow, path(s, "one more"), &log, &s->why);
	if (rc != -E2BIG)
		fail_msg("one log too many: got %d, want %d", rc, -E2BIG);
	rc = follow_new(&second, &s->why);
	if (rc != -EBUSY)
		fail_msg("a second instance: got %d, want %d", rc, -EBUSY);
	append(s, "log63", "still usable\n");
	while (step(s) != FOLLOW_LINE)
		continue;
	assert_int_equal(s->line.log, 63);
	follow_free(NULL);
}

/* ---- positions and old files ---- */

static void resuming(void **state)
{
	struct story *const s = *state;
	char long_last[POSITION_LAST_MAX];
	int fd = writer(s, "mail.log");
	static const struct {
		const char *name;
		int64_t position;
		const char *last;
		bool want;
	} rows[] = {
		{"after two", 8, "two", true},
		{"after a part of two", 8, "tw", true},
		{"after three of two", 8, "three", false},
		{"inside a line", 6, "tw", false},
		{"before the LF", 7, "two", false},
		{"at the end", 14, "three", true},
		{"past the end", 15, "three", false},
		{"far past the end", INT64_MAX, "three", false},
		{"before the beginning", -1, "three", false},
		{"the beginning", 0, NULL, true},
	};

	say(fd, "one\ntwo\nthree\n");
	follow_log(s, "mail.log");
	assert_int_equal(step(s), FOLLOW_FILE);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const int want = rows[i].want ? 0 : FOLLOW_NONE;
		const int got = follow_resume(s->follow, 1, rows[i].position, rows[i].last,
		                              rows[i].last == NULL ? 0 : strlen(rows[i].last));

		if (got != want)
			fail_msg("%s: got %d, want %d", rows[i].name, got, want);
	}
	assert_int_equal(follow_resume(s->follow, 1, 8, "two", 3), 0);
	expect_lines(s, "A1 file\nA1 three\n");

	/* A rotation later the end of a cut line is a position too. */
	move(s, "mail.log", "mail.log.1");
	(void)close(fd);
	fd = writer(s, "mail.log");
	append_run(fd, 'x', 200000);
	say(fd, "\nlast\n");
	assert_int_equal(step(s), FOLLOW_FILE);
	memset(long_last, 'x', sizeof long_last);
	assert_int_equal(follow_resume(s->follow, 2, 200001, long_last, sizeof long_last), 0);
	expect_lines(s, "A2 file\nA2 last\n");
	(void)close(fd);
}

/* A position that was resumed is defended like one that was read. */
static void resumed_and_then_truncated(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log", "one\ntwo\n");
	follow_log(s, "mail.log");
	assert_int_equal(step(s), FOLLOW_FILE);
	assert_int_equal(follow_resume(s->follow, 1, 8, "two", 3), 0);
	expect_lines(s, "A1 file\n");
	cut_off(s, "mail.log");
	append(s, "mail.log", "one\ntwenty\nthirty\n");
	expect_lines(s, "A2 file\nA2 one\nA2 twenty\nA2 thirty\n");
}

static void old_files_are_listed_oldest_first(void **state)
{
	static const struct {
		const char *name;
		time_t age_s;
		bool listed;
	} rows[] = {
		{"mail.log.3", 300, true},        {"mail.log.10", 1000, true},
		{"mail.log-20261120", 500, true}, {"mail.log-20261121-0600", 400, true},
		{"mail.log.20261119", 600, true}, {"mail.log.2", 100, true},
		{"mail.log.1", 100, true},        {"mail.log.4.gz", 50, false},
		{"mail.log.5.xz", 50, false},     {"mail.log.6.zst", 50, false},
		{"mail.log.7.bz2", 50, false},    {"mail.log", 1, false},
		{"mail.log.old", 50, false},      {"mail.log-1", 50, false},
		{"mail.logs.1", 50, false},       {"xmail.log.1", 50, false},
		{"mail.log.", 50, false},
	};
	static const char want[] = "mail.log.10 mail.log.20261119 mail.log-20261120 mail.log-20261121-0600 "
				   "mail.log.3 mail.log.2 mail.log.1 ";
	struct story *const s = *state;
	struct rotated *old;
	char got[512] = "";
	size_t n;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		append(s, rows[i].name, rows[i].name);
		append(s, rows[i].name, "\nmore\n");
		age(s, rows[i].name, rows[i].age_s);
	}
	age(s, "mail.log.1", 90);
	cut_off(s, "mail.log.2");
	age(s, "mail.log.2", 100);
	assert_int_equal(mkdir(path(s, "mail.log.11"), 0755), 0);
	assert_int_equal(symlink("mail.log", path(s, "mail.log.12")), 0);
	assert_int_equal(mkfifo(path(s, "mail.log.13"), 0644), 0);
	assert_int_equal(rotated_list(path(s, "mail.log"), false, &old, &n, &s->why), 0);
	for (size_t i = 0; i < n; i++) {
		const char *const name = strrchr(old[i].path, '/') + 1;

		(void)snprintf(got + strlen(got), sizeof got - strlen(got), "%s ", name);
		if (strcmp(name, "mail.log.2") == 0) {
			assert_int_equal(old[i].first_len, 0);
			assert_int_equal(old[i].size, 0);
		} else {
			assert_int_equal(old[i].first_len, strlen(name));
			assert_memory_equal(old[i].first, name, old[i].first_len);
			assert_int_equal(old[i].size, strlen(name) + 6);
		}
	}
	if (strcmp(got, want) != 0)
		fail_msg("got  %s\nwant %s", got, want);
	rotated_free(old, n);
	rotated_free(NULL, 0);
}

static void the_newest_old_files_are_listed(void **state)
{
	struct story *const s = *state;
	struct rotated *old;
	char name[32];
	size_t n;

	for (int i = 1; i <= ROTATED_MAX + 8; i++) {
		(void)snprintf(name, sizeof name, "mail.log.%d", i);
		append(s, name, "x\n");
		age(s, name, 1000); /* all alike: the numbers decide */
	}
	assert_int_equal(rotated_list(path(s, "mail.log"), false, &old, &n, &s->why), 0);
	assert_int_equal(n, ROTATED_MAX);
	assert_string_equal(strrchr(old[0].path, '/'), "/mail.log.32");
	assert_string_equal(strrchr(old[n - 1].path, '/'), "/mail.log.1");
	rotated_free(old, n);
	assert_int_equal(rotated_list(path(s, "nowhere/mail.log"), false, &old, &n, &s->why), -ENOENT);
}

static void queued_files_come_first(void **state)
{
	struct story *const s = *state;

	append(s, "mail.log.2", "a1\na2\n");
	append(s, "mail.log.1", "b1\n");
	append(s, "mail.log", "c1\n");
	follow_log(s, "mail.log");
	assert_int_equal(step(s), FOLLOW_FILE); /* what the log is, before what was missed is decided */
	assert_int_equal(follow_queue(s->follow, 0, path(s, "mail.log.2"), now_ms(), &s->why), 0);
	assert_int_equal(follow_queue(s->follow, 0, path(s, "mail.log.1"), now_ms(), &s->why), 0);
	assert_int_equal(follow_queue(s->follow, 0, path(s, "mail.log.9"), now_ms(), &s->why), -ENOENT);
	assert_int_equal(step(s), FOLLOW_FILE);
	assert_string_equal(s->line.path, path(s, "mail.log.2"));
	assert_int_equal(follow_resume(s->follow, 2, 3, "a1", 2), 0);
	expect_lines(s, "A1 file\nA2 file\nA2 a2\nA3 file\nA3 b1\nA1 c1\n");
}

/* ---- all at once ---- */

static unsigned dice(unsigned sides)
{
	static uint32_t x = 20261120; /* the same every time */

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return x % sides;
}

/* The next outcome; lines must say "file F line L" with L counting up from 0 for each F. */
static bool check_one(struct story *story, unsigned next[static 4], unsigned *ret_n)
{
	unsigned file, number;
	char text[64];
	const int rc = follow_next(story->follow, now_ms(), &story->line, &story->why);

	if (rc != FOLLOW_LINE)
		return rc != FOLLOW_NONE;
	assert_true(story->line.record.text.len < sizeof text);
	memcpy(text, story->line.record.text.p, story->line.record.text.len);
	text[story->line.record.text.len] = '\0';
	if (sscanf(text, "file %u line %u", &file, &number) != 2 || file > 3)
		fail_msg("got \"%s\", want a line that was written", text);
	if (number != next[file])
		fail_msg("file %u: got line %u, want %u", file, number, next[file]);
	next[file]++;
	(*ret_n)++;
	return true;
}

static void every_line_once_and_in_order(void **state)
{
	enum { LINES = 20000, FILES = 4 };
	struct story *const s = *state;
	unsigned next[FILES] = {0}, written[FILES] = {0}, n_written = 0, n_read = 0, file = 0;
	int fds[FILES] = {writer(s, "mail.log"), -1, -1, -1};

	follow_log(s, "mail.log");
	while (n_written < LINES) {
		/* For 50 lines after a rotation the writer may still have the old file. */
		const unsigned to = file > 0 && written[file] < 50 && dice(2) == 0 ? file - 1 : file;
		char text[64];
		const int len = snprintf(text, sizeof text, "file %u line %u\n", to, written[to]++);
		const size_t half = dice((unsigned)len);

		n_written++;
		say_bytes(fds[to], text, half);
		for (unsigned i = dice(8); i > 0 && dice(3) == 0; i--)
			(void)check_one(s, next, &n_read);
		say_bytes(fds[to], text + half, (size_t)len - half);
		if (dice(50) == 0) {
			while (check_one(s, next, &n_read))
				continue;
			if (n_read != n_written)
				fail_msg("got %u lines, want %u", n_read, n_written);
		}
		if (file + 1 < FILES && written[file] >= LINES / FILES) {
			char from[32], onto[32];

			for (unsigned i = file; i > 0; i--) {
				(void)snprintf(from, sizeof from, "mail.log.%u", i);
				(void)snprintf(onto, sizeof onto, "mail.log.%u", i + 1);
				move(s, from, onto);
			}
			move(s, "mail.log", "mail.log.1");
			if (dice(2) == 0)
				(void)check_one(s, next, &n_read);
			fds[++file] = writer(s, "mail.log");
		}
	}
	while (check_one(s, next, &n_read))
		continue;
	for (unsigned i = 0; i < FILES; i++) {
		if (next[i] != written[i])
			fail_msg("file %u: got %u lines, want %u", i, next[i], written[i]);
		(void)close(fds[i]);
	}
}

static void a_log_is_removed_and_another_added(void **state)
{
	struct story *const s = *state;
	struct follow_stat stat;
	struct stat st;

	append(s, "a.log", "one\n");
	append(s, "b.log", "first\n");
	follow_log(s, "a.log");
	follow_log(s, "b.log");
	expect_lines(s, "B1 file\nB1 first\nA2 file\nA2 one\n");
	assert_int_equal(stat_of(s, "a.log", &st), 0);
	assert_true(follow_has_open(s->follow, st.st_dev, st.st_ino));
	follow_stat(s->follow, 0, &stat);
	assert_true(stat.dry && strcmp(stat.path, path(s, "a.log")) == 0);
	follow_remove(s->follow, 0);
	assert_false(follow_has_open(s->follow, st.st_dev, st.st_ino));
	follow_stat(s->follow, 0, &stat);
	assert_null(stat.path);
	append(s, "a.log", "nobody reads this\n");
	append(s, "b.log", "second\n");
	expect_lines(s, "B1 second\n");
	rests(s, -1);
	follow_check(s->follow);
	expect_lines(s, "");
	/* Its place is the next one's. */
	append(s, "c.log", "new\n");
	follow_log(s, "c.log");
	expect_lines(s, "A3 file\nA3 new\n");
	/* A file without a name is read to its end. */
	append(s, "c.log", "last\n");
	take_away(s, "c.log");
	expect_lines(s, "A3 last\n");
	waits_for(s, "A missing\n");
	follow_stat(s->follow, 0, &stat);
	assert_true(stat.dry);
}

#define story(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		story(lines_come_as_they_are_written),
		story(a_file_is_known_by_its_first_line),
		story(a_line_is_whole_when_its_lf_is_there),
		story(bytes_are_left_alone),
		story(a_line_over_the_limit_is_cut),
		story(a_cut_line_is_given_when_its_lf_came),
		story(a_hole_does_not_hold_up_the_caller),
		story(late_lines_to_the_old_file_are_not_lost),
		story(a_rotated_file_is_let_go_after_a_minute),
		story(several_rotations_between_two_looks),
		story(copytruncate_starts_again),
		story(copytruncate_before_the_first_line),
		story(lines_are_found_in_the_copy),
		story(deleted_and_created_again),
		story(a_stored_position_in_a_reused_inode),
		story(a_log_that_is_not_there_yet),
		story(an_unreadable_log),
		story(a_log_whose_reads_fail),
		story(an_old_file_whose_reads_fail),
		story(only_regular_files),
		story(a_linked_log),
		story(a_linked_directory),
		story(a_directory_that_is_moved_away),
		story(a_directory_that_is_removed_and_made_again),
		story(directories_that_are_not_there_yet),
		story(a_directory_above_that_is_moved_away),
		story(an_empty_directory_made_again),
		story(several_logs_in_one_directory),
		story(a_noisy_log_starves_nobody),
		story(too_many_events),
		story(refusals),
		story(resuming),
		story(a_log_is_removed_and_another_added),
		story(resumed_and_then_truncated),
		story(old_files_are_listed_oldest_first),
		story(the_newest_old_files_are_listed),
		story(queued_files_come_first),
		story(every_line_once_and_in_order),
	};

	return cmocka_run_group_tests_name("follow", tests, NULL, NULL);
}
