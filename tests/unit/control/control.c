/*
 * control: real sockets in a directory of its own; time is a number. The test plays the engine: each request is
 * answered with its verb and its subject.
 */
#include "control/control.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/connection.h"

enum {
	SOMEBODY = 4712, /* a uid and gid that no user here has */
};

static const char token[] = "0123456789abcdef0123456789abcdef";

struct fixture {
	char dir[64], path[96], tokens[96];
	struct control *control;
	int64_t now_ms;
	size_t answered; /* by us, as the engine */
	int64_t cost_us; /* of a turn with a request; others cost nothing */
	uint16_t port;
	int64_t newest;   /* event: a line of its number each */
	char sharers[64]; /* our own group; "": none may share */
};

static struct fixture f;

static void write_tokens(const char *text, mode_t mode)
{
	FILE *const file = fopen(f.tokens, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(f.tokens, mode), 0);
}

/* A port that is free now. */
static uint16_t free_port(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof in;
	const int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &size), 0);
	(void)close(fd);
	return ntohs(in.sin_port);
}

static struct control_config config_of(bool tcp)
{
	struct control_config c = {
		.socket = f.path, .group = "", .readers = "", .sharers = f.sharers, .token_file = f.tokens};

	assert_true(addr_parse("127.0.0.1", 9, &c.tcp));
	c.port = tcp ? f.port : 0;
	return c;
}

static int setup(void **state)
{
	(void)state;
	f = (struct fixture){.now_ms = 1000};
	(void)snprintf(f.dir, sizeof f.dir, "/tmp/wfs-control-XXXXXX");
	if (mkdtemp(f.dir) == NULL)
		return -1;
	(void)chmod(f.dir, 0755);
	(void)snprintf(f.path, sizeof f.path, "%s/control", f.dir);
	(void)snprintf(f.tokens, sizeof f.tokens, "%s/tokens", f.dir);
	return 0;
}

static int teardown(void **state)
{
	char path[sizeof f.path + 8];

	(void)state;
	control_free(f.control);
	(void)unlink(f.tokens);
	(void)unlink(f.path);
	(void)snprintf(path, sizeof path, "%s.read", f.path);
	(void)unlink(path);
	(void)snprintf(path, sizeof path, "%s.share", f.path);
	(void)unlink(path);
	return rmdir(f.dir); /* fails when a socket was left behind */
}

static void open_control(bool tcp)
{
	const struct control_config config = config_of(tcp);
	struct why why;

	if (control_new(&config, &f.control, &why) != 0)
		fail_msg("%s", why.text);
}

static int connect_to(const char *path)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(un.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&un, sizeof un) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static int connect_tcp(void)
{
	const struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons(f.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (const struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

/* As many as are new, at most a hundred. */
static void give_events(const struct control_request *r)
{
	char lines[2048];
	int64_t last = r->what.after;
	size_t len = 0;

	while (last < f.newest && last < r->what.after + 100)
		len += (size_t)snprintf(lines + len, sizeof lines - len, "%" PRId64 "\n", ++last);
	control_events(f.control, r, (struct span){lines, len}, last, last < f.newest, f.now_ms);
}

/* One turn of the engine, which does not wait: returns true when it was given a request. */
static bool turn(void)
{
	struct pollfd polled[CONTROL_FDS_MAX];
	struct control_request r;
	bool given;

	control_poll(f.control, f.now_ms, polled);
	assert_true(poll(polled, CONTROL_FDS_MAX, 0) >= 0);
	control_serve(f.control, polled, f.now_ms);
	given = control_next(f.control, f.now_ms, &r);
	control_spent(f.control, 0);
	if (given && r.goes_on) {
		give_events(&r);
	} else if (given) {
		json_t *const reply = reply_new();
		char net[NET_TEXT_MAX];

		(void)net_text(&r.what.net, net);
		json_put_text(reply, "verb", protocol_verb_text(r.what.verb));
		json_put_text(reply, "address", net);
		json_put_text(reply, "who", r.who);
		if (r.what.verb == PROTOCOL_WATCH && !control_watch(f.control, &r))
			reply_error(reply, "too many");
		control_reply(f.control, r.connection, reply, f.now_ms);
		f.answered++;
	}
	control_spent(f.control, given ? f.cost_us : 0);
	return given;
}

/* This process's descriptors of clients that were accepted: their own address is one that is listened on. */
static size_t connections(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 1024; fd++) {
		union {
			struct sockaddr any;
			struct sockaddr_un local;
			struct sockaddr_in in;
		} own = {.local.sun_family = AF_UNSPEC}; /* the path zeros: a client has none */
		socklen_t len = sizeof own, listens_len = sizeof(int);
		int listens = 0;

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_len) < 0 || listens != 0 ||
		    getsockname(fd, &own.any, &len) < 0)
			continue;
		n += (own.any.sa_family == AF_UNIX && strncmp(own.local.sun_path, f.path, strlen(f.path)) == 0) ||
		     (own.any.sa_family == AF_INET && ntohs(own.in.sin_port) == f.port);
	}
	return n;
}

