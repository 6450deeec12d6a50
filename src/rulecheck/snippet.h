/*
 * snippet: shows the line of a file that a message is about, with a caret under the error.
 *
 * For messages "file:line: sentence" that do not show the line themselves. The error is the text that the sentence
 * quotes (no key "scroe"), or else the <MACRO> or the [rule] that it names, if the line contains it; or else the value.
 */
#ifndef WFS_RULECHECK_SNIPPET_H
#define WFS_RULECHECK_SNIPPET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes "\n LINE\n ^" to out, NUL-ended; "" if the message has no file and line, has several lines already, or the
 * file cannot be read. cap: at least 8.
 */
void snippet_show(const char *message, char *out, size_t cap);

/* Returns true if both messages are about the same line of the same file. */
bool snippet_same(const char *a, const char *b);

/* Returns the length of "file:line: " at the beginning of a message, or 0. */
size_t snippet_len(const char *message);

#endif
