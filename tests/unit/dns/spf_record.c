/* spf_record: records as terms, and what is no record. */
#undef NDEBUG
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dns/spf_record.h"

/* "+a:example.com/24//64; -all", or "error: ...". */
static const char *got(const char *record)
{
	static const char *const kinds[] = {"all", "ip", "a", "mx", "include", "ptr", "exists", "redirect"};
	static char text[4096];
	struct spf_record r;
	struct why why;
	size_t n = 0;

	if (spf_record_parse((struct span){record, strlen(record)}, &r, &why) < 0) {
		(void)snprintf(text, sizeof text, "error: %s", why.text);
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < r.n; i++) {
		const struct spf_record_term *const t = &r.terms[i];
		char net[NET_TEXT_MAX];

		n += (size_t)snprintf(text + n, sizeof text - n, "%s%c%s", i > 0 ? "; " : "", t->qualifier,
		                      kinds[t->kind]);
		if (t->kind == SPF_RECORD_IP) {
			(void)net_text(&t->net, net);
			n += (size_t)snprintf(text + n, sizeof text - n, ":%s", net);
		}
		if (t->macro || t->domain[0] != '\0')
			n += (size_t)snprintf(text + n, sizeof text - n, ":%s", t->macro ? "MACRO" : t->domain);
		if (t->kind == SPF_RECORD_A || t->kind == SPF_RECORD_MX)
			n += (size_t)snprintf(text + n, sizeof text - n, "/%u//%u", t->len4, t->len6);
	}
	spf_record_done(&r);
	return text;
}

static const struct {
	const char *record, *want;
} rows[] = {
	{"v=spf1", ""},
	{"v=spf1 -all", "-all"},
	{"V=SPF1   ?ALL  ", "?all"},
	{"v=spf1 ip4:192.0.2.7 ip4:192.0.2.9/24 IP6:2001:DB8::1/32 ip6:2001:db8::7 ~all",
         "+ip:192.0.2.7; +ip:192.0.2.0/24; +ip:2001:db8::/32; +ip:2001:db8::7; ~all"},
	{"v=spf1 a mx -a:Mail.Example.COM. mx:example.net/28 a/24 a//64 a:x.example/0//0",
         "+a/32//128; +mx/32//128; -a:mail.example.com/32//128; +mx:example.net/28//128; +a/24//128; +a/32//64; +a:x.example/0//0"},
	{"v=spf1 include:_spf.example.com ?include:b.example redirect=c.example a",
         "+include:_spf.example.com; ?include:b.example; "
         "+a/32//128; +redirect:c.example"},
	{"v=spf1 ptr ptr:example.com exists:%{i}._spf.example.com -exists:example.com",
         "+ptr; +ptr:example.com; +exists:MACRO; -exists:example.com"},
	{"v=spf1 include:%{d2}._spf.%{o} a:%{d}/24//64 redirect=%{d1r/}.x a:%{l/-}.example/24",
         "+include:MACRO; +a:MACRO/24//64; +a:MACRO/24//128; +redirect:MACRO"},
	{"v=spf1 exp=explain.%{d} moo=baa x-1.2_3=%%% -all", "-all"},
	/* What is none: the whole record has an error. */
	{"v=spf1 ip4:192.0.2.0/24 foo -all", "error: \"foo\" is no valid SPF term"},
	{"v=spf1 all:example.com", "error: \"all:example.com\" is no valid SPF term"},
	{"v=spf1 include", "error: \"include\" is no valid SPF term"},
	{"v=spf1 include:", "error: \"include:\" is no valid SPF term"},
	{"v=spf1 exists", "error: \"exists\" is no valid SPF term"},
	{"v=spf1 a:", "error: \"a:\" is no valid SPF term"},
	{"v=spf1 a/33", "error: \"a/33\" is no valid SPF term"},
	{"v=spf1 a/", "error: \"a/\" is no valid SPF term"},
	{"v=spf1 a//129", "error: \"a//129\" is no valid SPF term"},
	{"v=spf1 a/024", "error: \"a/024\" is no valid SPF term"},
	{"v=spf1 a/24/64", "error: \"a/24/64\" is no valid SPF term"},
	{"v=spf1 include:example.com/24", "error: \"include:example.com/24\" is no valid SPF term"},
	{"v=spf1 ip4:192.0.2.0/33", "error: \"ip4:192.0.2.0/33\" is no valid SPF term"},
	{"v=spf1 ip4:192.0.2", "error: \"ip4:192.0.2\" is no valid SPF term"},
	{"v=spf1 ip4:2001:db8::1", "error: \"ip4:2001:db8::1\" is no valid SPF term"},
	{"v=spf1 ip6:192.0.2.1", "error: \"ip6:192.0.2.1\" is no valid SPF term"},
	{"v=spf1 ip4", "error: \"ip4\" is no valid SPF term"},
	{"v=spf1 ip4:", "error: \"ip4:\" is no valid SPF term"},
	{"v=spf1 +-all", "error: \"+-all\" is no valid SPF term"},
	{"v=spf1 -", "error: \"-\" is no valid SPF term"},
	{"v=spf1 a:exa..mple", "error: \"a:exa..mple\" is no valid SPF term"},
	{"v=spf1 a:.example", "error: \"a:.example\" is no valid SPF term"},
	{"v=spf1 redirect=", "error: \"redirect=\" is no valid SPF term"},
	{"v=spf1 redirect=a.example redirect=b.example", "error: \"redirect=b.example\" is no valid SPF term"},
	{"v=spf1 exp=a.example exp=b.example", "error: \"exp=b.example\" is no valid SPF term"},
	{"v=spf1 -redirect=a.example", "error: \"-redirect=a.example\" is no valid SPF term"},
	{"v=spf1 \ta", "error: \"\\x09a\" is no valid SPF term"},
	{"v=spf1 \033[2J", "error: \"\\x1b[2J\" is no valid SPF term"},
};

