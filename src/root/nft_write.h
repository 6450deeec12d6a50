/*
 * nft_write: adds elements to our sets and removes them, in transactions.
 *
 * One transaction for each call; what the kernel does not accept is halved until the culprit is alone, which is refused
 * and named, and the rest goes in. Before Linux 6.12 an element that is there already keeps its old time when it is
 * added: there it is added, removed and added in one transaction, which works whether or not it is there. Which kernel
 * this is, nft_probe tries.
 *
 * Knows nft_batch and nft_elements. Never waits. Errors: 0 or -errno with a sentence: -ENOENT: the table or the set is
 * gone. Source: measured on 6.18 in both ways, tests/unit/root/nft_write.c.
 */
#ifndef WFS_ROOT_NFT_WRITE_H
#define WFS_ROOT_NFT_WRITE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/why.h"
#include "root/backend.h"
#include "root/nft_batch.h"
#include "root/nft_elements.h"

struct nft_writer {
	struct mnl_socket *socket;
	bool updates; /* the kernel gives an element that is added again its new time */
	struct nft_batch batch;
};

/* n: 1..NFT_AT_ONCE, each network once. What is there already lasts timeout_ms from now on. refused: those that were
 * not added are added to it. */
int nft_write_add(struct nft_writer *writer, const struct nft_set_of *of, const struct nft_element *elements, size_t n,
                  struct backend_refused *refused, struct why *why);

/* n: as above; what is absent is no error. timeout_ms is not 0, since it is added before. refused: not used. */
int nft_write_remove(struct nft_writer *writer, const struct nft_set_of *of, const struct nft_element *elements,
                     size_t n, struct backend_refused *refused, struct why *why);

#endif
