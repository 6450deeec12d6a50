/*
 * netlink: against the real kernel: a multi-part answer is complete, also while others send requests; a missing
 * answer is an error, not a wait. Needs a loopback interface, not root.
 */
#include "root/netlink.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
	SOCKETS = 500, /* of this test: an answer of 50 KB at least, and a packet of it has 32 KB at most */
	OTHERS = 8,    /* processes that ask at the same time ... */
	TIMES = 40,    /* ... so often each */
	HANGS_S = 60,
	TCP_LISTENS = 10, /* include/net/tcp_states.h */
};

static int sockets[SOCKETS];
static struct sockaddr_in address = {.sin_family = AF_INET};

/* They listen on the same port of 500 addresses of the loopback. */
static int open_sockets(void **state)
{
	socklen_t len = sizeof address;

	(void)state;
	for (uint32_t i = 0; i < SOCKETS; i++) {
		address.sin_addr.s_addr = htonl(INADDR_LOOPBACK + i);
		sockets[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sockets[i] < 0 || bind(sockets[i], (const struct sockaddr *)&address, sizeof address) < 0 ||
		    listen(sockets[i], 1) < 0 || getsockname(sockets[i], (struct sockaddr *)&address, &len) < 0)
			return -1;
	}
	return 0;
}

static int close_sockets(void **state)
{
	(void)state;
	for (size_t i = 0; i < SOCKETS; i++)
		(void)close(sockets[i]);
	return 0;
}

static int count_ours(const struct nlmsghdr *header, void *data)
{
	const struct inet_diag_msg *const diag = mnl_nlmsg_get_payload(header);
	unsigned *const n = data;

	*n += diag->id.idiag_sport == address.sin_port;
	return MNL_CB_OK;
}

/* How many of them the kernel names; -errno. */
static int ask(struct netlink *netlink)
{
	struct nlmsghdr *const header = netlink_begin(netlink, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
	struct inet_diag_req_v2 *const request = mnl_nlmsg_put_extra_header(header, sizeof *request);
	unsigned n = 0;
	int err;

	request->sdiag_family = AF_INET;
	request->sdiag_protocol = IPPROTO_TCP;
	request->idiag_states = 1U << TCP_LISTENS;
	err = netlink_ask(netlink, header, count_ours, &n);
	return err < 0 ? err : (int)n;
}

static bool asks_well(void)
{
	struct netlink netlink;
	bool well = netlink_open(&netlink, NETLINK_SOCK_DIAG) == 0;

	for (unsigned i = 0; i < TIMES && well; i++)
		well = ask(&netlink) == SOCKETS;
	netlink_close(&netlink);
	return well;
}

static void test_many_at_once(void **state)
{
	pid_t pids[OTHERS];
	int status;

	(void)state;
	for (size_t i = 0; i < OTHERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			(void)alarm(HANGS_S);
			_exit(asks_well() ? 0 : 1);
		}
	}
	assert_true(asks_well());
	for (size_t i = 0; i < OTHERS; i++) {
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
}

/* To this the kernel answers nothing unless it is asked to. */
static void test_no_answer(void **state)
{
	struct netlink netlink;

	(void)state;
	assert_int_equal(netlink_open(&netlink, NETLINK_SOCK_DIAG), 0);
	assert_int_equal(netlink_ask(&netlink, netlink_begin(&netlink, NLMSG_NOOP, 0), NULL, NULL), -EIO);
	assert_int_equal(netlink_ask(&netlink, netlink_begin(&netlink, NLMSG_NOOP, NLM_F_ACK), NULL, NULL), 0);
	assert_int_equal(ask(&netlink), SOCKETS);
	netlink_close(&netlink);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_many_at_once), cmocka_unit_test(test_no_answer)};

	(void)alarm(HANGS_S);
	return cmocka_run_group_tests(tests, open_sockets, close_sockets);
}
