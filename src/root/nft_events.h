/*
 * nft_events: reports what other programs changed in our table, from the kernel's notifications.
 *
 * The kernel announces each transaction to all listeners (NFNLGRP_NFTABLES): its messages, followed by a new
 * generation (NFT_MSG_NEWGEN) with the process that made it. A socket filter leaves out the transactions of our own
 * socket. Elements that expire are not announced. If more is announced than the socket buffer holds, anything may
 * have changed.
 *
 * The kernel announces nothing while nobody on the machine listens, which saves a third of its work for many
 * elements. So all sockets of this process (one for each list of ports) stop listening during a large transaction of
 * ours: nft_events_mute. Each transaction increments the generation number, so changes that others make meanwhile
 * show in it; then anything may have changed. Source: net/netfilter/nf_tables_api.c nf_tables_fill_gen_info(),
 * nft_commit_notify(), nf_tables_setelem_notify(); measured on 6.18.
 */
#ifndef WFS_ROOT_NFT_EVENTS_H
#define WFS_ROOT_NFT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "root/backend.h"
#include "root/nft_batch.h"
#include "root/root.h"

struct nft_events {
	struct mnl_socket *socket; /* to poll; NULL: closed */
	bool missed;               /* another program changed something while we were muted */
	struct nft_events *next;   /* list of this process's sockets; private to nft_events.c */
};

/*
 * Starts to listen. ours: the socket whose transactions are left out. events: zeroed; must not move until
 * nft_events_close.
 */
int nft_events_open(struct nft_events *events, const struct mnl_socket *ours, struct why *why);

/* Does nothing if closed. */
void nft_events_close(struct nft_events *events);

/*
 * Between mute and unmute no socket of this process listens, for one transaction of ours. socket: queries the
 * generation. Mute writes the generation to *ret; pass it to unmute as before. committed: the kernel accepted the
 * transaction.
 */
void nft_events_mute(struct mnl_socket *socket, uint32_t *ret);
void nft_events_unmute(struct mnl_socket *socket, uint32_t before, bool committed);

/*
 * Reads all pending announcements. *ret_rules: our rules, chains or ports may have changed. ret->touched: ret->n
 * networks whose elements were added or removed; if ret->all is set, any may have been. answer: a buffer to use.
 */
void nft_events_read(struct nft_events *events, const struct root_config *config, struct nft_answer *answer,
                     struct backend_change *ret, bool *ret_rules);

#endif
