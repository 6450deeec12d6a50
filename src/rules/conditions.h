/*
 * conditions: checks a rule's conditions on the fields that its match captured.
 *
 * "from" and "to" = in FILE, not in FILE: sender and recipient are checked against a file of addresses (mailboxes.h).
 * An optional field that is not on the line satisfies neither "in" nor "not in". "helo" = foreign: the HELO name
 * belongs to another registered domain (base/domain.h) than the client's name, or to none; a client without a name
 * never has a foreign HELO. Uses the internals of rules. Pure.
 */
#ifndef WFS_RULES_CONDITIONS_H
#define WFS_RULES_CONDITIONS_H

#include "rules/compiled.h"

enum conditions_outcome {
	CONDITIONS_HOLD,
	/*
	 * The sender is not in the file, or is and must not be; or the file was not read, because the rule is not
	 * enabled.
	 */
	CONDITIONS_FROM,
	CONDITIONS_TO, /* the same for the recipient */
};

/* Returns true if the rule has conditions that need files. */
bool conditions_has_files(const struct rulefile_rule *text);

/* Checks the conditions on hit->from and hit->to. */
enum conditions_outcome conditions_files(const struct compiled *c, const struct rules_hit *hit);

/* Returns true if the condition on hit->name and hit->helo holds, or the rule has none. */
bool conditions_helo(const struct rulefile_rule *text, const struct rules_hit *hit);

#endif
