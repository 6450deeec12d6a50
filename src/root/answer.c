#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/confdir.h"
#include "base/log.h"
#include "root/hooks.h"
#include "root/kill.h"
#include "root/state.h"

/*
 * Removes what a daemon with another backend or other lists of ports left, since its blocks would go on unseen by this
 * one.
 */
static void clean_others(const struct root *root)
{
	bool removed = false;
	struct why why;

	if (lists_clean_earlier(root->backend, &root->config, &removed, &why) < 0)
		log_line(LOG_WARNING, "lists of ports of an earlier configuration could not be removed: %s", why.text);
	else if (removed)
		log_line(LOG_NOTICE, "removed the lists of ports of an earlier configuration from the firewall");
	if (lists_clean_others(root->backend, &root->config, &removed, &why) < 0)
		log_line(LOG_WARNING, "what another backend left could not be looked for: %s", why.text);
	else if (removed)
		log_line(LOG_NOTICE, "removed what a daemon with another backend left in the firewall");
}

/* Has the last word on what may be blocked, whatever the engine believes. */
static bool may_block(const struct root *root, const struct net *net)
{
	if (net_is_never(net))
		return false;
	for (size_t i = 0; i < root->config.n_never; i++)
		if (net_overlap(net, &root->config.never[i]))
			return false;
	return true;
}

static bool within_rate(struct root *root, int64_t now_s)
{
	if (now_s != root->second) {
		root->second = now_s;
		root->adds = 0;
		root->logged_too_many = false;
	}
	if (root->adds < ROOT_ADDS_PER_S) {
		root->adds++;
		return true;
	}
	if (!root->logged_too_many)
		log_line(LOG_WARNING, "more than %d blocks in one second: the rest is refused until the next sync",
		         ROOT_ADDS_PER_S);
	root->logged_too_many = true;
	return false;
}

static struct net entry_net(const struct message_entry *entry)
{
	struct net net = {.len = entry->len};

	memcpy(net.addr.bytes, entry->addr, sizeof net.addr.bytes);
	return net;
}

static int answer_prepare(struct root *root, struct message *m, struct why *why)
{
	struct automatic chosen = {.backend = root->backend, .lists = root->lists};
	bool repaired = false;
	int err;

	if (root->automatic)
		automatic_fit(&root->config, m->n4, m->n6, &chosen);
	if (chosen.backend != root->backend)
		root_use(root, &chosen);
	root->automatic = false;
	err = lists_prepare(root->lists, m->n4, m->n6, &repaired, why);
	m->repaired = err == 0 && repaired;
	return err;
}

static int answer_add(struct root *root, struct message *m, int64_t now_s, struct why *why)
{
	struct backend_entry entries[MESSAGE_ENTRIES];
	struct backend_refused refused = {0};
	size_t n = 0;
	int err;

	for (uint32_t i = 0; i < m->n; i++) {
		const struct net net = entry_net(&m->entries[i]);

		if (!within_rate(root, now_s))
			backend_refuse(&refused, &net, "too many blocks in one second");
		else if (!may_block(root, &net))
			backend_refuse(&refused, &net,
			               "never to be blocked, as the configuration was when the daemon started");
		else
			entries[n++] = (struct backend_entry){
				.net = net, .list = m->entries[i].list, .left_s = m->entries[i].left_s};
	}
	err = n == 0 ? 0 : lists_add(root->lists, entries, n, &refused, why);
	m->refused = refused.n;
	if (err < 0)
		return err;
	m->n = refused.n;
	for (uint32_t i = 0; i < m->n; i++)
		m->entries[i] = root_entry(&refused.nets[i], refused.lists[i]);
	*why = refused.why;
	return 0;
}

static int answer_del(const struct root *root, const struct message *m, struct why *why)
{
	struct backend_entry entries[MESSAGE_ENTRIES];

	for (uint32_t i = 0; i < m->n; i++)
		entries[i] = (struct backend_entry){.net = entry_net(&m->entries[i]), .list = m->entries[i].list};
	return lists_del(root->lists, entries, m->n, why);
}

