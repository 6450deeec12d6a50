/* nameserver: a local name server that answers, lies, is in trouble, or is silent, as a test requires. */
#ifndef WFS_TESTS_UNIT_NAMESERVER_H
#define WFS_TESTS_UNIT_NAMESERVER_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	NAMESERVER_PACKET_MAX = 2048,
	NAMESERVER_SERVFAIL = 2,
	NAMESERVER_NXDOMAIN = 3,
	NAMESERVER_REFUSED = 5,
	NAMESERVER_SILENCE = 100,
};

struct nameserver_name {
	const char *name;         /* "": any other; without it, others are not there */
	const char *const *addrs; /* of both families, NULL at the end; NULL: none */
	unsigned rcode;           /* 0: addrs */
	const char *txt;          /* the one TXT record, at most 255 bytes; NULL: none */
	const char *ptr;          /* the one PTR record; NULL: none */
};

struct nameserver {
	int fd;
	char address[32]; /* as resolver_new takes it */
	const struct nameserver_name *hostnames;
	size_t n_names;
	unsigned deaf;  /* does not receive so many queries */
	unsigned lies;  /* before each answer, of somebody who does not know its number */
	unsigned asked; /* questions so far ... */
	char last[256]; /* ... and the name in the last one */
};

static inline struct nameserver nameserver_open(const struct nameserver_name *hostnames, size_t n)
{
	struct nameserver server = {.hostnames = hostnames, .n_names = n};
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof in;

	server.fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(server.fd >= 0);
	assert_int_equal(bind(server.fd, (const struct sockaddr *)&in, sizeof in), 0);
	assert_int_equal(getsockname(server.fd, (struct sockaddr *)&in, &len), 0);
	(void)snprintf(server.address, sizeof server.address, "127.0.0.1:%u", ntohs(in.sin_port));
	return server;
}

/* The name in a question, as text; returns the place behind it. */
static inline size_t nameserver_name(const uint8_t *packet, char out[static 256])
{
	size_t at = 12, len = 0;

	for (; packet[at] != 0; at += 1U + packet[at])
		len += (size_t)snprintf(out + len, 256 - len, "%s%.*s", len == 0 ? "" : ".", packet[at],
		                        (const char *)packet + at + 1);
	return at + 1;
}

/* Adds what is of the question's type to a packet; returns the new length. */
static inline size_t nameserver_add(const char *const addrs[], uint8_t type, uint8_t *packet, size_t len)
{
	const uint8_t head[] = {0xC0, 12, 0, type, 0, 1, 0, 0, 0, 9, 0, type == 1 ? 4 : 16};
	uint8_t addr[16];

	packet[7] = 0;
	for (; addrs != NULL && *addrs != NULL; addrs++) {
		if (inet_pton(type == 1 ? AF_INET : AF_INET6, *addrs, addr) != 1)
			continue;
		memcpy(packet + len, head, sizeof head);
		memcpy(packet + len + sizeof head, addr, head[11]);
		len += sizeof head + head[11];
		packet[7]++;
	}
	return len;
}

/* The same with a TXT record. */
static inline size_t nameserver_add_txt(const char *txt, uint8_t *packet, size_t len)
{
	const size_t n = strlen(txt);
	const uint8_t head[] = {0xC0,      12, 0, 16, 0, 1, 0, 0, 0, 9, (uint8_t)((n + 1) >> 8), (uint8_t)(n + 1),
	                        (uint8_t)n};

	packet[7] = 1;
	memcpy(packet + len, head, sizeof head);
	memcpy(packet + len + sizeof head, txt, n);
	return len + sizeof head + n;
}

/* The same with a PTR record. */
static inline size_t nameserver_add_ptr(const char *name, uint8_t *packet, size_t len)
{
	const size_t n = strlen(name) + 2;
	const uint8_t head[] = {0xC0, 12, 0, 12, 0, 1, 0, 0, 0, 9, 0, (uint8_t)n};

	packet[7] = 1;
	memcpy(packet + len, head, sizeof head);
	for (len += sizeof head; *name != '\0';) {
		const size_t label = strcspn(name, ".");

		packet[len++] = (uint8_t)label;
		memcpy(packet + len, name, label);
		len += label;
		name += label + (name[label] == '.');
	}
	packet[len++] = 0;
	return len;
}

/* Answers one question, if there is one. */
static inline void nameserver_serve(struct nameserver *server)
{
	static const char *const lies[] = {"203.0.113.66", "127.0.0.2", "2001:db8::66", NULL};
	const struct nameserver_name none = {.rcode = NAMESERVER_NXDOMAIN}, *found = &none;
	uint8_t packet[NAMESERVER_PACKET_MAX] = {0}, type;
	struct sockaddr_in from;
	socklen_t from_len = sizeof from;
	size_t question, len;

	if (recvfrom(server->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &from_len) < 12)
		return;
	question = nameserver_name(packet, server->last) + 4;
	type = packet[question - 3];
	server->asked++;
	for (size_t i = 0; i < server->n_names && found == &none; i++)
		if (strcasecmp(server->hostnames[i].name, server->last) == 0 || server->hostnames[i].name[0] == '\0')
			found = &server->hostnames[i];
	if (server->deaf > 0 || found->rcode == NAMESERVER_SILENCE) {
		server->deaf -= server->deaf > 0;
		return;
	}
	packet[2] = 0x81;
	memset(packet + 6, 0, 6);
	for (unsigned i = 0; i < server->lies; i++) {
		packet[1] ^= 0x55;
		len = nameserver_add(lies, type, packet, question);
		(void)sendto(server->fd, packet, len, 0, (const struct sockaddr *)&from, from_len);
		packet[1] ^= 0x55;
	}
	len = nameserver_add(found->rcode == 0 && (type == 1 || type == 28) ? found->addrs : NULL, type, packet,
	                     question);
	if (found->rcode == 0 && type == 12 && found->ptr != NULL)
		len = nameserver_add_ptr(found->ptr, packet, question);
	if (found->rcode == 0 && type == 16 && found->txt != NULL)
		len = nameserver_add_txt(found->txt, packet, question);
	packet[3] = (uint8_t)(0x80 | found->rcode);
	assert_int_equal(sendto(server->fd, packet, len, 0, (const struct sockaddr *)&from, from_len), (ssize_t)len);
}

#endif
