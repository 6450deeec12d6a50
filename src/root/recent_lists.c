#include "root/recent_lists.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"

static enum xtables_family family_of(const struct addr *addr)
{
	return addr_is_ip4(addr) ? XTABLES_IP4 : XTABLES_IP6;
}

/* Returns the kind of list that holds such a network; RECENT_KINDS if none does. */
static enum recent_kind kind_of(const struct recent *recent, const struct net *net)
{
	const enum xtables_family family = family_of(&net->addr);

	for (enum recent_kind kind = RECENT_SINGLE; kind < RECENT_KINDS; kind++)
		if (recent->kinds[family][kind] && recent_length(family, kind, recent->config) == net->len)
			return kind;
	return RECENT_KINDS;
}

static unsigned shard_of(const struct recent *recent, const struct net *net)
{
	return recent->n_shards == 1 ? 0 : net->addr.bytes[recent_shard_byte(net->len)];
}

unsigned recent_lists_of(const struct recent *recent, enum xtables_family family, enum recent_kind kind)
{
	return recent->use[family] && recent->kinds[family][kind] ? recent->n_shards : 0;
}

void recent_list_path(const struct recent *recent, enum xtables_family family, enum recent_kind kind, unsigned shard,
                      char out[static RECENT_PATH_MAX])
{
	char name[RECENT_LIST_MAX];

	recent_list_name(family, kind, recent->config, recent->n_shards, shard, name);
	(void)snprintf(out, RECENT_PATH_MAX, "/proc/net/xt_recent/%s", name);
}

void recent_shut_all(struct recent *recent)
{
	for (unsigned family = 0; family < RECENT_FAMILIES; family++)
		for (unsigned kind = 0; kind < RECENT_KINDS; kind++)
			for (unsigned shard = 0; shard < RECENT_SHARDS; shard++)
				recent_file_shut(&recent->lists[family][kind][shard]);
}

static int no_kind(const struct net *net, struct why *why)
{
	char text[NET_TEXT_MAX];

	(void)net_text(net, text);
	return why_set(why, EAFNOSUPPORT, "%s: no list holds networks of this length", text);
}

/* sign: '+' or '-'. */
static int put(struct recent *recent, char sign, const struct net *net, struct why *why)
{
	const enum xtables_family family = family_of(&net->addr);
	const enum recent_kind kind = kind_of(recent, net);
	char path[RECENT_PATH_MAX], command[ADDR_TEXT_MAX + 1];
	struct members_entry *members;
	struct recent_file *list;
	unsigned long hz;
	unsigned shard;
	size_t len;
	int err;

	if (!recent->use[family])
		return why_set(why, EAFNOSUPPORT, "%s", recent->without6.text);
	if (kind == RECENT_KINDS)
		return no_kind(net, why);
	shard = shard_of(recent, net);
	list = &recent->lists[family][kind][shard];
	recent_list_path(recent, family, kind, shard, path);
	command[0] = sign;
	len = 1 + addr_text(&net->addr, command + 1);
	/* If a list was destroyed and recreated, the descriptor stays dead; opening the file again reveals it. */
	for (int tries = 1;; tries++) {
		err = recent_file_open(&recent->files, list, net->len, path, why);
		if (err < 0)
			return err;
		members = members_find(&list->members, net);
		if (sign == '+' && members == NULL && list->members.n >= recent->files.per_list)
			return why_set(why, ENOSPC, "%s is full: it holds %" PRIu32 " addresses", path,
			               list->members.n);
		err = recent_file_write(list, command, len);
		if (err == 0)
			break;
		recent_file_shut(list);
		if (tries == 2)
			return why_set(why, -err, "%s: the kernel did not take '%s': %s", path, command,
			               strerror(-err));
	}
	if (sign == '-' && members != NULL)
		members_remove(&list->members, members);
	if (sign == '-')
		return 0;
	if (members != NULL) {
		members->writes++;
	} else {
		members = members_add(&list->members, net);
		members->place = 1; /* for a new entry; if it already existed, the next reading corrects it */
	}
	members->stamp = recent_file_now(&hz);
	return 0;
}

