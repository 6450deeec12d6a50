#include "firewall/iptc.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libiptc/libip6tc.h>
#include <libiptc/libiptc.h>
#include <linux/netfilter/x_tables.h>
#include <linux/netfilter/xt_LOG.h>
#include <linux/netfilter/xt_limit.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_recent.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <linux/netfilter_ipv4/ipt_REJECT.h>
#include <linux/netfilter_ipv6/ip6t_REJECT.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

enum {
	SUBS = 16,                /* chains that the sixteen values of the low four bits lead to; of each kind */
	MAIN = IPTC_KINDS * SUBS, /* number of the chain that is jumped to */
	IP4_BITS = 96,   /* an IPv4 address starts here in the 16 bytes */
	RULE_MAX = 1024, /* the longest is 168 + recent 264 + limit 72 + LOG 64 */
	LOCK_WAIT_MS = 5000,
	LOCK_STEP_MS = 20,
	COMMIT_TRIES = 10, /* with 2, 4, 8 ... ms between them: 1 s in all */
};

/* GCC 11 takes a shorter string given to libiptc for an overread, so names are kept in the full 32 bytes. */
struct label {
	xt_chainlabel text;
};

/* A rule as the kernel takes it: head, matches, target, each aligned. mask: which bytes a comparison sees. */
struct rule {
	size_t len;
	size_t target_at;
	unsigned char mask[RULE_MAX];
	union {
		struct ipt_entry ip4;
		struct ip6t_entry ip6;
		unsigned char bytes[RULE_MAX];
	} u;
};

/*
 * libiptc exists twice, once per family, with the same functions over different entry types. All that
 * differs stands in this table and in the few typed functions it names, so everything below is written
 * once, as plain C that a debugger can follow; including one file twice under macros would save these
 * lines and lose that.
 */
struct family {
	const char *tool;
	const char *module;
	const struct xtc_ops *ops; /* libiptc's own table: what has no entry in its arguments */
	size_t head_len;
	uint32_t reject, reset; /* REJECT's numbers for port unreachable and TCP reset */
	/* Completes a rule: protocol (0: any), and one byte (of the 16) of the source under a mask (0: any). */
	void (*finish)(struct rule *rule, uint8_t protocol, unsigned byte, uint8_t value, uint8_t mask);
	int (*has)(const char *chain, struct rule *rule, struct xtc_handle *handle);
	int (*append)(const char *chain, const struct rule *rule, struct xtc_handle *handle);
	int (*insert_first)(const char *chain, const struct rule *rule, struct xtc_handle *handle);
	int (*delete_at)(const char *chain, unsigned at, struct xtc_handle *handle);
	int (*delete_chain)(const char *chain, struct xtc_handle *handle);
	/* The rule after this one, NULL: the first; and the name of a rule's target. */
	const void *(*next)(const char *chain, const void *rule, struct xtc_handle *handle);
	const char *(*target)(const void *rule, struct xtc_handle *handle);
};

static void finish4(struct rule *rule, uint8_t protocol, unsigned byte, uint8_t value, uint8_t mask)
{
	const unsigned shift = 8 * (15 - byte); /* byte: 12..15 */

	rule->u.ip4.ip.proto = protocol;
	rule->u.ip4.ip.src.s_addr = htonl((uint32_t)value << shift);
	rule->u.ip4.ip.smsk.s_addr = htonl((uint32_t)mask << shift);
	rule->u.ip4.target_offset = (uint16_t)rule->target_at; /* <= RULE_MAX */
	rule->u.ip4.next_offset = (uint16_t)rule->len;
}

static void finish6(struct rule *rule, uint8_t protocol, unsigned byte, uint8_t value, uint8_t mask)
{
	rule->u.ip6.ipv6.proto = protocol;
	if (protocol != 0)
		rule->u.ip6.ipv6.flags |= IP6T_F_PROTO; /* else the kernel does not look at it */
	rule->u.ip6.ipv6.src.s6_addr[byte] = value;
	rule->u.ip6.ipv6.smsk.s6_addr[byte] = mask;
	rule->u.ip6.target_offset = (uint16_t)rule->target_at; /* <= RULE_MAX */
	rule->u.ip6.next_offset = (uint16_t)rule->len;
}

