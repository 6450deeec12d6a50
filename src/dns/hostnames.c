#include "dns/hostnames.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "dns/resolver.h"

/* Queried separately: an answer to one must not discard the previous answer to the other if that one fails. */
static const int families[] = {AF_INET, AF_INET6};

enum { N_FAMILIES = 2 };

struct hostnames {
	char *const *list; /* borrowed */
	size_t n;          /* number of queries: N_FAMILIES per name */
	struct nets *known;
	bool *answered; /* since the start */
	struct resolver *resolver;
	size_t open;     /* queries of this round that are still open; 0: it has ended */
	bool failed;     /* some queries of this round failed */
	int64_t when_ms; /* time of the next round */
};

struct hostnames *hostnames_new(char *const list[], size_t n, const char *servers)
{
	struct hostnames *const hostnames = alloc_zero(1, sizeof *hostnames, "the host names");

	hostnames->known = alloc_zero(n * N_FAMILIES, sizeof *hostnames->known, "the host names");
	hostnames->answered = alloc_zero(n * N_FAMILIES, sizeof *hostnames->answered, "the host names");
	hostnames->list = list;
	hostnames->n = n * N_FAMILIES;
	hostnames->resolver = resolver_new(hostnames->n, servers);
	return hostnames;
}

void hostnames_free(struct hostnames *hostnames)
{
	if (hostnames == NULL)
		return;
	resolver_free(hostnames->resolver);
	for (size_t i = 0; i < hostnames->n; i++)
		nets_done(&hostnames->known[i]);
	free(hostnames->known);
	free(hostnames->answered);
	free(hostnames);
}

int hostnames_fd(const struct hostnames *hostnames)
{
	return hostnames == NULL ? -1 : resolver_fd(hostnames->resolver);
}

int hostnames_timeout_ms(const struct hostnames *hostnames, int64_t now_ms)
{
	if (hostnames == NULL)
		return -1;
	if (hostnames->open > 0)
		return resolver_timeout_ms(hostnames->resolver);
	return hostnames->when_ms <= now_ms ? 0 : (int)(hostnames->when_ms - now_ms); /* fits: at most one round */
}

static void query_all(struct hostnames *hostnames)
{
	hostnames->open = hostnames->n;
	hostnames->failed = false;
	for (size_t i = 0; i < hostnames->n; i++)
		resolver_ask(hostnames->resolver, i, hostnames->list[i / N_FAMILIES], families[i % N_FAMILIES]);
}

/* Stores an answer. Returns true if it differs from the previous one. */
static bool receive(struct hostnames *hostnames, struct resolver_answer *answer)
{
	struct nets *const known = &hostnames->known[answer->place];
	bool same;

	hostnames->open--;
	if (answer->failed) {
		hostnames->failed = true;
		nets_done(&answer->nets);
		return false;
	}
	same = nets_equal(&answer->nets, known) && hostnames->answered[answer->place];
	nets_done(known);
	*known = answer->nets;
	hostnames->answered[answer->place] = true;
	return !same;
}

bool hostnames_turn(struct hostnames *hostnames, int64_t now_ms)
{
	struct resolver_answer answer;
	bool changed = false;

	if (hostnames == NULL || (hostnames->open == 0 && now_ms < hostnames->when_ms))
		return false;
	if (hostnames->open == 0)
		query_all(hostnames);
	resolver_turn(hostnames->resolver);
	while (resolver_next(hostnames->resolver, &answer))
		changed |= receive(hostnames, &answer);
	if (hostnames->open == 0)
		hostnames->when_ms = now_ms + (hostnames->failed ? HOSTNAMES_RETRY_MS : HOSTNAMES_ROUND_MS);
	return changed;
}

void hostnames_add_to(const struct hostnames *hostnames, struct nets *nets)
{
	for (size_t i = 0; hostnames != NULL && i < hostnames->n; i++)
		for (size_t j = 0; j < hostnames->known[i].n; j++)
			nets_add(nets, &hostnames->known[i].list[j]);
}

bool hostnames_name(const struct hostnames *hostnames, size_t number, struct hostnames_name *ret)
{
	const size_t first = number * N_FAMILIES;

	if (hostnames == NULL || first >= hostnames->n)
		return false;
	*ret = (struct hostnames_name){.name = hostnames->list[number], .complete = true};
	for (size_t i = first; i < first + N_FAMILIES; i++) {
		for (size_t j = 0; j < hostnames->known[i].n; j++)
			nets_add(&ret->nets, &hostnames->known[i].list[j]);
		ret->complete &= hostnames->answered[i];
	}
	nets_seal(&ret->nets);
	return true;
}
