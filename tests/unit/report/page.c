/* page, summary: hostile text stays text in every place; the text fits a terminal; an empty report is no error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/page.h"
#include "report/summary.h"

enum { NOW_S = 1795910144, DAYS = 40 };

static char markup[] = "<script>alert('x')</script>&\"</title>";

/* Every text of it is markup. */
static void fill(struct report *r, struct report_day *days, struct report_row rows[3])
{
	*r = (struct report){.query = {.from_s = NOW_S - DAYS * 86400,
	                               .until_s = NOW_S,
	                               .now_s = NOW_S,
	                               .category = markup,
	                               .utc = true},
	                     .first_day = NOW_S / 86400 - DAYS + 1,
	                     .n_days = DAYS,
	                     .days = days,
	                     .hits = 1234567,
	                     .blocks = 12};
	for (size_t i = 0; i < DAYS; i++)
		days[i] = (struct report_day){.hits = (int64_t)i * 1000, .by_category = {[0] = (int64_t)i * 1000}};
	for (size_t i = 0; i < 3; i++)
		rows[i] = (struct report_row){
			.name = markup, .reason = markup, .category = markup, .hits = 1234567, .blocks = 12};
	r->categories = (struct report_rows){1, &rows[0]};
	r->rules = (struct report_rows){1, &rows[1]};
	r->lists = (struct report_rows){1, &rows[2]};
	r->hours[0][23] = 7;
	r->networks.n = r->addresses_worst.n = 1;
	assert_true(net_parse("2001:db8::/32", 13, &r->networks.list[0].net));
	assert_true(net_parse("2001:db8:1111:2222:3333:4444:5555:6666", 38, &r->addresses_worst.list[0].net));
	r->n_acts = 1;
	r->acts[0] = (struct report_act){NOW_S, markup, markup, markup, markup};
}

static char *written(void (*write)(const struct report *, const char *, FILE *), const struct report *r)
{
	char *text = NULL;
	size_t len = 0;
	FILE *const out = open_memstream(&text, &len);

	assert_non_null(out);
	write(r, markup, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;

	for (const char *p = strstr(text, what); p != NULL; p = strstr(p + 1, what))
		n++;
	return n;
}

static void test_markup_stays_text(void **state)
{
	struct report_day days[DAYS];
	struct report_row rows[3];
	struct report r;
	char *page;

	(void)state;
	fill(&r, days, rows);
	page = written(page_write, &r);
	assert_int_equal(count(page, "<script"), 0);
	assert_int_equal(count(page, "</title>"), 1 + DAYS + 7 * 24); /* of the page, of each bar and of each hour */
	assert_true(count(page, "&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;&lt;/title&gt;") >= 12);
	assert_non_null(strstr(page, "1&#8239;234&#8239;567"));
	assert_int_equal(count(page, "<table>"), count(page, "</table>"));
	assert_int_equal(count(page, "<tr>"), count(page, "</tr>"));
	free(page);
}

static void test_text_fits(void **state)
{
	static char name[] = "zimbra-authentication-of-a-long-name";
	struct report_day days[DAYS];
	struct report_row rows[3];
	struct report r;
	char *text;

	(void)state;
	fill(&r, days, rows);
	rows[0].name = rows[1].name = rows[2].name = name;
	r.n_acts = 0;
	r.query.category = NULL;
	text = written(summary_write, &r);
	for (const char *p = strchr(text, '\n'); p != NULL && p[1] != '\0'; p = strchr(p + 1, '\n'))
		if (strcspn(p + 1, "\n") > 80)
			fail_msg("longer than 80 columns: %.*s", (int)strcspn(p + 1, "\n"), p + 1);
	assert_non_null(strstr(text, "2001:db8:1111:2222:3333:4444:5555:6666"));
	free(text);
}

static void test_nothing(void **state)
{
	struct report_day days[1] = {{0}};
	struct report r = {
		.query = {.now_s = NOW_S, .utc = true}, .first_day = NOW_S / 86400, .n_days = 1, .days = days};
	char *page = written(page_write, &r), *text = written(summary_write, &r);

	(void)state;
	assert_non_null(strstr(page, "No hostile line in this time."));
	assert_non_null(strstr(text, "hostile lines"));
	free(page);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_markup_stays_text),
		cmocka_unit_test(test_text_fits),
		cmocka_unit_test(test_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