static int has4(const char *chain, struct rule *rule, struct xtc_handle *handle)
{
	return iptc_check_entry(chain, &rule->u.ip4, rule->mask, handle);
}

static int has6(const char *chain, struct rule *rule, struct xtc_handle *handle)
{
	return ip6tc_check_entry(chain, &rule->u.ip6, rule->mask, handle);
}

static int append4(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return iptc_append_entry(chain, &rule->u.ip4, handle);
}

static int append6(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return ip6tc_append_entry(chain, &rule->u.ip6, handle);
}

static int insert_first4(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return iptc_insert_entry(chain, &rule->u.ip4, 0, handle);
}

static int insert_first6(const char *chain, const struct rule *rule, struct xtc_handle *handle)
{
	return ip6tc_insert_entry(chain, &rule->u.ip6, 0, handle);
}

static const void *next4(const char *chain, const void *rule, struct xtc_handle *handle)
{
	return rule == NULL ? iptc_first_rule(chain, handle) : iptc_next_rule(rule, handle);
}

static const void *next6(const char *chain, const void *rule, struct xtc_handle *handle)
{
	return rule == NULL ? ip6tc_first_rule(chain, handle) : ip6tc_next_rule(rule, handle);
}

static const char *target4(const void *rule, struct xtc_handle *handle)
{
	return iptc_get_target(rule, handle);
}

static const char *target6(const void *rule, struct xtc_handle *handle)
{
	return ip6tc_get_target(rule, handle);
}

static const struct family families[] = {
	[IPTC_IP4] = {"iptables", "iptable_filter", &iptc_ops, sizeof(struct ipt_entry),
	              IPT_ICMP_PORT_UNREACHABLE, IPT_TCP_RESET, finish4, has4, append4, insert_first4,
	              iptc_delete_num_entry, iptc_delete_chain, next4, target4},
	[IPTC_IP6] = {"ip6tables", "ip6table_filter", &ip6tc_ops, sizeof(struct ip6t_entry),
	              IP6T_ICMP6_PORT_UNREACH, IP6T_TCP_RESET, finish6, has6, append6, insert_first6,
	              ip6tc_delete_num_entry, ip6tc_delete_chain, next6, target6},
};

/* One look at the kernel's table and what it shall become. */
struct work {
	const struct family *family;
	enum iptc_family number;
	const struct root_config *config;
	unsigned n_shards;
	struct xtc_handle *handle;
	bool changed;
};

uint8_t iptc_length(enum iptc_family family, enum iptc_kind kind, const struct root_config *config)
{
	const uint8_t prefix = config->ip6_prefix;
	const bool prefixes = family == IPTC_IP6 && prefix >= 48 && prefix < 128;

	switch (kind) {
	case IPTC_SINGLE:
		return 128;
	case IPTC_PREFIX:
		return prefixes ? prefix : 0;
	case IPTC_NETWORK:
		if (!config->networks || (prefixes && prefix == 48))
			return 0;
		return family == IPTC_IP4 ? IP4_BITS + 24 : 48;
	case IPTC_KINDS:
		break;
	}
	return 0;
}

unsigned iptc_shard_byte(uint8_t length)
{
	return length / 8U - 1; /* the last that lies in it as a whole */
}

void iptc_list_name(enum iptc_family family, enum iptc_kind kind, const struct root_config *config,
                    unsigned n_shards, unsigned shard, char out[static IPTC_LIST_MAX])
{
	const unsigned length = iptc_length(family, kind, config);
	char which[4] = "";

	if (kind != IPTC_SINGLE)
		(void)snprintf(which, sizeof which, "%u", (family == IPTC_IP4 ? length - IP4_BITS : length) % 1000);
	else if (family == IPTC_IP6)
		(void)snprintf(which, sizeof which, "6");
	if (n_shards == 1)
		(void)snprintf(out, IPTC_LIST_MAX, "%s%s", config->list, which);
	else
		(void)snprintf(out, IPTC_LIST_MAX, "%s%s_%02x", config->list, which, shard % IPTC_SHARDS);
}