static void terms(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(got(rows[i].record), rows[i].want);
}

static void too_many_terms(void **state)
{
	char *const text = malloc(SPF_RECORD_TERMS_MAX * 3 + 16);
	size_t n;

	(void)state;
	assert_non_null(text);
	n = (size_t)sprintf(text, "v=spf1");
	for (size_t i = 0; i <= SPF_RECORD_TERMS_MAX; i++)
		n += (size_t)sprintf(text + n, " a");
	assert_string_equal(got(text), "error: more than 1024 terms");
	free(text);
}

static void versions(void **state)
{
	(void)state;
	assert_true(spf_record_is((struct span){"v=spf1", 6}));
	assert_true(spf_record_is((struct span){"V=spf1 a", 8}));
	assert_false(spf_record_is((struct span){"v=spf10 a", 9}));
	assert_false(spf_record_is((struct span){"v=spf1\ta", 8}));
	assert_false(spf_record_is((struct span){" v=spf1", 7}));
	assert_false(spf_record_is((struct span){"v=spf", 5}));
	assert_false(spf_record_is((struct span){"", 0}));
}

static void domains(void **state)
{
	char out[REPLY_NAME_MAX], name[300];

	(void)state;
	assert_true(spf_record_domain((struct span){"Example.ORG.", 12}, out));
	assert_string_equal(out, "example.org");
	assert_false(spf_record_domain((struct span){".", 1}, out));
	assert_false(spf_record_domain((struct span){"a b", 3}, out));
	memset(name, 'a', sizeof name);
	assert_true(spf_record_domain((struct span){name, 63}, out));
	assert_false(spf_record_domain((struct span){name, 64}, out));
	for (size_t i = 50; i < sizeof name; i += 50)
		name[i] = '.';
	assert_true(spf_record_domain((struct span){name, REPLY_NAME_MAX - 1}, out));
	assert_false(spf_record_domain((struct span){name, REPLY_NAME_MAX}, out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(terms), cmocka_unit_test(too_many_terms),
	                                   cmocka_unit_test(versions), cmocka_unit_test(domains)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
