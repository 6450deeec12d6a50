/* mailboxes: which addresses are in a file, which lines are errors, and a set against a plain search. */
#undef NDEBUG
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "rules/mailboxes.h"

static struct span span_of(const char *text)
{
	return (struct span){text, strlen(text)};
}

static struct mailboxes *parsed(const char *text)
{
	struct mailboxes *m = NULL;
	struct why why;

	if (mailboxes_parse("f", span_of(text), &m, &why) < 0)
		fail_msg("%s", why.text);
	return m;
}

static void addresses_and_domains(void **state)
{
	static const struct {
		const char *address;
		bool in;
	} rows[] = {
		{"trap@example.org", true},      {"TRAP@Example.ORG", true},
		{"trap@example.org.", false},    {"xtrap@example.org", false},
		{"trap@sub.example.org", false}, {"anybody@example.net", true},
		{"any@body@EXAMPLE.net", true},  {"anybody@sub.example.net", false},
		{"@example.net", true},          {"example.net", false},
		{"postmaster", false},           {"", false},
		{"last@example.com", true},      {"\"quoted,part\"@example.com", true},
		{"blanks@example.com", true},
	};
	struct mailboxes *const m = parsed("# traps\n\nTrap@example.org\r\n  @Example.NET\t\n trap@EXAMPLE.org \n"
	                                   "\"quoted,part\"@example.com\n\tblanks@example.com\nlast@example.com");

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (mailboxes_has(m, span_of(rows[i].address)) != rows[i].in)
			fail_msg("%s: want %d", rows[i].address, rows[i].in);
	assert_false(mailboxes_has(m, (struct span){"trap@example.org\0x", 18}));
	assert_false(mailboxes_has(m, (struct span){NULL, 0}));
	mailboxes_free(m);
	mailboxes_free(NULL);
}

static void an_empty_file_has_nobody(void **state)
{
	struct mailboxes *const m = parsed("# nobody yet\n");

	(void)state;
	assert_false(mailboxes_has(m, span_of("a@example.org")));
	mailboxes_free(m);
}

static void lines_that_are_none(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
		{"a@b\nexample.org\n", "f:2: want a mail address or \"@domain\", got \"example.org\""},
		{"a@\n", "f:1: want a mail address or \"@domain\", got \"a@\""},
		{"@\n", "f:1: want a mail address or \"@domain\", got \"@\""},
		{"a b@example.org\n", "f:1: want a mail address or \"@domain\", got \"a b@example.org\""},
		{"<a@example.org>\n", "f:1: want a mail address or \"@domain\", got \"<a@example.org>\""},
		{"a@exam\033[2Jple.org\n", "f:1: want a mail address or \"@domain\", got \"a@exam\\x1b[2Jple.org\""},
	};
	struct mailboxes *m = NULL;
	char longest[MAILBOXES_NAME_MAX + 2];
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_int_equal(mailboxes_parse("f", span_of(rows[i].text), &m, &why), -EINVAL);
		assert_string_equal(why.text, rows[i].want);
	}
	assert_int_equal(mailboxes_parse("f", (struct span){"a\0b@x", 5}, &m, &why), -EINVAL);
	memset(longest, 'x', sizeof longest);
	longest[3] = '@';
	assert_int_equal(mailboxes_parse("f", (struct span){longest, MAILBOXES_NAME_MAX + 1}, &m, &why), -EINVAL);
	assert_int_equal(mailboxes_parse("f", (struct span){longest, MAILBOXES_NAME_MAX}, &m, &why), 0);
	assert_true(mailboxes_has(m, (struct span){longest, MAILBOXES_NAME_MAX}));
	assert_false(mailboxes_has(m, (struct span){longest, MAILBOXES_NAME_MAX + 1}));
	mailboxes_free(m);
}

/* A million lines are read; of one more it is said. */
static void the_largest(void **state)
{
	enum { LINE = sizeof "0000000@example.org" };
	char *const text = malloc((MAILBOXES_MAX + 1) * (size_t)LINE + 1);
	struct mailboxes *m = NULL;
	char name[LINE + 1];
	struct why why;

	(void)state;
	assert_non_null(text);
	for (size_t i = 0; i <= MAILBOXES_MAX; i++)
		(void)snprintf(text + i * LINE, LINE + 1, "%07zu@example.org\n", i);
	assert_int_equal(mailboxes_parse("f", (struct span){text, MAILBOXES_MAX * (size_t)LINE}, &m, &why), 0);
	for (size_t i = 0; i < MAILBOXES_MAX; i += 997) {
		(void)snprintf(name, sizeof name, "%07zu@EXAMPLE.org", i);
		assert_true(mailboxes_has(m, span_of(name)));
	}
	assert_false(mailboxes_has(m, span_of("1000000@example.org")));
	mailboxes_free(m);
	assert_int_equal(mailboxes_parse("f", (struct span){text, (MAILBOXES_MAX + 1) * (size_t)LINE}, &m, &why),
	                 -EFBIG);
	assert_string_equal(why.text,
	                    "f:1000001: more than 1000000 addresses; name domains (\"@example.org\") instead");
	free(text);
}

static void files(void **state)
{
	char path[] = "/tmp/wfs-mailboxes-XXXXXX";
	const int fd = mkstemp(path);
	struct mailboxes *m = NULL;
	char want[256];
	struct why why;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "a@b\n@c\n", 7), 7);
	assert_int_equal(mailboxes_read(path, &m, &why), 0);
	assert_true(mailboxes_has(m, span_of("a@b")));
	assert_true(mailboxes_has(m, span_of("b@c")));
	assert_false(mailboxes_has(m, span_of("b@a")));
	mailboxes_free(m);
	assert_int_equal(ftruncate(fd, (off_t)MAILBOXES_BYTES_MAX + 1), 0);
	assert_int_equal(mailboxes_read(path, &m, &why), -EFBIG);
	(void)close(fd);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mailboxes_read(path, &m, &why), -ENOENT);
	(void)snprintf(want, sizeof want,
	               "%s: no such file; create it, with a mail address or \"@domain\" a line, and reload", path);
	assert_string_equal(why.text, want);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(mailboxes_read(path, &m, &why), -EINVAL);
	(void)snprintf(want, sizeof want, "%s: not a file", path);
	assert_string_equal(why.text, want);
	assert_int_equal(unlink(path), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_and_domains),
		cmocka_unit_test(an_empty_file_has_nobody),
		cmocka_unit_test(lines_that_are_none),
		cmocka_unit_test(the_largest),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
