/*
 * words: the bytes and words of a message, as guesses about it need them. Pure; knows base only.
 *
 * Private to the folder.
 */
#ifndef WFS_RULECHECK_WORDS_H
#define WFS_RULECHECK_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* A letter or a digit of ASCII; what a host's name, a program's or a key is made of. */
bool words_alnum(char c);
bool words_name_byte(char c);

/* One of the words, in any case. words ends with NULL. */
bool words_one_of(struct span word, const char *const words[]);

/* The word of letters, digits, "-" and "_" that ends before at. */
struct span words_before(struct span m, size_t at);

#endif
