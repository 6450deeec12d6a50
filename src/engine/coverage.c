#include "engine/coverage.h"

#include <errno.h>

#include "base/log.h"

enum { EVERY_MS = 60000 };

void coverage_init(struct coverage *c, const struct config *started, struct client *client, struct problems *problems)
{
	const bool drops = started->firewall.manage_rules && !config_observes(started);

	*c = (struct coverage){.client = client, .problems = problems, .at_ms = drops ? 0 : INT64_MAX};
}

void coverage_check(struct coverage *c, int64_t now_ms, int64_t now_s)
{
	uint16_t port = 0;
	struct why what;

	if (now_ms < c->at_ms)
		return;
	c->at_ms = now_ms + EVERY_MS;
	if (client_published(c->client, &port, &what) < 0 || port == 0) {
		problems_clear(c->problems, PROBLEMS_HOOKS, 0);
		c->port = 0;
		return;
	}
	(void)why_set(
		&what, ENOTSUP,
		"DNAT leads clients of port %u to a container or another host, past the rules: there blocked clients are "
		"not dropped",
		port);
	if (c->port != port)
		log_line(LOG_WARNING, "%s; set [firewall] hooks = auto, and restart", what.text);
	c->port = port;
	problems_set(c->problems, PROBLEMS_HOOKS, 0, what.text, NULL, now_s);
}
