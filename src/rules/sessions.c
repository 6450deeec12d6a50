#include "rules/sessions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
	BUCKETS = 8192, /* a power of two */
	NO_ENTRY = 0xFFFF,
};

struct entry {
	bool used, has_address;
	uint8_t id_len;
	uint16_t next; /* of the same bucket */
	uint16_t bucket;
	unsigned events; /* how often the event was noted */
	uint64_t realm;  /* host and rule file */
	uint64_t event;  /* the noting rule's name */
	int64_t noted_s;
	struct addr address;
	char id[RULES_SESSION_MAX];
};

struct sessions {
	uint16_t oldest; /* the entry that is used next */
	uint16_t heads[BUCKETS];
	struct entry entries[SESSIONS_MAX];
};

static uint64_t hash(uint64_t from, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++) /* FNV-1a; ids are the server's own, not attacker-controlled */
		from = (from ^ (unsigned char)p[i]) * 1099511628211U;
	return from;
}

static uint64_t hash_word(const char *word)
{
	return hash(14695981039346656037U, word, strlen(word));
}

struct sessions *sessions_new(void)
{
	struct sessions *const s = alloc_raw(1, sizeof *s, "the sessions");

	sessions_clear(s);
	return s;
}

void sessions_free(struct sessions *s)
{
	free(s);
}

void sessions_clear(struct sessions *s)
{
	memset(s, 0, sizeof *s);
	for (size_t i = 0; i < BUCKETS; i++)
		s->heads[i] = NO_ENTRY;
}

static uint16_t bucket_of(uint64_t realm, const struct rules_hit *hit)
{
	const uint64_t h = hash(realm, hit->session.p, hit->session.len);

	return (uint16_t)((h ^ h >> 32) & (BUCKETS - 1)); /* < BUCKETS */
}

static struct entry *find(struct sessions *s, uint64_t realm, const struct rules_hit *hit)
{
	for (uint16_t i = s->heads[bucket_of(realm, hit)]; i != NO_ENTRY; i = s->entries[i].next) {
		struct entry *const e = &s->entries[i];

		if (e->realm == realm && e->id_len == hit->session.len &&
		    memcmp(e->id, hit->session.p, e->id_len) == 0)
			return e;
	}
	return NULL;
}

static void drop(struct sessions *s, struct entry *e)
{
	uint16_t *link = &s->heads[e->bucket];

	while (&s->entries[*link] != e)
		link = &s->entries[*link].next;
	*link = e->next;
	e->used = false;
}

/* The entry of the session, a new one when there is none; old is forgotten. */
static struct entry *note(struct sessions *s, uint64_t realm, int64_t time_s, const struct rules_hit *hit)
{
	struct entry *e = find(s, realm, hit);

	if (e != NULL)
		drop(s, e); /* noted again: from now on */
	else
		e = &s->entries[s->oldest];
	if (e == &s->entries[s->oldest]) {
		if (e->used)
			drop(s, e);
		s->oldest = (uint16_t)((s->oldest + 1) % SESSIONS_MAX);
	}
	e->used = true;
	e->id_len = (uint8_t)hit->session.len; /* <= RULES_SESSION_MAX */
	memcpy(e->id, hit->session.p, hit->session.len);
	e->realm = realm;
	e->noted_s = time_s;
	e->bucket = bucket_of(realm, hit);
	e->next = s->heads[e->bucket];
	s->heads[e->bucket] = (uint16_t)(e - s->entries); /* < SESSIONS_MAX */
	return e;
}

/* The entry of the session if it is young enough. */
static struct entry *known(struct sessions *s, uint64_t realm, int64_t time_s, const struct rules_hit *hit)
{
	struct entry *const e = find(s, realm, hit);

	if (e != NULL && (time_s - e->noted_s > SESSIONS_AGE_S || e->noted_s - time_s > SESSIONS_AGE_S)) {
		drop(s, e);
		return NULL;
	}
	return e;
}

static void note_address(struct sessions *s, uint64_t realm, int64_t time_s, const struct rules_hit *hit)
{
	struct entry *const e = note(s, realm, time_s, hit);

	e->has_address = true;
	e->address = hit->address;
	e->events = 0;
}

static void note_event(struct sessions *s, uint64_t realm, int64_t time_s, const struct rules_hit *hit)
{
	const uint64_t event = hash_word(hit->rule->text->name);
	struct entry *e = known(s, realm, time_s, hit);

	if (e == NULL) {
		e = note(s, realm, time_s, hit);
		e->has_address = false;
		e->events = 0;
	}
	if (e->event != event)
		e->events = 0;
	e->event = event;
	e->events += hit->count;
}

static void set_count(struct rules_hit *hit, unsigned count)
{
	hit->count = count > RULES_COUNT_MAX ? RULES_COUNT_MAX : count;
	hit->score = hit->rule->text->score * (int)hit->count;
}

static int resolve_after(struct sessions *s, uint64_t realm, int64_t time_s, struct rules_hit *hit)
{
	struct entry *const e = known(s, realm, time_s, hit);

	if (e == NULL || e->events == 0 || e->event != hash_word(hit->rule->text->after))
		return RULES_NONE;
	set_count(hit, e->events);
	e->events = 0; /* each event counts once */
	return RULES_HIT;
}

static int resolve_lookup(struct sessions *s, uint64_t realm, int64_t time_s, struct rules_hit *hit)
{
	const struct entry *const e = known(s, realm, time_s, hit);

	if (e == NULL || !e->has_address)
		return RULES_NONE;
	hit->address = e->address;
	return RULES_HIT;
}

static void forget(struct sessions *s, uint64_t realm, const struct rules_hit *hit)
{
	struct entry *const e = find(s, realm, hit);

	if (e != NULL)
		drop(s, e);
}

int sessions_resolve(struct sessions *s, struct span host, int64_t time_s, struct rules_hit *hit)
{
	const struct rulefile_rule *const text = hit->rule->text;
	uint64_t realm;
	int rc = RULES_NONE;

	if (hit->session.len == 0)
		return hit->kind == RULES_KIND_HIT ? RULES_HIT : RULES_NONE;
	realm = hash(hash_word(text->file), host.p, host.len);
	switch (hit->kind) {
	case RULES_KIND_HIT:
		rc = RULES_HIT;
		break;
	case RULES_KIND_ADDRESS:
		note_address(s, realm, time_s, hit);
		break;
	case RULES_KIND_EVENT:
		note_event(s, realm, time_s, hit);
		break;
	case RULES_KIND_AFTER:
		rc = resolve_after(s, realm, time_s, hit);
		break;
	case RULES_KIND_LOOKUP:
		rc = resolve_lookup(s, realm, time_s, hit);
		break;
	case RULES_KIND_FORGET:
		break;
	}
	if (text->forget)
		forget(s, realm, hit);
	return rc;
}
