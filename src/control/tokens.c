#include "control/tokens.h"

#include <errno.h>
#include <string.h>

#include "base/secretfile.h"

enum {
	FILE_MAX = 8192,
};

/* Parses "NAME TOKEN [read]"; skips comments and empty lines. */
static int parse_line(struct tokens *tokens, char *line, const char *file, unsigned number, struct why *why)
{
	char *save = NULL;
	const char *const name = strtok_r(line, " \t\r", &save);
	const char *const text = name == NULL ? NULL : strtok_r(NULL, " \t\r", &save);
	const char *const word = text == NULL ? NULL : strtok_r(NULL, " \t\r", &save);
	struct token *token;

	if (name == NULL || name[0] == '#')
		return 0;
	if (text == NULL || (word != NULL && (strcmp(word, "read") != 0 || strtok_r(NULL, " \t\r", &save) != NULL)))
		return why_set(why, EINVAL, "%s:%u: want \"NAME TOKEN\" or \"NAME TOKEN read\"", file, number);
	if (strlen(name) >= sizeof token->name)
		return why_set(why, EINVAL, "%s:%u: a name has at most %zu characters", file, number,
		               sizeof token->name - 1);
	for (const char *p = name; *p != '\0'; p++)
		if (*p < 0x21 || *p > 0x7E)
			return why_set(why, EINVAL, "%s:%u: a name is printable ASCII", file, number);
	if (strlen(text) < TOKENS_TEXT_MIN || strlen(text) > PROTOCOL_TOKEN_MAX)
		return why_set(why, EINVAL,
		               "%s:%u: a token has %d to %d characters, such as 'openssl rand -hex 16' gives", file,
		               number, TOKENS_TEXT_MIN, PROTOCOL_TOKEN_MAX);
	if (tokens->n == TOKENS_MAX)
		return why_set(why, EINVAL, "%s:%u: more than %d tokens", file, number, TOKENS_MAX);
	token = &tokens->list[tokens->n++];
	memcpy(token->name, name, strlen(name) + 1);
	memcpy(token->text, text, strlen(text));
	token->rights = word != NULL ? RIGHTS_READ : RIGHTS_WRITE;
	return 0;
}

int tokens_read(struct tokens *tokens, const char *file, struct why *why)
{
	const struct secretfile secret = {.path = file, .of = "[control] token_file ", .origin = "tcp needs it"};
	char text[FILE_MAX + 1], *save = NULL;
	unsigned number = 0;
	size_t len;
	int rc;

	if ((rc = secretfile_read(&secret, text, FILE_MAX, &len, why)) < 0)
		return rc;
	text[len] = '\0';
	for (char *line = strtok_r(text, "\n", &save); line != NULL && rc == 0; line = strtok_r(NULL, "\n", &save))
		rc = parse_line(tokens, line, file, ++number, why);
	if (rc == 0 && tokens->n == 0)
		rc = why_set(why, EINVAL, "[control] token_file %s: no token in it", file);
	explicit_bzero(text, sizeof text);
	return rc;
}

/* Compares with all tokens in constant time. */
const struct token *tokens_find(const struct tokens *tokens, const char text[static PROTOCOL_TOKEN_MAX])
{
	const struct token *found = NULL;

	for (size_t i = 0; i < tokens->n; i++) {
		unsigned differ = 0;

		for (size_t j = 0; j < PROTOCOL_TOKEN_MAX; j++)
			differ |= (unsigned)(tokens->list[i].text[j] ^ text[j]);
		if (differ == 0)
			found = &tokens->list[i];
	}
	return found;
}

void tokens_done(struct tokens *tokens)
{
	explicit_bzero(tokens, sizeof *tokens);
}
