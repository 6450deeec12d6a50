/*
 * tarpit: connections of blocked clients, held open at the cost of next to nothing: [firewall] action = tarpit.
 *
 * The kernel leads what blocked clients open to our listener (nft_table.h). Each connection gets a byte a second of a
 * greeting that does not end, and nothing is read of it: the smallest buffers close the client's window. After
 * TARPIT_LONGEST_S it is reset, so that a few that wait for ever do not keep out all others. Of more than TARPIT_MAX at
 * a time the SYNs stay unanswered, as with drop. Measured on 6.18 with 512 connections (tests/bench/tarpit.sh): 2.0 MiB
 * of the kernel, 3.4 when every client sends until its window is closed; 1.0 MiB of the process; 0.7 to 0.9 % of a
 * processor, with the clients' end of it, on the same machine.
 *
 * A process of its own, without any right: it opens nothing, and reads nothing but the clock. It ends when its parent
 * does. Knows firewall/message.h, for what it counts. Never logs.
 */
#ifndef WFS_TARPIT_TARPIT_H
#define WFS_TARPIT_TARPIT_H

#include <stdint.h>

#include "base/why.h"

enum {
	TARPIT_MAX = 512,
	TARPIT_LONGEST_S = 600,
};

/*
 * Makes the listener: any free port of all addresses. Needs no right. *ret_fd: the caller's, nonblocking; *ret_port: in
 * the host's order. Errors: -errno of a socket.
 */
int tarpit_listen(int *ret_fd, uint16_t *ret_port, struct why *why);

/*
 * Holds what comes to the listener until the other end of "parent", a pair of SOCK_SEQPACKET, is closed. What has
 * changed in a second is sent there, struct message_tarpit; that may be lost. Both descriptors are borrowed.
 */
void tarpit_hold(int listener, int parent);

#endif
