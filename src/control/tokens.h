/*
 * tokens: which clients may use TCP, by a secret that they send first.
 *
 * Private to the folder. Knows base, protocol and rights. The file is owned by us, has mode 0600, and holds lines "NAME
 * TOKEN" or "NAME TOKEN read".
 */
#ifndef WFS_CONTROL_TOKENS_H
#define WFS_CONTROL_TOKENS_H

#include <stddef.h>

#include "base/why.h"
#include "control/protocol.h"
#include "control/rights.h"

enum {
	TOKENS_MAX = 16,
	TOKENS_TEXT_MIN = 32, /* characters: 128 bits if they are hexadecimal digits */
	TOKENS_NAME_MAX = 32, /* bytes, including the NUL */
};

struct token {
	char name[TOKENS_NAME_MAX];    /* printable ASCII */
	char text[PROTOCOL_TOKEN_MAX]; /* padded with zeros */
	enum rights rights;
};

struct tokens {
	size_t n;
	struct token list[TOKENS_MAX];
};

/* Reads the file into tokens, which must be all zeros. Errors: those of secretfile_read; -EINVAL if a line is wrong. */
int tokens_read(struct tokens *tokens, const char *file, struct why *why);

/*
 * Returns the token with this text, which must be padded with zeros; NULL if there is none. Borrowed until tokens_done.
 */
const struct token *tokens_find(const struct tokens *tokens, const char text[static PROTOCOL_TOKEN_MAX]);

/* Wipes the tokens. */
void tokens_done(struct tokens *tokens);

#endif
