/*
 * journal: fields arrive as sent, each entry once over rotations and the move from /run to /var; what is read when a
 * position or a file no longer exists. With a real systemd-journald, see journald.h.
 */
#include "input/journal.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <glob.h>
#include <inttypes.h>
#include <time.h>

#include "journald.h"

static const struct journal_where here = {"", "", ""};
static struct journal *journal;
static struct journal_entry entry;
static struct why why;

static struct journal *open_there(const struct journal_where *where)
{
	struct journal *j;
	const int rc = journal_open(where, &j, &why);

	if (rc < 0)
		fail_msg("cannot open it: %s", why.text);
	return j;
}

static void assert_span(struct span got, const char *want)
{
	if (!span_is(got, want))
		fail_msg("got \"%.*s\", want \"%s\"", (int)got.len, got.p, want);
}

/* The next entry of this test's program. False: there is none. */
static bool next_of(struct journal *j)
{
	int rc;

	while ((rc = journal_next(j, &entry, &why)) == 0)
		if (span_is(entry.record.line.program, "test/one") || entry.record.printed)
			return true;
	if (rc < 0)
		fail_msg("%s", why.text);
	return false;
}

static void send_number(int number)
{
	char text[64];

	(void)snprintf(text, sizeof text, "MESSAGE=number %d", number);
	JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", text);
}

static void expect_number(struct journal *j, int number)
{
	char text[64];

	(void)snprintf(text, sizeof text, "number %d", number);
	if (!next_of(j))
		fail_msg("got nothing, want %s", text);
	assert_span(entry.record.line.message, text);
}

static int begin(void **state)
{
	(void)state;
	journald_sync();
	journal = open_there(&here);
	return journal_seek_end(journal, &why);
}

static int end(void **state)
{
	(void)state;
	journal_close(journal);
	return 0;
}

/* --- fields --- */

static void fields_are_as_sent(void **state)
{
	char pid[32];

	(void)state;
	(void)snprintf(pid, sizeof pid, "%d", (int)getpid());
	JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", "MESSAGE=hello world", "_UID=77", "_COMM=other");
	JOURNALD_SEND("MESSAGE=two", "SYSLOG_PID=123", "SYSLOG_IDENTIFIER=test/one", "SYSLOG_IDENTIFIER=sshd",
	              "MESSAGE=three");
	journald_sync();
	assert_true(next_of(journal));
	assert_true(entry.record.has_fields);
	assert_false(entry.record.cut);
	assert_int_equal(entry.record.uid, 0); /* not what was sent */
	assert_span(entry.record.line.message, "hello world");
	assert_span(entry.record.line.pid, pid);
	assert_true(entry.record.line.host.len > 0);
	assert_true(entry.record.line.has_time && llabs(entry.record.line.time_s - time(NULL)) < 60);
	assert_true(next_of(journal));
	assert_span(entry.record.line.program, "test/one");
	assert_span(entry.record.line.message, "two");
	assert_span(entry.record.line.pid, "123");
	assert_false(next_of(journal));
}

static void of_several_lines_the_first_counts(void **state)
{
	char text[JOURNAL_TEXT_MAX + LINE_MAX_BYTES], long_one[2 * LINE_MAX_BYTES];
	struct span line;

	(void)state;
	memcpy(long_one, "MESSAGE=", 8);
	memset(long_one + 8, 'x', sizeof long_one - 9);
	long_one[sizeof long_one - 1] = '\0';
	JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", "SYSLOG_PID=7",
	              "MESSAGE=first\nNov 20 14:16:03 mx sshd[1]: second");
	JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", long_one);
	JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", "MESSAGE=");
	journald_sync();
	assert_true(next_of(journal));
	assert_span(entry.record.line.message, "first");
	line = journal_text(&entry.record, text, sizeof text);
	assert_non_null(memmem(line.p, line.len, " test/one[7]: first", strlen(" test/one[7]: first")));
	assert_true(next_of(journal));
	assert_true(entry.record.cut);
	assert_int_equal(entry.record.line.message.len, LINE_MAX_BYTES);
	assert_true(next_of(journal));
	assert_int_equal(entry.record.line.message.len, 0);
}

/* A value may hold anything. */
static void a_nul_stays_in_the_message(void **state)
{
	static char message[] = "MESSAGE=a\0b", program[] = "SYSLOG_IDENTIFIER=test/one";
	const struct iovec iov[] = {{program, sizeof program - 1}, {message, sizeof message - 1}};

	(void)state;
	assert_int_equal(sd_journal_sendv(iov, 2), 0);
	journald_sync();
	assert_true(next_of(journal));
	assert_int_equal(entry.record.line.message.len, 3);
}

