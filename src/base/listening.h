/*
 * listening: lists the TCP ports that this machine listens on, with the programs that own them.
 *
 * Reads /proc. A user other than root sees the ports, but not the programs that own them.
 * Source: proc_net_tcp.rst of the kernel's documentation; proc(5) on /proc/PID/fd.
 */
#ifndef WFS_BASE_LISTENING_H
#define WFS_BASE_LISTENING_H

#include <stddef.h>
#include <stdint.h>

enum {
	LISTENING_MAX = 256,
	LISTENING_NAME_MAX = 48,
};

struct listening {
	uint16_t port;
	uint64_t inode;
	char program[LISTENING_NAME_MAX]; /* escaped; "" if unknown */
};

/*
 * Writes the ports that other machines can reach, each once, ascending, and returns how many. Leaves out ports that are
 * open on loopback only.
 */
size_t listening_ports(struct listening out[static LISTENING_MAX]);

#endif
