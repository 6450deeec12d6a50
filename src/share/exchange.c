#include "share/exchange.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/localaddrs.h"
#include "base/log.h"
#include "base/signals.h"
#include "config/peers.h"
#include "share/incoming.h"
#include "share/link.h"
#include "share/message.h"
#include "share/outgoing.h"
#include "share/sign.h"
#include "share/stream.h"

enum {
	AGAIN_MS = 1000,       /* delay after an error */
	GATHER_MS = 20,        /* delay between queries: what arrives meanwhile is cheaper to handle together */
	CHECK_MS = 5000,       /* interval at which our stream is compared with what we published */
	OWN_MS = 86400 * 1000, /* own addresses are published this often ... */
	OWN_S = 2 * 86400,     /* ... and are valid this long */
	GOOD_S = 60 * 3600,    /* validity of what is good: the messages of one day may be missed */
	PER_EVENT = 1000000,   /* numbers for each event: the others are for own addresses and what is good */
};

enum place { SIGNALS, WATCH, REQUESTS, SERVER, N_PLACES };

struct exchange {
	const struct settings *settings;
	struct sign_key key;
	struct peers peers;
	/* to the daemon: watch receives events; requests carries the others' messages, and queries */
	struct link watch, requests;
	struct stream *out, *in;
	size_t n; /* peers that the daemon knows and whose streams we read */
	struct stream_place *places;
	int64_t ahead_ms;           /* server's clock minus clock_steady_ms */
	int64_t era, number;        /* of the last message in our stream */
	int64_t check_at, own_at;   /* clock_steady_ms, like all that end in _at */
	int64_t watch_at, query_at; /* when to read events next, and when to query the server next */
	int64_t published;          /* messages that the daemon has not yet counted ... */
	int64_t reported;           /* ... of these, the number in the current notification */
	int64_t good_day;           /* the day, since 1970, whose good networks are being published ... */
	int64_t good_part;          /* ... and the part of them that is next */
	size_t unanswered;          /* lines sent to the daemon and not yet answered */
	bool queried;               /* a query for new entries is pending at the server */
	bool again;                 /* SIGHUP was received */
	bool stop;
	struct why trouble; /* the error that was logged; "": none */
	int signal_fd;
};

static int64_t server_ms(const struct exchange *e)
{
	return clock_steady_ms() + e->ahead_ms;
}

/* --- our stream --- */

/* Numbers, signs and queues a message. */
static void publish(struct exchange *e, struct message *m)
{
	char bytes[MESSAGE_MAX], text[MESSAGE_MAX], signature[MESSAGE_SIGNATURE_MAX];
	size_t len;

	(void)snprintf(m->host, sizeof m->host, "%s", e->settings->host);
	m->era = e->era;
	m->number = e->number;
	e->published++;
	len = message_canonical(m, bytes);
	sign_make(&e->key, (struct span){bytes, len}, signature);
	len = message_print(m, signature, text);
	stream_add(e->out, e->settings->host, (struct span){text, len}, server_ms(e) - e->settings->keep_s * 1000);
}

/* Returns the era and number at the end of our stream; -1, -1 if it is empty or its last entry is not ours. */
static int find_end(struct exchange *e, int64_t *ret_era, int64_t *ret_number, struct why *why)
{
	struct stream_entry last;
	struct message m;
	const int rc = stream_last(e->out, e->settings->host, &last, why);

	if (rc < 0)
		return rc;
	*ret_era = *ret_number = -1;
	if (rc == 0 && incoming_verify(&last, e->settings->host, e->key.public, &m, why) == 0) {
		*ret_era = m.era;
		*ret_number = m.number;
	}
	return 0;
}

static void begin_era(struct exchange *e)
{
	e->era = server_ms(e) / 1000;
	e->number = 0;
	e->own_at = 0;
}

/* Takes the next number for a message about this host, which belongs to no event. */
static void next_number(struct exchange *e)
{
	if (e->number % PER_EVENT == PER_EVENT - 1)
		begin_era(e); /* there was no event for years */
	e->number++;
}

/* Publishes the addresses that everybody can reach. */
static int publish_own_addresses(struct exchange *e, struct why *why)
{
	struct net own[LOCALADDRS_MAX];
	const size_t n = localaddrs_addresses(own);
	const int64_t now_s = clock_unix_s();
	size_t n_public = 0;

	for (size_t i = 0; i < n; i++) {
		struct message m = {.op = MESSAGE_OWN, .net = own[i], .at_s = now_s, .until_s = now_s + OWN_S};

		if (own[i].len != 128 || net_is_never(&own[i]) || addr_is_private(&own[i].addr))
			continue;
		next_number(e);
		publish(e, &m);
		n_public++;
	}
	e->own_at = clock_steady_ms() + OWN_MS;
	return stream_flush(e->out, n_public, why);
}

