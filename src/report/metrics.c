#include "report/metrics.h"

#include <inttypes.h>
#include <string.h>

#include "base/duration.h"
#include "report/report.h"
#include "store/figures.h"
#include "store/gates.h"

static void family(FILE *out, const char *name, const char *type, const char *help)
{
	(void)fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Writes NAME{LABEL="text". */
static void begin(FILE *out, const char *name, const char *label, const char *text)
{
	(void)fprintf(out, "%s{%s=\"", name, label);
	for (; *text != '\0'; text++)
		switch (*text) {
		case '"':
		case '\\':
			(void)putc('\\', out);
			(void)putc(*text, out);
			break;
		case '\n':
			(void)fputs("\\n", out);
			break;
		default:
			(void)putc(*text, out);
		}
	(void)putc('"', out);
}

static void end(FILE *out, int64_t value)
{
	(void)fprintf(out, "} %" PRId64 "\n", value);
}

/* --- state --- */

/* Writes a number; skips null, since an unknown value is not zero. */
static void put_number(const json_t *object, const char *key, const char *name, const char *type, const char *help,
                       FILE *out)
{
	const json_t *const value = json_object_get(object, key);

	if (!json_is_integer(value))
		return;
	family(out, name, type, help);
	(void)fprintf(out, "%s %" JSON_INTEGER_FORMAT "\n", name, json_integer_value(value));
}

static void put_logs(const json_t *state, const char *key, const char *name, const char *type, const char *help,
                     FILE *out)
{
	size_t i;
	json_t *log;

	family(out, name, type, help);
	json_array_foreach(json_object_get(state, "logs"), i, log)
	{
		begin(out, name, "source", json_string_value(json_object_get(log, "path")));
		end(out, json_integer_value(json_object_get(log, key)));
	}
}

static void put_last_lines(const json_t *state, FILE *out)
{
	static const char name[] = "wfs_last_line_timestamp_seconds";
	size_t i;
	json_t *log;

	family(out, name, "gauge", "Time of the last line of the log.");
	json_array_foreach(json_object_get(state, "logs"), i, log)
	{
		const char *const text = json_string_value(json_object_get(log, "last_line_at"));
		int64_t time_s;

		if (text == NULL || !time_parse(text, true, &time_s))
			continue;
		begin(out, name, "source", json_string_value(json_object_get(log, "path")));
		end(out, time_s);
	}
}

/* Writes a number for each peer. */
static void put_peers(const json_t *state, const char *key, const char *name, const char *type, const char *help,
                      FILE *out)
{
	size_t i;
	json_t *peer;

	if (json_array_size(json_object_get(state, "peers")) == 0)
		return;
	family(out, name, type, help);
	json_array_foreach(json_object_get(state, "peers"), i, peer)
	{
		begin(out, name, "peer", json_string_value(json_object_get(peer, "name")));
		end(out, json_integer_value(json_object_get(peer, key)));
	}
}

static void put_received(const json_t *state, FILE *out)
{
	static const char name[] = "wfs_peer_last_received_timestamp_seconds";
	size_t i;
	json_t *peer;

	if (json_array_size(json_object_get(state, "peers")) == 0)
		return;
	family(out, name, "gauge", "When the last message of the peer was received.");
	json_array_foreach(json_object_get(state, "peers"), i, peer)
	{
		const char *const text = json_string_value(json_object_get(peer, "received_at"));
		int64_t time_s;

		if (text == NULL || !time_parse(text, true, &time_s))
			continue;
		begin(out, name, "peer", json_string_value(json_object_get(peer, "name")));
		end(out, time_s);
	}
}

static void put_sharing(const json_t *state, FILE *out)
{
	put_received(state, out);
	put_peers(state, "lag_ms", "wfs_peer_lag_milliseconds", "gauge",
	          "How long the last message of the peer was on its way.", out);
	put_peers(state, "accepted", "wfs_peer_accepted_total", "counter", "Messages of the peer that were accepted.",
	          out);
	put_peers(state, "refused", "wfs_peer_refused_total", "counter", "Messages of the peer that were refused.",
	          out);
	put_number(state, "sent", "wfs_sent_messages_total", "counter", "Messages sent to other hosts.", out);
	put_number(state, "good_elsewhere", "wfs_good_elsewhere", "gauge",
	           "Networks that are known to be good on other hosts.", out);
}

static void put_rows(const json_t *rows, const char *name, const char *label, const char *key, const char *help,
                     FILE *out)
{
	size_t i;
	json_t *row;

	family(out, name, "gauge", help);
	json_array_foreach(rows, i, row)
	{
		begin(out, name, label, json_string_value(json_object_get(row, key)));
		end(out, 1);
	}
}

/* Counts the problems of each kind: several logs may be unreadable. */
static void put_problems(const json_t *problems, FILE *out)
{
	static const char name[] = "wfs_problems";
	size_t i, j, n;
	json_t *row, *other;

	family(out, name, "gauge", "Problems that status shows, by kind.");
	json_array_foreach(problems, i, row)
	{
		const char *const kind = json_string_value(json_object_get(row, "kind"));
		bool seen = false;

		n = 0;
		json_array_foreach(problems, j,
		                   other) if (strcmp(json_string_value(json_object_get(other, "kind")), kind) == 0)
		{
			seen |= j < i;
			n++;
		}
		if (seen)
			continue;
		begin(out, name, "kind", kind);
		end(out, (int64_t)n);
	}
}

/* Writes a gauge for each gate. */
static void put_gates(const json_t *state, const char *key, const char *name, const char *help, FILE *out)
{
	const json_t *const gates = json_object_get(state, "gates");
	size_t i;
	json_t *gate;

	if (json_array_size(gates) > 0)
		family(out, name, "gauge", help);
	json_array_foreach(gates, i, gate)
	{
		const json_t *const value = json_object_get(gate, key);

		begin(out, name, "gate", json_string_value(json_object_get(gate, "name")));
		end(out, json_is_boolean(value) ? json_is_true(value) : json_integer_value(value));
	}
}

void metrics_write_state(const json_t *state, FILE *out)
{
	family(out, "wfs_up", "gauge", "1 if the daemon is running.");
	(void)fprintf(out, "wfs_up %d\n", json_is_true(json_object_get(state, "running")));
	put_problems(json_object_get(state, "problems"), out);
	put_rows(json_object_get(state, "suspended"), "wfs_rule_suspended", "rule", "rule", "Rules that are suspended.",
	         out);
	put_logs(state, "lines", "wfs_lines_total", "counter", "Lines read.", out);
	put_logs(state, "unparsed", "wfs_unparsed_lines_total", "counter", "Lines without a header that is known.",
	         out);
	put_logs(state, "cut", "wfs_cut_lines_total", "counter", "Lines that were too long and were cut.", out);
	put_logs(state, "lag_bytes", "wfs_lag_bytes", "gauge", "Bytes of the log that are not read yet.", out);
	put_last_lines(state, out);
	put_number(state, "blocks_active", "wfs_blocks_active", "gauge", "Blocks that are active.", out);
	put_number(state, "tracked", "wfs_tracked_addresses", "gauge", "Addresses with a score or a history in memory.",
	           out);
	put_number(state, "capacity", "wfs_firewall_capacity", "gauge", "Addresses that the kernel's lists can hold.",
	           out);
	put_number(state, "drift", "wfs_firewall_drift", "gauge",
	           "Differences between kernel and database at the last comparison.", out);
	put_number(state, "refused", "wfs_firewall_refused", "gauge",
	           "Entries that the kernel refused at the last comparison.", out);
	put_number(state, "tarpit_held", "wfs_tarpit_connections", "gauge",
	           "Connections that the tarpit held at the last comparison.", out);
	put_gates(state, "closed", "wfs_gate_closed", "1 if the gate was closed when it was counted last.", out);
	put_gates(state, "paused", "wfs_gate_paused", "Clients in their pause.", out);
	put_gates(state, "in_window", "wfs_gate_in_window",
	          "Clients that may connect, until they have proven themselves.", out);
	put_gates(state, "waiting", "wfs_gate_waiting", "Clients that have not connected in their window yet.", out);
	put_gates(state, "waits_s", "wfs_gate_longest_wait_seconds", "How long the first of them has been waiting.",
	          out);
	put_sharing(state, out);
}

/* --- the database --- */

static void put_sums(const struct report *r, const char *name, const char *help,
                     int64_t (*of)(const struct report_row *), FILE *out)
{
	family(out, name, "counter", help);
	for (size_t i = 0; i < r->rules.n; i++) {
		begin(out, name, "rule", r->rules.list[i].name);
		(void)fprintf(out, ",category=\"%s\"", r->rules.list[i].category);
		end(out, of(&r->rules.list[i]));
	}
}

static int64_t hits_of(const struct report_row *row)
{
	return row->hits;
}

static int64_t blocks_of(const struct report_row *row)
{
	return row->blocks;
}

static int64_t dropped_of(const struct report_row *row)
{
	return row->dropped;
}

static int64_t packets_of(const struct report_row *row)
{
	return row->packets;
}

static int64_t bytes_of(const struct report_row *row)
{
	return row->bytes;
}

/* n[0]: IPv6, n[1]: IPv4; indexed by the family's own prefix length. */
struct lengths {
	int64_t n[2][129];
};

static int count_lengths(struct store *store, int64_t now_s, struct lengths *ret, struct why *why)
{
	struct figures_block block;
	int rc;

	*ret = (struct lengths){0};
	figures_active(store, now_s);
	while ((rc = figures_next_block(store, &block, why)) == 0) {
		const bool ip4 = block.net.len >= 96 && addr_is_ip4(&block.net.addr);

		ret->n[ip4][block.net.len - (ip4 ? 96 : 0)]++;
	}
	return rc < 0 ? rc : 0;
}

static void put_lengths(const struct lengths *lengths, FILE *out)
{
	family(out, "wfs_blocked", "gauge", "Addresses and networks that are blocked now.");
	for (int ip4 = 1; ip4 >= 0; ip4--)
		for (int len = 0; len <= 128; len++)
			if (lengths->n[ip4][len] > 0)
				(void)fprintf(out, "wfs_blocked{family=\"%d\",prefix=\"%d\"} %" PRId64 "\n",
				              ip4 ? 4 : 6, len, lengths->n[ip4][len]);
}

/* One figure of all gates. result: the second label, NULL: none. */
struct gate_figure {
	const char *result;
	int64_t (*of)(const struct store_gate_sums *);
};

static int64_t refused_of(const struct store_gate_sums *sums)
{
	return sums->refused;
}

static int64_t let_in_of(const struct store_gate_sums *sums)
{
	return sums->admitted;
}

static int64_t passed_of(const struct store_gate_sums *sums)
{
	return sums->asked - sums->refused - sums->admitted;
}

static int64_t began_of(const struct store_gate_sums *sums)
{
	return sums->began;
}

static int64_t came_of(const struct store_gate_sums *sums)
{
	return sums->came;
}

static int64_t late_of(const struct store_gate_sums *sums)
{
	return sums->late;
}

static int64_t delay_of(const struct store_gate_sums *sums)
{
	return sums->delay_s;
}

static int64_t delays_of(const struct store_gate_sums *sums)
{
	return sums->delays;
}

static void put_gate_figures(const struct store_gate_sums gates[], size_t n_gates, const char *name, const char *help,
                             const struct gate_figure figures[], size_t n, FILE *out)
{
	if (n_gates > 0)
		family(out, name, "counter", help);
	for (size_t i = 0; i < n_gates; i++)
		for (size_t k = 0; k < n; k++) {
			begin(out, name, "gate", gates[i].name);
			if (figures[k].result != NULL)
				(void)fprintf(out, ",result=\"%s\"", figures[k].result);
			end(out, figures[k].of(&gates[i]));
		}
}

/* Writes the totals of all time. */
static int write_gates(struct store *store, FILE *out, struct why *why)
{
	static const struct gate_figure connections[] = {{"refused", refused_of},
	                                                 {"let_in", let_in_of},
	                                                 {"passed", passed_of}},
					clients[] = {{"began", began_of}, {"came", came_of}, {"late", late_of}},
					delay[] = {{NULL, delay_of}}, delays[] = {{NULL, delays_of}};
	struct store_gate_sums gates[GATES_CAP];
	size_t n = 0;
	const int rc = store_gates(store, 0, gates, &n, why);

	put_gate_figures(gates, n, "wfs_gate_connections_total", "Connections to the ports of a gate.", connections, 3,
	                 out);
	put_gate_figures(gates, n, "wfs_gate_clients_total",
	                 "Clients that had to wait, came in time, and came too late.", clients, 3, out);
	put_gate_figures(gates, n, "wfs_gate_delay_seconds_sum", "How long those that came had waited, together.",
	                 delay, 1, out);
	put_gate_figures(gates, n, "wfs_gate_delay_seconds_count", "Of how many clients that is known.", delays, 1,
	                 out);
	return rc;
}

int metrics_write_store(struct store *store, int64_t now_s, FILE *out, struct why *why)
{
	struct lengths lengths;
	struct report report;
	int rc = report_sums(&report, store, now_s, why);

	if (rc == 0)
		rc = count_lengths(store, now_s, &lengths, why);
	if (rc == 0) {
		put_sums(&report, "wfs_hits_total", "Hostile lines.", hits_of, out);
		put_sums(&report, "wfs_blocks_total", "Blocks that began.", blocks_of, out);
		put_sums(&report, "wfs_drops_seen_total", "How often dropped packets of blocked clients were seen.",
		         dropped_of, out);
		put_sums(&report, "wfs_dropped_packets_total",
		         "Packets of blocked clients that were dropped, at least.", packets_of, out);
		put_sums(&report, "wfs_dropped_bytes_total", "Bytes of these packets, where the backend counts them.",
		         bytes_of, out);
		put_lengths(&lengths, out);
		rc = write_gates(store, out, why);
	}
	report_done(&report);
	return rc;
}
