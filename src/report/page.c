#include "report/page.h"

#include <inttypes.h>

#include "base/duration.h"
#include "base/plural.h"
#include "base/traffic.h"

enum {
	/* Units of the drawings; the page scales them. */
	CHART_W = 720,
	CHART_H = 200,
	CHART_LEFT = 56,
	CHART_BOTTOM = 22,
	CELL = 24,
	CELL_LEFT = 40,
	CELL_TOP = 16,
	BARS_MAX = 92, /* beyond this number of days, several share a bar */
	COLOURS = 8,   /* further categories share the last one */
};

/* Distinct also for colour-blind people: M. Okabe, K. Ito, "Color Universal Design", 2008. */
static const char style[] =
	":root{--paper:#fff;--ink:#1b1f24;--soft:#59636e;--line:#d9dee3;--box:#f5f7f9;--hot:0,94,162;"
	"--c0:#0072b2;--c1:#e69f00;--c2:#009e73;--c3:#cc79a7;--c4:#56b4e9;--c5:#d55e00;--c6:#b5a800;--c7:#8a939c}\n"
	"@media(prefers-color-scheme:dark){:root{--paper:#14181c;--ink:#e4e8ec;--soft:#9aa5b0;--line:#333b43;--box:#1d2329;"
	"--hot:94,178,240;--c0:#3d9bd6;--c6:#e5d94a}}\n"
	"*{box-sizing:border-box}body{margin:0 auto;max-width:62rem;padding:1.5rem 1rem 3rem;background:var(--paper);"
	"color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
	"h1{font-size:1.5rem;margin:0}h2{font-size:1.1rem;margin:2.2rem 0 .6rem}p{margin:.3rem 0;max-width:44rem}"
	".soft{color:var(--soft)}a{color:inherit}\n"
	".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr));gap:.75rem;margin:1.2rem 0}"
	".tile{background:var(--box);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem}"
	".tile b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.9rem}"
	"th,td{padding:.3rem .6rem .3rem 0;text-align:left;border-bottom:1px solid var(--line);vertical-align:top}"
	"th+th,td+td{padding-left:.8rem}th{color:var(--soft);font-weight:600}.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
	"td.a{font-family:ui-monospace,monospace;white-space:nowrap}td.t{white-space:nowrap}\n"
	"svg{display:block;width:100%;height:auto;overflow:visible}svg text{fill:var(--soft);font:11px system-ui,sans-serif}"
	"svg .g{stroke:var(--line)}.key{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.85rem;margin:.4rem 0}"
	".key i{font-style:normal;margin-right:.35em}"
	".bar{height:.5em;margin-top:.5em;border-radius:.25em;min-width:2px}\n"
	"@media(max-width:30rem){.hide{display:none}svg text{font-size:18px}table{font-size:.8rem}th,td{padding-right:.2rem}"
	"th+th,td+td{padding-left:.4rem}td.t{white-space:normal;min-width:5.5rem}}"
	"@media print{body{max-width:none;font-size:11px}h2{break-after:avoid}tr,svg{break-inside:avoid}}\n";

/* --- text --- */

/* Writes text, escaped. No other function may write text into the page. */
static void put(FILE *out, const char *text)
{
	for (; *text != '\0'; text++)
		switch (*text) {
		case '&':
			(void)fputs("&amp;", out);
			break;
		case '<':
			(void)fputs("&lt;", out);
			break;
		case '>':
			(void)fputs("&gt;", out);
			break;
		case '"':
			(void)fputs("&quot;", out);
			break;
		case '\'':
			(void)fputs("&#39;", out);
			break;
		default:
			(void)putc(*text, out);
		}
}

/* Writes "1 234 567", with thin non-breaking spaces. */
static void put_number(FILE *out, int64_t n)
{
	char digits[24];
	const int len = snprintf(digits, sizeof digits, "%" PRId64, n);

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0 && digits[i - 1] != '-')
			(void)fputs("&#8239;", out);
		(void)putc(digits[i], out);
	}
}

static void put_cell(FILE *out, int64_t n)
{
	(void)fputs("<td class=\"n\">", out);
	put_number(out, n);
	(void)fputs("</td>", out);
}

static void put_text_cell(FILE *out, const char *class, const char *text)
{
	(void)fprintf(out, "<td%s>", class);
	put(out, text != NULL ? text : "");
	(void)fputs("</td>", out);
}

