/*
 * nft_events: what others changed in our table, as the kernel reports it.
 *
 * The kernel announces each transaction to all who listen (NFNLGRP_NFTABLES): its messages, and at the end a new
 * generation (NFT_MSG_NEWGEN) with the process that made it. Those of our own socket never arrive here: a filter on the
 * socket leaves them out. Elements that run out are not announced. When more was announced than the socket holds,
 * everything may be changed.
 *
 * The kernel makes no announcement while nobody on the machine listens, which is a third of its work for many elements.
 * So all sockets of this process (one for each list of ports) stop listening for the time of a large transaction of
 * ours, nft_events_mute; what others did meanwhile shows in the number of the generation, which each transaction counts
 * up: then everything may be changed. Source: net/netfilter/nf_tables_api.c nf_tables_fill_gen_info(),
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
	struct mnl_socket *socket; /* to poll; NULL: not open */
	bool missed;               /* somebody changed something while we did not listen */
	struct nft_events *next;   /* of this process; the file's own */
};

/* ours: whose transactions are not reported. events: zeroed, and stays where it is until nft_events_close. */
int nft_events_open(struct nft_events *events, const struct mnl_socket *ours, struct why *why);

/* Does nothing when it is not open. */
void nft_events_close(struct nft_events *events);

/*
 * From mute to unmute no socket of this process listens, for one transaction of ours. socket: to ask for the
 * generation, which *ret is. Unmute: committed: the kernel accepted it.
 */
void nft_events_mute(struct mnl_socket *socket, uint32_t *ret);
void nft_events_unmute(struct mnl_socket *socket, uint32_t before, bool committed);

/*
 * Reads what was announced until now. *ret_rules: rules, chains or ports of ours may be changed. ret->n networks, of
 * whose elements somebody added or removed some; ret->all: any may be. answer: for use.
 */
void nft_events_read(struct nft_events *events, const struct root_config *config, struct nft_answer *answer,
                     struct backend_change *ret, bool *ret_rules);

#endif
