#include "share/stream.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/alloc.h"
#include "base/secretfile.h"
#include "share/tls.h"

#define KEY_BEGIN "wfs:1:"

enum {
	PASSWORD_MAX = 512,
	KEY_MAX = 48, /* KEY_BEGIN, a name and the NUL */
};

struct stream {
	redisContext *redis;
	redisReply *reply; /* the last one; NULL: none */
	size_t at, entry;  /* position of stream_next: stream, and entry in it */
};

/* --- errors --- */

static int fail(const struct stream *s, const char *what, struct why *why)
{
	char text[256];

	(void)text_escape((struct span){s->redis->errstr, strlen(s->redis->errstr)}, text, sizeof text);
	return why_set(why, EIO, "the server: %s: %s", what, text);
}

/* Keeps a command's reply until the next call and returns it. NULL: an error, which is in why. */
static redisReply *keep(struct stream *s, void *answer, const char *what, struct why *why)
{
	char text[256];

	if (s->reply != NULL)
		freeReplyObject(s->reply);
	s->reply = answer;
	if (answer == NULL) {
		(void)fail(s, what, why);
		return NULL;
	}
	if (s->reply->type != REDIS_REPLY_ERROR)
		return s->reply;
	(void)text_escape((struct span){s->reply->str, s->reply->len}, text, sizeof text);
	(void)why_set(why, EPERM, "the server refuses %s: %s", what, text);
	return NULL;
}

/* --- opening --- */

static int read_password(const char *path, char out[static PASSWORD_MAX], struct why *why)
{
	const struct secretfile secret = {path, "[share] password_file ",
	                                  "its first line is the password at the server", .for_group = true};
	size_t len;
	int rc;

	if ((rc = secretfile_read(&secret, out, PASSWORD_MAX - 1, &len, why)) < 0)
		return rc;
	out[len] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return out[0] != '\0' ? 0 : why_set(why, EINVAL, "[share] password_file %s: its first line is empty", path);
}

static int log_in(struct stream *s, const struct settings *settings, struct why *why)
{
	char password[PASSWORD_MAX];
	int rc;

	if (settings->password_file[0] == '\0')
		return 0;
	if ((rc = read_password(settings->password_file, password, why)) < 0)
		return rc;
	rc = keep(s, redisCommand(s->redis, "AUTH %s %s", settings->user, password), "AUTH", why) == NULL ? -EPERM : 0;
	explicit_bzero(password, sizeof password);
	return rc;
}

int stream_open(const struct settings *settings, struct stream **ret, struct why *why)
{
	const struct timeval timeout = {.tv_sec = STREAM_TIMEOUT_MS / 1000};
	struct stream *const s = alloc_zero(1, sizeof *s, "a connection to the server");
	int rc = 0;

	s->redis = settings->address == NULL ? redisConnectUnixWithTimeout(settings->server, timeout)
	                                     : redisConnectWithTimeout(settings->address, settings->port, timeout);
	(void)alloc_check(s->redis, sizeof *s->redis, "a connection to the server");
	if (s->redis->err != 0 || redisSetTimeout(s->redis, timeout) != REDIS_OK)
		rc = fail(s, settings->server, why);
	if (rc == 0 && settings->ca[0] != '\0')
		rc = tls_begin(s->redis, settings->ca, why);
	if (rc == 0)
		rc = log_in(s, settings, why);
	if (rc < 0)
		stream_close(s);
	else
		*ret = s;
	return rc;
}

void stream_close(struct stream *s)
{
	if (s == NULL)
		return;
	if (s->reply != NULL)
		freeReplyObject(s->reply);
	redisFree(s->redis);
	free(s);
}

int stream_fd(const struct stream *s)
{
	return s->redis->fd;
}

/* --- queries --- */

int stream_clock(struct stream *s, int64_t *ret_ms, struct why *why)
{
	const redisReply *const r = keep(s, redisCommand(s->redis, "TIME"), "TIME", why);

	if (r == NULL)
		return -EIO;
	if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 || r->element[0]->str == NULL ||
	    r->element[1]->str == NULL)
		return why_set(why, EPROTO, "the server: TIME: no time");
	*ret_ms = strtoll(r->element[0]->str, NULL, 10) * 1000 + strtoll(r->element[1]->str, NULL, 10) / 1000;
	return 0;
}

/* Accepts digits, "-", digits: the id is forwarded to the daemon, so nothing else may pass from a dishonest server. */
static bool is_id(const char *text, size_t len)
{
	const char *const dash = memchr(text, '-', len);

	for (size_t i = 0; i < len; i++)
		if (text + i != dash && (text[i] < '0' || text[i] > '9'))
			return false;
	return dash != NULL && dash > text && dash + 1 < text + len && len < STREAM_ID_MAX;
}

