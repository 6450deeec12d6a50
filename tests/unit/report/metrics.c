/* metrics: labels are escaped, unknown values are left out, problems are counted by kind. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/metrics.h"
#include "store/gates.h"
#include "store/store.h"

static void test_state(void **state)
{
	static const char json[] =
		"{\"running\": true, \"blocks_active\": 7, \"tracked\": 3, \"capacity\": null, \"drift\": 0, \"refused\": 0,"
		"\"problems\": [{\"kind\": \"log\"}, {\"kind\": \"silent\"}, {\"kind\": \"log\"}],"
		"\"sent\": 4, \"good_elsewhere\": 2, \"peers\": [{\"name\": \"mx2\", \"received_at\": "
		"\"2026-11-28T23:55:44Z\", \"lag_ms\": 3, \"accepted\": 5, \"refused\": 6},"
		" {\"name\": \"mx3\", \"received_at\": null, \"lag_ms\": 0, \"accepted\": 0, \"refused\": 0}],"
		"\"tarpit_held\": 12, \"gates\": [{\"name\": \"mail\", \"closed\": true, \"paused\": 4, \"in_window\": 5, \"waiting\": 6,"
		"\"waits_s\": 60}, {\"name\": \"near\", \"closed\": false, \"paused\": 0, \"in_window\": 0, \"waiting\": 0, \"waits_s\": 0}],"
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
		"wfs_tarpit_connections 12\n",
		"wfs_gate_closed{gate=\"mail\"} 1\nwfs_gate_closed{gate=\"near\"} 0\n",
		"wfs_gate_paused{gate=\"mail\"} 4\n",
		"wfs_gate_in_window{gate=\"mail\"} 5\n",
		"wfs_gate_waiting{gate=\"mail\"} 6\n",
		"wfs_gate_longest_wait_seconds{gate=\"mail\"} 60\n",
		"wfs_peer_last_received_timestamp_seconds{peer=\"mx2\"} 1795910144\n# HELP",
		"wfs_peer_lag_milliseconds{peer=\"mx2\"} 3\nwfs_peer_lag_milliseconds{peer=\"mx3\"} 0\n",
		"wfs_peer_accepted_total{peer=\"mx2\"} 5\n",
		"wfs_peer_refused_total{peer=\"mx2\"} 6\n",
		"wfs_sent_messages_total 4\n",
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

static char *text_of_store(struct store *store)
{
	char *text = NULL;
	size_t len = 0;
	FILE *const out = open_memstream(&text, &len);
	struct why why;

	assert_non_null(out);
	assert_int_equal(metrics_write_store(store, INT64_C(1795910144), out, &why), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

/* Sums of all days; without a gate nothing is said of gates. */
static void test_gates(void **state)
{
	static const char *const want[] = {
		"wfs_gate_connections_total{gate=\"mail\",result=\"refused\"} 12\n"
		"wfs_gate_connections_total{gate=\"mail\",result=\"let_in\"} 6\n"
		"wfs_gate_connections_total{gate=\"mail\",result=\"passed\"} 2\n",
		"wfs_gate_clients_total{gate=\"mail\",result=\"began\"} 8\n"
		"wfs_gate_clients_total{gate=\"mail\",result=\"came\"} 4\n"
		"wfs_gate_clients_total{gate=\"mail\",result=\"late\"} 2\n",
		"wfs_gate_delay_seconds_sum{gate=\"mail\"} 180\n",
		"wfs_gate_delay_seconds_count{gate=\"mail\"} 2\n",
	};
	const struct store_gate_sums sums = {"mail", 10, 6, 3, 4, 2, 1, 1, 90};
	struct store *store;
	struct why why;
	char *text;

	(void)state;
	assert_int_equal(store_open(NULL, STORE_WRITE, &store, &why), 0);
	text = text_of_store(store);
	assert_null(strstr(text, "wfs_gate"));
	free(text);
	assert_int_equal(store_add_gate(store, 100, &sums, &why), 0);
	assert_int_equal(store_add_gate(store, 101, &sums, &why), 0);
	text = text_of_store(store);
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		if (strstr(text, want[i]) == NULL)
			fail_msg("got\n%s\nwithout\n%s", text, want[i]);
	free(text);
	store_close(store);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_state), cmocka_unit_test(test_gates)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
