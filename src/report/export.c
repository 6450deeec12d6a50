#include "report/export.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/json.h"
#include "base/text.h"

#define NAME(unused, name) #name,
const char *const export_names[EXPORT_FORMATS + 1] = {FORMATS(NAME) NULL};
#undef NAME

enum {
	IP4_START = 96,              /* IPv4 starts at this bit of a net's len */
	IPSET_TIMEOUT_MAX = 2147483, /* seconds: ipset(8), "timeout" */
	IPSET_SIZE_MIN = 65536,      /* ipset's default for maxelem */
	NFT_LINE = 500, /* elements per command; a command for each element would need too much of nft's memory */
	TTL_S = 60,     /* of a zone: low, so that an unblocked address is soon forgotten */
	TXT_MAX = 200,  /* a DNS character-string has at most 255 bytes: RFC 1035, 3.3 */
};

enum export_format export_format_of(const char *word)
{
	size_t i;

	return text_find(word, export_names, EXPORT_FORMATS, &i) ? (enum export_format)i : EXPORT_FORMATS;
}

/* --- the list --- */

static bool is_cause(const struct export_cause *cause, const char *rule, const char *reason, const char *category)
{
	return strcmp(cause->rule, rule) == 0 && strcmp(cause->reason, reason) == 0 &&
	       strcmp(cause->category, category) == 0;
}

static unsigned cause_of(struct export_list *list, const char *rule, const char *reason, const char *category)
{
	for (size_t i = 0; i < list->n_causes; i++)
		if (is_cause(&list->causes[i], rule, reason, category))
			return (unsigned)i;
	list->causes = alloc_one_more(list->causes, list->n_causes, sizeof *list->causes, "the causes of an export");
	list->causes[list->n_causes] = (struct export_cause){
		alloc_text(rule, "a rule's name"), alloc_text(reason, "a reason"), alloc_text(category, "a category")};
	return (unsigned)list->n_causes++;
}

static void add_net(struct export_list *list, const struct net *net, const struct export_entry *entry)
{
	list->list = alloc_one_more(list->list, list->n, sizeof *list->list, "the entries of an export");
	list->list[list->n] = *entry;
	list->list[list->n++].net = *net;
}

static void add(struct export_list *list, const char *address, const struct export_entry *entry)
{
	struct net net;

	if (net_parse(address, strlen(address), &net))
		add_net(list, &net, entry);
}

void export_add_block(struct export_list *list, const struct query_block *block)
{
	const struct export_entry entry = {.since_s = block->since_s,
	                                   .until_s = block->until_s,
	                                   .hits = block->hits,
	                                   .cause = cause_of(list, block->rule, block->reason, block->category)};

	add(list, block->address, &entry);
}

void export_add_allowance(struct export_list *list, const struct query_allowance *allowance)
{
	const struct export_entry entry = {.since_s = allowance->since_s,
	                                   .until_s = allowance->until_s,
	                                   .hits = -1,
	                                   .cause = cause_of(list, "", allowance->cause, "")};

	add(list, allowance->address, &entry);
}

void export_add_listed(struct export_list *list, const struct net *net)
{
	const struct export_entry entry = {.hits = -1, .cause = cause_of(list, "", "listed by others", "file")};

	add_net(list, net, &entry);
}

void export_add_address(struct export_list *list, const struct query_frequent *address)
{
	const struct export_entry entry = {
		.since_s = address->first_s, .hits = address->hits, .cause = cause_of(list, "", "", "")};

	add(list, address->address, &entry);
}

void export_done(struct export_list *list)
{
	for (size_t i = 0; i < list->n_causes; i++) {
		free(list->causes[i].rule);
		free(list->causes[i].reason);
		free(list->causes[i].category);
	}
	free(list->causes);
	free(list->list);
	*list = (struct export_list){0};
}

/* Returns the end; entries without known end come after all others. */
static int64_t end_of(const struct export_entry *e)
{
	return e->until_s == 0 ? INT64_MAX : e->until_s;
}

