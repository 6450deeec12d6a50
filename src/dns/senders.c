#include "dns/senders.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "dns/resolver.h"
#include "dns/spf_record.h"

struct domain {
	char name[REPLY_NAME_MAX];
	struct spf_networks networks;
	int result;      /* the last result of spf_expand; SPF_WAITS: none yet */
	int64_t when_ms; /* time of the next query */
};

struct senders {
	size_t n;
	struct domain *domains;
	struct resolver *resolver;
	struct lookups lookups;  /* of the domain that is being queried */
	struct domain *current;  /* the domain that is being queried; NULL: none */
	struct domain *reported; /* the domain for senders_next to report; NULL: none */
	bool changed;
	struct why why;
};

struct senders *senders_new(char *const domains[], size_t n, const char *servers)
{
	struct senders *const s = alloc_zero(1, sizeof *s, "the senders' domains");

	s->domains = alloc_zero(n, sizeof *s->domains, "the senders' domains");
	s->n = n;
	for (size_t i = 0; i < n; i++) {
		s->domains[i].result = SPF_WAITS;
		(void)spf_record_domain((struct span){domains[i], strlen(domains[i])},
		                        s->domains[i].name); /* the caller checked that it is a domain */
	}
	s->resolver = resolver_new(LOOKUPS_MAX, servers);
	return s;
}

void senders_free(struct senders *s)
{
	if (s == NULL)
		return;
	resolver_free(s->resolver);
	lookups_done(&s->lookups);
	for (size_t i = 0; i < s->n; i++)
		nets_done(&s->domains[i].networks.nets);
	free(s->domains);
	free(s);
}

int senders_fd(const struct senders *s)
{
	return s == NULL ? -1 : resolver_fd(s->resolver);
}

/* Returns the domain that is due first. */
static struct domain *first(const struct senders *s)
{
	struct domain *found = &s->domains[0];

	for (size_t i = 1; i < s->n; i++)
		if (s->domains[i].when_ms < found->when_ms)
			found = &s->domains[i];
	return found;
}

int senders_timeout_ms(const struct senders *s, int64_t now_ms)
{
	int64_t when_ms;

	if (s == NULL)
		return -1;
	if (s->current != NULL)
		return resolver_timeout_ms(s->resolver);
	when_ms = first(s)->when_ms;
	return when_ms <= now_ms ? 0 : (int)(when_ms - now_ms); /* fits: at most a day */
}

/* --- one domain --- */

static void query_wanted(struct senders *s)
{
	for (size_t i = 0; i < s->lookups.n; i++) {
		struct lookups_entry *const e = &s->lookups.entries[i];

		if (e->state != LOOKUPS_WANTED)
			continue;
		e->state = LOOKUPS_OPEN;
		resolver_query(s->resolver, i, e->name, e->type);
	}
}

static int64_t round_ms(const struct domain *d)
{
	int64_t s = d->networks.ttl_s;

	if (d->result == -EAGAIN)
		return (int64_t)SENDERS_RETRY_S * 1000;
	s = s < SENDERS_ROUND_MIN_S ? SENDERS_ROUND_MIN_S : s > SENDERS_ROUND_MAX_S ? SENDERS_ROUND_MAX_S : s;
	return s * 1000;
}

/* Stores the result for the domain. Returns true if its networks changed. */
static bool conclude(struct senders *s, int rc, struct spf_networks *new, int64_t now_ms)
{
	struct domain *const d = s->current;
	const bool differs = rc != -EAGAIN && !nets_equal(&new->nets, &d->networks.nets);

	s->changed = differs || rc != d->result;
	s->reported = d;
	s->current = NULL;
	lookups_done(&s->lookups);
	if (rc != -EAGAIN) {
		nets_done(&d->networks.nets);
		d->networks = *new;
	}
	d->result = rc;
	d->when_ms = now_ms + round_ms(d);
	return differs;
}

/* Continues with the current domain. Returns true if its networks changed. */
static bool continue_domain(struct senders *s, int64_t now_ms)
{
	struct spf_networks networks;
	struct resolver_answer answer;
	int rc;

	resolver_turn(s->resolver);
	while (resolver_next(s->resolver, &answer)) {
		lookups_answer(&s->lookups, answer.place, &answer.reply);
		nets_done(&answer.nets);
	}
	rc = spf_expand(s->current->name, &s->lookups, &networks, &s->why);
	if (rc == SPF_WAITS)
		query_wanted(s);
	/* Otherwise their answers would be assigned to the next domain's queries. */
	if (lookups_are_open(&s->lookups)) {
		nets_done(&networks.nets);
		return false;
	}
	return conclude(s, rc, &networks, now_ms);
}

bool senders_turn(struct senders *s, int64_t now_ms)
{
	if (s == NULL)
		return false;
	if (s->current == NULL && first(s)->when_ms <= now_ms)
		s->current = first(s);
	return s->current != NULL && continue_domain(s, now_ms);
}

bool senders_next(struct senders *s, struct senders_news *ret)
{
	const struct domain *d;

	if (s == NULL || s->reported == NULL)
		return false;
	d = s->reported;
	*ret = (struct senders_news){.domain = d->name,
	                             .what = d->result == 0         ? SENDERS_KNOWN
	                                     : d->result == -EAGAIN ? SENDERS_SILENT
	                                                            : SENDERS_ERROR,
	                             .networks = &d->networks,
	                             .changed = s->changed};
	if (d->result != 0)
		ret->why = s->why;
	s->reported = NULL;
	return true;
}

void senders_add_to(const struct senders *s, struct nets *nets)
{
	for (size_t i = 0; s != NULL && i < s->n; i++)
		for (size_t j = 0; j < s->domains[i].networks.nets.n; j++)
			nets_add(nets, &s->domains[i].networks.nets.list[j]);
}
