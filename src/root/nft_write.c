#include "root/nft_write.h"

#include <errno.h>

#include <linux/netfilter/nf_tables.h>

#include "root/nft_events.h"

enum { MANY = 64 }; /* elements in a transaction that justify four more system calls */

/* Like nft_commit, but a large transaction is not announced to us. */
static int commit(struct nft_batch *batch, size_t n, struct why *why)
{
	uint32_t generation;
	int rc;

	if (n < MANY)
		return nft_commit(batch, why);
	nft_events_mute(batch->socket, &generation);
	rc = nft_commit(batch, why);
	nft_events_unmute(batch->socket, generation, rc == 0);
	return rc;
}

static int write_all(struct nft_writer *writer, const struct nft_set_of *of, const struct nft_element *elements,
                     size_t n, bool adds, struct why *why)
{
	struct nft_batch *const batch = &writer->batch;

	nft_begin(batch, writer->socket);
	/* They are added before they are removed, so that an absent one is no error. */
	if (!adds || !writer->updates) {
		nft_elements_put(batch, NFT_MSG_NEWSETELEM, of, elements, n);
		nft_elements_put(batch, NFT_MSG_DELSETELEM, of, elements, n);
	}
	if (adds)
		nft_elements_put(batch, NFT_MSG_NEWSETELEM, of, elements, n);
	return commit(batch, n, why);
}

int nft_write_add(struct nft_writer *writer, const struct nft_set_of *of, const struct nft_element *elements, size_t n,
                  struct backend_refused *refused, struct why *why)
{
	int err = write_all(writer, of, elements, n, true, why);

	/* No element is to blame: the table is gone, or we lack rights or memory. */
	if (err == 0 || err == -ENOENT || err == -EPERM || err == -ENOMEM)
		return err;
	if (n == 1) {
		backend_refuse(refused, &elements->net, err == -ENFILE ? "its set is full" : why->text);
		return 0;
	}
	err = nft_write_add(writer, of, elements, n / 2, refused, why);
	return err < 0 ? err : nft_write_add(writer, of, elements + n / 2, n - n / 2, refused, why);
}

int nft_write_remove(struct nft_writer *writer, const struct nft_set_of *of, const struct nft_element *elements,
                     size_t n, struct backend_refused *refused, struct why *why)
{
	(void)refused;
	return write_all(writer, of, elements, n, false, why);
}
