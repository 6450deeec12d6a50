#include "root/recent.h"

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

#include "root/xtables.h"

enum {
	FAMILIES = 2,
	PER_LIST_DEFAULT = 100, /* ip_list_tot, net/netfilter/xt_recent.c */
	PER_LIST_MAX = 1 << 20, /* we use no more of a list than this, 20 MB */
	SHRINK_AT = 4,          /* back to one list when a quarter of it would do, so as not to flap */
	BOOT_JIFFIES_S = 300,   /* jiffies begin so long before they wrap, include/linux/jiffies.h */
	PATH_MAX_HERE = 64,
	OTHER_FILES = 64, /* open beside the lists */
};

struct list {
	int fd;           /* open for writing, or -1 */
	struct members members; /* as far as we know; others may write to it, too. Room for per_list, or none yet */
};

struct recent {
	const struct root_config *config; /* borrowed */
	uint32_t per_list;
	unsigned n_shards;
	bool made; /* by recent_open: there was no chain */
	bool use[FAMILIES];
	bool kinds[FAMILIES][XTABLES_KINDS]; /* there is such a list */
	struct why without6;
	struct members before; /* what a list held when it was read the last time, while it is read */
	struct list lists[FAMILIES][XTABLES_KINDS][XTABLES_SHARDS];
};

static const char parameter[] = "/sys/module/xt_recent/parameters/ip_list_tot";

static enum xtables_family family_of(const struct addr *addr)
{
	return addr_is_ip4(addr) ? XTABLES_IP4 : XTABLES_IP6;
}

/* Which list holds such a network; XTABLES_KINDS: none. */
static enum xtables_kind kind_of(const struct recent *recent, const struct net *net)
{
	const enum xtables_family family = family_of(&net->addr);

	for (enum xtables_kind kind = XTABLES_SINGLE; kind < XTABLES_KINDS; kind++)
		if (recent->kinds[family][kind] && xtables_length(family, kind, recent->config) == net->len)
			return kind;
	return XTABLES_KINDS;
}

static unsigned shard_of(const struct recent *recent, const struct net *net)
{
	return recent->n_shards == 1 ? 0 : net->addr.bytes[xtables_shard_byte(net->len)];
}

/* How many lists there are of a kind. */
static unsigned lists_of(const struct recent *recent, enum xtables_family family, enum xtables_kind kind)
{
	return recent->use[family] && recent->kinds[family][kind] ? recent->n_shards : 0;
}

static void list_path(const struct recent *recent, enum xtables_family family, enum xtables_kind kind, unsigned shard,
                      char out[static PATH_MAX_HERE])
{
	char name[XTABLES_LIST_MAX];

	xtables_list_name(family, kind, recent->config, recent->n_shards, shard, name);
	(void)snprintf(out, PATH_MAX_HERE, "/proc/net/xt_recent/%s", name);
}

/*
 * The kernel's clock now, in the unit of the stamps: jiffies start at -300 s as 32 bits, so the width of
 * unsigned long does the wrapping that the kernel's does. Measured 0.2 s off.
 */
static unsigned long jiffies_now(unsigned long *ret_hz)
{
	struct timespec tick, now;
	unsigned long hz;
	int err;

	/* One tick of the coarse clock is one jiffy; sysconf(_SC_CLK_TCK) is always 100. */
	err = clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	assert(err == 0 && tick.tv_nsec > 0); /* every kernel since 2.6.32 has both clocks */
	err = clock_gettime(CLOCK_MONOTONIC, &now);
	assert(err == 0);
	hz = (1000000000UL + (unsigned long)tick.tv_nsec / 2) / (unsigned long)tick.tv_nsec;
	*ret_hz = hz;
	return (unsigned long)-(uint32_t)(BOOT_JIFFIES_S * hz) + (unsigned long)now.tv_sec * hz +
	       (unsigned long)now.tv_nsec / (1000000000UL / hz);
}

static void list_shut(struct list *list)
{
	if (list->fd >= 0)
		(void)close(list->fd);
	list->fd = -1;
	members_clear(&list->members);
}

static int no_list(const char *path, struct why *why)
{
	return why_set(why, errno, "%s: %s%s", path, strerror(errno),
	               errno == ENOENT ? "; the rule that names this list is gone" : "");
}

/*
 * True when the kernel wrote more stamps than we since it was read before. It writes them into a ring, place is the one it
 * wrote last, 1 up to the ring's size; size: stamps it holds, which is the ring's size once it has gone round.
 */
