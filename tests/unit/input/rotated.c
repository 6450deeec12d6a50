/* rotated: which names are rotations of a log, their order, and what is known about each. */
#include "input/rotated.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char directory[32], path[64];

static int setup(void **state)
{
	(void)state;
	(void)strcpy(directory, "/tmp/wfs-rotated-XXXXXX");
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(path, sizeof path, "%s/mail.log", directory);
	return 0;
}

static int teardown(void **state)
{
	DIR *const dir = opendir(directory);
	const struct dirent *entry;

	(void)state;
	if (dir == NULL)
		return -1;
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	(void)closedir(dir);
	return rmdir(directory);
}

static void put_bytes(const char *name, const void *bytes, size_t len, time_t mtime)
{
	const struct timespec times[2] = {{.tv_sec = mtime}, {.tv_sec = mtime}};
	char file[384];
	FILE *out;

	(void)snprintf(file, sizeof file, "%s/%s", directory, name);
	out = fopen(file, "we");
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(utimensat(AT_FDCWD, file, times, 0), 0);
}

static void put(const char *name, const char *text, time_t mtime)
{
	put_bytes(name, text, strlen(text), mtime);
}

/* The names, oldest first, separated by blanks. */
static const char *listed(bool compressed)
{
	static char names[4096];
	struct rotated *list;
	struct why why;
	size_t n;

	if (rotated_list(path, compressed, &list, &n, &why) < 0)
		fail_msg("%s", why.text);
	names[0] = '\0';
	for (size_t i = 0; i < n; i++) {
		(void)strcat(names, i > 0 ? " " : "");
		(void)strcat(names, strrchr(list[i].path, '/') + 1);
	}
	rotated_free(list, n);
	return names;
}

/* Each file alone. */
static void test_names(void **state)
{
	static const struct {
		const char *name;
		bool plain, compressed; /* it is listed without compressed ones, with them */
	} rows[] = {
		{"mail.log.1", true, true},
		{"mail.log.12", true, true},
		{"mail.log.20261120", true, true},
		{"mail.log-20261120", true, true},
		{"mail.log-20261120-1400", true, true},
		{"mail.log.1.gz", false, true},
		{"mail.log.1.bz2", false, true},
		{"mail.log.1.xz", false, true},
		{"mail.log-20261120.zst", false, true},
		{"mail.log.1.lz4", false, false},
		{"mail.log.1.Z", false, false},
		{"mail.log.1.zip", false, false},
		{"mail.log-1", false, false},
		{"mail.log.old", false, false},
		{"mail.log.gz", false, false},
		{"mail.log1", false, false},
		{"mail.log.", false, false},
		{"mail.logs.1", false, false},
		{"mail.err.1", false, false},
	};
	char file[384];

	(void)state;
	put("mail.log", "now\n", 1000);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		put(rows[i].name, "line\n", 900);
		assert_string_equal(listed(false), rows[i].plain ? rows[i].name : "");
		assert_string_equal(listed(true), rows[i].compressed ? rows[i].name : "");
		(void)snprintf(file, sizeof file, "%s/%s", directory, rows[i].name);
		assert_int_equal(unlink(file), 0);
	}
}

static void test_order(void **state)
{
	(void)state;
	put("mail.log.1", "b\n", 900);
	put("mail.log.2", "a\n", 800);
	put("mail.log.10", "c\n", 950); /* its time counts, not its number */
	assert_string_equal(listed(false), "mail.log.2 mail.log.1 mail.log.10");
	put("mail.log.2", "a\n", 900);
	put("mail.log.10", "c\n", 900); /* within one tick the numbers do, backwards */
	assert_string_equal(listed(false), "mail.log.10 mail.log.2 mail.log.1");
}

static void test_order_of_dates(void **state)
{
	(void)state;
	put("mail.log-20261121", "b\n", 900);
	put("mail.log-20261119", "a\n", 900);
	put("mail.log-20261120", "c\n", 900);
	assert_string_equal(listed(false), "mail.log-20261119 mail.log-20261120 mail.log-20261121");
}

