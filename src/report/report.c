#include "report/report.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/account.h"
#include "base/alloc.h"
#include "base/block.h"
#include "base/nets.h"
#include "store/figures.h"

enum {
	DAY_S = 86400,
	NETWORK4 = 96 + 24, /* IPv4 /24 and IPv6 /48: what usually belongs to one operator */
	NETWORK6 = 48,
	REPORT_DOMAIN_MAX = 254,
	SENDERS_READ = 10 * REPORT_TOP, /* some of them may be no domains */
};

/* --- rows by name --- */

static char *copy(const char *text)
{
	return text == NULL ? NULL : alloc_text(text, "a name in a report");
}

static struct report_row *row_of(struct report_rows *rows, const char *name)
{
	for (size_t i = 0; i < rows->n; i++)
		if (strcmp(rows->list[i].name, name) == 0)
			return &rows->list[i];
	rows->list = alloc_one_more(rows->list, rows->n, sizeof *rows->list, "the rows of a report");
	rows->list[rows->n] = (struct report_row){.name = copy(name)};
	return &rows->list[rows->n++];
}

static int row_order(const void *left, const void *right)
{
	const struct report_row *const a = left, *const b = right;

	return a->hits != b->hits ? (a->hits < b->hits) - (a->hits > b->hits) : strcmp(a->name, b->name);
}

static void sort_rows(struct report_rows *rows)
{
	if (rows->n > 0)
		qsort(rows->list, rows->n, sizeof *rows->list, row_order);
}

static void rows_done(struct report_rows *rows)
{
	for (size_t i = 0; i < rows->n; i++) {
		free(rows->list[i].name);
		free(rows->list[i].reason);
		free(rows->list[i].category);
	}
	free(rows->list);
}

static bool is_wanted(const struct report *r, const char *category)
{
	return r->query.category == NULL || strcmp(category, r->query.category) == 0;
}

/* --- sums --- */

static void add_sum(struct report_row *row, const struct figures_sum *sum)
{
	row->hits += sum->hits;
	row->addresses += sum->addresses;
	row->blocks += sum->blocks;
	row->dropped += sum->dropped;
	row->packets += sum->packets;
	row->bytes += sum->bytes;
}

/* Adds the total of one rule on one day. */
static void count_sum(struct report *r, const struct figures_sum *sum)
{
	struct report_day *const day = &r->days[sum->day - r->first_day];
	struct report_row *const rule = row_of(&r->rules, sum->rule);
	struct report_row *const category = row_of(&r->categories, sum->category);
	size_t i = (size_t)(category - r->categories.list);

	if (rule->category == NULL) {
		rule->category = copy(sum->category);
		rule->reason = copy(sum->reason);
	}
	add_sum(rule, sum);
	add_sum(category, sum);
	i = i < REPORT_CATEGORIES ? i : REPORT_CATEGORIES - 1;
	day->by_category[i] += sum->hits;
	day->hits += sum->hits;
	day->blocks += sum->blocks;
	day->packets += sum->packets;
	day->bytes += sum->bytes;
	if (r->query.category != NULL)
		day->addresses += sum->addresses;
}

static int count_sums(struct report *r, struct store *store, struct why *why)
{
	struct figures_sum sum;
	int rc;

	figures_sums(store, r->first_day, r->first_day + (int64_t)r->n_days - 1);
	while ((rc = figures_next_sum(store, &sum, why)) == 0) {
		if (sum.rule != NULL && is_wanted(r, sum.category))
			count_sum(r, &sum);
		else if (sum.rule == NULL && r->query.category == NULL)
			r->days[sum.day - r->first_day].addresses += sum.addresses;
	}
	for (size_t i = 0; i < r->n_days; i++) {
		r->hits += r->days[i].hits;
		r->addresses += r->days[i].addresses;
		r->blocks += r->days[i].blocks;
		r->packets += r->days[i].packets;
		r->bytes += r->days[i].bytes;
	}
	return rc < 0 ? rc : 0;
}

