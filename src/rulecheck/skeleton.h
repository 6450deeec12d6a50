/*
 * skeleton: the beginnings of a rule for one line of a log: a guess, for a person to finish.
 *
 * The pattern is the message itself, with what changes from line to line replaced: the client's address, names, queue
 * ids, numbers, and what is in quotes or brackets, which the client may have chosen. It matches that message, from "^"
 * to "$". Pure. Knows PCRE2 (what <ADDR> matches) and base; never files, other rules, or how a line is parsed.
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
	SKELETON_MATCH_MAX = 8192, /* half of what rulefile accepts, for <ADDR> and the like grow */
	SKELETON_OTHERS_MAX = 8,
};

/* skeleton_make's answers. */
enum {
	SKELETON_DONE = 0,
	SKELETON_NO_ADDRESS = 1, /* none, or none that may ever be blocked */
	SKELETON_NO_PROGRAM = 2, /* or its name cannot be written into a rule */
	SKELETON_TOO_LONG = 3,
};

struct skeleton {
	char name[SKELETON_NAME_MAX]; /* "local-policyd-spf-name" */
	char program[SKELETON_PROGRAM_MAX];
	char match[SKELETON_MATCH_MAX];
	const char *category, *reason; /* constants */
	int score;
	struct addr address; /* that <ADDR> matches */
	size_t n_others;     /* other addresses, in their order, each once: is one of them the client's? */
	struct addr others[SKELETON_OTHERS_MAX];
	bool open; /* text that the client may have chosen comes before the address */
};

/* program, message: of one line, printable. ret is filled by SKELETON_DONE alone. */
int skeleton_make(struct span program, struct span message, struct skeleton *ret);

/* What looks like the id of a session or a mail in the message; p NULL when nothing does. */
struct span skeleton_session(struct span message);

#endif