static void the_writer_cannot_choose_its_user(void **state)
{
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0) {
		if (setuid(4321) < 0)
			_exit(1);
		JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", "MESSAGE=forged", "_UID=0", "_TRANSPORT=kernel");
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
	journald_sync();
	if (access("/var/log/journal", F_OK) == 0) { /* then an ordinary user has a file of its own */
		assert_false(next_of(journal));
		return;
	}
	assert_true(next_of(journal));
	assert_span(entry.record.line.message, "forged");
	assert_int_equal(entry.record.uid, 4321);
}

static void what_a_container_printed_is_a_line(void **state)
{
	(void)state;
	JOURNALD_SEND("CONTAINER_NAME=mail", "SYSLOG_IDENTIFIER=0123456789ab",
	              "MESSAGE=Nov 20 14:16:03 mail postfix/smtpd[1]: hello");
	journald_sync();
	assert_true(next_of(journal));
	assert_true(entry.record.printed);
	assert_span(entry.record.line.message, "Nov 20 14:16:03 mail postfix/smtpd[1]: hello");
}

/* --- each entry once --- */

static void each_is_once_through_rotations(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++) {
		send_number(i);
		if (i % 700 == 699) {
			journald_sync();
			journald_rotate();
		}
		if (i % 500 == 499) {
			journald_sync();
			assert_int_equal(journal_turn(journal, &why), 0);
			for (int k = i - 499; k <= i; k++)
				expect_number(journal, k);
			assert_false(next_of(journal));
		}
	}
}

static void copy_position(char ret[static JOURNAL_CURSOR_MAX])
{
	const char *cursor;

	assert_int_equal(journal_position(journal, &cursor, &why), 0);
	(void)snprintf(ret, JOURNAL_CURSOR_MAX, "%s", cursor);
}

/* Opened again at the position, as after a crash. */
static struct journal *resume(const char *cursor, struct journal_gap *gap)
{
	struct journal *const j = open_there(&here);

	if (journal_seek(j, cursor, gap, &why) < 0)
		fail_msg("%s", why.text);
	return j;
}

static void reading_goes_on_at_the_position(void **state)
{
	char cursor[JOURNAL_CURSOR_MAX];
	struct journal_gap gap;
	struct journal *again;

	(void)state;
	for (int i = 0; i < 10; i++)
		send_number(i);
	journald_sync();
	for (int i = 0; i < 5; i++)
		expect_number(journal, i);
	copy_position(cursor);
	journald_rotate();
	again = resume(cursor, &gap);
	assert_false(gap.is_gone);
	for (int i = 5; i < 10; i++)
		expect_number(again, i);
	assert_false(next_of(again));
	journal_close(again);
}

/* Copies have other numbers; neither who reads on nor who begins again gets one twice. */
static void each_is_once_when_it_moves_to_the_disk(void **state)
{
	char cursor[JOURNAL_CURSOR_MAX];
	struct journal_gap gap;
	struct journal *again;

	(void)state;
	for (int i = 0; i < 10; i++)
		send_number(i);
	journald_sync();
	for (int i = 0; i < 5; i++)
		expect_number(journal, i);
	copy_position(cursor);
	journald_flush();
	send_number(10);
	journald_sync();
	again = resume(cursor, &gap);
	assert_false(gap.is_gone);
	assert_int_equal(journal_turn(journal, &why), 0);
	for (int i = 5; i <= 10; i++) {
		expect_number(journal, i);
		expect_number(again, i);
	}
	assert_false(next_of(journal));
	assert_false(next_of(again));
	journal_close(again);
}

/* --- what is gone, or damaged --- */

static void remove_archives(void)
{
	const pid_t child = fork();
	int status = -1;

	if (child == 0) {
		(void)execlp("journalctl", "journalctl", "--quiet", "--vacuum-files=1", (char *)NULL);
		_exit(127);
	}
	(void)waitpid(child, &status, 0);
	assert_int_equal(status, 0);
}

static void expect_stat(struct journal *j, int64_t gaps, int64_t lost)
{
	const struct journal_stat stat = journal_stat(j);

	assert_int_equal(stat.gaps, gaps);
	assert_int_equal(stat.lost, lost);
}

