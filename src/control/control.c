#include "control/control.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	IN_MAX = 4096,         /* some requests at once, for those who do not wait for answers */
	SERVED_PER_TURN = 8,   /* connections that something is received from or sent to */
	BACKLOG = 16,
	NOBODY = -1,           /* no such connection or group */
	TOKEN_FILE_MAX = 8192,
	PASSWD_LINES_MAX = 10000,
};

enum rights {
	STRANGER, /* over TCP, without token yet */
	READER,
	WRITER,
};

enum listener {
	WRITERS,
	READERS,
	TCP,
	N_LISTENERS,
};

struct connection {
	int fd; /* -1: free */
	enum rights rights;
	bool compat;
	bool eof;      /* nothing more will come */
	bool closing;  /* after what waits is sent */
	bool asked;    /* a request is with the engine */
	bool named;    /* who has the name of the user too */
	enum protocol_verb verb; /* of that request */
	struct net net;
	uid_t uid;
	char who[CONTROL_WHO_MAX];
	int64_t heard_ms; /* last time something came or went */
	int64_t spent_us; /* on its requests; of those that wait, who spent least is next */
	size_t in_len;
	char in[IN_MAX];
	char *out; /* what the socket did not take yet; NULL: nothing */
	size_t out_len, out_sent;
};

struct token {
	char name[32];
	char text[PROTOCOL_TOKEN_MAX]; /* the rest zeros */
	enum rights rights;
};

struct control {
	int listeners[N_LISTENERS];
	char paths[2][CONTROL_PATH_MAX]; /* "": not ours to remove */
	char group[64], readers[64];     /* names, for refusals */
	int64_t gids[2];                 /* of WRITERS and READERS; NOBODY */
	size_t n_tokens;
	struct token tokens[CONTROL_TOKENS_MAX];

	int64_t credit_us; /* to spend on requests; < 0: debts */
	int64_t earned_ms; /* until when it was earned */
	int64_t served_us; /* what he had spent whose request was taken last: nobody falls behind it */
	size_t served;     /* who is received from and sent to next */
	struct connection *taken; /* whose line was taken in this turn; NULL: nobody's */
	struct connection connections[CONTROL_CONNECTIONS_MAX];
	struct answer answer; /* our own */
};

/* --- opening --- */

static int unix_address(const char *path, struct sockaddr_un *ret, struct why *why)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof ret->sun_path)
		return why_set(why, ENAMETOOLONG, "%s: the path of a socket has at most %zu bytes", path,
		               sizeof ret->sun_path - 1);
	memcpy(ret->sun_path, path, strlen(path));
	return 0;
}

