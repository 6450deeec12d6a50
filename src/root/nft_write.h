/*
 * nft_write: adds elements to our sets and removes them, in transactions.
 *
 * Each call is one transaction if the kernel accepts it. If not, the elements are split in half until the culprit is
 * alone; it is refused and named, and the rest is written. Before Linux 6.12, an element that is added again keeps
 * its old timeout. On such kernels it is added, removed and added in one transaction, which works whether or not it
 * exists. nft_probe finds out which kind of kernel this is.
 *
 * Knows nft_batch and nft_elements. Never waits. Errors: 0 or -errno with a sentence: -ENOENT if the table or the set
 * is gone. Source: measured on 6.18 in both ways, tests/unit/root/nft_write.c.
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
	bool updates; /* adding an existing element restarts its timeout */
	struct nft_batch batch;
};

/*
 * Adds elements; one that exists lasts timeout_ms from now on. n: 1..NFT_AT_ONCE, each network once. refused: those
 * that were not added are appended to it.
 */
int nft_write_add(struct nft_writer *writer, const struct nft_set_of *of, const struct nft_element *elements, size_t n,
                  struct backend_refused *refused, struct why *why);

/*
 * Removes elements; an absent one is no error. n: as above. timeout_ms must not be 0, since each element is added
 * before it is removed. refused: not used.
 */
int nft_write_remove(struct nft_writer *writer, const struct nft_set_of *of, const struct nft_element *elements,
                     size_t n, struct backend_refused *refused, struct why *why);

#endif