static void a_gap_is_returned(void **state)
{
	char cursor[JOURNAL_CURSOR_MAX];
	struct journal_gap gap;
	struct journal *again;

	(void)state;
	send_number(0);
	journald_sync();
	expect_number(journal, 0);
	copy_position(cursor);
	send_number(1);
	send_number(2);
	journald_sync();
	journald_rotate();
	remove_archives();
	send_number(3);
	journald_sync();
	again = resume(cursor, &gap);
	assert_true(gap.is_gone);
	assert_true(gap.lost >= 2); /* and what journald wrote itself */
	expect_number(again, 3);
	assert_false(next_of(again));
	expect_stat(again, 1, gap.lost);
	journal_close(again);
	/* Who was reading meanwhile goes on, too, and has lost the same. */
	assert_int_equal(journal_turn(journal, &why), 0);
	assert_true(next_of(journal));
	while (!span_is(entry.record.line.message, "number 3"))
		assert_true(next_of(journal));
	assert_false(next_of(journal));
	expect_stat(journal, 1, gap.lost);
}

/* The entry of the position is gone, but it was the last of those that are. */
static void what_was_read_is_no_gap(void **state)
{
	char cursor[JOURNAL_CURSOR_MAX];
	struct journal_gap gap;
	struct journal *again;

	(void)state;
	send_number(0);
	journald_sync();
	expect_number(journal, 0);
	assert_false(next_of(journal));
	copy_position(cursor);
	journald_rotate();
	remove_archives();
	again = resume(cursor, &gap);
	assert_true(gap.is_gone);
	assert_true(gap.lost == 0 || gap.lost == -1); /* journald wrote something itself; or it is not known yet */
	assert_false(next_of(again));
	assert_int_equal(journal_turn(journal, &why), 0);
	assert_false(next_of(journal));
	send_number(1);
	journald_sync();
	assert_int_equal(journal_turn(again, &why), 0);
	expect_number(again, 1);
	expect_stat(again, 0, 0);
	journal_close(again);
	assert_int_equal(journal_turn(journal, &why), 0);
	expect_number(journal, 1);
	expect_stat(journal, 0, 0);
	again = resume(cursor, &gap); /* now it is known at once */
	assert_true(gap.is_gone);
	assert_int_equal(gap.lost, 0);
	expect_number(again, 1);
	expect_stat(again, 0, 0);
	journal_close(again);
}

static void no_cursor_is_refused(void **state)
{
	struct journal_gap gap;

	(void)state;
	assert_int_equal(journal_seek(journal, "s=1;i=x", &gap, &why), -EINVAL);
	assert_int_equal(journal_seek(journal, "", &gap, &why), -EINVAL);
}

static void a_cursor_of_the_future_goes_to_the_end(void **state)
{
	struct journal_gap gap;

	(void)state;
	send_number(0);
	journald_sync();
	assert_int_equal(journal_seek(journal,
	                              "s=0123456789abcdef0123456789abcdef;i=fffffff;b=0123456789abcdef0123456789abcdef;"
	                              "m=ffffffffffff;t=fffffffffffff;x=1",
	                              &gap, &why),
	                 0);
	assert_true(gap.is_gone);
	assert_int_equal(gap.lost, -1);
	expect_stat(journal, 1, 0);
	assert_false(next_of(journal));
	send_number(1);
	journald_sync();
	assert_int_equal(journal_turn(journal, &why), 0);
	expect_number(journal, 1);
}

/* The newest archive of the journal on disk: their names are in order. */
static void find_archive(char *ret, size_t cap)
{
	glob_t found;

	assert_int_equal(glob("/var/log/journal/*/system@*.journal", 0, NULL, &found), 0);
	(void)snprintf(ret, cap, "%s", found.gl_pathv[found.gl_pathc - 1]);
	globfree(&found);
}

