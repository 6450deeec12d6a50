/*
 * errors: sentences about rule files, all of them, gathered for a person to read.
 */
#ifndef WFS_RULES_ERRORS_H
#define WFS_RULES_ERRORS_H

#include <stddef.h>

/* Sentences "file:line: reason", some with further lines that show the place; all the user's to read. */
struct rulefile_errors {
	size_t n;
	char **text;
	char *file; /* the path of the one that the first is in; NULL: in none */
};

/* Adds one. */
void rulefile_error(struct rulefile_errors *errors, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void rulefile_errors_done(struct rulefile_errors *errors);

#endif
