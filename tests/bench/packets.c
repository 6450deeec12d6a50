/*
 * packets: what the packet of an innocent client costs that comes to a mail port, with so many blocks in the kernel.
 *
 *   packets BACKEND BLOCKS...      in a network namespace of its own, as root; BLOCKS ascending
 *
 * TCP segments with RST, which nobody answers, to port 25 of the loopback interface, each from another address, so that
 * lookups meet cold caches as they do outside. The kernel handles them while they are sent, in this process: so its
 * processor time is measured, which depends less on what else the machine does. Each line has the median and the least
 * of ROUNDS. At the end a packet of a blocked client must have been counted, or nothing was measured.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <time.h>

#include "base/log.h"
#include "blocks.h"

enum { AT_ONCE = 64, SENT = 500, ROUNDS = 15 }; /* packets of a call; calls of a round */

struct packet {
	struct iphdr ip;
	struct tcphdr tcp;
};

static struct packet packets[AT_ONCE];
static struct iovec texts[AT_ONCE];
static struct mmsghdr calls[AT_ONCE];
static struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {.s_addr = 0x0100007F}}; /* 127.0.0.1 */

static void make_packets(void)
{
	for (unsigned i = 0; i < AT_ONCE; i++) {
		packets[i] = (struct packet){.ip = {.version = 4,
		                                    .ihl = 5,
		                                    .ttl = 64,
		                                    .protocol = IPPROTO_TCP,
		                                    .tot_len = htons(sizeof(struct packet)),
		                                    .daddr = to.sin_addr.s_addr},
		                             .tcp = {.source = htons(40000), .dest = htons(25), .doff = 5, .rst = 1}};
		texts[i] = (struct iovec){&packets[i], sizeof packets[i]};
		calls[i] = (struct mmsghdr){
			.msg_hdr = {.msg_name = &to, .msg_namelen = sizeof to, .msg_iov = &texts[i], .msg_iovlen = 1}};
	}
}

static double processor_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds of a packet, from 198.18.0.0/15, where nobody is blocked. */
static double round_of(int fd)
{
	static uint32_t random = 7;
	const double began = processor_ns();

	for (unsigned call = 0; call < SENT; call++) {
		for (unsigned i = 0; i < AT_ONCE; i++) {
			random = random * 1664525 + 1013904223;
			packets[i].ip.saddr = htonl((UINT32_C(198) << 24 | UINT32_C(18) << 16) + (random >> 15));
		}
		must(sendmmsg(fd, calls, AT_ONCE, 0) == AT_ONCE, "send", "not all packets");
	}
	return (processor_ns() - began) / ((double)SENT * AT_ONCE);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(int fd, const char *what, uint32_t blocks)
{
	double took[ROUNDS];

	for (unsigned i = 0; i < ROUNDS; i++)
		took[i] = round_of(fd);
	qsort(took, ROUNDS, sizeof *took, by_size);
	(void)printf("%-9s %8" PRIu32 " blocks: median %6.0f ns, least %6.0f ns\n", what, blocks, took[ROUNDS / 2],
	             took[0]);
}

/* A packet of the first one that is blocked is dropped and counted. */
static void check(int fd, struct root *root)
{
	struct message m = {.verb = MESSAGE_LOOK};

	packets[0].ip.saddr = htonl(UINT32_C(16) << 24);
	must(sendmmsg(fd, calls, 1, 0) == 1, "send", "not the packet");
	put_entry(&m, 0);
	m.entries[0].left_s = 0;
	ask(root, &m);
	must(m.entries[0].dropped == 1, "check", "the packet of a blocked client was not dropped");
}

int main(int argc, char **argv)
{
	uint32_t n = 0;
	struct root *root;
	int fd;

	must(argc > 2, "usage", "packets BACKEND BLOCKS...");
	make_namespace();
	must(system("ip link set lo up") == 0, "lo", "cannot be set up");
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	log_init("packets", LOG_ERR);
	fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	must(fd >= 0, "socket", "no raw socket");
	make_packets();
	(void)round_of(fd);
	measure(fd, "no rules", 0);
	root = open_root(argv[1]);
	for (int i = 2; i < argc; i++) {
		const uint32_t wanted = (uint32_t)strtoul(argv[i], NULL, 10);

		must(wanted >= n, "usage", "BLOCKS ascending");
		ask(root, &(struct message){.verb = MESSAGE_PREPARE, .n4 = wanted});
		add(root, 0, wanted); /* all of them: lists that were split are empty, and the engine fills them, too */
		n = wanted;
		measure(fd, argv[1], n);
	}
	if (n > 0)
		check(fd, root);
	root_close(root, true);
	return 0;
}