/* --- what is good here --- */

/* Asks for one part every CHECK_MS, to stay below the others' per_minute. publish_good handles the reply. */
static int query_good(struct exchange *e, struct why *why)
{
	char line[64];

	e->reported = e->published;
	(void)snprintf(line, sizeof line, "sent %" PRId64 " %" PRId64, e->reported, e->good_part);
	link_put(&e->requests, line);
	e->unanswered++;
	return link_flush(&e->requests, why);
}

static int publish_good(struct exchange *e, const json_t *answer, struct why *why)
{
	const json_t *const day = json_object_get(answer, "day"), *const known = json_object_get(answer, "known");
	const int64_t now_s = clock_unix_s();
	struct message m = {.op = MESSAGE_GOOD, .at_s = now_s, .until_s = now_s + GOOD_S};
	int rc;

	if (!json_is_integer(day))
		return 0; /* the reply to something else */
	e->published -= e->reported;
	e->reported = 0;
	if (json_integer_value(day) != e->good_day) {
		e->good_day = json_integer_value(day);
		e->good_part = 0;
		return query_good(e, why);
	}
	if (!json_is_string(known) ||
	    !hexlist_parse((struct span){json_string_value(known), json_string_length(known)}, &m.known))
		return 0; /* nothing, or nothing more */
	next_number(e);
	publish(e, &m);
	rc = stream_flush(e->out, 1, why);
	e->good_part += rc == 0;
	return rc;
}

/* Detects that the stream was emptied or restored: its end is then not what we wrote last. */
static int check_stream(struct exchange *e, struct why *why)
{
	int64_t era = -1, number = -1, clock_ms;
	int rc = stream_clock(e->out, &clock_ms, why);

	if (rc < 0 || (rc = find_end(e, &era, &number, why)) < 0)
		return rc;
	e->ahead_ms = clock_ms - clock_steady_ms();
	e->check_at = clock_steady_ms() + CHECK_MS;
	if (e->number == 0 || (era == e->era && number >= e->number))
		return query_good(e, why);
	e->good_part = 0;
	return why_set(why, ESTALE, "the server has lost entries of our stream; publishing them again");
}

/* Publishes the daemon's new events. */
static int publish_events(struct exchange *e, struct why *why)
{
	const int64_t now_s = clock_unix_s();
	int64_t event = 0;
	struct message m;
	struct span line;
	size_t n = 0;
	int rc = link_receive(&e->watch, why);

	e->watch_at = clock_steady_ms() + GATHER_MS;
	while (rc >= 0 && link_next(&e->watch, &line))
		if ((rc = outgoing_read(line, now_s, &m, &event, why)) == 0) {
			e->number = event * PER_EVENT;
			publish(e, &m);
			n++;
		}
	if (rc < 0)
		return rc;
	return stream_flush(e->out, n, why);
}

/* --- the others' streams --- */

static int query(struct exchange *e, struct why *why)
{
	const int rc = e->n == 0 ? 0 : stream_query(e->in, e->places, e->n, why);

	e->queried = rc == 0;
	e->query_at = clock_steady_ms() + GATHER_MS;
	return rc;
}

static void forward(struct exchange *e, const struct stream_entry *entry)
{
	const struct peers_peer *const peer = peers_find(&e->peers, entry->host);
	char line[INCOMING_LINE_MAX];

	for (size_t i = 0; i < e->n; i++)
		if (span_is(entry->host, e->places[i].host))
			memcpy(e->places[i].id, entry->id, sizeof e->places[i].id);
	if (peer == NULL || !incoming_line(entry, peer, server_ms(e), line))
		return;
	link_put(&e->requests, line);
	e->unanswered++;
}

static int receive_entries(struct exchange *e, struct why *why)
{
	struct stream_entry entry;
	const int rc = stream_receive(e->in, why);

	if (rc != 0)
		return rc < 0 ? rc : 0;
	e->queried = false;
	while (stream_next(e->in, &entry) == 0)
		forward(e, &entry);
	return link_flush(&e->requests, why);
}

/* If the daemon reports an error, it is its database's: what it did not store is forwarded again. */
static int receive_replies(struct exchange *e, struct why *why)
{
	struct span line;
	int rc = link_receive(&e->requests, why);

	while (rc == 0 && link_next(&e->requests, &line)) {
		json_t *const answer = json_loadb(line.p, line.len, 0, NULL);
		const char *const error = json_string_value(json_object_get(answer, "error"));

		if (!json_is_true(json_object_get(answer, "ok")))
			rc = why_set(why, EAGAIN, "the daemon: %s", error == NULL ? "no answer" : error);
		else
			rc = publish_good(e, answer, why);
		json_decref(answer);
		if (e->unanswered > 0)
			e->unanswered--;
	}
	return rc == 0 ? link_flush(&e->requests, why) : rc;
}

