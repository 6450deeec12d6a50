#include "rules/syntax.h"

#include <string.h>

#include "rules/macros.h"

/* Returns the length of "[:alpha:]", "[.x.]" or "[=x=]" inside a class; 0 if there is none at p. */
static size_t posix_len(const char *p)
{
	const char kind = p[0] == '[' ? p[1] : '\0';
	const char *end = p + 2;

	if (kind == '\0' || strchr(":.=", kind) == NULL)
		return 0;
	while ((end = strchr(end, kind)) != NULL && end[1] != ']')
		end++;
	return end != NULL ? (size_t)(end - p) + 2 : 0;
}

/* Returns the length of the escape at p, which is "\". */
static size_t escape_len(const char *p)
{
	const char *end = NULL;
	size_t n = 2;

	if (p[1] == '\0')
		return 1;
	if (p[1] == 'Q') {
		end = strstr(p + 2, "\\E");
		return end != NULL ? (size_t)(end - p) + 2 : strlen(p);
	}
	if (strchr("xopPkgN", p[1]) != NULL && p[2] == '{')
		end = strchr(p, '}');
	else if ((p[1] == 'k' || p[1] == 'g') && (p[2] == '<' || p[2] == '\''))
		end = strchr(p + 3, p[2] == '<' ? '>' : '\'');
	if (end != NULL)
		return (size_t)(end - p) + 1;
	if ((p[1] == 'p' || p[1] == 'P' || p[1] == 'c') && p[2] != '\0')
		return 3;
	if (p[1] == 'x')
		n += strspn(p + n, "0123456789abcdefABCDEF") < 2 ? strspn(p + n, "0123456789abcdefABCDEF") : 2;
	return n;
}

/* Returns the length of the class at p, which is "[", including the brackets; 0 if it has no end. */
static size_t class_len(const char *p)
{
	size_t n = 1;

	n += p[n] == '^';
	n += p[n] == ']';
	while (p[n] != '\0' && p[n] != ']') {
		const size_t posix = posix_len(p + n);

		n += posix > 0 ? posix : p[n] == '\\' ? escape_len(p + n) : 1;
	}
	return p[n] == ']' ? n + 1 : 0;
}

/* Returns the length of the group at p, which is "(", including the brackets; 0 if it has no end. */
static size_t group_len(const char *p)
{
	size_t n = 0, depth = 0;

	while (p[n] != '\0') {
		size_t len = 0;

		if (strncmp(p + n, "(?#", 3) == 0) {
			const char *const end = strchr(p + n, ')');

			n = end != NULL ? (size_t)(end - p) + 1 : strlen(p);
		} else if (p[n] == '\\') {
			n += escape_len(p + n);
		} else if (p[n] == '[' && (len = class_len(p + n)) > 0) {
			n += len;
		} else {
			depth += p[n] == '(';
			depth -= p[n] == ')';
			n++;
		}
		if (depth == 0)
			return n;
	}
	return 0;
}

size_t syntax_opener_len(const char *p)
{
	const char *end = NULL;

	if (p[0] != '(' || p[1] == '*')
		return 0;
	if (p[1] != '?')
		return 1;
	if (p[2] == ':' || p[2] == '>' || p[2] == '|')
		return 3;
	if ((p[2] == '<' && p[3] != '=' && p[3] != '!') || (p[2] == 'P' && p[3] == '<'))
		end = strchr(p, '>');
	else if (p[2] == '\'')
		end = strchr(p + 3, '\'');
	return end != NULL ? (size_t)(end - p) + 1 : 0;
}

size_t syntax_atom_len(const char *p)
{
	const size_t macro = macros_builtin_len(p);
	size_t n = 1;

	if (macro > 0)
		return macro;
	if (*p == '\\')
		n = escape_len(p);
	else if (*p == '[')
		n = class_len(p);
	else if (*p == '(')
		n = group_len(p);
	return n > 0 ? n : 1;
}

/* Returns the length of "{2}", "{2,}", "{,5}" or "{2,5}"; 0 if the brace is literal text. */
static size_t braces_len(const char *p)
{
	const size_t n = 1 + strspn(p + 1, "0123456789, ");

	return p[n] == '}' && strcspn(p, "0123456789") < n ? n + 1 : 0;
}

struct syntax_quantifier syntax_quantifier(const char *p)
{
	struct syntax_quantifier q = {0};

	if (*p == '*' || *p == '+' || *p == '?') {
		q = (struct syntax_quantifier){1, *p != '+', *p != '?'};
	} else if (*p == '{' && (q.len = braces_len(p)) > 0) {
		const char *const comma = memchr(p, ',', q.len);
		const size_t low = strspn(p + 1, " "), zeros = low + strspn(p + 1 + low, "0");

		q.optional = strchr(", }", p[1 + zeros]) != NULL;
		q.endless = comma != NULL && comma[1 + strspn(comma + 1, " ")] == '}';
	}
	if (q.len > 0 && (p[q.len] == '?' || p[q.len] == '+'))
		q.len++;
	return q;
}

bool syntax_is_wide(const char *p)
{
	return *p == '.' || (p[0] == '[' && p[1] == '^') ||
	       (p[0] == '\\' && p[1] != '\0' && strchr("SDW", p[1]) != NULL);
}