/* Removes what a daemon left behind that was killed; nothing that is no socket, and none that is in use. */
static int remove_old(const struct sockaddr_un *address, struct why *why)
{
	struct stat st;
	int fd, rc;

	if (lstat(address->sun_path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return why_set(why, EEXIST, "%s: there is something else already", address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	rc = connect(fd, (const struct sockaddr *)address, sizeof *address);
	rc = rc < 0 && errno != EAGAIN ? -errno : 0;
	(void)close(fd);
	if (rc == 0)
		return why_set(why, EADDRINUSE, "%s: another daemon answers there", address->sun_path);
	(void)unlink(address->sun_path); /* bind says it if it could not */
	return 0;
}

static int listen_unix(const char *path, int *ret_fd, struct why *why)
{
	struct sockaddr_un address;
	mode_t before;
	int fd, rc;

	if ((rc = unix_address(path, &address, why)) < 0 || (rc = remove_old(&address, why)) < 0)
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	before = umask(0117); /* 0660 from its birth */
	rc = bind(fd, (const struct sockaddr *)&address, sizeof address);
	(void)umask(before);
	if (rc < 0 || listen(fd, BACKLOG) < 0) {
		rc = why_set(why, errno, "%s: %s; its directory must exist and be writable for the daemon's user", path,
		             strerror(errno));
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

static int listen_tcp(const struct addr *addr, uint16_t port, int *ret_fd, struct why *why)
{
	struct sockaddr_in in4 = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
	const bool four = addr_is_ip4(addr);
	const struct sockaddr *const address = four ? (const struct sockaddr *)&in4 : (const struct sockaddr *)&in6;
	const int one = 1;
	char text[ADDR_TEXT_MAX];
	int fd, rc;

	memcpy(&in4.sin_addr, addr->bytes + 12, sizeof in4.sin_addr);
	memcpy(&in6.sin6_addr, addr->bytes, sizeof in6.sin6_addr);
	(void)addr_text(addr, text);
	fd = socket(four ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return why_set(why, errno, "socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	if (bind(fd, address, four ? sizeof in4 : sizeof in6) < 0 || listen(fd, BACKLOG) < 0) {
		rc = why_set(why, errno, "[control] tcp %s port %u: %s", text, port, strerror(errno));
		(void)close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

/* "NAME TOKEN [read]"; comments and empty lines are passed over. */
static int take_token_line(struct control *c, char *line, const char *file, unsigned number, struct why *why)
{
	char *save = NULL;
	const char *const name = strtok_r(line, " \t\r", &save);
	const char *const text = name == NULL ? NULL : strtok_r(NULL, " \t\r", &save);
	const char *const word = text == NULL ? NULL : strtok_r(NULL, " \t\r", &save);
	struct token *token;

	if (name == NULL || name[0] == '#')
		return 0;
	if (text == NULL || (word != NULL && (strcmp(word, "read") != 0 || strtok_r(NULL, " \t\r", &save) != NULL)))
		return why_set(why, EINVAL, "%s:%u: want \"NAME TOKEN\" or \"NAME TOKEN read\"", file, number);
	if (strlen(name) >= sizeof token->name)
		return why_set(why, EINVAL, "%s:%u: a name has at most %zu characters", file, number,
		               sizeof token->name - 1);
	for (const char *p = name; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7E)
			return why_set(why, EINVAL, "%s:%u: a name is printable ASCII", file, number);
	if (strlen(text) < CONTROL_TOKEN_MIN || strlen(text) > PROTOCOL_TOKEN_MAX)
		return why_set(why, EINVAL, "%s:%u: a token has %d to %d characters, such as 'openssl rand -hex 16' gives",
		               file, number, CONTROL_TOKEN_MIN, PROTOCOL_TOKEN_MAX);
	if (c->n_tokens == CONTROL_TOKENS_MAX)
		return why_set(why, EINVAL, "%s:%u: more than %d tokens", file, number, CONTROL_TOKENS_MAX);
	token = &c->tokens[c->n_tokens++];
	memcpy(token->name, name, strlen(name) + 1);
	memcpy(token->text, text, strlen(text));
	token->rights = word != NULL ? READER : WRITER;
	return 0;
}

static int read_tokens(struct control *c, const char *file, struct why *why)
{
	char text[TOKEN_FILE_MAX + 1], *save = NULL;
	const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	unsigned number = 0;
	ssize_t len = -1;
	int rc = 0;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (len = read(fd, text, sizeof text)) < 0)
		rc = why_set(why, EINVAL, "[control] token_file %s: %s; tcp needs it, and the daemon's user must own it", file,
		             fd >= 0 && errno == 0 ? "no file" : strerror(errno));
	else if ((st.st_mode & 077) != 0)
		rc = why_set(why, EINVAL, "[control] token_file %s: others may read it; 'chmod 600 %s'", file, file);
	else if (len > TOKEN_FILE_MAX)
		rc = why_set(why, EINVAL, "[control] token_file %s: longer than %d bytes", file, TOKEN_FILE_MAX);
	if (fd >= 0)
		(void)close(fd);
	if (rc < 0)
		return rc;
	text[len] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line != NULL && rc == 0; line = strtok_r(NULL, "\n", &save))
		rc = take_token_line(c, line, file, ++number, why);
	if (rc == 0 && c->n_tokens == 0)
		rc = why_set(why, EINVAL, "[control] token_file %s: no token in it", file);
	explicit_bzero(text, sizeof text);
	return rc;
}

/* The group of a socket; CONTROL_LIMITED with a sentence when it cannot have it. */
static int give_group(struct control *c, enum listener which, const char *path, const char *name, struct why *why)
{
	const struct group *group;

	if (name[0] == '\0')
		return 0;
	errno = 0;
	group = getgrnam(name);
	if (group == NULL) {
		(void)why_set(why, ENOENT, "%s: there is no group \"%s\"; only root and the daemon's own user may use it", path,
		              name);
		return CONTROL_LIMITED;
	}
	c->gids[which] = group->gr_gid;
	if (chown(path, (uid_t)-1, group->gr_gid) == 0)
		return 0;
	(void)why_set(why, errno, "%s: cannot give it to group \"%s\": %s; make the daemon's user a member of that group. "
	                          "Until then only root and that user may use it", path, name, strerror(errno));
	return CONTROL_LIMITED;
}

static int open_unix(struct control *c, enum listener which, const char *path, const char *group, struct why *why)
{
	const int rc = listen_unix(path, &c->listeners[which], why);

	if (rc < 0)
		return rc;
	(void)snprintf(c->paths[which], sizeof c->paths[which], "%s", path);
	return give_group(c, which, path, group, why);
}

int control_new(const struct control_config *config, struct control **ret, struct why *why)
{
	struct control *const c = calloc(1, sizeof *c);
	int rc = 0, limited = 0;

	if (c == NULL)
		abort();
	for (size_t i = 0; i < N_LISTENERS; i++)
		c->listeners[i] = -1;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		c->connections[i].fd = -1;
	c->gids[WRITERS] = c->gids[READERS] = NOBODY;
	c->credit_us = CONTROL_SAVED_US;
	(void)snprintf(c->group, sizeof c->group, "%s", config->group);
	(void)snprintf(c->readers, sizeof c->readers, "%s", config->readers);
	if (config->port != 0) {
		rc = read_tokens(c, config->token_file, why);
		if (rc == 0)
			rc = listen_tcp(&config->tcp, config->port, &c->listeners[TCP], why);
	}
	if (rc == 0 && config->socket[0] != '\0')
		rc = limited = open_unix(c, WRITERS, config->socket, config->group, why);
	if (rc >= 0 && config->socket[0] != '\0' && config->readers[0] != '\0') {
		char path[CONTROL_PATH_MAX + 8];

		(void)snprintf(path, sizeof path, "%s.read", config->socket);
		rc = open_unix(c, READERS, path, config->readers, why);
		if (rc == CONTROL_LIMITED)
			limited = rc;
	}
	if (rc < 0) {
		control_free(c);
		return rc;
	}
	*ret = c;
	return limited;
}

static void close_connection(struct connection *conn)
{
	if (conn->fd < 0)
		return;
	(void)close(conn->fd);
	free(conn->out);
	conn->out = NULL;
	conn->fd = -1;
}

void control_free(struct control *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		close_connection(&c->connections[i]);
	for (size_t i = 0; i < 2; i++)
		if (c->paths[i][0] != '\0')
			(void)unlink(c->paths[i]);
	for (size_t i = 0; i < N_LISTENERS; i++)
		if (c->listeners[i] >= 0)
			(void)close(c->listeners[i]);
	explicit_bzero(c->tokens, sizeof c->tokens);
	free(c);
}

size_t control_connections(const struct control *c)
{
	size_t n = 0;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++)
		n += c->connections[i].fd >= 0;
	return n;
}

/* --- sending --- */

/* Sends what waits, as far as the socket takes it. */
static void flush(struct connection *conn, int64_t now_ms)
{
	while (conn->out != NULL) {
		const ssize_t n = send(conn->fd, conn->out + conn->out_sent, conn->out_len - conn->out_sent,
		                       MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) {
			close_connection(conn);
			return;
		}
		if (n < 0)
			return;
		conn->heard_ms = now_ms;
		conn->out_sent += (size_t)n; /* >= 0, checked above */
		if (conn->out_sent == conn->out_len) {
			free(conn->out);
			conn->out = NULL;
		}
	}
}

/* Only while nothing waits: no request is taken before. */
static void send_text(struct connection *conn, const char *text, size_t len, int64_t now_ms)
{
	assert(conn->out == NULL);
	if (len == 0)
		return;
	if ((conn->out = malloc(len)) == NULL)
		abort();
	memcpy(conn->out, text, len);
	conn->out_len = len;
	conn->out_sent = 0;
	flush(conn, now_ms);
}

/* As MIMEDefang's daemon answered: "OK + A", "OK - A"; for what it did not know, "OK" and the object. */
static void send_compat(struct connection *conn, const struct answer *answer, int64_t now_ms)
{
	static const char error[] = "{\"ok\":false,\"error\":\"";
	char text[ANSWER_MAX + 16], net[NET_TEXT_MAX];
	int n;

	if (!answer->ok) {
		/* The sentence alone, without quotes, bracket and newline. */
		n = snprintf(text, sizeof text, "ERR %.*s\n", (int)(answer->len - (sizeof error - 1) - 3),
		             answer->text + sizeof error - 1);
	} else if (conn->verb == PROTOCOL_BLOCK || conn->verb == PROTOCOL_UNBLOCK) {
		(void)net_text(&conn->net, net);
		n = snprintf(text, sizeof text, "OK %c %s\n", conn->verb == PROTOCOL_BLOCK ? '+' : '-', net);
	} else {
		n = snprintf(text, sizeof text, "OK %s", answer->text);
	}
	send_text(conn, text, (size_t)n, now_ms); /* > 0 */
}

static void send_answer(struct connection *conn, const struct answer *answer, int64_t now_ms)
{
	if (conn->compat)
		send_compat(conn, answer, now_ms);
	else
		send_text(conn, answer->text, answer->len, now_ms);
}

/* Says a sentence; last: and hangs up. */
static void refuse(struct control *c, struct connection *conn, const char *sentence, bool last, int64_t now_ms)
{
	answer_error(&c->answer, sentence);
	send_answer(conn, &c->answer, now_ms);
	conn->closing |= last;
}

/* --- who is there --- */

/* All groups of who is at the other end; *ret_n of them, to be freed. NULL when the kernel does not tell. */
static gid_t *groups_of(int fd, size_t *ret_n)
{
	socklen_t size = 0;
	gid_t *groups;

	*ret_n = 0;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return NULL;
	if ((groups = malloc(size)) == NULL)
		abort();
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		free(groups);
		return NULL;
	}
	*ret_n = size / sizeof *groups;
	return groups;
}

/* STRANGER when he may nothing. */
static enum rights rights_of(const struct control *c, int fd, const struct ucred *peer)
{
	enum rights rights = STRANGER;
	size_t n;
	gid_t *groups;

	if (peer->uid == 0 || peer->uid == geteuid())
		return WRITER;
	groups = groups_of(fd, &n);
	for (size_t i = 0; i <= n; i++) {
		const int64_t gid = i < n ? groups[i] : peer->gid;

		if (gid == c->gids[WRITERS])
			rights = WRITER;
		else if (gid == c->gids[READERS] && rights == STRANGER)
			rights = READER;
	}
	free(groups);
	return rights;
}

/* The user's name from /etc/passwd itself: other sources of names may take as long as they like. */
static void add_name(struct connection *conn)
{
	FILE *file;
	const struct passwd *pw;
	unsigned lines = 0;

	if (conn->named)
		return;
	conn->named = true;
	if ((file = fopen("/etc/passwd", "re")) == NULL)
		return;
	while ((pw = fgetpwent(file)) != NULL && pw->pw_uid != conn->uid && ++lines < PASSWD_LINES_MAX)
		;
	if (pw != NULL && pw->pw_uid == conn->uid)
		(void)snprintf(conn->who, sizeof conn->who, "uid %u (%.40s)", (unsigned)conn->uid, pw->pw_name);
	(void)fclose(file);
}

static const char *who_may(const struct control *c, bool writing, char out[static WHY_MAX])
{
	const bool readers = !writing && c->readers[0] != '\0';

	if (c->group[0] == '\0' && !readers)
		(void)snprintf(out, WHY_MAX, "no permission: only root and the daemon's own user may do this");
	else
		(void)snprintf(out, WHY_MAX, "no permission: root may do this, and group \"%s\"%s%s%s", c->group,
		               readers ? " or \"" : "", readers ? c->readers : "", readers ? "\"" : "");
	return out;
}

/* --- accepting and receiving --- */

/* What came and was not read would make TCP throw away what we said last. */
static void drain(int fd)
{
	char text[IN_MAX];

	for (size_t i = 0; i < 16 && recv(fd, text, sizeof text, MSG_DONTWAIT) > 0; i++)
		;
}

/* A last word for one that is not let in; the socket's buffer takes it or nobody does. */
static void turn_away(struct control *c, int fd, const char *sentence)
{
	answer_error(&c->answer, sentence);
	(void)!send(fd, c->answer.text, c->answer.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	drain(fd);
	(void)close(fd);
}

static struct connection *free_place(struct control *c, bool tcp)
{
	struct connection *place = NULL;
	size_t strangers = 0;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		struct connection *const conn = &c->connections[i];

		if (conn->fd < 0 && place == NULL)
			place = conn;
		strangers += conn->fd >= 0 && conn->rights == STRANGER;
	}
	return tcp && strangers >= CONTROL_STRANGERS_MAX ? NULL : place;
}

static void let_in(struct control *c, enum listener which, int fd, int64_t now_ms)
{
	struct connection *const conn = free_place(c, which == TCP);
	struct ucred peer = {.uid = (uid_t)-1, .gid = (gid_t)-1};
	socklen_t size = sizeof peer;
	enum rights rights = STRANGER;
	char text[WHY_MAX];
	const int one = 1;

	if (which == TCP) {
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	} else if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	           (rights = rights_of(c, fd, &peer)) == STRANGER) {
		turn_away(c, fd, who_may(c, false, text));
		return;
	}
	if (conn == NULL) {
		turn_away(c, fd, which == TCP ? "too many connections that have not shown a token, or in all; try again"
		                              : "64 connections are open already; try again");
		return;
	}
	*conn = (struct connection){.fd = fd, .rights = rights, .uid = peer.uid, .heard_ms = now_ms, .named = which == TCP};
	(void)snprintf(conn->who, sizeof conn->who, "uid %u", (unsigned)peer.uid);
}

static void accept_one(struct control *c, enum listener which, int64_t now_ms)
{
	const int fd = accept4(c->listeners[which], NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd >= 0) /* or none waits, or no descriptors: those that wait do so until some are closed */
		let_in(c, which, fd, now_ms);
}

/* The complete line at the beginning of what was received; or what is too long to become one. */
static bool has_line(const struct connection *conn, size_t *ret_len)
{
	const char *const end = memchr(conn->in, '\n', conn->in_len);

	*ret_len = end != NULL ? (size_t)(end - conn->in) : conn->in_len;
	return end != NULL || conn->in_len > PROTOCOL_LINE_MAX;
}

/* Not while a line waits: what more there is stays with the sender, and does not wake us. */
static bool may_receive(const struct connection *conn)
{
	size_t ignored;

	return conn->fd >= 0 && !conn->eof && !conn->closing && !has_line(conn, &ignored);
}

static void receive(struct connection *conn, int64_t now_ms)
{
	const ssize_t n = recv(conn->fd, conn->in + conn->in_len, sizeof conn->in - conn->in_len, MSG_DONTWAIT);

	if (n > 0) {
		conn->in_len += (size_t)n; /* > 0 */
		conn->heard_ms = now_ms;
	} else if (n == 0) {
		conn->eof = true;
	} else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		close_connection(conn);
	}
}

/* Something can be done for this one now, but for budgets. */
static bool is_ready(const struct connection *conn)
{
	size_t ignored;

	return conn->fd >= 0 && !conn->closing && conn->out == NULL && has_line(conn, &ignored);
}

/* Nothing more will happen here. Half a line at the end is none. */
static bool is_done(const struct connection *conn)
{
	return conn->out == NULL && (conn->closing || (conn->eof && !is_ready(conn)));
}

/* When it is to be closed if nothing happens. */
static int64_t closes_at(const struct connection *conn)
{
	if (conn->out != NULL)
		return conn->heard_ms + CONTROL_STALL_MS;
	return conn->heard_ms + (conn->rights == STRANGER ? CONTROL_AUTH_MS : CONTROL_IDLE_MS);
}

/* A share of the time since it was last looked at. */
static void earn(struct control *c, int64_t now_ms)
{
	c->credit_us += (now_ms - c->earned_ms) * CONTROL_SHARE_US;
	if (c->credit_us > CONTROL_SAVED_US)
		c->credit_us = CONTROL_SAVED_US;
	c->earned_ms = now_ms;
}

void control_spent(struct control *c, int64_t spent_us)
{
	c->credit_us -= spent_us;
	if (c->credit_us < -CONTROL_DEBT_US)
		c->credit_us = -CONTROL_DEBT_US;
	if (c->taken != NULL)
		c->taken->spent_us += spent_us > 0 ? spent_us : 1;
	c->taken = NULL;
}

void control_poll(struct control *c, int64_t now_ms, struct pollfd out[static CONTROL_FDS_MAX])
{
	bool in_debt;

	/* Only here: with credit everybody is heard, not only who was before. */
	earn(c, now_ms);
	in_debt = c->credit_us <= 0;
	for (size_t i = 0; i < N_LISTENERS; i++)
		out[i] = (struct pollfd){.fd = in_debt ? -1 : c->listeners[i], .events = POLLIN};
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		const struct connection *const conn = &c->connections[i];
		const short events = (short)((may_receive(conn) ? POLLIN : 0) | (conn->fd >= 0 && conn->out != NULL ? POLLOUT : 0));

		/* Without events it would still report a hang-up, again and again. */
		out[N_LISTENERS + i] = (struct pollfd){.fd = events != 0 && !in_debt ? conn->fd : -1, .events = events};
	}
}

int control_timeout_ms(const struct control *c, int64_t now_ms)
{
	int64_t at = INT64_MAX;

	if (c->credit_us <= 0)
		at = c->earned_ms - c->credit_us / CONTROL_SHARE_US + 1;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX && c->credit_us > 0; i++) {
		const struct connection *const conn = &c->connections[i];
		int64_t when;

		if (conn->fd < 0)
			continue;
		when = is_done(conn) || is_ready(conn) ? now_ms : closes_at(conn);
		at = when < at ? when : at;
	}
	if (at == INT64_MAX)
		return -1;
	return at <= now_ms ? 0 : (int)(at - now_ms); /* at most CONTROL_IDLE_MS */
}

