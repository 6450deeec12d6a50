#include "share/settings.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/alloc.h"
#include "base/duration.h"
#include "base/ini.h"

enum { HOSTNAME_MAX = 256 };

static const struct settings_key keys[] = {
	{"host", ""},
	{"server", "/run/redis/redis-server.sock"},
	{"user", ""},
	{"password_file", ""},
	{"ca", ""},
	{"key", "/etc/watchforspammers/share.key"},
	{"peers", PEERS_DEFAULT_PATH},
	{"socket", "/run/watchforspammers/control"},
	{"keep", "7d"},
};

enum { N_KEYS = sizeof keys / sizeof *keys };

/* In the order of keys. */
static const size_t places[N_KEYS] = {
	offsetof(struct settings, host),          offsetof(struct settings, server), offsetof(struct settings, user),
	offsetof(struct settings, password_file), offsetof(struct settings, ca),     offsetof(struct settings, key),
	offsetof(struct settings, peers),         offsetof(struct settings, socket),
};

size_t settings_keys(const struct settings_key **ret)
{
	*ret = keys;
	return N_KEYS;
}

/* Returns where the value of key i is stored. Not for "keep", which is no text. */
static char **text_of(struct settings *s, size_t i)
{
	return (char **)((char *)s + places[i]);
}

static void put(char **text, const char *value)
{
	free(*text);
	*text = alloc_text(value, "a setting");
}

/*
 * Parses "192.0.2.1:6379" or "[2001:db8::1]:6379". Host names are refused: no name server shall decide which server
 * we use.
 */
static bool parse_server(struct settings *s, const char *server)
{
	const char *const colon = strrchr(server, ':');
	const char *from = server;
	size_t len;
	struct addr addr;
	char *end;
	long port;

	if (server[0] == '/')
		return true;
	if (colon == NULL)
		return false;
	len = (size_t)(colon - from);
	if (from[0] == '[' && len > 2 && from[len - 1] == ']') {
		from++;
		len -= 2;
	}
	port = strtol(colon + 1, &end, 10);
	if (!addr_parse(from, len, &addr) || colon[1] < '0' || colon[1] > '9' || *end != '\0' || port < 1 ||
	    port > 65535)
		return false;
	free(s->address);
	s->address = alloc_text_n(from, len, "a setting");
	s->port = (int)port; /* the range was checked */
	return true;
}

/* Returns what is wrong with the value of key i; NULL if it was stored. */
static const char *set_value(struct settings *s, size_t i, const char *value)
{
	if (i == N_KEYS - 1)
		return duration_parse(value, &s->keep_s) && s->keep_s >= 60 && s->keep_s <= PEERS_LONGEST_S
		               ? NULL
		               : "a duration from 1m to 7d";
	put(text_of(s, i), value);
	if (strcmp(keys[i].key, "host") == 0 && value[0] != '\0' && !peers_is_name((struct span){value, strlen(value)}))
		return "a name is 1 to 32 letters, digits, \"-\", \"_\" and \".\"";
	if (strcmp(keys[i].key, "server") == 0 && !parse_server(s, value))
		return "the path of a Unix socket, ADDRESS:PORT or [ADDRESS]:PORT";
	return NULL;
}

/* Returns the index of key; N_KEYS if it is unknown. */
static size_t find(const char *key)
{
	for (size_t i = 0; i < N_KEYS; i++)
		if (strcasecmp(keys[i].key, key) == 0)
			return i;
	return N_KEYS;
}

static int no_such_key(const struct ini *ini, const struct ini_entry *e, struct why *why)
{
	const char *names[N_KEYS + 1] = {NULL};
	const char *near;

	for (size_t i = 0; i < N_KEYS; i++)
		names[i] = keys[i].key;
	near = text_nearest(e->key, names);
	return why_set(why, EINVAL, "%s:%u: no key \"%s\" in [share]%s%s%s", ini->path, e->line, e->key,
	               near != NULL ? "; did you mean " : "", near != NULL ? near : "", near != NULL ? "?" : "");
}

static int read_entries(struct settings *s, const struct ini *ini, struct why *why)
{
	bool seen[N_KEYS] = {false};

	for (size_t n = 0; n < ini->n; n++) {
		const struct ini_entry *const e = &ini->entries[n];
		const size_t i = e->key == NULL ? 0 : find(e->key);
		const char *error;

		if (strcasecmp(e->section, "share") != 0)
			return why_set(why, EINVAL, "%s:%u: no section [%s]; there is [share]", ini->path, e->line,
			               e->section);
		if (e->key == NULL)
			continue;
		if (i == N_KEYS)
			return no_such_key(ini, e, why);
		if (seen[i])
			return why_set(why, EINVAL, "%s:%u: %s appears twice", ini->path, e->line, keys[i].key);
		seen[i] = true;
		if ((error = set_value(s, i, e->value)) != NULL)
			return why_set(why, EINVAL, "%s:%u: %s: %s", ini->path, e->line, keys[i].key, error);
	}
	return 0;
}

static int name_host(struct settings *s, const char *path, struct why *why)
{
	char name[HOSTNAME_MAX] = "";

	if (s->host[0] == '\0') {
		(void)gethostname(name, sizeof name - 1);
		name[strcspn(name, ".")] = '\0';
		put(&s->host, name);
	}
	if (!peers_is_name((struct span){s->host, strlen(s->host)}))
		return why_set(why, EINVAL, "%s: the machine's name cannot be that of a peer; set [share] host", path);
	if (s->user[0] == '\0')
		put(&s->user, s->host);
	return 0;
}

int settings_read(const char *path, struct settings *ret, struct why *why)
{
	struct settings s = {0};
	struct ini *ini = NULL;
	int rc;

	for (size_t i = 0; i < N_KEYS; i++)
		(void)set_value(&s, i, keys[i].value);
	rc = ini_read(path, &ini, why);
	if (rc == 0)
		rc = read_entries(&s, ini, why);
	else if (rc == -ENOENT)
		rc = 0;
	ini_free(ini);
	if (rc == 0)
		rc = name_host(&s, path, why);
	if (rc < 0)
		settings_done(&s);
	else
		*ret = s;
	return rc;
}

void settings_done(struct settings *s)
{
	for (size_t i = 0; i < N_KEYS - 1; i++)
		free(*text_of(s, i));
	free(s->address);
	*s = (struct settings){0};
}
