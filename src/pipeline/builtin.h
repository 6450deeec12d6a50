/*
 * builtin: the rules that are in no file: for answers of name servers and for floods.
 *
 * Their numbers come after those that rules of files can have, so that they are suspended and resumed like these. Knows
 * no evidence: decide.h does. The name of a rule in a file takes precedence.
 */
#ifndef WFS_PIPELINE_BUILTIN_H
#define WFS_PIPELINE_BUILTIN_H

#include "rules/rules.h"

enum {
	BUILTIN_DNS_LIST = RULEFILE_RULES_MAX,
	BUILTIN_DNS_PTR,
	BUILTIN_CONNECTIONS,
	BUILTIN_END,
};

/* Returns the rule with this number, BUILTIN_DNS_LIST..BUILTIN_END - 1. Valid forever. */
const struct rule *builtin_rule(unsigned number);

/* Returns the number of the rule with this name, in rules (NULL: none) or built in; else VERDICT_NO_RULE. */
unsigned builtin_number(const struct rules *rules, const char *name);

#endif
