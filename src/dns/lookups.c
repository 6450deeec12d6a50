#include "dns/lookups.h"

#include <stdio.h>
#include <string.h>

const struct reply *lookups_find(struct lookups *lookups, const char *name, enum reply_type type)
{
	struct lookups_entry *e = lookups->entries;

	for (size_t i = 0; i < lookups->n; i++, e++)
		if (e->type == type && strcmp(e->name, name) == 0)
			return e->state == LOOKUPS_KNOWN ? &e->reply : NULL;
	if (lookups->n == LOOKUPS_MAX)
		return NULL;
	(void)snprintf(e->name, sizeof e->name, "%s", name);
	e->type = type;
	e->state = LOOKUPS_WANTED;
	lookups->n++;
	return NULL;
}

bool lookups_are_open(const struct lookups *lookups)
{
	for (size_t i = 0; i < lookups->n; i++)
		if (lookups->entries[i].state == LOOKUPS_OPEN)
			return true;
	return false;
}

void lookups_answer(struct lookups *lookups, size_t i, struct reply *reply)
{
	lookups->entries[i].state = LOOKUPS_KNOWN;
	lookups->entries[i].reply = *reply;
	*reply = (struct reply){.outcome = REPLY_FAILED};
}

void lookups_done(struct lookups *lookups)
{
	for (size_t i = 0; i < lookups->n; i++)
		reply_done(&lookups->entries[i].reply);
	lookups->n = 0;
}
