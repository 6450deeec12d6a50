#include "root/lists.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "root/claim.h"

enum {
	PLACE_BITS = 28, /* in a cursor: bits of the index within a list; the bits above are the list's number */
	AT_ONCE = 256,
};

struct lists {
	const struct backend *backend;
	size_t n;
	int poll_fd; /* readable when one of the lists has changed; -1: nothing is watched, or there is only one list */
	struct {
		struct root_config config;
		void *self;
	} of[PORTLISTS_MAX];
};

static void append(char name[static ROOT_NAME_MAX], const char *more)
{
	const size_t len = strlen(name);

	(void)snprintf(name + len, ROOT_NAME_MAX - len, "_%s", more); /* root_check has made sure that it fits */
}

/* Returns the configuration of one list, as if it were the only one, with the ports of list 0. */
static struct root_config config_named(const struct root_config *config, const char *name)
{
	struct root_config one = *config;

	one.n_more = 0;
	append(one.chain, name);
	append(one.list, name);
	return one;
}

/* Returns the configuration of one list, as if it were the only one. */
static struct root_config config_of(const struct root_config *config, size_t list)
{
	struct root_config one = *config;

	one.n_more = 0;
	if (list == 0)
		return one;
	one = config_named(config, config->more[list - 1].name);
	one.n_ports = config->more[list - 1].n_ports;
	memcpy(one.ports, config->more[list - 1].ports, sizeof one.ports);
	return one;
}

/* Makes one descriptor for the events of all lists. */
static int watch_all(struct lists *l, struct why *why)
{
	l->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	for (size_t i = 0; i < l->n && l->poll_fd >= 0; i++) {
		struct epoll_event event = {.events = EPOLLIN};

		if (epoll_ctl(l->poll_fd, EPOLL_CTL_ADD, l->backend->watched(l->of[i].self), &event) < 0)
			return why_set(why, errno, "epoll: %s", strerror(errno));
	}
	return l->poll_fd < 0 ? why_set(why, errno, "epoll: %s", strerror(errno)) : 0;
}

int lists_open(const struct backend *backend, const struct root_config *config, struct lists **ret,
               const char **ret_without6, struct why *why)
{
	struct lists *const l = calloc(1, sizeof *l);
	struct why ignored;
	int err = 0;

	if (l == NULL)
		return why_set(why, ENOMEM, "no memory for the lists");
	l->backend = backend;
	l->poll_fd = -1;
	while (l->n <= config->n_more && err == 0) {
		l->of[l->n].config = config_of(config, l->n);
		err = backend->open(&l->of[l->n].config, &l->of[l->n].self, ret_without6, why);
		l->n += err == 0;
	}
	if (err == 0 && l->n > 1 && backend->watched != NULL)
		err = watch_all(l, why);
	if (err < 0) {
		(void)lists_close(l, BACKEND_UNDO, &ignored);
		return err;
	}
	*ret = l;
	return 0;
}

int lists_prepare(struct lists *l, uint32_t n4, uint32_t n6, bool *ret_repaired, struct why *why)
{
	bool repaired = false;
	int err = 0;

	for (size_t i = 0; i < l->n && err == 0; i++) {
		bool one = false;

		err = l->backend->prepare(l->of[i].self, n4, n6, &one, why);
		repaired |= one;
	}
	if (err == 0)
		*ret_repaired = repaired;
	return err;
}

/* Copies the entries of one list, starting at *at, at most AT_ONCE. *at: updated to where to continue. */
static size_t pick(const struct backend_entry *entries, size_t n, size_t list, size_t *at,
                   struct backend_entry out[static AT_ONCE])
{
	size_t k = 0;

	for (; *at < n && k < AT_ONCE; ++*at)
		if (entries[*at].list == list)
			out[k++] = entries[*at];
	return k;
}

int lists_add(struct lists *l, const struct backend_entry *entries, size_t n, struct backend_refused *refused,
              struct why *why)
{
	struct backend_entry some[AT_ONCE];
	int err = 0;