/* That many within one millisecond. */
static void turns(size_t n)
{
	while (n-- > 0)
		(void)turn();
}

/* One a millisecond. */
static void milliseconds(size_t n)
{
	for (; n > 0; n--, f.now_ms++)
		(void)turn();
}

static void send_bytes(int fd, const char *bytes, size_t len)
{
	assert_int_equal(send(fd, bytes, len, MSG_NOSIGNAL), (ssize_t)len);
}

static void send_text(int fd, const char *text)
{
	send_bytes(fd, text, strlen(text));
}

/* What is there now, NUL-ended; returns how much, 0 at the end, -1 for nothing yet. */
static ssize_t receive(int fd, char *out, size_t cap)
{
	const ssize_t n = recv(fd, out, cap - 1, MSG_DONTWAIT);

	out[n > 0 ? n : 0] = '\0';
	return n;
}

static bool is_closed(int fd)
{
	char text[4096];
	ssize_t n;

	while ((n = receive(fd, text, sizeof text)) > 0)
		;
	return n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

static void expect(int fd, const char *want)
{
	char got[4096];

	(void)receive(fd, got, sizeof got);
	if (strstr(got, want) == NULL)
		fail_msg("got \"%s\", want \"%s\"", got, want);
}

/* --- tests --- */

static void test_one_by_one(void **state)
{
	struct stat st;
	int fd;

	(void)state;
	open_control(false);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), -1);
	fd = connect_to(f.path);
	assert_true(fd >= 0);
	turns(2);
	assert_int_equal(connections(), 1);
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), CONNECTION_IDLE_MS);
	send_text(fd, "block 192.0.2.7 for 10m\n");
	milliseconds(1);
	expect(fd, "{\"ok\":true,\"verb\":\"block\",\"address\":\"192.0.2.7\",\"who\":\"uid ");
	/* A half line waits for its other half. */
	send_text(fd, "test 192.0");
	milliseconds(3);
	assert_int_equal(f.answered, 1);
	send_text(fd, ".2.8\r\ntest 192.0.2.9\n");
	milliseconds(3);
	expect(fd, "\"192.0.2.8\"");
	assert_int_equal(f.answered, 3);
	/* Garbage is answered, and the connection stays. */
	send_bytes(fd, "\x16\x03\x01\0\xFF\n", 6);
	milliseconds(1);
	expect(fd, "{\"ok\":false,\"error\":\"a control character in the line\"}\n");
	send_bytes(fd, "a\0b\n", 4);
	milliseconds(1);
	expect(fd, "{\"ok\":false");
	send_text(fd, "\n\n");
	milliseconds(2);
	expect(fd, "an empty line");
	send_text(fd, "test fe80::1%eth0\n");
	milliseconds(1);
	expect(fd, "zone");
	/* A client that closes still gets its reply; half a line at the end is no request. */
	send_text(fd, "test 192.0.2.10\nblock 192.0.2.11");
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	milliseconds(3);
	expect(fd, "192.0.2.10");
	assert_true(is_closed(fd));
	assert_int_equal(connections(), 0);
	assert_int_equal(f.answered, 4);
	(void)close(fd);
}

static void test_line_too_long(void **state)
{
	static const char ask[] = "test 192.0.2.7";
	char line[PROTOCOL_LINE_MAX + 1];
	int fd;

	(void)state;
	open_control(false);
	memset(line, ' ', sizeof line);
	memcpy(line, ask, sizeof ask - 1);
	/* 512 bytes are a line, without the newline; */
	fd = connect_to(f.path);
	send_bytes(fd, line, PROTOCOL_LINE_MAX);
	milliseconds(3);
	assert_int_equal(f.answered, 0);
	send_text(fd, "\n");
	milliseconds(1);
	expect(fd, "192.0.2.7");
	/* 513 are not, even before the newline. */
	send_bytes(fd, line, PROTOCOL_LINE_MAX + 1);
	milliseconds(3);
	expect(fd, "{\"ok\":false,\"error\":\"a line has at most 512 bytes\"}");
	assert_true(is_closed(fd));
	(void)close(fd);
	/* The good line before it is answered first. */
	fd = connect_to(f.path);
	send_text(fd, "test 192.0.2.8\n");
	send_bytes(fd, line, PROTOCOL_LINE_MAX + 1);
	milliseconds(4);
	expect(fd, "192.0.2.8\"");
	assert_true(is_closed(fd));
	assert_int_equal(connections(), 0);
	(void)close(fd);
}

