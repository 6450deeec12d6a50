/*
 * recent: the backend of legacy xtables: addresses in the kernel's xt_recent lists, and the rules that make them count.
 *
 * A list holds as many as the kernel parameter ip_list_tot, 100 unless it was raised, and when one more is
 * written it silently forgets the eldest. So what a list holds is known here and a full one refuses;
 * when more are wanted than one list holds, 256 lists are made and the last byte of an address selects its list.
 * The mask belongs to a list, not to an entry, so each length of networks has its list (recent_rules.h), in which a network
 * is listed by its first address; a network of another length is refused. All entries last as long as the rule's time: left_s is
 * not needed.
 *
 * Knows recent_rules, recent_file and xtables. Never waits, but for iptables' lock (xtables.h).
 * Source: net/netfilter/xt_recent.c; measured on 6.18, tests/unit/root/root.c.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "root/backend.h"
#include "root/hooks.h"
#include "root/recent_file.h"
#include "root/recent_rules.h"
#include "root/xtables.h"

enum {
	FAMILIES = 2,
	PER_LIST_DEFAULT = 100, /* ip_list_tot, net/netfilter/xt_recent.c */
	PER_LIST_MAX = 1 << 20, /* we use no more of a list than this, 20 MB */
	SHRINK_AT = 4,          /* back to one list when a quarter of it would do, so as not to flap */
	OTHER_FILES = 64, /* open beside the lists */
};

struct recent {
	const struct root_config *config; /* borrowed */
	unsigned n_shards;
	bool made; /* by open: there was no chain */
	bool logged_full; /* since all fitted: so that an attacker's flood is not a flood of lines */
	bool use[FAMILIES];
	bool kinds[FAMILIES][RECENT_KINDS]; /* there is such a list */
	struct why without6;
	struct recent_files files;
	struct recent_file lists[FAMILIES][RECENT_KINDS][RECENT_SHARDS];
};

static const char parameter[] = "/sys/module/xt_recent/parameters/ip_list_tot";

static enum xtables_family family_of(const struct addr *addr)
{
	return addr_is_ip4(addr) ? XTABLES_IP4 : XTABLES_IP6;
}

/* Which list holds such a network; RECENT_KINDS: none. */
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

/* How many lists there are of a kind. */
static unsigned lists_of(const struct recent *recent, enum xtables_family family, enum recent_kind kind)
{
	return recent->use[family] && recent->kinds[family][kind] ? recent->n_shards : 0;
}

static void list_path(const struct recent *recent, enum xtables_family family, enum recent_kind kind, unsigned shard,
                      char out[static RECENT_PATH_MAX])
{
	char name[RECENT_LIST_MAX];

	recent_list_name(family, kind, recent->config, recent->n_shards, shard, name);
	(void)snprintf(out, RECENT_PATH_MAX, "/proc/net/xt_recent/%s", name);
}

static void shut_all(struct recent *recent)
{
	for (unsigned family = 0; family < FAMILIES; family++)
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
	list_path(recent, family, kind, shard, path);
	command[0] = sign;
	len = 1 + addr_text(&net->addr, command + 1);
	/* A list that was destroyed and made again leaves the descriptor dead for ever; a new one shows it. */
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
		members->place = 1; /* of a new one; for another the next read shows it */
	}
	members->stamp = recent_file_now(&hz);
	return 0;
}

/* True when prepare can make capacity for such a network by splitting its list. */
static bool can_split(const struct recent *recent, const struct net *net)
{
	return recent->config->manage_rules && recent->n_shards == 1 && kind_of(recent, net) != RECENT_KINDS;
}

/* err: -ENOSPC, its list is full, or -EAFNOSUPPORT. */
static void refuse(struct recent *recent, const struct net *net, int err, const char *because,
                  struct backend_refused *refused)
{
	if (err == -ENOSPC && !recent->logged_full) {
		log_line(LOG_WARNING, "%s; what it cannot take is not blocked", because);
		recent->logged_full = true;
	}
	backend_refuse(refused, net, because);
}