/* Returns whether prepare can make room for such a network by splitting its list. */
static bool can_split(const struct recent *recent, const struct net *net)
{
	return recent->config->manage_rules && recent->n_shards == 1 && kind_of(recent, net) != RECENT_KINDS;
}

/* err: -ENOSPC if the list is full, or -EAFNOSUPPORT. */
static void refuse(struct recent *recent, const struct net *net, int err, const char *because,
                   struct backend_refused *refused)
{
	if (err == -ENOSPC && !recent->logged_full) {
		log_line(LOG_WARNING, "%s; what it cannot take is not blocked", because);
		recent->logged_full = true;
	}
	backend_refuse(refused, net, because);
}

int recent_add(void *self, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
               struct why *why)
{
	struct recent *const recent = self;

	for (size_t i = 0; i < n; i++) {
		const struct net *const net = &entries[i].net;
		struct why one;
		const int err = put(recent, '+', net, &one);

		if (err == -EAFNOSUPPORT || (err == -ENOSPC && !can_split(recent, net))) {
			refuse(recent, net, err, one.text, refused);
			continue;
		}
		if (err == -ENOSPC)
			refused->n += (uint32_t)(n - i); /* the rest will fit after the prepare that follows */
		if (err < 0) {
			*why = one;
			return err;
		}
	}
	return 0;
}

int recent_del(void *self, const struct net *nets, size_t n, struct why *why)
{
	for (size_t i = 0; i < n; i++) {
		const int err = put(self, '-', &nets[i], why);

		/* What was never added is not there. */
		if (err < 0 && err != -EAFNOSUPPORT)
			return err;
	}
	return 0;
}

static int read_list(struct recent *recent, enum xtables_family family, enum recent_kind kind, unsigned shard,
                     struct why *why)
{
	char path[RECENT_PATH_MAX];

	recent_list_path(recent, family, kind, shard, path);
	return recent_file_read(&recent->files, &recent->lists[family][kind][shard],
	                        recent_length(family, kind, recent->config), path, why);
}

static int read_kind(struct recent *recent, enum xtables_family family, enum recent_kind kind, struct why *why)
{
	const unsigned n = recent_lists_of(recent, family, kind);
	int err = 0;

	for (unsigned shard = 0; shard < n && err == 0; shard++)
		err = read_list(recent, family, kind, shard, why);
	return err;
}

int recent_read_all(struct recent *recent, struct why *why)
{
	int err = 0;

	for (unsigned family = 0; family < RECENT_FAMILIES; family++)
		for (unsigned kind = 0; kind < RECENT_KINDS && err == 0; kind++)
			err = read_kind(recent, family, kind, why);
	return err;
}

/* Returns the addresses in the flood lists and removes them. Skips lists that do not exist. */
int recent_floods(void *self, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	const struct recent *const recent = self;
	size_t n = 0;
	int err = 0;

	for (enum xtables_family family = XTABLES_IP4; family <= XTABLES_IP6 && err == 0; family++) {
		char name[RECENT_LIST_MAX], path[RECENT_PATH_MAX];
		size_t some = 0;

		recent_flood_name(family, recent->config, name);
		(void)snprintf(path, sizeof path, "/proc/net/xt_recent/%s", name);
		/* If manage_rules is false, such a list is optional. */
		if (recent->config->connections == 0 || !recent->use[family] ||
		    (!recent->config->manage_rules && access(path, R_OK | W_OK) != 0))
			continue;
		err = recent_file_take(path, out + n, cap - n, &some, why);
		n += some;
	}
	if (err == 0)
		*ret_n = n;
	return err;
}

