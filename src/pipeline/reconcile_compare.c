#include "base/alloc.h"
#include "pipeline/reconcile_state.h"

enum {
	SLICE_PACKETS = 8,   /* round trips per slice, at most */
	SLICE_PLACES = 8192, /* entries checked per slice, at most */
	FEW = 4096,          /* with fewer entries than this, the order in which they are added does not matter */
};

void reconcile_changed(struct reconcile *rec)
{
	rec->proven = false;
	rec->due = true;
}

int reconcile_touched(struct reconcile *rec, const struct client_touched *touched, size_t n, int64_t now_s,
                      struct why *why)
{
	struct client_entry gone[CLIENT_PACKET];
	struct feed f = {.n = 0};
	size_t refused = 0, k = 0;
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct wanted_entry *const e = wanted_longest(&rec->wanted, touched[i].list, &touched[i].net);

		if (e != NULL && reconcile_fits(rec, e)) {
			rc = reconcile_feed(rec, &f, e, now_s, &refused, why);
			continue;
		}
		gone[k++] = (struct client_entry){.net = touched[i].net, .list = touched[i].list};
		if (k < CLIENT_PACKET)
			continue;
		rc = reconcile_send(rec, &f, now_s, &refused, why);
		if (rc == 0)
			rc = client_del(rec->client, gone, k, why);
		k = 0;
	}
	if (rc == 0)
		rc = reconcile_send(rec, &f, now_s, &refused, why);
	if (rc == 0 && k > 0)
		rc = client_del(rec->client, gone, k, why);
	rec->proven &= rc == 0;
	return rc;
}

void reconcile_begin(struct reconcile *rec)
{
	rec->due = true;
}

bool reconcile_is_busy(const struct reconcile *rec)
{
	return rec->due || rec->c.stage != STAGE_NONE;
}

static int begin(struct reconcile *rec, int64_t now_s, struct why *why)
{
	struct comparison *const c = &rec->c;
	const uint32_t n4 = (uint32_t)rec->wanted.n4,
		       n6 = (uint32_t)(rec->wanted.n - rec->wanted.n4); /* both are below 2^32 */
	int rc = reconcile_learn_limits(rec, why);

	c->stage = STAGE_NONE;
	c->drift = (struct reconcile_drift){0};
	if (rc == 0)
		rc = client_prepare(rec->client, n4, n6, &c->drift.repaired, why);
	if (rc < 0)
		return rc;
	c->trusts = rec->client->watched && rec->proven && !c->drift.repaired;
	rec->proven = true; /* unless an error follows */
	rec->due = false;
	c->number++;
	c->stage = STAGE_LIST;
	c->cursor = 0;
	c->n_extra = c->at = 0;
	c->place = rec->wanted.n_places;
	c->ranked = rec->wanted.n > FEW && !c->trusts;
	c->rank = c->ranked ? CAPACITY_RANKS - 1 : 0;
	c->next_rank = 0;
	c->cut4 = capacity_choose(&rec->wanted, true, rec->client->capacity, now_s);
	c->cut6 = capacity_choose(&rec->wanted, false, rec->client->capacity, now_s);
	return 0;
}

static void note_extra(struct comparison *c, const struct client_entry *element)
{
	if (c->n_extra == c->cap_extra) {
		c->cap_extra = c->cap_extra == 0 ? CLIENT_PACKET : 2 * c->cap_extra;
		c->extra = alloc_resize(c->extra, c->cap_extra, sizeof *c->extra, "what the kernel should not have");
	}
	c->extra[c->n_extra++] = (struct extra){element->net, element->list};
}