/* True when something was to be done. */
static bool serve(struct connection *conn, const struct pollfd *p, int64_t now_ms)
{
	const bool polled = conn->fd >= 0 && p->fd == conn->fd && p->revents != 0;

	if (polled && conn->out != NULL)
		flush(conn, now_ms);
	if (polled && (p->revents & (POLLIN | POLLHUP | POLLERR)) != 0 && may_receive(conn))
		receive(conn, now_ms);
	if (conn->fd < 0)
		return polled;
	if (is_done(conn)) {
		drain(conn->fd);
		close_connection(conn);
		return true;
	}
	if (now_ms >= closes_at(conn) && !is_ready(conn))
		close_connection(conn);
	return polled;
}

void control_serve(struct control *c, const struct pollfd polled[static CONTROL_FDS_MAX], int64_t now_ms)
{
	size_t n = 0;

	if (c->credit_us <= 0)
		return;
	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX && n < SERVED_PER_TURN; i++) {
		n += serve(&c->connections[c->served], &polled[N_LISTENERS + c->served], now_ms);
		c->served = (c->served + 1) % CONTROL_CONNECTIONS_MAX;
	}
	for (size_t i = 0; i < N_LISTENERS; i++)
		if (c->listeners[i] >= 0 && polled[i].revents != 0)
			accept_one(c, (enum listener)i, now_ms);
}

