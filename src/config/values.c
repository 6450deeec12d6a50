#include "config/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/backends.h"
#include "base/duration.h"
#include "base/formats.h"

enum {
	SLOW_MAX = 100,          /* a client's list of scores is not endless */
	DNS_NAME_MAX_LEN = 253,  /* RFC 1035, as text */
	PART_LEN_MAX = 63,       /* of one between dots, likewise */
	ZONE_MAX_LEN = 189,      /* the same, behind the 32 digits of an IPv6 address and their dots */
	LIST_SCORE_MAX = 1000,
	LOG_PREFIX_MAX_LEN = 28, /* iptables' own limit less the NUL */
	JOURNAL_NAME_MAX = 128,
	DIRECTORY_MAX = 512,     /* of a journal: its name is in the database */
	SOCKET_MAX_LEN = 102,    /* sun_path, less ".read" and the NUL */
};

static void set_string(struct value *v)
{
	char **const field = (char **)((char *)v->config + v->at);

	free(*field);
	*field = alloc_text(v->text, "the configuration");
}

static int64_t *number_at(struct value *v)
{
	return (int64_t *)((char *)v->config + v->at);
}

static bool whole_number(const char *text, long long min, long long max, int64_t *ret)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || n < min || n > max)
		return false;
	*ret = n;
	return true;
}

const char *value_number(struct value *v)
{
	if (whole_number(v->text, v->min, v->max, number_at(v)))
		return NULL;
	(void)snprintf(v->want, sizeof v->want, "a whole number from %" PRId64 " to %" PRId64, v->min, v->max);
	return v->want;
}

const char *value_network(struct value *v)
{
	int64_t n;

	if (whole_number(v->text, v->min, v->max, &n) && n != 1) {
		*number_at(v) = n;
		return NULL;
	}
	(void)snprintf(v->want, sizeof v->want, "0, or a whole number from 2 to %" PRId64, v->max);
	return v->want;
}

const char *value_duration(struct value *v)
{
	char min[DURATION_TEXT_MAX], max[DURATION_TEXT_MAX];
	int64_t s;

	if (!duration_parse(v->text, &s) || (s == 0 && v->min == 1))
		return "a duration such as 90s, 10m, 1h30m or 7d";
	if (s < v->min || s > v->max) {
		duration_text(v->min, min);
		duration_text(v->max, max);
		(void)snprintf(v->want, sizeof v->want, "a duration from %s to %s", min, max);
		return v->want;
	}
	*number_at(v) = s;
	return NULL;
}

const char *value_durations(struct value *v)
{
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	v->config->block.n_for = 0;
	for (char *w = strtok_r(words, " \t,", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t,", &save)) {
		int64_t s;

		if (!duration_parse(w, &s) || s < 1)
			wanted = "durations such as \"10m 1h 1d\"";
		else if (v->config->block.n_for == CONFIG_DURATIONS_MAX)
			wanted = "at most 8 durations";
		else
			v->config->block.for_s[v->config->block.n_for++] = s;
	}
	if (wanted == NULL && v->config->block.n_for == 0)
		wanted = "at least one duration";
	free(words);
	return wanted;
}

const char *value_boolean(struct value *v)
{
	const bool yes = strcasecmp(v->text, "yes") == 0;

	if (!yes && strcasecmp(v->text, "no") != 0)
		return "yes or no";
	*(bool *)((char *)v->config + v->at) = yes;
	return NULL;
}

/* NULL: a name of a chain or list. */
static const char *wanted_name(const char *text)
{
	const size_t len = strlen(text);

	if (len == 0 || len > VALUE_NAME_MAX_LEN)
		return "1 to 23 characters";
	for (const char *p = text; *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || *p == '_' ||
		      (*p == '-' && p > text)))
			return "letters, digits, \"_\" and \"-\"";
	return NULL;
}

const char *value_word(struct value *v)
{
	const char *const wanted = wanted_name(v->text);

	if (wanted == NULL)
		set_string(v);
	return wanted;
}

