#include "report/summary.h"

#include <inttypes.h>

#include "base/duration.h"
#include "base/traffic.h"

enum {
	BAR = 40,      /* columns of the longest bar */
	ROWS_MAX = 31, /* beyond this number of days, several share a row */
};

static void print_head(const struct report *r, const char *host, FILE *out)
{
	char from[TIME_TEXT_MAX], until[TIME_TEXT_MAX], bytes[TRAFFIC_TEXT_MAX];

	report_day_text(r->first_day, from);
	report_day_text(r->first_day + (int64_t)r->n_days - 1, until);
	traffic_text(r->packets, r->bytes, bytes);
	(void)fprintf(out, "Hostile clients of %s, %s to %s%s%s\n\n", host, from, until,
	              r->query.category != NULL ? ", category " : "",
	              r->query.category != NULL ? r->query.category : "");
	(void)fprintf(out,
	              "hostile lines              %12" PRId64 "\naddresses, each once a day %12" PRId64
	              "\nblocks                     %12" PRId64 "\nstill active               %12" PRId64
	              "\npackets dropped            %12" PRId64 "\nbytes dropped              %12s\n",
	              r->hits, r->addresses, r->blocks, r->active, r->packets, bytes);
}

static void print_days(const struct report *r, FILE *out)
{
	const size_t step = (r->n_days + ROWS_MAX - 1) / ROWS_MAX;
	char day[TIME_TEXT_MAX];
	int64_t most = 1;

	for (size_t i = 0; i < r->n_days; i += step) {
		const int64_t hits = report_days(r, i, step).hits;

		most = hits > most ? hits : most;
	}
	(void)fprintf(out, "\n%-10s  %9s  %7s\n", step == 1 ? "DAY" : "FROM", "HITS", "BLOCKS");
	for (size_t i = 0; i < r->n_days; i += step) {
		const struct report_day sum = report_days(r, i, step);
		const int bar = (int)(BAR * sum.hits / most);

		report_day_text(r->first_day + (int64_t)i, day);
		(void)fprintf(out, "%-10s  %9" PRId64 "  %7" PRId64 "%s%.*s\n", day, sum.hits, sum.blocks,
		              bar > 0 ? "  " : "", bar, "########################################");
	}
}

static void print_rows(const struct report *r, FILE *out)
{
	(void)fprintf(out, "\n%-14s  %10s  %7s  %8s  %8s\n", "CATEGORY", "HITS", "PERCENT", "BLOCKS", "ACTIVE");
	for (size_t i = 0; i < r->categories.n; i++) {
		const struct report_row *const row = &r->categories.list[i];

		(void)fprintf(out, "%-14s  %10" PRId64 "  %6.1f%%  %8" PRId64 "  %8" PRId64 "\n", row->name, row->hits,
		              r->hits == 0 ? 0.0 : 100.0 * (double)row->hits / (double)r->hits, row->blocks,
		              row->active);
	}
	(void)fprintf(out, "\n%-32s  %10s  %9s  %8s  %9s\n", "RULE", "HITS", "ADDRESSES", "BLOCKS", "OF GOOD");
	for (size_t i = 0; i < r->rules.n; i++) {
		const struct report_row *const row = &r->rules.list[i];

		if (report_peer(row) != NULL)
			continue;
		(void)fprintf(out, "%-32.*s  %10" PRId64 "  %9" PRId64 "  %8" PRId64 "  %9" PRId64 "\n", 32, row->name,
		              row->hits, row->addresses, row->blocks, row->good);
	}
	if (r->rules.n > 0)
		(void)fputs("OF GOOD: hits of clients that delivered accepted mail or logged in\n", out);
	for (size_t i = 0; i < r->lists.n; i++)
		(void)fprintf(out, "%s%s listed %" PRId64 " hostile clients\n", i == 0 ? "\n" : "",
		              r->lists.list[i].name, r->lists.list[i].hits);
}

/* Prints what other hosts contributed. */
static void print_peers(const struct report *r, FILE *out)
{
	bool any = false;

	for (size_t i = 0; i < r->rules.n; i++) {
		const struct report_row *const row = &r->rules.list[i];

		if (report_peer(row) == NULL)
			continue;
		if (!any)
			(void)fprintf(out, "\n%-32s  %-14s  %8s  %8s  %10s\n", "OTHER HOST", "CATEGORY", "BLOCKS",
			              "ACTIVE", "PACKETS");
		any = true;
		(void)fprintf(out, "%-32s  %-14.14s  %8" PRId64 "  %8" PRId64 "  %10" PRId64 "\n", report_peer(row),
		              row->category, row->blocks, row->active, row->packets);
	}
	if (any)
		(void)fputs("PACKETS: of clients that they reported, dropped here\n", out);
}