static bool has_knocked(const struct members_entry *before, uint32_t place, uint32_t size)
{
	const uint32_t stamps = place >= before->place ? place - before->place : place + size - before->place;

	/* A ring that is smaller than it was is another one: somebody took the address out and put it in again. */
	return before->place <= size && stamps != before->writes % size;
}

/* How many stamps the rest of a line holds: 1 and one for each comma. */
static uint32_t count_stamps(FILE *file)
{
	uint32_t n = 1;
	int c;

	while ((c = getc_unlocked(file)) != EOF && c != '\n')
		n += c == ',';
	return n;
}

/* Learns what the list holds. A list that cannot be read is shut, so that nothing false is known of it. */
static int list_read(struct recent *recent, struct list *list, uint8_t length, const char *path,
                     struct why *why)
{
	unsigned long seen, hz;
	const unsigned long now = jiffies_now(&hz);
	struct members before;
	uint32_t place;
	char text[ADDR_TEXT_MAX];
	struct addr addr;
	FILE *file;
	bool at_end;
	int fields;

	if (list->members.room == 0 && !members_init(&list->members, recent->per_list))
		return why_set(why, ENOMEM, "%s: no memory for %" PRIu32 " addresses", path,
		               recent->per_list);
	file = fopen(path, "re");
	if (file == NULL) {
		list_shut(list);
		return no_list(path, why);
	}
	before = list->members;
	list->members = recent->before;
	recent->before = before;
	members_clear(&list->members);
	/* "src=192.0.2.7 ttl: 0 last_seen: 4294967296 oldest_pkt: 1 4294967296, ..." */
	while ((fields = fscanf(file, "src=%45s ttl: %*u last_seen: %lu oldest_pkt: %" SCNu32, text, &seen, &place)) == 3) {
		const unsigned long age = now - seen;
		const uint32_t size = count_stamps(file);
		const struct members_entry *known;
		struct members_entry *entry;
		struct net net;

		if (list->members.n == recent->per_list || !addr_parse(text, strlen(text), &addr))
			break;
		net = net_around(&addr, length);
		if (members_find(&list->members, &net.addr) != NULL)
			continue; /* the list moved while it was read */
		known = members_find(&recent->before, &net.addr);
		entry = members_add(&list->members, &net);
		entry->place = place;
		entry->idle_s = (long)age < 0 ? 0 : (uint32_t)(age / hz); /* a stamp can be a little ahead */
		entry->knocked = known != NULL && has_knocked(known, place, size);
	}
	at_end = fields == EOF && !ferror(file);
	(void)fclose(file);
	if (at_end)
		return 0;
	list_shut(list);
	return why_set(why, EPROTO, "%s: a line is not as expected, or there are too many", path);
}

static void shut_all(struct recent *recent)
{
	for (unsigned family = 0; family < FAMILIES; family++)
		for (unsigned kind = 0; kind < XTABLES_KINDS; kind++)
			for (unsigned shard = 0; shard < XTABLES_SHARDS; shard++)
				list_shut(&recent->lists[family][kind][shard]);
}

/* Opens for writing unless it is open; a list that was opened anew may be another one, so it is read. */
static int list_open(struct recent *recent, struct list *list, uint8_t length, const char *path,
                     struct why *why)
{
	if (list->fd >= 0)
		return 0;
	list->fd = open(path, O_WRONLY | O_CLOEXEC);
	return list->fd < 0 ? no_list(path, why) : list_read(recent, list, length, path, why);
}

/* One command per write and each from place 0, or the kernel takes the first alone, or none (ESPIPE). */
static int list_write(const struct list *list, const char *command, size_t len)
{
	ssize_t written;

	if (lseek(list->fd, 0, SEEK_SET) < 0)
		return -errno;
	written = write(list->fd, command, len);
	if (written < 0)
		return -errno;
	return (size_t)written == len ? 0 : -EIO;
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
	const enum xtables_kind kind = kind_of(recent, net);
	char path[PATH_MAX_HERE], command[ADDR_TEXT_MAX + 1];
	struct members_entry *members;
	struct list *list;
	unsigned shard;
	size_t len;
	int err;

	if (!recent->use[family])
		return why_set(why, EAFNOSUPPORT, "%s", recent->without6.text);
	if (kind == XTABLES_KINDS)
		return no_kind(net, why);
	shard = shard_of(recent, net);
	list = &recent->lists[family][kind][shard];
	list_path(recent, family, kind, shard, path);
	command[0] = sign;
	len = 1 + addr_text(&net->addr, command + 1);
	/* A list that was destroyed and made again leaves the descriptor dead for ever; a new one tells. */
	for (int tries = 1;; tries++) {
		err = list_open(recent, list, net->len, path, why);
		if (err < 0)
			return err;
		members = members_find(&list->members, &net->addr);
		if (sign == '+' && members == NULL && list->members.n >= recent->per_list)
			return why_set(why, ENOSPC, "%s is full: it holds %" PRIu32 " addresses", path,
			               list->members.n);
		err = list_write(list, command, len);
		if (err == 0)
			break;
		list_shut(list);
		if (tries == 2)
			return why_set(why, -err, "%s: the kernel did not take '%s': %s", path, command,
			               strerror(-err));
	}
	if (sign == '+' && members == NULL) {
		members_add(&list->members, net)->place = 1; /* of a new one; of another the next reading tells */
	} else if (sign == '+') {
		members->writes++;
		members->idle_s = 0;
	} else if (members != NULL) {
		members_remove(&list->members, members);
	}
	return 0;
}

