/* ini: what is accepted, what is refused with which sentence, and that every byte of a value is read back unchanged. */
#include "base/ini.h"
#include "testlib.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_VALUE = 2 << 20, GOT_MAX = 4096 };

static char directory[] = "/tmp/wfs-ini-XXXXXX";
static char path[64];

static int setup(void **state)
{
	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/file", directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink(path);
	return rmdir(directory);
}

/* "line [section]|" and "line key=value|" of every entry, or the sentence; exactly len bytes, for the sanitizer. */
static void read_text(const char *data, size_t len, char got[static GOT_MAX])
{
	char *const copy = malloc(len > 0 ? len : 1);
	struct ini *ini = NULL;
	struct why why = {""};
	size_t n = 0;
	int rc;

	assert_non_null(copy);
	memcpy(copy, data, len);
	got[0] = '\0';
	rc = ini_parse("f", copy, len, &ini, &why);
	free(copy);
	if (rc < 0) {
		assert_null(ini);
		assert_true(rc == -EINVAL || rc == -EFBIG);
		(void)snprintf(got, GOT_MAX, "%s", why.text);
		return;
	}
	assert_string_equal(ini->path, "f");
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *const e = &ini->entries[i];

		assert_int_equal(e->key == NULL, e->value == NULL);
		if (e->key == NULL)
			n += (size_t)snprintf(got + n, GOT_MAX - n, "%u [%s]|", e->line, e->section);
		else
			n += (size_t)snprintf(got + n, GOT_MAX - n, "%u %s=%s|", e->line, e->key, e->value);
	}
	ini_free(ini);
}

static void check(const char *data, size_t len, const char *want)
{
	char got[GOT_MAX];

	read_text(data, len, got);
	if (strcmp(got, want) != 0)
		fail_msg("\"%s\":\n got \"%s\"\nwant \"%s\"", data, got, want);
}