/* Reads "[id, [field, value, ...]]". Returns false if r is something else. */
static bool read_entry(const redisReply *r, struct stream_entry *ret)
{
	const redisReply *fields;

	if (r->type != REDIS_REPLY_ARRAY || r->elements != 2 || r->element[0]->type != REDIS_REPLY_STRING ||
	    !is_id(r->element[0]->str, r->element[0]->len))
		return false;
	*ret = (struct stream_entry){.message = {NULL, 0}};
	memcpy(ret->id, r->element[0]->str, r->element[0]->len);
	fields = r->element[1];
	for (size_t i = 0; fields->type == REDIS_REPLY_ARRAY && i + 1 < fields->elements; i += 2)
		if (fields->element[i]->type == REDIS_REPLY_STRING &&
		    fields->element[i + 1]->type == REDIS_REPLY_STRING &&
		    span_is((struct span){fields->element[i]->str, fields->element[i]->len}, "m"))
			ret->message = (struct span){fields->element[i + 1]->str, fields->element[i + 1]->len};
	return true;
}

struct key {
	char text[KEY_MAX];
};

/* Returns the key of a host's stream. With several servers or cluster slots, sharding would be done here. */
static struct key key_of(const char *host)
{
	struct key key;

	(void)snprintf(key.text, sizeof key.text, KEY_BEGIN "%s", host);
	return key;
}

int stream_last(struct stream *s, const char *host, struct stream_entry *ret, struct why *why)
{
	const redisReply *const r =
		keep(s, redisCommand(s->redis, "XREVRANGE %s + - COUNT 1", key_of(host).text), "XREVRANGE", why);

	if (r == NULL)
		return -EIO;
	if (r->type != REDIS_REPLY_ARRAY || r->elements == 0)
		return STREAM_NONE;
	return read_entry(r->element[0], ret) ? 0 : why_set(why, EPROTO, "the server: XREVRANGE: no entry");
}

/* --- writing --- */

void stream_add(struct stream *s, const char *host, struct span message, int64_t older_ms)
{
	(void)redisAppendCommand(s->redis, "XADD %s MINID ~ %lld * m %b", key_of(host).text, (long long)older_ms,
	                         message.p, message.len);
}

int stream_flush(struct stream *s, size_t n, struct why *why)
{
	int rc = 0;

	for (size_t i = 0; i < n; i++) {
		void *answer = NULL;

		if (redisGetReply(s->redis, &answer) != REDIS_OK)
			return fail(s, "XADD", why);
		if (keep(s, answer, "XADD", why) == NULL)
			rc = -EPERM;
	}
	return rc;
}

/* --- reading --- */

int stream_query(struct stream *s, const struct stream_place places[], size_t n, struct why *why)
{
	const size_t n_words = 6 + 2 * n;
	const char **const words = alloc_raw(n_words, sizeof *words, "a question to the server");
	struct key *const keys = alloc_raw(n, sizeof *keys, "a question to the server");
	char count[16], block[16];
	int done = 0, rc;

	(void)snprintf(count, sizeof count, "%d", STREAM_ENTRIES);
	(void)snprintf(block, sizeof block, "%d", STREAM_BLOCK_MS);
	words[0] = "XREAD";
	words[1] = "COUNT";
	words[2] = count;
	words[3] = "BLOCK";
	words[4] = block;
	words[5] = "STREAMS";
	for (size_t i = 0; i < n; i++) {
		keys[i] = key_of(places[i].host);
		words[6 + i] = keys[i].text;
		words[6 + n + i] = places[i].id;
	}
	rc = redisAppendCommandArgv(s->redis, (int)n_words, words, NULL); /* at most 2 * PEERS_MAX + 6 */
	while (rc == REDIS_OK && !done)
		rc = redisBufferWrite(s->redis, &done);
	free(keys);
	free(words);
	return rc == REDIS_OK ? 0 : fail(s, "XREAD", why);
}

int stream_receive(struct stream *s, struct why *why)
{
	void *answer = NULL;

	if (redisBufferRead(s->redis) != REDIS_OK || redisGetReplyFromReader(s->redis, &answer) != REDIS_OK)
		return fail(s, "XREAD", why);
	if (answer == NULL)
		return STREAM_NONE;
	s->at = s->entry = 0;
	return keep(s, answer, "XREAD", why) == NULL ? -EPERM : 0;
}

int stream_next(struct stream *s, struct stream_entry *ret)
{
	const size_t begin = strlen(KEY_BEGIN);

	while (s->reply != NULL && s->reply->type == REDIS_REPLY_ARRAY && s->at < s->reply->elements) {
		const redisReply *const one = s->reply->element[s->at];
		const redisReply *const key =
			one->type == REDIS_REPLY_ARRAY && one->elements == 2 ? one->element[0] : NULL;

		if (key == NULL || key->type != REDIS_REPLY_STRING || key->len <= begin ||
		    one->element[1]->type != REDIS_REPLY_ARRAY || s->entry >= one->element[1]->elements) {
			s->at++;
			s->entry = 0;
		} else if (read_entry(one->element[1]->element[s->entry++], ret)) {
			ret->host = (struct span){key->str + begin, key->len - begin};
			return 0;
		}
	}
	return STREAM_NONE;
}
