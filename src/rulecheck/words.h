/*
 * words: classifies bytes and finds words in a message, for modules that guess. Pure; knows base only.
 *
 * Private to the folder.
 */
#ifndef WFS_RULECHECK_WORDS_H
#define WFS_RULECHECK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Return true for an ASCII letter or digit; and for characters in names of hosts, programs and keys. */
bool words_alnum(char c);
bool words_name_byte(char c);

/* Returns true if the word is one of words, ignoring case. words ends with NULL. */
bool words_one_of(struct span word, const char *const words[]);

/* Returns the word of letters, digits, "-" and "_" that ends before at. */
struct span words_before(struct span m, size_t at);

#endif
