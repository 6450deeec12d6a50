#include "engine/restarts.h"

#include <string.h>

#include "base/log.h"

static bool list_differs(char *const a[], size_t n_a, char *const b[], size_t n_b)
{
	bool differs = n_a != n_b;

	for (size_t i = 0; i < n_a && !differs; i++)
		differs = strcmp(a[i], b[i]) != 0;
	return differs;
}

static bool journal_differs(const struct config *old, const struct config *new)
{
	return old->journal.read != new->journal.read || strcmp(old->journal.namespace, new->journal.namespace) != 0 ||
	       strcmp(old->journal.machine, new->journal.machine) != 0 ||
	       strcmp(old->journal.directory, new->journal.directory) != 0;
}

static bool firewall_differs(const struct config *old, const struct config *new)
{
	return strcmp(old->firewall.backend, new->firewall.backend) != 0 ||
	       strcmp(old->firewall.list, new->firewall.list) != 0 ||
	       strcmp(old->firewall.chain, new->firewall.chain) != 0 ||
	       old->firewall.seconds != new->firewall.seconds || old->firewall.action != new->firewall.action ||
	       old->firewall.sessions != new->firewall.sessions || old->firewall.hooks != new->firewall.hooks ||
	       old->firewall.connections != new->firewall.connections ||
	       old->firewall.connections_s != new->firewall.connections_s ||
	       !portlists_equal(&old->firewall.ports, &new->firewall.ports);
}

static bool control_differs(const struct config *old, const struct config *new)
{
	return strcmp(old->control.socket, new->control.socket) != 0 ||
	       strcmp(old->control.group, new->control.group) != 0 ||
	       strcmp(old->control.readers, new->control.readers) != 0 ||
	       strcmp(old->control.token_file, new->control.token_file) != 0 ||
	       old->control.tcp_port != new->control.tcp_port || !addr_equal(&old->control.tcp, &new->control.tcp);
}

struct restarts restarts_find(const struct config *old, const struct config *new)
{
	return (struct restarts){
		.sources = list_differs(old->logs, old->n_logs, new->logs, new->n_logs) ||
	                   list_differs(old->sockets, old->n_sockets, new->sockets, new->n_sockets),
		.journal = journal_differs(old, new),
		.export = strcmp(old->export.file, new->export.file) != 0 ||
	                  strcmp(old->export.file_format, new->export.file_format) != 0,
		.ip6_prefix = old->block.ip6_prefix != new->block.ip6_prefix,
		.rest = strcmp(old->database.path, new->database.path) != 0 ||
	                strcmp(old->run.user, new->run.user) != 0 || !gates_equal(&old->gates, &new->gates) ||
	                firewall_differs(old, new) || control_differs(old, new),
	};
}

void restarts_keep(const struct config *old, struct config *new)
{
	new->block.ip6_prefix = old->block.ip6_prefix;
	new->firewall.ports = old->firewall.ports;
}

void restarts_log(const struct restarts *restarts)
{
	if (restarts->sources)
		log_line(LOG_WARNING, "[log] or [socket] sections changed; restart to follow the new ones");
	if (restarts->journal)
		log_line(LOG_WARNING, "[journal] takes effect after a restart");
	if (restarts->export)
		log_line(LOG_WARNING, "[export] takes effect after a restart");
	if (restarts->ip6_prefix)
		log_line(LOG_WARNING, "[block] ip6_prefix takes effect after a restart");
	if (restarts->rest)
		log_line(LOG_WARNING,
		         "[firewall], [gate], [control], [database] path and [run] user take effect after a restart");
}