	for (size_t i = 0; i < l->n && err == 0; i++)
		for (size_t at = 0; at < n && err == 0;) {
			const size_t k = pick(entries, n, i, &at, some);
			uint32_t before = refused->n;

			err = k == 0 ? 0 : l->backend->add(l->of[i].self, some, k, refused, why);
			for (; before < refused->n; before++)
				refused->lists[before] = (uint8_t)i; /* below PORTLISTS_MAX */
		}
	return err;
}

int lists_del(struct lists *l, const struct backend_entry *entries, size_t n, struct why *why)
{
	struct backend_entry some[AT_ONCE];
	struct net nets[AT_ONCE];
	int err = 0;

	for (size_t i = 0; i < l->n && err == 0; i++)
		for (size_t at = 0; at < n && err == 0;) {
			const size_t k = pick(entries, n, i, &at, some);

			for (size_t j = 0; j < k; j++)
				nets[j] = some[j].net;
			err = k == 0 ? 0 : l->backend->del(l->of[i].self, nets, k, why);
		}
	return err;
}

typedef int backend_walk(void *self, uint32_t cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
                         struct why *why);

static int walk_all(struct lists *l, backend_walk *walk, uint32_t *cursor, struct backend_entry *out, size_t cap,
                    size_t *ret_n, struct why *why)
{
	uint32_t place = *cursor & ((1U << PLACE_BITS) - 1);
	size_t list = *cursor >> PLACE_BITS, n = 0;
	int err = list < l->n ? 0 : why_set(why, EINVAL, "there is no such list");

	for (; err == 0; list++, place = 0) {
		err = walk(l->of[list].self, place, out, cap, &n, why);
		if (err < 0 || n > 0 || list + 1 == l->n)
			break;
	}
	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++)
		out[i].list = (uint8_t)list; /* below PORTLISTS_MAX */
	if (n == cap)
		/* fits: the kernel cannot hold that many entries */
		*cursor = (uint32_t)(list << PLACE_BITS | (place + n));
	else
		*cursor = n > 0 && list + 1 < l->n ? (uint32_t)(list + 1) << PLACE_BITS : 0;
	*ret_n = n;
	return 0;
}

int lists_list(struct lists *l, uint32_t *cursor, struct backend_entry *out, size_t cap, size_t *ret_n, struct why *why)
{
	return walk_all(l, l->backend->list, cursor, out, cap, ret_n, why);
}

int lists_dropped(struct lists *l, uint32_t *cursor, struct backend_entry *out, size_t cap, size_t *ret_n,
                  struct why *why)
{
	if (l->backend->dropped == NULL)
		return why_set(why, EOPNOTSUPP, "%s is not notified of what others change", l->backend->name);
	return walk_all(l, l->backend->dropped, cursor, out, cap, ret_n, why);
}

int lists_look(struct lists *l, struct backend_entry *entries, size_t n, struct why *why)
{
	struct backend_entry some[AT_ONCE];
	int err = 0;

	for (size_t i = 0; i < l->n && err == 0; i++)
		for (size_t at = 0; at < n && err == 0;) {
			size_t from = at, k = pick(entries, n, i, &at, some), j = 0;

			err = k == 0 ? 0 : l->backend->look(l->of[i].self, some, k, why);
			for (; from < at && err == 0; from++)
				if (entries[from].list == i)
					entries[from] = some[j++];
		}
	return err;
}

int lists_floods(struct lists *l, struct addr *out, size_t cap, size_t *ret_n, struct why *why)
{
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < l->n && err == 0 && n < cap; i++) {
		size_t some = 0;

		err = l->backend->floods(l->of[i].self, out + n, cap - n, &some, why);
		n += some;
	}
	if (err == 0)
		*ret_n = n;
	return err;
}

void lists_limits(const struct lists *l, struct backend_limits *ret)
{
	l->backend->limits(l->of[0].self, ret);
	for (size_t i = 1; i < l->n; i++) {
		struct backend_limits one;

		l->backend->limits(l->of[i].self, &one);
		ret->held4 += one.held4;
		ret->held6 += one.held6;
	}
}

