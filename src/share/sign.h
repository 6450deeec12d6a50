/*
 * sign: the keys of hosts, and signatures by them: Ed25519, by libsodium; the only file that knows it.
 *
 * A secret key is a file of one line, "ed25519-secret:" and 32 bytes in base64, which neither others nor its group may
 * write, and others may not read. Public keys and signatures are text: "ed25519:" and base64 with padding (RFC 4648).
 * Source: RFC 8032; libsodium's page "Public-key signatures".
 */
#ifndef WFS_SHARE_SIGN_H
#define WFS_SHARE_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "base/why.h"
#include "config/peers.h"
#include "share/message.h"

struct sign_key {
	uint8_t secret[64]; /* with the public half, as libsodium has it */
	char public[PEERS_KEY_MAX];
};

/* Creates the file with a new key, mode 0640, in the group of that name if there is one. -EEXIST: there is one already.
 */
int sign_create(const char *path, const char *group, struct why *why);

/* Reads it. Errors: those of secretfile_read; -EINVAL: no key. */
int sign_load(const char *path, struct sign_key *ret, struct why *why);

/* Forgets the secret. */
void sign_done(struct sign_key *key);

void sign_make(const struct sign_key *key, struct span bytes, char out[static MESSAGE_SIGNATURE_MAX]);

/* True: the signature is by the owner of that public key, over these bytes. Any text may be given for both. */
bool sign_verify(const char *public, const char *signature, struct span bytes);

#endif
