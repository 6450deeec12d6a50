#include "config.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/backends.h"
#include "base/confdir.h"
#include "base/duration.h"
#include "base/ini.h"
#include "base/text.h"
#include "build.h" /* WFS_PATTERN_DIR */

enum {
	QUOTED_MAX = 80,
	WANT_MAX = 112, /* bytes of "a whole number from 1 to 1000000" and the like */
	NUMBER_MAX = 1000000,
	ACCOUNT_ADDRESSES_MAX = 12, /* likewise */
	SLOW_MAX = 100,             /* a client's list of scores is not endless */
	NETWORK_AFTER_MAX = 64, /* more than a verdict can hold would never come */
	YEAR_S = 366 * 86400,
	DURATION_MAX_S = 3660 * 86400, /* of duration_parse */
	SECONDS_MIN = 2,               /* a recent rule of 1 s would forget before it is fed again */
	SECONDS_MAX = 7 * 86400,
	NAME_MAX_LEN = 23,      /* of chains and lists, see firewall/root.h */
	DNS_NAME_MAX_LEN = 253, /* RFC 1035, as text */
	ZONE_MAX_LEN = 189,     /* the same, behind the 32 digits of an IPv6 address and their dots */
	LIST_SCORE_MAX = 1000,
	LOG_PREFIX_MAX_LEN = 28, /* iptables' own limit less the NUL */
	JOURNAL_NAME_MAX = 128,
	DIRECTORY_MAX = 512,     /* of a journal: its name is in the database */
	SOCKET_MAX_LEN = 102,    /* sun_path, less ".read" and the NUL */
};

/* What a value must be, and where it goes. */
enum kind {
	NUMBER,    /* int64_t, from min to max */
	NETWORK,   /* the same, but not 1: one address is no network */
	TIMES,     /* a number; "3x": three times block.threshold */
	SLOW,      /* block.slow */
	DURATION,  /* int64_t, seconds, from min to max */
	DURATIONS, /* block.for */
	BOOLEAN,
	WORD,     /* a chain's name */
	SETS,     /* a list's name, or a table's and a set's */
	TEXT,     /* char *, may be empty */
	PATH,     /* char *, absolute */
	SOCKET,   /* the same, short enough for a socket, or empty */
	LOOPBACK, /* control.tcp */
	BACKEND,
	READING,
	NAMESPACE, /* char *, a word that is part of a file's name, or empty */
	DIRECTORY, /* the same, absolute */
	ACTION,
	SESSIONS,
	HOOKS,
	CHAINS, /* firewall.jump_from */
	PORTS, /* and any "ports.NAME" */
	RATE, /* firewall.connections */
	PREFIX,
	DIRS,
	ADDRESSES, /* repeatable, as are ... */
	NAMES,     /* struct config_words */
	CLIENTS,
	FILES,
	LISTS,
};

#define AT(member) offsetof(struct config, member)
#define MAIL_PORTS "25,110,143,465,587,993,995,4190"