/* "spammer"; or a table and a set in it, "filter spammer". */
const char *value_sets(struct value *v)
{
	const char *const space = strchr(v->text, ' ');
	char table[VALUE_NAME_MAX_LEN + 1];

	if (space == NULL)
		return value_word(v);
	(void)snprintf(table, sizeof table, "%.*s", (int)(space - v->text), v->text);
	if (space - v->text > VALUE_NAME_MAX_LEN || wanted_name(table) != NULL || wanted_name(space + 1) != NULL)
		return "a list, or a table of nftables and a set in it, each of 1 to 23 letters, digits, \"_\" and \"-\"";
	set_string(v);
	return NULL;
}

/* What an earlier file or the default had. */
static void clear(char *list[], size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		free(list[i]);
	*n = 0;
}

const char *value_chains(struct value *v)
{
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	clear(v->config->firewall.jump_from, &v->config->firewall.n_jump_from);
	for (char *w = strtok_r(words, " \t,", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t,", &save)) {
		wanted = wanted_name(w);
		if (wanted == NULL && v->config->firewall.n_jump_from == CONFIG_JUMPS_MAX)
			wanted = "at most 4 chains";
		if (wanted == NULL)
			v->config->firewall.jump_from[v->config->firewall.n_jump_from++] = alloc_text(w, "the configuration");
	}
	free(words);
	return wanted;
}

const char *value_hooks(struct value *v)
{
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
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
	v->config->firewall.hooks = hooks;
	return NULL;
}

const char *value_path(struct value *v)
{
	if (v->text[0] != '/')
		return "an absolute path";
	set_string(v);
	return NULL;
}

static bool find_word(const char *text, const char *const words[], size_t n, size_t *ret)
{
	for (*ret = 0; *ret < n; ++*ret)
		if (strcasecmp(text, words[*ret]) == 0)
			return true;
	return false;
}

const char *value_reading(struct value *v)
{
	static const char *const words[] = {[CONFIG_AUTO] = "auto", [CONFIG_YES] = "yes", [CONFIG_NO] = "no"};
	size_t i;

	if (find_word(v->text, words, sizeof words / sizeof *words, &i)) {
		v->config->journal.read = (enum config_reading)i;
		return NULL;
	}
	return "auto, yes or no";
}

const char *value_namespace(struct value *v)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@:";

	if (v->text[strspn(v->text, letters)] != '\0' || v->text[0] == '.' || strlen(v->text) > JOURNAL_NAME_MAX)
		return "a name of at most 128 letters, digits and \"-_.@:\"";
	set_string(v);
	return NULL;
}

const char *value_directory(struct value *v)
{
	if (v->text[0] != '\0' && (v->text[0] != '/' || strlen(v->text) > DIRECTORY_MAX))
		return "an absolute path of at most 512 bytes, or nothing";
	set_string(v);
	return NULL;
}

const char *value_socket(struct value *v)
{
	if ((v->text[0] != '\0' && v->text[0] != '/') || strlen(v->text) > SOCKET_MAX_LEN)
		return "an absolute path of at most 102 bytes, or nothing";
	set_string(v);
	return NULL;
}

/* "127.0.0.1:4711", "[::1]:4711" or nothing. */
const char *value_loopback(struct value *v)
{
	static const char want[] = "127.0.0.1:PORT, [::1]:PORT or nothing: other hosts must not reach it";
	const char *const colon = strrchr(v->text, ':');
	const bool bracket = v->text[0] == '[';
	struct addr addr;
	unsigned long port;
	size_t len;
	char *end;

	v->config->control.tcp_port = 0;
	if (v->text[0] == '\0')
		return NULL;
	if (colon == NULL || (bracket && (colon == v->text || colon[-1] != ']')) || colon[1] < '0' || colon[1] > '9')
		return want;
	len = (size_t)(colon - v->text) - (bracket ? 2 : 0);
	if (!addr_parse(v->text + bracket, len, &addr) || addr_is_ip4(&addr) == bracket)
		return want;
	if (addr_is_ip4(&addr) ? addr.bytes[12] != 127 : !addr_equal(&addr, &(struct addr){{[15] = 1}}))
		return want;
	port = strtoul(colon + 1, &end, 10);
	if (*end != '\0' || port < 1 || port > 65535)
		return want;
	v->config->control.tcp = addr;
	v->config->control.tcp_port = (uint16_t)port; /* in range, above */
	return NULL;
}

