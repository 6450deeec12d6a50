/*
 * spf: zones, and the networks that result. For each row, the answers arrive as from name servers, one after the
 * other.
 */
#undef NDEBUG
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "dns/spf.h"

/* Lines "NAME TYPE VALUE..."; TYPE TXT: the rest is one text; "fails": servfail for all types. */
static char zone[200000];

static unsigned asked;

static bool is_type(const char *word, enum reply_type type)
{
	static const struct {
		const char *word;
		enum reply_type type;
	} types[] = {{"A", REPLY_A}, {"AAAA", REPLY_AAAA}, {"TXT", REPLY_TXT}, {"MX", REPLY_MX}};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (strcmp(types[i].word, word) == 0)
			return types[i].type == type;
	return false;
}

static void add_value(struct reply *reply, enum reply_type type, const char *value)
{
	reply->outcome = REPLY_RECORDS;
	if (type == REPLY_A || type == REPLY_AAAA) {
		struct net net;

		assert_true(net_parse(value, strlen(value), &net));
		nets_add(&reply->nets, &net);
	} else {
		reply->texts = alloc_one_more(reply->texts, reply->n, sizeof *reply->texts, "a test");
		reply->texts[reply->n++] = alloc_text(value, "a test");
	}
}

static void answer(const struct lookups_entry *e, struct reply *ret)
{
	char *const copy = alloc_text(zone, "a test");
	char *save = NULL;

	*ret = (struct reply){.outcome = REPLY_NONE};
	for (char *line = strtok_r(copy, "\n", &save); line != NULL; line = strtok_r(NULL, "\n", &save)) {
		char *words = NULL;
		const char *const name = strtok_r(line, " ", &words), *const type = strtok_r(NULL, " ", &words);

		if (strcmp(name, e->name) != 0)
			continue;
		if (strcmp(type, "fails") == 0)
			ret->outcome = REPLY_FAILED;
		else if (is_type(type, e->type) && e->type == REPLY_TXT)
			add_value(ret, e->type, words);
		else if (is_type(type, e->type))
			for (const char *value = strtok_r(NULL, " ", &words); value != NULL;
			     value = strtok_r(NULL, " ", &words))
				add_value(ret, e->type, value);
	}
	nets_seal(&ret->nets);
	if (ret->outcome == REPLY_RECORDS)
		ret->ttl_s = 3600;
	free(copy);
}

/* The networks, or the error, of example.com; "(...)" around notes. */
static const char *got(void)
{
	static char text[16384];
	static struct lookups lookups;
	struct spf_networks networks;
	struct why why;
	size_t n = 0;
	int rc;

	asked = 0;
	while ((rc = spf_expand("example.com", &lookups, &networks, &why)) == SPF_WAITS) {
		size_t i = 0;
		struct reply reply;

		while (i < lookups.n && lookups.entries[i].state == LOOKUPS_KNOWN)
			i++;
		assert_true(i < lookups.n);
		answer(&lookups.entries[i], &reply);
		lookups_answer(&lookups, i, &reply);
		asked++;
	}
	lookups_done(&lookups);
	assert_true(rc <= 0);
	if (rc < 0) {
		assert_int_equal(networks.nets.n, 0);
		(void)snprintf(text, sizeof text, "%s: %s",
		               rc == -EAGAIN   ? "again"
		               : rc == -ENOENT ? "none"
		                               : "error",
		               why.text);
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < networks.nets.n; i++) {
		char net[NET_TEXT_MAX];

		(void)net_text(&networks.nets.list[i], net);
		n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", i > 0 ? " " : "", net);
	}
	for (size_t i = 0; i < networks.n_notes; i++)
		n += (size_t)snprintf(text + n, sizeof text - n, "%s(%s)", n > 0 ? " " : "", networks.notes[i]);
	nets_done(&networks.nets);
	return text;
}

#define E     "example.com TXT v=spf1 "
#define OTHER "a.example TXT v=spf1 "