static void test_64_connections(void **state)
{
	int fds[CONTROL_CONNECTIONS_MAX + 2];

	(void)state;
	open_control(false);
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX + 2; i++) {
		fds[i] = connect_to(f.path);
		assert_true(fds[i] >= 0);
		turns(1);
	}
	assert_int_equal(connections(), CONTROL_CONNECTIONS_MAX);
	for (size_t i = CONTROL_CONNECTIONS_MAX; i < CONTROL_CONNECTIONS_MAX + 2; i++) {
		expect(fds[i], "{\"ok\":false,\"error\":\"64 connections are open already; try again\"}");
		assert_true(is_closed(fds[i]));
	}
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		send_text(fds[i], "test 192.0.2.7\n");
	milliseconds(CONTROL_CONNECTIONS_MAX);
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		expect(fds[i], "192.0.2.7");
	/* The next client gets a place that becomes free. */
	(void)close(fds[10]);
	turns(1);
	(void)close(fds[64]);
	fds[10] = connect_to(f.path);
	turns(1);
	send_text(fds[10], "test 192.0.2.8\n");
	turns(2);
	expect(fds[10], "192.0.2.8");
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		(void)close(fds[i]);
	(void)close(fds[65]);
	turns(CONTROL_CONNECTIONS_MAX);
	assert_int_equal(connections(), 0);
}

static void test_idle(void **state)
{
	int quiet, loud;

	(void)state;
	open_control(false);
	quiet = connect_to(f.path);
	loud = connect_to(f.path);
	turns(2);
	f.now_ms += CONNECTION_IDLE_MS - 1;
	send_text(quiet, "x"); /* half a line is a sign of life */
	send_text(loud, "test 192.0.2.7\n");
	turns(1);
	assert_int_equal(connections(), 2);
	f.now_ms += CONNECTION_IDLE_MS - 1;
	send_text(loud, "test 192.0.2.7\n");
	turns(1);
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), 1);
	f.now_ms += 1;
	turns(1);
	assert_int_equal(connections(), 1);
	assert_true(is_closed(quiet));
	assert_false(is_closed(loud));
	(void)close(quiet);
	(void)close(loud);
}

/* A client that sends requests and never reads delays no other, gets no further requests done, and is dropped. */
static void test_slow_reader(void **state)
{
	static const char ask[] = "test 192.0.2.7\n";
	int slow, other;
	size_t before;

	(void)state;
	open_control(false);
	slow = connect_to(f.path);
	other = connect_to(f.path);
	turns(1);
	for (size_t i = 0; i < 100000; i++) {
		(void)!send(slow, ask, sizeof ask - 1, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (!turn())
			break;
		f.now_ms++;
	}
	milliseconds(1);
	before = f.answered;
	milliseconds(100);
	assert_int_equal(f.answered, before); /* backpressure: it must read first */
	send_text(other, ask);
	turns(1);
	expect(other, "192.0.2.7");
	f.now_ms += CONNECTION_STALL_MS;
	send_text(other, ask);
	turns(2);
	assert_int_equal(connections(), 1);
	expect(other, "192.0.2.7");
	(void)close(slow);
	(void)close(other);
}

/* Many replies for a client that reads late: none is lost. */
static void test_late_reader(void **state)
{
	enum { ASKED = 5000 };
	static const char ask[] = "test 192.0.2.7\n";
	char text[8192];
	size_t sent = 0, lines = 0;
	int fd;

	(void)state;
	open_control(false);
	fd = connect_to(f.path);
	while (lines < ASKED) {
		ssize_t n;

		while (sent < ASKED && send(fd, ask, sizeof ask - 1, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof ask - 1)
			sent++;
		turns(1);
		if ((n = receive(fd, text, sizeof text)) > 0)
			for (ssize_t i = 0; i < n; i++)
				lines += text[i] == '\n';
	}
	assert_int_equal(f.answered, ASKED);
	(void)close(fd);
}

/* Reads numbers, each on a line and one more than the one before, from *last on; a line's beginning may wait in rest.
 */
static void read_events(int fd, int64_t *last, char rest[static 32])
{
	char text[256];
	ssize_t n;

	while ((n = receive(fd, text, sizeof text)) > 0)
		for (ssize_t i = 0; i < n; i++) {
			const size_t len = strlen(rest);

			if (text[i] != '\n') {
				rest[len] = text[i];
				rest[len + 1] = '\0';
				continue;
			}
			assert_int_equal(strtoll(rest, NULL, 10), ++*last);
			memset(rest, 0, 32);
		}
}

/* All events after the one that is named, old and new, each once; for ever. */
static void test_watch(void **state)
{
	char rest[32] = "";
	int64_t last = 17;
	int fd;

	(void)state;
	f.newest = 1000;
	open_control(false);
	fd = connect_to(f.path);
	send_text(fd, "watch 17\n");
	turns(2);
	expect(fd, "\"verb\":\"watch\"");
	for (size_t i = 0; i < 3000; i++) {
		milliseconds(1);
		if (i % 10 == 0) {
			f.newest += (int64_t)i % 7;
			control_news(f.control);
		}
		read_events(fd, &last, rest);
	}
	milliseconds(100);
	read_events(fd, &last, rest);
	assert_int_equal(last, f.newest);
	f.now_ms += 10L * CONNECTION_IDLE_MS;
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), -1);
	milliseconds(2);
	f.newest++;
	control_news(f.control);
	milliseconds(2);
	read_events(fd, &last, rest);
	assert_int_equal(last, f.newest);
	send_text(fd, "list\n");
	milliseconds(2);
	expect(fd, "this connection watches");
	milliseconds(2);
	assert_true(is_closed(fd));
	(void)close(fd);
}