/* The newest ROTATED_MAX. */
static void test_many(void **state)
{
	struct rotated *list;
	struct why why;
	size_t n;

	(void)state;
	for (int i = 1; i <= ROTATED_MAX + 3; i++) {
		char name[32];

		(void)snprintf(name, sizeof name, "mail.log.%d", i);
		put(name, "line\n", 1000 - i);
	}
	assert_int_equal(rotated_list(path, false, &list, &n, &why), 0);
	assert_int_equal(n, ROTATED_MAX);
	assert_string_equal(strrchr(list[0].path, '/'), "/mail.log.32");
	assert_string_equal(strrchr(list[n - 1].path, '/'), "/mail.log.1");
	rotated_free(list, n);
}

/* One that is being compressed counts once; neither a link nor a directory is a rotation, nor is the log under another
 * name. */
static void test_left_out(void **state)
{
	char file[384], other[384];

	(void)state;
	put("mail.log", "now\n", 1000);
	put("mail.log.1", "b\n", 900);
	put("mail.log.1.gz", "", 901);
	put("mail.log.2.gz", "", 800);
	(void)snprintf(file, sizeof file, "%s/mail.log.3", directory);
	assert_int_equal(symlink("mail.log.1", file), 0);
	(void)snprintf(other, sizeof other, "%s/mail.log.4", directory);
	assert_int_equal(link(path, other), 0);
	assert_string_equal(listed(true), "mail.log.2.gz mail.log.1");
	assert_string_equal(listed(false), "mail.log.1");
}

static void test_first_lines(void **state)
{
	/* printf 'packed\nmore\n' | gzip -n */
	unsigned char packed[] = {0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x2B,
	                          0x48, 0x4C, 0xCE, 0x4E, 0x4D, 0xE1, 0xCA, 0xCD, 0x2F, 0x4A, 0xE5,
	                          0x02, 0x00, 0x4D, 0xD5, 0x87, 0xC1, 0x0C, 0x00, 0x00, 0x00};
	static const struct {
		const char *name, *first;
		bool compressed;
		int64_t size;
	} want[] = {
		{"mail.log.4.gz", "", true, 0},
		{"mail.log.3.gz", "packed", true, 0},
		{"mail.log.2", "", false, 4},
		{"mail.log.1", "one", false, 8},
	};
	struct rotated *list;
	struct why why;
	size_t n;

	(void)state;
	put("mail.log.1", "one\ntwo\n", 900);
	put("mail.log.2", "part", 800);
	put_bytes("mail.log.3.gz", packed, sizeof packed, 700);
	packed[10] = 0xFF; /* damaged */
	put_bytes("mail.log.4.gz", packed, sizeof packed, 600);

	assert_int_equal(rotated_list(path, true, &list, &n, &why), 0);
	assert_int_equal(n, sizeof want / sizeof *want);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(strrchr(list[i].path, '/') + 1, want[i].name);
		assert_int_equal(list[i].compressed, want[i].compressed);
		assert_int_equal(list[i].size, want[i].size);
		assert_int_equal(list[i].first_len, strlen(want[i].first));
		assert_memory_equal(list[i].first, want[i].first, list[i].first_len);
	}
	rotated_free(list, n);
	rotated_free(NULL, 0);
}

static void test_errors(void **state)
{
	struct rotated *list;
	struct why why;
	size_t n;

	(void)state;
	assert_int_equal(rotated_list("mail.log", true, &list, &n, &why), -EINVAL);
	assert_string_equal(why.text, "mail.log: not an absolute path of a file");
	assert_int_equal(rotated_list("/nonexistent/mail.log", true, &list, &n, &why), -ENOENT);
	assert_string_equal(why.text, "cannot list /nonexistent/: No such file or directory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_order_of_dates, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many, setup, teardown),
		cmocka_unit_test_setup_teardown(test_left_out, setup, teardown),
		cmocka_unit_test_setup_teardown(test_first_lines, setup, teardown),
		cmocka_unit_test(test_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