static const struct {
	const char *zone, *want;
} rows[] = {
	{"", "none: example.com has no SPF record"},
	{"example.com TXT hello\nexample.com TXT v=spf10 a\n", "none: example.com has no SPF record"},
	{"example.com fails\n", "again: example.com: no name server answers"},
	{"example.com TXT v=spf1\n", ""},
	{E "-all\n", ""},
	{E "ip4:192.0.2.0/24 ip6:2001:db8::/32 -all\n", "192.0.2.0/24 2001:db8::/32"},
	{"example.com TXT google=1\n" E "ip4:192.0.2.7 ~all\n", "192.0.2.7"},
	{E "ip4:192.0.2.7 -all ip4:192.0.2.8\n", "192.0.2.7"},
	{E "ip4:192.0.2.7\n" E "ip4:192.0.2.7\n", "error: SPF of example.com: more than one record"},
	{E "ip4:192.0.2.7 fo\n", "error: SPF of example.com: \"fo\" is no valid SPF term"},
	/* names */
	{E
         "a mx -all\nexample.com A 192.0.2.1 192.0.2.3\nexample.com AAAA 2001:db8::1\nexample.com MX m.example\nm.example A 203.0.113.5\n",
         "192.0.2.1 192.0.2.3 203.0.113.5 2001:db8::1"},
	{E
         "a:m.example/24//64 mx/30 -all\nm.example A 203.0.113.5\nm.example AAAA 2001:db8::1\nexample.com MX m.example\n",
         "203.0.113.0/24 2001:db8::/64"},
	{E "mx -all\nexample.com MX " /* the root: no mail at all */ "\n", ""},
	{E "a mx include:a.example -all\n" OTHER "a:none.example\n",
         "error: SPF of a.example: more than 2 of its names do not exist"},
	{E "a mx include:a.example -all\n" OTHER "ip4:192.0.2.7\n", "192.0.2.7"},
	{E "a:a.example ip4:192.0.2.7\na.example fails\n", "again: a.example: no name server answers"},
	/* others' records */
	{E "include:a.example ip4:192.0.2.1 -all\n" OTHER
           "ip4:192.0.2.7 include:b.example -all\nb.example TXT v=spf1 ip4:192.0.2.8 ?all\n",
         "192.0.2.1 192.0.2.7 192.0.2.8"},
	{E "redirect=a.example\n" OTHER "ip4:192.0.2.7 -all\n", "192.0.2.7"},
	{E "redirect=a.example -all\n" OTHER "ip4:192.0.2.7 -all\n", ""},
	{E "redirect=a.example ip4:192.0.2.1\n" OTHER "ip4:192.0.2.7 -all\n", "192.0.2.1 192.0.2.7"},
	{E "include:a.example -all\n", "error: SPF of example.com: a.example, which it names, has no SPF record"},
	{E "redirect=a.example\n", "error: SPF of example.com: a.example, which it names, has no SPF record"},
	{E "include:a.example ip4:192.0.2.1\n" OTHER "what\n",
         "error: SPF of a.example: \"what\" is no valid SPF term"},
	{E "include:a.example ip4:192.0.2.1\na.example fails\n", "again: a.example: no name server answers"},
	/* the first term that matches decides */
	{E "-ip4:192.0.2.0/25 ip4:192.0.2.0/24 -all\n", "192.0.2.128/25"},
	{E "ip4:192.0.2.0/24 -ip4:192.0.2.0/25 -all\n", "192.0.2.0/24"},
	{E "?ip4:192.0.2.4/31 ~ip4:192.0.2.0 ip4:192.0.2.0/29\n", "192.0.2.1 192.0.2.2/31 192.0.2.6/31"},
	{E "-include:a.example ip4:192.0.2.0/30\n" OTHER "ip4:192.0.2.1 -ip4:192.0.2.2 -all\n",
         "192.0.2.0 192.0.2.2/31"},
	{E "-ip6:2001:db8::/127 ip6:2001:db8::/126\n", "2001:db8::2/127"},
	{E "-ip4:192.0.2.0/24 redirect=a.example\n" OTHER "ip4:192.0.2.7 ip4:203.0.113.7\n", "203.0.113.7"},
	{E "-ip4:192.0.2.0/24 ip4:192.0.2.7\n", ""},
	/* what depends on the message */
	{E "ptr exists:%{i}.x.example ip4:192.0.2.7 include:%{d}.x -all\n",
         "192.0.2.7 (example.com: \"ptr\" depends on the message; it allows nothing) (example.com: \"exists:%{i}.x.example\" depends on the "
         "message; it allows nothing) (example.com: \"include:%{d}.x\" depends on the message; it allows nothing)"},
	/* everybody */
	{E "ip4:192.0.2.7 +all\n", "error: SPF of example.com: \"+all\" allows everybody"},
	{E "ip4:192.0.2.7 all\n", "error: SPF of example.com: \"all\" allows everybody"},
	{E "include:a.example -all\n" OTHER "all\n", "error: SPF of a.example: \"all\" allows everybody"},
	{E "ip4:10.0.0.0/8\n", "10.0.0.0/8"},
	{E "ip4:10.0.0.0/8 ip4:192.0.2.7\n",
         "error: SPF of example.com: its networks are larger than an IPv4 /8 or an IPv6 /20 together"},
	{E "ip4:0.0.0.0/0 -all\n",
         "error: SPF of example.com: its networks are larger than an IPv4 /8 or an IPv6 /20 together"},
	{E "ip4:0.0.0.0/1 ip4:128.0.0.0/1 -all\n",
         "error: SPF of example.com: its networks are larger than an IPv4 /8 or an IPv6 /20 together"},
	{E "a/0\nexample.com A 192.0.2.7\n",
         "error: SPF of example.com: its networks are larger than an IPv4 /8 or an IPv6 /20 together"},
	{E "ip6:::/0\n", "error: SPF of example.com: its networks are larger than an IPv4 /8 or an IPv6 /20 together"},
	{E "ip6:2001::/20\n", "2001::/20"},
	{E "ip6:2001::/19\n",
         "error: SPF of example.com: its networks are larger than an IPv4 /8 or an IPv6 /20 together"},
	{E "ip6:2001::/20 ip6:2a00::/40\n",
         "error: SPF of example.com: its networks are larger than an IPv4 /8 or an IPv6 /20 together"},
	{E "-ip4:10.0.0.0/8 ip4:10.0.0.0/7\n", "11.0.0.0/8"},
	/* loops */
	{E "include:example.com ip4:192.0.2.7\n", "error: SPF of example.com: it includes itself, through example.com"},
	{E "include:a.example\n" OTHER "redirect=Example.COM\n",
         "error: SPF of example.com: it includes itself, through a.example"},
};

