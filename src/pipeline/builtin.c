#include "pipeline/builtin.h"

#include <assert.h>
#include <string.h>

#include "verdict/verdict.h"

static_assert((int)BUILTIN_END == VERDICT_RULES_MAX, "the verdict knows each rule");

static char list_name[] = "dns-list", list_category[] = "dnsbl", list_reason[] = "listed by a DNS blocklist",
	    ptr_name[] = "dns-ptr", ptr_category[] = "name", ptr_reason[] = "its address has no name of its own",
	    connections_name[] = "kernel-connections", connections_category[] = "flood",
	    connections_reason[] = "opened too many connections at once";

/* In the order of their numbers. */
static const struct rulefile_rule texts[] = {
	{.name = list_name, .category = list_category, .reason = list_reason},
	{.name = ptr_name, .category = ptr_category, .reason = ptr_reason},
	{.name = connections_name, .category = connections_category, .reason = connections_reason},
};

static const struct rule builtins[] = {
	{.index = BUILTIN_DNS_LIST, .text = &texts[0]},
	{.index = BUILTIN_DNS_PTR, .text = &texts[1]},
	{.index = BUILTIN_CONNECTIONS, .text = &texts[2]},
};

const struct rule *builtin_rule(unsigned number)
{
	return &builtins[number - BUILTIN_DNS_LIST];
}

unsigned builtin_number(const struct rules *rules, const char *name)
{
	for (size_t i = 0; rules != NULL && i < rules_count(rules); i++)
		if (strcmp(rules_at(rules, i)->text->name, name) == 0)
			return (unsigned)i; /* below RULEFILE_RULES_MAX */
	for (unsigned i = BUILTIN_DNS_LIST; i < BUILTIN_END; i++)
		if (strcmp(builtin_rule(i)->text->name, name) == 0)
			return i;
	return VERDICT_NO_RULE;
}
