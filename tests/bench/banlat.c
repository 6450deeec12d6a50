/*
 * banlat: how long it takes from a hostile line in the log to the address in the kernel's list.
 *
 * usage: banlat BACKEND LOG LIST N [PAUSE_US NET [login]]
 * Appends N hostile lines of Postfix to LOG, rejections or failed logins, each by another address of NET, one after the
 * other, and reads /proc/net/xt_recent/LIST (recent) or the set LIST of our table (nftables) until the address is
 * there. Prints the times in microseconds. Run it in the network namespace of the daemon. N is at most 90, so that a
 * list of the stock capacity takes them all. Between two looks it sleeps for PAUSE_US, so that it can share a processor
 * with the daemon; without, it spins. NET: three octets, without any they are 203.0.113. Exit status 1 when an address
 * was not there after ten seconds.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/netfilter/nf_tables.h>

#include "root/nft_batch.h"
#include "root/nft_elements.h"

enum {
	N_MAX = 90,
	PATIENCE_US = 10 * 1000 * 1000,
	PAUSE_MAX_US = 10 * 1000,
	BETWEEN_NS = 20 * 1000 * 1000, /* a line comes alone: the daemon sleeps again before the next */
	LIST_BYTES = 1 << 16,          /* 100 entries of at most 20 stamps */
};

/* Where the addresses are. */
struct kernel {
	bool nftables;
	char path[256];  /* recent */
	const char *set; /* nftables */
	struct mnl_socket *socket;
	struct nft_answer answer;
};

static double now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int append_line(int log, const char *net, unsigned host, bool login)
{
	const time_t now = time(NULL);
	struct tm tm;
	char stamp[32], line[512];
	int len;

	(void)strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S+00:00", gmtime_r(&now, &tm));
	if (login)
		len = snprintf(
			line, sizeof line,
			"%s mx postfix/smtpd[%u]: warning: unknown[%s.%u]: SASL LOGIN authentication failed: authentication failure\n",
			stamp, 1000 + host, net, host);
	else
		len = snprintf(line, sizeof line,
		               "%s mx postfix/smtpd[%u]: NOQUEUE: reject: RCPT from unknown[%s.%u]: 554 5.7.1 Service "
		               "unavailable; Client host [%s.%u] blocked using zen.example; from=<a@example.com> "
		               "to=<b@example.org> proto=ESMTP helo=<x>\n",
		               stamp, 1000 + host, net, host, net, host);
	return write(log, line, (size_t)len) == len ? 0 : -1; /* shorter than line: all of it is known */
}

/* 1: there, 0: not there, -1: no such list. */
static int is_in_set(struct kernel *kernel, const char *address)
{
	const struct nlmsghdr *nlh;
	struct addr addr;
	struct why why;
	int found = 0, rc;

	if (!addr_parse(address, strlen(address), &addr))
		return -1;
	rc = nft_ask(&kernel->answer, kernel->socket, NFT_MSG_GETSETELEM, "watchforspammers", kernel->set, &why);
	while (rc == 0 && (rc = nft_next(&kernel->answer, &nlh, &why)) == 0 && nlh != NULL) {
		struct nft_reader reader;
		struct nft_element element;

		nft_reader_init(&reader, nlh, (struct nft_slot){true, 32});
		while (nft_reader_next(&reader, &element))
			found |= addr_equal(&element.net.addr, &addr);
	}
	return rc == -ENOENT ? 0 : rc < 0 ? -1 : found; /* a set is made when it is needed */
}

/* Likewise. */
static int is_listed(struct kernel *kernel, const char *address)
{
	static char text[LIST_BYTES];
	const int fd = kernel->nftables ? -1 : open(kernel->path, O_RDONLY | O_CLOEXEC);
	char key[40];
	size_t len = 0;
	ssize_t n;

	if (kernel->nftables)
		return is_in_set(kernel, address);
	if (fd < 0)
		return -1;
	(void)snprintf(key, sizeof key, "src=%s ", address);
	while (len < sizeof text - 1 && (n = read(fd, text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)n;
	(void)close(fd);
	text[len] = '\0';
	return strstr(text, key) != NULL;
}

/* Microseconds, or -1 with the reason printed. */
static double measure(int log, struct kernel *kernel, const char *net, unsigned host, bool login,
                      const struct timespec *pause)
{
	const double began = now_us();
	char address[32];

	(void)snprintf(address, sizeof address, "%s.%u", net, host);
	if (append_line(log, net, host, login) < 0) {
		(void)fprintf(stderr, "banlat: cannot append to the log: %s\n", strerror(errno));
		return -1;
	}
	for (;;) {
		const int found = is_listed(kernel, address);
		const double took = now_us() - began;

		if (found == 1)
			return took;
		if (found < 0 || took > PATIENCE_US) {
			(void)fprintf(stderr, "banlat: %s: %s\n", address,
			              found < 0 ? strerror(errno) : "it does not come");
			return -1;
		}
		if (pause->tv_nsec > 0)
			(void)nanosleep(pause, NULL);
	}
}

int main(int argc, char **argv)
{
	const struct timespec between = {.tv_nsec = BETWEEN_NS};
	const bool login = argc == 8 && strcmp(argv[7], "login") == 0;
	const long n = argc == 5 || argc == 7 || login ? strtol(argv[4], NULL, 10) : 0;
	const long pause_us = argc >= 7 ? strtol(argv[5], NULL, 10) : 0;
	const char *const net = argc >= 7 ? argv[6] : "203.0.113";
	static struct kernel kernel;
	struct timespec pause;
	double took[N_MAX];
	struct why why;
	int log;

	if (n < 1 || n > N_MAX || pause_us < 0 || pause_us > PAUSE_MAX_US) {
		(void)fprintf(
			stderr,
			"usage: banlat BACKEND LOG LIST N [PAUSE_US NET [login]]; N is 1 to %d, PAUSE_US 0 to %d\n",
			N_MAX, PAUSE_MAX_US);
		return 2;
	}
	pause = (struct timespec){.tv_nsec = pause_us * 1000};
	(void)prctl(PR_SET_TIMERSLACK, 1UL); /* as short as said */
	log = open(argv[2], O_WRONLY | O_APPEND | O_CLOEXEC);
	if (log < 0) {
		(void)fprintf(stderr, "banlat: %s: %s\n", argv[2], strerror(errno));
		return 1;
	}
	kernel.nftables = strcmp(argv[1], "nftables") == 0;
	kernel.set = argv[3];
	(void)snprintf(kernel.path, sizeof kernel.path, "/proc/net/xt_recent/%s", argv[3]);
	if (kernel.nftables && nft_open(&kernel.socket, &why) < 0) {
		(void)fprintf(stderr, "banlat: %s\n", why.text);
		return 1;
	}
	for (long i = 0; i < n; i++) {
		took[i] = measure(log, &kernel, net, (unsigned)i + 1, login, &pause);
		if (took[i] < 0)
			return 1;
		(void)nanosleep(&between, NULL);
	}
	(void)close(log);
	qsort(took, (size_t)n, sizeof *took, by_size);
	(void)printf("line to kernel, %ld blocks: min %.0f us, median %.0f us, p99 %.0f us, max %.0f us\n", n, took[0],
	             took[n / 2], took[n * 99 / 100], took[n - 1]);
	return 0;
}
