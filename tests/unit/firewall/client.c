/*
 * client: a thread plays root's end of the pair: it keeps a set of addresses in memory and answers as in message.h;
 * the client cannot notice that it is not the root process.
 */
#include "firewall/client.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "firewall/message.h"
#include "testlib.h"

enum { SET_MAX = 4096, CAPACITY = 2000 };

enum bad {
	GOOD,
	HANG_UP,      /* EOF instead of an answer */
	SHORT,        /* one byte is missing */
	LONG,         /* one too many */
	EMPTY_WORD,   /* all zeros */
	OTHER_NUMBER, /* the answer to another request */
	SAME_CURSOR,  /* "more", for ever */
	FAIL,         /* error with its sentence */
};

struct far {
	int fd;
	pthread_t thread;
	struct message_entry set[SET_MAX];
	size_t n;
	size_t added, deleted, requests; /* what was asked for */
	uint32_t prepared4, prepared6;
	size_t full_at;  /* ADD beyond this is refused with -ENOSPC; 0: never */
	bool refuse_odd; /* ADD of an odd last byte is refused */
	bool repairs;
	struct message gated; /* the last PASS, UNPASS or CLOSE */
	enum bad bad;
	enum message_verb bad_at;
};

static struct message_entry *set_find(struct far *far, const struct message_entry *entry)
{
	for (size_t i = 0; i < far->n; i++)
		if (memcmp(far->set[i].addr, entry->addr, sizeof entry->addr) == 0 && far->set[i].len == entry->len)
			return &far->set[i];
	return NULL;
}

static void far_add(struct far *far, const struct message *request, struct message *answer)
{
	for (uint32_t i = 0; i < request->n; i++) {
		struct message_entry *held = set_find(far, &request->entries[i]);

		far->added++;
		if (far->refuse_odd && request->entries[i].addr[15] % 2 == 1) {
			answer->entries[answer->refused] = request->entries[i];
			answer->entries[answer->refused++].left_s = 0;
			answer->n = answer->refused;
			strcpy(answer->why, "it is odd");
			continue;
		}
		if (held == NULL && far->full_at != 0 && far->n >= far->full_at) {
			answer->refused = request->n - i;
			answer->error = -ENOSPC;
			answer->n = 0;
			strcpy(answer->why, "the list is full");
			return;
		}
		if (held == NULL)
			held = &far->set[far->n++];
		*held = request->entries[i];
	}
}

static void far_del(struct far *far, const struct message *request)
{
	for (uint32_t i = 0; i < request->n; i++) {
		struct message_entry *const held = set_find(far, &request->entries[i]);

		far->deleted++;
		if (held != NULL)
			*held = far->set[--far->n];
	}
}

static void far_list(const struct far *far, const struct message *request, struct message *answer)
{
	for (size_t i = request->cursor; i < far->n && answer->n < MESSAGE_ENTRIES; i++)
		answer->entries[answer->n++] = far->set[i];
	if (request->cursor + answer->n < far->n)
		answer->cursor = request->cursor + answer->n;
}

static struct message far_answer(struct far *far, const struct message *request)
{
	struct message answer = {.verb = request->verb, .number = request->number};

