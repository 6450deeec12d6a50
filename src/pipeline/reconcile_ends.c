#include "pipeline/reconcile_state.h"

/* --- blocks that expire --- */

int64_t reconcile_next_end(const struct reconcile *rec)
{
	const struct wanted_entry *const first = wanted_first(&rec->wanted);

	return first == NULL ? INT64_MAX : first->until_s;
}

/*
 * Removes entries that have expired, and returns how many. ended: copies of them. elements: the same as the kernel has
 * them, in the same order; the first *ret_held are in the kernel, the others did not fit or were refused.
 */
static size_t remove_expired(struct reconcile *rec, int64_t now_s, struct wanted_entry ended[static CLIENT_PACKET],
                             struct client_entry elements[static CLIENT_PACKET], size_t *ret_held)
{
	struct wanted_entry *e;
	size_t n = 0, held = 0;

	for (; n < CLIENT_PACKET && (e = wanted_first(&rec->wanted)) != NULL && e->until_s <= now_s; n++) {
		const size_t at = e->state == WANTED_OUT ? n : held++;

		if (at < n)
			ended[n] = ended[at];
		ended[at] = *e;
		wanted_remove(&rec->wanted, e);
	}
	for (size_t i = 0; i < n; i++)
		elements[i] = (struct client_entry){.net = ended[i].net, .list = ended[i].list, .idle_s = UINT32_MAX};
	*ret_held = held;
	return n;
}

static struct wanted_entry *put_back(struct reconcile *rec, const struct wanted_entry *was)
{
	bool new;
	struct wanted_entry *const e = wanted_put(&rec->wanted, was, &new);

	wanted_mark(&rec->wanted, e, (enum wanted_state)was->state);
	return e;
}

/*
 * Checks an expired entry for the last time: extends it, or removes it for good. Returns true if its element must be
 * removed, too.
 */
static bool has_expired(struct reconcile *rec, const struct wanted_entry *ended, const struct client_entry *element,
                        const struct reconcile_rule *rule, int64_t now_s, struct reconcile_result *result)
{
	struct wanted_entry *const e = put_back(rec, ended);

	if (reconcile_bearer(rec, e->list, &e->net) == e)
		reconcile_note_dropped(rec, e, element, rule, now_s, result);
	if (e->until_s > now_s)
		return false;
	if (reconcile_is_first_piece(e))
		result->released[result->n_released++] = reconcile_whole(e);
	wanted_remove(&rec->wanted, e);
	return wanted_longest(&rec->wanted, ended->list, &ended->net) == NULL;
}

/* Adds an element again that was extended, because the kernel would forget it at its old end. */
static int keep(struct reconcile *rec, struct feed *f, const struct client_entry *element, int64_t now_s,
                struct why *why)
{
	const struct wanted_entry *const e = wanted_longest(&rec->wanted, element->list, &element->net);
	size_t refused = 0;

	return e != NULL && reconcile_runs_out(rec, e, now_s) ? reconcile_feed(rec, f, e, now_s, &refused, why) : 0;
}

int reconcile_release(struct reconcile *rec, const struct reconcile_rule *rule, int64_t now_s,
                      struct reconcile_result *ret, struct why *why)
{
	struct wanted_entry ended[CLIENT_PACKET];
	struct client_entry elements[CLIENT_PACKET];
	struct feed f = {.n = 0};
	size_t n, n_held, n_gone = 0, refused = 0;
	int rc = 0;

	*ret = (struct reconcile_result){.running = rec->wanted.n};
	if (rec->c.stage == STAGE_LIST &&
	    !rec->c.trusts) /* removing elements from a list while it is read would make others seem missing */
		return 0;
	n = remove_expired(rec, now_s, ended, elements, &n_held);
	if (n_held > 0)
		rc = client_look(rec->client, elements, n_held, why);
	for (size_t i = 0; i < n; i++)
		if (rc < 0)
			(void)put_back(rec, &ended[i]);
		else if (!has_expired(rec, &ended[i], &elements[i], rule, now_s, ret))
			rc = keep(rec, &f, &elements[i], now_s, why);
		else if (i < n_held)
			elements[n_gone++] = elements[i];
	if (rc == 0)
		rc = reconcile_send(rec, &f, now_s, &refused, why);
	if (rc == 0 && n_gone > 0)
		rc = client_del(rec->client, elements, n_gone, why);
	ret->running = rec->wanted.n;
	rec->proven &= rc == 0;
	return rc;
}

/* --- blocks that are lifted --- */

/* Pieces of lifted blocks, to be removed with one packet. */
struct lifted {
	size_t n;
	struct client_entry pieces[CLIENT_PACKET];
	const struct block *of[CLIENT_PACKET];
};

static struct wanted_entry *find_lifted(const struct reconcile *rec, const struct lifted *l, size_t i)
{
	return reconcile_find(rec, l->of[i]->list, &l->pieces[i].net, l->of[i]->net.len, (uint8_t)l->of[i]->cause);
}

/* Notes what the element dropped since it was last checked. */
static void note_lifted(struct reconcile *rec, const struct lifted *l, size_t i, int64_t now_s)
{
	const struct client_entry *const element = &l->pieces[i];
	const struct wanted_entry *const e = find_lifted(rec, l, i);

	if (e != NULL && element->dropped > 0 && reconcile_bearer(rec, e->list, &e->net) == e)
		reconcile_note(rec, e->id,
		               (struct store_dropped){1, now_s - element->idle_s, 0, element->dropped,
		                                      (int64_t)element->bytes});
}

/* Removes a piece. Returns true if its element must be removed, too. */
static bool forget(struct reconcile *rec, const struct lifted *l, size_t i)
{
	struct wanted_entry *const e = find_lifted(rec, l, i);

	if (e != NULL)
		wanted_remove(&rec->wanted, e);
	return wanted_next(&rec->wanted, l->of[i]->list, &l->pieces[i].net, NULL) == NULL;
}

/*
 * Removes the pieces in l and empties it. rc: the result so far. Even after an error, lifted blocks are no longer
 * wanted.
 */
static int lift(struct reconcile *rec, struct lifted *l, int64_t now_s, int rc, struct why *why)
{
	size_t n_gone = 0;

	if (rc == 0 && l->n > 0)
		rc = client_look(rec->client, l->pieces, l->n, why);
	for (size_t i = 0; i < l->n && rc == 0; i++)
		note_lifted(rec, l, i, now_s);
	for (size_t i = 0; i < l->n; i++)
		if (forget(rec, l, i))
			l->pieces[n_gone++] = l->pieces[i];
	l->n = 0;
	return rc == 0 && n_gone > 0 ? client_del(rec->client, l->pieces, n_gone, why) : rc;
}

int reconcile_del(struct reconcile *rec, const struct block *blocks, size_t n, int64_t now_s, struct why *why)
{
	struct net pieces[RECONCILE_PIECES_MAX];
	struct lifted l = {.n = 0};
	int rc = reconcile_learn_limits(rec, why);

	for (size_t i = 0; i < n; i++) {
		const size_t n_pieces = reconcile_pieces_of(rec, &blocks[i].net, pieces);

		for (size_t j = 0; j < n_pieces; j++) {
			l.of[l.n] = &blocks[i];
			l.pieces[l.n++] = (struct client_entry){.net = pieces[j], .list = blocks[i].list};
			if (l.n == CLIENT_PACKET)
				rc = lift(rec, &l, now_s, rc, why);
		}
	}
	rc = lift(rec, &l, now_s, rc, why);
	rec->proven &= rc == 0;
	return rc;
}
