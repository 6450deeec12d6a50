/*
 * account: the name of an account as a number: the same name, the same number.
 *
 * Names come from logs: who fails to log in chooses it, and people type passwords into the wrong field. So what is
 * remembered of a name is this number alone, in memory and in the database; the name itself is only in the stored line.
 * It is keyed with the machine's id (machine-id(5), made this program's own by sd_id128_get_machine_app_specific(3)):
 * two replays of a log on one machine and a restart give the same numbers, while a client cannot compute a name that
 * has the number of another account. A machine without an id has a key that everybody knows. ASCII case does not
 * matter. 28 bits, as the verdict keeps a kind beside it: two names of one client share a number once in 268 million.
 * Safe on several threads.
 */
#ifndef WFS_BASE_ACCOUNT_H
#define WFS_BASE_ACCOUNT_H

#include <stdint.h>

#include "base/text.h"

enum {
	ACCOUNT_NONE = 0,
	ACCOUNT_BITS = 28,
	ACCOUNT_NAME_MAX = 256, /* bytes of a name, as <USER> of rules has it */
};

/* ACCOUNT_NONE for no name or an empty one, else 1 .. 2^ACCOUNT_BITS - 1. */
uint32_t account_number(struct span name);

/*
 * The name in a text that has this number, such as a log line: the first of the pieces that account_number may have
 * been given, with no letter or digit directly around it. p NULL: there is none, or the number was made with another
 * machine's key. Takes milliseconds for a long line.
 */
struct span account_find(struct span text, uint32_t number);

#endif