/* --- hits --- */

static int read_good(struct store *store, int64_t first_day, struct nets *ret, struct why *why)
{
	struct net net;
	int rc;

	figures_good(store, first_day);
	while ((rc = figures_next_good(store, &net, why)) == 0)
		nets_add(ret, &net);
	nets_seal(ret);
	return rc < 0 ? rc : 0;
}

static int count_hits(struct report *r, struct store *store, struct why *why)
{
	struct nets good = {0};
	struct figures_hit hit;
	int rc = read_good(store, r->first_day - 31, &good, why); /* older evidence does not count: [block] earn_days */

	if (rc == 0)
		figures_hits(store, r->query.from_s, r->query.until_s);
	while (rc == 0 && (rc = figures_next_hit(store, &hit, why)) == 0) {
		if (!is_wanted(r, hit.category))
			continue;
		if (nets_has(&good, &hit.address))
			row_of(&r->rules, hit.rule)->good++;
		if (hit.listed && hit.detail != NULL)
			row_of(&r->lists, hit.detail)->hits++;
	}
	nets_done(&good);
	return rc < 0 ? rc : 0;
}

/* --- blocks --- */

struct blocks {
	size_t n, cap;
	struct report_place *list;
};

static void note_block(struct blocks *blocks, const struct figures_block *block)
{
	if (blocks->n == blocks->cap) {
		blocks->cap = blocks->cap == 0 ? 1024 : 2 * blocks->cap;
		blocks->list = alloc_resize(blocks->list, blocks->cap, sizeof *blocks->list, "the blocks of a report");
	}
	blocks->list[blocks->n++] = (struct report_place){
		.net = block->net, .blocks = 1, .offence = block->offence, .addresses = 1, .active = block->active};
}

static int place_order(const void *left, const void *right)
{
	const struct report_place *const a = left, *const b = right;

	return net_order(&a->net, &b->net);
}

/* Merges neighbouring entries of the same network; the caller sorts the result again. */
static void join(struct blocks *blocks)
{
	size_t n = 0;

	if (blocks->n > 0)
		qsort(blocks->list, blocks->n, sizeof *blocks->list, place_order);
	for (size_t i = 0; i < blocks->n; i++) {
		const struct report_place *const next = &blocks->list[i];
		struct report_place *const last = n > 0 ? &blocks->list[n - 1] : NULL;

		if (last == NULL || net_order(&last->net, &next->net) != 0) {
			blocks->list[n++] = *next;
			continue;
		}
		last->blocks += next->blocks;
		last->addresses += next->addresses;
		last->offence = next->offence > last->offence ? next->offence : last->offence;
		last->active |= next->active;
	}
	blocks->n = n;
}

static int worst_order(const void *left, const void *right)
{
	const struct report_place *const a = left, *const b = right;

	if (a->offence != b->offence)
		return (a->offence < b->offence) - (a->offence > b->offence);
	return a->blocks != b->blocks ? (a->blocks < b->blocks) - (a->blocks > b->blocks) : net_order(&a->net, &b->net);
}

/* Compares networks by how many of their addresses were blocked. */
static int widest_order(const void *left, const void *right)
{
	const struct report_place *const a = left, *const b = right;

	return a->addresses != b->addresses ? (a->addresses < b->addresses) - (a->addresses > b->addresses)
	                                    : worst_order(a, b);
}

static void keep_top(const struct blocks *blocks, int (*order)(const void *, const void *), struct report_places *ret)
{
	if (blocks->n > 0)
		qsort(blocks->list, blocks->n, sizeof *blocks->list, order);
	ret->n = blocks->n < REPORT_TOP ? blocks->n : REPORT_TOP;
	for (size_t i = 0; i < ret->n; i++)
		ret->list[i] = blocks->list[i];
}