static void print_places(const struct report_places *places, bool networks, FILE *out)
{
	char text[NET_TEXT_MAX];

	if (places->n > 0)
		(void)fprintf(out, "\n%-43s  %9s  %7s  %7s  NOW\n", networks ? "NETWORK" : "ADDRESS",
		              networks ? "ADDRESSES" : "", "BLOCKS", "OFFENCE");
	for (size_t i = 0; i < places->n; i++) {
		const struct report_place *const place = &places->list[i];

		(void)net_text(&place->net, text);
		(void)fprintf(out, "%-43s  ", text);
		if (networks)
			(void)fprintf(out, "%9" PRId64, place->addresses);
		else
			(void)fprintf(out, "%9s", "");
		(void)fprintf(out, "  %7" PRId64 "  %7" PRId64 "%s\n", place->blocks, place->offence,
		              place->active ? "  blocked" : "");
	}
}

static void print_accounts(const struct report *r, FILE *out)
{
	char when[TIME_LOCAL_MAX];

	if (r->n_accounts > 0)
		(void)fprintf(out, "\n%-36s  %9s  %8s  %s\n", "ACCOUNT TRIED FROM MANY NETWORKS", "ADDRESSES",
		              "FAILURES", "LAST");
	for (size_t i = 0; i < r->n_accounts; i++) {
		const struct report_account *const account = &r->accounts[i];

		time_local_text(account->last_s, r->query.utc, when);
		(void)fprintf(out, "%-36.36s  %9" PRId64 "  %8" PRId64 "  %.16s\n",
		              account->name != NULL ? account->name : "?", account->addresses, account->hits,
		              when); /* precise to the minute */
	}
	if (r->n_accounts > 0)
		(void)fputs("FAILURES: those that counted double, see account_addresses\n", out);
}

static void print_senders(const struct report *r, FILE *out)
{
	if (r->n_senders > 0)
		(void)fprintf(out, "\n%-48s  %9s  %10s\n", "GREYLISTED DOMAIN WITH MANY ADDRESSES", "ADDRESSES",
		              "RECIPIENTS");
	for (size_t i = 0; i < r->n_senders; i++)
		(void)fprintf(out, "%-48.48s  %9" PRId64 "  %10" PRId64 "\n", r->senders[i].domain,
		              r->senders[i].addresses, r->senders[i].recipients);
	if (r->n_senders > 0)
		(void)fputs("Its networks: watchforspammers spf DOMAIN; to allow them: [allow] spf = DOMAIN\n", out);
}

static void print_acts(const struct report *r, FILE *out)
{
	char when[TIME_LOCAL_MAX];

	if (r->n_acts > 0)
		(void)fputs("\nCHANGES BY HAND, AND NOTES\n", out);
	for (size_t i = 0; i < r->n_acts; i++) {
		const struct report_act *const act = &r->acts[i];

		time_local_text(act->time_s, r->query.utc, when);
		(void)fprintf(out, "%s  %s: %s%s%s%s%s\n", when, act->who, act->what, act->address != NULL ? " " : "",
		              act->address != NULL ? act->address : "",
		              act->reason != NULL && *act->reason != '\0' ? ": " : "",
		              act->reason != NULL ? act->reason : "");
	}
}

static void print_gates(const struct report *r, FILE *out)
{
	for (size_t i = 0; i < r->n_gates; i++) {
		const struct report_gate *const gate = &r->gates[i];
		char delay[DURATION_TEXT_MAX];

		duration_short_text(gate->delay_s, delay);
		(void)fprintf(out, "%sgate %s: %" PRId64 " clients had to come back\n", i == 0 ? "\nGATES\n" : "",
		              gate->sums.name, gate->sums.began);
		(void)fprintf(out, "%12" PRId64 "  came back in time, after %s on average\n", gate->sums.came,
		              gate->sums.delays > 0 ? delay : "an unknown time");
		(void)fprintf(out,
		              "%12" PRId64 "  came back too late, and had to start again\n%12" PRId64
		              "  never came back\n%12" PRId64 "  still wait\n",
		              gate->sums.late, gate->never, gate->waiting);
		(void)fprintf(out,
		              "%12" PRId64 "  connections refused, %" PRId64 " let in, %" PRId64
		              " passed without waiting\n",
		              gate->sums.refused, gate->sums.admitted, gate->passed);
	}
}

void summary_write(const struct report *r, const char *host, FILE *out)
{
	print_head(r, host, out);
	if (r->hits > 0 || r->blocks > 0) {
		print_days(r, out);
		print_rows(r, out);
		print_peers(r, out);
		print_places(&r->networks, true, out);
		print_places(&r->addresses_worst, false, out);
		print_accounts(r, out);
	}
	print_senders(r, out);
	print_gates(r, out);
	print_acts(r, out);
}