/* One that does not read delays nobody, keeps its place, and gets everything later; one that ends its side is gone. */
static void test_slow_watcher(void **state)
{
	char rest[32] = "", banner[256];
	int64_t last = 0;
	int slow, other;

	(void)state;
	f.newest = 200000;
	open_control(false);
	slow = connect_to(f.path);
	other = connect_to(f.path);
	send_text(slow, "watch 0\n");
	milliseconds(10000); /* until the socket is full, and for long after that */
	f.now_ms += 10L * CONNECTION_STALL_MS;
	send_text(other, "test 192.0.2.7\n");
	milliseconds(4);
	expect(other, "192.0.2.7");
	assert_int_equal(connections(), 2);
	for (size_t i = 0; i < sizeof banner - 1 && recv(slow, banner + i, 1, 0) == 1 && banner[i] != '\n'; i++)
		;
	for (size_t i = 0; i < 10000 && last < f.newest; i++) {
		milliseconds(1);
		read_events(slow, &last, rest);
	}
	assert_int_equal(last, f.newest);
	(void)shutdown(slow, SHUT_WR);
	milliseconds(4);
	assert_int_equal(connections(), 1);
	assert_true(is_closed(slow));
	(void)close(slow);
	(void)close(other);
}

/* Those that watch leave room for requests. */
static void test_many_watch(void **state)
{
	int fds[CONTROL_WATCHING_MAX + 1];
	int other;

	(void)state;
	open_control(false);
	for (size_t i = 0; i <= CONTROL_WATCHING_MAX; i++) {
		fds[i] = connect_to(f.path);
		send_text(fds[i], "watch 0\n");
		milliseconds(4);
		expect(fds[i], i < CONTROL_WATCHING_MAX ? "\"ok\":true" : "too many");
	}
	other = connect_to(f.path);
	send_text(other, "test 192.0.2.7\n");
	milliseconds(4);
	expect(other, "192.0.2.7");
	(void)close(fds[0]);
	milliseconds(4);
	send_text(fds[CONTROL_WATCHING_MAX], "watch 0\n");
	milliseconds(4);
	expect(fds[CONTROL_WATCHING_MAX], "\"ok\":true");
	for (size_t i = 1; i <= CONTROL_WATCHING_MAX; i++)
		(void)close(fds[i]);
	(void)close(other);
}

/* However many clients: they get a share of the time in total, and each has its turn. */
static void test_flood(void **state)
{
	enum { FLOODERS = 8, SECONDS = 20, COST_US = 15 };
	static const char ask[] = "test 192.0.2.7\n";
	char many[4096], text[65536];
	size_t len = 0;
	int64_t asked_ms = 0, waited_ms = 0;
	int fds[FLOODERS], polite;

	(void)state;
	open_control(false);
	f.cost_us = COST_US;
	while (len + sizeof ask - 1 <= sizeof many) {
		memcpy(many + len, ask, sizeof ask - 1);
		len += sizeof ask - 1;
	}
	for (size_t i = 0; i < FLOODERS; i++)
		fds[i] = connect_to(f.path);
	polite = connect_to(f.path);
	turns(FLOODERS + 1);
	for (const int64_t end_ms = f.now_ms + SECONDS * 1000; f.now_ms < end_ms; f.now_ms++) {
		if (f.now_ms % 16 == 0)
			for (size_t i = 0; i < FLOODERS; i++) {
				(void)!send(fds[i], many, len, MSG_DONTWAIT | MSG_NOSIGNAL);
				(void)receive(fds[i], text, sizeof text);
			}
		if (f.now_ms % 1000 == 500) {
			send_text(polite, ask);
			asked_ms = f.now_ms;
		}
		/* As the engine does: until there is nothing more to be done in this millisecond. */
		while (control_timeout_ms(f.control, f.now_ms) == 0)
			turns(1);
		turns(1);
		if (receive(polite, text, sizeof text) > 0 && f.now_ms - asked_ms > waited_ms)
			waited_ms = f.now_ms - asked_ms;
	}
	assert_in_range(f.answered * COST_US, SECONDS * 1000 * CONTROL_SHARE_US * 9 / 10,
	                SECONDS * 1000 * CONTROL_SHARE_US + CONTROL_SAVED_US);
	assert_true(waited_ms <= 2);
	for (size_t i = 0; i < FLOODERS; i++)
		(void)close(fds[i]);
	(void)close(polite);
}

