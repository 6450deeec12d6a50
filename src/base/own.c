#include "base/own.h"

#include <ifaddrs.h>
#include <netinet/in.h>
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

size_t own_addresses(struct net out[static OWN_MAX])
{
	struct ifaddrs *list = NULL;
	size_t n = 0;

	if (getifaddrs(&list) < 0)
		return 0;
	for (const struct ifaddrs *i = list; i != NULL && n < OWN_MAX; i = i->ifa_next)
		if (i->ifa_addr != NULL && net_of_sockaddr(i->ifa_addr, &out[n]))
			n++;
	freeifaddrs(list);
	return n;
}
