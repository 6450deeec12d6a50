/*
 * rulekeys: reads and checks the keys of one rule.
 *
 * Private to the folder. A wrong value is an error and changes nothing. A key that appears twice is an error, unless it
 * may be repeated.
 */
#ifndef WFS_RULES_RULEKEYS_H
#define WFS_RULES_RULEKEYS_H

#include "base/ini.h"
#include "rules/errors.h"
#include "rules/macros.h"
#include "rules/rulefile.h"

/* Stores the value of a key in its rule. */
void rulekeys_read(const struct ini *ini, const struct ini_entry *entry, const struct macros *macros,
                   struct rulefile_rule *rule, struct rulefile_errors *errors);

#endif
