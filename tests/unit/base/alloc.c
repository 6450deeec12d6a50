/* alloc: allocations have the requested size, and a failed one is named before the process ends. */
#include "base/alloc.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_contents(void **state)
{
	int *const zeros = alloc_zero(1000, sizeof *zeros, "zeros");
	void *const nothing = alloc_zero(0, sizeof(int), "nothing"), *const raw = alloc_raw(0, 1, "nothing");
	char *const text = alloc_text("abc", "a text"), *const part = alloc_text_n("abcdef", 2, "a text"),
		    *const whole = alloc_text_n("ab", 1000, "a text"),
		    *const sentence = alloc_format("a text", "%d %s", 7, "lines");
	void *const aligned = alloc_aligned(64, 128, "cache lines");

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(zeros[i], 0);
	assert_non_null(nothing);
	assert_non_null(raw);
	assert_string_equal(text, "abc");
	assert_string_equal(part, "ab");
	assert_string_equal(whole, "ab");
	assert_string_equal(sentence, "7 lines");
	assert_int_equal((uintptr_t)aligned % 64, 0);
	free(zeros);
	free(nothing);
	free(raw);
	free(text);
	free(part);
	free(whole);
	free(sentence);
	free(aligned);
}

static void test_growing(void **state)
{
	size_t *list = NULL, *rest = NULL;

	(void)state;
	for (size_t n = 0; n < 1000; n++) {
		list = alloc_one_more(list, n, sizeof *list, "numbers");
		list[n] = n;
	}
	rest = alloc_resize(list, 500, sizeof *list, "numbers");
	for (size_t n = 0; n < 500; n++)
		assert_int_equal(rest[n], n);
	free(rest);
}

/* The attributes would let the compiler warn of sizes that it knows. */
static volatile size_t huge = SIZE_MAX / 4;

static void fail_zero(void)
{
	free(alloc_zero(huge, 2, "the table of clients"));
}

static void fail_product(void)
{
	free(alloc_resize(NULL, huge, 8, "the table of clients"));
}

static void fail_check(void)
{
	(void)alloc_check(NULL, 0, "PCRE2's match data");
}

/* What a child writes to standard error, after what a sanitizer may say first, and that it ends by SIGABRT. */
static void last_words(void (*allocate)(void), char *text, size_t cap)
{
	int fds[2], status;
	const char *ours;
	size_t len = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
		(void)signal(SIGABRT, SIG_DFL); /* cmocka has its own */
		(void)dup2(fds[1], STDERR_FILENO);
		allocate();
		_exit(0);
	}
	(void)close(fds[1]);
	while ((got = read(fds[0], text + len, cap - 1 - len)) > 0)
		len += (size_t)got;
	text[len] = '\0';
	ours = strstr(text, "watchforspammers: ");
	assert_non_null(ours);
	(void)memmove(text, ours, strlen(ours) + 1);
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void test_failures(void **state)
{
	char text[512], want[512];

	(void)state;
	last_words(fail_zero, text, sizeof text);
	(void)snprintf(want, sizeof want,
	               "watchforspammers: out of memory: cannot allocate %zu bytes for the table of clients\n",
	               huge * 2);
	assert_string_equal(text, want);
	last_words(fail_product, text, sizeof text); /* more than a number can say */
	(void)snprintf(want, sizeof want,
	               "watchforspammers: out of memory: cannot allocate %zu bytes for the table of clients\n",
	               SIZE_MAX);
	assert_string_equal(text, want);
	last_words(fail_check, text, sizeof text);
	assert_string_equal(text, "watchforspammers: out of memory: cannot allocate PCRE2's match data\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contents),
		cmocka_unit_test(test_growing),
		cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
