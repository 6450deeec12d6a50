#include "root/xtables.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "root/xtables_family.h"
#include "root/xtables_rule.h"

enum {
	LOCK_WAIT_MS = 5000,
	LOCK_STEP_MS = 20,
	COMMIT_TRIES = 10, /* with 2, 4, 8 ... ms between them: 1 s in all */
};

/* One look at the kernel's table and what it shall become. */
struct work {
	const struct family *family;
	struct layout layout;
	struct xtc_handle *handle;
	bool changed;
};

static bool is_wanted(const struct work *work, unsigned chain)
{
	struct rule rule;

	return rule_of_chain(&work->layout, chain, 0, &rule);
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
	while (rule_of_chain(&work->layout, chain, n, &rule)) {
		if (!work->family->has(label, &rule, work->handle))
			return false;
		n++;
	}
	return count_rules(work, label) == n;
}

static int write_chain(struct work *work, unsigned chain, struct why *why)
{
	const struct family *const family = work->family;
	const struct label label = rule_chain(work->layout.config, chain);
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
	for (unsigned place = 0; rule_of_chain(&work->layout, chain, place, &rule); place++)
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
	const struct label chain = rule_chain(work->layout.config, RULE_MAIN);
	struct label from = {""};
	struct rule rule;
	int err;

	(void)snprintf(from.text, sizeof from.text, "%s", work->layout.config->jump_from);
	if (!family->ops->is_chain(from.text, work->handle))
		return why_set(why, ENOENT, "%s: there is no chain %s to jump from", family->tool, from.text);
	rule_jump(&work->layout, &rule);
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
	const struct label label = rule_chain(work->layout.config, chain);

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

	if (work->family->ops->builtin(work->layout.config->chain, work->handle))
		return why_set(why, EINVAL, "%s: chain %s is the kernel's own: choose another name",
		               work->family->tool, work->layout.config->chain);
	/* What is jumped to comes before the jump. */
	for (unsigned chain = 0; chain < RULE_MAIN && err == 0; chain++)
		err = is_wanted(work, chain) ? write_chain(work, chain, why) : 0;
	if (err == 0)
		err = write_chain(work, RULE_MAIN, why);
	for (unsigned chain = 0; chain < RULE_MAIN && err == 0; chain++)
		err = is_wanted(work, chain) ? 0 : delete_chain(work, chain, why);
	if (err == 0)
		err = write_jump(work, why);
	return err;
}

static int take_away(struct work *work, struct why *why)
{
	const struct label main_chain = rule_chain(work->layout.config, RULE_MAIN);
	const char *chain = work->family->ops->first_chain(work->handle);
	int err = 0;

	if (!work->family->ops->is_chain(main_chain.text, work->handle))
		return 0;
	for (; chain != NULL && err == 0; chain = work->family->ops->next_chain(work->handle)) {
		struct label from = {""};

		(void)snprintf(from.text, sizeof from.text, "%s", chain);
		for (unsigned of = 0; of <= RULE_MAIN && err == 0; of++)
			err = delete_jumps(work, from.text, rule_chain(work->layout.config, of).text, why);
	}
	for (unsigned of = 0; of <= RULE_MAIN && err == 0; of++)
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
		               "'modprobe -a xt_recent xt_multiport xt_tcpudp'%s%s",
		               work->family->tool,
		               work->layout.config->log_prefix[0] != '\0' || work->layout.config->action != ROOT_DROP
		                       ? ", 'modprobe -a xt_limit xt_LOG ipt_REJECT ip6t_REJECT'"
		                       : "",
		               work->layout.config->connections > 0
		                       ? ", 'modprobe -a xt_hashlimit xt_connbytes xt_state'"
		                       : "");
	return failed(work, "write table", "filter", why);
}

int xtables_apply(enum xtables_family family, const struct root_config *config, unsigned n_shards,
               bool *ret_changed, struct why *why)
{
	struct work work = {.family = &iptc_families[family], .layout = {family, config, n_shards}};
	int lock, err;

	assert(n_shards == 0 || n_shards == 1 || n_shards == XTABLES_SHARDS);
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

int xtables_look(enum xtables_family family, const struct root_config *config, unsigned *ret, struct why *why)
{
	struct work work = {.family = &iptc_families[family], .layout = {.family = family, .config = config}};
	const struct label chain = rule_chain(config, RULE_MAIN), sub = rule_chain(config, 0);
	const int err = take_snapshot(&work, why);

	if (err < 0)
		return err;
	if (!work.family->ops->is_chain(chain.text, work.handle))
		*ret = 0;
	else
		*ret = work.family->ops->is_chain(sub.text, work.handle) ? XTABLES_SHARDS : 1;
	work.family->ops->free(work.handle);
	return 0;
}
