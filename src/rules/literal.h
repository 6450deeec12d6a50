/*
 * literal: finds literals that a text must contain for a regex to match it.
 *
 * Reads the text of a regex, never PCRE2's compiled form. A cheap search for such a literal saves running the regex on
 * most lines. Conservative: it only returns a literal that every possible match contains, and none for a regex with
 * unusual features (options, verbs, \Q). Pure.
 * Verified by tests/unit/rules/rules.c: rules give the same results with and without it.
 */
#ifndef WFS_RULES_LITERAL_H
#define WFS_RULES_LITERAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* A queue id as <QUEUE> matches it (compile.c). It contains no colon, so the text after it is found at once. */
#define LITERAL_QUEUE_ID "[0-9A-Za-z]{5,24}"

enum {
	LITERAL_ID_MAX = 24,
	LITERAL_MAX = 32, /* bytes; longer runs are truncated, which keeps the test valid */
	LITERALS_MAX = 2,
};

struct literal {
	unsigned char len;  /* 0: none */
	unsigned char rare; /* index of the byte that is rarest in log lines */
	bool first;         /* every match begins with it; the regex begins with "^" */
	bool behind_id;     /* with first: it may also follow a queue id and ": " at the beginning */
	char text[LITERAL_MAX];
};

/*
 * Writes up to LITERALS_MAX literals, the cheapest to test first: the one that a match begins with, or else the
 * leftmost one of at least two bytes; then the longest of the others. Returns how many. regex: NUL-ended, PCRE2 syntax,
 * no options.
 */
size_t literal_find(const char *regex, struct literal ret[static LITERALS_MAX]);

/* Returns true if the literal is anywhere in text. Fast on log lines: it searches for the rarest byte first. */
bool literal_is_in(const struct literal *literal, struct span text);

#endif