/* Answers LIST and DROPPED. */
static int answer_list(const struct root *root, struct message *m, struct why *why)
{
	struct backend_entry held[MESSAGE_ENTRIES];
	uint32_t cursor = m->cursor;
	size_t n = 0;
	const int err = m->verb == MESSAGE_LIST ? lists_list(root->lists, &cursor, held, MESSAGE_ENTRIES, &n, why)
	                                        : lists_dropped(root->lists, &cursor, held, MESSAGE_ENTRIES, &n, why);

	if (err < 0)
		return err;
	m->n = (uint32_t)n; /* at most MESSAGE_ENTRIES */
	m->cursor = cursor;
	for (uint32_t i = 0; i < m->n; i++) {
		m->entries[i] = root_entry(&held[i].net, held[i].list);
		m->entries[i].left_s = held[i].left_s;
		m->entries[i].idle_s = held[i].idle_s;
		m->entries[i].dropped = held[i].dropped;
		m->entries[i].bytes = held[i].bytes;
	}
	return 0;
}

static int answer_look(const struct root *root, struct message *m, struct why *why)
{
	struct backend_entry entries[MESSAGE_ENTRIES];
	int err;

	for (uint32_t i = 0; i < m->n; i++)
		entries[i] = (struct backend_entry){.net = entry_net(&m->entries[i]), .list = m->entries[i].list};
	err = lists_look(root->lists, entries, m->n, why);
	for (uint32_t i = 0; i < m->n && err == 0; i++) {
		m->entries[i].idle_s = entries[i].idle_s;
		m->entries[i].dropped = entries[i].dropped;
		m->entries[i].bytes = entries[i].bytes;
	}
	return err;
}

/* Returns addresses that opened too many connections, except those that must never be blocked. */
static int answer_floods(const struct root *root, struct message *m, struct why *why)
{
	struct addr addrs[MESSAGE_ENTRIES];
	size_t n = 0;
	const int err = lists_floods(root->lists, addrs, MESSAGE_ENTRIES, &n, why);

	if (err < 0)
		return err;
	for (size_t i = 0; i < n; i++) {
		const struct net net = net_of(&addrs[i]);

		if (!may_block(root, &net))
			continue;
		m->entries[m->n++] = root_entry(&net, 0);
	}
	return 0;
}

/* Returns a query for the ports of a list. */
static struct tracked_query ports_of(const struct root *root, uint8_t list)
{
	const struct root_config *const config = &root->config;

	return list == 0 ? (struct tracked_query){.ports = config->ports, .n_ports = config->n_ports}
	                 : (struct tracked_query){.ports = config->more[list - 1].ports,
	                                          .n_ports = config->more[list - 1].n_ports};
}

/* Copies those networks of a list that may be blocked. Returns how many. */
static size_t nets_to_kill(const struct root *root, const struct message *m, uint8_t list,
                           struct net out[static MESSAGE_ENTRIES])
{
	size_t n = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		out[n] = entry_net(&m->entries[i]);
		n += m->entries[i].list == list && may_block(root, &out[n]);
	}
	return n;
}

static bool drops_forwarded(const struct root *root)
{
	return root->backend == &backend_recent ? hooks_forward_recent(&root->config) : hooks_forward(&root->config);
}

static int answer_kill(const struct root *root, struct message *m, struct why *why)
{
	struct net nets[MESSAGE_ENTRIES];
	int err = 0;

	for (uint8_t list = 0; list <= root->config.n_more && err == 0; list++) {
		struct tracked_query clients = ports_of(root, list);
		uint32_t ended = 0;

		clients.nets = nets;
		clients.n = nets_to_kill(root, m, list, nets);
		if (clients.n > 0 || (m->n == 0 && list == 0))
			err = kill_connections(&clients, drops_forwarded(root), &ended, why);
		m->ended += ended;
	}
	return err;
}

