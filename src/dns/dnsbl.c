#include "dns/dnsbl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "dns/ptr.h"
#include "dns/resolver.h"

enum { WAYS = 4 }; /* cache slots for one subject */

enum belief {
	NOT_YET, /* the first check is under way: the list is queried, but its answers count only when it is ALIVE */
	ALIVE,
	DEAD,   /* it contains every address ... */
	SILENT, /* ... or does not answer: it is not queried until a check succeeds */
};

struct zone {
	enum belief belief;
	bool open;                    /* a check is under way */
	int64_t checked_ms, check_ms; /* time of the last check and of the next one */
};

struct queried {
	struct net subject;
	int64_t at_s; /* 0: a free slot */
};

/* An address that is being queried. */
struct open {
	struct addr addr;
	bool waits;        /* to be queried at the next dnsbl_turn */
	unsigned n;        /* answers still to come; if this is 0 and waits is false, the slot is free */
	uint32_t allowing; /* lists with "allow" among them; bit i: list i */
	struct ptr ptr;
	int64_t again_ms;  /* when to look up the name again; 0: not needed */
	uint64_t answered; /* value of dnsbl.answered when its name server failed */
	bool is_broken;    /* its name server failed once */
};

struct dnsbl {
	const struct config_list *dnsbl; /* borrowed */
	size_t n;
	int64_t window_s;
	struct zone zones[CONFIG_LISTS_MAX];
	struct queried *queried; /* DNSBL_KNOWN_MAX slots */
	uint64_t seed;
	struct open opens[DNSBL_OPEN_MAX];
	size_t n_waiting;          /* number of opens that wait */
	bool names;                /* names are looked up */
	uint64_t answered;         /* queries answered so far, about any address */
	struct resolver *resolver; /* its slots: n checks, then n for each of opens, then one for the name of each */
	int64_t now_ms;
};

/* Returns the resolver slot for the name of opens[i]. */
static size_t name_place(const struct dnsbl *l, size_t i)
{
	return l->n * (1 + DNSBL_OPEN_MAX) + i;
}

struct dnsbl *dnsbl_new(const struct config *config, const char *servers)
{
	const bool names = config->dns.ptr > 0 || config->dns.ptr_mismatch > 0;
	struct dnsbl *const l = config->dns.n == 0 && !names ? NULL : alloc_zero(1, sizeof *l, "the DNS lists");

	if (l == NULL)
		return NULL;
	l->names = names;
	l->queried = alloc_zero(DNSBL_KNOWN_MAX, sizeof *l->queried, "the DNS lists");
	l->dnsbl = config->dns.lists;
	l->n = config->dns.n;
	l->window_s = config->block.window_s;
	l->resolver = resolver_new(name_place(l, DNSBL_OPEN_MAX), servers);
	(void)!getrandom(&l->seed, sizeof l->seed, 0); /* if it fails, 0 works too, but attackers can guess it */
	return l;
}

void dnsbl_free(struct dnsbl *l)
{
	if (l == NULL)
		return;
	resolver_free(l->resolver);
	for (size_t i = 0; i < DNSBL_OPEN_MAX; i++)
		ptr_done(&l->opens[i].ptr);
	free(l->queried);
	free(l);
}

/* --- the cache of queried subjects --- */

static bool is_net(const struct net *a, const struct net *b)
{
	return a->len == b->len && addr_equal(&a->addr, &b->addr);
}

/* Returns the slot of the subject, or the oldest one, which it may replace. */
static struct queried *find(struct dnsbl *l, const struct net *subject)
{
	struct queried *const set = &l->queried[addr_hash(&subject->addr, l->seed) % (DNSBL_KNOWN_MAX / WAYS) * WAYS];
	struct queried *oldest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (is_net(&set[i].subject, subject))
			return &set[i];
		if (set[i].at_s < oldest->at_s)
			oldest = &set[i];
	}
	return oldest;
}

static bool is_known(struct dnsbl *l, const struct net *subject, int64_t now_s)
{
	const struct queried *const queried = find(l, subject);

	return is_net(&queried->subject, subject) && queried->at_s > now_s - l->window_s;
}

void dnsbl_known(struct dnsbl *l, const struct net *subject, int64_t at_s)
{
	if (l != NULL)
		*find(l, subject) = (struct queried){*subject, at_s};
}

/* --- queries --- */

void dnsbl_name(const struct addr *addr, const char *zone, char out[static DNSBL_NAME_MAX])
{
	size_t len = 0;

	if (addr_is_ip4(addr)) {
		(void)snprintf(out, DNSBL_NAME_MAX, "%u.%u.%u.%u.%s", addr->bytes[15], addr->bytes[14], addr->bytes[13],
		               addr->bytes[12], zone);
		return;
	}
	for (size_t i = 16; i-- > 0; len += 4)
		(void)snprintf(out + len, DNSBL_NAME_MAX - len, "%x.%x.", addr->bytes[i] & 0xFU, addr->bytes[i] >> 4);
	(void)snprintf(out + len, DNSBL_NAME_MAX - len, "%s", zone);
}

