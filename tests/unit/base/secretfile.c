/* secretfile: who may read files with secrets, and what is reported about an unusable one. */
#include "testlib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secretfile.h"

static char path[] = "/tmp/secretfile.XXXXXX";

static void put(const char *text, mode_t mode)
{
	write_text(path, text);
	assert_int_equal(chmod(path, mode), 0);
}

static int read_it(bool for_group, char *buf, size_t cap, size_t *ret_len, struct why *why)
{
	return secretfile_read(&(struct secretfile){path, "[x] y ", "'make it' makes one", for_group}, buf, cap,
	                       ret_len, why);
}

/* Every mode: no bit for others, none for the group but that it may read what is for it. */
static void test_modes(void **state)
{
	char buf[8], want[128];
	struct why why;
	size_t len;

	(void)state;
	for (unsigned for_group = 0; for_group < 2; for_group++)
		for (mode_t mode = 0; mode < 0100; mode++) {
			const bool usable =
				for_group ? mode == 0 || mode == 010 || mode == 040 || mode == 050 : mode == 0;

			put("secret", 0600 | mode);
			assert_int_equal(read_it(for_group, buf, sizeof buf, &len, &why), usable ? 0 : -EPERM);
			if (usable) {
				assert_int_equal(len, 6);
				assert_memory_equal(buf, "secret", 6);
				continue;
			}
			(void)snprintf(want, sizeof want, "[x] y %s: others may read it%s; 'chmod %s %s', ", path,
			               for_group ? ", or its group may write it" : "", for_group ? "640" : "600", path);
			assert_memory_equal(why.text, want, strlen(want));
		}
}

static void test_lengths(void **state)
{
	char buf[6];
	struct why why;
	size_t len;

	(void)state;
	put("", 0600);
	assert_int_equal(read_it(false, buf, sizeof buf, &len, &why), 0);
	assert_int_equal(len, 0);
	put("secret", 0600);
	assert_int_equal(read_it(false, buf, 6, &len, &why), 0);
	assert_int_equal(len, 6);
	assert_int_equal(read_it(false, buf, 5, &len, &why), -EINVAL);
	assert_non_null(strstr(why.text, "longer than 5 bytes"));
}

static void test_none(void **state)
{
	struct secretfile file = {"/nonexistent/secret", "", "'make it' makes one", false};
	char buf[8];
	struct why why;
	size_t len;

	(void)state;
	assert_int_equal(secretfile_read(&file, buf, sizeof buf, &len, &why), -ENOENT);
	assert_string_equal(why.text, "/nonexistent/secret: No such file or directory; 'make it' makes one");
	file.path = "/tmp";
	assert_int_equal(secretfile_read(&file, buf, sizeof buf, &len, &why), -EINVAL);
	assert_string_equal(why.text, "/tmp: not a regular file");
	file.path = "/dev/null";
	assert_int_equal(secretfile_read(&file, buf, sizeof buf, &len, &why), -EINVAL);
}

/* As a user who may not read it: to root every file is open. */
static void test_closed(void **state)
{
	const bool is_root = geteuid() == 0;
	char buf[8];
	struct why why;
	size_t len;

	(void)state;
	put("secret", 0);
	if (is_root)
		assert_int_equal(seteuid(65534), 0); /* nobody */
	assert_int_equal(read_it(false, buf, sizeof buf, &len, &why), -EACCES);
	assert_non_null(strstr(why.text, "must own it: 'chown "));
	assert_int_equal(read_it(true, buf, sizeof buf, &len, &why), -EACCES);
	assert_null(strstr(why.text, "must own it"));
	if (is_root)
		assert_int_equal(seteuid(0), 0);
}

static int make_file(void **state)
{
	const int fd = mkstemp(path);

	(void)state;
	return fd < 0 || close(fd) < 0;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_modes), cmocka_unit_test(test_lengths),
	                                   cmocka_unit_test(test_none), cmocka_unit_test(test_closed)};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
