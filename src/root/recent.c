/*
 * recent: the backend for legacy xtables: addresses in the kernel's xt_recent lists, and the rules that query them.
 *
 * This file manages the rules and the number of lists: one of each kind, or 256 if more addresses are wanted than one
 * holds. recent_lists.h manages the contents of the lists. Knows recent_rules, recent_lists and xtables. Never waits,
 * except for iptables' lock (xtables.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"
#include "root/backend.h"
#include "root/hooks.h"
#include "root/recent_lists.h"
#include "root/recent_rules.h"
#include "root/xtables.h"

enum {
	PER_LIST_DEFAULT = 100, /* ip_list_tot, net/netfilter/xt_recent.c */
	PER_LIST_MAX = 1 << 20, /* we use no more of a list than this, 20 MB */
	SHRINK_AT = 4,          /* return to one list when a quarter of it would do, to avoid flapping */
	OTHER_FILES = 64,       /* open files beside the lists */
};

static const char parameter[] = "/sys/module/xt_recent/parameters/ip_list_tot";

static uint32_t read_parameter(void)
{
	FILE *const file = fopen(parameter, "re");
	uint32_t value = 0;

	/* Without /sys the kernel's default is a safe guess: no entries are lost. */
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
	const struct recent_layout layout = {family, recent->config, n_shards, hooks_forward_recent(recent->config)};
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

/* Finds the existing layout, perhaps of an earlier daemon. *ret: number of lists: 0 (no chain), 1 or RECENT_SHARDS. */
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

	/* The lists belong to the administrator's rules; those of networks exist only if networks are to be blocked. */
	for (enum recent_kind kind = RECENT_PREFIX; kind < RECENT_KINDS; kind++) {
		recent_list_path(recent, family, kind, 0, path);
		recent->kinds[family][kind] =
			recent_length(family, kind, recent->config) != 0 && access(path, R_OK | W_OK) == 0;
	}
	recent_list_path(recent, family, RECENT_SINGLE, 0, path);
	if (access(path, R_OK | W_OK) == 0)
		return 0;
	return why_set(why, errno,
	               "%s: %s; manage_rules is off, so the rule is yours to add: 'ip%stables -I %s -p tcp "
	               "--dport 25 -m recent --name %s%s --update --seconds %" PRIu32 " -j DROP'",
	               path, strerror(errno), six,
	               recent->config->n_jump_from > 0 ? recent->config->jump_from[0] : "INPUT", recent->config->list,
	               six, recent->config->seconds);
}

/* An error with IPv6 alone must not prevent IPv4; an error with both is reported for IPv4. */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOPROTOOPT || err == -EAFNOSUPPORT;
}

/*
 * Allows an open file for each list, which is more than the usual 1024. If the limit cannot be raised, opening a list
 * fails and reports it.
 */
static void raise_files(void)
{
	const rlim_t wanted = (rlim_t)RECENT_FAMILIES * RECENT_KINDS * RECENT_SHARDS + OTHER_FILES;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static void init(struct recent *recent, const struct root_config *config)
{
	recent->config = config;
	recent->n_shards = 1;
	recent->use[XTABLES_IP4] = recent->use[XTABLES_IP6] = true;
	for (unsigned family = 0; family < RECENT_FAMILIES; family++)
		for (unsigned kind = 0; kind < RECENT_KINDS; kind++) {
			recent->kinds[family][kind] = recent_length(family, kind, config) != 0;
			for (unsigned shard = 0; shard < RECENT_SHARDS; shard++)
				recent->lists[family][kind][shard].fd = -1;
		}
}

/* For IPv4 everything must work; an error with IPv6 goes to without6. */
static int open_rules(struct recent *recent, struct why *why)
{
	unsigned found = 0;
	bool changed = false;
	int err;

	if (recent->config->manage_rules) {
		/* Keep the existing layout, so that no client gets in before the engine's first request. */
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
		recent->files.per_list = read_parameter(); /* the file exists now that a rule has loaded the module */
		err = members_init(&recent->files.before, recent->files.per_list)
		              ? recent_read_all(recent, why)
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

/* Returns how many lists are needed. Changing the number empties the lists. */
static unsigned shards_for(const struct recent *recent, uint32_t n4, uint32_t n6)
{
	const uint32_t most = n4 > n6 ? n4 : n6;

	return most > recent->files.per_list               ? RECENT_SHARDS
	       : most < recent->files.per_list / SHRINK_AT ? 1
	                                                   : recent->n_shards;
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
		recent_shut_all(recent);
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
	return changed ? recent_read_all(recent, why) : 0;
}

/* The rules stay, since they are not ours; with empty lists they block nobody. */
static int empty_foreign(struct recent *recent, struct why *why)
{
	int err = 0;

	for (unsigned at = 0; at < RECENT_FAMILIES * RECENT_KINDS && err == 0; at++) {
		const unsigned family = at / RECENT_KINDS, kind = at % RECENT_KINDS;
		struct recent_file *const list = &recent->lists[family][kind][0];
		char path[RECENT_PATH_MAX];

		if (recent_lists_of(recent, family, kind) == 0)
			continue;
		recent_list_path(recent, family, kind, 0, path);
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
	recent_shut_all(recent);
	for (unsigned family = 0; family < RECENT_FAMILIES; family++)
		for (unsigned kind = 0; kind < RECENT_KINDS; kind++)
			for (unsigned shard = 0; shard < RECENT_SHARDS; shard++)
				members_done(&recent->lists[family][kind][shard].members);
	members_done(&recent->files.before);
	free(recent);
	return err;
}

/* Empties the lists of the administrator's rules. */
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

/* If there are no tables and no lists, there is nothing of ours in them. */
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

struct search {
	const struct root_config *config;
	enum xtables_family family;
	struct backend_names *names;
};

/* Records a chain CHAIN_NAME, unless it is one of CHAIN's own. Our mark is a rule with a list LIST_NAME. */
static void add_name(void *of, const char *chain)
{
	const struct search *const search = of;
	const struct root_config *const config = search->config;
	const struct recent_layout layout = {search->family, config, RECENT_SHARDS, false};
	const struct xtables_plan plan = recent_plan(&layout);
	const char *const name = chain + strlen(config->chain) + 1;
	const char *const six = search->family == XTABLES_IP6 ? "6" : "";
	char one[RECENT_PATH_MAX], first[RECENT_PATH_MAX + 3];

	for (unsigned i = 0; i < plan.n_chains; i++)
		if (strcmp(plan.name(plan.of, i).text, chain) == 0)
			return;
	(void)snprintf(one, sizeof one, "/proc/net/xt_recent/%s_%s%s", config->list, name, six);
	(void)snprintf(first, sizeof first, "%s_00", one);
	if (access(one, F_OK) == 0 || access(first, F_OK) == 0)
		backend_name(search->names, name);
}

static int recent_names(const struct root_config *config, struct backend_names *ret, struct why *why)
{
	char begin[ROOT_NAME_MAX + 1];
	int err = 0;

	(void)snprintf(begin, sizeof begin, "%s_", config->chain);
	for (enum xtables_family family = XTABLES_IP4; family <= XTABLES_IP6 && err == 0; family++) {
		struct search search = {config, family, ret};

		if (xtables_is_used(family))
			err = xtables_chains(family, begin, add_name, &search, why);
	}
	return err < 0 && !is_absent(err) ? err : 0;
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
                                       .clean = recent_clean,
                                       .names = recent_names};