static void query_list(struct dnsbl *l, size_t list, size_t place, const struct addr *addr)
{
	char name[DNSBL_NAME_MAX];

	dnsbl_name(addr, l->dnsbl[list].zone, name);
	resolver_ask(l->resolver, place, name, AF_INET);
}

static void query_name(struct dnsbl *l, size_t place)
{
	struct open *const open = &l->opens[place];
	struct ptr_question question;

	open->again_ms = 0;
	ptr_begin(&open->ptr, &open->addr, &question);
	resolver_query(l->resolver, name_place(l, place), question.name, question.type);
}

static bool is_queried(const struct dnsbl *l, size_t list)
{
	return l->zones[list].belief == ALIVE || l->zones[list].belief == NOT_YET;
}

static void query_all(struct dnsbl *l, size_t place)
{
	struct open *const open = &l->opens[place];

	open->waits = false;
	l->n_waiting--;
	for (size_t i = 0; i < l->n; i++)
		if (is_queried(l, i)) {
			open->n++;
			open->allowing |= l->dnsbl[i].score == 0 ? UINT32_C(1) << i : 0;
			query_list(l, i, l->n * (1 + place) + i, &open->addr);
		}
	if (l->names) {
		open->n++;
		query_name(l, place);
	}
}

bool dnsbl_awaits(const struct dnsbl *l, const struct net *net)
{
	bool allows = false;

	for (size_t i = 0; l != NULL && i < l->n; i++)
		allows |= l->dnsbl[i].score == 0 && is_queried(l, i);
	for (size_t i = 0; allows && i < DNSBL_OPEN_MAX; i++)
		if ((l->opens[i].waits || l->opens[i].allowing != 0) && net_has(net, &l->opens[i].addr))
			return true;
	return false;
}

void dnsbl_ask(struct dnsbl *l, const struct net *subject, const struct addr *addr, int64_t now_s)
{
	size_t place = 0;

	if (l == NULL || is_known(l, subject, now_s))
		return;
	while (place < DNSBL_OPEN_MAX && (l->opens[place].waits || l->opens[place].n > 0))
		place++;
	if (place == DNSBL_OPEN_MAX)
		return;
	dnsbl_known(l, subject, now_s);
	l->opens[place] = (struct open){.addr = *addr, .waits = true};
	l->n_waiting++;
}

/* --- answers --- */

/* Returns true for an address that means "listed". */
static bool is_code(const struct addr *addr)
{
	const uint8_t *const b = addr->bytes + 12;

	return addr_is_ip4(addr) && b[0] == 127 && !(b[1] == 255 && b[2] == 255) &&
	       !(b[1] == 0 && b[2] == 0 && (b[3] == 1 || b[3] == 255));
}

static bool is_wanted(const struct config_list *list, const struct nets *answer)
{
	for (size_t i = 0; i < list->n_codes; i++)
		if (nets_has(answer, &list->codes[i]))
			return true;
	return list->n_codes == 0;
}

static bool is_listed(const struct config_list *list, const struct nets *answer)
{
	for (size_t i = 0; i < answer->n; i++)
		if (!is_code(&answer->list[i].addr))
			return false;
	return answer->n > 0 && is_wanted(list, answer);
}

/* Handles the answer to a check for 127.0.0.1. Returns true if there is something to report. */
static bool receive_check(struct dnsbl *l, size_t list, const struct resolver_answer *answer, struct dnsbl_answer *ret)
{
	static const enum dnsbl_word words[] = {[ALIVE] = DNSBL_ALIVE, [DEAD] = DNSBL_DEAD, [SILENT] = DNSBL_SILENT};
	struct zone *const zone = &l->zones[list];
	const enum belief before = zone->belief;

	zone->open = false;
	zone->checked_ms = l->now_ms;
	zone->check_ms = l->now_ms + (answer->failed ? DNSBL_RETRY_MS : DNSBL_CHECK_MS);
	if (!answer->failed)
		zone->belief = answer->nets.n == 0 ? ALIVE : DEAD;
	else if (before != DEAD)
		zone->belief = SILENT;
	*ret = (struct dnsbl_answer){.word = words[zone->belief], .list = &l->dnsbl[list]};
	if (answer->nets.n > 0)
		ret->code = answer->nets.list[0].addr;
	return zone->belief != before && !(before == NOT_YET && zone->belief == ALIVE);
}

/*
 * Records that the name server failed for this address. Returns true at the second failure, if ours answered other
 * queries meanwhile.
 */