const char *value_rate(struct value *v)
{
	static const char right[] = "empty, or such as \"50/9s\": 1 to 10000 connections in 1 second to 1 hour";
	char count[8] = "";
	const char *const slash = strchr(v->text, '/');
	int64_t n, s;

	v->config->firewall.connections = v->config->firewall.connections_s = 0;
	if (*v->text == '\0')
		return NULL;
	if (slash == NULL || slash == v->text || (size_t)(slash - v->text) >= sizeof count || *v->text < '0' || *v->text > '9')
		return right;
	memcpy(count, v->text, (size_t)(slash - v->text)); /* shorter than count, above */
	if (!whole_number(count, 1, 10000, &n) || !duration_parse(slash + 1, &s) || s < 1 || s > 3600)
		return right;
	v->config->firewall.connections = n;
	v->config->firewall.connections_s = s;
	return NULL;
}

const char *value_times(struct value *v)
{
	const size_t digits = strspn(v->text, "0123456789");

	if (digits != 1 || strcmp(v->text + 1, "x") != 0 || v->text[0] == '0') {
		if (value_number(v) == NULL)
			return NULL;
		(void)snprintf(v->want, sizeof v->want, "1x to 9x (times threshold), or a whole number up to %" PRId64, v->max);
		return v->want;
	}
	*number_at(v) = -(v->text[0] - '0'); /* until the whole configuration is read */
	return NULL;
}

const char *value_slow(struct value *v)
{
	static const char right[] = "0, or such as \"10 in 24h\": 2 to 100 failed logins within 1 hour to 7 days";
	char count[8] = "";
	const size_t digits = strspn(v->text, "0123456789");
	int64_t n, s;

	v->config->block.slow = 0;
	v->config->block.slow_s = 86400;
	if (strcmp(v->text, "0") == 0)
		return NULL;
	if (digits == 0 || digits >= sizeof count || strncmp(v->text + digits, " in ", 4) != 0)
		return right;
	memcpy(count, v->text, digits); /* shorter than count, above */
	if (!whole_number(count, 2, SLOW_MAX, &n) || !duration_parse(v->text + digits + 4, &s) || s < 3600 || s > 7 * 86400)
		return right;
	v->config->block.slow = n;
	v->config->block.slow_s = s;
	return NULL;
}

const char *value_action(struct value *v)
{
	static const char *const names[] = {
		[CONFIG_DROP] = "drop", [CONFIG_REJECT] = "reject", [CONFIG_RESET] = "reset"};
	size_t i;

	if (find_word(v->text, names, sizeof names / sizeof *names, &i)) {
		v->config->firewall.action = (enum config_action)i;
		return NULL;
	}
	return "drop, reject or reset";
}

const char *value_sessions(struct value *v)
{
	static const char *const names[] = {
		[CONFIG_SESSIONS_DROP] = "drop", [CONFIG_SESSIONS_KEEP] = "keep", [CONFIG_SESSIONS_KILL] = "kill"};
	size_t i;

	if (find_word(v->text, names, sizeof names / sizeof *names, &i)) {
		v->config->firewall.sessions = (enum config_sessions)i;
		return NULL;
	}
	return "drop, keep or kill";
}

const char *value_backend(struct value *v)
{
#define NAME(name) #name,
#define WORD(name) " " #name
	static const char *const names[] = {"auto", BACKENDS(NAME)};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(v->text, names[i]) == 0) {
			set_string(v);
			return NULL;
		}
	return "one of auto" BACKENDS(WORD);
#undef NAME
#undef WORD
}

const char *value_format(struct value *v)
{
#define NAME(unused, name) #name,
#define WORD(unused, name) " " #name
	static const char *const names[] = {FORMATS(NAME)};
	size_t ignored;

	if (!find_word(v->text, names, sizeof names / sizeof *names, &ignored))
		return "one of" FORMATS(WORD);
	set_string(v);
	return NULL;
#undef NAME
#undef WORD
}

const char *value_prefix(struct value *v)
{
	if (strlen(v->text) > LOG_PREFIX_MAX_LEN)
		return "at most 28 characters";
	for (const char *p = v->text; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7E)
			return "printable ASCII";
	set_string(v);
	return NULL;
}

