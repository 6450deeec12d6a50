/*
 * show: formats text for people: at least 80 columns, in their own time zone.
 *
 * Only for the commands' text output, not for JSON. Pure except for the terminal and the time zone.
 */
#ifndef WFS_COMMAND_SHOW_H
#define WFS_COMMAND_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/duration.h"
#include "base/json.h"

enum {
	SHOW_WIDTH_MIN = 80,
	SHOW_WIDTH_MAX = 400,
};

/*
 * Returns the escape sequence that begins a colour; SHOW_PLAIN ends it. Returns "" unless standard output is a
 * terminal with colours; NO_COLOR (https://no-color.org) turns them off. It takes no columns.
 */
enum show_colour { SHOW_PLAIN, SHOW_HEADING, SHOW_BAD, SHOW_DUBIOUS, SHOW_GOOD };
const char *show_colour(enum show_colour colour);

/* Returns the lines of standard output's terminal; 0 if it is no terminal or its size is unknown. */
size_t show_height(void);

/* Returns the columns of standard output's terminal, SHOW_WIDTH_MIN to SHOW_WIDTH_MAX; SHOW_WIDTH_MIN if it is none. */
size_t show_width(void);

/* Prints text in at most that many columns; longer text ends in "...". */
void show_piece(const char *text, size_t columns);

/*
 * Prints the label, and text from column indent on, in as many lines as the width requires. Breaks only at blanks, so
 * that a long path stays whole.
 */
void show_wrapped(const char *label, size_t indent, const char *text);

/* Formats a JSON time (RFC 3339) as time_local_text does; "-" if it is null. */
void show_json_time(const json_t *time, bool utc, char out[static TIME_LOCAL_MAX]);

/* Prints a line about the allowance in the members "allowed_by" and others. */
void show_allowed(const json_t *object, bool utc);

#endif
