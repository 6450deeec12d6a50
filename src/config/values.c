#include "config/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/duration.h"
#include "base/formats.h"

enum {
	SLOW_MAX = 100, /* a client has a limited number of scores */
	JOURNAL_NAME_MAX = 128,
	DIRECTORY_MAX = 512,  /* of a journal: its path is stored in the database */
	SOCKET_MAX_LEN = 102, /* sun_path, less ".read" and the NUL */
};

void value_keep(struct value *v)
{
	char **const field = (char **)((char *)v->config + v->at);

	free(*field);
	*field = alloc_text(v->text, "the configuration");
}

static int64_t *number_at(struct value *v)
{
	return (int64_t *)((char *)v->config + v->at);
}

bool value_whole(const char *text, long long min, long long max, int64_t *ret)
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
	if (value_whole(v->text, v->min, v->max, number_at(v)))
		return NULL;
	(void)snprintf(v->want, sizeof v->want, "a whole number from %" PRId64 " to %" PRId64, v->min, v->max);
	return v->want;
}

const char *value_network(struct value *v)
{
	int64_t n;

	if (value_whole(v->text, v->min, v->max, &n) && n != 1) {
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

const char *value_wanted_name(const char *text)
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
	const char *const wanted = value_wanted_name(v->text);

	if (wanted == NULL)
		value_keep(v);
	return wanted;
}

void value_clear(char *list[], size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		free(list[i]);
	*n = 0;
}

const char *value_path(struct value *v)
{
	if (v->text[0] != '/')
		return "an absolute path";
	value_keep(v);
	return NULL;
}

bool value_one_of(const char *text, const char *const words[], size_t n, size_t *ret)
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

	if (value_one_of(v->text, words, sizeof words / sizeof *words, &i)) {
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
	value_keep(v);
	return NULL;
}

const char *value_directory(struct value *v)
{
	if (v->text[0] != '\0' && (v->text[0] != '/' || strlen(v->text) > DIRECTORY_MAX))
		return "an absolute path of at most 512 bytes, or nothing";
	value_keep(v);
	return NULL;
}

const char *value_socket(struct value *v)
{
	if ((v->text[0] != '\0' && v->text[0] != '/') || strlen(v->text) > SOCKET_MAX_LEN)
		return "an absolute path of at most 102 bytes, or nothing";
	value_keep(v);
	return NULL;
}

/* Reads "127.0.0.1:4711", "[::1]:4711" or nothing. */
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

const char *value_times(struct value *v)
{
	const size_t digits = strspn(v->text, "0123456789");

	if (digits != 1 || strcmp(v->text + 1, "x") != 0 || v->text[0] == '0') {
		if (value_number(v) == NULL)
			return NULL;
		(void)snprintf(v->want, sizeof v->want, "1x to 9x (times threshold), or a whole number up to %" PRId64,
		               v->max);
		return v->want;
	}
	*number_at(v) = -(v->text[0] - '0'); /* negative until the whole configuration is read */
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
	memcpy(count, v->text, digits); /* fits: checked above */
	if (!value_whole(count, 2, SLOW_MAX, &n) || !duration_parse(v->text + digits + 4, &s) || s < 3600 ||
	    s > 7 * 86400)
		return right;
	v->config->block.slow = n;
	v->config->block.slow_s = s;
	return NULL;
}

const char *value_format(struct value *v)
{
#define NAME(unused, name) #name,
#define WORD(unused, name) " " #name
	static const char *const names[] = {FORMATS(NAME)};
	size_t ignored;

	if (!value_one_of(v->text, names, sizeof names / sizeof *names, &ignored))
		return "one of" FORMATS(WORD);
	value_keep(v);
	return NULL;
#undef NAME
#undef WORD
}

const char *value_dirs(struct value *v)
{
	char *const words = alloc_text(v->text, "the configuration"), *save = NULL;
	const char *wanted = NULL;

	value_clear(v->config->run.patterns, &v->config->run.n_patterns);
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

const char *value_text(struct value *v)
{
	value_keep(v);
	return NULL;
}