	switch ((enum message_verb)request->verb) {
	case MESSAGE_PREPARE:
		far->prepared4 = request->n4;
		far->prepared6 = request->n6;
		answer.repaired = far->repairs;
		break;
	case MESSAGE_ADD:
		far_add(far, request, &answer);
		break;
	case MESSAGE_DEL:
		far_del(far, request);
		break;
	case MESSAGE_LIST:
		far_list(far, request, &answer);
		break;
	case MESSAGE_LOOK:
		for (answer.n = 0; answer.n < request->n; answer.n++) {
			const struct message_entry *const held = set_find(far, &request->entries[answer.n]);

			answer.entries[answer.n] = held != NULL ? *held : request->entries[answer.n];
			answer.entries[answer.n].left_s = 0;
			answer.entries[answer.n].idle_s = held != NULL ? held->idle_s : UINT32_MAX;
		}
		break;
	case MESSAGE_FLOODS:
		for (; far->n > 0; far->n--) {
			answer.entries[answer.n] = far->set[far->n - 1];
			answer.entries[answer.n].left_s = 0;
			answer.entries[answer.n++].idle_s = 0;
		}
		break;
	case MESSAGE_PUBLISHED:
		answer.port = 25;
		break;
	case MESSAGE_KILL:
		answer.ended = 2 * request->n;
		break;
	case MESSAGE_GATES:
		answer.repaired = far->repairs;
		break;
	case MESSAGE_COUNTS: /* in two pieces */
		answer.cursor = request->cursor == 0;
		if (request->cursor != 0)
			answer.gate = (struct message_gate){.asked = 7, .waits_s = request->n4};
		break;
	case MESSAGE_PASS:
	case MESSAGE_UNPASS:
	case MESSAGE_CLOSE:
		far->gated = *request;
		break;
	case MESSAGE_CONFIG: /* forgets to send it */
	case MESSAGE_LIMITS:
	case MESSAGE_SETTLED:
	case MESSAGE_DROPPED:
	case MESSAGE_CHANGED:
		break;
	}
	answer.n4 = (uint32_t)far->n;
	answer.capacity = CAPACITY;
	lengths_add(&answer.lengths, true, 120);
	(void)strcpy(answer.list, "spammer");
	return answer;
}

static void *far_main(void *arg)
{
	struct far *const far = arg;
	struct message request;
	ssize_t len;

	while ((len = recv(far->fd, &request, sizeof request, MSG_TRUNC)) > 0) {
		const bool bad = far->bad != GOOD && far->bad_at == request.verb;
		struct {
			struct message m;
			char more;
		} packet = {{0}, 0};
		size_t out;

		if (!message_is_request(&request, (size_t)len))
			abort();
		far->requests++;
		packet.m = far_answer(far, &request);
		out = message_size(&packet.m);
		if (bad && far->bad == HANG_UP)
			break;
		if (bad && far->bad == SHORT)
			out--;
		if (bad && far->bad == LONG)
			out++;
		if (bad && far->bad == EMPTY_WORD)
			memset(&packet, 0, sizeof packet);
		if (bad && far->bad == OTHER_NUMBER)
			packet.m.number--;
		if (bad && far->bad == SAME_CURSOR)
			packet.m.cursor = packet.m.n = 1;
		if (bad && far->bad == FAIL) {
			packet.m.error = -EBUSY;
			packet.m.n = 0;
			out = message_size(&packet.m);
			strcpy(packet.m.why, "the lock is held");
		}
		if (send(far->fd, &packet, out, MSG_NOSIGNAL) < 0)
			break;
	}
	(void)close(far->fd);
	return NULL;
}

static struct far far;
static struct client client;

static int setup(void **state)
{
	int pair[2];

	(void)state;
	memset(&far, 0, sizeof far);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -1;
	far.fd = pair[1];
	client_init(&client, pair[0]);
	return 0;
}

/* To be called when far is as the test wants it. */
static void start(void)
{
	assert_int_equal(pthread_create(&far.thread, NULL, far_main, &far), 0);
}

/* After it, far may be looked at. */
static void stop(void)
{
	(void)close(client.fd);
	assert_int_equal(pthread_join(far.thread, NULL), 0);
}

/* The i-th of many addresses, every third one IPv6. */
static struct net net_number(unsigned i)
{
	char text[NET_TEXT_MAX];

	if (i % 3 == 0)
		(void)snprintf(text, sizeof text, "2001:db8::%x", i + 1);
	else
		(void)snprintf(text, sizeof text, "10.1.%u.%u", i / 250, i % 250 + 1);
	return net_from(text);
}

static void hold(struct net net, uint32_t idle_s)
{
	struct message_entry *const entry = &far.set[far.n++];

	*entry = (struct message_entry){.len = net.len, .left_s = 2000 - idle_s, .idle_s = idle_s};
	memcpy(entry->addr, net.addr.bytes, sizeof entry->addr);
}

static bool holds(struct net net)
{
	struct message_entry entry = {.len = net.len};

	memcpy(entry.addr, net.addr.bytes, sizeof entry.addr);
	return set_find(&far, &entry) != NULL;
}