/* All wait for the time of a slow request; then the client that used least is first. */
static void test_debt(void **state)
{
	int costly, light;

	(void)state;
	open_control(false);
	costly = connect_to(f.path);
	light = connect_to(f.path);
	turns(2);
	f.cost_us = CONTROL_SAVED_US + 5 * CONTROL_SHARE_US;
	send_text(costly, "list\nlist\nlist\n");
	turns(3);
	assert_int_equal(f.answered, 1);
	send_text(light, "test 192.0.2.7\ntest 192.0.2.8\n");
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), 6);
	f.now_ms += 5;
	turns(3);
	assert_int_equal(f.answered, 1);
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), 1);
	f.cost_us = 1;
	f.now_ms++;
	turns(1);
	expect(light, "192.0.2.7");
	turns(1);
	expect(light, "192.0.2.8");
	assert_int_equal(f.answered, 3);
	/* Others wait for a second, not for longer. */
	f.cost_us = 60 * 1000 * 1000;
	turns(1);
	assert_int_equal(f.answered, 4);
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), CONTROL_DEBT_US / CONTROL_SHARE_US + 1);
	f.now_ms += CONTROL_DEBT_US / CONTROL_SHARE_US + 1;
	turns(1);
	assert_int_equal(f.answered, 5);
	(void)close(costly);
	(void)close(light);
}

/* A client of the socket ".share", and that socket in use. */
static int connect_sharer(void)
{
	const struct group *const gr = getgrgid(getegid());
	char path[sizeof f.path + 8];
	int fd;

	assert_non_null(gr);
	(void)snprintf(f.sharers, sizeof f.sharers, "%s", gr->gr_name);
	open_control(false);
	(void)snprintf(path, sizeof path, "%s.share", f.path);
	fd = connect_to(path);
	assert_true(fd >= 0);
	turns(1);
	return fd;
}

/* What other hosts say has time of its own: neither waits for the debts of the other. */
static void test_sharing_time(void **state)
{
	int sharer, client;

	(void)state;
	sharer = connect_sharer();
	client = connect_to(f.path);
	turns(1);
	f.cost_us = CONTROL_SAVED_US + 3 * CONTROL_SHARING_US;
	send_text(sharer, "test 192.0.2.1\ntest 192.0.2.2\n");
	turns(3);
	assert_int_equal(f.answered, 1);
	assert_int_equal(control_timeout_ms(f.control, f.now_ms), 4);
	f.cost_us = CONTROL_DEBT_US;
	send_text(client, "test 192.0.2.3\ntest 192.0.2.4\n");
	turns(3);
	expect(client, "192.0.2.3");
	assert_int_equal(f.answered, 2);
	f.cost_us = 1;
	f.now_ms += 4;
	turns(3);
	expect(sharer, "192.0.2.2");
	assert_int_equal(f.answered, 3); /* the other has debts for a second */
	(void)close(sharer);
	(void)close(client);
}

/* The first request of a client that has sent some. */
static struct control_request first_request(void)
{
	struct pollfd polled[CONTROL_FDS_MAX];
	struct control_request r;
	bool given = false;

	for (size_t i = 0; i < 3 && !given; i++) {
		control_poll(f.control, f.now_ms, polled);
		assert_true(poll(polled, CONTROL_FDS_MAX, 0) >= 0);
		control_serve(f.control, polled, f.now_ms);
		given = control_next(f.control, f.now_ms, &r);
	}
	assert_true(given);
	return r;
}

/* Requests that take effect together: hundreds at once, whose replies come together, or one error for each and the end.
 */
static void test_together(void **state)
{
	static const char error[] = "{\"ok\":false,\"error\":\"the disk is full\"}\n";
	char got[8192], want[256] = "";
	struct control_request r;
	size_t n = 1, len = 0;
	int fd;

	(void)state;
	fd = connect_sharer();
	for (size_t i = 0; i < 400; i++)
		len += (size_t)snprintf(got + len, sizeof got - len, "test 192.0.2.7\n");
	send_bytes(fd, got, len);
	r = first_request();
	control_hold(f.control, &r);
	control_reply(f.control, r.connection, reply_new(), f.now_ms);
	for (; control_again(f.control, f.now_ms, &r); n++)
		control_reply(f.control, r.connection, reply_new(), f.now_ms);
	assert_int_equal(n, 400);
	assert_int_equal(receive(fd, got, sizeof got), -1);
	control_release(f.control, &r, NULL, f.now_ms);
	assert_int_equal(receive(fd, got, sizeof got), 400 * strlen("{\"ok\":true}\n"));

	send_text(fd, "test 192.0.2.7\nbad\ntest 192.0.2.8\ntest 192.0.2.9\n");
	r = first_request();
	control_hold(f.control, &r);
	control_reply(f.control, r.connection, reply_new(), f.now_ms);
	assert_false(control_again(f.control, f.now_ms, &r)); /* that one was replied to, and is held as well */
	control_release(f.control, &r, "the disk is full", f.now_ms);
	for (size_t i = 0; i < 2; i++)
		(void)snprintf(want + i * strlen(error), sizeof want - i * strlen(error), "%s", error);
	(void)receive(fd, got, sizeof got);
	assert_string_equal(got, want);
	turns(3);
	assert_true(is_closed(fd));
	assert_int_equal(f.answered, 0); /* what came after them was not handled */
	(void)close(fd);
}