/* One row per key, in the order of the manual page. */
static const struct row {
	struct config_key key;
	enum kind kind;
	size_t at;
	int64_t min, max; /* of a number or a duration */
} rows[] = {
        {{"journal", "read", "auto"}, READING, 0, 0, 0},
        {{"journal", "namespace", ""}, NAMESPACE, AT(journal.namespace), 0, 0},
        {{"journal", "machine", ""}, NAMESPACE, AT(journal.machine), 0, 0},
        {{"journal", "directory", ""}, DIRECTORY, AT(journal.directory), 0, 0},
        {{"block", "threshold", "100"}, NUMBER, AT(block.threshold), 1, NUMBER_MAX},
        {{"block", "window", "1h"}, DURATION, AT(block.window_s), 1, YEAR_S},
        {{"block", "for", "10m 1h 6h 1d 7d"}, DURATIONS, 0, 0, 0},
        {{"block", "memory", "30d"}, DURATION, AT(block.memory_s), 1, DURATION_MAX_S},
        {{"block", "extend", "yes"}, BOOLEAN, AT(block.extend), 0, 0},
        {{"block", "ip6_prefix", "64"}, NUMBER, AT(block.ip6_prefix), 48, 128},
        {{"block", "network_after", "0"}, NETWORK, AT(block.network_after), 0, NETWORK_AFTER_MAX},
        {{"block", "network_threshold", "3x"}, TIMES, AT(block.network_threshold), 0, 3 * NUMBER_MAX},
        {{"block", "account_addresses", "5"}, NETWORK, AT(block.account_addresses), 0, ACCOUNT_ADDRESSES_MAX},
        {{"block", "slow", "10 in 24h"}, SLOW, 0, 0, 0},
        {{"block", "quarantine", "5"}, NUMBER, AT(block.quarantine), 0, NUMBER_MAX},
        {{"block", "max_blocks_per_minute", "600"}, NUMBER, AT(block.max_blocks_per_minute), 0, NUMBER_MAX},
        {{"allow", "address", ""}, ADDRESSES, 0, 0, 0},
        {{"allow", "name", ""}, NAMES, AT(allow.names), 0, 0},
        {{"allow", "file", ""}, FILES, AT(allow.files), 0, 0},
        {{"allow", "client", ""}, CLIENTS, AT(allow.clients), 0, 0},
        {{"allow", "private", "yes"}, BOOLEAN, AT(allow.private), 0, 0},
        {{"allow", "earn_days", "3"}, NUMBER, AT(allow.earn_days), 0, 31},
        {{"allow", "cluster_for", "36d"}, DURATION, AT(allow.cluster_for_s), 0, DURATION_MAX_S},
        {{"dns", "list", ""}, LISTS, 0, 0, 0},
        {{"dns", "allow_for", "1d"}, DURATION, AT(dns.allow_for_s), 1, DURATION_MAX_S},
        {{"firewall", "backend", "auto"}, BACKEND, AT(firewall.backend), 0, 0},
        {{"firewall", "manage_rules", "yes"}, BOOLEAN, AT(firewall.manage_rules), 0, 0},
        {{"firewall", "chain", "SPAMMER"}, WORD, AT(firewall.chain), 0, 0},
        {{"firewall", "hooks", "input"}, HOOKS, 0, 0, 0},
        {{"firewall", "jump_from", ""}, CHAINS, 0, 0, 0},
        {{"firewall", "list", "spammer"}, SETS, AT(firewall.list), 0, 0},
        {{"firewall", "ports", "25"}, PORTS, 0, 0, 0},
        {{"firewall", "ports.auth", MAIL_PORTS}, PORTS, 0, 0, 0},
        {{"firewall", "ports.manual", MAIL_PORTS}, PORTS, 0, 0, 0},
        {{"firewall", "ports.vote", MAIL_PORTS}, PORTS, 0, 0, 0},
        {{"firewall", "ports.flood", MAIL_PORTS}, PORTS, 0, 0, 0},
        {{"firewall", "ports.network", MAIL_PORTS}, PORTS, 0, 0, 0},
        {{"firewall", "ports.sshd", "22"}, PORTS, 0, 0, 0},
        {{"firewall", "ports.dropbear", "22"}, PORTS, 0, 0, 0},
        {{"firewall", "action", "drop"}, ACTION, AT(firewall.action), 0, 0},
        {{"firewall", "sessions", "drop"}, SESSIONS, 0, 0, 0},
        {{"firewall", "log_prefix", ""}, PREFIX, AT(firewall.log_prefix), 0, 0},
        {{"firewall", "seconds", "600"}, DURATION, AT(firewall.seconds), SECONDS_MIN, SECONDS_MAX},
        {{"firewall", "resync", "15s"}, DURATION, AT(firewall.resync_s), 1, DURATION_MAX_S},
        {{"firewall", "keep_on_stop", "no"}, BOOLEAN, AT(firewall.keep_on_stop), 0, 0},
        {{"firewall", "connections", ""}, RATE, 0, 0, 0},
        {{"database", "path", "/var/lib/watchforspammers/hits.db"}, PATH, AT(database.path), 0, 0},
        {{"database", "keep", "90d"}, DURATION, AT(database.keep_s), 1, DURATION_MAX_S},
        {{"control", "socket", "/run/watchforspammers/control"}, SOCKET, AT(control.socket), 0, 0},
        {{"control", "group", "watchforspammers"}, TEXT, AT(control.group), 0, 0},
        {{"control", "readers", "adm"}, TEXT, AT(control.readers), 0, 0},
        {{"control", "tcp", ""}, LOOPBACK, 0, 0, 0},
        {{"control", "token_file", "/etc/watchforspammers/tokens"}, PATH, AT(control.token_file), 0, 0},
        {{"run", "user", "watchforspammers"}, TEXT, AT(run.user), 0, 0},
        {{"run", "patterns", WFS_PATTERN_DIR " /etc/watchforspammers/patterns"}, DIRS, 0, 0, 0},
};

enum { N_ROWS = sizeof rows / sizeof *rows };

size_t config_keys(const struct config_key **ret)
{
	static struct config_key keys[N_ROWS];

	for (size_t i = 0; i < N_ROWS; i++)
		keys[i] = rows[i].key;
	*ret = keys;
	return N_ROWS;
}

static void set_string(struct config *config, size_t at, const char *text)
{
	char **const field = (char **)((char *)config + at);

	free(*field);
	*field = alloc_text(text, "the configuration");
}

static int64_t *number_at(struct config *config, size_t at)
{
	return (int64_t *)((char *)config + at);
}

/* Each reads a value; returns NULL, or what would have been right. */

static bool whole_number(const char *value, long long min, long long max, int64_t *ret)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < min || n > max)
		return false;
	*ret = n;
	return true;
}

/* want: place for the answer, made from the row's bounds. */
static const char *read_number(struct config *config, const struct row *row, const char *value,
                               char want[static WANT_MAX])
{
	const bool network = row->kind == NETWORK;
	int64_t n;

	if (whole_number(value, row->min, row->max, &n) && !(network && n == 1)) {
		*number_at(config, row->at) = n;
		return NULL;
	}
	(void)snprintf(want, WANT_MAX, "%sa whole number from %" PRId64 " to %" PRId64,
	               network ? "0, or " : "", network ? 2 : row->min, row->max);
	return want;
}

