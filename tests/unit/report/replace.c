/* replace: a file is replaced as a whole and keeps its mode; what is no regular file, or a database, is left alone. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/replace.h"

static char dir[] = "/tmp/replace.XXXXXX";

static int setup(void **state)
{
	(void)state;
	return mkdtemp(dir) == NULL || chdir(dir) < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	(void)state;
	(void)unlink("list");
	(void)unlink("link");
	(void)unlink("fifo");
	(void)unlink("base");
	return rmdir(dir);
}

static void is_text(const char *path, const char *want)
{
	char got[32] = "";
	FILE *const file = fopen(path, "r");

	assert_non_null(file);
	assert_non_null(fgets(got, sizeof got, file));
	(void)fclose(file);
	assert_string_equal(got, want);
}

static void replaced(void **state)
{
	static const char *const texts[] = {"first", "second"};
	struct replace r;
	struct stat st;
	struct why why;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(replace_open(&r, "list", &why), 0);
		(void)fputs(texts[i], r.out);
		assert_int_equal(replace_commit(&r, &why), 0);
		is_text("list", texts[i]);
		assert_int_equal(chmod("list", 0640), 0);
	}
	assert_int_equal(replace_open(&r, "list", &why), 0);
	(void)fputs("third", r.out);
	replace_abandon(&r);
	is_text("list", "second");
	assert_int_equal(replace_open(&r, "list", &why), 0);
	assert_int_equal(replace_commit(&r, &why), 0);
	assert_int_equal(stat("list", &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
}

static void left_alone(void **state)
{
	static const char *const paths[] = {"link", "fifo", "/dev/null", ".", "base"};
	static const char magic[32] = "SQLite format 3";
	struct replace r;
	struct why why;
	FILE *base;

	(void)state;
	assert_int_equal(symlink("list", "link"), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	base = fopen("base", "we");
	assert_non_null(base);
	assert_int_equal(fwrite(magic, sizeof magic, 1, base), 1);
	assert_int_equal(fclose(base), 0);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_int_equal(replace_open(&r, paths[i], &why), -EINVAL);
		assert_non_null(strstr(why.text, "name another one"));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {cmocka_unit_test(replaced), cmocka_unit_test(left_alone)};

	return cmocka_run_group_tests_name("replace", tests, setup, teardown);
}