static void zones(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		(void)snprintf(zone, sizeof zone, "%s", rows[i].zone);
		assert_string_equal(got(), rows[i].want);
	}
}

/* As many terms that ask as there may be, in one record and one below the other; and one more. */
static void limits(void **state)
{
	for (unsigned n = SPF_LOOKUPS_MAX; n <= SPF_LOOKUPS_MAX + 1; n++) {
		size_t len = (size_t)sprintf(zone, "m.example A 192.0.2.7\nexample.com TXT v=spf1");

		for (unsigned i = 0; i < n; i++)
			len += (size_t)sprintf(zone + len, " a:m.example");
		(void)sprintf(zone + len, "\n");
		assert_string_equal(got(),
		                    n == SPF_LOOKUPS_MAX
		                            ? "192.0.2.7"
		                            : "error: SPF of example.com: more than 10 terms that ask name servers");
		len = (size_t)sprintf(zone, "example.com TXT v=spf1 include:1.example\n");
		for (unsigned i = 1; i <= n; i++)
			len += i < n ? (size_t)sprintf(zone + len,
			                               "%u.example TXT v=spf1 ip4:192.0.2.%u include:%u.example\n", i,
			                               i, i + 1)
			             : (size_t)sprintf(zone + len, "%u.example TXT v=spf1 ip4:192.0.2.100\n", i);
		assert_string_equal(got(),
		                    n == SPF_LOOKUPS_MAX
		                            ? "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 "
		                              "192.0.2.8 192.0.2.9 192.0.2.100"
		                            : "error: SPF of 10.example: more than 10 terms that ask name servers");
	}
	(void)state;
}

/* Three hundred includes, each with three hundred: few questions, whatever is behind them. */
static void very_many_includes(void **state)
{
	size_t len = (size_t)sprintf(zone, "example.com TXT v=spf1");

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		len += (size_t)sprintf(zone + len, " include:%u.example", i);
	len += (size_t)sprintf(zone + len, "\n");
	for (unsigned i = 0; i < 12; i++) {
		len += (size_t)sprintf(zone + len, "%u.example TXT v=spf1", i);
		for (unsigned j = 0; j < 300; j++)
			len += (size_t)sprintf(zone + len, " mx:%u-%u.example", i, j);
		len += (size_t)sprintf(zone + len, "\n");
	}
	assert_string_equal(got(), "error: SPF of example.com: more than 10 terms that ask name servers");
	assert_in_range(asked, 1, 1 + SPF_LOOKUPS_MAX);
}

static void mail_servers(void **state)
{
	(void)state;
	for (unsigned n = SPF_MX_MAX; n <= SPF_MX_MAX + 1; n++) {
		size_t len = (size_t)sprintf(zone, "example.com TXT v=spf1 mx -all\n");

		for (unsigned i = 1; i <= n; i++)
			len += (size_t)sprintf(zone + len, "example.com MX %u.example\n%u.example A 192.0.2.%u\n", i, i,
			                       2 * i);
		assert_string_equal(
			got(), n == SPF_MX_MAX
				       ? "192.0.2.2 192.0.2.4 192.0.2.6 192.0.2.8 192.0.2.10 192.0.2.12 192.0.2.14 "
					 "192.0.2.16 192.0.2.18 192.0.2.20"
				       : "error: SPF of example.com: more than 10 mail servers");
	}
}

/* A long record; and a network from which very many single addresses are excluded. */
static void very_many_networks(void **state)
{
	size_t len = (size_t)sprintf(zone, "example.com TXT v=spf1");

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		len += (size_t)sprintf(zone + len, " -ip4:10.%u.%u.77", i / 100, i % 100);
	(void)sprintf(zone + len, " ip4:10.0.0.0/8\n");
	assert_string_equal(got(), "error: SPF of example.com: more than 4096 networks");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zones),
		cmocka_unit_test(limits),
		cmocka_unit_test(mail_servers),
		cmocka_unit_test(very_many_includes),
		cmocka_unit_test(very_many_networks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