/* --- requests --- */

/* Compares with all tokens in the same time, whatever was sent. */
static const struct token *find_token(const struct control *c, const char text[static PROTOCOL_TOKEN_MAX])
{
	const struct token *found = NULL;

	for (size_t i = 0; i < c->n_tokens; i++) {
		unsigned differ = 0;

		for (size_t j = 0; j < PROTOCOL_TOKEN_MAX; j++)
			differ |= (unsigned)(c->tokens[i].text[j] ^ text[j]);
		if (differ == 0)
			found = &c->tokens[i];
	}
	return found;
}

static void take_auth(struct control *c, struct connection *conn, const struct protocol_request *r, int64_t now_ms)
{
	const struct token *const token = find_token(c, r->token);

	if (token == NULL) {
		refuse(c, conn, "no such token", true, now_ms);
		return;
	}
	conn->rights = token->rights;
	(void)snprintf(conn->who, sizeof conn->who, "token %s", token->name);
	answer_begin(&c->answer);
	answer_end(&c->answer);
	send_answer(conn, &c->answer, now_ms);
}

static void take_compat(struct connection *conn, int64_t now_ms)
{
	static const char banner[] = "OK watchforspammers firewall daemon\n";

	conn->compat = true;
	send_text(conn, banner, sizeof banner - 1, now_ms);
}