/* "SPAMMER" for MAIN; "SPAMMER_0" to "SPAMMER_f" lead to addresses, "SPAMMERp_0" ... to prefixes, "SPAMMERn_0" ... to networks. */
static struct label chain_label(const struct root_config *config, unsigned chain)
{
	static const char *const kinds[IPTC_KINDS] = {[IPTC_SINGLE] = "", [IPTC_PREFIX] = "p", [IPTC_NETWORK] = "n"};
	struct label label = {""};

	if (chain == MAIN)
		(void)snprintf(label.text, sizeof label.text, "%s", config->chain);
	else
		(void)snprintf(label.text, sizeof label.text, "%s%s_%x", config->chain, kinds[chain / SUBS], chain % SUBS);
	return label;
}

/* --- building rules --- */

static void rule_begin(struct rule *rule, const struct family *family)
{
	memset(rule, 0, sizeof *rule);
	memset(rule->mask, 0xFF, sizeof rule->mask);
	rule->len = family->head_len;
}

/* Room for a match; returns its size bytes of data, zeroed. The first "same" of them count in a comparison.
 */
static void *rule_match(struct rule *rule, const char *name, uint8_t revision, size_t size, size_t same)
{
	struct xt_entry_match *const match = (void *)(rule->u.bytes + rule->len);
	const size_t len = XT_ALIGN(sizeof *match) + XT_ALIGN(size);

	assert(rule->len + len <= RULE_MAX && strlen(name) < sizeof match->u.user.name);
	match->u.user.match_size = (uint16_t)len; /* <= RULE_MAX */
	match->u.user.revision = revision;
	(void)snprintf(match->u.user.name, sizeof match->u.user.name, "%s", name);
	memset(rule->mask + rule->len + sizeof *match + same, 0, len - sizeof *match - same);
	rule->len += len;
	return match->data;
}

/*
 * Room for the target: "ACCEPT", "DROP" or a chain's name (libiptc knows which; size 0), or an extension
 * with its data.
 */
static void *rule_target(struct rule *rule, const char *name, size_t size)
{
	struct xt_entry_target *const target = (void *)(rule->u.bytes + rule->len);
	const size_t len = size == 0 ? XT_ALIGN(sizeof(struct xt_standard_target))
	                             : XT_ALIGN(sizeof *target) + XT_ALIGN(size);

	assert(rule->len + len <= RULE_MAX && strlen(name) < sizeof target->u.user.name);
	target->u.user.target_size = (uint16_t)len; /* <= RULE_MAX */
	(void)snprintf(target->u.user.name, sizeof target->u.user.name, "%s", name);
	rule->target_at = rule->len;
	rule->len += len;
	return target->data;
}

/* The first length bits; length counts in the 16 bytes, a mask from the family's own beginning. */
static void set_mask(enum iptc_family family, uint8_t length, union nf_inet_addr *mask)
{
	const unsigned bits = family == IPTC_IP4 ? length - IP4_BITS : length;
	unsigned char bytes[sizeof *mask] = {0};

	for (unsigned bit = 0; bit < bits; bit++)
		bytes[bit / 8] |= (unsigned char)(0x80U >> bit % 8);
	memcpy(mask, bytes, sizeof *mask);
}

static void rule_match_recent(const struct work *work, enum iptc_kind kind, unsigned shard, uint8_t how,
                              struct rule *rule)
{
	/*
	 * Revision 1 has the mask. For addresses all of it is set, not the IPv4 part alone: it belongs to the list,
	 * and with zeros behind it IPv6 would be looked up by its first 32 bits. In an IPv4 rule only 32 bits are
	 * compared, as iptables-restore sets no more.
	 */
	const size_t mask_len = work->number == IPTC_IP4 ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	const uint8_t length = iptc_length(work->number, kind, work->config);
	struct xt_recent_mtinfo_v1 *const recent = rule_match(
	        rule, "recent", 1, sizeof *recent, offsetof(struct xt_recent_mtinfo_v1, mask) + mask_len);
	char name[IPTC_LIST_MAX];

