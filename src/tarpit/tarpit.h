/*
 * tarpit: holds connections of blocked clients open at almost no cost: [firewall] action = tarpit.
 *
 * The kernel redirects connections of blocked clients to our listener (nft_table.h). Each connection gets one byte per
 * second of an endless greeting. Nothing is read from it: with the smallest buffers, the client's window closes. After
 * TARPIT_LONGEST_S the connection is reset, so that a few clients that wait forever do not keep out all others. If
 * TARPIT_MAX connections are open, further SYNs stay unanswered, as with drop. Measured on 6.18 with 512 connections
 * (tests/bench/tarpit.sh): 2.0 MiB in the kernel, 3.4 MiB if every client sends until its window is closed; 1.0 MiB in
 * the process; 0.7 to 0.9 % of a processor, including the clients' end on the same machine.
 *
 * This is a separate process without any privilege: it opens nothing, and reads nothing but the clock. It ends when its
 * parent does. Knows firewall/message.h, for the counters that it sends. Never logs.
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
 * Creates the listener, on any free port of all addresses. Needs no privilege. The caller closes *ret_fd, which is
 * non-blocking; *ret_port is in host byte order. Errors: -errno from a socket call.
 */
int tarpit_listen(int *ret_fd, uint16_t *ret_port, struct why *why);

/*
 * Holds the connections that the listener accepts, until the other end of "parent", a SOCK_SEQPACKET pair, is closed.
 * Sends a struct message_tarpit to parent at most once a second, if the counters have changed; it may be lost. Both
 * descriptors are borrowed.
 */
void tarpit_hold(int listener, int parent);

#endif
