#include "rules/conditions.h"

#include <strings.h>

#include "base/domain.h"

bool conditions_has_files(const struct rulefile_rule *text)
{
	return text->from.path != NULL || text->to.path != NULL;
}

static bool holds(const struct rulefile_listed *listed, const struct mailboxes *list, struct span field)
{
	return listed->path == NULL ||
	       (list != NULL && field.p != NULL && mailboxes_has(list, field) != listed->negated);
}

enum conditions_outcome conditions_files(const struct compiled *c, const struct rules_hit *hit)
{
	if (!holds(&c->rule.text->from, c->from_list, hit->from))
		return CONDITIONS_FROM;
	return holds(&c->rule.text->to, c->to_list, hit->to) ? CONDITIONS_HOLD : CONDITIONS_TO;
}

bool conditions_helo(const struct rulefile_rule *text, const struct rules_hit *hit)
{
	struct span client, claimed;

	if (!text->foreign)
		return true;
	if (hit->helo.p == NULL)
		return false;
	client = domain_registered(hit->name);
	claimed = domain_registered(hit->helo);
	return client.p != NULL &&
	       (claimed.p == NULL || claimed.len != client.len || strncasecmp(claimed.p, client.p, client.len) != 0);
}