static int recent_add(void *self, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
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

static int recent_del(void *self, const struct net *nets, size_t n, struct why *why)
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

	list_path(recent, family, kind, shard, path);
	return recent_file_read(&recent->files, &recent->lists[family][kind][shard], recent_length(family, kind, recent->config), path, why);
}

static int read_kind(struct recent *recent, enum xtables_family family, enum recent_kind kind, struct why *why)
{
	const unsigned n = lists_of(recent, family, kind);
	int err = 0;

	for (unsigned shard = 0; shard < n && err == 0; shard++)
		err = read_list(recent, family, kind, shard, why);
	return err;
}

/* Reads every list from the kernel. */
static int read_all(struct recent *recent, struct why *why)
{
	int err = 0;

	for (unsigned family = 0; family < FAMILIES; family++)
		for (unsigned kind = 0; kind < RECENT_KINDS && err == 0; kind++)
			err = read_kind(recent, family, kind, why);
	return err;
}

/* Removes them from the list. Does nothing where there is no such list. */
static int recent_floods(void *self, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	const struct recent *const recent = self;
	size_t n = 0;
	int err = 0;

	for (enum xtables_family family = XTABLES_IP4; family <= XTABLES_IP6 && err == 0; family++) {
		char name[RECENT_LIST_MAX], path[RECENT_PATH_MAX];
		size_t some = 0;

		recent_flood_name(family, recent->config, name);
		(void)snprintf(path, sizeof path, "/proc/net/xt_recent/%s", name);
		/* Where the rules are not ours such a list is optional. */
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

/* What is told of an entry; packets are told once. A dropped packet starts its time again. */
static void tell(const struct recent *recent, struct members_entry *entry, struct backend_entry *ret)
{
	unsigned long hz;
	const unsigned long now = recent_file_now(&hz), age = now - entry->stamp;
	const uint32_t idle_s = (long)age < 0 ? 0 : (uint32_t)(age / hz); /* a stamp can be a little ahead */

	*ret = (struct backend_entry){.net = entry->net,
	                              .left_s = idle_s < recent->config->seconds ? recent->config->seconds - idle_s : 0,
	                              .idle_s = idle_s,
	                              .dropped = entry->dropped};
	entry->dropped = 0;
}

/* A list is read when its first place comes up. */
static int recent_list(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n, struct why *why)
{
	struct recent *const recent = self;
	size_t n = 0;
	int err = 0;

	for (unsigned at = 0; at < FAMILIES * RECENT_KINDS && err == 0; at++) {
		const unsigned family = at / RECENT_KINDS, kind = at % RECENT_KINDS, lists = lists_of(recent, family, kind);

		for (unsigned shard = 0; shard < lists && n < cap && err == 0; shard++) {
			const struct members *const members = &recent->lists[family][kind][shard].members;

			if (cursor == 0)
				err = read_list(recent, family, kind, shard, why);
			for (; cursor < members->n && n < cap; cursor++)
				tell(recent, &members->entries[cursor], &out[n++]);
			cursor -= n < cap ? members->n : 0; /* in the next list */
		}
	}
	*ret_n = n;
	return err;
}

/* A list is read once a second at most: what one entry needs to know, hundreds need to know in the same second. */
static int recent_look(void *self, struct backend_entry *entries, size_t n, struct why *why)
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
		entries[i].bytes = 0; /* nobody counts them */
		if (kind == RECENT_KINDS || shard >= lists_of(recent, family, kind))
			continue;
		list = &recent->lists[family][kind][shard];
		if (list->looked_s != now.tv_sec)
			err = read_list(recent, family, kind, shard, why);
		list->looked_s = now.tv_sec;
		entry = err < 0 ? NULL : members_find(&list->members, &entries[i].net);
		if (entry != NULL)
			tell(recent, entry, &entries[i]);
	}
	return err;
}

