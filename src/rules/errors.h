/*
 * errors: collects the messages about errors in rule files, so that a person sees all of them.
 */
#ifndef WFS_RULES_ERRORS_H
#define WFS_RULES_ERRORS_H

#include <stddef.h>

/* Messages "file:line: reason", some with further lines that show the place. */
struct rulefile_errors {
	size_t n;
	char **text;
	char *file; /* the path of the file with the first error; NULL: it is in no file */
};

/* Adds a message. */
void rulefile_error(struct rulefile_errors *errors, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void rulefile_errors_done(struct rulefile_errors *errors);

#endif