/* Bytes that make no line, and connections that come and go: counted as requests are. In debt no client wakes us. */
static void test_noise(void **state)
{
	struct pollfd polled[CONTROL_FDS_MAX];
	int fds[4];

	(void)state;
	open_control(false);
	for (size_t i = 0; i < 4; i++)
		fds[i] = connect_to(f.path);
	turns(1);
	assert_int_equal(connections(), 1); /* one in a turn */
	control_spent(f.control, CONTROL_SAVED_US);
	turns(3);
	assert_int_equal(connections(), 1);
	send_text(fds[0], "half a line");
	control_poll(f.control, f.now_ms, polled);
	for (size_t i = 0; i < CONTROL_FDS_MAX; i++)
		assert_int_equal(polled[i].fd, -1);
	f.now_ms += control_timeout_ms(f.control, f.now_ms);
	turns(3);
	assert_int_equal(connections(), 4);
	assert_int_equal(f.answered, 0);
	for (size_t i = 0; i < 4; i++)
		(void)close(fds[i]);
}

static void test_compat(void **state)
{
	int fd;

	(void)state;
	open_control(false);
	fd = connect_to(f.path);
	send_text(fd, "compat\nadd 192.0.2.7 600 Broadband\n");
	milliseconds(3);
	{
		char got[512];

		(void)receive(fd, got, sizeof got);
		assert_string_equal(got, "OK watchforspammers firewall daemon\nOK + 192.0.2.7\n");
	}
	send_text(fd, "del 192.0.2.0/24\n");
	milliseconds(1);
	expect(fd, "OK - 192.0.2.0/24\n");
	send_text(fd, "test 192.0.2.7\n");
	milliseconds(1);
	expect(fd, "OK {\"ok\":true,");
	send_text(fd, "add nobody\n");
	milliseconds(1);
	expect(fd, "ERR \"nobody\" is not an IPv4 or IPv6 address\n");
	(void)close(fd);
}

static void test_tcp(void **state)
{
	char text[256];
	int fd, fds[CONTROL_UNTRUSTED_MAX + 1];

	(void)state;
	f.port = free_port();
	(void)snprintf(text, sizeof text, "# tokens\n\nmx2 %s\nlook  ffffffffffffffffffffffffffffffff read\n", token);
	write_tokens(text, 0600);
	open_control(true);
	fd = connect_tcp();
	(void)snprintf(text, sizeof text, "auth %s\nblock 192.0.2.7\n", token);
	send_text(fd, text);
	milliseconds(3);
	expect(fd, "\"who\":\"token mx2\"");
	(void)close(fd);

	fd = connect_tcp();
	send_text(fd, "auth ffffffffffffffffffffffffffffffff\ntest 192.0.2.7\nblock 192.0.2.7\n");
	milliseconds(4);
	expect(fd, "no permission");
	assert_false(is_closed(fd));
	(void)close(fd);

	/* Anything but the right token first: an error, and the connection is closed. */
	for (size_t i = 0; i < 5; i++) {
		static const char *const wrong[] = {"list\n", "auth 0123456789abcdef0123456789abcde\n",
		                                    "auth 0123456789abcdef0123456789abcdef0\n",
		                                    "auth fedcba9876543210fedcba9876543210\n", "GET / HTTP/1.0\r\n"};

		fd = connect_tcp();
		milliseconds(1);
		send_text(fd, wrong[i]);
		milliseconds(2);
		expect(fd, "{\"ok\":false,\"error\":\"");
		assert_true(is_closed(fd));
		(void)close(fd);
	}
	/* Untrusted clients get only some of the places, and not for long. */
	milliseconds(1);
	for (size_t i = 0; i <= CONTROL_UNTRUSTED_MAX; i++) {
		fds[i] = connect_tcp();
		milliseconds(1);
	}
	assert_int_equal(connections(), CONTROL_UNTRUSTED_MAX);
	expect(fds[CONTROL_UNTRUSTED_MAX], "too many connections");
	fd = connect_to(f.path);
	milliseconds(1);
	send_text(fd, "test 192.0.2.7\n");
	milliseconds(1);
	expect(fd, "192.0.2.7");
	f.now_ms += CONNECTION_AUTH_MS;
	milliseconds(1);
	assert_int_equal(connections(), 1);
	for (size_t i = 0; i <= CONTROL_UNTRUSTED_MAX; i++)
		(void)close(fds[i]);
	(void)close(fd);
}

