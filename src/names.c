#include "names.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "resolver.h"

/* Asked each by itself: the answer to one must not make forget the old answer to the other, which fails. */
static const int families[] = {AF_INET, AF_INET6};

enum { N_FAMILIES = 2 };

struct names {
	char *const *list; /* borrowed */
	size_t n;          /* questions: N_FAMILIES for each name */
	struct nets *known;
	struct resolver *resolver;
	size_t open;     /* questions of this round; 0: it is over */
	bool failed;     /* some of them */
	int64_t when_ms; /* the next round */
};

struct names *names_new(char *const list[], size_t n, const char *servers)
{
	struct names *const names = calloc(1, sizeof *names);

	if (names == NULL || (names->known = calloc(n * N_FAMILIES, sizeof *names->known)) == NULL)
		abort();
	names->list = list;
	names->n = n * N_FAMILIES;
	names->resolver = resolver_new(names->n, servers);
	return names;
}

void names_free(struct names *names)
{
	if (names == NULL)
		return;
	resolver_free(names->resolver);
	for (size_t i = 0; i < names->n; i++)
		nets_done(&names->known[i]);
	free(names->known);
	free(names);
}

int names_fd(const struct names *names)
{
	return names == NULL ? -1 : resolver_fd(names->resolver);
}

int names_timeout_ms(const struct names *names, int64_t now_ms)
{
	if (names == NULL)
		return -1;
	if (names->open > 0)
		return resolver_timeout_ms(names->resolver);
	return names->when_ms <= now_ms ? 0 : (int)(names->when_ms - now_ms); /* at most a round */
}

static void ask(struct names *names)
{
	names->open = names->n;
	names->failed = false;
	for (size_t i = 0; i < names->n; i++)
		resolver_ask(names->resolver, i, names->list[i / N_FAMILIES], families[i % N_FAMILIES]);
}

/* True when it is other than what was known. */
static bool hear(struct names *names, struct resolver_answer *answer)
{
	struct nets *const known = &names->known[answer->place];
	bool same;

	names->open--;
	if (answer->failed) {
		names->failed = true;
		nets_done(&answer->nets);
		return false;
	}
	same = nets_equal(&answer->nets, known);
	nets_done(known);
	*known = answer->nets;
	return !same;
}

bool names_turn(struct names *names, int64_t now_ms)
{
	struct resolver_answer answer;
	bool changed = false;

	if (names == NULL || (names->open == 0 && now_ms < names->when_ms))
		return false;
	if (names->open == 0)
		ask(names);
	resolver_turn(names->resolver);
	while (resolver_next(names->resolver, &answer))
		changed |= hear(names, &answer);
	if (names->open == 0)
		names->when_ms = now_ms + (names->failed ? NAMES_RETRY_MS : NAMES_ROUND_MS);
	return changed;
}

void names_add_to(const struct names *names, struct nets *nets)
{
	for (size_t i = 0; names != NULL && i < names->n; i++)
		for (size_t j = 0; j < names->known[i].n; j++)
			nets_add(nets, &names->known[i].list[j]);
}
