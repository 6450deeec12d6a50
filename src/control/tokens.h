/*
 * tokens: which clients may use TCP, by a secret that they send first.
 *
 * Private to the folder. Knows base, protocol and rights. The file is ours, mode 0600, and holds lines "NAME TOKEN" or
 * "NAME TOKEN read".
 */
#ifndef WFS_TOKENS_H
#define WFS_TOKENS_H

#include <stddef.h>

#include "base/why.h"
#include "control/protocol.h"
#include "control/rights.h"

enum {
	TOKENS_MAX = 16,
	TOKENS_TEXT_MIN = 32, /* characters: 128 bits when they are hexadecimal digits */
	TOKENS_NAME_MAX = 32, /* bytes, with the NUL */
};

struct token {
	char name[TOKENS_NAME_MAX];    /* printable ASCII */
	char text[PROTOCOL_TOKEN_MAX]; /* the rest zeros */
	enum rights rights;
};

struct tokens {
	size_t n;
	struct token list[TOKENS_MAX];
};

/* Into tokens that are all zeros. Errors: those of secretfile_read; -EINVAL: a line is wrong. */
int tokens_read(struct tokens *tokens, const char *file, struct why *why);

/* text: the rest zeros. NULL: unknown. Borrowed until tokens_done. */
const struct token *tokens_find(const struct tokens *tokens, const char text[static PROTOCOL_TOKEN_MAX]);

/* Wipes them. */
void tokens_done(struct tokens *tokens);

#endif
