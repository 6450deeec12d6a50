#include "admin/rows.h"

#include "base/alloc.h"
#include "base/traffic.h"
#include "verdict/verdict.h"

static json_t *new_object(void)
{
	return alloc_check(json_object(), 0, "JSON");
}

json_t *rows_block(const struct query_block *b, const struct config *config)
{
	char ports[PORTLISTS_TEXT_MAX];
	json_t *const row = new_object();

	json_put_text(row, "address", b->address);
	json_put_time(row, "since", b->since_s);
	json_put_time(row, "until", b->until_s);
	json_put_text(row, "rule", b->rule);
	json_put_text(row, "reason", b->reason);
	json_put_text(row, "category", b->category);
	if (b->hits >= 0)
		json_put_number(row, "hits", b->hits);
	json_put_number(row, "offence", b->offence);
	json_put_number(row, "knocks", b->knocks);
	json_put_time(row, "knocked", b->knocked_s);
	json_put_number(row, "packets", b->packets);
	json_put(row, "bytes", traffic_has_bytes(b->packets, b->bytes) ? json_integer(b->bytes) : json_null());
	json_put_text(row, "ended_by", b->ended_by);
	config_ports_text(config, portlists_of(&config->firewall.ports, b->rule, b->category), ports);
	json_put_text(row, "ports", ports);
	return row;
}

/* Returns NULL if the hit counts what its rule says, or for a number of a newer version. */
static const char *weight_text(int64_t weight)
{
	switch (weight) {
	case VERDICT_REPEATED:
		return "repeated";
	case VERDICT_QUARTER:
		return "quarter";
	case VERDICT_DOUBLE:
		return "double";
	default:
		return NULL;
	}
}

static json_t *hit_row(const struct query_hit *h)
{
	json_t *const row = new_object();

	json_put_time(row, "time", h->time_s);
	json_put_text(row, "rule", h->rule);
	json_put_number(row, "score", h->score);
	json_put_text(row, "detail", h->detail);
	json_put_text(row, "file", h->file);
	json_put_number(row, "offset", h->offset);
	json_put_text(row, "text", h->text);
	json_put_text(row, "reason", h->reason);
	json_put_text(row, "address", h->address);
	json_put_text(row, "weight", weight_text(h->weight));
	return row;
}

json_t *rows_allowance(const struct query_allowance *a)
{
	json_t *const row = new_object();

	json_put_text(row, "address", a->address);
	json_put_time(row, "since", a->since_s);
	json_put_time(row, "until", a->until_s);
	json_put_text(row, "cause", a->cause);
	json_put_text(row, "reason", a->reason[0] != '\0' ? a->reason : NULL);
	return row;
}

json_t *rows_event(const struct query_event *e)
{
	json_t *const row = new_object();

	json_put_number(row, "id", e->id);
	json_put_time(row, "time", e->time_s);
	json_put_text(row, "event", e->what);
	json_put_text(row, "address", e->address);
	json_put_time(row, "until", e->until_s);
	json_put_text(row, "rule", e->rule);
	json_put_text(row, "category", e->category);
	json_put_text(row, "reason", e->reason);
	json_put(row, "offence", e->offence > 0 ? json_integer(e->offence) : json_null());
	json_put_text(row, "text", e->text);
	return row;
}

json_t *rows_problem(const struct problem *p)
{
	json_t *const row = new_object();

	json_put_text(row, "kind", problems_name(p->kind));
	json_put_text(row, "what", p->what);
	json_put_time(row, "since", p->since_s);
	json_put_text(row, "remedy", p->remedy);
	json_put_text(row, "level", p->critical ? "critical" : "warning");
	return row;
}

void rows_put_allowed(json_t *object, const struct query_allowance *a)
{
	json_put_text(object, "allowed_by", a != NULL ? a->cause : NULL);
	json_put_time(object, "allowed_until", a != NULL ? a->until_s : 0);
	json_put_text(object, "allowed_as", a != NULL ? a->address : NULL);
	json_put_text(object, "allowed_reason", a != NULL && a->reason[0] != '\0' ? a->reason : NULL);
}

void rows_put_listed(json_t *object, const struct blocklist_place *place)
{
	char address[NET_TEXT_MAX];
	json_t *row;

	if (place == NULL) {
		json_put(object, "listed", json_null());
		return;
	}
	row = new_object();
	(void)net_text(&place->net, address);
	json_put_text(row, "address", address);
	json_put_text(row, "file", place->path);
	json_put_number(row, "line", place->line);
	json_put(object, "listed", row);
}

void rows_put_waiting(json_t *object, const struct pending_waiting *waiting)
{
	json_t *row;

	if (waiting->hits + waiting->blocks == 0) {
		json_put(object, "waiting", json_null());
		return;
	}
	row = new_object();
	json_put_number(row, "hits", (int64_t)waiting->hits); /* bounded by memory */
	json_put_number(row, "blocks", (int64_t)waiting->blocks);
	json_put_text(row, "why", waiting->why);
	json_put(object, "waiting", row);
}

bool rows_append(json_t *array, json_t *row, size_t *bytes_left)
{
	const size_t size = json_size(row) + 1; /* with a comma */

	if (size > *bytes_left) {
		json_decref(row);
		return false;
	}
	*bytes_left -= size;
	if (json_array_append_new(array, row) < 0)
		alloc_failed(size, "JSON");
	return true;
}

static json_t *put_list(json_t *object, const char *key)
{
	json_t *const list = alloc_check(json_array(), 0, "JSON");

	json_put(object, key, list);
	return list;
}

static json_t *address_row(const struct query_address *a)
{
	json_t *const row = new_object();

	json_put_text(row, "address", a->address);
	json_put_number(row, "hits", a->hits);
	json_put_time(row, "first", a->first_s);
	json_put_time(row, "last", a->last_s);
	return row;
}

static int put_addresses(json_t *object, struct store *store, const struct net *net, struct query_bound bound,
                         size_t *bytes_left, struct why *why)
{
	json_t *const addresses = put_list(object, "addresses");
	struct query_address address;
	int rc;

	query_addresses(store, net, bound);
	while ((rc = query_next_address(store, &address, why)) == 0 &&
	       rows_append(addresses, address_row(&address), bytes_left))
		;
	return rc;
}

int rows_put_history(json_t *object, const struct config *config, struct store *store, const struct net *net,
                     int64_t now_s, const struct rows_bound *bound, struct why *why)
{
	json_t *const hits = put_list(object, "hits"), *const blocks = put_list(object, "blocks");
	size_t bytes_left = bound->bytes;
	struct query_block block;
	struct query_hit hit;
	int rc;

	query_blocks(store, net, now_s, bound->blocks);
	while ((rc = query_next_block(store, &block, why)) == 0 &&
	       rows_append(blocks, rows_block(&block, config), &bytes_left))
		;
	if (rc >= 0) {
		query_hits(store, net, bound->hits);
		while ((rc = query_next_hit(store, &hit, why)) == 0 && rows_append(hits, hit_row(&hit), &bytes_left))
			;
	}
	if (rc >= 0 && net->len < 128)
		rc = put_addresses(object, store, net, bound->hits, &bytes_left, why);
	query_stop(store);
	return rc < 0 ? rc : 0;
}
