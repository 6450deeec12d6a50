/* SQL functions about networks that statements call (sql_functions in sql.h). */
#include "store/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

static bool parse(sqlite3_value *value, struct net *ret)
{
	const char *const text = (const char *)sqlite3_value_text(value);

	return text != NULL && net_parse(text, strlen(text), ret);
}

/* Returns the network that a constant argument names, parsed once for all rows; NULL if there is none. */
static const struct net *constant_net(sqlite3_context *context, sqlite3_value **values, int i)
{
	struct net *net = sqlite3_get_auxdata(context, i);

	if (net != NULL || sqlite3_value_type(values[i]) == SQLITE_NULL)
		return net;
	net = alloc_raw(1, sizeof *net, "a network that is asked about");
	if (!parse(values[i], net)) {
		free(net);
		return NULL;
	}
	sqlite3_set_auxdata(context, i, net, free);
	return sqlite3_get_auxdata(context, i);
}

/* in_net(ADDRESS, NET): true if the address or network lies within NET; false if NET is null. */
static void in_net(sqlite3_context *context, int n, sqlite3_value **values)
{
	const struct net *const around = constant_net(context, values, 1);
	struct net net;

	(void)n;
	sqlite3_result_int(context, around != NULL && parse(values[0], &net) && net.len >= around->len &&
	                                    net_has(around, &net.addr));
}

/*
 * Writes the text that all addresses in a network begin with: its whole groups, up to the first that might be written
 * "::".
 */
static size_t common_text(const struct net *net, char out[static NET_TEXT_MAX])
{
	const bool ip4 = net->len >= 96 && addr_is_ip4(&net->addr);
	const uint8_t *const bytes = net->addr.bytes;
	size_t len = 0;

	if (ip4)
		for (size_t i = 12; i < net->len / 8u; i++)
			len += (size_t)snprintf(out + len, NET_TEXT_MAX - len, "%u.", bytes[i]);
	for (size_t i = 0; !ip4 && i < net->len / 16u && (bytes[2 * i] | bytes[2 * i + 1]) != 0; i++)
		len += (size_t)snprintf(out + len, NET_TEXT_MAX - len,
		                        "%x:", (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1]);
	return len;
}

/* text_from(NET), text_below(NET): the texts of all addresses in NET are >= the one and < the other. */
static void text_from(sqlite3_context *context, int n, sqlite3_value **values)
{
	char text[NET_TEXT_MAX];
	struct net net;

	(void)n;
	if (parse(values[0], &net))
		sqlite3_result_text(context, text, (int)common_text(&net, text), SQLITE_TRANSIENT);
}

static void text_below(sqlite3_context *context, int n, sqlite3_value **values)
{
	char text[NET_TEXT_MAX];
	struct net net;
	size_t len;

	(void)n;
	if (!parse(values[0], &net))
		return;
	if ((len = common_text(&net, text)) == 0)
		text[len++] = 'f'; /* no text begins with a larger character */
	text[len - 1]++;           /* the character after the separator, or after f */
	sqlite3_result_text(context, text, (int)len, SQLITE_TRANSIENT);
}

/* net_key(NET): a key that sorts like addresses do, with networks before their contents. */
static void net_key(sqlite3_context *context, int n, sqlite3_value **values)
{
	uint8_t key[sizeof(struct addr) + 1];
	struct net net;

	(void)n;
	if (!parse(values[0], &net))
		return;
	memcpy(key, net.addr.bytes, sizeof net.addr.bytes);
	key[sizeof key - 1] = net.len;
	sqlite3_result_blob(context, key, sizeof key, SQLITE_TRANSIENT);
}

int sql_functions(struct store *store, struct why *why)
{
	static const struct {
		const char *name;
		int n;
		void (*call)(sqlite3_context *, int, sqlite3_value **);
	} functions[] = {{"in_net", 2, in_net},
	                 {"text_from", 1, text_from},
	                 {"text_below", 1, text_below},
	                 {"net_key", 1, net_key}};

	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (sqlite3_create_function(store->db, functions[i].name, functions[i].n,
		                            SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL, functions[i].call, NULL,
		                            NULL) != SQLITE_OK)
			return sql_fail(store, "cannot use it", why);
	return 0;
}
