/*
 * skeleton: drafts a rule for one line of a log: a guess, for a person to finish.
 *
 * The pattern is the message itself, with the varying parts replaced: the client's address, names, queue ids, numbers,
 * and what is in quotes or brackets, which the client may have chosen. It matches that message from "^" to "$". Pure.
 * Knows PCRE2 (what <ADDR> matches) and base; knows neither files nor other rules, nor how a line is parsed.
 */
#ifndef WFS_RULECHECK_SKELETON_H
#define WFS_RULECHECK_SKELETON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/text.h"

enum {
	SKELETON_PROGRAM_MAX = 128,
	SKELETON_NAME_MAX = 64,
	SKELETON_MATCH_MAX = 8192, /* half of what rulefile accepts, because <ADDR> and the like expand */
	SKELETON_OTHERS_MAX = 8,
};

/* Results of skeleton_make. */
enum {
	SKELETON_DONE = 0,
	SKELETON_NO_ADDRESS = 1, /* there is none, or none that may be blocked */
	SKELETON_NO_PROGRAM = 2, /* there is none, or its name cannot be written into a rule */
	SKELETON_TOO_LONG = 3,
	SKELETON_CUT = 4, /* a repetition by rsyslog whose end is missing */
};

struct skeleton {
	char name[SKELETON_NAME_MAX]; /* "local-policyd-spf-name" */
	char program[SKELETON_PROGRAM_MAX];
	char match[SKELETON_MATCH_MAX];
	const char *category, *reason; /* constants */
	int score;
	struct addr address; /* the one that <ADDR> matches */
	size_t n_others;     /* other addresses, in order, each once: one of them might be the client's */
	struct addr others[SKELETON_OTHERS_MAX];
	bool open; /* text that the client may have chosen comes before the address */
};

/* Drafts a rule. program, message: of one line, printable. *ret is set only if it returns SKELETON_DONE. */
int skeleton_make(struct span program, struct span message, struct skeleton *ret);

/* Returns what looks like the id of a session or a mail in the message; p is NULL if nothing does. */
struct span skeleton_session(struct span message);

#endif