/* All entries, a packet at a time. *ret_refused: how many were refused; why: about the first packet with such. */
static int add_all(struct client_entry *entries, size_t n, size_t *ret_refused, struct why *why)
{
	struct why reason;
	size_t refused = 0, k;
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i += k) {
		size_t some = 0;

		k = n - i < CLIENT_PACKET ? n - i : CLIENT_PACKET;
		if ((err = client_add_begin(&client, entries + i, k, &reason)) == 0)
			err = client_add_end(&client, entries + i, k, &some, &reason);
		if (err < 0 || (some > 0 && refused == 0))
			*why = reason;
		refused += some;
	}
	if (err == 0)
		*ret_refused = refused;
	return err;
}

static struct client_entry wanted_of(const char *text)
{
	return (struct client_entry){.net = net_from(text), .left_s = 600};
}

/* All that is held: out has space for it. Returns how many, or the error. */
static int listed(struct client_entry *out, struct why *why)
{
	uint32_t cursor = 0;
	int all = 0, rc;

	do {
		size_t n = 0;

		rc = client_list(&client, &cursor, out + all, &n, why);
		all += (int)n;
	} while (rc == 0 && cursor != 0);
	return rc < 0 ? rc : all;
}

static void test_list(void **state)
{
	static struct client_entry out[1000 + CLIENT_PACKET];
	bool repaired = false;
	struct why why;

	(void)state;
	far.repairs = true;
	start();
	assert_int_equal(client_prepare(&client, 3, 1, &repaired, &why), 0);
	assert_true(repaired);
	assert_int_equal(far.prepared4, 3);
	assert_int_equal(far.prepared6, 1);
	assert_int_equal(listed(out, &why), 0);
	assert_int_equal(far.requests, 2);
	for (unsigned i = 0; i < 1000; i++)
		hold(net_number(i), i);
	assert_int_equal(listed(out, &why), 1000);
	assert_int_equal(far.requests, 2 + 4);
	for (unsigned i = 0; i < 1000; i++) {
		const struct net want = net_number(i);

		assert_int_equal(net_order(&out[i].net, &want), 0);
		assert_int_equal(out[i].idle_s, i);
		assert_int_equal(out[i].held_s, 2000 - i);
	}
	assert_int_equal(client.held4, 1000);
	assert_int_equal(client.capacity, CAPACITY);
	assert_true(lengths_has(&client.lengths, true, 120));
	assert_string_equal(client.list, "spammer");
	stop();
}

static void test_look(void **state)
{
	struct client_entry entries[] = {wanted_of("192.0.2.1"), wanted_of("0.0.0.0/0"), wanted_of("192.0.2.2")};
	struct why why;

	(void)state;
	hold(net_from("192.0.2.2"), 7);
	far.set[0].dropped = 3;
	far.set[0].bytes = 180;
	start();
	assert_int_equal(client_look(&client, entries, 0, &why), 0);
	assert_int_equal(client_look(&client, entries + 1, 1, &why), 0); /* no packet may carry it */
	assert_int_equal(far.requests, 0);
	assert_int_equal(client_look(&client, entries, 3, &why), 0);
	stop();
	assert_int_equal(entries[0].idle_s, UINT32_MAX);
	assert_int_equal(entries[1].idle_s, UINT32_MAX);
	assert_int_equal(entries[2].idle_s, 7);
	assert_int_equal(entries[2].dropped, 3);
	assert_int_equal(entries[2].bytes, 180);
	assert_int_equal(entries[0].dropped + entries[1].dropped, 0);
	assert_int_equal(entries[0].bytes + entries[1].bytes, 0);
}

static void test_refused(void **state)
{
	static struct client_entry wanted[600];
	size_t refused = 0;
	struct why why;

	(void)state;
	wanted[0] = wanted_of("0.0.0.0/0"); /* no packet may carry these two: root would hang up */
	wanted[1] = wanted_of("2000::/3");
	for (unsigned i = 2; i < 600; i++) {
		char text[NET_TEXT_MAX];

		(void)snprintf(text, sizeof text, "192.0.%u.%u", i / 200, i % 200);
		wanted[i] = wanted_of(text);
	}
	far.refuse_odd = true;
	start();
	assert_int_equal(add_all(wanted, 600, &refused, &why), 0);
	stop();
	assert_int_equal(refused, 299 + 2);
	assert_string_equal(why.text, "the network is too large");
	assert_int_equal(far.n, 299);
	for (unsigned i = 0; i < 600; i++)
		assert_int_equal(wanted[i].refused, i < 2 || i % 2 == 1);
}

