/* shared_good: the file with the key for sharing good networks: which texts are a key, and who may read the file. */
#include "testlib.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pipeline/shared_good.h"

static char path[] = "/tmp/shared_good.XXXXXX";

static int read_text(const char *text, mode_t mode, struct shared_good_key *ret, struct why *why)
{
	FILE *const file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
	return shared_good_read_key(path, ret, why);
}

static void test_texts(void **state)
{
	static const char *const none[] = {
		"",
		"\n",
		"0123",
		"00112233445566778899aabbccddeef",
		"00112233445566778899aabbccddeef\n",
		"00112233445566778899AABBCCDDEEFF",
		"00112233445566778899aabbccddeefg",
		"g0112233445566778899aabbccddeeff",
		"00112233445566778899aabbccddeeffx",
		"00112233445566778899aabbccddeeff\n\n",
		"0011223344556677 899aabbccddeeff\n",
	};
	static const char *const keys[] = {"00112233445566778899aabbccddeeff", "00112233445566778899aabbccddeeff\n"};
	struct shared_good_key key;
	struct why why;

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
		assert_int_equal(read_text(none[i], 0600, &key, &why), -EINVAL);
		assert_false(key.on);
		assert_non_null(strstr(why.text, "openssl rand -hex 16"));
	}
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		assert_int_equal(read_text(keys[i], 0640, &key, &why), 0);
		assert_true(key.on);
		for (size_t k = 0; k < SIPHASH_KEY; k++)
			assert_int_equal(key.bytes[k], k * 0x11);
	}
	assert_int_equal(read_text(keys[0], 0644, &key, &why), -EPERM);
	assert_false(key.on);
	assert_int_equal(shared_good_read_key("", &key, &why), 0);
	assert_false(key.on);
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
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_texts)};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
