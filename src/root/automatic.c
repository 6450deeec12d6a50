#include "root/automatic.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/log.h"

/* Returns whether err means that the kernel lacks the feature. Other errors, such as missing rights, are fatal. */
static bool is_absent(int err)
{
	return err == -ENOENT || err == -ENOPROTOOPT || err == -EAFNOSUPPORT || err == -EOPNOTSUPP;
}

/* Opens recent, unless the configuration rules it out. */
static int open_recent(const struct root_config *config, struct automatic *ret, struct why *why)
{
	if (config->table[0] != '\0')
		return why_set(why, ENOENT, "list names a set of nftables");
	if (config->gates.n > 0)
		return why_set(why, ENOENT, "a [gate] is made of nftables' sets");
	if (config->action == ROOT_TARPIT)
		return why_set(why, ENOENT, "action = tarpit is made of nftables' rules");
	ret->backend = &backend_recent;
	(void)why_set(&ret->reason, EEXIST, "legacy xtables and xt_recent are there");
	return lists_open(ret->backend, config, &ret->lists, &ret->without6, why);
}

int automatic_open(const struct root_config *config, struct automatic *ret, struct why *why)
{
	struct automatic chosen = {0};
	struct why recent, nftables;
	int err = open_recent(config, &chosen, &recent);

	if (is_absent(err)) {
		chosen = (struct automatic){.backend = &backend_nftables};
		(void)why_set(&chosen.reason, ENOENT, "%.*s", (int)strcspn(recent.text, ";"), recent.text);
		err = lists_open(chosen.backend, config, &chosen.lists, &chosen.without6, &nftables);
		if (err < 0)
			return why_set(why, -err, "neither backend can be used: %.*s; %.*s", WHY_MAX / 2 - 40,
			               recent.text, WHY_MAX / 2 - 40, nftables.text);
	}
	if (err < 0)
		*why = recent;
	else
		*ret = chosen;
	return err;
}

void automatic_fit(const struct root_config *config, uint32_t n4, uint32_t n6, struct automatic *chosen)
{
	const uint32_t wanted = n4 > n6 ? n4 : n6;
	struct automatic other = {.backend = &backend_nftables};
	struct backend_limits limits;
	struct why why;

	lists_limits(chosen->lists, &limits);
	if (wanted <= limits.most || chosen->backend == other.backend)
		return;
	if (lists_open(other.backend, config, &other.lists, &other.without6, &why) < 0) {
		log_line(LOG_WARNING,
		         "%" PRIu32 " entries are wanted, recent holds %" PRIu32 ", and nftables cannot be used: %s",
		         wanted, limits.most, why.text);
		return;
	}
	if (lists_close(chosen->lists, BACKEND_UNDO, &why) < 0)
		log_line(LOG_WARNING, "recent: %s", why.text);
	(void)why_set(&other.reason, ENOSPC, "%" PRIu32 " entries are wanted, recent holds %" PRIu32, wanted,
	              limits.most);
	*chosen = other;
}