static void recent_limits(const void *self, struct backend_limits *ret)
{
	const struct recent *const recent = self;

	*ret = (struct backend_limits){
	        .capacity = recent->n_shards * recent->files.per_list,
	        .most = recent->files.per_list * (recent->config->manage_rules ? RECENT_SHARDS : 1U)};
	(void)snprintf(ret->list, sizeof ret->list, "%s", recent->config->list);
	for (unsigned at = 0; at < FAMILIES * RECENT_KINDS; at++) {
		const unsigned family = at / RECENT_KINDS, kind = at % RECENT_KINDS, lists = lists_of(recent, family, kind);
		/* Where the rules are not ours and lack such a list, the refusal names that. */
		const uint8_t length = recent_length(family, kind, recent->config);

		if (length != 0)
			lengths_add(&ret->lengths, family == XTABLES_IP4, length);
		for (unsigned shard = 0; shard < lists; shard++)
			*(family == XTABLES_IP4 ? &ret->held4 : &ret->held6) += recent->lists[family][kind][shard].members.n;
	}
}

static uint32_t read_parameter(void)
{
	FILE *const file = fopen(parameter, "re");
	uint32_t value = 0;

	/* Without /sys the kernel's default is the safe guess: it loses nothing. */
	if (file == NULL)
		return PER_LIST_DEFAULT;
	if (fscanf(file, "%" SCNu32, &value) != 1 || value == 0)
		value = PER_LIST_DEFAULT;
	(void)fclose(file);
	return value < PER_LIST_MAX ? value : PER_LIST_MAX;
}

static int apply(const struct recent *recent, enum xtables_family family, unsigned n_shards, bool *changed,
                 struct why *why)
{
	const struct recent_layout layout = {family, recent->config, n_shards, hooks_forward(recent->config)};
	const struct xtables_plan plan = recent_plan(&layout);
	bool one = false;
	const int err = recent->use[family] ? xtables_apply(family, &plan, &one, why) : 0;

	*changed |= one;
	return err;
}

static int remove_rules(const struct root_config *config, enum xtables_family family, bool *changed, struct why *why)
{
	const struct recent_layout layout = {family, config, 1, false};
	const struct xtables_plan plan = recent_plan(&layout);
	bool one = false;
	const int err = xtables_remove(family, &plan, &one, why);

	*changed |= one;
	return err;
}

/* The layout that is there, perhaps from a daemon before us: *ret is 0 (no chain), 1 or RECENT_SHARDS. */
static int find_layout(const struct root_config *config, unsigned *ret, struct why *why)
{
	const struct label split = recent_split_chain(config);
	struct label chain = {""};
	bool has = false, has_split = false;
	int err;

	(void)snprintf(chain.text, sizeof chain.text, "%s", config->chain);
	err = xtables_has(XTABLES_IP4, &chain, &has, why);
	if (err == 0)
		err = xtables_has(XTABLES_IP4, &split, &has_split, why);
	if (err == 0)
		*ret = !has ? 0 : has_split ? RECENT_SHARDS : 1;
	return err;
}

static int find_foreign(struct recent *recent, enum xtables_family family, struct why *why)
{
	const char *const six = family == XTABLES_IP6 ? "6" : "";
	char path[RECENT_PATH_MAX];

	/* Lists of networks are there when their owner wants networks blocked. */
	for (enum recent_kind kind = RECENT_PREFIX; kind < RECENT_KINDS; kind++) {
		list_path(recent, family, kind, 0, path);
		recent->kinds[family][kind] = recent_length(family, kind, recent->config) != 0 && access(path, R_OK | W_OK) == 0;
	}
	list_path(recent, family, RECENT_SINGLE, 0, path);
	if (access(path, R_OK | W_OK) == 0)
		return 0;
	return why_set(why, errno,
	               "%s: %s; manage_rules is off, so the rule is yours to add: 'ip%stables -I %s -p tcp "
	               "--dport 25 -m recent --name %s%s --update --seconds %" PRIu32 " -j DROP'",
	               path, strerror(errno), six, recent->config->n_jump_from > 0 ? recent->config->jump_from[0] : "INPUT",
	               recent->config->list, six,
	               recent->config->seconds);
}

/* What keeps IPv6 out must not keep IPv4 out; what is wrong with both is reported for IPv4. */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOPROTOOPT || err == -EAFNOSUPPORT;
}

