/*
 * show: how people see things: in 80 columns, in their own time zone.
 *
 * For the text of commands alone; JSON has none of it. Pure but for the terminal and the zone.
 */
#ifndef WFS_SHOW_H
#define WFS_SHOW_H

#include <stdbool.h>
#include <stddef.h>

#include "base/duration.h"
#include "base/json.h"

enum {
	SHOW_WIDTH_MIN = 80,
	SHOW_WIDTH_MAX = 400,
};

/*
 * Begins a colour; SHOW_PLAIN ends it. Empty unless standard output is a terminal that has colours; NO_COLOR
 * (https://no-color.org) turns them off. Fills no columns.
 */
enum show_colour { SHOW_PLAIN, SHOW_HEADING, SHOW_BAD, SHOW_DUBIOUS, SHOW_GOOD };
const char *show_colour(enum show_colour colour);

/* Lines of standard output's terminal; 0: it is none, or its size is unknown. */
size_t show_height(void);

/* Columns of standard output: the terminal's, from SHOW_WIDTH_MIN to SHOW_WIDTH_MAX; SHOW_WIDTH_MIN when it is none. */
size_t show_width(void);

/* Prints text in at most that many columns: what does not fit ends in "...". */
void show_piece(const char *text, size_t columns);

/*
 * Prints the label, and text behind it from column indent on, in as many lines as the width needs; broken at blanks
 * only, so that a long path stays whole.
 */
void show_wrapped(const char *label, size_t indent, const char *text);

/* RFC 3339 of JSON as time_local_text writes it; "-" when it is null. */
void show_json_time(const json_t *time, bool utc, char out[static TIME_LOCAL_MAX]);

/* A line about the allowance in members "allowed_by" ... of JSON. */
void show_allowed(const json_t *object, bool utc);

#endif