const char *value_dirs(struct value *v)
{
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	clear(v->config->run.patterns, &v->config->run.n_patterns);
	for (char *w = strtok_r(words, " \t", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t", &save)) {
		if (w[0] != '/')
			wanted = "absolute paths of directories, separated by blanks";
		else if (v->config->run.n_patterns == CONFIG_DIRS_MAX)
			wanted = "at most 8 directories";
		else
			v->config->run.patterns[v->config->run.n_patterns++] = alloc_text(w, "the configuration");
	}
	if (wanted == NULL && v->config->run.n_patterns == 0)
		wanted = "at least one directory";
	free(words);
	return wanted;
}

const char *value_addresses(struct value *v)
{
	const char *p = v->text;

	while (*p != '\0') {
		const size_t len = strcspn(p, " \t,");

		if (len > 0) {
			if (v->config->allow.n == CONFIG_ALLOW_MAX)
				return "at most 4096 addresses";
			if (!net_parse(p, len, &v->config->allow.nets[v->config->allow.n]))
				return "an address or a network without host bits, such as 192.0.2.7 or 2001:db8::/32";
			v->config->allow.n++;
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

/* Words that are added to those of earlier lines; want says what is_good takes. */
static const char *add_words(struct value *v, bool (*is_good)(const char *), const char *want)
{
	struct config_words *const list = (struct config_words *)((char *)v->config + v->at);
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	for (char *w = strtok_r(words, " \t,", &save); w != NULL && wanted == NULL; w = strtok_r(NULL, " \t,", &save)) {
		if (!is_good(w))
			wanted = want;
		else if (list->n == CONFIG_WORDS_MAX)
			wanted = "at most 256 of them";
		else
			list->list[list->n++] = alloc_text(w, "the configuration");
	}
	free(words);
	return wanted;
}

static bool is_host(const char *word)
{
	struct net net;

	return is_name(word, "") && !net_parse(word, strlen(word), &net);
}

static bool is_client(const char *word)
{
	return is_name(word, "*?");
}

static bool is_absolute(const char *word)
{
	return word[0] == '/';
}

const char *value_names(struct value *v)
{
	return add_words(v, is_host, "DNS names such as mx.example.org");
}

/* Names that can be asked for: no part is longer than 63 bytes, and all of it not than 253. */
static bool is_domain(const char *word)
{
	size_t part;

	if (!is_host(word) || strlen(word) > DNS_NAME_MAX_LEN)
		return false;
	for (const char *p = word; *p != '\0'; p += part + (p[part] == '.')) {
		part = strcspn(p, ".");
		if (part == 0 || part > PART_LEN_MAX)
			return false;
	}
	return true;
}

const char *value_domains(struct value *v)
{
	return add_words(v, is_domain, "domains such as example.org");
}

const char *value_clients(struct value *v)
{
	return add_words(v, is_client, "names such as mx.example.org or *.example.org");
}

const char *value_files(struct value *v)
{
	return add_words(v, is_absolute, "absolute paths");
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
const char *value_dns_list(struct value *v)
{
	static const char want[] = "a zone, a score from 1 to 1000 or \"allow\", and if need be the answers that count, such as "
				   "\"dnsbl.example 60 =127.0.0.2,127.0.0.4\"";
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
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
	} else if (v->config->dns.n == CONFIG_LISTS_MAX) {
		wanted = "at most 16 lists";
	} else {
		list.zone = alloc_text(zone, "the configuration");
		list.score = (int)n; /* in range, above */
		v->config->dns.lists[v->config->dns.n++] = list;
	}
	free(words);
	return wanted;
}

const char *value_text(struct value *v)
{
	set_string(v);
	return NULL;
}

const char *value_ports(struct value *v)
{
	const char *const name = v->key + strlen(v->key[strlen("ports")] == '.' ? "ports." : "ports");

	return portlists_read(&v->config->firewall.ports, name, v->text, v->is_given);
}

/* A gate has its defaults from the beginning of its section on. */
const char *value_gate(struct value *v)
{
	return v->is_given ? gates_read(&v->config->gates, v->key, v->text) : NULL;
}