/* A file for each list is more than the usual 1024. Where it may not be raised, opening one fails and says so. */
static void raise_files(void)
{
	const rlim_t reconcile = (rlim_t)FAMILIES * RECENT_KINDS * RECENT_SHARDS + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= reconcile)
		return;
	limit.rlim_cur = reconcile < limit.rlim_max ? reconcile : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void init(struct recent *recent, const struct root_config *config)
{
	recent->config = config;
	recent->n_shards = 1;
	recent->use[XTABLES_IP4] = recent->use[XTABLES_IP6] = true;
	for (unsigned family = 0; family < FAMILIES; family++)
		for (unsigned kind = 0; kind < RECENT_KINDS; kind++) {
			recent->kinds[family][kind] = recent_length(family, kind, config) != 0;
			for (unsigned shard = 0; shard < RECENT_SHARDS; shard++)
				recent->lists[family][kind][shard].fd = -1;
		}
}

/* Of IPv4 all must be there; what is wrong with IPv6 is in without6. */
static int open_rules(struct recent *recent, struct why *why)
{
	unsigned found = 0;
	bool changed = false;
	int err;

	if (recent->config->manage_rules) {
		/* Keep the layout that is there, so that no client gets in until the engine's first request. */
		err = find_layout(recent->config, &found, why);
		if (err == 0 && found > 0)
			recent->n_shards = found;
		if (err == 0)
			err = apply(recent, XTABLES_IP4, recent->n_shards, &changed, why);
		recent->made = found == 0 && changed;
	} else {
		err = find_foreign(recent, XTABLES_IP4, why);
	}
	if (err < 0)
		return err;
	err = recent->config->manage_rules ? apply(recent, XTABLES_IP6, recent->n_shards, &changed, &recent->without6)
	                                   : find_foreign(recent, XTABLES_IP6, &recent->without6);
	recent->use[XTABLES_IP6] = err == 0;
	recent->made = recent->config->manage_rules && found == 0 && changed;
	if (err == 0 || is_absent(err))
		return 0;
	*why = recent->without6;
	return err;
}

static int recent_close(void *self, enum backend_end end, struct why *why);

static int recent_open(const struct root_config *config, void **ret, const char **ret_without6, struct why *why)
{
	struct recent *const recent = calloc(1, sizeof *recent);
	struct why ignored;
	int err;

	if (recent == NULL)
		return why_set(why, ENOMEM, "no memory for the lists");
	raise_files();
	init(recent, config);
	err = open_rules(recent, why);
	if (err == 0) {
		recent->files.per_list = read_parameter(); /* the file is there now that a rule has called for the module */
		err = members_init(&recent->files.before, recent->files.per_list) ? read_all(recent, why)
		                                                      : why_set(why, ENOMEM, "no memory for the lists");
	}
	if (err < 0) {
		(void)recent_close(recent, BACKEND_UNDO, &ignored);
		return err;
	}
	*ret = recent;
	*ret_without6 = recent->use[XTABLES_IP6] ? NULL : recent->without6.text;
	return 0;
}

/* How many lists are needed; a change of it empties them. */
static unsigned shards_for(const struct recent *recent, uint32_t n4, uint32_t n6)
{
	const uint32_t most = n4 > n6 ? n4 : n6;

	return most > recent->files.per_list ? RECENT_SHARDS : most < recent->files.per_list / SHRINK_AT ? 1 : recent->n_shards;
}

static int recent_prepare(void *self, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why)
{
	struct recent *const recent = self;
	const unsigned n_shards = shards_for(recent, n4, n6);
	bool changed = false;
	int err;

	if (n4 <= recent->n_shards * recent->files.per_list && n6 <= recent->n_shards * recent->files.per_list)
		recent->logged_full = false;
	if (!recent->config->manage_rules) {
		err = find_foreign(recent, XTABLES_IP4, why);
		if (err == 0 && recent->use[XTABLES_IP6])
			err = find_foreign(recent, XTABLES_IP6, why);
		if (err == 0)
			*ret_repaired = false;
		return err;
	}
	err = apply(recent, XTABLES_IP4, n_shards, &changed, why);
	if (err == 0)
		err = apply(recent, XTABLES_IP6, n_shards, &changed, why);
	if (changed)
		shut_all(recent);
	if (err < 0)
		return err;
	if (n_shards > recent->n_shards)
		log_line(LOG_NOTICE,
		         "%" PRIu32 " IPv4 and %" PRIu32 " IPv6 addresses do not fit in lists of %" PRIu32
		         ": using %u lists; 'options xt_recent ip_list_tot=N' in /etc/modprobe.d, or "
		         "xt_recent.ip_list_tot=N on the kernel's command line, makes one list hold N",
		         n4, n6, recent->files.per_list, n_shards);
	*ret_repaired = changed && n_shards == recent->n_shards;
	recent->n_shards = n_shards;
	return changed ? read_all(recent, why) : 0;
}