/* Compares by network. For the same network, the entry that lasts longest comes first, and is the one kept. */
static int entry_order(const void *left, const void *right)
{
	const struct export_entry *const a = left, *const b = right;
	const int order = net_order(&a->net, &b->net);

	return order != 0 ? order : (end_of(a) < end_of(b)) - (end_of(a) > end_of(b));
}

/* In DNS, a name below a wildcard hides it; a set of intervals refuses overlapping elements. */
static bool wants_widest(enum export_format format)
{
	return format == EXPORT_NFT || format == EXPORT_RBLDNSD || format == EXPORT_BIND;
}

void export_seal(struct export_list *list, enum export_format format)
{
	const bool widest = wants_widest(format);
	size_t n = 0;

	if (list->n > 0)
		qsort(list->list, list->n, sizeof *list->list, entry_order);
	for (size_t i = 0; i < list->n; i++) {
		const struct net *const last = n > 0 ? &list->list[n - 1].net : NULL;
		const struct net *const net = &list->list[i].net;

		if (last != NULL && net_has(last, &net->addr) && (widest || net->len == last->len))
			continue;
		list->list[n++] = list->list[i];
	}
	list->n = n;
}

/* --- text --- */

static bool is_ip4(const struct net *net)
{
	return net->len >= IP4_START && addr_is_ip4(&net->addr);
}

/* Writes the network always with its length: "192.0.2.7/32". */
static void cidr_text(const struct net *net, char out[static NET_TEXT_MAX])
{
	const size_t len = net_text(net, out);

	if (net->len == 128)
		(void)snprintf(out + len, NET_TEXT_MAX - len, "/%d", is_ip4(net) ? 32 : 128);
}

/* Writes a quoted field; a quote in it is doubled: RFC 4180. */
static void csv_text(const char *text, FILE *out)
{
	(void)putc('"', out);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			(void)putc('"', out);
		(void)putc(*text, out);
	}
	(void)putc('"', out);
}

static void csv_time(int64_t time_s, FILE *out)
{
	char text[TIME_TEXT_MAX] = "";

	if (time_s != 0)
		time_text(time_s, text);
	(void)fprintf(out, "%s,", text);
}

static void write_csv(const struct export_list *list, FILE *out)
{
	char address[NET_TEXT_MAX];

	(void)fputs("address,since,until,hits,rule,category,reason\r\n", out);
	for (size_t i = 0; i < list->n; i++) {
		const struct export_entry *const e = &list->list[i];
		const struct export_cause *const cause = &list->causes[e->cause];

		(void)net_text(&e->net, address);
		(void)fprintf(out, "%s,", address);
		csv_time(e->since_s, out);
		csv_time(e->until_s, out);
		if (e->hits >= 0)
			(void)fprintf(out, "%" PRId64, e->hits);
		(void)putc(',', out);
		csv_text(cause->rule, out);
		(void)putc(',', out);
		csv_text(cause->category, out);
		(void)putc(',', out);
		csv_text(cause->reason, out);
		(void)fputs("\r\n", out);
	}
}

/* Writes those members of list --json that an export has. */
static void write_json(const struct export_list *list, FILE *out)
{
	char address[NET_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++) {
		const struct export_entry *const e = &list->list[i];
		const struct export_cause *const cause = &list->causes[e->cause];
		json_t *const row = alloc_check(json_object(), 0, "JSON");
		char *line;
		size_t len;

		(void)net_text(&e->net, address);
		json_put_text(row, "address", address);
		json_put(row, "since", json_time(e->since_s));
		json_put(row, "until", json_time(e->until_s));
		json_put_text(row, "rule", *cause->rule != '\0' ? cause->rule : NULL);
		json_put_text(row, "reason", *cause->reason != '\0' ? cause->reason : NULL);
		json_put_text(row, "category", *cause->category != '\0' ? cause->category : NULL);
		json_put(row, "hits", e->hits >= 0 ? json_integer(e->hits) : json_null());
		line = json_line(row, &len);
		(void)fwrite(line, 1, len, out);
		free(line);
		json_decref(row);
	}
}