/* --- opening --- */

/* Finds where to continue in a peer's stream. OUTGOING_NONE: the daemon does not know the peer. */
static int find_place(struct exchange *e, const char *name, struct stream_place *ret, struct why *why)
{
	char line[PEERS_NAME_MAX + 8];
	struct stream_entry last;
	struct span answer = {NULL, 0};
	json_t *json;
	const char *id;
	int rc;

	(void)snprintf(line, sizeof line, "peer %s", name);
	if ((rc = link_query(&e->requests, line, &answer, why)) < 0)
		return rc;
	json = json_loadb(answer.p, answer.len, 0, NULL);
	id = json_string_value(json_object_get(json, "stream"));
	ret->host = name;
	(void)snprintf(ret->id, sizeof ret->id, "%s", id == NULL ? "" : id);
	json_decref(json);
	if (ret->id[0] == '\0') {
		log_line(LOG_WARNING,
		         "the daemon does not know the peer %s; reload it after a change of the file of peers", name);
		return OUTGOING_NONE;
	}
	/* A server that lost its data and has a different clock starts with lower ids. */
	if ((rc = stream_last(e->out, name, &last, why)) == 0 && incoming_is_before(last.id, ret->id))
		(void)snprintf(ret->id, sizeof ret->id, "0-0");
	return rc < 0 ? rc : 0;
}

static int find_places(struct exchange *e, struct why *why)
{
	int rc = 0;

	e->places = alloc_resize(e->places, e->peers.n, sizeof *e->places, "the peers");
	e->n = 0;
	for (size_t i = 0; i < e->peers.n && rc >= 0; i++) {
		if (strcmp(e->peers.list[i].name, e->settings->host) == 0)
			continue; /* all hosts share one peers file */
		rc = find_place(e, e->peers.list[i].name, &e->places[e->n], why);
		e->n += rc == 0;
	}
	return rc < 0 ? rc : 0;
}

/* Subscribes to the events after the last published one; to all if the daemon has a different database. */
static int watch(struct exchange *e, struct why *why)
{
	char line[40];
	struct span answer = {NULL, 0};
	int rc;

	for (;;) {
		json_t *json;
		bool ok;

		(void)snprintf(line, sizeof line, "watch own %" PRId64, e->number / PER_EVENT);
		if ((rc = link_open(&e->watch, e->settings->socket, why)) < 0 ||
		    (rc = link_query(&e->watch, line, &answer, why)) < 0)
			return rc;
		json = json_loadb(answer.p, answer.len, 0, NULL);
		ok = json_is_true(json_object_get(json, "ok"));
		json_decref(json);
		if (ok)
			return 0;
		if (e->number == 0)
			return why_set(why, EPERM, "the daemon does not let us watch: %.*s",
			               (int)(answer.len < 200 ? answer.len : 200), answer.p);
		link_close(&e->watch);
		begin_era(e);
	}
}

static int open_all(struct exchange *e, struct why *why)
{
	int64_t clock_ms;
	int rc;

	if ((rc = link_open(&e->requests, e->settings->socket, why)) < 0 ||
	    (rc = stream_open(e->settings, &e->out, why)) < 0 || (rc = stream_open(e->settings, &e->in, why)) < 0 ||
	    (rc = stream_clock(e->out, &clock_ms, why)) < 0 || (rc = find_end(e, &e->era, &e->number, why)) < 0)
		return rc;
	e->ahead_ms = clock_ms - clock_steady_ms();
	e->check_at = clock_steady_ms();
	if (e->era < 0)
		begin_era(e);
	if ((rc = find_places(e, why)) < 0 || (rc = watch(e, why)) < 0)
		return rc;
	return publish_events(e, why);
}

static void close_all(struct exchange *e)
{
	link_close(&e->requests);
	link_close(&e->watch);
	stream_close(e->out);
	stream_close(e->in);
	e->out = e->in = NULL;
	e->queried = false;
	e->unanswered = 0;
	e->reported = 0;
}

/* --- the loop --- */

static void receive_signals(struct exchange *e)
{
	int signo;

	while ((signo = signals_next(e->signal_fd)) != 0) {
		e->stop |= signo != SIGHUP;
		e->again |= signo == SIGHUP;
	}
}