/* The seconds that are left may be none by now, or for ever. */
static void test_seconds(void **state)
{
	struct client_entry entries[2] = {wanted_of("192.0.2.1"), wanted_of("192.0.2.2")};
	size_t refused = 9;
	struct why why;

	(void)state;
	entries[0].left_s = 0;
	entries[1].left_s = UINT32_MAX;
	start();
	assert_int_equal(add_all(entries, 2, &refused, &why), 0);
	stop();
	assert_int_equal(refused, 0);
	assert_int_equal(far.n, 2);
}

static void test_add_del(void **state)
{
	static struct client_entry entries[300];
	size_t refused = 9;
	struct why why;

	(void)state;
	for (unsigned i = 0; i < 300; i++)
		entries[i] = (struct client_entry){.net = net_number(i), .left_s = 60};
	start();
	assert_int_equal(add_all(entries, 0, &refused, &why), 0);
	assert_int_equal(add_all(entries, 300, &refused, &why), 0);
	assert_int_equal(refused, 0);
	assert_int_equal(client.held4, 300);
	assert_int_equal(client_del(&client, entries, 299, &why), 0);
	stop();
	assert_int_equal(far.requests, 2 + 2); /* 256 in a packet; none for nothing */
	assert_int_equal(far.n, 1);
	assert_true(holds(entries[299].net));
}

static void test_limits(void **state)
{
	struct why why;

	(void)state;
	assert_false(lengths_has(&client.lengths, true, 120));
	start();
	assert_int_equal(client_limits(&client, &why), 0);
	stop();
	assert_true(lengths_has(&client.lengths, true, 120));
	assert_int_equal(client.capacity, CAPACITY);
	assert_int_equal(far.requests, 1);
}

static void test_floods(void **state)
{
	struct client_entry entries[2] = {wanted_of("192.0.2.1"), wanted_of("2001:db8::7")};
	struct addr floods[CLIENT_FLOODS_MAX];
	size_t refused, n = 9;
	struct why why;

	(void)state;
	start();
	assert_int_equal(add_all(entries, 2, &refused, &why), 0);
	assert_int_equal(client_floods(&client, floods, &n, &why), 0);
	assert_int_equal(n, 2);
	assert_true(addr_equal(&floods[0], &entries[1].net.addr) && addr_equal(&floods[1], &entries[0].net.addr));
	assert_int_equal(client_floods(&client, floods, &n, &why), 0);
	assert_int_equal(n, 0);
	stop();
}

static void test_kill(void **state)
{
	static struct client_entry entries[MESSAGE_ENTRIES + 1];
	uint32_t ended = 9;
	struct why why;

	(void)state;
	for (unsigned i = 0; i < MESSAGE_ENTRIES + 1; i++)
		entries[i] = (struct client_entry){.net = net_number(i), .list = i % 2};
	start();
	assert_int_equal(client_kill(&client, entries, MESSAGE_ENTRIES + 1, &ended, &why), 0);
	assert_int_equal(ended, 2 * (MESSAGE_ENTRIES + 1));
	assert_int_equal(client_kill(&client, entries, 0, &ended, &why), 0);
	assert_int_equal(ended, 0);
	stop();
	assert_int_equal(far.requests, 3);
}

static void test_published(void **state)
{
	uint16_t port = 9;
	struct why why;

	(void)state;
	start();
	assert_int_equal(client_published(&client, &port, &why), 0);
	stop();
	assert_int_equal(port, 25);
}

static struct net net(const char *text)
{
	struct net ret;

	assert_true(net_parse(text, strlen(text), &ret));
	return ret;
}