static const char *read_duration(struct config *config, const struct row *row, const char *value,
                                 char want[static WANT_MAX])
{
	char min[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
	int64_t s;

	if (!duration_parse(value, &s) || (s == 0 && row->min == 1))
		return "a duration such as 90s, 10m, 1h30m or 7d";
	if (s < row->min || s > row->max) {
		duration_text(row->min, min);
		duration_text(row->max, max);
		(void)snprintf(want, WANT_MAX, "a duration from %s to %s", min, max);
		return want;
	}
	*number_at(config, row->at) = s;
	return NULL;
}

static const char *read_durations(struct config *config, const char *value)
{
	char *const words = alloc_text(value, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	config->block.n_for = 0;
	for (char *w = strtok_r(words, " \t,", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t,", &save)) {
		int64_t s;

		if (!duration_parse(w, &s) || s < 1)
			wanted = "durations such as \"10m 1h 1d\"";
		else if (config->block.n_for == CONFIG_DURATIONS_MAX)
			wanted = "at most 8 durations";
		else
			config->block.for_s[config->block.n_for++] = s;
	}
	if (wanted == NULL && config->block.n_for == 0)
		wanted = "at least one duration";
	free(words);
	return wanted;
}

static const char *read_boolean(struct config *config, size_t at, const char *value)
{
	const bool yes = strcasecmp(value, "yes") == 0;

	if (!yes && strcasecmp(value, "no") != 0)
		return "yes or no";
	*(bool *)((char *)config + at) = yes;
	return NULL;
}

/* NULL: a name of a chain or list. */
static const char *wanted_name(const char *value)
{
	const size_t len = strlen(value);

	if (len == 0 || len > NAME_MAX_LEN)
		return "1 to 23 characters";
	for (const char *p = value; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_' ||
		      (*p == '-' && p > value)))
			return "letters, digits, \"_\" and \"-\"";
	return NULL;
}

static const char *read_word(struct config *config, size_t at, const char *value)
{
	const char *const wanted = wanted_name(value);

	if (wanted == NULL)
		set_string(config, at, value);
	return wanted;
}

/* "spammer"; or a table and a set in it, "filter spammer". */
static const char *read_sets(struct config *config, size_t at, const char *value)
{
	const char *const space = strchr(value, ' ');
	char table[NAME_MAX_LEN + 1];

	if (space == NULL)
		return read_word(config, at, value);
	(void)snprintf(table, sizeof table, "%.*s", (int)(space - value), value);
	if (space - value > NAME_MAX_LEN || wanted_name(table) != NULL || wanted_name(space + 1) != NULL)
		return "a list, or a table of nftables and a set in it, each of 1 to 23 letters, digits, \"_\" and \"-\"";
	set_string(config, at, value);
	return NULL;
}

static void free_chains(struct config *config)
{
	for (size_t i = 0; i < config->firewall.n_jump_from; i++)
		free(config->firewall.jump_from[i]);
	config->firewall.n_jump_from = 0;
}

static const char *read_chains(struct config *config, const char *value)
{
	char *const words = alloc_text(value, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	free_chains(config);
	for (char *w = strtok_r(words, " \t,", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t,", &save)) {
		wanted = wanted_name(w);
		if (wanted == NULL && config->firewall.n_jump_from == CONFIG_JUMPS_MAX)
			wanted = "at most 4 chains";
		if (wanted == NULL)
			config->firewall.jump_from[config->firewall.n_jump_from++] = alloc_text(w, "the configuration");
	}
	free(words);
	return wanted;
}

static const char *read_hooks(struct config *config, const char *value)
{
	char *const words = alloc_text(value, "the configuration"), *save = NULL;
	unsigned hooks = 0;
	bool good = true;

	for (char *w = strtok_r(words, " \t,", &save); w != NULL; w = strtok_r(NULL, " \t,", &save)) {
		const unsigned hook = strcasecmp(w, "input") == 0     ? CONFIG_HOOK_INPUT
		                      : strcasecmp(w, "forward") == 0 ? CONFIG_HOOK_FORWARD
		                      : strcasecmp(w, "auto") == 0    ? CONFIG_HOOK_AUTO
		                                                      : 0;

		good &= hook != 0;
		hooks |= hook;
	}
	free(words);
	if (!good || hooks == 0 || (hooks > CONFIG_HOOK_AUTO))
		return "input, forward, both, or auto";
	config->firewall.hooks = hooks;
	return NULL;
}

static const char *read_path(struct config *config, size_t at, const char *value)
{
	if (value[0] != '/')
		return "an absolute path";
	set_string(config, at, value);
	return NULL;
}

static const char *read_reading(struct config *config, const char *value)
{
	static const char *const words[] = {[CONFIG_AUTO] = "auto", [CONFIG_YES] = "yes", [CONFIG_NO] = "no"};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(value, words[i]) == 0) {
			config->journal.read = (enum config_reading)i;
			return NULL;
		}
	return "auto, yes or no";
}

static const char *read_namespace(struct config *config, size_t at, const char *value)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@:";

	if (value[strspn(value, letters)] != '\0' || value[0] == '.' || strlen(value) > JOURNAL_NAME_MAX)
		return "a name of at most 128 letters, digits and \"-_.@:\"";
	set_string(config, at, value);
	return NULL;
}

static const char *read_directory(struct config *config, size_t at, const char *value)
{
	if (value[0] != '\0' && (value[0] != '/' || strlen(value) > DIRECTORY_MAX))
		return "an absolute path of at most 512 bytes, or nothing";
	set_string(config, at, value);
	return NULL;
}

static const char *read_socket(struct config *config, size_t at, const char *value)
{
	if ((value[0] != '\0' && value[0] != '/') || strlen(value) > SOCKET_MAX_LEN)
		return "an absolute path of at most 102 bytes, or nothing";
	set_string(config, at, value);
	return NULL;
}

/* "127.0.0.1:4711", "[::1]:4711" or nothing. */
static const char *read_loopback(struct config *config, const char *value)
{
	static const char want[] = "127.0.0.1:PORT, [::1]:PORT or nothing: other hosts must not reach it";
	const char *const colon = strrchr(value, ':');
	const bool bracket = value[0] == '[';
	struct addr addr;
	unsigned long port;
	size_t len;
	char *end;

	config->control.tcp_port = 0;
	if (value[0] == '\0')
		return NULL;
	if (colon == NULL || (bracket && (colon == value || colon[-1] != ']')) || colon[1] < '0' || colon[1] > '9')
		return want;
	len = (size_t)(colon - value) - (bracket ? 2 : 0);
	if (!addr_parse(value + bracket, len, &addr) || addr_is_ip4(&addr) == bracket)
		return want;
	if (addr_is_ip4(&addr) ? addr.bytes[12] != 127 : !addr_equal(&addr, &(struct addr){{[15] = 1}}))
		return want;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port < 1 || port > 65535)
		return want;
	config->control.tcp = addr;
	config->control.tcp_port = (uint16_t)port; /* in range, above */
	return NULL;
}

static const char *read_rate(struct config *config, const char *value)
{
	static const char right[] = "empty, or such as \"50/9s\": 1 to 10000 connections in 1 second to 1 hour";
	char count[8] = "";
	const char *const slash = strchr(value, '/');
	int64_t n, s;

	config->firewall.connections = config->firewall.connections_s = 0;
	if (*value == '\0')
		return NULL;
	if (slash == NULL || slash == value || (size_t)(slash - value) >= sizeof count || *value < '0' || *value > '9')
		return right;
	memcpy(count, value, (size_t)(slash - value)); /* shorter than count, above */
	if (!whole_number(count, 1, 10000, &n) || !duration_parse(slash + 1, &s) || s < 1 || s > 3600)
		return right;
	config->firewall.connections = n;
	config->firewall.connections_s = s;
	return NULL;
}

static const char *read_times(struct config *config, const struct row *row, const char *value, char want[static WANT_MAX])
{
	const size_t digits = strspn(value, "0123456789");

	if (digits != 1 || strcmp(value + 1, "x") != 0 || value[0] == '0') {
		if (read_number(config, row, value, want) == NULL)
			return NULL;
		(void)snprintf(want, WANT_MAX, "1x to 9x (times threshold), or a whole number up to %" PRId64, row->max);
		return want;
	}
	*number_at(config, row->at) = -(value[0] - '0'); /* see finish */
	return NULL;
}

static const char *read_slow(struct config *config, const char *value)
{
	static const char right[] = "0, or such as \"10 in 24h\": 2 to 100 failed logins within 1 hour to 7 days";
	char count[8] = "";
	const size_t digits = strspn(value, "0123456789");
	int64_t n, s;

	config->block.slow = 0;
	config->block.slow_s = 86400;
	if (strcmp(value, "0") == 0)
		return NULL;
	if (digits == 0 || digits >= sizeof count || strncmp(value + digits, " in ", 4) != 0)
		return right;
	memcpy(count, value, digits); /* shorter than count, above */
	if (!whole_number(count, 2, SLOW_MAX, &n) || !duration_parse(value + digits + 4, &s) || s < 3600 || s > 7 * 86400)
		return right;
	config->block.slow = n;
	config->block.slow_s = s;
	return NULL;
}

static const char *read_action(struct config *config, const char *value)
{
	static const char *const names[] = {
		[CONFIG_DROP] = "drop", [CONFIG_REJECT] = "reject", [CONFIG_RESET] = "reset"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(value, names[i]) == 0) {
			config->firewall.action = (enum config_action)i;
			return NULL;
		}
	return "drop, reject or reset";
}

static const char *read_sessions(struct config *config, const char *value)
{
	static const char *const names[] = {
		[CONFIG_SESSIONS_DROP] = "drop", [CONFIG_SESSIONS_KEEP] = "keep", [CONFIG_SESSIONS_KILL] = "kill"};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcasecmp(value, names[i]) == 0) {
			config->firewall.sessions = (enum config_sessions)i;
			return NULL;
		}
	return "drop, keep or kill";
}