/* The line at the beginning is done with. */
static void drop_line(struct connection *conn, size_t len)
{
	const size_t gone = len < conn->in_len ? len + 1 : conn->in_len;

	memmove(conn->in, conn->in + gone, conn->in_len - gone);
	conn->in_len -= gone;
}

/* True: *ret is for the engine. What is not is answered. */
static bool take_line(struct control *c, struct connection *conn, int64_t now_ms, struct protocol_request *ret)
{
	char text[WHY_MAX];
	struct why why;
	size_t len;
	int rc;

	(void)has_line(conn, &len);
	if (len > PROTOCOL_LINE_MAX) {
		(void)snprintf(text, sizeof text, "a line has at most %d bytes", PROTOCOL_LINE_MAX);
		refuse(c, conn, text, true, now_ms);
		return false;
	}
	rc = protocol_parse((struct span){conn->in, len}, ret, &why);
	if (conn->rights == STRANGER && (rc < 0 || ret->verb != PROTOCOL_AUTH)) {
		refuse(c, conn, "the first line is \"auth TOKEN\"", true, now_ms);
		return false;
	}
	drop_line(conn, len);
	conn->verb = rc == 0 ? ret->verb : PROTOCOL_STATUS;
	if (rc < 0)
		refuse(c, conn, why.text, false, now_ms);
	else if (ret->verb == PROTOCOL_AUTH)
		take_auth(c, conn, ret, now_ms);
	else if (ret->verb == PROTOCOL_COMPAT)
		take_compat(conn, now_ms);
	else if (!protocol_is_reading(ret->verb) && conn->rights != WRITER)
		refuse(c, conn, who_may(c, true, text), false, now_ms);
	else
		return true;
	return false;
}

