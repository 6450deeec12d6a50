#include "names.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	HEADER = 12,
	LABEL_MAX = 63,
	NAME_MAX_LEN = 255,
	TYPE_A = 1,
	TYPE_AAAA = 28,
	CLASS_IN = 1,
	NXDOMAIN = 3,
	LINE_MAX_LEN = 256,
};

static const uint16_t types[] = {TYPE_A, TYPE_AAAA};

enum { N_TYPES = 2 };

struct names {
	char *const *list; /* borrowed */
	size_t n;
	struct nets (*known)[N_TYPES];
	size_t n_servers;
	struct names_server servers[NAMES_SERVERS_MAX];

	size_t at;       /* question number at of n * N_TYPES; that many: the round is over */
	unsigned tries;  /* of it; 0: not asked yet */
	int fd;          /* -1: none is open */
	int64_t when_ms; /* the next try, or round */
	size_t question_len;
	uint8_t question[NAMES_PACKET_MAX];
};

/* --- packets --- */

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]); /* 16 bits */
}

static void put16(uint8_t *p, uint16_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)(value & 0xFF);
}

size_t names_question(const char *name, uint16_t type, uint16_t number, uint8_t out[static NAMES_PACKET_MAX])
{
	size_t len = HEADER;

	if (strlen(name) > NAME_MAX_LEN - 2)
		return 0;
	memset(out, 0, HEADER);
	put16(out, number);
	out[2] = 0x01; /* recursion desired */
	put16(out + 4, 1);
	while (*name != '\0') {
		const size_t label = strcspn(name, ".");

		if (label == 0 || label > LABEL_MAX)
			return 0;
		out[len++] = (uint8_t)label; /* <= 63 */
		memcpy(out + len, name, label);
		len += label;
		name += label;
		name += *name == '.';
	}
	out[len++] = 0;
	put16(out + len, type);
	put16(out + len + 2, CLASS_IN);
	return len + 4;
}

/* Over a name, compressed or not: the place behind it, 0 when it runs out of the packet. */
static size_t skip_name(const uint8_t *packet, size_t len, size_t at)
{
	while (at < len) {
		if (packet[at] >= 0xC0)
			return at + 2 <= len ? at + 2 : 0;
		if (packet[at] > LABEL_MAX)
			return 0;
		if (packet[at] == 0)
			return at + 1;
		at += 1U + packet[at];
	}
	return 0;
}

/* The bytes of the question but for the case of letters, which some servers change. */
static bool is_echo(const uint8_t *a, const uint8_t *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (a[i] != b[i] && ((a[i] | 0x20) != (b[i] | 0x20) || (a[i] | 0x20) < 'a' || (a[i] | 0x20) > 'z'))
			return false;
	return true;
}

static void set_addr(struct addr *addr, const uint8_t *data, size_t len)
{
	memset(addr->bytes, 0, 10);
	memset(addr->bytes + 10, 0xFF, 2);
	memcpy(addr->bytes + 16 - len, data, len);
}

int names_answer(const uint8_t *packet, size_t len, const uint8_t *question, size_t question_len,
                 struct addr out[static NAMES_ADDRESSES_MAX])
{
	const uint16_t type = get16(question + question_len - 4);
	const size_t want = type == TYPE_A ? 4 : 16;
	size_t at = question_len;
	int n = 0;

	if (len < question_len || get16(packet) != get16(question) || (packet[2] & 0xF8) != 0x80 ||
	    get16(packet + 4) != 1 || !is_echo(packet + HEADER, question + HEADER, question_len - HEADER))
		return -1;
	if ((packet[3] & 0x0F) == NXDOMAIN)
		return 0;
	if ((packet[3] & 0x0F) != 0)
		return -1;
	/* Every address in it is of the name, or of one that the name stands for. */
	for (unsigned i = get16(packet + 6); i > 0 && n < NAMES_ADDRESSES_MAX; i--) {
		size_t data_len;

		at = skip_name(packet, len, at);
		if (at == 0 || at + 10 > len)
			return -1;
		data_len = get16(packet + at + 8);
		if (at + 10 + data_len > len)
			return -1;
		if (get16(packet + at) == type && get16(packet + at + 2) == CLASS_IN && data_len == want)
			set_addr(&out[n++], packet + at + 10, want);
		at += 10 + data_len;
	}
	return n;
}

/* --- servers --- */

size_t names_servers(const char *path, struct names_server out[static NAMES_SERVERS_MAX])
{
	FILE *const file = fopen(path, "re");
	char line[LINE_MAX_LEN];
	size_t n = 0;

	while (file != NULL && n < NAMES_SERVERS_MAX && fgets(line, sizeof line, file) != NULL) {
		const char *word = line + strspn(line, " \t");
		struct addr addr;

		if (strncmp(word, "nameserver", 10) != 0 || (word[10] != ' ' && word[10] != '\t'))
			continue;
		word += 10;
		word += strspn(word, " \t");
		if (addr_parse(word, strcspn(word, " \t\r\n"), &addr))
			out[n++] = (struct names_server){addr, NAMES_PORT};
	}
	if (file != NULL)
		(void)fclose(file);
	if (n == 0)
		out[n++] = (struct names_server){{{[10] = 0xFF, [11] = 0xFF, [12] = 127, [15] = 1}}, NAMES_PORT};
	return n;
}