static void test_read(void **state)
{
	static const struct {
		const char *data, *want;
	} rows[] = {
		{"", ""},
		{"\n\n", ""},
		{"# only\n; comments\n", ""},
		{"[a]\n", "1 [a]|"},
		{"[a]", "1 [a]|"},
		{"[a]\nk = v\n", "1 [a]|2 k=v|"},
		{"[a]\nk = v", "1 [a]|2 k=v|"},
		{"[a]\nk=v", "1 [a]|2 k=v|"},
		{"[a]\n\tk\t=\tv \t\n", "1 [a]|2 k=v|"},
		{"[a]\nk =\n", "1 [a]|2 k=|"},
		{"[a]\nk =", "1 [a]|2 k=|"},
		{"[a]\nk = v w  x\n", "1 [a]|2 k=v w  x|"},
		{"[a]\nk = a=b == c\n", "1 [a]|2 k=a=b == c|"},
		{"[a]\nk = # no comment ; here\n", "1 [a]|2 k=# no comment ; here|"},
		{"[a]\nk = \"quoted\" 'too'\n", "1 [a]|2 k=\"quoted\" 'too'|"},
		{"[a]\nk = end \\\nj = 2\n", "1 [a]|2 k=end \\|3 j=2|"},
		{"[a]\nk = \\n\\t%s%d$HOME\n", "1 [a]|2 k=\\n\\t%s%d$HOME|"},
		{"[a]\nk = [b]\n", "1 [a]|2 k=[b]|"},
		{"[a]\n# c\n\n; c\nk = v\n  \nj = w\n", "1 [a]|5 k=v|7 j=w|"},
		{"[a]\r\nk = v\r\n\r\nj = w\r\n", "1 [a]|2 k=v|4 j=w|"},
		{"[a]\nk = v\r", "1 [a]|2 k=v|"},
		{"\xEF\xBB\xBF[a]\nk = v\n", "1 [a]|2 k=v|"},
		{"\xEF\xBB\xBF", ""},
		{"[a]\nk = 1\nK = 2\nj = 3\nk = 4\n", "1 [a]|2 k=1|3 k=2|4 j=3|5 k=4|"},
		{"[a]\nk = 1\n[b]\nk = 2\n[c]\n", "1 [a]|2 k=1|3 [b]|4 k=2|5 [c]|"},
		{"[a]\nz = 1\ny = 2\nx = 3\n", "1 [a]|2 z=1|3 y=2|4 x=3|"},
		{"[log /var/log/mail log]\nk=v\n", "1 [log /var/log/mail log]|2 k=v|"},
		{"[ a ]\nk=v\n", "1 [a]|2 k=v|"},
		{"[a]\nk x = v\n", "1 [a]|2 k x=v|"},
		{"[A]\nKey = v\n", "1 [A]|2 Key=v|"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(rows[i].data, strlen(rows[i].data), rows[i].want);
}

static void test_errors(void **state)
{
	static const struct {
		const char *data, *want;
	} rows[] = {
		{"k = v\n", "f:1: is before the first [section]"},
		{"# c\n\n k = v\n[a]\n", "f:3: is before the first [section]"},
		{"\xEF\xBB\xBFk = v\n", "f:1: is before the first [section]"},
		{"\xFF\xFE[a]\n", "f:1: is before the first [section]"},
		{"[a]\nword\n", "f:2: Equal sign is missing."},
		{"[a]\nk = v\n  no continuation\n", "f:3: Equal sign is missing."},
		{"[a]\nk : v\n", "f:2: Equal sign is missing."},
		{"[a]\nk = v\n\nbad\n[c]\nworse\n", "f:4: Equal sign is missing."}, /* the first of two */
		{"[a]\n= v\n", "f:2: Property name is missing."},
		{"[a\nk = v\n", "f:1: No closing bracket."},
		{"[]\nk = v\n", "f:1: Section name is missing."},
		{"[a]\rk = v\r", "f:1: No closing bracket."},
		{"[a]\nk = 1\n[a]\nj = 2\n", "f:3: Duplicate section is not allowed."},
		{"[a]\nk = 1\n[b]\n\n[A]\nj = 2\n", "f:5: Duplicate section is not allowed."},
		{"[a]\nk\xC3\xBC = 1\n", "f:2: a name may only have printable ASCII characters"},
		{"[a]\nk = \xC3\xBC\n\xC3\xBC = 1\n", "f:3: a name may only have printable ASCII characters"},
		{"[a]\n[log /\xC3\xBC]\n", "f:2: a name may only have printable ASCII characters"},
		{"[a]\nk\tx = 1\n", "f:2: a name may only have printable ASCII characters"},
	};
	char *const large = malloc((16 << 20) + 1);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check(rows[i].data, strlen(rows[i].data), rows[i].want);
	check("[a]\nk = v\nj = \0w\n", 17, "f:3: NUL byte; this is not a text file");
	check("\0", 1, "f:1: NUL byte; this is not a text file");
	assert_non_null(large);
	memset(large, '\n', (16 << 20) + 1);
	check(large, (16 << 20) + 1, "f: larger than 16 MiB");
	free(large);
}

/* All bytes but NUL, LF and those that are trimmed. */
static void test_bytes(void **state)
{
	char data[600] = "[a]\nk = <", want[600] = "1 [a]|2 k=<";
	size_t n = strlen(data), m = strlen(want);

	(void)state;
	for (unsigned byte = 1; byte < 256; byte++)
		if (byte != '\n')
			data[n++] = want[m++] = (char)byte;
	(void)strcpy(data + n, ">\n");
	(void)strcpy(want + m, ">|");
	check(data, strlen(data), want);
	/* Byte by byte, at both ends: only blanks of ASCII are trimmed, none of Latin-1. */
	for (unsigned byte = 0x80; byte < 256; byte++) {
		(void)snprintf(data, sizeof data, "[a]\nk = %c x %c\nj = %c", byte, byte, byte);
		(void)snprintf(want, sizeof want, "1 [a]|2 k=%c x %c|3 j=%c|", byte, byte, byte);
		check(data, strlen(data), want);
	}
}

static void test_long_value(void **state)
{
	char *const data = malloc(LONG_VALUE + 64);
	struct ini *ini = NULL;
	struct why why;

	(void)state;
	if (data == NULL)
		abort(); /* gcc does not know that cmocka's assertions end a test */
	for (unsigned turn = 0; turn < 2; turn++) {
		const int byte = turn == 0 ? 'x' : 0xFC;

		memcpy(data, "[a]\nk = ", 8);
		memset(data + 8, byte, LONG_VALUE);
		memcpy(data + 8 + LONG_VALUE, "\nj = 1", sizeof "\nj = 1");
		assert_int_equal(ini_parse("f", data, strlen(data), &ini, &why), 0);
		assert_int_equal(ini->n, 3);
		assert_int_equal(strlen(ini->entries[1].value), LONG_VALUE);
		assert_memory_equal(ini->entries[1].value, data + 8, LONG_VALUE);
		assert_string_equal(ini->entries[2].value, "1");
		assert_int_equal(ini->entries[2].line, 3);
		ini_free(ini);
	}
	free(data);
}

static void test_many_entries(void **state)
{
	enum { MANY = 4000 };
	char *const data = malloc(MANY * 32);
	struct ini *ini = NULL;
	struct why why;
	size_t n;

	(void)state;
	assert_non_null(data);
	n = (size_t)sprintf(data, "[a]\n");
	for (unsigned i = 0; i < MANY; i++)
		n += (size_t)sprintf(data + n, "address = 10.0.%u.%u\n", i / 250, i % 250);
	assert_int_equal(ini_parse("f", data, n, &ini, &why), 0);
	assert_int_equal(ini->n, MANY + 1);
	for (unsigned i = 0; i < MANY; i++) {
		char want[32];

		(void)snprintf(want, sizeof want, "10.0.%u.%u", i / 250, i % 250);
		assert_string_equal(ini->entries[i + 1].value, want);
		assert_int_equal(ini->entries[i + 1].line, i + 2);
	}
	ini_free(ini);
	free(data);
}

static void test_file(void **state)
{
	const bool root = geteuid() == 0;
	struct ini *ini = NULL;
	struct why why;
	char want[160];

	(void)state;
	write_file(path, "[a]\nk = v", 9);
	assert_int_equal(ini_read(path, &ini, &why), 0);
	assert_string_equal(ini->path, path);
	assert_string_equal(ini->entries[1].value, "v");
	ini_free(ini);
	ini = NULL;

	write_file(path, "", 0);
	assert_int_equal(ini_read(path, &ini, &why), 0);
	assert_int_equal(ini->n, 0);
	ini_free(ini);
	ini = NULL;

	write_file(path, "[a]\nbad\n", 8);
	assert_int_equal(ini_read(path, &ini, &why), -EINVAL);
	(void)snprintf(want, sizeof want, "%s:2: Equal sign is missing.", path);
	assert_string_equal(why.text, want);

	assert_int_equal(ini_read(directory, &ini, &why), -EINVAL);
	(void)snprintf(want, sizeof want, "%s: not a regular file of at most 16 MiB", directory);
	assert_string_equal(why.text, want);
	assert_int_equal(ini_read("/dev/null", &ini, &why), -EINVAL);

	assert_int_equal(truncate(path, (16 << 20) + 1), 0);
	assert_int_equal(ini_read(path, &ini, &why), -EINVAL);
	(void)unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(ini_read(path, &ini, &why), -EINVAL); /* and does not wait for a writer */
	(void)unlink(path);
	assert_int_equal(ini_read(path, &ini, &why), -ENOENT);
	(void)snprintf(want, sizeof want, "%s: No such file or directory", path);
	assert_string_equal(why.text, want);
	assert_int_equal(ini_read("/nowhere\x1b[31m", &ini, &why), -ENOENT);
	assert_string_equal(why.text, "/nowhere\\x1b[31m: No such file or directory");

	write_file(path, "[a]\n", 4);
	assert_int_equal(chmod(path, 0), 0);
	assert_int_equal(chmod(directory, 0711), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(ini_read(path, &ini, &why), -EACCES);
	if (root) {
		assert_int_equal(seteuid(0), 0);
		(void)prctl(PR_SET_DUMPABLE, 1); /* the change of user took it away, and the leak sanitizer needs it */
	}
	assert_null(ini);
	ini_free(NULL);
}

/* Whatever a file holds: a list or a sentence, never a crash. */
static void test_random(void **state)
{
	static const char letters[] = "[]=#;kab \t\r\n\n\n\\\"\x80\xC3\xBC\x1b/*";
	uint64_t random = 88172645463325252U;

	(void)state;
	for (unsigned turn = 0; turn < 20000; turn++) {
		char data[48], got[GOT_MAX];
		size_t len;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		len = random % sizeof data;
		for (size_t i = 0; i < len; i++) {
			random ^= random << 13;
			random ^= random >> 7;
			random ^= random << 17;
			data[i] = letters[(random >> 20) % (sizeof letters - 1)];
		}
		read_text(data, len, got);
		if (strncmp(got, "f:0:", 4) == 0)
			fail_msg("\"%.*s\": got \"%s\", want a line", (int)len, data, got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read),
		cmocka_unit_test(test_errors),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_long_value),
		cmocka_unit_test(test_many_entries),
		cmocka_unit_test(test_random),
		cmocka_unit_test_setup_teardown(test_file, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
