#include "import/banlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/duration.h"

enum { WORD_MAX = 64 }; /* bytes of a word that may be an address or a time */

const char *const banlist_address_names[] = {"value", "address", "ip", "addr", "val", NULL};
const char *const banlist_left_names[] = {"duration", "expires", "timeout", "expiration", NULL};
const char *const banlist_until_names[] = {"until", NULL};
const char *const banlist_reason_names[] = {"scenario", "reason", NULL};

void banlist_add(struct banlist *list, const struct banlist_entry *entry)
{
	if (list->n == list->cap) {
		list->cap = list->cap == 0 ? 64 : 2 * list->cap;
		list->list = alloc_resize(list->list, list->cap, sizeof *list->list, "the list to import");
	}
	list->list[list->n++] = *entry;
}

void banlist_done(struct banlist *list)
{
	free(list->list);
	*list = (struct banlist){0};
}

void banlist_set_reason(struct banlist_entry *entry, struct span reason)
{
	(void)text_escape(reason, entry->reason, sizeof entry->reason);
}

/* Returns whether all of the network is loopback. */
static bool is_loopback(const struct net *net)
{
	static const struct net ip4 = {{{[10] = 0xFF, [11] = 0xFF, [12] = 127}}, 104};
	static const struct addr ip6 = {{[15] = 1}};

	return (net->len >= ip4.len && net_has(&ip4, &net->addr)) || (net->len == 128 && addr_equal(&net->addr, &ip6));
}

void banlist_drop_loopback(struct banlist *list)
{
	size_t n = 0;

	for (size_t i = 0; i < list->n; i++)
		if (!is_loopback(&list->list[i].net))
			list->list[n++] = list->list[i];
	list->n = n;
}

/* --- times --- */

bool banlist_time(struct span word, int64_t *ret_s)
{
	char text[WORD_MAX], *dot;
	size_t len = word.len;

	if (len == 0 || len >= sizeof text)
		return false;
	memcpy(text, word.p, len);
	if (len > 2 && memcmp(text + len - 2, "ms", 2) == 0)
		for (len -= 2; len > 0 && text[len - 1] >= '0' && text[len - 1] <= '9';)
			len--;
	text[len] = '\0';
	dot = strchr(text, '.');
	if (dot != NULL && text[len - 1] == 's')
		*dot++ = 's';
	if (dot != NULL)
		*dot = '\0';
	return duration_parse(text, ret_s);
}

int64_t banlist_left(struct span time)
{
	int64_t left_s = 0;

	if (time.len > 0 && *time.p == '-')
		return BANLIST_OVER;
	(void)banlist_time(time, &left_s);
	return left_s;
}

int64_t banlist_left_until(struct span time, int64_t now_s)
{
	char text[WORD_MAX];
	size_t n = 0;
	int64_t until_s, left_s;

	if (time.len >= sizeof text)
		return BANLIST_NO_TIME;
	for (size_t i = 0; i < time.len; i++) {
		if (time.p[i] == '.') /* fractions of a second */
			while (i + 1 < time.len && time.p[i + 1] >= '0' && time.p[i + 1] <= '9')
				i++;
		else
			text[n++] = time.p[i];
	}
	text[n] = '\0';
	if (!time_parse(text, false, &until_s))
		return BANLIST_NO_TIME;
	left_s = until_s - now_s;
	if (left_s <= 0)
		return BANLIST_OVER;
	return left_s < DURATION_MAX_S ? left_s : DURATION_MAX_S;
}

/* --- networks --- */

static int add(struct banlist *list, const struct net *net, const struct banlist_entry *entry, struct why *why)
{
	char address[NET_TEXT_MAX];

	if (entry->left_s == BANLIST_OVER)
		return 0;
	if (entry->left_s == BANLIST_NO_TIME) {
		(void)net_text(net, address);
		return why_set(why, EINVAL, "%s: its end (until) is no time such as 2026-11-20T13:37:42Z", address);
	}
	if (list->n == BANLIST_MAX)
		return why_set(why, E2BIG, "more than %d addresses; use [block] file for a list of that size",
		               BANLIST_MAX);
	banlist_add(list, entry);
	list->list[list->n - 1].net = *net;
	return 0;
}

/* Returns the last address of a network. */
static struct addr last_of(const struct net *net)
{
	struct addr last = net->addr;

	for (unsigned bit = net->len; bit < 128; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
	return last;
}

/* Increments the address. Returns false on overflow. */
static bool step(struct addr *addr)
{
	for (size_t i = sizeof addr->bytes; i-- > 0;)
		if (++addr->bytes[i] != 0)
			return true;
	return false;
}

/*
 * Adds the networks that cover first to last, as few as possible; none if the addresses are of different families or
 * in the wrong order.
 */
static int add_range(struct banlist *list, struct addr first, const struct addr *last,
                     const struct banlist_entry *entry, struct why *why)
{
	const uint8_t shortest = addr_is_ip4(&first) ? 96 : 0;

	if (addr_is_ip4(&first) != addr_is_ip4(last))
		return 0;
	while (!addr_before(last, &first)) {
		struct net net = net_around(&first, shortest);
		struct addr end = last_of(&net);
		int rc;

		while (!addr_equal(&net.addr, &first) || addr_before(last, &end)) {
			net = net_around(&first, (uint8_t)(net.len + 1));
			end = last_of(&net);
		}
		rc = add(list, &net, entry, why);
		if (rc < 0)
			return rc;
		first = end;
		if (!step(&first))
			break;
	}
	return 0;
}

/* Parses "192.0.2.7-192.0.2.9". */
static bool parse_range(struct span word, struct addr *ret_first, struct addr *ret_last)
{
	const char *const dash = memchr(word.p, '-', word.len);
	const size_t len = dash != NULL ? (size_t)(dash - word.p) : 0;

	return dash != NULL && addr_parse(word.p, len, ret_first) && addr_parse(dash + 1, word.len - len - 1, ret_last);
}

size_t banlist_scope_len(struct span word)
{
	static const char *const scopes[] = {"Ip:", "Range:"};

	for (size_t i = 0; i < sizeof scopes / sizeof *scopes; i++)
		if (word.len > strlen(scopes[i]) && memcmp(word.p, scopes[i], strlen(scopes[i])) == 0)
			return strlen(scopes[i]);
	return 0;
}

int banlist_add_word(struct banlist *list, struct span word, const struct banlist_entry *entry, struct why *why)
{
	const size_t scope = banlist_scope_len(word);
	struct addr first, last;
	struct net net;

	word.p += scope;
	word.len -= scope;
	if (word.len < WORD_MAX && net_parse(word.p, word.len, &net))
		return add(list, &net, entry, why);
	return word.len < 2 * WORD_MAX && parse_range(word, &first, &last) ? add_range(list, first, &last, entry, why)
	                                                                   : 0;
}
