/*
 * sign: manages host keys and signs with them: Ed25519 from libsodium. The only file that knows libsodium.
 *
 * A secret key is a file with one line, "ed25519-secret:" and 32 bytes in base64. Its group may not write it; others
 * may neither write nor read it. Public keys and signatures are text: "ed25519:" and base64 with padding (RFC 4648).
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
	uint8_t secret[64]; /* includes the public half, as in libsodium */
	char public[PEERS_KEY_MAX];
};

/*
 * Creates the file with a new key, mode 0640, owned by the group of that name if it exists. -EEXIST: the file exists.
 */
int sign_create(const char *path, const char *group, struct why *why);

/* Reads a key. Errors: those of secretfile_read; -EINVAL if it is no key. */
int sign_load(const char *path, struct sign_key *ret, struct why *why);

/* Wipes the secret. */
void sign_done(struct sign_key *key);

void sign_make(const struct sign_key *key, struct span bytes, char out[static MESSAGE_SIGNATURE_MAX]);

/* Returns whether the owner of that public key signed these bytes. public and signature may be any text. */
bool sign_verify(const char *public, const char *signature, struct span bytes);

#endif