static const char *read_backend(struct config *config, size_t at, const char *value)
{
#define NAME(name) #name,
#define WORD(name) " " #name
	static const char *const names[] = {"auto", BACKENDS(NAME)};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(value, names[i]) == 0) {
			set_string(config, at, value);
			return NULL;
		}
	return "one of auto" BACKENDS(WORD);
#undef NAME
#undef WORD
}

static const char *read_prefix(struct config *config, size_t at, const char *value)
{
	if (strlen(value) > LOG_PREFIX_MAX_LEN)
		return "at most 28 characters";
	for (const char *p = value; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7E)
			return "printable ASCII";
	set_string(config, at, value);
	return NULL;
}

static const char *read_dirs(struct config *config, const char *value)
{
	char *const words = alloc_text(value, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	for (size_t i = 0; i < config->run.n_patterns; i++)
		free(config->run.patterns[i]);
	config->run.n_patterns = 0;
	for (char *w = strtok_r(words, " \t", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t", &save)) {
		if (w[0] != '/')
			wanted = "absolute paths of directories, separated by blanks";
		else if (config->run.n_patterns == CONFIG_DIRS_MAX)
			wanted = "at most 8 directories";
		else
			config->run.patterns[config->run.n_patterns++] = alloc_text(w, "the configuration");
	}
	if (wanted == NULL && config->run.n_patterns == 0)
		wanted = "at least one directory";
	free(words);
	return wanted;
}

static const char *read_addresses(struct config *config, const char *value)
{
	const char *p = value;

	while (*p != '\0') {
		const size_t len = strcspn(p, " \t,");

		if (len > 0) {
			if (config->allow.n == CONFIG_ALLOW_MAX)
				return "at most 4096 addresses";
			if (!net_parse(p, len, &config->allow.nets[config->allow.n]))
				return "an address or a network without host bits, such as 192.0.2.7 or 2001:db8::/32";
			config->allow.n++;
		}
		p += len;
		p += strspn(p, " \t,");
	}
	return NULL;
}

static bool is_name(const char *word, const char *also)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";

	for (const char *p = word; *p != '\0'; p++)
		if (strchr(letters, *p) == NULL && strchr(also, *p) == NULL)
			return false;
	return strlen(word) <= DNS_NAME_MAX_LEN && strchr(word, '.') != NULL && word[strspn(word, "*?.")] != '\0';
}

static const char *wanted_word(enum kind kind, const char *word)
{
	struct net net;

	if (kind == NAMES)
		return is_name(word, "") && !net_parse(word, strlen(word), &net) ? NULL : "DNS names such as mx.example.org";
	if (kind == CLIENTS)
		return is_name(word, "*?") ? NULL : "names such as mx.example.org or *.example.org";
	return word[0] == '/' ? NULL : "absolute paths";
}

static const char *read_list(struct config *config, const struct row *row, const char *value)
{
	struct config_words *const list = (struct config_words *)((char *)config + row->at);
	char *const words = alloc_text(value, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	for (char *w = strtok_r(words, " \t,", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t,", &save)) {
		wanted = wanted_word(row->kind, w);
		if (wanted == NULL && list->n == CONFIG_WORDS_MAX)
			wanted = "at most 256 of them";
		if (wanted == NULL)
			list->list[list->n++] = alloc_text(w, "the configuration");
	}
	free(words);
	return wanted;
}

/* "=127.0.0.2,127.0.0.4" */
static bool read_codes(struct config_list *list, const char *text)
{
	for (; *text == '=' || *text == ','; text += strcspn(text, ",")) {
		struct addr code;

		text++;
		if (list->n_codes == CONFIG_CODES_MAX || !addr_parse(text, strcspn(text, ","), &code) || !addr_is_ip4(&code) ||
		    code.bytes[12] != 127)
			return false;
		list->codes[list->n_codes++] = code;
	}
	return *text == '\0' && list->n_codes > 0;
}

static bool is_zone(const char *word)
{
	const size_t len = strlen(word);

	return is_name(word, "") && len <= ZONE_MAX_LEN && word[0] != '.' && word[len - 1] != '.' && strstr(word, "..") == NULL;
}

/* "ZONE SCORE" or "ZONE allow", and perhaps "=CODE,CODE..." behind it. Nothing: the default. */
static const char *read_dns_list(struct config *config, const char *value)
{
	static const char want[] = "a zone, a score from 1 to 1000 or \"allow\", and if need be the answers that count, such as "
				   "\"dnsbl.example 60 =127.0.0.2,127.0.0.4\"";
	char *const words = alloc_text(value, "the configuration"), *save = NULL;
	const char *const zone = strtok_r(words, " \t", &save), *const score = strtok_r(NULL, " \t", &save),
			  *const codes = strtok_r(NULL, " \t", &save), *const more = strtok_r(NULL, " \t", &save);
	struct config_list list = {0};
	const char *wanted = NULL;
	int64_t n = 0;

	if (zone == NULL) {
		free(words);
		return NULL;
	}
	if (!is_zone(zone) || score == NULL ||
	    (strcasecmp(score, "allow") != 0 && !whole_number(score, 1, LIST_SCORE_MAX, &n)) ||
	    (codes != NULL && !read_codes(&list, codes)) || more != NULL) {
		wanted = want;
	} else if (config->dns.n == CONFIG_LISTS_MAX) {
		wanted = "at most 16 lists";
	} else {
		list.zone = alloc_text(zone, "the configuration");
		list.score = (int)n; /* in range, above */
		config->dns.lists[config->dns.n++] = list;
	}
	free(words);
	return wanted;
}

/* Behind "ports." in a key, or "". */
static const char *ports_name(const char *key)
{
	return key + strlen(key[strlen("ports")] == '.' ? "ports." : "ports");
}

static const char *read_value(struct config *config, const struct row *row, const char *value,
                              char want[static WANT_MAX])
{
	switch (row->kind) {
	case NUMBER:
	case NETWORK:
		return read_number(config, row, value, want);
	case TIMES:
		return read_times(config, row, value, want);
	case SLOW:
		return read_slow(config, value);
	case DURATION:
		return read_duration(config, row, value, want);
	case DURATIONS:
		return read_durations(config, value);
	case BOOLEAN:
		return read_boolean(config, row->at, value);
	case SETS:
		return read_sets(config, row->at, value);
	case WORD:
		return read_word(config, row->at, value);
	case TEXT:
		set_string(config, row->at, value);
		return NULL;
	case PATH:
		return read_path(config, row->at, value);
	case SOCKET:
		return read_socket(config, row->at, value);
	case LOOPBACK:
		return read_loopback(config, value);
	case BACKEND:
		return read_backend(config, row->at, value);
	case READING:
		return read_reading(config, value);
	case NAMESPACE:
		return read_namespace(config, row->at, value);
	case DIRECTORY:
		return read_directory(config, row->at, value);
	case RATE:
		return read_rate(config, value);
	case ACTION:
		return read_action(config, value);
	case HOOKS:
		return read_hooks(config, value);
	case CHAINS:
		return read_chains(config, value);
	case SESSIONS:
		return read_sessions(config, value);
	case PORTS:
		return portlists_read(&config->firewall.ports, ports_name(row->key.key), value, false);
	case PREFIX:
		return read_prefix(config, row->at, value);
	case DIRS:
		return read_dirs(config, value);
	case ADDRESSES:
		return read_addresses(config, value);
	case NAMES:
	case CLIENTS:
	case FILES:
		return read_list(config, row, value);
	case LISTS:
		return read_dns_list(config, value);
	}
	return "nothing"; /* not reached: the switch is complete */
}

static const char *shown(const char *text, char out[static QUOTED_MAX])
{
	(void)text_escape((struct span){text, strlen(text)}, out, QUOTED_MAX);
	return out;
}

/* "; did you mean ...?" for a word that is none of the rows' sections, or none of a section's keys. */
static const char *proposal(const char *section, const char *word, char out[static QUOTED_MAX])
{
	const char *words[N_ROWS + 3] = {NULL};
	const char *near;
	size_t n = 0;

	for (size_t i = 0; i < N_ROWS; i++)
		if (section == NULL || strcasecmp(rows[i].key.section, section) == 0)
			words[n++] = section == NULL ? rows[i].key.section : rows[i].key.key;
	if (section == NULL) {
		words[n++] = "log";
		words[n++] = "socket";
	}
	near = text_nearest(word, words);
	if (near == NULL)
		out[0] = '\0';
	else
		(void)snprintf(out, QUOTED_MAX, "; did you mean \"%s\"?", near);
	return out;
}

static const struct row *find_row(const char *section, const char *key)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcasecmp(rows[i].key.section, section) == 0 && strcasecmp(rows[i].key.key, key) == 0)
			return &rows[i];
	return strcasecmp(section, "firewall") == 0 && strncasecmp(key, "ports.", strlen("ports.")) == 0
	               ? find_row("firewall", "ports")
	               : NULL;
}

static bool is_section(const char *section)
{
	for (size_t i = 0; i < N_ROWS; i++)
		if (strcasecmp(rows[i].key.section, section) == 0)
			return true;
	return false;
}

/* The path in "[log /var/log/mail.log]"; NULL: the section is another one. word: "log". */
static const char *section_path(const char *section, const char *word)
{
	const size_t len = strlen(word);

	if (strncasecmp(section, word, len) != 0 || (section[len] != '\0' && section[len] != ' ' && section[len] != '\t'))
		return NULL;
	return section + len + strspn(section + len, " \t");
}

/* A file of the configuration that is read, and what those before it had. */
struct part {
	const char *file;
	struct ini *ini; /* NULL: absent */
	size_t n_logs, n_sockets;
};

/* Adds the path of a section to a list of max, of which the first n_before are of other files. example: of such a section. */
static int add_path(char **list, size_t *n, size_t n_before, size_t max, const char *example, const char *path,
                    const char *file, const struct ini_entry *e, struct why *why)
{
	char quoted[QUOTED_MAX];

	if (path[0] != '/')
		return why_set(why, EINVAL, "%s:%u: [%s]: want an absolute path, as in [%s]", file, e->line,
		               shown(e->section, quoted), example);
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], path) == 0)
			return i < n_before ? 0
			                    : why_set(why, EINVAL, "%s:%u: [%s] appears twice", file, e->line,
			                              shown(e->section, quoted));
	if (*n == max)
		return why_set(why, EINVAL, "%s:%u: more than %zu %.*ss", file, e->line, max, (int)strcspn(example, " "),
		               example);
	list[(*n)++] = alloc_text(path, "the configuration");
	return 0;
}

