/* domain: registered names under the public suffixes of the list, and what is no host name. */
#include "base/domain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_names(void **state)
{
	/* want NULL: none */
	static const struct {
		const char *name, *want;
	} rows[] = {
		{"example.com", "example.com"},
		{"a.b.c.example.com", "example.com"},
		{"MX.Example.COM", "Example.COM"},
		{"mx.example.co.uk", "example.co.uk"},
		{"mx.example.com.br", "example.com.br"},
		{"mx.example.com.au", "example.com.au"},
		{"mx.abc.de", "abc.de"}, /* three letters under two are no suffix by themselves */
		{"mx.bbc.uk", "bbc.uk"},
		{"a.somebody.github.io", "somebody.github.io"},
		{"somebody.github.io", "somebody.github.io"},
		{"www.city.kawasaki.jp", "city.kawasaki.jp"}, /* an exception of the list */
		{"a.b.c.kawasaki.jp", "b.c.kawasaki.jp"},     /* a wildcard */
		{"mx.example.invalid", "example.invalid"},    /* no such top-level domain: one label under it */
		{"xn--mnchen-3ya.de", "xn--mnchen-3ya.de"},
		{"a_b.example.net", "example.net"},
		{"co.uk", NULL},
		{"com.br", NULL},
		{"github.io", NULL},
		{"com", NULL},
		{"localhost", NULL},
		{"", NULL},
		{".", NULL},
		{"..", NULL},
		{".com", NULL},
		{"mx.example.com.", NULL},
		{"10.9.8.7", NULL},
		{"[10.9.8.7]", NULL},
		{"2001:db8::7", NULL},
		{"m\xc3\xbcnchen.example.de", NULL},
		{"a b.example.de", NULL},
		{"a\n.example.de", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct span got = domain_registered((struct span){rows[i].name, strlen(rows[i].name)});
		const char *const want = rows[i].want;

		if (want == NULL ? got.p != NULL : got.p == NULL || !span_is(got, want))
			fail_msg("%s: got %.*s, want %s", rows[i].name, got.p == NULL ? 4 : (int)got.len,
			         got.p == NULL ? "none" : got.p, want == NULL ? "none" : want);
	}
}

/* A piece of a longer buffer, a NUL in it, the longest name and one more byte, and no name at all. */
static void test_spans(void **state)
{
	static const char text[] = "mx.example.comXXXX";
	struct span got = domain_registered((struct span){text, 14});
	char longer[256];

	(void)state;
	assert_ptr_equal(got.p, text + 3);
	assert_int_equal(got.len, 11);
	assert_null(domain_registered((struct span){"a\0.example.com", 14}).p);
	assert_null(domain_registered((struct span){NULL, 0}).p);
	memset(longer, 'a', sizeof longer);
	memcpy(longer + 255 - 4, ".com", 4);
	for (size_t i = 50; i < 250; i += 50)
		longer[i] = '.';
	assert_int_equal(domain_registered((struct span){longer, 255}).len, 54);
	memcpy(longer + 256 - 4, ".com", 4);
	assert_null(domain_registered((struct span){longer, 256}).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_spans)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
