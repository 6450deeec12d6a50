#include "base/addrset.h"

#include <stdlib.h>
#include <string.h>

enum { PENDING_MAX = 1 << 16 };

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct addr));
}

static void merge(struct addrset *set)
{
	struct addr *const merged = malloc((set->n + set->n_pending + 1) * sizeof *merged);
	size_t i = 0, j = 0, n = 0;

	if (merged == NULL)
		abort();
	if (set->n_pending > 0)
		qsort(set->pending, set->n_pending, sizeof *set->pending, by_bytes);
	while (i < set->n || j < set->n_pending) {
		const bool old = j == set->n_pending || (i < set->n && by_bytes(&set->sorted[i], &set->pending[j]) <= 0);
		const struct addr *const next = old ? &set->sorted[i++] : &set->pending[j++];

		if (n == 0 || !addr_equal(&merged[n - 1], next))
			merged[n++] = *next;
	}
	free(set->sorted);
	set->sorted = merged;
	set->n = n;
	set->n_pending = 0;
}

void addrset_add(struct addrset *set, const struct addr *addr)
{
	if (set->pending == NULL && (set->pending = malloc(PENDING_MAX * sizeof *set->pending)) == NULL)
		abort();
	set->pending[set->n_pending++] = *addr;
	if (set->n_pending == PENDING_MAX)
		merge(set);
}

size_t addrset_count(struct addrset *set)
{
	merge(set);
	return set->n;
}

void addrset_done(struct addrset *set)
{
	free(set->sorted);
	free(set->pending);
	*set = (struct addrset){0};
}
