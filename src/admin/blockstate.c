#include "admin/blockstate.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin/active.h"
#include "admin/rows.h"
#include "base/localaddrs.h"
#include "store/query.h"

/* Finds the active block that contains net and lasts longest. l: the candidates; NULL: search memory. */
static bool is_in(const struct admin *a, const struct active_list *l, const struct net *net, int64_t now_s,
                  struct block *ret)
{
	bool any = false;

	if (l == NULL)
		return reconcile_runs(a->reconcile, net, now_s, ret);
	for (size_t i = 0; i < l->n; i++)
		if (active_lies_in(net, &l->list[i].net) && (!any || l->list[i].until_s > ret->until_s)) {
			*ret = l->list[i];
			any = true;
		}
	return any;
}

/* The same for all pieces of a network: it is blocked as long as all of them are. */
static bool is_in_pieces(const struct admin *a, const struct active_list *l, const struct net *net, int64_t now_s,
                         struct block *ret)
{
	struct net pieces[RECONCILE_PIECES_MAX];
	const size_t n = reconcile_pieces(a->reconcile, net, pieces);
	struct block all = {.net = *net, .until_s = INT64_MAX}, one = {0};

	for (size_t i = 0; i < n; i++) {
		if (!is_in(a, l, &pieces[i], now_s, &one))
			return false;
		if (one.until_s < all.until_s)
			all.until_s = one.until_s;
	}
	*ret = all;
	return n > 0;
}

/* Finds whether all of net is blocked, by what, and until when. */
int blockstate_find(const struct admin *a, const struct net *net, int64_t now_s, bool *ret_blocked, struct block *ret,
                    struct why *why)
{
	const bool in_memory = reconcile_is_known(a->reconcile);
	struct active_list l = {0};
	struct block pieces;
	const int rc = in_memory ? 0 : active_find(a, net, now_s, &l, why);

	if (rc < 0)
		return rc;
	*ret_blocked = is_in(a, in_memory ? NULL : &l, net, now_s, ret);
	/* A block of a network around it may expire before its pieces do. */
	if (net->len < 128 && is_in_pieces(a, in_memory ? NULL : &l, net, now_s, &pieces) &&
	    (!*ret_blocked || pieces.until_s > ret->until_s)) {
		*ret = pieces;
		*ret_blocked = true;
	}
	active_done(&l);
	return 0;
}

/* Returns why nothing of net is ever blocked; NULL if it may be blocked. */
const char *blockstate_never(const struct admin *a, const struct net *net)
{
	struct net own[LOCALADDRS_MAX];
	size_t n;

	if (net_is_never(net))
		return "loopback, link-local, multicast and unspecified addresses are never blocked";
	if (net->len == 128 ? !verdict_is_allowed(a->verdict, &net->addr) : !verdict_spares(a->verdict, net))
		return NULL;
	for (size_t i = 0; i < a->config->allow.n; i++)
		if (net_overlap(&a->config->allow.nets[i], net))
			return i < a->config->allow.n_private
			               ? "private addresses are never blocked, as long as [allow] private = yes"
			               : "allowed: it is under [allow] in the configuration";
	n = localaddrs_addresses(own);
	for (size_t i = 0; i < n; i++)
		if (net_overlap(&own[i], net))
			return "an address of this machine, or its gateway, is never blocked";
	return "allowed: by a name or a file under [allow], or for a while, see 'why'";
}

void blockstate_put_net(json_t *reply, const struct net *net)
{
	char text[NET_TEXT_MAX];

	(void)net_text(net, text);
	json_put_text(reply, "address", text);
}

/* Writes "allowed (by hand), as 192.0.2.0/24: a customer"; the reader shows the end, in its local time zone. */
static void write_allowance(const struct query_allowance *a, char out[static WHY_MAX])
{
	(void)snprintf(out, WHY_MAX, "allowed (%s), as %s%s%s", a->cause, a->address, a->reason[0] != '\0' ? ": " : "",
	               a->reason);
}

/* Adds how near it is to being blocked; null for a network, which has no score. */
static void put_score(const struct admin *a, const struct net *net, json_t *reply)
{
	const struct verdict_query view = verdict_query(a->verdict, &net->addr);
	const bool one = net->len == 128;

	json_put(reply, "score", one ? json_integer(view.score) : json_null());
	json_put(reply, "threshold", one ? json_integer(view.threshold) : json_null());
	json_put(reply, "proven", one ? json_boolean(view.proven) : json_null());
	json_put(reply, "elsewhere", one ? json_boolean(view.elsewhere) : json_null());
	json_put(reply, "offence", one ? json_integer(view.offence) : json_null());
}

void blockstate_put_waiting(const struct admin *a, const struct net *net, json_t *reply)
{
	struct pending_waiting waiting = {0};

	if (a->pending != NULL)
		waiting = pending_waiting(a->pending, net);
	rows_put_waiting(reply, &waiting);
}

/* Writes "listed in FILE:LINE as 192.0.2.0/24", for a block of a network that others list. */
static void write_listed(const struct blocklist_place *place, char out[static WHY_MAX])
{
	char net[NET_TEXT_MAX];

	(void)net_text(&place->net, net);
	(void)snprintf(out, WHY_MAX, "listed in %.400s:%" PRIu32 " as %s", place->path, place->line, net);
}

/* Adds whether net is blocked, until when and by which block; or how far it is from being blocked. */
int blockstate_put(const struct admin *a, const struct net *net, int64_t now_s, json_t *reply, struct why *why)
{
	const struct verdict_query view = verdict_query(a->verdict, &net->addr);
	const char *const never = blockstate_never(a, net);
	char text[NET_TEXT_MAX], sentence[WHY_MAX];
	struct query_allowance allowance;
	struct blocklist_place place;
	const bool is_listed = a->blocklist != NULL && blocklist_find(a->blocklist, net, &place);
	struct block block = {0};
	bool blocked;
	int rc;

	if ((rc = blockstate_find(a, net, now_s, &blocked, &block, why)) < 0 ||
	    (rc = query_allowance(a->store, net, now_s, &allowance, why)) < 0)
		return rc;
	(void)net_text(&block.net, text);
	json_put_bool(reply, "blocked", blocked);
	json_put_time(reply, "until", blocked && block.until_s < BLOCK_NO_END_S ? block.until_s : 0);
	json_put_text(reply, "by", blocked ? text : NULL);
	json_put_bool(reply, "allowed", never != NULL);
	put_score(a, net, reply);
	rows_put_allowed(reply, rc == 0 ? &allowance : NULL);
	rows_put_listed(reply, is_listed ? &place : NULL);
	blockstate_put_waiting(a, net, reply);
	if (blocked && is_listed && block.until_s >= BLOCK_NO_END_S)
		write_listed(&place, sentence);
	else if (blocked)
		(void)snprintf(sentence, sizeof sentence, "a block of %s is active", text);
	else if (rc == 0)
		write_allowance(&allowance, sentence);
	else if (never != NULL)
		(void)snprintf(sentence, sizeof sentence, "%s", never);
	else if (net->len < 128)
		(void)snprintf(sentence, sizeof sentence, "no block of it as a whole is active");
	else
		(void)snprintf(sentence, sizeof sentence,
		               "its hits within the window add up to %" PRId64 " of %" PRId64, view.score,
		               view.threshold);
	json_put_text(reply, "why", sentence);
	return 0;
}

/* Does this after a change: omits what cannot be read. */
void blockstate_put_new(const struct admin *a, const struct net *net, int64_t now_s, json_t *reply)
{
	struct why ignored;

	(void)blockstate_put(a, net, now_s, reply, &ignored);
}