/* "[log /var/log/mail.log]", "[socket /run/watchforspammers/log]", or the name of a section with keys. */
static int read_section(struct config *config, const struct part *part, const struct ini_entry *e, struct why *why)
{
	const char *const file = part->file;
	const char *const log = section_path(e->section, "log"), *const socket = section_path(e->section, "socket");
	char quoted[QUOTED_MAX], near[QUOTED_MAX];

	if (log != NULL)
		return add_path(config->logs, &config->n_logs, part->n_logs, CONFIG_LOGS_MAX, "log /var/log/mail.log", log, file, e, why);
	if (socket != NULL)
		return add_path(config->sockets, &config->n_sockets, part->n_sockets, CONFIG_SOCKETS_MAX, "socket /run/watchforspammers/log", socket,
		                file, e, why);
	if (!is_section(e->section))
		return why_set(why, EINVAL, "%s:%u: no section [%s]%s", file, e->line, shown(e->section, quoted),
		               proposal(NULL, e->section, near));
	return 0;
}

/* The first of the addresses that is none; 0 when there is no such one. */
static int find_bad_address(const char *value, struct why *ret)
{
	int rc = 0;

	while (rc == 0 && *value != '\0') {
		const size_t len = strcspn(value, " \t,");
		struct net ignored;

		if (len > 0)
			rc = net_read((struct span){value, len}, &ignored, ret);
		value += len;
		value += strspn(value, " \t,");
	}
	return rc;
}