static void rank(struct report *r, struct blocks *blocks)
{
	join(blocks);
	keep_top(blocks, worst_order, &r->addresses_worst);
	for (size_t i = 0; i < blocks->n; i++) {
		struct report_place *const place = &blocks->list[i];
		const uint8_t len = addr_is_ip4(&place->net.addr) && place->net.len >= 96 ? NETWORK4 : NETWORK6;

		place->addresses = 1;
		if (place->net.len > len)
			place->net = net_around(&place->net.addr, len);
	}
	join(blocks);
	keep_top(blocks, widest_order, &r->networks);
}

static void count_block(struct report *r, const struct figures_block *block)
{
	const time_t since = (time_t)block->since_s;
	struct tm when;

	if ((r->query.utc ? gmtime_r(&since, &when) : localtime_r(&since, &when)) != NULL)
		r->hours[when.tm_wday][when.tm_hour]++;
	if (!block->active)
		return;
	r->active++;
	row_of(&r->rules, block->rule)->active++;
	row_of(&r->categories, block->category)->active++;
}

static int count_blocks(struct report *r, struct store *store, struct why *why)
{
	struct blocks blocks = {0};
	struct figures_block block;
	int rc;

	figures_blocks(store, r->query.from_s, r->query.until_s, r->query.now_s);
	while ((rc = figures_next_block(store, &block, why)) == 0)
		if (is_wanted(r, block.category)) {
			count_block(r, &block);
			note_block(&blocks, &block);
		}
	if (rc == STORE_NONE)
		rank(r, &blocks);
	free(blocks.list);
	return rc < 0 ? rc : 0;
}

/* --- accounts --- */

static int copy_accounts(struct report *r, struct store *store, struct why *why)
{
	struct figures_account account;
	int rc;

	if (!is_wanted(r, "auth"))
		return 0;
	figures_accounts(store, r->query.from_s, r->query.until_s, REPORT_TOP);
	while ((rc = figures_next_account(store, &account, why)) == 0) {
		const struct span name =
			account_find((struct span){account.text, strlen(account.text)}, account.number);

		r->accounts[r->n_accounts++] = (struct report_account){
			.name = name.p == NULL ? NULL : alloc_text_n(name.p, name.len, "a name in a report"),
			.hits = account.hits,
			.addresses = account.addresses,
			.last_s = account.last_s};
	}
	return rc < 0 ? rc : 0;
}

/* --- senders --- */

/* Checks the text, which the client chose. */
static bool is_domain(const char *text)
{
	return strchr(text, '.') != NULL && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0' &&
	       strlen(text) < REPORT_DOMAIN_MAX;
}

static int copy_senders(struct report *r, struct store *store, struct why *why)
{
	struct figures_sender sender;
	int rc;

	if (!is_wanted(r, "grey"))
		return 0;
	figures_senders(store, r->query.from_s, r->query.until_s, REPORT_SENDER_MIN, SENDERS_READ);
	while ((rc = figures_next_sender(store, &sender, why)) == 0)
		if (is_domain(sender.domain) && r->n_senders < REPORT_TOP)
			r->senders[r->n_senders++] =
				(struct report_sender){copy(sender.domain), sender.addresses, sender.recipients};
	return rc < 0 ? rc : 0;
}

/* --- gates --- */

static int count_gates(struct report *r, struct store *store, struct why *why)
{
	struct store_gate_sums sums[GATES_CAP];
	struct store_gate_now now[GATES_CAP];
	size_t n_now = 0;
	int rc = store_gates(store, r->first_day, sums, &r->n_gates, why);

	if (rc == 0)
		rc = store_gates_now(store, now, &n_now, why);
	for (size_t i = 0; i < r->n_gates && rc == 0; i++) {
		struct report_gate *const gate = &r->gates[i];

		*gate = (struct report_gate){.sums = sums[i],
		                             .passed = sums[i].asked - sums[i].refused - sums[i].admitted};
		for (size_t k = 0; k < n_now; k++)
			if (strcmp(now[k].name, sums[i].name) == 0)
				gate->waiting = now[k].waiting;
		/* Clients waiting since before the first day may exceed those whose pause began in the period. */
		gate->never = sums[i].began - sums[i].came - sums[i].late - gate->waiting;
		gate->never = gate->never > 0 ? gate->never : 0;
		gate->delay_s = sums[i].delays == 0 ? 0 : sums[i].delay_s / sums[i].delays;
	}
	return rc;
}

