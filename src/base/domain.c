#include "base/domain.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <libpsl.h>

enum { DOMAIN_MAX = 255 }; /* bytes, RFC 1035 2.3.4 */

/* Copies the name in lower case, as libpsl requires. Returns false if the bytes are no host name. */
static bool lower(struct span name, char out[static DOMAIN_MAX + 1])
{
	if (name.p == NULL || name.len == 0 || name.len > DOMAIN_MAX)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		out[i] = text_lower(name.p[i]);
		if (strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.", out[i]) == NULL || out[i] == '\0')
			return false;
	}
	out[name.len] = '\0';
	return true;
}

/* No top-level domain begins with a digit, but the last octet of an IPv4 address does. */
static bool is_address(const char *name)
{
	const char *const dot = strrchr(name, '.');

	return dot != NULL && dot[1] >= '0' && dot[1] <= '9';
}

struct span domain_registered(struct span name)
{
	const struct span none = {NULL, 0};
	char text[DOMAIN_MAX + 1];
	const char *found;

	if (!lower(name, text) || text[0] == '.' || text[name.len - 1] == '.' || is_address(text))
		return none;
	found = psl_registrable_domain(psl_builtin(), text);
	return found == NULL ? none : (struct span){name.p + (found - text), name.len - (size_t)(found - text)};
}
