/* sign: keys and signatures. The known answer is test 1 of RFC 8032, 7.1. */
#include "testlib.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "share/sign.h"

#define SECRET    "ed25519-secret:nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=\n"
#define PUBLIC    "ed25519:11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
#define SIGNATURE "ed25519:5VZDAMNgrHKQhuLMgG6CioSHfx645dl02HPgZSJJAVVfuIIVkKM7rMYeOXAc+bRr0lv18FlbviRlUUFDjnoQCw=="

static char path[] = "/tmp/wfs-sign-XXXXXX", file[64];

static int make_directory(void **state)
{
	(void)state;
	if (mkdtemp(path) == NULL)
		return -1;
	(void)snprintf(file, sizeof file, "%s/key", path);
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	(void)unlink(file);
	return rmdir(path);
}

static void test_known(void **state)
{
	char signature[MESSAGE_SIGNATURE_MAX];
	struct sign_key key;
	struct why why;

	(void)state;
	write_text(file, SECRET);
	assert_int_equal(chmod(file, 0600), 0);
	assert_int_equal(sign_load(file, &key, &why), 0);
	assert_string_equal(key.public, PUBLIC);
	sign_make(&key, (struct span){"", 0}, signature);
	assert_string_equal(signature, SIGNATURE);
	assert_true(sign_verify(PUBLIC, SIGNATURE, (struct span){"", 0}));
	assert_int_equal(unlink(file), 0);
}

static void test_new(void **state)
{
	static const char bytes[] = "some bytes that are signed";
	char signature[MESSAGE_SIGNATURE_MAX], changed[sizeof bytes];
	struct sign_key key, other;
	struct why why;
	struct stat st;

	(void)state;
	assert_int_equal(sign_create(file, "no-such-group", &why), 0);
	assert_int_equal(stat(file, &st), 0);
	assert_int_equal(st.st_mode & 0137, 0);
	assert_int_equal(sign_create(file, "no-such-group", &why), -EEXIST);
	assert_int_equal(sign_load(file, &key, &why), 0);
	sign_make(&key, (struct span){bytes, sizeof bytes}, signature);
	assert_true(sign_verify(key.public, signature, (struct span){bytes, sizeof bytes}));
	for (size_t i = 0; i < sizeof bytes; i++) {
		memcpy(changed, bytes, sizeof bytes);
		changed[i] ^= 1;
		assert_false(sign_verify(key.public, signature, (struct span){changed, sizeof bytes}));
	}
	assert_int_equal(unlink(file), 0);
	assert_int_equal(sign_create(file, "no-such-group", &why), 0);
	assert_int_equal(sign_load(file, &other, &why), 0);
	assert_string_not_equal(key.public, other.public);
	assert_false(sign_verify(other.public, signature, (struct span){bytes, sizeof bytes}));
}

static void test_bad_text(void **state)
{
	static const char *const texts[] = {"",         "ed25519:", "ed25519:AAAA", "rsa:" PUBLIC,
	                                    PUBLIC "=", PUBLIC " ", SIGNATURE};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_false(sign_verify(texts[i], SIGNATURE, (struct span){"", 0}));
		if (i < 6)
			assert_false(sign_verify(PUBLIC, texts[i], (struct span){"", 0}));
	}
}

static void test_bad_file(void **state)
{
	struct sign_key key;
	struct why why;

	(void)state;
	(void)unlink(file);
	assert_int_equal(sign_load(file, &key, &why), -ENOENT);
	assert_non_null(strstr(why.text, "makes a key"));
	write_text(file, SECRET);
	assert_int_equal(chmod(file, 0644), 0);
	assert_int_equal(sign_load(file, &key, &why), -EPERM);
	assert_int_equal(chmod(file, 0660), 0);
	assert_int_equal(sign_load(file, &key, &why), -EPERM);
	write_text(file, "ed25519-secret:AAAA\n");
	assert_int_equal(chmod(file, 0640), 0);
	assert_int_equal(sign_load(file, &key, &why), -EINVAL);
	assert_int_equal(sign_create("/nonexistent/key", "root", &why), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_known), cmocka_unit_test(test_new),
	                                   cmocka_unit_test(test_bad_text), cmocka_unit_test(test_bad_file)};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