	iptc_list_name(work->number, kind, work->config, work->n_shards, shard, name);
	recent->seconds = work->config->seconds;
	recent->check_set = how;
	recent->side = XT_RECENT_SOURCE;
	(void)snprintf(recent->name, sizeof recent->name, "%s", name);
	memset(&recent->mask, 0xFF, sizeof recent->mask);
	if (length < 128)
		set_mask(work->number, length, &recent->mask);
}

static void rule_match_ports(const struct root_config *config, struct rule *rule)
{
	assert(config->n_ports <= XT_MULTI_PORTS);
	if (config->n_ports == 1) {
		struct xt_tcp *const tcp = rule_match(rule, "tcp", 0, sizeof *tcp, sizeof *tcp);

		tcp->spts[1] = UINT16_MAX; /* 0:65535, any; ports are in host order here */
		tcp->dpts[0] = tcp->dpts[1] = config->ports[0];
	} else if (config->n_ports > 1) {
		struct xt_multiport_v1 *const ports =
		        rule_match(rule, "multiport", 1, sizeof *ports, sizeof *ports);

		ports->flags = XT_MULTIPORT_DESTINATION;
		ports->count = (uint8_t)config->n_ports;
		for (size_t i = 0; i < config->n_ports; i++)
			ports->ports[i] = config->ports[i];
	}
}

/* "--limit 10/minute --limit-burst 5", before a LOG with the prefix. */
static void rule_log(const struct root_config *config, struct rule *rule)
{
	/* From prev on it is the kernel's own reckoning. */
	struct xt_rateinfo *const limit =
	        rule_match(rule, "limit", 0, sizeof *limit, offsetof(struct xt_rateinfo, prev));
	struct xt_log_info *log;

	limit->avg = XT_LIMIT_SCALE * 60 / 10;
	limit->burst = 5;
	log = rule_target(rule, "LOG", sizeof *log);
	log->level = LOG_WARNING;
	(void)snprintf(log->prefix, sizeof log->prefix, "%s", config->log_prefix);
}

static void rule_reject(const struct family *family, bool reset, struct rule *rule)
{
	struct ipt_reject_info *const reject = rule_target(rule, "REJECT", sizeof *reject);

	/* struct ip6t_reject_info is one number of the same size. */
	reject->with = reset ? family->reset : family->reject;
}

/* [LOG], then what is done; and a DROP behind RESET when all protocols come here, for what has no RST. */
static unsigned rules_per_list(const struct root_config *config)
{
	return 1U + (config->log_prefix[0] != '\0') + (config->action == ROOT_RESET && config->n_ports == 0);
}

/* Rule number "place" of one list, below rules_per_list. */
static void list_rule(const struct work *work, enum iptc_kind kind, unsigned shard, unsigned place, struct rule *rule)
{
	const struct root_config *const config = work->config;
	const unsigned n_log = config->log_prefix[0] != '\0';
	uint8_t protocol = 0;

	rule_begin(rule, work->family);
	rule_match_recent(work, kind, shard, place < n_log ? XT_RECENT_CHECK : XT_RECENT_UPDATE, rule);
	if (place < n_log) {
		rule_log(config, rule);
	} else if (config->action == ROOT_DROP || place > n_log) {
		(void)rule_target(rule, "DROP", 0);
	} else {
		rule_reject(work->family, config->action == ROOT_RESET, rule);
		if (config->action == ROOT_RESET)
			protocol = IPPROTO_TCP; /* the kernel insists */
	}
	work->family->finish(rule, protocol, iptc_shard_byte(iptc_length(work->number, kind, config)),
	                     (uint8_t)shard, work->n_shards == 1 ? 0 : 0xFF); /* shard < 256 */
}

