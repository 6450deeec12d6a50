#include "pipeline/allowlist.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/localaddrs.h"
#include "base/nets.h"
#include "pipeline/netfile.h"

struct allowlist {
	const struct config *config;
	struct netfile files[CONFIG_WORDS_MAX];
	struct hostnames *hostnames; /* NULL: none */
	struct senders *senders;     /* NULL: none */
	struct nets all;             /* as the verdict last received them */
	unsigned changes;
	struct verdict *notified;
};

struct allowlist *allowlist_new(const struct config *config)
{
	struct allowlist *const l = alloc_zero(1, sizeof *l, "the allow list");

	l->config = config;
	for (size_t i = 0; i < config->allow.files.n; i++)
		l->files[i].path = config->allow.files.list[i];
	if (config->allow.names.n > 0)
		l->hostnames = hostnames_new(config->allow.names.list, config->allow.names.n, NULL);
	if (config->allow.spf.n > 0)
		l->senders = senders_new(config->allow.spf.list, config->allow.spf.n, NULL);
	return l;
}

void allowlist_move_files(struct allowlist *to, struct allowlist *from)
{
	if (from != NULL)
		netfile_move(to->files, to->config->allow.files.n, from->files, from->config->allow.files.n);
}

void allowlist_free(struct allowlist *l)
{
	if (l == NULL)
		return;
	for (size_t i = 0; i < CONFIG_WORDS_MAX; i++)
		netfile_done(&l->files[i]);
	nets_done(&l->all);
	hostnames_free(l->hostnames);
	senders_free(l->senders);
	free(l);
}

/* --- all together --- */

static void add_all(struct nets *to, const struct netfile *from)
{
	for (size_t i = 0; i < from->n; i++)
		nets_add(to, &from->list[i].net);
}

int allowlist_refresh(struct allowlist *l, struct verdict *verdict, struct why *why)
{
	struct net own[LOCALADDRS_MAX];
	struct nets all = {0};
	bool changed = false;
	int result = 0;

	for (size_t i = 0; i < l->config->allow.files.n; i++) {
		struct why this;

		if (netfile_refresh(&l->files[i], &changed, &this) != 0 && result == 0) {
			result = ALLOWLIST_ERROR;
			*why = this;
		}
	}
	for (size_t i = 0, n = localaddrs_addresses(own); i < n; i++)
		nets_add(&all, &own[i]);
	for (size_t i = 0; i < l->config->allow.n; i++)
		nets_add(&all, &l->config->allow.nets[i]);
	for (size_t i = 0; i < l->config->allow.files.n; i++)
		add_all(&all, &l->files[i]);
	hostnames_add_to(l->hostnames, &all);
	senders_add_to(l->senders, &all);
	nets_seal(&all);
	if (verdict == NULL || (l->notified == verdict && nets_equal(&all, &l->all))) {
		nets_done(&all);
		return result;
	}
	l->changes += !nets_equal(&all, &l->all);
	verdict_allow(verdict, all.list, all.n);
	verdict_allow_names(verdict, (const char *const *)l->config->allow.clients.list, l->config->allow.clients.n);
	nets_done(&l->all);
	l->all = all;
	l->notified = verdict;
	return result;
}

const char *allowlist_trouble(const struct allowlist *l)
{
	return netfile_trouble(l->files, l->config->allow.files.n);
}

const struct nets *allowlist_nets(const struct allowlist *l)
{
	return &l->all;
}

bool allowlist_overlaps(const struct allowlist *l, const struct net *net)
{
	return nets_overlap(&l->all, net);
}

unsigned allowlist_changes(const struct allowlist *l)
{
	return l->changes;
}

int allowlist_names_fd(const struct allowlist *l)
{
	return hostnames_fd(l->hostnames);
}

int allowlist_senders_fd(const struct allowlist *l)
{
	return senders_fd(l->senders);
}

int allowlist_timeout_ms(const struct allowlist *l, int64_t now_ms)
{
	const int names_ms = hostnames_timeout_ms(l->hostnames, now_ms),
		  senders_ms = senders_timeout_ms(l->senders, now_ms);

	return names_ms < 0 || (senders_ms >= 0 && senders_ms < names_ms) ? senders_ms : names_ms;
}

bool allowlist_turn(struct allowlist *l, int64_t now_ms)
{
	const bool names = hostnames_turn(l->hostnames, now_ms);

	return senders_turn(l->senders, now_ms) || names;
}

bool allowlist_news(struct allowlist *l, struct senders_news *ret)
{
	return senders_next(l->senders, ret);
}

bool allowlist_name(const struct allowlist *l, size_t number, struct hostnames_name *ret)
{
	return hostnames_name(l->hostnames, number, ret);
}