int recent_add(struct recent *recent, const struct net *net, struct why *why)
{
	return put(recent, '+', net, why);
}

int recent_del(struct recent *recent, const struct net *net, struct why *why)
{
	return put(recent, '-', net, why);
}

bool recent_can_split(const struct recent *recent, const struct net *net)
{
	return recent->config->manage_rules && recent->n_shards == 1 && kind_of(recent, net) != XTABLES_KINDS;
}

static int read_kind(struct recent *recent, enum xtables_family family, enum xtables_kind kind, struct why *why)
{
	const unsigned n = lists_of(recent, family, kind);
	int err = 0;

	for (unsigned shard = 0; shard < n && err == 0; shard++) {
		char path[PATH_MAX_HERE];

		list_path(recent, family, kind, shard, path);
		err = list_read(recent, &recent->lists[family][kind][shard],
		                xtables_length(family, kind, recent->config), path, why);
	}
	return err;
}

int recent_read(struct recent *recent, struct why *why)
{
	int err = 0;

	for (unsigned family = 0; family < FAMILIES; family++)
		for (unsigned kind = 0; kind < XTABLES_KINDS && err == 0; kind++)
			err = read_kind(recent, family, kind, why);
	return err;
}

/* At most cap addresses out of a list that is the kernel's to fill. */
static int take_floods(const char *path, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	FILE *const file = fopen(path, "re");
	struct list list = {.fd = file == NULL ? -1 : open(path, O_WRONLY | O_CLOEXEC)};
	char text[ADDR_TEXT_MAX], command[ADDR_TEXT_MAX + 1] = "-";
	size_t n = 0;
	int err = 0;

	if (list.fd < 0) {
		err = no_list(path, why);
		goto out;
	}
	while (n < cap && fscanf(file, "src=%45s%*[^\n]\n", text) == 1 && addr_parse(text, strlen(text), &out[n]))
		n++;
	/* Not while it is read: the kernel's walk does not like its list to change. */
	for (size_t i = 0; i < n && err == 0; i++)
		if (list_write(&list, command, 1 + addr_text(&out[i], command + 1)) < 0)
			err = why_set(why, EIO, "%s: the kernel did not take '%s'", path, command);
	if (err == 0)
		*ret_n = n;
out:
	list_shut(&list);
	if (file != NULL)
		(void)fclose(file);
	return err;
}

int recent_floods(struct recent *recent, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	size_t n = 0;
	int err = 0;

	for (enum xtables_family family = XTABLES_IP4; family <= XTABLES_IP6 && err == 0; family++) {
		char name[XTABLES_LIST_MAX], path[PATH_MAX_HERE];
		size_t some = 0;

		xtables_flood_name(family, recent->config, name);
		(void)snprintf(path, sizeof path, "/proc/net/xt_recent/%s", name);
		/* Where the rules are not ours nobody must have such a one. */
		if (recent->config->connections == 0 || !recent->use[family] ||
		    (!recent->config->manage_rules && access(path, R_OK | W_OK) != 0))
			continue;
		err = take_floods(path, out + n, cap - n, &some, why);
		n += some;
	}
	if (err == 0)
		*ret_n = n;
	return err;
}

size_t recent_copy(const struct recent *recent, uint32_t from, struct members_entry *out, size_t cap)
{
	size_t n = 0;

	for (unsigned at = 0; at < FAMILIES * XTABLES_KINDS; at++) {
		const unsigned family = at / XTABLES_KINDS, kind = at % XTABLES_KINDS, lists = lists_of(recent, family, kind);

		for (unsigned shard = 0; shard < lists; shard++) {
			const struct list *const list = &recent->lists[family][kind][shard];

			for (; from < list->members.n && n < cap; from++)
				out[n++] = list->members.entries[from];
			if (n == cap)
				return n;
			from -= list->members.n;
		}
	}
	return n;
}