/* If nothing is forwarded, or the hooks cover forwarding, no published port bypasses them. */
static int answer_published(const struct root *root, struct message *m, struct why *why)
{
	int err = 0;

	if (!hooks_is_router() || drops_forwarded(root))
		return 0;
	for (uint8_t list = 0; list <= root->config.n_more && err == 0 && m->port == 0; list++) {
		const struct tracked_query query = ports_of(root, list);
		uint16_t port = 0;

		err = tracked_published(&query, &port);
		m->port = port;
	}
	return err == 0 ? 0 : why_set(why, -err, "the kernel's table of connections: %s", strerror(-err));
}

/* --- the gates --- */

static int error_no_gate(struct why *why)
{
	return why_set(why, ENOENT, "there is no such gate");
}

static int answer_gates(const struct root *root, struct message *m, struct why *why)
{
	bool repaired = false;
	const int err = root->gates == NULL ? error_no_gate(why) : gate_keep(root->gates, m->n4 != 0, &repaired, why);

	m->repaired = err == 0 && repaired;
	return err;
}

static int answer_pass(const struct root *root, const struct message *m, struct why *why)
{
	struct gate_pass passes[MESSAGE_ENTRIES];

	for (uint32_t i = 0; i < m->n; i++)
		passes[i] = (struct gate_pass){entry_net(&m->entries[i]), m->entries[i].left_s};
	return root->gates == NULL ? error_no_gate(why) : gate_pass(root->gates, passes, m->n, why);
}

/* Answers UNPASS and CLOSE. */
static int answer_shut(const struct root *root, const struct message *m, struct why *why)
{
	struct net nets[MESSAGE_ENTRIES];

	if (root->gates == NULL)
		return error_no_gate(why);
	for (uint32_t i = 0; i < m->n; i++)
		nets[i] = entry_net(&m->entries[i]);
	return m->verb == MESSAGE_UNPASS ? gate_unpass(root->gates, nets, m->n, why)
	                                 : gate_forget(root->gates, nets, m->n, why);
}

static int answer_counts(const struct root *root, struct message *m, struct why *why)
{
	struct gate_counts counts = {0};
	const int err = m->n4 >= root->config.gates.n ? error_no_gate(why)
	                                              : gate_count(root->gates, m->n4, &m->cursor, &counts, why);

	if (err < 0 || m->cursor != 0)
		return err;
	m->gate = (struct message_gate){.delays_s = counts.delays_s,
	                                .n_delays = counts.n_delays,
	                                .asked = counts.asked,
	                                .refused = counts.refused,
	                                .admitted = counts.admitted,
	                                .began = counts.began,
	                                .came = counts.came,
	                                .late = counts.late,
	                                .paused = counts.paused,
	                                .window = counts.window,
	                                .waiting = counts.waiting,
	                                .waits_s = counts.waits_s};
	memcpy(m->gate.waits, counts.waits.bytes, sizeof m->gate.waits);
	return 0;
}

/* Opens the file without reading it: parsing is left to a process without privileges. */
static int open_config(const char *path, int *ret_fd, struct why *why)
{
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return *ret_fd < 0 ? why_set(why, errno, "%s: %s", path, strerror(errno)) : 0;
}

/* number: 0 is the main file, 1 and up the files of its directory. */
static int answer_config(const struct root *root, uint32_t number, int *ret_fd, struct why *why)
{
	const char *const path = root->config.path;
	struct confdir dir;
	int rc;

	if (path == NULL)
		return why_set(why, ENOENT, "this root process knows no configuration");
	if (number == 0)
		return open_config(path, ret_fd, why);
	if ((rc = confdir_list(path, &dir, why)) < 0)
		return rc;
	if (number > dir.n)
		rc = why_set(why, ENOENT, "%s.d has no more files", path);
	else if ((rc = open_config(dir.paths[number - 1], ret_fd, why)) == -ENOENT)
		rc = -ESTALE; /* just removed; -ENOENT would mean the end of the list */
	confdir_done(&dir);
	return rc;
}