static void put_net(FILE *out, const struct net *net)
{
	char text[NET_TEXT_MAX];

	(void)net_text(net, text);
	put_text_cell(out, " class=\"a\"", text);
}

/* --- the head --- */

static void put_tile(FILE *out, const char *what, int64_t n)
{
	(void)fputs("<div class=\"tile\"><b>", out);
	put_number(out, n);
	(void)fprintf(out, "</b>%s</div>\n", what);
}

static void put_head(const struct report *r, const char *host, FILE *out)
{
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX], now[TIME_LOCAL_MAX], bytes[TRAFFIC_TEXT_MAX];

	report_day_text(r->first_day, from);
	report_day_text(r->first_day + (int64_t)r->n_days - 1, until);
	time_local_text(r->query.now_s, r->query.utc, now);
	(void)fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	            "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	            "<meta name=\"color-scheme\" content=\"light dark\">\n<title>watchforspammers on ",
	            out);
	put(out, host);
	(void)fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>Hostile clients of ", style);
	put(out, host);
	(void)fprintf(out, "</h1>\n<p class=\"soft\">%s to %s", from, until);
	if (r->query.category != NULL) {
		(void)fputs(", category ", out);
		put(out, r->query.category);
	}
	(void)fprintf(out, "; written %s by watchforspammers</p>\n<div class=\"tiles\">\n", now);
	put_tile(out, "hostile lines", r->hits);
	put_tile(out, "addresses, each once a day", r->addresses);
	put_tile(out, "blocks", r->blocks);
	put_tile(out, "still active", r->active);
	put_tile(out, "packets dropped", r->packets);
	traffic_text(r->packets, r->bytes, bytes);
	(void)fprintf(out, "<div class=\"tile\"><b>%s</b>bytes dropped</div>\n</div>\n", bytes);
}

/* --- hits by day --- */

static size_t colour_of(size_t category)
{
	return category < COLOURS ? category : COLOURS - 1;
}

/* Returns 1, 2 or 5 times a power of ten: the smallest that is at least n. */
static int64_t round_number(int64_t n)
{
	int64_t step = 1;

	while (step * 10 < n)
		step *= 10;
	return n <= step ? step : n <= 2 * step ? 2 * step : n <= 5 * step ? 5 * step : 10 * step;
}

static void put_bar(const struct report *r, size_t first, size_t n_days, double x, double width, int64_t top, FILE *out)
{
	const struct report_day bar = report_days(r, first, n_days);
	const double height = CHART_H - CHART_BOTTOM;
	char day[TIME_TEXT_MAX];
	double y = height;

	report_day_text(r->first_day + (int64_t)first, day);
	(void)fputs("<g><title>", out);
	(void)fprintf(out, "%s%s: %" PRId64 " %s, %" PRId64 " %s", n_days > 1 ? "from " : "", day, bar.hits,
	              plural(bar.hits, "hit", "hits"), bar.blocks, plural(bar.blocks, "block", "blocks"));
	for (size_t c = 0; c < r->categories.n && c < REPORT_CATEGORIES; c++)
		if (bar.by_category[c] > 0) {
			(void)fprintf(out, "; %" PRId64 " ", bar.by_category[c]);
			put(out, r->categories.list[c].name);
		}
	(void)fputs("</title>", out);
	for (size_t c = 0; c < r->categories.n && c < REPORT_CATEGORIES; c++) {
		const double h = height * (double)bar.by_category[c] / (double)top;

		y -= h;
		if (h > 0)
			(void)fprintf(
				out,
				"<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"var(--c%zu)\"/>", x,
				y, width, h, colour_of(c));
	}
	(void)fputs("</g>\n", out);
}

static void put_scale(const struct report *r, int64_t top, FILE *out)
{
	const double height = CHART_H - CHART_BOTTOM;
	char day[TIME_TEXT_MAX];

	for (int i = 0; i <= 2; i++) {
		const double y = height - height * i / 2;

		if (i == 1 && top % 2 != 0)
			continue;
		(void)fprintf(
			out,
			"<line class=\"g\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">",
			CHART_LEFT, CHART_W, y, y, CHART_LEFT - 6, y + (i == 2 ? 10 : -2));
		put_number(out, top * i / 2);
		(void)fputs("</text>", out);
	}
	report_day_text(r->first_day, day);
	(void)fprintf(out, "<text x=\"%d\" y=\"%d\">%s</text>", CHART_LEFT, CHART_H - 6, day);
	report_day_text(r->first_day + (int64_t)r->n_days - 1, day);
	(void)fprintf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", CHART_W, CHART_H - 6, day);
}

