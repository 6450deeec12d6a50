/*
 * syntax: the parts a regex is made of, as PCRE2 reads them: where an atom, a class, a group or a quantifier
 * ends.
 *
 * The one tokenizer of regexes: prefilter (literal.h), lint and near miss are built on it. Reads text only, never
 * PCRE2's compiled form. Handles escapes with braces, POSIX classes ("[[:alpha:]]"), \Q...\E, comments and
 * the macros of rulefile.h ("<ADDR>"), which are one atom each. Not handled: the x option, which no rule is
 * compiled with. Text: NUL-ended. Lengths are in bytes and never go beyond the NUL. Pure. Source:
 * pcre2pattern(3), "CHARACTERS AND METACHARACTERS" to "COMMENTS".
 */
#ifndef WFS_SYNTAX_H
#define WFS_SYNTAX_H

#include <stdbool.h>
#include <stddef.h>

/* Of "(", "(?:", "(?<name>" and the like; 0 for a group that matches nothing itself: a lookaround, one that sets
 * options ... */
size_t syntax_opener_len(const char *p);

/* Of one atom at p, which is not the NUL, without its quantifier. An atom that does not end is one byte. */
size_t syntax_atom_len(const char *p);

/* A quantifier, with the "?" or "+" that makes it lazy or possessive. */
struct syntax_quantifier {
	size_t len;    /* 0: there is none */
	bool optional; /* the atom may be absent */
	bool endless;  /* there is no upper end */
};
struct syntax_quantifier syntax_quantifier(const char *p);

/* True for "[^...]", ".", "\S", "\D" and "\W": an atom that matches nearly any byte. */
bool syntax_is_wide(const char *p);

#endif