static void test_token_files(void **state)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *want;
	} rows[] = {
		{"mx2 0123456789abcdef0123456789abcdef\n", 0640, "[control] token_file "},
		{"mx2 0123456789abcdef0123456789abcdef\n", 0604, "chmod 600"},
		{"", 0600, "no token in it"},
		{"# nothing\n", 0600, "no token in it"},
		{"0123456789abcdef0123456789abcdef\n", 0600, "NAME TOKEN"},
		{"mx2 0123456789abcdef0123456789abcdef write\n", 0600, "NAME TOKEN"},
		{"mx2 0123456789abcdef0123456789abcde\n", 0600, "32 to 128"},
	};
	struct control_config config;
	struct why why;

	(void)state;
	f.port = free_port();
	config = config_of(true);
	assert_int_equal(control_new(&config, &f.control, &why), -ENOENT);
	assert_non_null(strstr(why.text, "tcp needs it"));
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		write_tokens(rows[i].text, rows[i].mode);
		assert_int_equal(control_new(&config, &f.control, &why), rows[i].mode == 0600 ? -EINVAL : -EPERM);
		if (strstr(why.text, rows[i].want) == NULL)
			fail_msg("\"%s\": got \"%s\", want \"%s\"", rows[i].text, why.text, rows[i].want);
		assert_true(access(f.path, F_OK) < 0); /* nothing half open is left */
	}
}

static void test_opening(void **state)
{
	struct control_config config = config_of(false);
	struct control *second;
	struct why why;
	int fd;

	(void)state;
	/* What a killed daemon left behind is replaced; */
	open_control(false);
	fd = connect_to(f.path);
	assert_int_equal(control_new(&config, &second, &why), -EADDRINUSE); /* not what is in use */
	(void)close(fd);
	control_free(f.control);
	f.control = NULL;
	assert_true(access(f.path, F_OK) < 0);
	{
		struct sockaddr_un un = {.sun_family = AF_UNIX};

		memcpy(un.sun_path, f.path, strlen(f.path));
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		assert_int_equal(bind(fd, (const struct sockaddr *)&un, sizeof un), 0);
		(void)close(fd);
	}
	open_control(false);
	control_free(f.control);
	f.control = NULL;
	/* a file that is no socket stays. */
	fd = open(f.path, O_WRONLY | O_CREAT, 0600);
	(void)close(fd);
	assert_int_equal(control_new(&config, &f.control, &why), -EEXIST);
	assert_int_equal(unlink(f.path), 0);
	/* A group that does not exist: for root and us it works. */
	config.group = "no-such-group-here";
	assert_int_equal(control_new(&config, &f.control, &why), CONTROL_LIMITED);
	assert_non_null(strstr(why.text, "no-such-group-here"));
	fd = connect_to(f.path);
	send_text(fd, "block 192.0.2.7\n");
	milliseconds(2);
	expect(fd, "\"ok\":true");
	(void)close(fd);
	control_free(f.control);
	f.control = NULL;
	config.socket = "/nonexistent/control";
	assert_true(control_new(&config, &f.control, &why) < 0);
	assert_non_null(strstr(why.text, "its directory must exist"));
}

/* In a child that is uid SOMEBODY with these groups: connects, asks, and prints what came into the pipe. */
static void ask_as(const char *path, gid_t gid, gid_t extra, const char *line, char got[static 512])
{
	int pipes[2], status;
	pid_t child;
	ssize_t n;
	size_t len = 0;

	assert_int_equal(pipe(pipes), 0);
	child = fork();
	if (child == 0) {
		char text[512];
		int fd;

		if (setgroups(extra != 0, &extra) < 0 || setgid(gid) < 0 || setuid(SOMEBODY) < 0)
			_exit(9);
		fd = connect_to(path);
		if (fd < 0)
			_exit(1);
		(void)fcntl(fd, F_SETFL, 0);
		(void)!send(fd, line, strlen(line), MSG_NOSIGNAL);
		(void)shutdown(fd, SHUT_WR);
		while ((n = recv(fd, text, sizeof text, 0)) > 0)
			(void)!write(pipes[1], text, (size_t)n);
		_exit(0);
	}
	(void)close(pipes[1]);
	while (waitpid(child, &status, WNOHANG) == 0)
		milliseconds(1);
	while (len < 511 && (n = read(pipes[0], got + len, 511 - len)) > 0)
		len += (size_t)n;
	got[len] = '\0';
	(void)close(pipes[0]);
	if (WEXITSTATUS(status) == 1)
		(void)snprintf(got, 512, "no connection");
	assert_int_not_equal(WEXITSTATUS(status), 9);
}