/* "# my office" at the end of a value, which is read as part of it; or NULL. */
static const char *find_comment(const char *value)
{
	const char *p = value + strcspn(value, "#;");

	while (*p != '\0' && (p == value || (p[-1] != ' ' && p[-1] != '\t')))
		p += 1 + strcspn(p + 1, "#;");
	return *p == '\0' ? NULL : p;
}

static int refuse(const char *file, const struct row *row, const struct ini_entry *e, const char *want, struct why *why)
{
	const char *const comment = find_comment(e->value);
	char quoted[QUOTED_MAX];
	struct why reason;

	if (comment != NULL)
		return why_set(why, EINVAL, "%s:%u: %s: there are no comments behind values; \"%s\" wants a line of its own", file,
		               e->line, row->key.key, shown(comment, quoted));
	if (row->kind == ADDRESSES && find_bad_address(e->value, &reason) < 0)
		return why_set(why, EINVAL, "%s:%u: %s: %s", file, e->line, row->key.key, reason.text);
	return why_set(why, EINVAL, "%s:%u: %s: want %s, got \"%s\"", file, e->line, row->key.key, want,
	               shown(e->value, quoted));
}

static bool is_repeatable(enum kind kind)
{
	return kind == ADDRESSES || kind == NAMES || kind == CLIENTS || kind == FILES || kind == LISTS;
}

