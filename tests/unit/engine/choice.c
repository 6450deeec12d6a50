/* choice: which of journal and log is read, for every possible reason. With a real systemd-journald, see journald.h. */
#include "engine/choice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <time.h>

#include <cmocka.h>

#include "input/readable.h"
#include "journald.h"

#define LOG "/var/log/mail.log"

enum { DAY_S = 86400 };

static struct config config;
static int64_t now_s;

/* As nothing is configured. */
static int begin(void **state)
{
	static char none[] = "", log[] = LOG;

	(void)state;
	now_s = (int64_t)time(NULL);
	config = (struct config){.n_logs = 1, .logs = {log}};
	config.journal.read = CONFIG_AUTO;
	config.journal.namespace = config.journal.machine = config.journal.directory = none;
	(void)unlink(LOG);
	return 0;
}

/* A log that was written so many seconds ago. */
static void write_log(const char *text, int64_t ago_s)
{
	const struct timespec times[] = {{.tv_sec = (time_t)(now_s - ago_s)}, {.tv_sec = (time_t)(now_s - ago_s)}};
	FILE *const file = fopen(LOG, "we");

	assert_true(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
	assert_int_equal(utimensat(AT_FDCWD, LOG, times, 0), 0);
}

static void expect(bool was_read, bool journal, bool files, const char *why)
{
	struct choice got;

	choice_make(&config, was_read, now_s, &got);
	assert_string_equal(got.why.text, why);
	assert_int_equal(got.journal, journal);
	assert_int_equal(got.files, files);
}

static void what_is_configured_holds(void **state)
{
	static char machine[] = "web";

	(void)state;
	config.journal.read = CONFIG_NO;
	expect(true, false, true, "[journal] read = no");
	config.journal.read = CONFIG_YES;
	expect(false, true, false, "[journal] read = yes");
	config.names_logs = true;
	expect(false, true, true, "[journal] read = yes");
	config.journal.read = CONFIG_AUTO;
	expect(true, false, true, "[log] names files");
	config.journal.machine = machine;
	expect(false, true, true, "[journal] names one");
	assert_string_equal(choice_where(&config).machine, "web");
}

static void what_was_read_is_read_on(void **state)
{
	(void)state;
	write_log("a line\n", 0);
	expect(true, true, false, "it was read before");
}

static void without_a_log_it_is_the_journal(void **state)
{
	(void)state;
	expect(false, true, false, LOG " is missing or empty");
	write_log("", 0);
	expect(false, true, false, LOG " is missing or empty");
	assert_int_equal(unlink(LOG) | mkdir(LOG, 0755), 0);
	expect(false, true, false, LOG " is missing or empty");
	assert_int_equal(rmdir(LOG), 0);
}

/* Before there is mail in the journal. */
static void without_mail_the_log_is_chosen_unless_nobody_writes_it(void **state)
{
	(void)state;
	write_log("a line\n", DAY_S - 60);
	expect(false, false, true, LOG " has what the journal has of mail");
	write_log("a line\n", DAY_S + 60);
	if (readable_journal_only())
		expect(false, true, false, LOG " is not written any more");
	else
		expect(false, false, true, LOG " has what the journal has of mail");
}

static void the_same_mail_is_read_in_the_log(void **state)
{
	(void)state;
	JOURNALD_SEND("SYSLOG_IDENTIFIER=postfix/smtpd", "SYSLOG_FACILITY=2", "MESSAGE=mail");
	journald_sync();
	write_log("a line\n", 30);
	expect(false, false, true, LOG " has what the journal has of mail");
	write_log("a line\n", 120);
	expect(false, true, false, "the journal has mail lines that " LOG " lacks");
}

/* The last: it cannot be had back. */
static void a_machine_may_have_no_journal(void **state)
{
	(void)state;
	journald_stop(SIGTERM);
	assert_int_equal(umount2("/run", MNT_DETACH), 0);
	assert_int_equal(mount("tmpfs", "/run", "tmpfs", 0, NULL), 0);
	expect(false, false, true, "this machine has no journal");
}

#define on(test) cmocka_unit_test_setup(test, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		on(what_is_configured_holds),         on(what_was_read_is_read_on),
		on(without_a_log_it_is_the_journal),  on(without_mail_the_log_is_chosen_unless_nobody_writes_it),
		on(the_same_mail_is_read_in_the_log), on(a_machine_may_have_no_journal),
	};

	if (!journald_setup())
		return 77;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