static bool is_broken(struct dnsbl *l, struct open *open)
{
	const bool again = open->is_broken;

	if (again)
		return l->answered > open->answered;
	open->is_broken = true;
	open->answered = l->answered;
	open->again_ms = l->now_ms + DNSBL_AGAIN_MS;
	return false;
}

static bool receive_name(struct dnsbl *l, size_t place, const struct reply *reply, struct dnsbl_answer *ret)
{
	static const enum dnsbl_word words[] = {
		[PTR_NONE] = DNSBL_NO_NAME, [PTR_UNCONFIRMED] = DNSBL_MISMATCH, [PTR_TROUBLE] = DNSBL_BROKEN};
	struct open *const open = &l->opens[place];
	struct ptr_question question;
	const enum ptr_outcome outcome = ptr_answer(&open->ptr, reply, &question);
	bool counts = outcome == PTR_NONE || outcome == PTR_UNCONFIRMED;

	if (outcome == PTR_ASKS) {
		resolver_query(l->resolver, name_place(l, place), question.name, question.type);
		return false;
	}
	if (outcome == PTR_TROUBLE)
		counts = is_broken(l, open);
	ptr_done(&open->ptr);
	if (open->again_ms > 0)
		return false;
	open->n--;
	if (counts)
		*ret = (struct dnsbl_answer){.word = words[outcome], .addr = open->addr};
	return counts;
}

static bool receive(struct dnsbl *l, const struct resolver_answer *answer, struct dnsbl_answer *ret)
{
	const bool is_name = answer->place >= name_place(l, 0);
	const size_t list = is_name ? 0 : answer->place % l->n;
	const struct config_list *const c = &l->dnsbl[list];
	struct zone *const zone = &l->zones[list];
	struct open *open;

	l->answered += !answer->failed;
	if (is_name)
		return receive_name(l, answer->place - name_place(l, 0), &answer->reply, ret);
	if (answer->place < l->n)
		return receive_check(l, list, answer, ret);
	open = &l->opens[answer->place / l->n - 1];
	open->n--;
	open->allowing &= ~(UINT32_C(1) << list);
	if (answer->failed || zone->belief != ALIVE || !is_listed(c, &answer->nets))
		return false;
	/* A list that dies contains every address at once, so check it soon. */
	if (zone->check_ms > zone->checked_ms + DNSBL_RETRY_MS)
		zone->check_ms = zone->checked_ms + DNSBL_RETRY_MS;
	*ret = (struct dnsbl_answer){DNSBL_LISTED, c, open->addr, answer->nets.list[0].addr};
	return true;
}

bool dnsbl_next(struct dnsbl *l, struct dnsbl_answer *ret)
{
	struct resolver_answer answer;
	bool got = false;

	while (l != NULL && !got && resolver_next(l->resolver, &answer)) {
		got = receive(l, &answer, ret);
		nets_done(&answer.nets);
		reply_done(&answer.reply);
	}
	return got;
}

/* --- the poll loop --- */

int dnsbl_fd(const struct dnsbl *l)
{
	return l == NULL ? -1 : resolver_fd(l->resolver);
}

int dnsbl_timeout_ms(const struct dnsbl *l, int64_t now_ms)
{
	int64_t ms;

	if (l == NULL)
		return -1;
	ms = l->n_waiting > 0 ? 0 : resolver_timeout_ms(l->resolver);
	for (size_t i = 0; i < l->n; i++)
		if (!l->zones[i].open && (ms < 0 || l->zones[i].check_ms - now_ms < ms))
			ms = l->zones[i].check_ms > now_ms ? l->zones[i].check_ms - now_ms : 0;
	for (size_t i = 0; i < DNSBL_OPEN_MAX && l->names; i++)
		if (l->opens[i].again_ms > 0 && (ms < 0 || l->opens[i].again_ms - now_ms < ms))
			ms = l->opens[i].again_ms > now_ms ? l->opens[i].again_ms - now_ms : 0;
	return (int)ms; /* fits: at most DNSBL_CHECK_MS or the resolver's timeout */
}

void dnsbl_turn(struct dnsbl *l, int64_t now_ms)
{
	static const struct addr loopback = {{[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1}};

	if (l == NULL)
		return;
	l->now_ms = now_ms;
	for (size_t i = 0; i < l->n; i++)
		if (!l->zones[i].open && now_ms >= l->zones[i].check_ms) {
			l->zones[i].open = true;
			query_list(l, i, i, &loopback);
		}
	for (size_t i = 0; i < DNSBL_OPEN_MAX && l->n_waiting > 0; i++)
		if (l->opens[i].waits)
			query_all(l, i);
	for (size_t i = 0; i < DNSBL_OPEN_MAX && l->names; i++)
		if (l->opens[i].again_ms > 0 && now_ms >= l->opens[i].again_ms)
			query_name(l, i);
	resolver_turn(l->resolver);
}
