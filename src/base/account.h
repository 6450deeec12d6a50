/*
 * account: turns the name of an account into a number; the same name always gives the same number.
 *
 * Names come from logs: a client that fails to log in chooses the name, and people type passwords into the wrong field.
 * So the program remembers only this number, in memory and in the database; the name itself is only in the stored line.
 * The hash is keyed with the machine's id (machine-id(5), specific to this program by
 * sd_id128_get_machine_app_specific(3)): two replays of a log on one machine, and a restart, give the same numbers,
 * while a client cannot compute a name that has the number of another account. A machine without an id uses an all-zero
 * key, which everybody knows. ASCII case does not matter. The number has 28 bits because the verdict stores a kind
 * beside it: two names of one client share a number once in 268 million.
 * Thread-safe.
 */
#ifndef WFS_BASE_ACCOUNT_H
#define WFS_BASE_ACCOUNT_H

#include <stdint.h>

#include "base/text.h"

enum {
	ACCOUNT_NONE = 0,
	ACCOUNT_BITS = 28,
	ACCOUNT_NAME_MAX = 256, /* bytes of a name, as for <USER> in rules */
};

/* Returns ACCOUNT_NONE for an empty name, else 1 .. 2^ACCOUNT_BITS - 1. */
uint32_t account_number(struct span name);

/*
 * Finds the name with this number in a text, such as a log line. Returns the first piece of the text that could have
 * been passed to account_number and has this number, with no letter or digit directly before or after it. p is NULL if
 * there is none, or if the number was computed with another machine's key. Takes milliseconds for a long line.
 */
struct span account_find(struct span text, uint32_t number);

#endif