int lists_watched(const struct lists *l)
{
	if (l->backend->watched == NULL)
		return -1;
	return l->n == 1 ? l->backend->watched(l->of[0].self) : l->poll_fd;
}

/* A change without networks is about rules, and so affects all networks. */
void lists_add_change(struct backend_change *last, const struct backend_change *before)
{
	last->all |= before->all || before->n == 0 || last->n == 0 || before->n + last->n > BACKEND_CHANGE_MAX;
	if (last->all)
		return;
	memcpy(last->touched + last->n, before->touched, before->n * sizeof *before->touched);
	last->n += before->n;
}

bool lists_changed(struct lists *l, struct backend_change *ret)
{
	bool any = false;

	for (size_t i = 0; i < l->n; i++) {
		struct backend_change one;

		if (!l->backend->changed(l->of[i].self, &one))
			continue;
		for (size_t k = 0; k < one.n; k++)
			one.touched[k].list = (uint8_t)i; /* below PORTLISTS_MAX */
		if (any)
			lists_add_change(&one, ret);
		*ret = one;
		any = true;
	}
	return any;
}

int lists_close(struct lists *l, enum backend_end end, struct why *why)
{
	int err = 0;

	if (l == NULL)
		return 0;
	for (size_t i = 0; i < l->n; i++) {
		struct why one;
		const int rc = l->backend->close(l->of[i].self, end, &one);

		if (rc < 0 && err == 0) {
			err = rc;
			*why = one;
		}
	}
	if (l->poll_fd >= 0)
		(void)close(l->poll_fd);
	free(l);
	return err;
}

/* Returns true if the configuration has no list of this name, but an earlier one may have had it. */
static bool is_earlier(const struct root_config *config, const char *name)
{
	const size_t len = strlen(name) + 1;
	bool is = strlen(config->chain) + len < ROOT_NAME_MAX && strlen(config->list) + len < ROOT_NAME_MAX;

	for (size_t i = 0; i < config->n_more && is; i++)
		is = strcmp(config->more[i].name, name) != 0;
	return is;
}

static int clean_named(const struct backend *backend, const struct root_config *config, const char *name,
                       bool *ret_removed, struct why *why)
{
	const struct root_config one = config_named(config, name);
	struct claim claim;
	int err = claim_take(&one, &claim, why);

	if (err == -EALREADY)
		return 0; /* another daemon's */
	if (err < 0)
		return err;
	err = backend->clean(&one, ret_removed, why);
	claim_drop(&claim);
	return err;
}

int lists_clean_earlier(const struct backend *backend, const struct root_config *config, bool *ret_removed,
                        struct why *why)
{
	struct backend_names names = {0};
	int err = 0;

	*ret_removed = false;
	if (config->manage_rules && backend->names != NULL)
		err = backend->names(config, &names, why);
	for (size_t i = 0; i < names.n && err == 0; i++) {
		bool removed = false;

		if (is_earlier(config, names.names[i]))
			err = clean_named(backend, config, names.names[i], &removed, why);
		*ret_removed |= removed;
	}
	return err;
}

int lists_clean(const struct backend *backend, const struct root_config *config, bool *ret_removed, struct why *why)
{
	bool earlier = false;
	int err = 0;

	*ret_removed = false;
	for (size_t i = 0; i <= config->n_more && err == 0; i++) {
		const struct root_config one = config_of(config, i);
		bool removed = false;

		err = backend->clean(&one, &removed, why);
		*ret_removed |= removed;
	}
	if (err == 0)
		err = lists_clean_earlier(backend, config, &earlier, why);
	*ret_removed |= earlier;
	return err;
}

int lists_clean_others(const struct backend *backend, const struct root_config *config, bool *ret_removed,
                       struct why *why)
{
	const struct backend *other;
	int err = 0;

	*ret_removed = false;
	for (size_t i = 0; err == 0 && (other = backend_number(i)) != NULL; i++) {
		bool removed = false;

		if (other != backend)
			err = lists_clean(other, config, &removed, why);
		*ret_removed |= removed;
	}
	return err;
}