/* Of those whose request waits, who had least of our time; NULL: nobody. Who had nothing to ask saves up nothing. */
static struct connection *next_ready(struct control *c)
{
	struct connection *next = NULL;

	for (size_t i = 0; i < CONTROL_CONNECTIONS_MAX; i++) {
		struct connection *const conn = &c->connections[i];

		if (!is_ready(conn))
			continue;
		if (conn->spent_us < c->served_us)
			conn->spent_us = c->served_us;
		if (next == NULL || conn->spent_us < next->spent_us)
			next = conn;
	}
	return next;
}

bool control_next(struct control *c, int64_t now_ms, struct control_request *ret)
{
	struct connection *const conn = c->credit_us > 0 ? next_ready(c) : NULL;

	if (conn == NULL)
		return false;
	assert(!conn->asked && c->taken == NULL);
	c->taken = conn;
	c->served_us = conn->spent_us;
	if (!take_line(c, conn, now_ms, &ret->what))
		return false;
	if (!protocol_is_reading(ret->what.verb))
		add_name(conn);
	conn->asked = true;
	conn->net = ret->what.net;
	ret->connection = (size_t)(conn - c->connections); /* it is one of them */
	memcpy(ret->who, conn->who, sizeof ret->who);
	return true;
}

void control_answer(struct control *c, size_t connection, const struct answer *answer, int64_t now_ms)
{
	struct connection *const conn = &c->connections[connection];

	assert(connection < CONTROL_CONNECTIONS_MAX && conn->asked);
	conn->asked = false;
	conn->heard_ms = now_ms;
	send_answer(conn, answer, now_ms);
}