/* Rule number "place" of MAIN: kind by kind, the rules of a list, or jumps to the chains that lead to many. */
static bool main_rule(const struct work *work, unsigned place, struct rule *rule)
{
	const unsigned per_list = rules_per_list(work->config);

	for (enum iptc_kind kind = IPTC_SINGLE; kind < IPTC_KINDS; kind++) {
		const uint8_t length = iptc_length(work->number, kind, work->config);
		const bool split = work->n_shards > 1;
		const unsigned n = length == 0 ? 0 : split ? SUBS : per_list;

		if (place >= n) {
			place -= n;
			continue;
		}
		if (!split) {
			list_rule(work, kind, 0, place, rule);
			return true;
		}
		rule_begin(rule, work->family);
		(void)rule_target(rule, chain_label(work->config, (unsigned)kind * SUBS + place).text, 0);
		work->family->finish(rule, 0, iptc_shard_byte(length), (uint8_t)place, 0x0F); /* place < 16 */
		return true;
	}
	return false;
}

/* Rule number "place" of a chain. False: it has no more; a chain without any is not wanted. */
static bool wanted_rule(const struct work *work, unsigned chain, unsigned place, struct rule *rule)
{
	const unsigned per_list = rules_per_list(work->config);
	const enum iptc_kind kind = (enum iptc_kind)(chain / SUBS); /* IPTC_KINDS: MAIN */

	if (chain == MAIN)
		return main_rule(work, place, rule);
	if (work->n_shards == 1 || iptc_length(work->number, kind, work->config) == 0 || place == SUBS * per_list)
		return false;
	list_rule(work, kind, place / per_list * SUBS + chain % SUBS, place % per_list, rule);
	return true;
}

static bool is_wanted(const struct work *work, unsigned chain)
{
	struct rule rule;

	return wanted_rule(work, chain, 0, &rule);
}

static void wanted_jump(const struct work *work, struct rule *rule)
{
	rule_begin(rule, work->family);
	rule_match_ports(work->config, rule);
	(void)rule_target(rule, work->config->chain, 0);
	work->family->finish(rule, work->config->n_ports > 0 ? IPPROTO_TCP : 0, 15, 0, 0);
}

/* --- comparing and changing --- */

static int failed(const struct work *work, const char *doing, const char *chain, struct why *why)
{
	const int err = errno;

	return why_set(why, err == 0 ? EIO : err, "%s: cannot %s %s: %s", work->family->tool, doing, chain,
	               work->family->ops->strerror(err));
}

static unsigned count_rules(const struct work *work, const char *chain)
{
	const void *rule = NULL;
	unsigned n = 0;

	while ((rule = work->family->next(chain, rule, work->handle)) != NULL)
		n++;
	return n;
}

static unsigned count_jumps(const struct work *work, const char *from, const char *chain)
{
	const void *rule = NULL;
	unsigned n = 0;

	while ((rule = work->family->next(from, rule, work->handle)) != NULL)
		n += strcmp(work->family->target(rule, work->handle), chain) == 0;
	return n;
}

/* Order is not compared: only a person who edits our chain by hand can change it. */
static bool chain_is_right(const struct work *work, unsigned chain, const char *label)
{
	struct rule rule;
	unsigned n = 0;

	if (!work->family->ops->is_chain(label, work->handle))
		return false;
	while (wanted_rule(work, chain, n, &rule)) {
		if (!work->family->has(label, &rule, work->handle))
			return false;
		n++;
	}
	return count_rules(work, label) == n;
}

static int write_chain(struct work *work, unsigned chain, struct why *why)
{
	const struct family *const family = work->family;
	const struct label label = chain_label(work->config, chain);
	struct rule rule;

	if (chain_is_right(work, chain, label.text))
		return 0;
	work->changed = true;
	if (family->ops->is_chain(label.text, work->handle)) {
		if (!family->ops->flush_entries(label.text, work->handle))
			return failed(work, "empty", label.text, why);
	} else if (!family->ops->create_chain(label.text, work->handle)) {
		return failed(work, "make", label.text, why);
	}
	for (unsigned place = 0; wanted_rule(work, chain, place, &rule); place++)
		if (!family->append(label.text, &rule, work->handle))
			return failed(work, "add a rule to", label.text, why);
	return 0;
}