static void test_gates(void **state)
{
	const struct client_pass passes[] = {{net("192.0.2.0/24"), 0}, {net("0.0.0.0/0"), 60}, {net("fc00::/7"), 60}};
	const struct net nets[] = {net("192.0.2.7"), net("fc00::/7")};
	struct message_gate counts = {0};
	uint32_t cursor = 0;
	bool repaired = false;
	struct why why;

	(void)state;
	far.repairs = true;
	start();
	assert_int_equal(client_gates(&client, true, &repaired, &why), 0);
	assert_true(repaired);
	assert_int_equal(client_pass(&client, passes, 3, &why), 0);
	assert_int_equal(far.gated.verb, MESSAGE_PASS);
	assert_int_equal(far.gated.n, 2);
	assert_int_equal(far.gated.entries[0].left_s, 1);
	assert_int_equal(client_unpass(&client, nets, 2, &why), 0);
	assert_int_equal(far.gated.n, 2);
	assert_int_equal(client_forget(&client, nets, 2, &why), 0);
	assert_int_equal(far.gated.verb, MESSAGE_CLOSE);
	assert_int_equal(far.gated.n, 1);
	assert_int_equal(client_count(&client, 3, &cursor, &counts, &why), 0);
	assert_int_equal(cursor, 1);
	assert_int_equal(client_count(&client, 3, &cursor, &counts, &why), 0);
	assert_int_equal(cursor, 0);
	assert_int_equal(counts.asked, 7);
	assert_int_equal(counts.waits_s, 3);
	stop();
}

static void test_full(void **state)
{
	static struct client_entry entries[100];
	size_t refused = 9;
	struct why why;

	(void)state;
	for (unsigned i = 0; i < 100; i++)
		entries[i] = (struct client_entry){.net = net_number(i), .left_s = 60};
	far.full_at = 70;
	start();
	assert_int_equal(add_all(entries, 100, &refused, &why), -ENOSPC);
	stop();
	assert_string_equal(why.text, "the list is full");
	assert_int_equal(refused, 9); /* only written on success */
	assert_int_equal(client.held4, 70);
}

static void test_bad(void **state)
{
	static const struct {
		enum bad bad;
		enum message_verb at;
		int want;
	} rows[] = {
		{HANG_UP, MESSAGE_PREPARE, -EPIPE},
		{HANG_UP, MESSAGE_LIST, -EPIPE},
		{HANG_UP, MESSAGE_DEL, -EPIPE},
		{HANG_UP, MESSAGE_ADD, -EPIPE},
		{SHORT, MESSAGE_PREPARE, -EPROTO},
		{SHORT, MESSAGE_LIST, -EPROTO},
		{LONG, MESSAGE_LIST, -EPROTO},
		{LONG, MESSAGE_ADD, -EPROTO},
		{EMPTY_WORD, MESSAGE_PREPARE, -EPROTO},
		{EMPTY_WORD, MESSAGE_DEL, -EPROTO},
		{OTHER_NUMBER, MESSAGE_LIST, -EPROTO},
		{SAME_CURSOR, MESSAGE_LIST, -EPROTO},
		{FAIL, MESSAGE_PREPARE, -EBUSY},
		{FAIL, MESSAGE_LIST, -EBUSY},
		{FAIL, MESSAGE_DEL, -EBUSY},
		{FAIL, MESSAGE_ADD, -EBUSY},
		{HANG_UP, MESSAGE_LOOK, -EPIPE},
		{EMPTY_WORD, MESSAGE_LOOK, -EPROTO},
		{SHORT, MESSAGE_LOOK, -EPROTO},
		{FAIL, MESSAGE_LOOK, -EBUSY},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		static struct client_entry out[100 + CLIENT_PACKET];
		struct client_entry wanted = wanted_of("192.0.2.1");
		size_t refused = 77;
		bool repaired;
		struct why why = {""};
		int got;

		assert_int_equal(setup(state), 0);
		for (unsigned k = 0; k < 100; k++)
			hold(net_number(k), 1);
		far.bad = rows[i].bad;
		far.bad_at = rows[i].at;
		start();
		got = client_prepare(&client, 1, 0, &repaired, &why);
		got = got < 0 ? got : listed(out, &why);
		got = got < 0 ? got : client_look(&client, &wanted, 1, &why);
		got = got < 0 ? got : client_del(&client, &wanted, 1, &why);
		got = got < 0 ? got : add_all(&wanted, 1, &refused, &why);
		if (got != rows[i].want)
			fail_msg("row %zu: got %d (%s), want %d", i, got, why.text, rows[i].want);
		assert_int_equal(refused, 77);
		assert_true(why.text[0] != '\0');
		/* The root process is gone: every further call reports it, none raises SIGPIPE or waits. */
		if (rows[i].bad == HANG_UP) {
			assert_int_equal(pthread_join(far.thread, NULL), 0);
			assert_int_equal(client_del(&client, &wanted, 1, &why), -EPIPE);
			(void)close(client.fd);
		} else {
			stop();
		}
	}
}

