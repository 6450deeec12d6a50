#include "base/localaddrs.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static bool net_of_sockaddr(const struct sockaddr *sa, struct net *ret)
{
	ret->len = 128;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in);
		memset(ret->addr.bytes, 0, 10);
		memset(ret->addr.bytes + 10, 0xFF, 2);
		memcpy(ret->addr.bytes + 12, &in.sin_addr, 4);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof in6);
		memcpy(ret->addr.bytes, &in6.sin6_addr, 16);
		return true;
	}
	return false;
}

/*
 * Reads the gateways of default routes: "eth0 00000000 010200C0 ...". Bytes are in network order, printed as one
 * number.
 */
static size_t gateways4(struct net *out, size_t cap)
{
	FILE *const file = fopen("/proc/net/route", "re");
	unsigned destination, gateway;
	size_t n = 0;

	if (file == NULL)
		return 0;
	(void)!fscanf(file, "%*[^\n]"); /* the heading */
	while (n < cap && fscanf(file, "%*s %x %x%*[^\n]", &destination, &gateway) == 2) {
		if (destination != 0 || gateway == 0)
			continue;
		out[n] = (struct net){.len = 128};
		memset(out[n].addr.bytes + 10, 0xFF, 2);
		memcpy(out[n++].addr.bytes + 12, &gateway, 4);
	}
	(void)fclose(file);
	return n;
}

/* Reads lines "0000... 00 0000... 00 fd00...01 ...": destination and source with their lengths, then the gateway. */
static size_t gateways6(struct net *out, size_t cap)
{
	static const struct addr none;
	FILE *const file = fopen("/proc/net/ipv6_route", "re");
	char gateway[33];
	unsigned len;
	size_t n = 0;

	if (file == NULL)
		return 0;
	while (n < cap && fscanf(file, "%*32s %x %*32s %*x %32s%*[^\n]", &len, gateway) == 2) {
		struct net net = {.len = 128};
		bool good = len == 0 && strlen(gateway) == 32;

		for (size_t i = 0; good && i < sizeof net.addr.bytes; i++)
			good = sscanf(gateway + 2 * i, "%2hhx", &net.addr.bytes[i]) == 1;
		if (good && !addr_equal(&net.addr, &none))
			out[n++] = net;
	}
	(void)fclose(file);
	return n;
}

size_t localaddrs_addresses(struct net out[static LOCALADDRS_MAX])
{
	struct ifaddrs *list = NULL;
	size_t n = 0;

	if (getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *i = list; i != NULL && n < LOCALADDRS_MAX; i = i->ifa_next)
		if (i->ifa_addr != NULL && net_of_sockaddr(i->ifa_addr, &out[n]))
			n++;
	freeifaddrs(list);
	n += gateways4(out + n, LOCALADDRS_MAX - n);
	return n + gateways6(out + n, LOCALADDRS_MAX - n);
}
