#include "engine/waits.h"

#include <stdio.h>

bool waits_add(struct waits *waits, const struct block *block, int64_t until_ms, const char *rule, const char *reason,
               const char *detail)
{
	struct waits_entry *const e = &waits->entries[waits->n];

	if (waits->n == WAITS_MAX)
		return false;
	e->block = *block;
	e->until_ms = until_ms;
	(void)snprintf(e->rule, sizeof e->rule, "%.*s", WAITS_TEXT_MAX - 1, rule);
	(void)snprintf(e->reason, sizeof e->reason, "%.*s", WAITS_TEXT_MAX - 1, reason);
	(void)snprintf(e->detail, sizeof e->detail, "%.*s", WAITS_TEXT_MAX - 1, detail);
	waits->n++;
	return true;
}

static bool is_same(const struct block *a, const struct block *b)
{
	return net_order(&a->net, &b->net) == 0 && a->list == b->list && a->cause == b->cause &&
	       a->since_s == b->since_s;
}

void waits_stored(struct waits *waits, const struct block *blocks, size_t n)
{
	for (size_t i = 0; i < n && waits->n > 0; i++)
		for (size_t j = 0; j < waits->n; j++)
			if (is_same(&waits->entries[j].block, &blocks[i]))
				waits->entries[j].block.id = blocks[i].id;
}

void waits_remove(struct waits *waits, size_t i)
{
	waits->entries[i] = waits->entries[--waits->n];
}

int64_t waits_due_ms(const struct waits *waits)
{
	int64_t at = INT64_MAX;

	for (size_t i = 0; i < waits->n; i++)
		if (waits->entries[i].until_ms < at)
			at = waits->entries[i].until_ms;
	return at;
}
