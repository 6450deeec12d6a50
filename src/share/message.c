#include "share/message.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

enum { VERSION = 1 };

/* A double represents these exactly, so that every JSON reader reads the same number. */
#define NUMBER_MAX (INT64_C(1) << 53)

static const char *const ops[MESSAGE_OPS] = {"block", "lift", "white", "own", "good"};

const char *message_op_text(enum message_op op)
{
	return ops[op];
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
	       c == '.';
}

void message_word(const char *word, char out[static MESSAGE_WORD_MAX])
{
	size_t n = 0;

	for (; *word != '\0' && n < MESSAGE_WORD_MAX - 1; word++)
		if (is_word_char(*word))
			out[n++] = *word;
	out[n] = '\0';
	if (n == 0)
		(void)snprintf(out, MESSAGE_WORD_MAX, "other");
}

/* --- reading --- */

static int wrong(const char *member, struct why *why)
{
	return why_set(why, EINVAL, "its \"%s\" is missing or cannot be", member);
}

static int read_number(const json_t *json, const char *member, int64_t max, int64_t *ret, struct why *why)
{
	const json_t *const value = json_object_get(json, member);
	const int64_t n = json_integer_value(value); /* 0 if it is not an integer */

	if (!json_is_integer(value) || n < 0 || n > max)
		return wrong(member, why);
	*ret = n;
	return 0;
}

/* Copies a string of 1..cap - 1 bytes without a NUL in it. */
static int read_text(const json_t *json, const char *member, char *ret, size_t cap, struct why *why)
{
	const json_t *const value = json_object_get(json, member);
	const size_t len = json_string_length(value); /* 0 if it is not a string */

	if (len == 0 || len >= cap || strlen(json_string_value(value)) != len)
		return wrong(member, why);
	memcpy(ret, json_string_value(value), len + 1);
	return 0;
}

static int read_word(const json_t *json, const char *member, char ret[static MESSAGE_WORD_MAX], struct why *why)
{
	const int rc = read_text(json, member, ret, MESSAGE_WORD_MAX, why);

	for (const char *c = ret; rc == 0 && *c != '\0'; c++)
		if (!is_word_char(*c))
			return wrong(member, why);
	return rc;
}

/* Parses digits up to end, without leading zeros, so that each number has one text. */
static bool read_digits(const char **at, char end, int64_t *ret)
{
	const char *c = *at;
	int64_t n = 0;

	if (*c < '0' || *c > '9' || (*c == '0' && c[1] != end))
		return false;
	for (; *c >= '0' && *c <= '9' && n <= NUMBER_MAX; c++)
		n = n * 10 + (*c - '0');
	if (*c != end || n > NUMBER_MAX)
		return false;
	*at = c + 1;
	*ret = n;
	return true;
}

static int read_id(const json_t *json, struct message *m, struct why *why)
{
	char id[PEERS_NAME_MAX + 40];
	const char *colon, *at;
	int rc = read_text(json, "id", id, sizeof id, why);

	if (rc < 0)
		return rc;
	colon = strchr(id, ':');
	if (colon == NULL || !peers_is_name((struct span){id, (size_t)(colon - id)}))
		return wrong("id", why);
	at = colon + 1;
	if (!read_digits(&at, ':', &m->era) || !read_digits(&at, '\0', &m->number))
		return wrong("id", why);
	memcpy(m->host, id, (size_t)(colon - id));
	return 0;
}

static int read_op(const json_t *json, enum message_op *ret, struct why *why)
{
	char op[16];
	const int rc = read_text(json, "op", op, sizeof op, why);
	size_t i;

	if (rc < 0)
		return rc;
	if (!text_find(op, ops, MESSAGE_OPS, &i))
		return wrong("op", why);
	*ret = (enum message_op)i; /* below MESSAGE_OPS */
	return 0;
}

/* Accepts a network only in its canonical text. */
static int read_net(const json_t *json, struct net *ret, struct why *why)
{
	char text[NET_TEXT_MAX], again[NET_TEXT_MAX];
	struct net net;

	if (read_text(json, "net", text, sizeof text, why) < 0 || !net_parse(text, strlen(text), &net))
		return wrong("net", why);
	(void)net_text(&net, again);
	if (strcmp(text, again) != 0)
		return wrong("net", why);
	*ret = net;
	return 0;
}

static int read_block(const json_t *json, struct message *m, struct why *why)
{
	int64_t offence = 0;
	int rc = read_number(json, "offence", MESSAGE_OFFENCE_MAX, &offence, why);

	m->offence = (unsigned)offence; /* the range was checked above */
	if (rc == 0)
		rc = read_word(json, "rule", m->rule, why);
	return rc < 0 ? rc : read_word(json, "category", m->category, why);
}

