/*
 * nft_probe: tests whether adding an element that exists restarts its timeout, even if the timeout is the same as
 * before. Linux does so since 6.12. It is tested, not derived from the version, because distributions backport such
 * changes. The test uses a set that no rule refers to.
 */
#ifndef WFS_ROOT_NFT_PROBE_H
#define WFS_ROOT_NFT_PROBE_H

#include <stdbool.h>

#include "base/why.h"
#include "root/nft_batch.h"
#include "root/root.h"

/* The table must exist. batch, answer: buffers to use. */
int nft_probe(const struct root_config *config, struct nft_batch *batch, struct mnl_socket *socket,
              struct nft_answer *answer, bool *ret, struct why *why);

#endif
