/*
 * literal: what must be in a text for a regex to match it.
 *
 * Reads the text of a regex, never PCRE2's compiled form. A cheap search for such a literal spares most
 * lines the regex. Conservative: a literal is given only when every possible match contains it; a regex that
 * does something unusual (options, verbs, \Q) has none. Pure.
 * Proven by tests/unit/rules/rules.c: rules with and without it give the same answers.
 */
#ifndef WFS_LITERAL_H
#define WFS_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* A queue id as <QUEUE> matches it (compile.c): it has no colon, so what follows it is found at once. */
#define LITERAL_QUEUE_ID "[0-9A-Za-z]{5,24}"

enum {
	LITERAL_ID_MAX = 24,
	LITERAL_MAX = 32, /* bytes; longer runs are cut, which keeps them true */
	LITERALS_MAX = 2,
};

struct literal {
	unsigned char len;  /* 0: none */
	unsigned char rare; /* index of the byte that log lines have least often */
	bool first;         /* every match begins with it; the regex begins with "^" */
	bool behind_id;     /* a first one: or it follows a queue id and ": " at the beginning */
	char text[LITERAL_MAX];
};

/*
 * Fills ret with up to LITERALS_MAX literals, the cheapest to test first: one the match begins with, or
 * else the leftmost of at least two bytes; then the longest of the others. Returns how many.
 * regex: NUL-ended, PCRE2 syntax, no options.
 */
size_t literal_find(const char *regex, struct literal ret[static LITERALS_MAX]);

/* True when the literal is anywhere in text. Fast on lines: it searches for the rarest byte first. */
bool literal_is_in(const struct literal *literal, struct span text);

#endif