static void write_lines(const struct export_list *list, bool lengths, FILE *out)
{
	char address[NET_TEXT_MAX];

	for (size_t i = 0; i < list->n; i++) {
		if (lengths)
			cidr_text(&list->list[i].net, address);
		else
			(void)net_text(&list->list[i].net, address);
		(void)fprintf(out, "%s\n", address);
	}
}

/* --- firewalls --- */

/* Writes our sets, in a table of their own; the rules that use them are up to the reader. */
static void write_nft(const struct export_list *list, FILE *out)
{
	char address[NET_TEXT_MAX];
	size_t in_line = 0;

	(void)fputs("add table inet watchforspammers_export\n", out);
	for (int family = 4; family <= 6; family += 2)
		(void)fprintf(out,
		              "add set inet watchforspammers_export blocked%d { type ipv%d_addr; flags interval; }\n"
		              "flush set inet watchforspammers_export blocked%d\n",
		              family, family, family);
	for (size_t i = 0; i < list->n; i++) {
		const struct net *const net = &list->list[i].net;
		const bool last = i + 1 == list->n || is_ip4(&list->list[i + 1].net) != is_ip4(net);

		if (in_line == 0)
			(void)fprintf(out, "add element inet watchforspammers_export blocked%d { ",
			              is_ip4(net) ? 4 : 6);
		(void)net_text(net, address);
		in_line = last || in_line + 1 == NFT_LINE ? 0 : in_line + 1;
		(void)fprintf(out, "%s%s", address, in_line == 0 ? " }\n" : ", ");
	}
}

static void write_ipset(const struct export_list *list, int64_t now_s, FILE *out)
{
	const size_t size = list->n > IPSET_SIZE_MIN ? list->n : IPSET_SIZE_MIN;
	char address[NET_TEXT_MAX];

	for (int family = 4; family <= 6; family += 2)
		(void)fprintf(
			out,
			"create -exist watchforspammers%d hash:net family inet%s maxelem %zu timeout 0\nflush watchforspammers%d\n",
			family, family == 6 ? "6" : "", size, family);
	for (size_t i = 0; i < list->n; i++) {
		const struct export_entry *const e = &list->list[i];
		const int64_t left_s = e->until_s == 0 ? 0 : e->until_s - now_s;

		if (e->until_s != 0 && left_s <= 0)
			continue;
		(void)net_text(&e->net, address);
		(void)fprintf(out, "add watchforspammers%d %s timeout %" PRId64 "\n", is_ip4(&e->net) ? 4 : 6, address,
		              left_s < IPSET_TIMEOUT_MAX ? left_s : IPSET_TIMEOUT_MAX);
	}
}

/* --- DNS --- */

/*
 * Writes what a server may reply to a refused client. The text is from rule files, but zones have special characters,
 * too.
 */
static void txt_of(const struct export_cause *cause, char out[static TXT_MAX])
{
	const char *const text = *cause->reason != '\0' ? cause->reason : "hostile to another mail server";

	(void)snprintf(out, TXT_MAX, "%s%s%s", text, *cause->rule != '\0' ? " - " : "", cause->rule);
	for (char *p = out; *p != '\0'; p++)
		if ((unsigned char)*p < ' ' || (unsigned char)*p > '~' || strchr("\"\\;$:", *p) != NULL)
			*p = ' ';
}

static void write_data_set(const struct export_list *list, bool ip4, FILE *out)
{
	char address[NET_TEXT_MAX], text[TXT_MAX];

	(void)fprintf(out, "$DATASET ip%dtrie blocked%d @\n", ip4 ? 4 : 6, ip4 ? 4 : 6);
	for (size_t i = 0; i < list->n; i++) {
		const struct export_entry *const e = &list->list[i];

		if (is_ip4(&e->net) != ip4)
			continue;
		cidr_text(&e->net, address);
		txt_of(&list->causes[e->cause], text);
		(void)fprintf(out, "%s :2:%s\n", address, text);
	}
}