static int read_known(const json_t *json, struct hexlist *ret, struct why *why)
{
	char text[HEXLIST_TEXT_MAX];

	if (read_text(json, "known", text, sizeof text, why) < 0 ||
	    !hexlist_parse((struct span){text, strlen(text)}, ret))
		return wrong("known", why);
	return 0;
}

static int read_members(const json_t *json, struct message *m, char signature[static MESSAGE_SIGNATURE_MAX],
                        struct why *why)
{
	int64_t version = 0;
	int rc = read_number(json, "v", NUMBER_MAX, &version, why);

	if (rc == 0 && version != VERSION)
		rc = why_set(why, EINVAL, "its version is %" PRId64 ", this program reads %d", version, VERSION);
	if (rc == 0)
		rc = read_id(json, m, why);
	if (rc == 0)
		rc = read_op(json, &m->op, why);
	if (rc == 0)
		rc = m->op == MESSAGE_GOOD ? read_known(json, &m->known, why) : read_net(json, &m->net, why);
	if (rc == 0)
		rc = read_number(json, "at", NUMBER_MAX, &m->at_s, why);
	if (rc == 0 && m->op != MESSAGE_LIFT)
		rc = read_number(json, "until", NUMBER_MAX, &m->until_s, why);
	if (rc == 0 && m->op == MESSAGE_BLOCK)
		rc = read_block(json, m, why);
	return rc < 0 ? rc : read_text(json, "sig", signature, MESSAGE_SIGNATURE_MAX, why);
}

int message_parse(struct span text, struct message *ret, char signature[static MESSAGE_SIGNATURE_MAX], struct why *why)
{
	struct message m = {0};
	json_t *json;
	int rc;

	if (text.len > MESSAGE_MAX)
		return why_set(why, EINVAL, "it is longer than %d bytes", MESSAGE_MAX);
	json = json_loadb(text.len > 0 ? text.p : "", text.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(json))
		rc = why_set(why, EINVAL, "it is no JSON object");
	else
		rc = read_members(json, &m, signature, why);
	json_decref(json);
	if (rc == 0)
		*ret = m;
	return rc;
}

/* --- writing --- */

/* Writes the network, or those that are known to be good. */
static void subject_text(const struct message *m, char out[static HEXLIST_TEXT_MAX])
{
	static_assert((int)HEXLIST_TEXT_MAX >= (int)NET_TEXT_MAX, "for both");
	if (m->op == MESSAGE_GOOD)
		hexlist_text(&m->known, out);
	else
		(void)net_text(&m->net, out);
}

size_t message_canonical(const struct message *m, char out[static MESSAGE_MAX])
{
	char subject[HEXLIST_TEXT_MAX];

	subject_text(m, subject);
	/* It fits: three words, a host, a subject and five numbers. No member contains a newline. */
	return (size_t)snprintf(out, MESSAGE_MAX,
	                        "watchforspammers %d\n%s\n%" PRId64 "\n%" PRId64 "\n%" PRId64 "\n%s\n%s\n%" PRId64
	                        "\n%u\n%s\n%s\n",
	                        VERSION, m->host, m->era, m->number, m->at_s, ops[m->op], subject, m->until_s,
	                        m->offence, m->rule, m->category);
}

size_t message_print(const struct message *m, const char *signature, char out[static MESSAGE_MAX])
{
	char subject[HEXLIST_TEXT_MAX], until[40] = "", block[2 * MESSAGE_WORD_MAX + 64] = "";

	subject_text(m, subject);
	if (m->op != MESSAGE_LIFT)
		(void)snprintf(until, sizeof until, "\"until\":%" PRId64 ",", m->until_s);
	if (m->op == MESSAGE_BLOCK)
		(void)snprintf(block, sizeof block, "\"offence\":%u,\"rule\":\"%s\",\"category\":\"%s\",", m->offence,
		               m->rule, m->category);
	/* No text here needs escaping in JSON. */
	return (size_t)snprintf(out, MESSAGE_MAX,
	                        "{\"v\":%d,\"id\":\"%s:%" PRId64 ":%" PRId64 "\",\"at\":%" PRId64
	                        ",\"op\":\"%s\",\"%s\":\"%s\",%s%s\"sig\":\"%s\"}",
	                        VERSION, m->host, m->era, m->number, m->at_s, ops[m->op],
	                        m->op == MESSAGE_GOOD ? "known" : "net", subject, until, block, signature);
}
