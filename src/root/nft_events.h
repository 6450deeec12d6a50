/*
 * nft_events: what others changed in our table, as the kernel reports it.
 *
 * The kernel announces each transaction to all who listen (NFNLGRP_NFTABLES): its messages, and at the end a new generation
 * (NFT_MSG_NEWGEN) with the process that made it. Those of our own socket never arrive here: a filter on the socket leaves
 * them out. Elements that run out are not announced. When more was announced than the socket holds, everything may be changed.
 * Source: net/netfilter/nf_tables_api.c nf_tables_fill_gen_info(), nft_commit_notify(); measured on 6.18.
 */
#ifndef WFS_ROOT_NFT_EVENTS_H
#define WFS_ROOT_NFT_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "root/backend.h"
#include "root/nft_batch.h"
#include "root/root.h"

/* ours: whose transactions are not reported. *ret: a socket to poll and to close. */
int nft_events_open(const struct mnl_socket *ours, struct mnl_socket **ret, struct why *why);

/*
 * Reads what was announced until now. *ret_rules: rules, chains or ports of ours may be changed. ret->n networks, of whose
 * elements somebody added or removed some; ret->all: any may be. answer: for use.
 */
void nft_events_read(struct mnl_socket *socket, const struct root_config *config, struct nft_answer *answer,
                     struct backend_change *ret, bool *ret_rules);

#endif