static int load(struct exchange *e, struct why *why)
{
	struct sign_key key;
	struct peers peers;
	int rc = sign_load(e->settings->key, &key, why);

	if (rc < 0 || (rc = peers_read(e->settings->peers, &peers, why)) < 0)
		return rc;
	peers_done(&e->peers);
	e->key = key;
	e->peers = peers;
	return 0;
}

/* Waits for an event, at most time_ms. */
static void wait(struct exchange *e, int64_t time_ms, struct pollfd polled[static N_PLACES])
{
	polled[SIGNALS] = (struct pollfd){.fd = e->signal_fd, .events = POLLIN};
	polled[WATCH] = (struct pollfd){.fd = clock_steady_ms() < e->watch_at ? -1 : e->watch.fd, .events = POLLIN};
	polled[REQUESTS] = (struct pollfd){.fd = e->requests.fd, .events = POLLIN};
	polled[SERVER] = (struct pollfd){.fd = e->queried ? stream_fd(e->in) : -1, .events = POLLIN};
	if (e->requests.fd >= 0 && link_waits(&e->requests) > 0)
		polled[REQUESTS].events |= POLLOUT;
	/* at most CHECK_MS; on an error no revents are set */
	(void)poll(polled, N_PLACES, time_ms < 0 ? 0 : (int)time_ms);
	if (polled[SIGNALS].revents != 0)
		receive_signals(e);
}

/* Returns the time until something is due. */
static int64_t wait_ms(const struct exchange *e)
{
	const int64_t now_ms = clock_steady_ms();
	int64_t at = e->check_at;

	if (e->watch_at > now_ms && e->watch_at < at)
		at = e->watch_at;
	if (!e->queried && e->unanswered == 0 && e->n > 0 && e->query_at < at)
		at = e->query_at;
	return at - now_ms;
}

/* Serves while everything is open. Returns the error that ended it. */
static int serve(struct exchange *e, struct why *why)
{
	struct pollfd polled[N_PLACES];
	int rc = 0;

	while (rc == 0 && !e->stop && !e->again) {
		if (!e->queried && e->unanswered == 0 && clock_steady_ms() >= e->query_at)
			rc = query(
				e,
				why); /* one entry at a time: what the daemon cannot accept yet stays on the server */
		if (rc < 0)
			break;
		wait(e, wait_ms(e), polled);
		if (polled[WATCH].revents != 0)
			rc = publish_events(e, why);
		if (rc == 0 && polled[REQUESTS].revents != 0)
			rc = receive_replies(e, why);
		if (rc == 0 && polled[SERVER].revents != 0)
			rc = receive_entries(e, why);
		if (rc == 0 && clock_steady_ms() >= e->check_at)
			rc = check_stream(e, why);
		if (rc == 0 && clock_steady_ms() >= e->own_at)
			rc = publish_own_addresses(e, why);
	}
	return rc;
}

/* Logs an error once, and its end. */
static void report(struct exchange *e, int rc, const struct why *why)
{
	if (rc < 0 && strcmp(e->trouble.text, why->text) != 0)
		log_line(LOG_WARNING, "%s%s", why->text, rc == -ESTALE ? "" : "; trying again every second");
	else if (rc == 0 && e->trouble.text[0] != '\0')
		log_line(LOG_NOTICE, "sharing works again");
	if (rc < 0)
		e->trouble = *why;
	else
		e->trouble.text[0] = '\0';
}

static void turn(struct exchange *e)
{
	struct pollfd polled[N_PLACES];
	struct why why;
	int rc;

	if (e->again) {
		if (load(e, &why) < 0)
			log_line(LOG_ERR, "%s; key and peers are those from before", why.text);
		e->again = false;
		e->own_at = 0;
	}
	rc = open_all(e, &why);
	report(e, rc, &why);
	if (rc == 0 && (rc = serve(e, &why)) < 0)
		report(e, rc, &why);
	close_all(e);
	if (rc < 0 && rc != -ESTALE && !e->stop && !e->again)
		wait(e, AGAIN_MS, polled);
}

int exchange_run(const struct settings *settings, struct why *why)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP};
	struct exchange *const e = alloc_zero(1, sizeof *e, "the exchange");
	int rc;

	e->settings = settings;
	e->watch.fd = e->requests.fd = e->signal_fd = -1;
	if ((rc = load(e, why)) == 0 &&
	    (rc = signals_open(signals, sizeof signals / sizeof *signals, &e->signal_fd, why)) == 0) {
		log_line(LOG_NOTICE, "sharing as %s by %s with %zu peers", settings->host, settings->server,
		         e->peers.n);
		while (!e->stop)
			turn(e);
	}
	sign_done(&e->key);
	peers_done(&e->peers);
	free(e->places);
	if (e->signal_fd >= 0)
		(void)close(e->signal_fd);
	free(e);
	return rc;
}