/* --- the whole report --- */

static int copy_acts(struct report *r, struct store *store, struct why *why)
{
	struct figures_act act;
	int rc;

	figures_acts(store, r->query.from_s, r->query.until_s, REPORT_ACTS);
	while ((rc = figures_next_act(store, &act, why)) == 0)
		r->acts[r->n_acts++] = (struct report_act){act.time_s, copy(act.who), copy(act.what), copy(act.address),
		                                           copy(act.reason)};
	return rc < 0 ? rc : 0;
}

static void begin(struct report *r, const struct report_query *query)
{
	*r = (struct report){.query = *query, .first_day = query->from_s / DAY_S};
	r->n_days = (size_t)(query->until_s / DAY_S - r->first_day) + 1;
	r->days = alloc_zero(r->n_days, sizeof *r->days, "the days of a report");
}

int report_sums(struct report *r, struct store *store, int64_t now_s, struct why *why)
{
	begin(r, &(struct report_query){.until_s = now_s, .now_s = now_s});
	return count_sums(r, store, why);
}

int report_collect(struct report *r, struct store *store, const struct report_query *query, struct why *why)
{
	int rc;

	begin(r, query);
	rc = count_sums(r, store, why);
	if (rc == 0)
		rc = count_hits(r, store, why);
	if (rc == 0)
		rc = count_blocks(r, store, why);
	if (rc == 0)
		rc = copy_accounts(r, store, why);
	if (rc == 0)
		rc = copy_senders(r, store, why);
	if (rc == 0)
		rc = copy_acts(r, store, why);
	if (rc == 0)
		rc = count_gates(r, store, why);
	sort_rows(&r->rules);
	sort_rows(&r->lists);
	return rc;
}

void report_done(struct report *r)
{
	rows_done(&r->categories);
	rows_done(&r->rules);
	rows_done(&r->lists);
	for (size_t i = 0; i < r->n_accounts; i++)
		free(r->accounts[i].name);
	for (size_t i = 0; i < r->n_senders; i++)
		free(r->senders[i].domain);
	for (size_t i = 0; i < r->n_acts; i++) {
		free(r->acts[i].who);
		free(r->acts[i].what);
		free(r->acts[i].address);
		free(r->acts[i].reason);
	}
	free(r->days);
	*r = (struct report){0};
}

const char *report_peer(const struct report_row *rule)
{
	const size_t begin = strlen(BLOCK_PEER_BEGIN);

	return strncmp(rule->name, BLOCK_PEER_BEGIN, begin) == 0 ? rule->name + begin : NULL;
}

struct report_day report_days(const struct report *r, size_t first, size_t n)
{
	struct report_day sum = {0};

	for (size_t i = first; i < first + n && i < r->n_days; i++) {
		sum.hits += r->days[i].hits;
		sum.addresses += r->days[i].addresses;
		sum.blocks += r->days[i].blocks;
		sum.packets += r->days[i].packets;
		sum.bytes += r->days[i].bytes;
		for (size_t c = 0; c < REPORT_CATEGORIES; c++)
			sum.by_category[c] += r->days[i].by_category[c];
	}
	return sum;
}

void report_day_text(int64_t day, char out[static TIME_TEXT_MAX])
{
	time_text(day * DAY_S, out);
	out[strcspn(out, "T")] = '\0';
}
