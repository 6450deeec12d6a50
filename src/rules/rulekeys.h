/*
 * rulekeys: the keys of one rule: which there are, and what their values may be.
 *
 * Private to the folder. A wrong value is an error and changes nothing; a key that is there twice is an error, too,
 * unless it may be.
 */
#ifndef WFS_RULES_RULEKEYS_H
#define WFS_RULES_RULEKEYS_H

#include "base/ini.h"
#include "rules/errors.h"
#include "rules/macros.h"
#include "rules/rulefile.h"

/* Puts the value of a key into its rule. */
void rulekeys_read(const struct ini *ini, const struct ini_entry *entry, const struct macros *macros,
                   struct rulefile_rule *rule, struct rulefile_errors *errors);

#endif