/* The kernel reports the peer's groups by number, so names are not needed. */
static void test_permissions(void **state)
{
	struct control_config config = config_of(false);
	const struct group *writers, *readers;
	char read_path[sizeof f.path + 8], got[512];
	gid_t writers_gid, readers_gid;
	struct stat st;
	struct why why;

	(void)state;
	if (geteuid() != 0)
		skip();
	config.group = "daemon"; /* any two that exist everywhere */
	config.readers = "adm";
	writers = getgrnam(config.group);
	assert_non_null(writers);
	writers_gid = writers->gr_gid;
	readers = getgrnam(config.readers);
	assert_non_null(readers);
	readers_gid = readers->gr_gid;
	if (control_new(&config, &f.control, &why) != 0)
		fail_msg("%s", why.text);
	(void)snprintf(read_path, sizeof read_path, "%s.read", f.path);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_gid, writers_gid);
	assert_int_equal(st.st_mode & 07777, 0660);
	assert_int_equal(stat(read_path, &st), 0);
	assert_int_equal(st.st_gid, readers_gid);
	assert_int_equal(st.st_mode & 07777, 0660);

	/* By their first group, and by another. */
	ask_as(f.path, writers_gid, 0, "block 192.0.2.7\n", got);
	assert_non_null(strstr(got, "\"who\":\"uid 4712\""));
	ask_as(f.path, SOMEBODY, writers_gid, "block 192.0.2.7\n", got);
	assert_non_null(strstr(got, "\"ok\":true"));
	ask_as(read_path, SOMEBODY, readers_gid, "test 192.0.2.7\n", got);
	assert_non_null(strstr(got, "\"ok\":true"));
	ask_as(read_path, readers_gid, 0, "block 192.0.2.7\n", got);
	assert_non_null(strstr(got, "\"error\":\"no permission: root may do this, and group \\\"daemon\\\"\""));
	/* The file system refuses everyone else, */
	ask_as(f.path, SOMEBODY, readers_gid, "test 192.0.2.7\n", got);
	assert_string_equal(got, "no connection");
	ask_as(read_path, SOMEBODY, 0, "test 192.0.2.7\n", got);
	assert_string_equal(got, "no connection");
	/* and so does the daemon, should somebody open the files to all. */
	assert_int_equal(chmod(f.path, 0666), 0);
	ask_as(f.path, SOMEBODY, 0, "test 192.0.2.7\n", got);
	assert_non_null(strstr(got, "no permission"));
	ask_as(f.path, SOMEBODY, readers_gid, "block 192.0.2.7\n", got);
	assert_non_null(strstr(got, "no permission"));
	ask_as(f.path, SOMEBODY, readers_gid, "test 192.0.2.7\n", got);
	assert_non_null(strstr(got, "\"ok\":true"));
	assert_int_equal(f.answered, 4);
}

/* --- replies --- */

static void want_line(json_t *reply, const char *want)
{
	size_t len;
	char *const line = reply_line(reply, &len);

	assert_string_equal(line, want);
	assert_int_equal(len, strlen(want));
	free(line);
}

static void test_replies(void **state)
{
	json_t *const reply = reply_new();
	char large[REPLY_MAX];

	(void)state;
	json_put_text(reply, "text", "a \"quoted\" \\ back\x01 caf\xC3\xA9 \xFF");
	json_put_text(reply, "null", NULL);
	json_put_number(reply, "number", INT64_MIN);
	json_put_bool(reply, "no", false);
	json_put_time(reply, "time", 1);
	json_put_time(reply, "never", 0);
	assert_true(reply_is_ok(reply));
	want_line(reply,
	          "{\"ok\":true,\"text\":\"a \\\"quoted\\\" \\\\ back\\\\x01 caf\xC3\xA9 \\\\xff\",\"null\":null,"
	          "\"number\":-9223372036854775808,\"no\":false,\"time\":\"1970-01-01T00:00:01Z\",\"never\":null}\n");
	/* What is too large is an error, and still a line. */
	memset(large, 'x', sizeof large - 1);
	large[sizeof large - 1] = '\0';
	json_put_text(reply, "large", large);
	want_line(
		reply,
		"{\"ok\":false,\"error\":\"the reply is larger than 64 KiB; the command of the same name gives all of it\"}\n");
	assert_false(reply_is_ok(reply));
	reply_error(reply, "no \"such\" thing\n");
	want_line(reply, "{\"ok\":false,\"error\":\"no \\\"such\\\" thing\\\\x0a\"}\n");
	json_decref(reply);
}

int main(void)
{
#define WITH_SOCKET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
		WITH_SOCKET(test_one_by_one),  WITH_SOCKET(test_line_too_long), WITH_SOCKET(test_64_connections),
		WITH_SOCKET(test_idle),        WITH_SOCKET(test_slow_reader),   WITH_SOCKET(test_late_reader),
		WITH_SOCKET(test_flood),       WITH_SOCKET(test_debt),          WITH_SOCKET(test_noise),
		WITH_SOCKET(test_compat),      WITH_SOCKET(test_tcp),           WITH_SOCKET(test_token_files),
		WITH_SOCKET(test_opening),     WITH_SOCKET(test_watch),         WITH_SOCKET(test_sharing_time),
		WITH_SOCKET(test_together),    WITH_SOCKET(test_slow_watcher),  WITH_SOCKET(test_many_watch),
		WITH_SOCKET(test_permissions), cmocka_unit_test(test_replies),
	};
#undef WITH_SOCKET

	return cmocka_run_group_tests(tests, NULL, NULL);
}