/* A socket that hears this server only, from a port that strangers do not know. -1: it cannot be asked now. */
static int open_server(const struct names_server *server)
{
	const bool four = addr_is_ip4(&server->addr);
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(server->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(server->port)};
	const int fd = socket(four ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -1;
	memcpy(&in.sin_addr, server->addr.bytes + 12, 4);
	memcpy(&in6.sin6_addr, server->addr.bytes, 16);
	if (connect(fd, four ? (const struct sockaddr *)&in : (const struct sockaddr *)&in6,
	            four ? sizeof in : sizeof in6) < 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

/* --- the round --- */

struct names *names_new(char *const list[], size_t n, const struct names_server servers[], size_t n_servers)
{
	struct names *const names = calloc(1, sizeof *names);

	if (names == NULL || (names->known = calloc(n + 1, sizeof *names->known)) == NULL)
		abort();
	names->list = list;
	names->n = n;
	names->fd = -1;
	names->n_servers = n_servers < NAMES_SERVERS_MAX ? n_servers : NAMES_SERVERS_MAX;
	memcpy(names->servers, servers, names->n_servers * sizeof *servers);
	return names;
}

static void shut(struct names *names)
{
	if (names->fd >= 0)
		(void)close(names->fd);
	names->fd = -1;
}

void names_free(struct names *names)
{
	if (names == NULL)
		return;
	for (size_t i = 0; i < names->n; i++)
		for (size_t type = 0; type < N_TYPES; type++)
			nets_done(&names->known[i][type]);
	shut(names);
	free(names->known);
	free(names);
}

int names_fd(const struct names *names)
{
	return names == NULL ? -1 : names->fd;
}

int names_timeout_ms(const struct names *names, int64_t now_ms)
{
	if (names == NULL || names->n == 0)
		return -1;
	return names->when_ms <= now_ms ? 0 : (int)(names->when_ms - now_ms); /* at most a round */
}

/* The question that is open has got its answer, or never will. */
static void go_on(struct names *names, int64_t now_ms)
{
	shut(names);
	names->tries = 0;
	names->at++;
	names->when_ms = names->at == names->n * N_TYPES ? now_ms + NAMES_ROUND_MS : now_ms;
}

static bool replace(struct nets *known, const struct addr *addrs, size_t n)
{
	struct nets fresh = {0};
	bool same;

	for (size_t i = 0; i < n; i++) {
		const struct net net = net_of(&addrs[i]);

		nets_add(&fresh, &net);
	}
	nets_seal(&fresh);
	same = nets_equal(&fresh, known);
	nets_done(known);
	*known = fresh;
	return !same;
}

/* True when something is known that was not. */
static bool hear(struct names *names, int64_t now_ms)
{
	struct nets *const known = &names->known[names->at / N_TYPES][names->at % N_TYPES];
	struct addr addrs[NAMES_ADDRESSES_MAX];
	uint8_t packet[NAMES_PACKET_MAX];
	ssize_t len;

	while (names->fd >= 0 && (len = recv(names->fd, packet, sizeof packet, 0)) >= 0) {
		const int n = names_answer(packet, (size_t)len, names->question, names->question_len, addrs);

		if (n < 0)
			continue; /* a stranger's, or of a server in trouble: the next try asks another */
		go_on(names, now_ms);
		return replace(known, addrs, (size_t)n);
	}
	return false;
}

static void ask(struct names *names, int64_t now_ms)
{
	uint16_t number = 0;

	shut(names);
	names->when_ms = now_ms + NAMES_WAIT_MS;
	(void)!getrandom(&number, sizeof number, 0);
	names->question_len =
		names_question(names->list[names->at / N_TYPES], types[names->at % N_TYPES], number, names->question);
	if (names->question_len == 0) {
		go_on(names, now_ms);
		return;
	}
	names->fd = open_server(&names->servers[names->tries++ % names->n_servers]);
	if (names->fd >= 0)
		(void)!send(names->fd, names->question, names->question_len, MSG_NOSIGNAL);
}

bool names_turn(struct names *names, int64_t now_ms)
{
	bool changed = false;

	if (names == NULL || names->n == 0)
		return false;
	if (names->at < names->n * N_TYPES && names->fd >= 0)
		changed = hear(names, now_ms);
	if (now_ms < names->when_ms)
		return changed;
	if (names->at == names->n * N_TYPES)
		names->at = 0;
	if (names->tries == NAMES_TRIES)
		go_on(names, now_ms);
	if (names->at < names->n * N_TYPES)
		ask(names, now_ms);
	return changed;
}

void names_add_to(const struct names *names, struct nets *nets)
{
	for (size_t i = 0; names != NULL && i < names->n; i++)
		for (size_t type = 0; type < N_TYPES; type++)
			for (size_t j = 0; j < names->known[i][type].n; j++)
				nets_add(nets, &names->known[i][type].list[j]);
}
