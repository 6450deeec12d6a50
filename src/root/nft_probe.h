/*
 * nft_probe: does the kernel give an element that is added again its whole time again, also when that is the same as
 * before? Since Linux 6.12 it does. Tried, as distributions carry such changes back; in a set that no rule looks into.
 */
#ifndef WFS_ROOT_NFT_PROBE_H
#define WFS_ROOT_NFT_PROBE_H

#include <stdbool.h>

#include "base/why.h"
#include "root/nft_batch.h"
#include "root/root.h"

/* The table is there. batch: for use; answer: as well. */
int nft_probe(const struct root_config *config, struct nft_batch *batch, struct mnl_socket *socket,
              struct nft_answer *answer, bool *ret, struct why *why);

#endif
