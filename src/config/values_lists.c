#include "config/values.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"

enum {
	DNS_NAME_MAX_LEN = 253, /* bytes of a name as text, RFC 1035 */
	PART_LEN_MAX = 63,      /* bytes of a label, RFC 1035 */
	ZONE_MAX_LEN = 189,     /* what remains after the 32 digits of an IPv6 address and their dots */
	LIST_SCORE_MAX = 1000,
};

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

/* Adds words to those of earlier lines. want: describes what is_good accepts. */
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

/* Returns true for a name that can be looked up: labels of at most 63 bytes, and at most 253 bytes in all. */
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

/* Reads "=127.0.0.2,127.0.0.4". */
static bool read_codes(struct config_list *list, const char *text)
{
	for (; *text == '=' || *text == ','; text += strcspn(text, ",")) {
		struct addr code;

		text++;
		if (list->n_codes == CONFIG_CODES_MAX || !addr_parse(text, strcspn(text, ","), &code) ||
		    !addr_is_ip4(&code) || code.bytes[12] != 127)
			return false;
		list->codes[list->n_codes++] = code;
	}
	return *text == '\0' && list->n_codes > 0;
}

static bool is_zone(const char *word)
{
	const size_t len = strlen(word);

	return is_name(word, "") && len <= ZONE_MAX_LEN && word[0] != '.' && word[len - 1] != '.' &&
	       strstr(word, "..") == NULL;
}

/* Reads "ZONE SCORE" or "ZONE allow", optionally followed by "=CODE,CODE...". An empty value is the default. */
const char *value_dns_list(struct value *v)
{
	static const char want[] =
		"a zone, a score from 1 to 1000 or \"allow\", and optionally the answers that count, such as "
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
	    (strcasecmp(score, "allow") != 0 && !value_whole(score, 1, LIST_SCORE_MAX, &n)) ||
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
