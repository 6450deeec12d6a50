/*
 * snippet: the line of a file that a message is about, shown below it with a caret under the error.
 *
 * For messages "file:line: sentence" that have no such line of their own. The error is what the sentence
 * quotes (no key "scroe"), else the <MACRO> or the [rule] it names, where that is in the line; else the
 * value.
 */
#ifndef WFS_RULECHECK_SNIPPET_H
#define WFS_RULECHECK_SNIPPET_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Writes "\n    LINE\n      ^" to out, NUL-ended; "" when the message has no place, more lines already, or
 * the file cannot be read any more. cap: at least 8.
 */
void snippet_show(const char *message, char *out, size_t cap);

/* True when both messages are about the same line of the same file. */
bool snippet_same(const char *a, const char *b);

/* The bytes of "file:line: " in front of a message; 0 when there is none. */
size_t snippet_len(const char *message);

#endif