/* A file that was written over: no entry twice, and what is behind it is read. */
static void damage_is_passed_over(void **state)
{
	enum { LAST = 9999 };
	static int seen[LAST + 1];
	char archive[4096], byte;
	struct stat st;
	int fd;

	(void)state;
	for (int i = 0; i < 2000; i++)
		send_number(i);
	journald_sync();
	journald_rotate();
	find_archive(archive, sizeof archive);
	fd = open(archive, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	for (off_t at = st.st_size / 2; at < st.st_size - 64; at += 997) {
		assert_int_equal(pread(fd, &byte, 1, at), 1);
		byte = (char)(byte ^ 0x55);
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	(void)close(fd);
	send_number(LAST);
	journald_sync();
	assert_int_equal(journal_turn(journal, &why), 0);
	while (next_of(journal)) {
		const struct span message = entry.record.line.message;
		char text[32] = "";
		int number, end_at = 0;

		memcpy(text, message.p == NULL ? "" : message.p, message.len < sizeof text ? message.len : 0);
		if (sscanf(text, "number %d%n", &number, &end_at) != 1 || (size_t)end_at != message.len)
			continue; /* damaged */
		assert_in_range(number, 0, LAST);
		assert_int_equal(seen[number]++, 0);
	}
	assert_int_equal(seen[LAST], 1);
	/* How many of the others is decided by where the damage lies; journalctl itself may show the last alone. */
}

/* --- which journal --- */

static void a_machine_that_is_not_known_is_refused(void **state)
{
	struct journal *j;

	(void)state;
	assert_int_equal(journal_open(&(struct journal_where){"", "nobody", ""}, &j, &why), -ENOENT);
	assert_int_equal(journal_open(&(struct journal_where){"", "../../etc", ""}, &j, &why), -ENOENT);
	assert_int_equal(journal_open(&(struct journal_where){"", "", "/nowhere"}, &j, &why), -ENOENT);
	assert_int_equal(journal_open(&(struct journal_where){"a", "", "/nowhere"}, &j, &why), -EINVAL);
}

/* User numbers are another machine's there: those of system users count as root's. */
static void a_directory_is_read(void **state)
{
	char path[4096];
	struct journal *j;
	pid_t child;

	(void)state;
	child = fork();
	if (child == 0) {
		if (setuid(432) < 0)
			_exit(1);
		JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", "MESSAGE=collected");
		_exit(0);
	}
	(void)waitpid(child, NULL, 0);
	journald_sync();
	assert_true(next_of(journal));
	assert_int_equal(entry.record.uid, 432);
	journald_rotate();
	find_archive(path, sizeof path);
	*strrchr(path, '/') = '\0';
	j = open_there(&(struct journal_where){"", "", path});
	do
		assert_true(next_of(j));
	while (!span_is(entry.record.line.message, "collected"));
	assert_int_equal(entry.record.uid, 0);
	journal_close(j);
	j = open_there(&(struct journal_where){"", strrchr(path, '/') + 1, ""});
	assert_true(next_of(j));
	journal_close(j);
}

static void the_newest_mail_is_found(void **state)
{
	int64_t at_s = -1;

	(void)state;
	JOURNALD_SEND("SYSLOG_IDENTIFIER=test/one", "SYSLOG_FACILITY=2", "MESSAGE=mail");
	journald_sync();
	assert_int_equal(journal_newest_mail(&here, &at_s, &why), 0);
	assert_true(llabs(at_s - time(NULL)) < 60);
}

static void reading_begins_at_a_time(void **state)
{
	int64_t at_s;

	(void)state;
	send_number(1);
	journald_sync();
	expect_number(journal, 1);
	at_s = entry.record.line.time_s;
	assert_int_equal(journal_seek_time(journal, at_s, &why), 0);
	assert_true(next_of(journal));
	assert_true(entry.record.line.time_s >= at_s);
	assert_int_equal(journal_seek_time(journal, at_s + 3600, &why), 0);
	assert_false(next_of(journal));
}

#define read(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		read(fields_are_as_sent),
		read(of_several_lines_the_first_counts),
		read(a_nul_stays_in_the_message),
		read(the_writer_cannot_choose_its_user),
		read(what_a_container_printed_is_a_line),
		read(each_is_once_through_rotations),
		read(reading_goes_on_at_the_position),
		read(each_is_once_when_it_moves_to_the_disk), /* from here on it is on the disk */
		read(reading_goes_on_at_the_position),
		read(the_writer_cannot_choose_its_user),
		read(a_gap_is_returned),
		read(what_was_read_is_no_gap),
		read(no_cursor_is_refused),
		read(a_cursor_of_the_future_goes_to_the_end),
		read(damage_is_passed_over),
		read(a_machine_that_is_not_known_is_refused),
		read(a_directory_is_read),
		read(the_newest_mail_is_found),
		read(reading_begins_at_a_time),
	};
	int rc;

	if (!journald_setup())
		return 77;
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	journald_stop(SIGTERM);
	return rc;
}