static void put_chart(const struct report *r, FILE *out)
{
	const size_t n_days = (r->n_days + BARS_MAX - 1) / BARS_MAX, n = (r->n_days + n_days - 1) / n_days;
	const double step = (double)(CHART_W - CHART_LEFT) / (double)n;
	int64_t top = 1;

	for (size_t i = 0; i < n; i++) {
		const int64_t hits = report_days(r, i * n_days, n_days).hits;

		top = hits > top ? hits : top;
	}
	top = round_number(top);
	(void)fprintf(out, "<h2>Hostile lines by %s and category</h2>\n", n_days == 1 ? "day" : "time");
	(void)fprintf(out,
	              "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Hostile lines by day and category\">\n",
	              CHART_W, CHART_H);
	put_scale(r, top, out);
	for (size_t i = 0; i < n; i++)
		put_bar(r, i * n_days, n_days, CHART_LEFT + step * (double)i + step * 0.08, step * 0.84, top, out);
	(void)fputs("</svg>\n<div class=\"key\">", out);
	for (size_t c = 0; c < r->categories.n; c++) {
		(void)fprintf(out, "<span><i style=\"color:var(--c%zu)\">&#9632;</i>", colour_of(c));
		put(out, r->categories.list[c].name);
		(void)fputs("</span>", out);
	}
	(void)fputs("</div>\n", out);
}

/* --- hours --- */

static void put_hours(const struct report *r, FILE *out)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	int64_t most = 1;

	for (int d = 0; d < 7; d++)
		for (int h = 0; h < 24; h++)
			most = r->hours[d][h] > most ? r->hours[d][h] : most;
	(void)fprintf(
		out,
		"<h2>When blocks begin</h2>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Blocks by hour and weekday\">\n",
		CELL_LEFT + 24 * CELL, CELL_TOP + 7 * CELL);
	for (int h = 0; h < 24; h += 3)
		(void)fprintf(out, "<text x=\"%d\" y=\"11\">%02d</text>", CELL_LEFT + h * CELL + 5, h);
	for (int i = 0; i < 7; i++) {
		const int d = (i + 1) % 7; /* starting with Monday */

		(void)fprintf(out, "\n<text x=\"0\" y=\"%d\">%s</text>", CELL_TOP + i * CELL + 16, days[d]);
		for (int h = 0; h < 24; h++)
			(void)fprintf(
				out,
				"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" rx=\"3\" fill=\"rgba(var(--hot),%.2f)\"><title>%s "
				"%02d:00: %" PRId64 " %s</title></rect>",
				CELL_LEFT + h * CELL + 1, CELL_TOP + i * CELL + 1, CELL - 2, CELL - 2,
				0.05 + 0.95 * (double)r->hours[d][h] / (double)most, days[d], h, r->hours[d][h],
				plural(r->hours[d][h], "block", "blocks"));
	}
	(void)fprintf(out,
	              "\n</svg>\n<p class=\"soft\">The stronger, the more: at most %" PRId64
	              " in one hour. Times are %s.</p>\n",
	              most, r->query.utc ? "UTC" : "local");
}

/* --- tables --- */

