/*
 * conditions: what a rule demands of the fields that its match captured.
 *
 * "from" and "to" = in FILE, not in FILE: sender and recipient, by a file of addresses (mailboxes.h); an optional field
 * that is not on the line is neither in nor "not in" one. "helo" = foreign: the HELO name is of another registered
 * domain (base/domain.h) than the client's name, or of none; a client without a name has no HELO that is foreign. Knows
 * the inside of rules. Pure.
 */
#ifndef WFS_RULES_CONDITIONS_H
#define WFS_RULES_CONDITIONS_H

#include "rules/compiled.h"

enum conditions_outcome {
	CONDITIONS_HOLD,
	CONDITIONS_FROM, /* the sender is not in its file, or is and must not be; or the file is not read, because the
	                    rule is not enabled */
	CONDITIONS_TO,   /* likewise the recipient */
};

/* True when the rule has conditions about files. */
bool conditions_has_files(const struct rulefile_rule *text);

/* hit: with from and to. */
enum conditions_outcome conditions_files(const struct compiled *c, const struct rules_hit *hit);

/* True when it holds, or the rule has none. hit: with name and helo. */
bool conditions_helo(const struct rulefile_rule *text, const struct rules_hit *hit);

#endif