/* The rules stay, since they are not ours; with empty lists they block no client. */
static int empty_foreign(struct recent *recent, struct why *why)
{
	int err = 0;

	for (unsigned at = 0; at < FAMILIES * RECENT_KINDS && err == 0; at++) {
		const unsigned family = at / RECENT_KINDS, kind = at % RECENT_KINDS;
		struct recent_file *const list = &recent->lists[family][kind][0];
		char path[RECENT_PATH_MAX];

		if (lists_of(recent, family, kind) == 0)
			continue;
		list_path(recent, family, kind, 0, path);
		recent_file_shut(list);
		err = recent_file_open(&recent->files, list, recent_length(family, kind, recent->config), path, why);
		if (err == 0 && recent_file_write(list, "/", 1) < 0)
			err = why_set(why, errno, "%s: cannot be emptied: %s", path, strerror(errno));
	}
	return err;
}

static int recent_close(void *self, enum backend_end end, struct why *why)
{
	struct recent *const recent = self;
	bool changed = false;
	int err = 0, err6;

	if (recent == NULL)
		return 0;
	if (end == BACKEND_REMOVE && !recent->config->manage_rules) {
		err = empty_foreign(recent, why);
	} else if (end == BACKEND_REMOVE || (end == BACKEND_UNDO && recent->made)) {
		err = remove_rules(recent->config, XTABLES_IP4, &changed, why);
		err6 = recent->use[XTABLES_IP6] ? remove_rules(recent->config, XTABLES_IP6, &changed, why) : 0;
		err = err < 0 ? err : err6;
	}
	shut_all(recent);
	for (unsigned family = 0; family < FAMILIES; family++)
		for (unsigned kind = 0; kind < RECENT_KINDS; kind++)
			for (unsigned shard = 0; shard < RECENT_SHARDS; shard++)
				members_done(&recent->lists[family][kind][shard].members);
	members_done(&recent->files.before);
	free(recent);
	return err;
}

/* Lists of the administrator's rules. */
static int clean_foreign(const struct root_config *config, bool *ret_removed, struct why *why)
{
	struct backend_limits limits;
	const char *without6;
	void *recent = NULL;
	int err = recent_open(config, &recent, &without6, why);

	if (recent == NULL)
		return err;
	recent_limits(recent, &limits);
	err = recent_close(recent, BACKEND_REMOVE, why);
	if (err == 0)
		*ret_removed = limits.held4 + limits.held6 > 0;
	return err;
}

/* Where there are no tables and no lists there is nothing of ours in them. */
static int recent_clean(const struct root_config *config, bool *ret_removed, struct why *why)
{
	bool changed = false;
	int err = 0;

	if (!config->manage_rules) {
		err = clean_foreign(config, &changed, why);
	} else {
		for (enum xtables_family family = XTABLES_IP4; family <= XTABLES_IP6 && err == 0; family++)
			err = xtables_is_used(family) ? remove_rules(config, family, &changed, why) : 0;
	}
	if (err < 0 && !is_absent(err))
		return err;
	*ret_removed = changed;
	return 0;
}

const struct backend backend_recent = {.name = "recent",
                                       .open = recent_open,
                                       .prepare = recent_prepare,
                                       .add = recent_add,
                                       .del = recent_del,
                                       .list = recent_list,
                                       .look = recent_look,
                                       .floods = recent_floods,
                                       .limits = recent_limits,
                                       .close = recent_close,
                                       .clean = recent_clean};