struct recent_size recent_size(const struct recent *recent)
{
	struct recent_size size = {
		.per_list = recent->per_list,
		.shards = recent->n_shards,
	};

	for (unsigned kind = 0; kind < XTABLES_KINDS; kind++) {
		for (unsigned shard = 0; shard < lists_of(recent, XTABLES_IP4, kind); shard++)
			size.held4 += recent->lists[XTABLES_IP4][kind][shard].members.n;
		for (unsigned shard = 0; shard < lists_of(recent, XTABLES_IP6, kind); shard++)
			size.held6 += recent->lists[XTABLES_IP6][kind][shard].members.n;
	}
	return size;
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
	bool one = false;
	const int err = recent->use[family] ? xtables_apply(family, recent->config, n_shards, &one, why) : 0;

	*changed |= one;
	return err;
}

static int find_foreign(struct recent *recent, enum xtables_family family, struct why *why)
{
	const char *const six = family == XTABLES_IP6 ? "6" : "";
	char path[PATH_MAX_HERE];

	/* Lists of networks are there when their owner wants networks blocked. */
	for (enum xtables_kind kind = XTABLES_PREFIX; kind < XTABLES_KINDS; kind++) {
		list_path(recent, family, kind, 0, path);
		recent->kinds[family][kind] = xtables_length(family, kind, recent->config) != 0 && access(path, R_OK | W_OK) == 0;
	}
	list_path(recent, family, XTABLES_SINGLE, 0, path);
	if (access(path, R_OK | W_OK) == 0)
		return 0;
	return why_set(why, errno,
	               "%s: %s; manage_rules is off, so the rule is yours to add: 'ip%stables -I %s -p tcp "
	               "--dport 25 -m recent --name %s%s --update --seconds %" PRIu32 " -j DROP'",
	               path, strerror(errno), six, recent->config->jump_from, recent->config->list, six,
	               recent->config->seconds);
}

/* What keeps IPv6 out must not keep IPv4 out; what is wrong with both is said for IPv4. */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOPROTOOPT || err == -EAFNOSUPPORT;
}

/* A file for each list is more than the usual 1024. Where it may not be: the opening of one says so. */
static void raise_files(void)
{
	const rlim_t reconcile = (rlim_t)FAMILIES * XTABLES_KINDS * XTABLES_SHARDS + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= reconcile)
		return;
	limit.rlim_cur = reconcile < limit.rlim_max ? reconcile : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int recent_open(const struct root_config *config, struct recent **ret, const char **ret_without6,
                struct why *why)
{
	struct recent *const recent = calloc(1, sizeof *recent);
	struct why ignored;
	unsigned found = 0;
	bool changed = false;
	int err;

	if (recent == NULL)
		return why_set(why, ENOMEM, "no memory for the lists");
	raise_files();
	recent->config = config;
	recent->n_shards = 1;
	recent->use[XTABLES_IP4] = recent->use[XTABLES_IP6] = true;
	for (unsigned family = 0; family < FAMILIES; family++) {
		for (unsigned kind = 0; kind < XTABLES_KINDS; kind++) {
			recent->kinds[family][kind] = xtables_length(family, kind, config) != 0;
			for (unsigned shard = 0; shard < XTABLES_SHARDS; shard++)
				recent->lists[family][kind][shard].fd = -1;
		}
	}
	if (config->manage_rules) {
		/* Keep the layout that is there, so that nothing is let in until the engine has spoken. */
		err = xtables_look(XTABLES_IP4, config, &found, why);
		if (err == 0 && found > 0)
			recent->n_shards = found;
		if (err == 0)
			err = apply(recent, XTABLES_IP4, recent->n_shards, &changed, why);
		if (err < 0)
			goto fail;
		err = apply(recent, XTABLES_IP6, recent->n_shards, &changed, &recent->without6);
	} else {
		err = find_foreign(recent, XTABLES_IP4, why);
		if (err < 0)
			goto fail;
		err = find_foreign(recent, XTABLES_IP6, &recent->without6);
	}
	if (err < 0 && !is_absent(err)) {
		*why = recent->without6;
		goto fail;
	}
	recent->made = config->manage_rules && found == 0 && changed;
	recent->use[XTABLES_IP6] = err == 0;
	recent->per_list = read_parameter(); /* the file is there now that a rule has called for the module */
	err = members_init(&recent->before, recent->per_list) ? recent_read(recent, why)
	                                                   : why_set(why, ENOMEM, "no memory for the lists");
	if (err < 0)
		goto fail;
	*ret = recent;
	*ret_without6 = recent->use[XTABLES_IP6] ? NULL : recent->without6.text;
	return 0;
fail:
	/* What we made goes again; what was there before us stays. */
	(void)recent_close(recent, config->manage_rules && found == 0 && changed, &ignored);
	return err;
}