/* Fills in the fields that every answer has. */
static void write_limits(const struct root *root, struct message *m)
{
	struct backend_limits limits;

	lists_limits(root->lists, &limits);
	m->n4 = limits.held4;
	m->n6 = limits.held6;
	m->capacity = limits.capacity;
	m->lengths = limits.lengths;
	m->tarpit = root->tarpit;
	m->watched = root->backend->watched != NULL;
	(void)snprintf(m->list, sizeof m->list, "%s", limits.list);
	(void)snprintf(m->backend, sizeof m->backend, "%s", root->backend->name);
	(void)snprintf(m->chosen, sizeof m->chosen, "%.*s", (int)sizeof m->chosen - 1, root->reason.text);
}

static bool has_lists(const struct root *root, const struct message *m)
{
	bool has = true;

	for (uint32_t i = 0; i < m->n && has; i++)
		has = m->entries[i].list <= root->config.n_more;
	return has;
}

/* *ret_fd: an open configuration file, if m requests one. */
static int answer(struct root *root, struct message *m, int64_t now_s, int *ret_fd, struct why *why)
{
	switch ((enum message_verb)m->verb) { /* message_is_request has checked that it is one of these */
	case MESSAGE_PREPARE:
		return answer_prepare(root, m, why);
	case MESSAGE_ADD:
		return answer_add(root, m, now_s, why);
	case MESSAGE_DEL:
		return answer_del(root, m, why);
	case MESSAGE_LIST:
	case MESSAGE_DROPPED:
		return answer_list(root, m, why);
	case MESSAGE_LOOK:
		return answer_look(root, m, why);
	case MESSAGE_FLOODS:
		return answer_floods(root, m, why);
	case MESSAGE_CONFIG:
		return answer_config(root, m->cursor, ret_fd, why);
	case MESSAGE_KILL:
		return answer_kill(root, m, why);
	case MESSAGE_PUBLISHED:
		return answer_published(root, m, why);
	case MESSAGE_GATES:
		return answer_gates(root, m, why);
	case MESSAGE_PASS:
		return answer_pass(root, m, why);
	case MESSAGE_UNPASS:
	case MESSAGE_CLOSE:
		return answer_shut(root, m, why);
	case MESSAGE_COUNTS:
		return answer_counts(root, m, why);
	case MESSAGE_SETTLED:
		if (!root->settled)
			clean_others(root);
		root->settled = true;
		break;
	case MESSAGE_LIMITS:
	case MESSAGE_CHANGED: /* not a request */
		break;
	}
	return 0;
}

int root_answer(struct root *root, struct message *m, int64_t now_s)
{
	struct why why = {""};
	int err = has_lists(root, m) ? 0 : why_set(&why, EINVAL, "there is no such list of ports"), fd = -1;

	assert(message_is_request(m, message_size(m)));
	root->began |= m->verb == MESSAGE_PREPARE || m->verb == MESSAGE_ADD || m->verb == MESSAGE_DEL ||
	               m->verb == MESSAGE_LIST;
	if (err == 0)
		err = answer(root, m, now_s, &fd, &why);
	if (m->verb == MESSAGE_DEL || m->verb == MESSAGE_KILL || m->verb == MESSAGE_PASS || m->verb == MESSAGE_UNPASS ||
	    m->verb == MESSAGE_CLOSE || err < 0)
		m->n = 0;
	if ((m->verb != MESSAGE_LIST && m->verb != MESSAGE_DROPPED && m->verb != MESSAGE_COUNTS) || err < 0)
		m->cursor = 0;
	write_limits(root, m);
	m->error = err;
	if (err < 0 || m->refused > 0)
		(void)snprintf(m->why, sizeof m->why, "%.*s", (int)sizeof m->why - 1, why.text);
	return fd;
}