static int delete_jumps(struct work *work, const char *from, const char *chain, struct why *why)
{
	for (;;) {
		const void *rule = NULL;
		unsigned at = 0;

		while ((rule = work->family->next(from, rule, work->handle)) != NULL &&
		       strcmp(work->family->target(rule, work->handle), chain) != 0)
			at++;
		if (rule == NULL)
			return 0;
		work->changed = true;
		if (!work->family->delete_at(from, at, work->handle))
			return failed(work, "delete a jump in", from, why);
	}
}

/* Its place among other people's rules is theirs to choose, so a good jump stays where it is. */
static int write_jump(struct work *work, struct why *why)
{
	const struct family *const family = work->family;
	const struct label chain = chain_label(work->config, MAIN);
	struct label from = {""};
	struct rule rule;
	int err;

	(void)snprintf(from.text, sizeof from.text, "%s", work->config->jump_from);
	if (!family->ops->is_chain(from.text, work->handle))
		return why_set(why, ENOENT, "%s: there is no chain %s to jump from", family->tool, from.text);
	wanted_jump(work, &rule);
	if (count_jumps(work, from.text, chain.text) == 1 && family->has(from.text, &rule, work->handle))
		return 0;
	err = delete_jumps(work, from.text, chain.text, why);
	if (err < 0)
		return err;
	work->changed = true;
	if (!family->insert_first(from.text, &rule, work->handle))
		return failed(work, "add the jump to", from.text, why);
	return 0;
}

static int delete_chain(struct work *work, unsigned chain, struct why *why)
{
	const struct label label = chain_label(work->config, chain);

	if (!work->family->ops->is_chain(label.text, work->handle))
		return 0;
	work->changed = true;
	if (!work->family->ops->flush_entries(label.text, work->handle) ||
	    !work->family->delete_chain(label.text, work->handle))
		return failed(work, "delete", label.text, why);
	return 0;
}

static int put_in_place(struct work *work, struct why *why)
{
	int err = 0;

	if (work->family->ops->builtin(work->config->chain, work->handle))
		return why_set(why, EINVAL, "%s: chain %s is the kernel's own: choose another name",
		               work->family->tool, work->config->chain);
	/* What is jumped to comes before the jump. */
	for (unsigned chain = 0; chain < MAIN && err == 0; chain++)
		err = is_wanted(work, chain) ? write_chain(work, chain, why) : 0;
	if (err == 0)
		err = write_chain(work, MAIN, why);
	for (unsigned chain = 0; chain < MAIN && err == 0; chain++)
		err = is_wanted(work, chain) ? 0 : delete_chain(work, chain, why);
	if (err == 0)
		err = write_jump(work, why);
	return err;
}

static int take_away(struct work *work, struct why *why)
{
	const struct label main_chain = chain_label(work->config, MAIN);
	const char *chain = work->family->ops->first_chain(work->handle);
	int err = 0;

	if (!work->family->ops->is_chain(main_chain.text, work->handle))
		return 0;
	for (; chain != NULL && err == 0; chain = work->family->ops->next_chain(work->handle)) {
		struct label from = {""};

		(void)snprintf(from.text, sizeof from.text, "%s", chain);
		for (unsigned of = 0; of <= MAIN && err == 0; of++)
			err = delete_jumps(work, from.text, chain_label(work->config, of).text, why);
	}
	for (unsigned of = 0; of <= MAIN && err == 0; of++)
		err = delete_chain(work, of, why);
	return err;
}

/* --- the kernel's table, the lock --- */

static int pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	return nanosleep(&time, NULL);
}

