#include "root/xtables.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "root/xtables_family.h"

enum {
	LOCK_WAIT_MS = 5000,
	LOCK_STEP_MS = 20,
	DEPTH_MAX = 8,     /* nested chains between FORWARD and one that jumps to ours */
	COMMIT_TRIES = 10, /* waiting 2, 4, 8 ... ms in between: 1 s in all */
};

/* A snapshot of the kernel's table, and the plan for it. */
struct work {
	const struct family *family;
	const struct xtables_plan *plan;
	struct xtc_handle *handle;
	bool changed;
};

static bool is_wanted(const struct work *work, unsigned chain)
{
	struct rule rule;

	return chain == work->plan->main || work->plan->rule(work->plan->of, chain, 0, &rule);
}

static struct label name_of(const struct work *work, unsigned chain)
{
	return work->plan->name(work->plan->of, chain);
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

/* Does not compare the order: only a person who edits our chain by hand can change it. */
static bool chain_is_right(const struct work *work, unsigned chain, const char *label)
{
	struct rule rule;
	unsigned n = 0;

	if (!work->family->ops->is_chain(label, work->handle))
		return false;
	while (work->plan->rule(work->plan->of, chain, n, &rule)) {
		if (!work->family->has(label, &rule, work->handle))
			return false;
		n++;
	}
	return count_rules(work, label) == n;
}

static int write_chain(struct work *work, unsigned chain, struct why *why)
{
	const struct family *const family = work->family;
	const struct label label = name_of(work, chain);
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
	for (unsigned place = 0; work->plan->rule(work->plan->of, chain, place, &rule); place++)
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

/*
 * Returns whether packets of the chain from reach the given chain. Called with FORWARD: whether it sees forwarded
 * packets.
 */
static bool is_forwarding(const struct work *work, const char *from, const char *chain, unsigned depth)
{
	const void *rule = NULL;
	bool is = strcmp(from, chain) == 0;

	while (!is && depth < DEPTH_MAX && (rule = work->family->next(from, rule, work->handle)) != NULL) {
		const char *const target = work->family->target(rule, work->handle);

		is = work->family->ops->is_chain(target, work->handle) && is_forwarding(work, target, chain, depth + 1);
	}
	return is;
}

/* A correct jump stays where it is: its position among the administrator's rules is the administrator's choice. */
static int write_jump(struct work *work, const char *name, bool optional, struct why *why)
{
	const struct family *const family = work->family;
	const struct xtables_plan *const plan = work->plan;
	const struct label main_chain = name_of(work, plan->main), forwarded = name_of(work, plan->forwarded);
	const struct label forward = {"FORWARD"};
	struct label from = {""};
	struct rule rule;
	unsigned chain, n;
	int err;

	(void)snprintf(from.text, sizeof from.text, "%s", name);
	if (!family->ops->is_chain(from.text, work->handle))
		return optional
		               ? 0
		               : why_set(why, ENOENT,
		                         "%s: there is no chain %s to jump from; if iptables-nft made it, jump from FORWARD, which "
		                         "sees the same packets, or set backend = nftables",
		                         family->tool, from.text);
	chain = is_forwarding(work, forward.text, from.text, 0) ? plan->forwarded : plan->main;
	plan->jump(plan->of, chain, &rule);
	n = count_jumps(work, from.text, main_chain.text);
	if (plan->forwarded != plan->main)
		n += count_jumps(work, from.text, forwarded.text);
	if (n == 1 && family->has(from.text, &rule, work->handle))
		return 0;
	err = delete_jumps(work, from.text, main_chain.text, why);
	if (err == 0)
		err = delete_jumps(work, from.text, forwarded.text, why);
	if (err < 0)
		return err;
	work->changed = true;
	if (!family->insert_first(from.text, &rule, work->handle))
		return failed(work, "add the jump to", from.text, why);
	return 0;
}

static int delete_chain(struct work *work, unsigned chain, struct why *why)
{
	const struct label label = name_of(work, chain);

	if (!work->family->ops->is_chain(label.text, work->handle))
		return 0;
	work->changed = true;
	if (!work->family->ops->flush_entries(label.text, work->handle) ||
	    !work->family->delete_chain(label.text, work->handle))
		return failed(work, "delete", label.text, why);
	return 0;
}

/* Drops a chain and all jumps to it, from any chain. */
static int drop_chain(struct work *work, unsigned chain, struct why *why)
{
	const struct label label = name_of(work, chain);
	const char *at = work->family->ops->first_chain(work->handle);
	int err = 0;

	if (!work->family->ops->is_chain(label.text, work->handle))
		return 0;
	for (; at != NULL && err == 0; at = work->family->ops->next_chain(work->handle)) {
		struct label from = {""};

		(void)snprintf(from.text, sizeof from.text, "%s", at);
		err = delete_jumps(work, from.text, label.text, why);
	}
	return err < 0 ? err : delete_chain(work, chain, why);
}

static int put_in_place(struct work *work, struct why *why)
{
	const struct label main_chain = name_of(work, work->plan->main);
	int err = 0;

	if (work->family->ops->builtin(main_chain.text, work->handle))
		return why_set(why, EINVAL, "%s: chain %s is the kernel's own: choose another name", work->family->tool,
		               main_chain.text);
	/* A chain must exist before the jumps to it. */
	for (unsigned chain = 0; chain < work->plan->n_chains && err == 0; chain++)
		err = is_wanted(work, chain) ? write_chain(work, chain, why) : 0;
	for (size_t i = 0; i < work->plan->n_jumps && err == 0; i++)
		err = write_jump(work, work->plan->jumps[i].from, work->plan->jumps[i].optional, why);
	for (unsigned chain = 0; chain < work->plan->n_chains && err == 0; chain++)
		err = is_wanted(work, chain) ? 0 : drop_chain(work, chain, why);
	return err;
}

static int remove_rules(struct work *work, struct why *why)
{
	const struct label main_chain = name_of(work, work->plan->main);
	int err = 0;

	if (!work->family->ops->is_chain(main_chain.text, work->handle))
		return 0;
	/* Chains that jump are removed before their targets, so that the searches are short. */
	for (unsigned chain = work->plan->n_chains; chain-- > 0 && err == 0;)
		err = drop_chain(work, chain, why);
	return err;
}

/* --- the kernel's table, the lock --- */

static int pause_ms(long ms)
{
	const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	return nanosleep(&time, NULL);
}

/* Returns the locked descriptor, which the caller closes, or -errno. */
static int lock_tables(struct why *why)
{
	const char *path = secure_getenv("XTABLES_LOCKFILE");
	int fd, err;

	if (path == NULL || path[0] == '\0')
		path = "/run/xtables.lock";
	fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return why_set(why, errno, "%s: %s; it keeps two programs from changing the rules at once", path,
		               strerror(errno));
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; waited += LOCK_STEP_MS) {
		if ((errno == EWOULDBLOCK || errno == EINTR) && waited < LOCK_WAIT_MS) {
			(void)pause_ms(LOCK_STEP_MS);
			continue;
		}
		err = errno == EWOULDBLOCK
		              ? why_set(why, EBUSY, "%s: locked by another program for %d s", path, LOCK_WAIT_MS / 1000)
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

bool xtables_is_used(enum xtables_family family)
{
	FILE *const file =
		fopen(family == XTABLES_IP4 ? "/proc/net/ip_tables_names" : "/proc/net/ip6_tables_names", "re");
	char name[32];
	bool used = false;

	while (file != NULL && !used && fscanf(file, "%31s", name) == 1)
		used = strcmp(name, "filter") == 0;
	if (file != NULL)
		(void)fclose(file);
	return used;
}

/* Returns 0; -EAGAIN if the rules were changed meanwhile, so that the caller must start again; or an error. */
static int commit(struct work *work, struct why *why)
{
	if (work->family->ops->commit(work->handle))
		return 0;
	if (errno == ENOENT)
		return why_set(why, ENOENT,
		               "%s: the kernel lacks a match or target of our rules: load them with 'modprobe -a %s'",
		               work->family->tool, work->plan->modules);
	return failed(work, "write table", "filter", why);
}

/* Runs change on a snapshot of the table, and commits. */
static int change_table(enum xtables_family family, const struct xtables_plan *plan,
                        int (*change)(struct work *work, struct why *why), bool *ret_changed, struct why *why)
{
	struct work work = {.family = &xtables_families[family], .plan = plan};
	int lock, err;

	lock = lock_tables(why);
	if (lock < 0)
		return lock;
	for (int tries = 1;; tries++) {
		work.changed = false;
		err = take_snapshot(&work, why);
		if (err < 0)
			break;
		err = change(&work, why);
		if (err == 0 && work.changed)
			err = commit(&work, why);
		work.family->ops->free(work.handle);
		/* iptables-nft and old tools ignore the lock. */
		if (err != -EAGAIN || tries == COMMIT_TRIES)
			break;
		(void)pause_ms(1L << tries);
	}
	(void)close(lock);
	if (err == 0)
		*ret_changed = work.changed;
	return err;
}

int xtables_apply(enum xtables_family family, const struct xtables_plan *plan, bool *ret_changed, struct why *why)
{
	return change_table(family, plan, put_in_place, ret_changed, why);
}

int xtables_remove(enum xtables_family family, const struct xtables_plan *plan, bool *ret_changed, struct why *why)
{
	return change_table(family, plan, remove_rules, ret_changed, why);
}

int xtables_has(enum xtables_family family, const struct label *chain, bool *ret, struct why *why)
{
	struct work work = {.family = &xtables_families[family]};
	const int err = take_snapshot(&work, why);

	if (err < 0)
		return err;
	*ret = work.family->ops->is_chain(chain->text, work.handle) != 0;
	work.family->ops->free(work.handle);
	return 0;
}

int xtables_chains(enum xtables_family family, const char *begin, void (*found)(void *of, const char *chain), void *of,
                   struct why *why)
{
	struct work work = {.family = &xtables_families[family]};
	const int err = take_snapshot(&work, why);
	const char *chain = err < 0 ? NULL : work.family->ops->first_chain(work.handle);

	for (; chain != NULL; chain = work.family->ops->next_chain(work.handle))
		if (strncmp(chain, begin, strlen(begin)) == 0)
			found(of, chain);
	if (err == 0)
		work.family->ops->free(work.handle);
	return err;
}