/* Records an element that the kernel has. Returns true if it must be added again before the kernel forgets it. */
static bool note_held(struct reconcile *rec, const struct client_entry *element, const struct reconcile_rule *rule,
                      int64_t now_s, struct reconcile_result *result)
{
	struct comparison *const c = &rec->c;
	struct wanted_entry *e = NULL;

	reconcile_note_dropped(rec, reconcile_bearer(rec, element->list, &element->net), element, rule, now_s, result);
	if (!reconcile_fits(rec, wanted_longest(&rec->wanted, element->list, &element->net))) {
		note_extra(c, element);
		while ((e = wanted_next(&rec->wanted, element->list, &element->net, e)) != NULL)
			reconcile_leave_out(rec, e);
		return false;
	}
	while ((e = wanted_next(&rec->wanted, element->list, &element->net, e)) != NULL) {
		wanted_mark(&rec->wanted, e, WANTED_HELD);
		e->seen = c->number;
		e->kept_s = now_s + element->held_s;
	}
	return element->held_s <= rec->refresh_s &&
	       element->held_s < reconcile_left(wanted_longest(&rec->wanted, element->list, &element->net), now_s);
}

/* Asks which elements dropped packets; one packet of them. */
static int ask_some(struct reconcile *rec, const struct reconcile_rule *rule, int64_t now_s,
                    struct reconcile_result *result, struct why *why)
{
	struct comparison *const c = &rec->c;
	struct client_entry elements[CLIENT_PACKET];
	size_t n = 0;
	const int rc = client_dropped(rec->client, &c->cursor, elements, &n, why);

	for (size_t i = 0; i < n && rc == 0; i++)
		reconcile_note_bearer(rec, &elements[i], rule, now_s, result);
	if (rc == 0 && c->cursor == 0)
		c->stage = STAGE_FEED;
	return rc;
}

static int list_some(struct reconcile *rec, struct feed *f, const struct reconcile_rule *rule, int64_t now_s,
                     struct reconcile_result *result, struct why *why)
{
	struct comparison *const c = &rec->c;
	struct client_entry elements[CLIENT_PACKET];
	size_t n = 0, refused = 0;
	int rc = client_list(rec->client, &c->cursor, elements, &n, why);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (wanted_next(&rec->wanted, elements[i].list, &elements[i].net, NULL) == NULL) {
			note_extra(c, &elements[i]);
			c->drift.extra++;
		} else if (note_held(rec, &elements[i], rule, now_s, result)) {
			rc = reconcile_feed(rec, f, wanted_longest(&rec->wanted, elements[i].list, &elements[i].net),
			                    now_s, &refused, why);
		}
	}
	if (rc == 0)
		rc = reconcile_send(rec, f, now_s, &refused, why);
	if (c->cursor == 0)
		c->stage = STAGE_CLEAN;
	return rc;
}

/* Removes unwanted elements. This makes room before elements are added, so that a full list suffices. */
static int clean_some(struct reconcile *rec, struct why *why)
{
	struct comparison *const c = &rec->c;
	struct client_entry gone[CLIENT_PACKET];
	size_t n = 0;

	for (; c->at < c->n_extra && n < CLIENT_PACKET; c->at++) {
		const struct wanted_entry *const e =
			wanted_longest(&rec->wanted, c->extra[c->at].list, &c->extra[c->at].net);

		if (e == NULL || e->state != WANTED_HELD) /* if held, it was blocked again meanwhile */
			gone[n++] = (struct client_entry){.net = c->extra[c->at].net, .list = c->extra[c->at].list};
	}
	if (c->at == c->n_extra)
		c->stage = STAGE_FEED;
	return n == 0 ? 0 : client_del(rec->client, gone, n, why);
}

static bool has_room(const struct reconcile *rec, const struct wanted_entry *e)
{
	return (addr_is_ip4(&e->net.addr) ? rec->client->held4 : rec->client->held6) < rec->client->capacity;
}

/*
 * Returns true if the entry belongs to this round; the highest rank comes first. Also finds the next rank that has
 * entries.
 */
static bool is_its_turn(struct comparison *c, const struct wanted_entry *e)
{
	const unsigned rank = c->ranked ? capacity_rank(e) : 0;

	if (rank < c->rank && rank > c->next_rank)
		c->next_rank = rank;
	return rank == c->rank;
}

/*
 * Returns true if the kernel lacks this element and must have it. Of several entries of one element, only the one that
 * lasts longest counts.
 */