static void write_rbldnsd(const struct export_list *list, int64_t now_s, FILE *out)
{
	(void)fprintf(out,
	              "$SOA 3600 localhost hostmaster.localhost %" PRIu32
	              " 600 300 86400 %d\n$NS 3600 localhost\n$TTL %d\n",
	              (uint32_t)now_s, TTL_S, TTL_S);
	write_data_set(list, true, out);
	(void)fputs("127.0.0.2/32 :2:test entry, RFC 5782\n", out); /* in the data set for IPv4 */
	write_data_set(list, false, out);
}

/* Writes the name of the first len bits, which are whole labels: "2.0.192", or nibbles; a wildcard if bits are left. */
static void zone_name(const struct addr *addr, unsigned len, FILE *out)
{
	const bool ip4 = len >= IP4_START && addr_is_ip4(addr);
	const unsigned step = ip4 ? 8 : 4, first = ip4 ? IP4_START : 0;

	if (len < 128)
		(void)fputs(len > first ? "*." : "*", out);
	for (unsigned at = len; at > first; at -= step) {
		const uint8_t byte = addr->bytes[(at - 1) / 8];

		if (ip4)
			(void)fprintf(out, "%u", byte);
		else
			(void)fprintf(out, "%x", at % 8 == 0 ? byte & 0x0FU : (unsigned)byte >> 4);
		(void)fputs(at - step > first ? "." : "", out);
	}
}

/* Labels are whole octets or nibbles, so a network of a length in between needs several names. */
static void write_names(const struct net *net, const char *text, FILE *out)
{
	const unsigned step = is_ip4(net) ? 8 : 4;
	const unsigned len = (net->len + step - 1) / step * step;
	struct addr addr = net->addr;

	for (unsigned i = 0; i < 1U << (len - net->len); i++) {
		if (len > net->len)
			addr.bytes[(len - 1) / 8] =
				(uint8_t)(net->addr.bytes[(len - 1) / 8] + (i << (len % 8 == 0 ? 0 : 8 - len % 8)));
		zone_name(&addr, len, out);
		(void)fprintf(out, " A 127.0.0.2\n TXT \"%s\"\n", text);
	}
}

static void write_bind(const struct export_list *list, int64_t now_s, FILE *out)
{
	char text[TXT_MAX];

	(void)fprintf(out,
	              "$TTL %d\n@ SOA localhost. hostmaster.localhost. %" PRIu32 " 600 300 86400 %d\n NS localhost.\n",
	              TTL_S, (uint32_t)now_s, TTL_S);
	(void)fputs("2.0.0.127 A 127.0.0.2\n TXT \"test entry, RFC 5782\"\n", out);
	for (size_t i = 0; i < list->n; i++) {
		txt_of(&list->causes[list->list[i].cause], text);
		write_names(&list->list[i].net, text, out);
	}
}

void export_write(const struct export_list *list, enum export_format format, int64_t now_s, FILE *out)
{
	switch (format) {
	case EXPORT_PLAIN:
	case EXPORT_CIDR:
		write_lines(list, format == EXPORT_CIDR, out);
		break;
	case EXPORT_CSV:
		write_csv(list, out);
		break;
	case EXPORT_JSON:
		write_json(list, out);
		break;
	case EXPORT_NFT:
		write_nft(list, out);
		break;
	case EXPORT_IPSET:
		write_ipset(list, now_s, out);
		break;
	case EXPORT_RBLDNSD:
		write_rbldnsd(list, now_s, out);
		break;
	case EXPORT_BIND:
		write_bind(list, now_s, out);
		break;
	case EXPORT_FORMATS:
		break;
	}
}