/* Returns the lock, to be closed, or -errno. */
static int lock_tables(struct why *why)
{
	const char *path = secure_getenv("XTABLES_LOCKFILE");
	int fd, err;

	if (path == NULL || path[0] == '\0')
		path = "/run/xtables.lock";
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_set(why, errno, "%s: %s; it keeps two programs from changing the rules at once",
		               path, strerror(errno));
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if ((errno == EWOULDBLOCK || errno == EINTR) && waited < LOCK_WAIT_MS) {
			(void)pause_ms(LOCK_STEP_MS);
			continue;
		}
		err = errno == EWOULDBLOCK
		              ? why_set(why, EBUSY, "%s: locked by another program for %d s", path,
		                        LOCK_WAIT_MS / 1000)
		              : why_set(why, errno, "%s: cannot lock: %s", path, strerror(errno));
		(void)close(fd);
		return err;
	}
	return fd;
}

static int take_snapshot(struct work *work, struct why *why)
{
	const char *const tool = work->family->tool;

	errno = 0;
	work->handle = work->family->ops->init("filter");
	if (work->handle != NULL)
		return 0;
	switch (errno) {
	case EPERM:
	case EACCES:
		return why_set(why, EPERM,
		               "%s: may not see the rules: run as root, or with CAP_NET_ADMIN and "
		               "CAP_NET_RAW",
		               tool);
	case ENOENT:
	case ENOPROTOOPT:
		return why_set(why, errno,
		               "%s: the kernel has no legacy xtables: load it with 'modprobe %s'; where it "
		               "is built without CONFIG_NETFILTER_XTABLES_LEGACY, set manage_rules = no and "
		               "add the rule with %s-nft, or use another backend",
		               tool, work->family->module, tool);
	case EAFNOSUPPORT:
		return why_set(why, errno, "%s: the kernel runs without this family", tool);
	default:
		return failed(work, "read table", "filter", why);
	}
}

/* 0, -EAGAIN: somebody changed the rules meanwhile, begin again, or an error. */
static int commit(struct work *work, struct why *why)
{
	if (work->family->ops->commit(work->handle))
		return 0;
	if (errno == ENOENT)
		return why_set(why, ENOENT,
		               "%s: the kernel lacks a match or target of our rules: load them with "
		               "'modprobe -a xt_recent xt_multiport xt_tcpudp'%s",
		               work->family->tool,
		               work->config->log_prefix[0] != '\0' || work->config->action != ROOT_DROP
		                       ? ", 'modprobe -a xt_limit xt_LOG ipt_REJECT ip6t_REJECT'"
		                       : "");
	return failed(work, "write table", "filter", why);
}

int iptc_apply(enum iptc_family family, const struct root_config *config, unsigned n_shards,
               bool *ret_changed, struct why *why)
{
	struct work work = {
		.family = &families[family], .number = family, .config = config, .n_shards = n_shards};
	int lock, err;

	assert(n_shards == 0 || n_shards == 1 || n_shards == IPTC_SHARDS);
	lock = lock_tables(why);
	if (lock < 0)
		return lock;
	for (int tries = 1;; tries++) {
		work.changed = false;
		err = take_snapshot(&work, why);
		if (err < 0)
			break;
		err = n_shards == 0 ? take_away(&work, why) : put_in_place(&work, why);
		if (err == 0 && work.changed)
			err = commit(&work, why);
		work.family->ops->free(work.handle);
		/* iptables-nft and old tools do not heed the lock. */
		if (err != -EAGAIN || tries == COMMIT_TRIES)
			break;
		(void)pause_ms(1L << tries);
	}
	(void)close(lock);
	if (err == 0)
		*ret_changed = work.changed;
	return err;
}

int iptc_look(enum iptc_family family, const struct root_config *config, unsigned *ret, struct why *why)
{
	struct work work = {.family = &families[family], .number = family, .config = config};
	const struct label chain = chain_label(config, MAIN), sub = chain_label(config, 0);
	const int err = take_snapshot(&work, why);

	if (err < 0)
		return err;
	if (!work.family->ops->is_chain(chain.text, work.handle))
		*ret = 0;
	else
		*ret = work.family->ops->is_chain(sub.text, work.handle) ? IPTC_SHARDS : 1;
	work.family->ops->free(work.handle);
	return 0;
}