static bool is_same_key(const struct ini_entry *a, const struct ini_entry *b)
{
	return a->key != NULL && strcasecmp(a->section, b->section) == 0 && strcasecmp(a->key, b->key) == 0;
}

static int read_entry(struct config *config, const struct part *part, size_t i, struct why *why)
{
	const struct ini *const ini = part->ini;
	const char *const file = part->file;
	const struct ini_entry *const e = &ini->entries[i];
	char quoted[QUOTED_MAX], quoted2[QUOTED_MAX], near[QUOTED_MAX];
	char sentence[WANT_MAX];
	const struct row *row;
	const char *want;

	if (e->key == NULL)
		return read_section(config, part, e, why);
	row = find_row(e->section, e->key);
	if (row == NULL)
		return why_set(why, EINVAL, "%s:%u: [%s] has no key \"%s\"%s", file, e->line,
		               shown(e->section, quoted2), shown(e->key, quoted), proposal(e->section, e->key, near));
	if (!is_repeatable(row->kind))
		for (size_t j = 0; j < i; j++)
			if (is_same_key(&ini->entries[j], e))
				return why_set(why, EINVAL, "%s:%u: %s appears twice, first in line %u", file, e->line, row->key.key,
				               ini->entries[j].line);
	want = row->kind == PORTS ? portlists_read(&config->firewall.ports, ports_name(e->key), e->value, true)
	                          : read_value(config, row, e->value, sentence);
	return want == NULL ? 0 : refuse(file, row, e, want, why);
}

static struct config *defaults(void)
{
	struct config *const config = alloc_zero(1, sizeof *config, "the configuration");
	char ignored[WANT_MAX];

	config->allow.nets = alloc_zero(CONFIG_ALLOW_MAX + ADDR_PRIVATE, sizeof *config->allow.nets, "the configuration");
	for (size_t i = 0; i < N_ROWS; i++)
		if (read_value(config, &rows[i], rows[i].key.value, ignored) != NULL)
			abort(); /* a default that its own check refuses */
	return config;
}

/* In front of the others: the root process has place for some only. */
static void add_private(struct config *config)
{
	const struct net *private;

	if (!config->allow.private)
		return;
	addr_private(&private);
	config->allow.n_private = ADDR_PRIVATE;
	memmove(config->allow.nets + ADDR_PRIVATE, config->allow.nets, config->allow.n * sizeof *config->allow.nets);
	memcpy(config->allow.nets, private, ADDR_PRIVATE * sizeof *private);
	config->allow.n += ADDR_PRIVATE;
}

/* What depends on other keys. */
static void finish(struct config *config)
{
	config->names_logs = config->n_logs > 0;
	if (config->n_logs == 0 && config->n_sockets == 0)
		config->logs[config->n_logs++] = alloc_text("/var/log/mail.log", "the configuration");
	add_private(config);
	if (config->block.network_threshold < 0)
		config->block.network_threshold *= -config->block.threshold;
}

/* Rules of your own have one list, if no others are named. */
static int settle_ports(struct config *config, const char *path, struct why *why)
{
	struct portlists *const ports = &config->firewall.ports;
	const char *wanted;

	ports->given |= !config->firewall.manage_rules;
	wanted = portlists_settle(ports);
	for (size_t i = 1; i < ports->n && wanted == NULL; i++)
		if (strlen(ports->lists[i].name) + strlen(config->firewall.chain) > NAME_MAX_LEN - 1 ||
		    strlen(ports->lists[i].name) + strlen(config->firewall.list) > NAME_MAX_LEN - 1)
			wanted = "chain and list, which get the name of a category behind them, short enough for 23 characters in all";
	return wanted == NULL ? 0 : why_set(why, EINVAL, "%s: [firewall] ports: want %s", path, wanted);
}

static void free_parts(struct part parts[], size_t n)
{
	for (size_t i = 0; i < n; i++)
		ini_free(parts[i].ini);
}

static void begin_part(const struct config *config, struct part *part)
{
	part->n_logs = config->n_logs;
	part->n_sockets = config->n_sockets;
}

/* The n parts, the first of which is the main file. */
static int from_parts(struct part parts[], size_t n, struct config **ret, struct why *why)
{
	struct config *const config = defaults();
	int rc = 0;

	for (size_t k = 0; rc == 0 && k < n; k++) {
		begin_part(config, &parts[k]);
		for (size_t i = 0; rc == 0 && parts[k].ini != NULL && i < parts[k].ini->n; i++)
			rc = read_entry(config, &parts[k], i, why);
	}
	if (rc == 0) {
		finish(config);
		rc = settle_ports(config, parts[0].file, why);
	}
	if (rc < 0)
		config_free(config);
	else
		*ret = config;
	return rc;
}

static int refuse_reading(int rc, const char *path, struct why *why)
{
	return rc == -EACCES ? why_set(why, EACCES, "%s: Permission denied; run this as root", path) : rc;
}