static void on_alarm(int number)
{
	(void)number;
}

/* Signals without SA_RESTART while it waits, as fast as they come: nothing is lost. */
static void test_interrupted(void **state)
{
	static struct client_entry wanted[1000];
	const struct sigaction action = {.sa_handler = on_alarm};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
	const struct itimerspec often = {.it_interval.tv_nsec = 20000, .it_value.tv_nsec = 20000};
	size_t refused;
	struct why why;
	sigset_t set;
	timer_t timer;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		wanted[i] = (struct client_entry){.net = net_number(i), .left_s = 600};
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &set, NULL), 0); /* for the far end alone */
	start();
	assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &set, NULL), 0);
	assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &often, NULL), 0);
	for (unsigned turn = 0; turn < 20; turn++)
		assert_int_equal(add_all(wanted, 1000, &refused, &why), 0);
	assert_int_equal(timer_delete(timer), 0);
	stop();
	assert_int_equal(far.n, 1000);
}

static void report(const char *text, uint8_t list, const char *who)
{
	struct message m = {.verb = MESSAGE_CHANGED};
	struct net net;

	if (text != NULL) {
		net = net_from(text);
		memcpy(m.entries[0].addr, net.addr.bytes, sizeof m.entries[0].addr);
		m.entries[m.n].list = list;
		m.entries[m.n++].len = net.len;
	}
	(void)strcpy(m.why, who);
	assert_int_equal(send(far.fd, &m, message_size(&m), 0), message_size(&m));
}

/* What root reports comes at any time, also in front of an answer; it is kept until it is read. */
static void test_changed(void **state)
{
	struct client_change change;
	struct why why;

	(void)state;
	assert_false(client_changed(&client, true, &change));
	report("192.0.2.7", 0, "nft (process 7)");
	report("192.0.2.8", 3, "nft (process 8)");
	assert_true(client_changed(&client, true, &change));
	assert_int_equal(change.n, 2);
	assert_int_equal(change.touched[0].list, 0);
	assert_int_equal(change.touched[1].list, 3);
	assert_false(change.all);
	assert_string_equal(change.who, "nft (process 8)");
	assert_false(client_changed(&client, true, &change));
	report("192.0.2.9", 0, "ufw (process 9)");
	report(NULL, 0, "");
	start();
	assert_int_equal(client_limits(&client, &why), 0);
	assert_true(client_changed(&client, false, &change));
	assert_true(change.all);
	assert_string_equal(change.who, "");
	stop();
}

/* That it does come is root's side: firewall_root. */
static void test_no_configuration(void **state)
{
	struct why why;
	int fd = -1;

	(void)state;
	start();
	assert_int_equal(client_config(&client, 0, &fd, &why), -EPROTO);
	assert_int_equal(fd, -1);
	assert_string_equal(why.text, "the root process sent no configuration");
	stop();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_list, setup),        cmocka_unit_test_setup(test_look, setup),
		cmocka_unit_test_setup(test_refused, setup),     cmocka_unit_test_setup(test_limits, setup),
		cmocka_unit_test_setup(test_floods, setup),      cmocka_unit_test_setup(test_seconds, setup),
		cmocka_unit_test_setup(test_add_del, setup),     cmocka_unit_test_setup(test_kill, setup),
		cmocka_unit_test_setup(test_published, setup),   cmocka_unit_test_setup(test_gates, setup),
		cmocka_unit_test_setup(test_full, setup),        cmocka_unit_test(test_bad),
		cmocka_unit_test_setup(test_interrupted, setup), cmocka_unit_test_setup(test_no_configuration, setup),
		cmocka_unit_test_setup(test_changed, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
