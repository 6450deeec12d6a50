#include "rules/macros.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

enum {
	DEPTH_MAX = 8,
	SHOWN_MAX = 80, /* bytes of a name in a message */
};

/* rules/compile.c replaces these; here they stay unchanged. */
static const char *const builtins[] = {"ADDR", "NAME", "SESSION", "FROM", "TO", "HELO", "USER", "QUEUE", NULL};

/* A regex while it is expanded. */
struct expansion {
	const struct macros *macros;
	const char *place;
	char *out; /* MACROS_EXPANDED_MAX bytes */
	size_t len;
	bool unanswered;
	struct rulefile_errors *errors;
};

bool macros_is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') ||
		      (text[i] >= '0' && text[i] <= '9') || text[i] == '_' || text[i] == '-'))
			return false;
	return len > 0;
}

static const char *value_of(const struct macros *macros, const char *name, size_t len)
{
	for (size_t i = macros->n; i-- > 0;) /* a file's own macro overrides a shared one */
		if (strlen(macros->list[i].name) == len && strncasecmp(macros->list[i].name, name, len) == 0)
			return macros->list[i].value;
	return NULL;
}

const char *macros_value(const struct macros *macros, const char *name)
{
	return value_of(macros, name, strlen(name));
}

static bool is_builtin(const char *name, size_t len)
{
	for (const char *const *b = builtins; *b != NULL; b++)
		if (strlen(*b) == len && memcmp(*b, name, len) == 0)
			return true;
	return false;
}

static bool is_unanswered(const char *name, size_t len)
{
	return len == strlen(MACROS_UNANSWERED) && strncasecmp(name, MACROS_UNANSWERED, len) == 0;
}

size_t macros_builtin_len(const char *p)
{
	const char *const end = *p == '<' ? strchr(p, '>') : NULL;

	return end != NULL && is_builtin(p + 1, (size_t)(end - p - 1)) ? (size_t)(end - p) + 1 : 0;
}

bool macros_is_section(const struct ini_entry *e)
{
	return strcasecmp(e->section, "define") == 0;
}

void macros_read(struct macros *macros, const struct ini *ini, struct rulefile_errors *errors)
{
	for (size_t i = 0; i < ini->n; i++) {
		const struct ini_entry *const e = &ini->entries[i];

		if (e->key == NULL || !macros_is_section(e))
			continue;
		if (!macros_is_name(e->key, strlen(e->key)) || is_builtin(e->key, strlen(e->key))) {
			char shown[SHOWN_MAX];

			(void)text_escape((struct span){e->key, strlen(e->key)}, shown, sizeof shown);
			rulefile_error(errors, "%s:%u: \"%s\" cannot be a macro's name", ini->path, e->line, shown);
		} else if (macros->n == MACROS_MAX) {
			rulefile_error(errors, "%s:%u: more than %d macros", ini->path, e->line, MACROS_MAX);
			return;
		} else {
			macros->list[macros->n++] = (struct macro){e->key, e->value};
		}
	}
}

/* Returns true if the "<" at p belongs to "(?<name>", "(?P<name>", "\k<name>" or "\g<name>", or is escaped. */
static bool names_group(const char *in, const char *p)
{
	const size_t n = (size_t)(p - in);

	if (n >= 2 && p[-1] == '?' && p[-2] == '(')
		return true;
	if (n >= 3 && p[-1] == 'P' && p[-2] == '?' && p[-3] == '(')
		return true;
	if (n >= 2 && (p[-1] == 'k' || p[-1] == 'g') && p[-2] == '\\')
		return true;
	return n >= 1 && p[-1] == '\\' && !(n >= 2 && p[-2] == '\\');
}

/* Returns the value of the macro at p, or NULL. *ret_end: the position after it. */
static const char *macro_at(struct expansion *x, const char *in, const char *p, const char **ret_end)
{
	const char *const end = *p == '<' && !names_group(in, p) ? strchr(p, '>') : NULL;
	const size_t len = end != NULL ? (size_t)(end - p - 1) : 0;
	const char *value;

	if (len == 0 || !macros_is_name(p + 1, len) || is_builtin(p + 1, len))
		return NULL;
	value = value_of(x->macros, p + 1, len);
	if (value == NULL)
		return NULL;
	x->unanswered |= is_unanswered(p + 1, len);
	*ret_end = end + 1;
	return value;
}

static bool expand(struct expansion *x, const char *in, int depth)
{
	if (depth > DEPTH_MAX) {
		rulefile_error(x->errors, "%s: macros nest deeper than %d; does one contain itself?", x->place,
		               DEPTH_MAX);
		return false;
	}
	for (const char *p = in; *p != '\0';) {
		const char *const value = macro_at(x, in, p, &p);

		if (value != NULL) {
			if (!expand(x, value, depth + 1))
				return false;
			continue;
		}
		if (x->len + 2 > MACROS_EXPANDED_MAX) {
			rulefile_error(x->errors, "%s: longer than %d bytes with its macros", x->place,
			               MACROS_EXPANDED_MAX);
			return false;
		}
		x->out[x->len++] = *p++;
	}
	x->out[x->len] = '\0';
	return true;
}

bool macros_expand(const struct macros *macros, const char *place, const char *regex,
                   char out[static MACROS_EXPANDED_MAX], bool *ret_unanswered, struct rulefile_errors *errors)
{
	struct expansion x = {.macros = macros, .place = place, .out = out, .errors = errors};
	bool good;

	out[0] = '\0';
	good = expand(&x, regex, 0);
	*ret_unanswered = x.unanswered;
	return good;
}