int config_read(const char *path, bool may_be_absent, struct config **ret, struct why *why)
{
	struct part parts[1 + CONFDIR_MAX] = {{.file = path}};
	struct confdir dir = {.n = 0};
	size_t n = 1;
	int rc = ini_read(path, &parts[0].ini, why);

	if (rc == -ENOENT && may_be_absent)
		rc = 0;
	if (rc == 0)
		rc = confdir_list(path, &dir, why);
	for (size_t i = 0; i < dir.n && rc == 0; i++, n++) {
		parts[n].file = dir.paths[i];
		rc = refuse_reading(ini_read(dir.paths[i], &parts[n].ini, why), dir.paths[i], why);
	}
	rc = rc == 0 ? from_parts(parts, n, ret, why) : refuse_reading(rc, parts[n - 1].file, why);
	free_parts(parts, n);
	confdir_done(&dir);
	return rc;
}

int config_read_files(const struct config_file files[], size_t n, struct config **ret, struct why *why)
{
	struct part parts[1 + CONFDIR_MAX] = {{0}};
	int rc = 0;

	assert(n > 0 && n <= 1 + CONFDIR_MAX);
	for (size_t i = 0; i < n && rc == 0; i++) {
		parts[i].file = files[i].path;
		rc = files[i].fd < 0 ? 0 : ini_read_fd(files[i].path, files[i].fd, &parts[i].ini, why);
	}
	if (rc == 0)
		rc = from_parts(parts, n, ret, why);
	free_parts(parts, n);
	return rc;
}

/* A wrong entry of the last part may have been read in part: restores the key as it was before it. */
static void undo_entry(struct config *config, const struct part parts[], size_t last, size_t i)
{
	const struct ini_entry *const e = &parts[last].ini->entries[i];
	const struct row *const row = e->key == NULL ? NULL : find_row(e->section, e->key);
	char ignored[WANT_MAX];

	if (row == NULL || is_repeatable(row->kind))
		return;
	(void)read_value(config, row, row->key.value, ignored);
	for (size_t k = 0; k <= last; k++)
		for (size_t j = 0; parts[k].ini != NULL && j < (k < last ? parts[k].ini->n : i); j++)
			if (is_same_key(&parts[k].ini->entries[j], e))
				(void)read_value(config, row, parts[k].ini->entries[j].value, ignored);
}

/* What is good of a part; the first error stays in why, and is returned. */
static int read_rest(struct config *config, struct part parts[], size_t last, int rc, struct why *why)
{
	struct part *const part = &parts[last];

	begin_part(config, part);
	for (size_t i = 0; part->ini != NULL && i < part->ini->n; i++) {
		struct why more;
		const int wrong = read_entry(config, part, i, &more);

		if (wrong == 0)
			continue;
		undo_entry(config, parts, last, i);
		if (rc == 0) {
			rc = wrong;
			*why = more;
		}
	}
	return rc;
}

int config_read_rest(const char *path, bool may_be_absent, struct config **ret, struct why *why)
{
	struct config *const config = defaults();
	struct part parts[1 + CONFDIR_MAX] = {{.file = path}};
	struct confdir dir;
	struct why other;
	size_t n = 1;
	int rc = ini_read_rest(path, &parts[0].ini, why), wrong;

	if (rc == -ENOENT && may_be_absent)
		rc = 0;
	rc = read_rest(config, parts, 0, rc, why);
	wrong = confdir_list(path, &dir, rc == 0 ? why : &other);
	rc = rc == 0 ? wrong : rc;
	for (size_t i = 0; i < dir.n; i++, n++) {
		parts[n].file = dir.paths[i];
		wrong = ini_read_rest(dir.paths[i], &parts[n].ini, rc == 0 ? why : &other);
		rc = read_rest(config, parts, n, rc == 0 ? wrong : rc, why);
	}
	finish(config);
	wrong = settle_ports(config, path, rc == 0 ? why : &other);
	rc = rc == 0 ? wrong : rc;
	free_parts(parts, n);
	confdir_done(&dir);
	*ret = config;
	return rc;
}

static void free_words(struct config_words *words)
{
	for (size_t i = 0; i < words->n; i++)
		free(words->list[i]);
}

void config_settle(struct config *config, bool reads_journal)
{
	config->journal.reads = reads_journal;
	if (!reads_journal || config->names_logs)
		return;
	for (size_t i = 0; i < config->n_logs; i++)
		free(config->logs[i]);
	config->n_logs = 0;
}

bool config_observes(const struct config *config)
{
	return strcmp(config->firewall.backend, "observe") == 0;
}

void config_ports_text(const struct config *config, size_t list, char out[static PORTLISTS_TEXT_MAX])
{
	if (config->firewall.manage_rules && !config_observes(config))
		portlists_text(&config->firewall.ports, list, out);
	else
		(void)snprintf(out, PORTLISTS_TEXT_MAX, "none");
}

void config_free(struct config *config)
{
	if (config == NULL)
		return;
	for (size_t i = 0; i < config->n_logs; i++)
		free(config->logs[i]);
	for (size_t i = 0; i < config->n_sockets; i++)
		free(config->sockets[i]);
	for (size_t i = 0; i < config->run.n_patterns; i++)
		free(config->run.patterns[i]);
	free(config->allow.nets);
	free_words(&config->allow.names);
	free_words(&config->allow.clients);
	free_words(&config->allow.files);
	for (size_t i = 0; i < config->dns.n; i++)
		free(config->dns.lists[i].zone);
	free(config->firewall.backend);
	free(config->firewall.chain);
	free_chains(config);
	free(config->firewall.list);
	free(config->firewall.log_prefix);
	free(config->journal.namespace);
	free(config->journal.machine);
	free(config->journal.directory);
	free(config->database.path);
	free(config->control.socket);
	free(config->control.group);
	free(config->control.readers);
	free(config->control.token_file);
	free(config->run.user);
	free(config);
}