int recent_ensure(struct recent *recent, uint32_t n4, uint32_t n6, bool *ret_healed, struct why *why)
{
	const uint32_t most = n4 > n6 ? n4 : n6;
	unsigned n_shards = recent->n_shards;
	bool changed = false;
	int err;

	if (!recent->config->manage_rules) {
		err = find_foreign(recent, XTABLES_IP4, why);
		if (err == 0 && recent->use[XTABLES_IP6])
			err = find_foreign(recent, XTABLES_IP6, why);
		if (err == 0)
			*ret_healed = false;
		return err;
	}
	if (most > recent->per_list)
		n_shards = XTABLES_SHARDS;
	else if (most < recent->per_list / SHRINK_AT)
		n_shards = 1;
	err = apply(recent, XTABLES_IP4, n_shards, &changed, why);
	if (err == 0)
		err = apply(recent, XTABLES_IP6, n_shards, &changed, why);
	if (changed)
		shut_all(recent);
	if (err < 0)
		return err;
	*ret_healed = changed && n_shards == recent->n_shards;
	recent->n_shards = n_shards;
	return changed ? recent_read(recent, why) : 0;
}

bool recent_is_made(const struct recent *recent)
{
	return recent->made;
}

/* The rules stay, being somebody else's; with nothing in the lists they block nobody. */
static int empty_foreign(struct recent *recent, struct why *why)
{
	int err = 0;

	for (unsigned at = 0; at < FAMILIES * XTABLES_KINDS && err == 0; at++) {
		const unsigned family = at / XTABLES_KINDS, kind = at % XTABLES_KINDS;
		struct list *const list = &recent->lists[family][kind][0];
		char path[PATH_MAX_HERE];

		if (lists_of(recent, family, kind) == 0)
			continue;
		list_path(recent, family, kind, 0, path);
		list_shut(list);
		err = list_open(recent, list, xtables_length(family, kind, recent->config), path, why);
		if (err == 0 && list_write(list, "/", 1) < 0)
			err = why_set(why, errno, "%s: cannot be emptied: %s", path, strerror(errno));
	}
	return err;
}

int recent_close(struct recent *recent, bool remove, struct why *why)
{
	bool changed = false;
	int err = 0, err6;

	if (recent == NULL)
		return 0;
	if (remove && !recent->config->manage_rules) {
		err = empty_foreign(recent, why);
	} else if (remove) {
		err = apply(recent, XTABLES_IP4, 0, &changed, why);
		err6 = apply(recent, XTABLES_IP6, 0, &changed, why);
		err = err < 0 ? err : err6;
	}
	shut_all(recent);
	for (unsigned family = 0; family < FAMILIES; family++)
		for (unsigned kind = 0; kind < XTABLES_KINDS; kind++)
			for (unsigned shard = 0; shard < XTABLES_SHARDS; shard++)
				members_done(&recent->lists[family][kind][shard].members);
	members_done(&recent->before);
	free(recent);
	return err;
}

/* Lists of somebody else's rules. */
static int clean_foreign(const struct root_config *config, bool *ret_removed, struct why *why)
{
	const char *without6;
	struct recent *recent;
	struct recent_size size;
	int err = recent_open(config, &recent, &without6, why);

	if (err < 0)
		return err;
	size = recent_size(recent);
	err = recent_close(recent, true, why);
	if (err == 0)
		*ret_removed = size.held4 + size.held6 > 0;
	return err;
}

int recent_clean(const struct root_config *config, bool *ret_removed, struct why *why)
{
	bool changed4 = false, changed6 = false;
	int err;

	if (!config->manage_rules)
		return clean_foreign(config, ret_removed, why);
	err = xtables_apply(XTABLES_IP4, config, 0, &changed4, why);
	if (err == 0 || is_absent(err))
		err = xtables_apply(XTABLES_IP6, config, 0, &changed6, why);
	/* Where there are no tables there is nothing in them. */
	if (err < 0 && !is_absent(err))
		return err;
	*ret_removed = changed4 || changed6;
	return 0;
}
