/* metrics: labels are escaped, what is not known is left out, kinds of problems are counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/metrics.h"

static void test_state(void **state)
{
	static const char json[] =
		"{\"running\": true, \"blocks_active\": 7, \"tracked\": 3, \"capacity\": null, \"drift\": 0, \"refused\": 0,"
		"\"problems\": [{\"kind\": \"log\"}, {\"kind\": \"silent\"}, {\"kind\": \"log\"}],"
		"\"told\": 4, \"good_elsewhere\": 2, \"peers\": [{\"name\": \"mx2\", \"heard_at\": "
		"\"2026-11-28T23:55:44Z\", \"lag_ms\": 3, \"taken\": 5, \"refused\": 6},"
		" {\"name\": \"mx3\", \"heard_at\": null, \"lag_ms\": 0, \"taken\": 0, \"refused\": 0}],"
		"\"suspended\": [{\"rule\": \"postfix-auth\"}],"
		"\"logs\": [{\"path\": \"/var/log/\\\"a\\\\\\nb\", \"lines\": 5, \"unparsed\": 1, \"cut\": 0, \"lag_bytes\": 9,"
		"\"last_line_at\": \"2026-11-28T23:55:44Z\"}, {\"path\": \"/var/log/b\", \"lines\": 0, \"unparsed\": 0, \"cut\": 0,"
		"\"lag_bytes\": 0, \"last_line_at\": null}]}";
	static const char *const want[] = {
		"wfs_up 1\n",
		"wfs_problems{kind=\"log\"} 2\nwfs_problems{kind=\"silent\"} 1\n",
		"wfs_rule_suspended{rule=\"postfix-auth\"} 1\n",
		"# TYPE wfs_lines_total counter\nwfs_lines_total{source=\"/var/log/\\\"a\\\\\\nb\"} 5\nwfs_lines_total{source=\"/var/log/b\"} 0\n",
		"wfs_lag_bytes{source=\"/var/log/\\\"a\\\\\\nb\"} 9\n",
		"wfs_last_line_timestamp_seconds{source=\"/var/log/\\\"a\\\\\\nb\"} 1795910144\n# HELP",
		"wfs_blocks_active 7\n",
		"wfs_peer_last_heard_timestamp_seconds{peer=\"mx2\"} 1795910144\n# HELP",
		"wfs_peer_lag_milliseconds{peer=\"mx2\"} 3\nwfs_peer_lag_milliseconds{peer=\"mx3\"} 0\n",
		"wfs_peer_taken_total{peer=\"mx2\"} 5\n",
		"wfs_peer_refused_total{peer=\"mx2\"} 6\n",
		"wfs_told_total 4\n",
		"wfs_good_elsewhere 2\n",
	};
	json_t *const object = json_loads(json, 0, NULL);
	char *text = NULL;
	size_t len = 0;
	FILE *const out = open_memstream(&text, &len);

	(void)state;
	assert_non_null(object);
	assert_non_null(out);
	metrics_write_state(object, out);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		if (strstr(text, want[i]) == NULL)
			fail_msg("got\n%s\nwithout\n%s", text, want[i]);
	assert_null(strstr(text, "wfs_firewall_capacity"));
	json_decref(object);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_state)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