static void put_categories(const struct report *r, FILE *out)
{
	(void)fputs(
		"<h2>What they did</h2>\n<div class=\"wide\"><table>\n<tr><th>Category</th><th class=\"n\">Hits</th>"
		"<th class=\"n\">Percent</th><th class=\"hide\"></th><th class=\"n\">Blocks</th><th class=\"n\">Active</th></tr>\n",
		out);
	for (size_t i = 0; i < r->categories.n; i++) {
		const struct report_row *const row = &r->categories.list[i];
		const double percent = r->hits == 0 ? 0 : 100.0 * (double)row->hits / (double)r->hits;

		(void)fputs("<tr>", out);
		put_text_cell(out, "", row->name);
		put_cell(out, row->hits);
		(void)fprintf(
			out,
			"<td class=\"n\">%.1f&#8239;%%</td><td class=\"hide\" style=\"width:30%%\"><div class=\"bar\" style=\"width:%.1f%%;"
			"background:var(--c%zu)\"></div></td>",
			percent, percent, colour_of(i));
		put_cell(out, row->blocks);
		put_cell(out, row->active);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

static void put_rules(const struct report *r, FILE *out)
{
	(void)fputs(
		"<h2>Rules</h2>\n<p class=\"soft\">Hits of good clients: of those that delivered accepted mail or logged in. A rule with many "
		"of them may hurt the innocent.</p>\n<div class=\"wide\"><table>\n<tr><th>Rule</th><th class=\"n\">Hits</th><th class=\"n\">"
		"Addresses</th><th class=\"n\">Blocks</th><th class=\"n\">Of good clients</th><th class=\"hide\">Reason</th></tr>\n",
		out);
	for (size_t i = 0; i < r->rules.n; i++) {
		const struct report_row *const row = &r->rules.list[i];

		if (report_peer(row) != NULL)
			continue;
		(void)fputs("<tr>", out);
		put_text_cell(out, "", row->name);
		put_cell(out, row->hits);
		put_cell(out, row->addresses);
		put_cell(out, row->blocks);
		put_cell(out, row->good);
		put_text_cell(out, " class=\"hide\"", row->reason);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

static bool has_peers(const struct report *r)
{
	for (size_t i = 0; i < r->rules.n; i++)
		if (report_peer(&r->rules.list[i]) != NULL)
			return true;
	return false;
}

static void put_peers(const struct report *r, FILE *out)
{
	if (!has_peers(r))
		return;
	(void)fputs("<h2>Other hosts</h2>\n<p class=\"soft\">What they reported, and the packets of these "
	            "clients that were dropped here.</p>\n"
	            "<div class=\"wide\"><table>\n<tr><th>Host</th><th>Category</th><th "
	            "class=\"n\">Blocks</th><th class=\"n\">Active</th>"
	            "<th class=\"n\">Packets</th></tr>\n",
	            out);
	for (size_t i = 0; i < r->rules.n; i++) {
		const struct report_row *const row = &r->rules.list[i];

		if (report_peer(row) == NULL)
			continue;
		(void)fputs("<tr>", out);
		put_text_cell(out, "", report_peer(row));
		put_text_cell(out, "", row->category);
		put_cell(out, row->blocks);
		put_cell(out, row->active);
		put_cell(out, row->packets);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

static void put_places(const struct report_places *places, const char *title, bool networks, FILE *out)
{
	if (places->n == 0)
		return;
	(void)fprintf(
		out,
		"<h2>%s</h2>\n<div class=\"wide\"><table>\n<tr><th>%s</th>%s<th class=\"n\">Blocks</th><th class=\"n\">"
		"Offence</th><th>Now</th></tr>\n",
		title, networks ? "Network" : "Address", networks ? "<th class=\"n\">Addresses</th>" : "");
	for (size_t i = 0; i < places->n; i++) {
		const struct report_place *const place = &places->list[i];

		(void)fputs("<tr>", out);
		put_net(out, &place->net);
		if (networks)
			put_cell(out, place->addresses);
		put_cell(out, place->blocks);
		put_cell(out, place->offence);
		(void)fprintf(out, "<td>%s</td></tr>\n", place->active ? "blocked" : "");
	}
	(void)fputs("</table></div>\n", out);
}

static void put_accounts(const struct report *r, FILE *out)
{
	char when[TIME_LOCAL_MAX];

	if (r->n_accounts == 0)
		return;
	(void)fputs(
		"<h2>Accounts tried from many networks</h2>\n<p class=\"soft\">Failed logins that counted double because of that "
		"(account_addresses).</p>\n<div class=\"wide\"><table>\n<tr><th>Account</th><th class=\"n\">Addresses</th>"
		"<th class=\"n\">Failures</th><th>Last</th></tr>\n",
		out);
	for (size_t i = 0; i < r->n_accounts; i++) {
		const struct report_account *const account = &r->accounts[i];

		time_local_text(account->last_s, r->query.utc, when);
		(void)fputs("<tr>", out);
		put_text_cell(out, "", account->name != NULL ? account->name : "?");
		put_cell(out, account->addresses);
		put_cell(out, account->hits);
		put_text_cell(out, " class=\"t\"", when);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

static void put_senders(const struct report *r, FILE *out)
{
	if (r->n_senders == 0)
		return;
	(void)fputs(
		"<h2>Greylisted domains with many addresses</h2>\n<p class=\"soft\">A message to one recipient came from at least three. "
		"<code>watchforspammers spf DOMAIN</code> shows the networks; <code>[allow] spf = DOMAIN</code> allows them.</p>\n"
		"<div class=\"wide\"><table>\n<tr><th>Domain</th><th class=\"n\">Addresses</th><th class=\"n\">Recipients</th></tr>\n",
		out);
	for (size_t i = 0; i < r->n_senders; i++) {
		(void)fputs("<tr>", out);
		put_text_cell(out, "", r->senders[i].domain);
		put_cell(out, r->senders[i].addresses);
		put_cell(out, r->senders[i].recipients);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

static void put_lists(const struct report *r, FILE *out)
{
	if (r->lists.n == 0)
		return;
	(void)fputs(
		"<h2>DNS lists</h2>\n<div class=\"wide\"><table>\n<tr><th>List</th><th class=\"n\">Hostile clients it listed</th></tr>\n",
		out);
	for (size_t i = 0; i < r->lists.n; i++) {
		(void)fputs("<tr>", out);
		put_text_cell(out, "", r->lists.list[i].name);
		put_cell(out, r->lists.list[i].hits);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

static void put_gates(const struct report *r, FILE *out)
{
	char delay[DURATION_TEXT_MAX];

	if (r->n_gates == 0)
		return;
	(void)fputs(
		"<h2>Gates</h2>\n<div class=\"wide\"><table>\n<tr><th>Gate</th><th class=\"n\">Had to come back</th><th class=\"n\">"
		"Came</th><th class=\"n\">Too late</th><th class=\"n\">Never</th><th>Mean delay</th><th class=\"n\">Refused</th>"
		"<th class=\"n\">Let in</th><th class=\"n\">Passed</th></tr>\n",
		out);
	for (size_t i = 0; i < r->n_gates; i++) {
		const struct report_gate *const gate = &r->gates[i];

		duration_short_text(gate->delay_s, delay);
		(void)fputs("<tr>", out);
		put_text_cell(out, "", gate->sums.name);
		put_cell(out, gate->sums.began);
		put_cell(out, gate->sums.came);
		put_cell(out, gate->sums.late);
		put_cell(out, gate->never);
		put_text_cell(out, "", gate->sums.delays > 0 ? delay : "");
		put_cell(out, gate->sums.refused);
		put_cell(out, gate->sums.admitted);
		put_cell(out, gate->passed);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

static void put_acts(const struct report *r, FILE *out)
{
	char when[TIME_LOCAL_MAX];

	if (r->n_acts == 0)
		return;
	(void)fputs(
		"<h2>Changes by hand, and notes</h2>\n<div class=\"wide\"><table>\n<tr><th>Time</th><th>Who</th><th>What</th>"
		"<th>Reason</th></tr>\n",
		out);
	for (size_t i = 0; i < r->n_acts; i++) {
		const struct report_act *const act = &r->acts[i];

		time_local_text(act->time_s, r->query.utc, when);
		(void)fputs("<tr>", out);
		put_text_cell(out, " class=\"t\"", when);
		put_text_cell(out, "", act->who);
		(void)fputs("<td>", out);
		put(out, act->what);
		(void)putc(' ', out);
		put(out, act->address != NULL ? act->address : "");
		(void)fputs("</td>", out);
		put_text_cell(out, "", act->reason);
		(void)fputs("</tr>\n", out);
	}
	(void)fputs("</table></div>\n", out);
}

void page_write(const struct report *r, const char *host, FILE *out)
{
	put_head(r, host, out);
	if (r->hits == 0 && r->blocks == 0) {
		(void)fputs("<p>No hostile line in this time.</p>\n", out);
	} else {
		put_chart(r, out);
		put_categories(r, out);
		put_hours(r, out);
		put_places(&r->networks, "Networks with the most blocked addresses", true, out);
		put_places(&r->addresses_worst, "Addresses that came back most often", false, out);
		put_accounts(r, out);
		put_rules(r, out);
		put_peers(r, out);
		put_lists(r, out);
	}
	put_senders(r, out);
	put_gates(r, out);
	put_acts(r, out);
	(void)fputs("</body>\n</html>\n", out);
}