static bool is_lacking(struct reconcile *rec, struct wanted_entry *e, int64_t now_s)
{
	if (!e->used || e->seen == rec->c.number ||
	    (rec->c.trusts && e->state == WANTED_HELD && !reconcile_runs_out(rec, e, now_s)) ||
	    !is_its_turn(&rec->c, e))
		return false;
	if (wanted_longest(&rec->wanted, e->list, &e->net) != e)
		return false;
	if (!reconcile_fits(rec, e)) {
		reconcile_leave_out(rec, e);
		return false;
	}
	rec->c.drift.missing += !rec->filling && !rec->c.trusts && e->state == WANTED_HELD;
	return e->state != WANTED_OUT || has_room(rec, e);
}

static int feed_some(struct reconcile *rec, struct feed *f, int64_t now_s, struct why *why)
{
	struct comparison *const c = &rec->c;
	size_t refused = 0, places = 0;
	int rc = 0;

	for (; c->place > 0 && places < SLICE_PLACES && f->packets < SLICE_PACKETS && rc == 0; places++) {
		struct wanted_entry *const e = &rec->wanted.entries[--c->place];

		if (c->place >= RECONCILE_AHEAD)
			wanted_fetch(&rec->wanted, e[-RECONCILE_AHEAD].list, &e[-RECONCILE_AHEAD].net);
		if (is_lacking(rec, e, now_s))
			rc = reconcile_feed(rec, f, e, now_s, &refused, why);
	}
	if (rc == 0)
		rc = reconcile_send(rec, f, now_s, &refused, why);
	if (c->place > 0)
		return rc;
	if (c->rank == 0)
		c->stage = STAGE_NONE;
	c->rank = c->next_rank;
	c->next_rank = 0;
	c->place = rec->wanted.n_places;
	return rc;
}

static void end(struct reconcile *rec, struct reconcile_result *result)
{
	rec->filling = false;
	rec->c.drift.refused = rec->wanted.n_out;
	if (rec->wanted.n_out > 0)
		rec->c.drift.refusal = rec->refusal;
	result->drift = rec->c.drift;
	result->ended = true;
}

int reconcile_compare(struct reconcile *rec, const struct reconcile_rule *rule, int64_t now_s,
                      struct reconcile_result *ret, struct why *why)
{
	struct feed f = {.n = 0};
	int rc = 0;

	*ret = (struct reconcile_result){.running = rec->wanted.n};
	if (rec->due)
		rc = begin(rec, now_s, why);
	for (size_t i = 0; i < SLICE_PACKETS && rec->c.stage == STAGE_LIST && rc == 0; i++)
		rc = rec->c.trusts ? ask_some(rec, rule, now_s, ret, why) : list_some(rec, &f, rule, now_s, ret, why);
	for (size_t i = 0; i < SLICE_PACKETS && rec->c.stage == STAGE_CLEAN && rc == 0; i++)
		rc = clean_some(rec, why);
	if (rec->c.stage == STAGE_FEED && rc == 0)
		rc = feed_some(rec, &f, now_s, why);
	if (rc < 0) {
		rec->c.stage = STAGE_NONE;
		rec->due = rec->proven = false;
	} else if (!reconcile_is_busy(rec)) {
		end(rec, ret);
	}
	return rc;
}

int reconcile_sync(struct reconcile *rec, const struct reconcile_rule *rule, int64_t now_s,
                   struct reconcile_result *ret, struct why *why)
{
	struct reconcile_result all = {.ended = true}, one;
	int rc = rec->known ? 0 : reconcile_load(rec, now_s, why);

	reconcile_begin(rec);
	while (rc == 0 && reconcile_is_busy(rec)) {
		rc = reconcile_compare(rec, rule, now_s, &one, why);
		all.dropped += one.dropped;
		all.drift = one.drift;
	}
	while (rc == 0 && reconcile_next_end(rec) <= now_s) {
		rc = reconcile_release(rec, rule, now_s, &one, why);
		all.dropped += one.dropped;
		for (size_t i = 0; i < one.n_released && all.n_released < RECONCILE_RELEASED_MAX; i++)
			all.released[all.n_released++] = one.released[i];
	}
	if (rc == 0)
		rc = reconcile_write(rec, why);
	all.running = rec->wanted.n;
	if (rc == 0)
		*ret = all;
	return rc;
}
