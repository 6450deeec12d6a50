#include "rules/sessions.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/hashtable.h"
#include "rules/duplicates.h"
#include "rules/session_key.h"

struct entry {
	struct session_key key;
	bool has_address;
	bool logged_in;  /* the client logged in after its address was noted */
	unsigned events; /* how often event was noted */
	uint64_t event;  /* hash of the noting rule's name */
	int64_t noted_s;
	struct addr address;
	UT_hash_handle hh;
};

struct sessions {
	struct entry *table; /* in the order in which they were last noted, oldest first */
	struct duplicates *duplicates;
};

/* Has no seed: names of rules and programs, and the server's ids, are not attacker-controlled. */
static uint64_t hash_word(const char *word)
{
	return hash_bytes(HASH_START, word, strlen(word));
}

struct sessions *sessions_new(void)
{
	struct sessions *const s = alloc_zero(1, sizeof *s, "the sessions");

	s->duplicates = duplicates_new();
	return s;
}

void sessions_free(struct sessions *s)
{
	if (s != NULL) {
		sessions_clear(s);
		duplicates_free(s->duplicates);
	}
	free(s);
}

static void drop(struct sessions *s, struct entry *e)
{
	HASH_DEL(s->table, e);
	free(e);
}

void sessions_clear(struct sessions *s)
{
	struct entry *e = s->table, *next;

	HASH_CLEAR(hh, s->table);
	for (; e != NULL; e = next) {
		next = e->hh.next;
		free(e);
	}
	duplicates_clear(s->duplicates);
}

static struct entry *find(struct sessions *s, uint64_t realm, const struct rules_hit *hit)
{
	const struct session_key key = session_key_of(realm, hit->session);
	struct entry *e;

	HASH_FIND(hh, s->table, &key, sizeof key, e);
	return e;
}

/* Returns the entry of the session, a new one if there is none, and makes it the newest. */
static struct entry *note(struct sessions *s, uint64_t realm, int64_t time_s, const struct rules_hit *hit)
{
	struct entry *e = find(s, realm, hit);

	if (e != NULL) {
		HASH_DEL(s->table, e);
	} else {
		if (HASH_COUNT(s->table) == SESSIONS_MAX)
			drop(s, s->table);
		e = alloc_zero(1, sizeof *e, "a session");
		e->key = session_key_of(realm, hit->session);
	}
	e->noted_s = time_s;
	HASH_ADD(hh, s->table, key, sizeof e->key, e);
	return e;
}

/* Returns the entry of the session if it is not too old, else NULL. */
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
	e->logged_in = false;
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

/*
 * A failed attempt is certain only when the next one of the same session follows: then the password database that
 * reported it first reports again, later. Other databases report the same attempts and are ignored.
 */
static int resolve_again(struct sessions *s, uint64_t realm, int64_t time_s, struct rules_hit *hit)
{
	const uint64_t event = hash_bytes(hash_word(hit->rule->text->name), hit->detail.p, hit->detail.len);
	struct entry *e = known(s, realm, time_s, hit);

	if (e != NULL && e->event == event) {
		if (e->noted_s >= time_s)
			return RULES_NONE;
		(void)note(s, realm, time_s, hit);
		return RULES_HIT;
	}
	if (e == NULL) {
		e = note(s, realm, time_s, hit);
		e->has_address = false;
		e->event = event;
		e->events = 0; /* "after" of other rules must not match */
	}
	return RULES_NONE;
}

static int resolve_lookup(struct sessions *s, uint64_t realm, int64_t time_s, struct rules_hit *hit)
{
	struct entry *const e = known(s, realm, time_s, hit);
	const char *const category = hit->rule->text->category;

	if (e == NULL || !e->has_address)
		return RULES_NONE;
	if (strcmp(category, "good") == 0) {
		if (hit->user.len > 0)
			e->logged_in = true;
	} else if (e->logged_in && strcmp(category, "auth") != 0) {
		return RULES_NONE;
	}
	hit->address = e->address;
	return RULES_HIT;
}

static void forget(struct sessions *s, uint64_t realm, const struct rules_hit *hit)
{
	struct entry *const e = find(s, realm, hit);

	if (e != NULL)
		drop(s, e);
}

/* Returns a number that keeps the sessions of hosts and rule files apart. */
static uint64_t realm_of(struct span host, const struct rules_hit *hit)
{
	return hash_bytes(hash_word(hit->rule->text->file), host.p, host.len);
}

int sessions_resolve(struct sessions *s, struct span host, int64_t time_s, struct rules_hit *hit)
{
	uint64_t realm;
	int rc = RULES_NONE;

	if (hit->session.len == 0)
		return hit->kind == RULES_KIND_HIT ? RULES_HIT : RULES_NONE;
	realm = realm_of(host, hit);
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
	case RULES_KIND_AGAIN:
		rc = resolve_again(s, realm, time_s, hit);
		break;
	case RULES_KIND_LOOKUP:
		rc = resolve_lookup(s, realm, time_s, hit);
		break;
	case RULES_KIND_FORGET:
		break;
	}
	if (hit->rule->text->forget)
		forget(s, realm, hit);
	return rc;
}

unsigned sessions_unreported(struct sessions *s, struct span host, int64_t time_s, const struct rules_hit *hit)
{
	const struct rule_event *const event = &hit->rule->event;
	struct span id = {(const char *)hit->address.bytes, sizeof hit->address.bytes};
	uint64_t realm = event->number; /* realms of sessions are large numbers */

	if (event->number == 0)
		return hit->count;
	if (hit->session.len > 0) {
		id = hit->session;
		realm += realm_of(host, hit);
	}
	return duplicates_left(s->duplicates, realm, id, event->log, time_s, hit->count);
}