/* Fills in what the engine is sent about an entry; each packet is reported once. A dropped packet restarts the time. */
static void report(const struct recent *recent, struct members_entry *entry, struct backend_entry *ret)
{
	unsigned long hz;
	const unsigned long now = recent_file_now(&hz), age = now - entry->stamp;
	const uint32_t idle_s = (long)age < 0 ? 0 : (uint32_t)(age / hz); /* a stamp can be slightly in the future */

	*ret = (struct backend_entry){.net = entry->net,
	                              .left_s = idle_s < recent->config->seconds ? recent->config->seconds - idle_s : 0,
	                              .idle_s = idle_s,
	                              .dropped = entry->dropped};
	entry->dropped = 0;
}

/* Reads each list when its first entry is due. */
int recent_list(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n, struct why *why)
{
	struct recent *const recent = self;
	size_t n = 0;
	int err = 0;

	for (unsigned at = 0; at < RECENT_FAMILIES * RECENT_KINDS && err == 0; at++) {
		const unsigned family = at / RECENT_KINDS, kind = at % RECENT_KINDS,
			       lists = recent_lists_of(recent, family, kind);

		for (unsigned shard = 0; shard < lists && n < cap && err == 0; shard++) {
			const struct members *const members = &recent->lists[family][kind][shard].members;

			if (cursor == 0)
				err = read_list(recent, family, kind, shard, why);
			for (; cursor < members->n && n < cap; cursor++)
				report(recent, &members->entries[cursor], &out[n++]);
			cursor -= n < cap ? members->n : 0; /* continue in the next list */
		}
	}
	*ret_n = n;
	return err;
}

/* Reads a list at most once a second, since often hundreds of entries are looked up in the same second. */
int recent_look(void *self, struct backend_entry *entries, size_t n, struct why *why)
{
	struct recent *const recent = self;
	struct timespec now;
	int err = 0;

	(void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	for (size_t i = 0; i < n && err == 0; i++) {
		const enum xtables_family family = family_of(&entries[i].net.addr);
		const enum recent_kind kind = kind_of(recent, &entries[i].net);
		const unsigned shard = shard_of(recent, &entries[i].net);
		struct members_entry *entry;
		struct recent_file *list;

		entries[i].idle_s = UINT32_MAX;
		entries[i].dropped = 0;
		entries[i].bytes = 0; /* not counted */
		if (kind == RECENT_KINDS || shard >= recent_lists_of(recent, family, kind))
			continue;
		list = &recent->lists[family][kind][shard];
		if (list->looked_s != now.tv_sec)
			err = read_list(recent, family, kind, shard, why);
		list->looked_s = now.tv_sec;
		entry = err < 0 ? NULL : members_find(&list->members, &entries[i].net);
		if (entry != NULL)
			report(recent, entry, &entries[i]);
	}
	return err;
}

void recent_limits(const void *self, struct backend_limits *ret)
{
	const struct recent *const recent = self;

	*ret = (struct backend_limits){.capacity = recent->n_shards * recent->files.per_list,
	                               .most = recent->files.per_list *
	                                       (recent->config->manage_rules ? RECENT_SHARDS : 1U)};
	(void)snprintf(ret->list, sizeof ret->list, "%s", recent->config->list);
	for (unsigned at = 0; at < RECENT_FAMILIES * RECENT_KINDS; at++) {
		const unsigned family = at / RECENT_KINDS, kind = at % RECENT_KINDS,
			       lists = recent_lists_of(recent, family, kind);
		/* If manage_rules is false and there is no such list, the refusal says so. */
		const uint8_t length = recent_length(family, kind, recent->config);

		if (length != 0)
			lengths_add(&ret->lengths, family == XTABLES_IP4, length);
		for (unsigned shard = 0; shard < lists; shard++)
			*(family == XTABLES_IP4 ? &ret->held4 : &ret->held6) +=
				recent->lists[family][kind][shard].members.n;
	}
}
