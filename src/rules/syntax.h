/*
 * syntax: splits a regex into parts as PCRE2 does: where an atom, a class, a group or a quantifier ends.
 *
 * The only tokenizer of regexes: the prefilter (literal.h), lint and near misses are built on it. Reads text only,
 * never PCRE2's compiled form. Handles escapes with braces, POSIX classes ("[[:alpha:]]"), \Q...\E, comments, and the
 * macros of macros.h that compile.c expands ("<ADDR>"), which are one atom each. Does not handle the x option, which no
 * rule is compiled with. Text is NUL-ended; lengths are in bytes and never go beyond the NUL. Pure. Source:
 * pcre2pattern(3), "CHARACTERS AND METACHARACTERS" to "COMMENTS".
 */
#ifndef WFS_RULES_SYNTAX_H
#define WFS_RULES_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns the length of "(", "(?:", "(?<name>" and the like at p; 0 for a group that matches no text itself: a
 * lookaround, one that sets options ...
 */
size_t syntax_opener_len(const char *p);

/*
 * Returns the length of the atom at p, which is not the NUL, without its quantifier. An atom without an end is one
 * byte.
 */
size_t syntax_atom_len(const char *p);

/* A quantifier, including the "?" or "+" that makes it lazy or possessive. */
struct syntax_quantifier {
	size_t len;    /* 0: there is none */
	bool optional; /* the atom may be absent */
	bool endless;  /* there is no upper limit */
};
struct syntax_quantifier syntax_quantifier(const char *p);

/* Returns true for "[^...]", ".", "\S", "\D" and "\W": an atom that matches nearly any byte. */
bool syntax_is_wide(const char *p);

#endif
