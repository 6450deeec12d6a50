#include "root/root.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/confdir.h"
#include "base/log.h"
#include "base/text.h"
#include "firewall/message.h"
#include "root/automatic.h"
#include "root/backend.h"
#include "root/claim.h"
#include "root/gate.h"
#include "root/hooks.h"
#include "root/kill.h"

enum {
	STATUS_SYSTEM = 3, /* the exit status for an error of the system */
	LINGER_MS = 10000, /* for the engine to end after it has closed its end of the pair */
};

struct root {
	struct root_config config;
	struct claim claim;
	const struct backend *backend;
	struct lists *lists; /* of the backend */
	struct gate_keeper *gates; /* NULL: there are none */
	bool automatic; /* it was chosen here; once the engine has prepared something it stays */
	bool settled;   /* the kernel holds what is wanted: what other backends left is gone */
	struct why reason; /* for this backend; "": it was configured */
	bool began;     /* the engine has asked for more than its configuration: the start is done */
	int64_t second; /* the clock's, that adds counts for */
	uint32_t adds;
	struct backend_change change; /* not reported yet */
	bool changed, reported; /* something is in change; the engine has made no request since the last report */
	bool logged_too_many; /* in this second: so that an attacker's flood is not a flood of lines */
};

static const char automatic[] = "auto";

static bool is_name(const char *name, size_t cap)
{
	const size_t len = strnlen(name, cap);

	/* What the kernel, a path and a shell script all read as a name. */
	return len > 0 && len < cap &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == len &&
	       name[0] != '-';
}

static bool are_names(const char names[][ROOT_NAME_MAX], size_t n)
{
	bool are = n <= ROOT_JUMPS_MAX;

	for (size_t i = 0; i < n && are; i++)
		are = is_name(names[i], ROOT_NAME_MAX);
	return are;
}

static int check_lists(const struct root_config *config, struct why *why)
{
	if (config->n_more >= PORTLISTS_MAX)
		return why_set(why, EINVAL, "%zu lists of ports: %d at most", config->n_more + 1, PORTLISTS_MAX);
	for (size_t i = 0; i < config->n_more; i++) {
		const struct root_list *const list = &config->more[i];

		if (!is_name(list->name, sizeof list->name) || list->n_ports > PORTLISTS_PORTS_MAX ||
		    strlen(config->chain) + 1 + strlen(list->name) >= ROOT_NAME_MAX ||
		    strlen(config->list) + 1 + strlen(list->name) >= ROOT_NAME_MAX)
			return why_set(why, EINVAL, "a list of ports has too many of them, or too long a name");
	}
	return 0;
}

static int check_gates(const struct root_config *config, struct why *why)
{
	if (config->gates.n > GATES_MAX)
		return why_set(why, EINVAL, "%zu gates: %d at most", config->gates.n, GATES_MAX);
	if (config->gates.n > 0 && (!config->manage_rules || strcmp(config->backend, backend_recent.name) == 0))
		return why_set(why, EINVAL, "[gate] needs nftables: set [firewall] backend = nftables, and manage_rules = yes");
	return gates_settle(&config->gates, why);
}

static int check_config(const struct root_config *config, struct why *why)
{
	int err;

	if (memchr(config->backend, '\0', sizeof config->backend) == NULL || 
	    (strcmp(config->backend, automatic) != 0 && backend_find(config->backend) == NULL))
		return why_set(why, EINVAL, "there is no such [firewall] backend");
	if (!is_name(config->chain, sizeof config->chain) || !is_name(config->list, sizeof config->list) ||
	    !are_names(config->jump_from, config->n_jump_from))
		return why_set(
		        why, EINVAL,
		        "the names of chain, list and jump_from are 1 to %d letters, digits, '_' and '-'",
		        ROOT_NAME_MAX - 1);
	if (config->table[0] != '\0' && (config->manage_rules || strcmp(config->backend, backend_recent.name) == 0 ||
	                                 !is_name(config->table, sizeof config->table)))
		return why_set(why, EINVAL, "list = TABLE SET is for manage_rules = no, and for nftables");
	if (config->table[0] == '\0' && !config->manage_rules && strcmp(config->backend, backend_nftables.name) == 0)
		return why_set(why, EINVAL, "nftables and manage_rules = no: name your table and your set: list = TABLE SET");
	if (config->seconds < 2)
		return why_set(why, EINVAL, "seconds is %" PRIu32 ": at least 2", config->seconds);
	if (config->n_ports > PORTLISTS_PORTS_MAX)
		return why_set(why, EINVAL, "%zu ports: a rule takes %d", config->n_ports, PORTLISTS_PORTS_MAX);
	err = check_lists(config, why);
	if (err == 0)
		err = check_gates(config, why);
	if (err < 0)
		return err;
	if (config->connections > 0 && (config->connections_s < 1 || config->connections_s > 3600))
		return why_set(why, EINVAL, "connections_s is %" PRIu32 ": 1 to 3600", config->connections_s);
	if (config->n_never > ROOT_NEVER_MAX)
		return why_set(why, EINVAL, "%zu networks never to block: %d at most", config->n_never,
		               ROOT_NEVER_MAX);
	if (strnlen(config->log_prefix, sizeof config->log_prefix) == sizeof config->log_prefix)
		return why_set(why, EINVAL, "log_prefix: %d characters at most", ROOT_PREFIX_MAX - 1);
	return 0;
}

/* What a daemon with another backend left would go on to block, unseen by this one. */
static void clean_others(const struct root *root)
{
	bool removed = false;
	struct why why;

	if (lists_clean_others(root->backend, &root->config, &removed, &why) < 0)
		log_line(LOG_WARNING, "what another backend left could not be looked for: %s", why.text);
	else if (removed)
		log_line(LOG_NOTICE, "removed what a daemon with another backend left in the firewall");
}

static void use(struct root *root, const struct automatic *chosen)
{
	root->backend = chosen->backend;
	root->lists = chosen->lists;
	root->reason = chosen->reason;
	if (root->automatic)
		log_line(LOG_NOTICE, "[firewall] backend = auto: using %s: %s", root->backend->name, root->reason.text);
	if (chosen->without6 != NULL)
		log_line(LOG_WARNING, "IPv6 clients are not blocked: %s", chosen->without6);
}

static int open_backend(struct root *root, struct why *why)
{
	struct automatic chosen = {.backend = backend_find(root->config.backend)};
	int err;

	root->automatic = chosen.backend == NULL;
	err = root->automatic ? automatic_open(&root->config, &chosen, why)
	                      : lists_open(chosen.backend, &root->config, &chosen.lists, &chosen.without6, why);
	if (err == 0)
		use(root, &chosen);
	return err;
}

/* Without any, what a daemon before us left goes; where nf_tables is not to be had nothing was left. */
static int open_gates(struct root *root, struct why *why)
{
	const struct root_config *const config = &root->config;
	bool removed;
	struct why ignored;

	if (config->gates.n > 0)
		return gate_open(config, root->backend == &backend_observe, &root->gates, why);
	if (config->manage_rules && gate_clean(config, &removed, &ignored) == 0 && removed)
		log_line(LOG_NOTICE, "there is no [gate] any more: removed what the last one left in the firewall");
	return 0;
}

int root_open(const struct root_config *config, struct root **ret, struct why *why)
{
	struct root *root;
	int err = check_config(config, why);

	if (err < 0)
		return err;
	root = calloc(1, sizeof *root);
	if (root == NULL)
		return why_set(why, ENOMEM, "no memory for the root process");
	root->config = *config;
	err = claim_take(config, &root->claim, why);
	if (err < 0) {
		free(root);
		return err;
	}
	err = open_backend(root, why);
	if (err == 0)
		err = open_gates(root, why);
	if (err < 0) {
		struct why ignored;

		(void)lists_close(root->lists, BACKEND_UNDO, &ignored);
		claim_drop(&root->claim);
		free(root);
		return err;
	}
	*ret = root;
	return 0;
}

void root_close(struct root *root, bool remove)
{
	enum backend_end end;
	struct why why;

	if (root == NULL)
		return;
	end = remove && !root->config.keep_on_stop ? BACKEND_REMOVE : root->began ? BACKEND_LEAVE : BACKEND_UNDO;
	if (gate_close(root->gates, end, &why) < 0)
		log_line(LOG_WARNING, "the gates' rules stay, and let everybody in after their open_after: %s", why.text);
	if (lists_close(root->lists, end, &why) < 0)
		log_line(LOG_WARNING, "the rules stay until you remove them with 'watchforspammers cleanup': %s",
		         why.text);
	claim_drop(&root->claim);
	free(root);
}

int root_clean(const struct root_config *config, bool *ret_removed, struct why *why)
{
	struct claim claim;
	bool gates = false;
	int err = check_config(config, why);

	if (err == 0)
		err = claim_take(config, &claim, why);
	if (err < 0)
		return err;
	err = strcmp(config->backend, automatic) == 0 ? lists_clean_others(NULL, config, ret_removed, why)
	                                              : lists_clean(backend_find(config->backend), config, ret_removed, why);
	if (err == 0 && config->manage_rules)
		err = gate_clean(config, &gates, why);
	if (err == 0)
		*ret_removed |= gates;
	claim_drop(&claim);
	return err;
}

/* The last word on what may be blocked, whatever the engine believes. */
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
		log_line(LOG_WARNING,
		         "more than %d blocks in one second: the rest is refused until the next sync",
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

static struct message_entry net_entry(const struct net *net, uint8_t list)
{
	struct message_entry entry = {.len = net->len, .list = list};

	memcpy(entry.addr, net->addr.bytes, sizeof entry.addr);
	return entry;
}

static int answer_prepare(struct root *root, struct message *m, struct why *why)
{
	struct automatic chosen = {.backend = root->backend, .lists = root->lists};
	bool repaired = false;
	int err;

	if (root->automatic)
		automatic_fit(&root->config, m->n4, m->n6, &chosen);
	if (chosen.backend != root->backend)
		use(root, &chosen);
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
			entries[n++] = (struct backend_entry){.net = net, .list = m->entries[i].list, .left_s = m->entries[i].left_s};
	}
	err = n == 0 ? 0 : lists_add(root->lists, entries, n, &refused, why);
	m->refused = refused.n;
	if (err < 0)
		return err;
	m->n = refused.n;
	for (uint32_t i = 0; i < m->n; i++)
		m->entries[i] = net_entry(&refused.nets[i], refused.lists[i]);
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

/* LIST or DROPPED. */
static int answer_list(const struct root *root, struct message *m, struct why *why)
{
	struct backend_entry held[MESSAGE_ENTRIES];
	uint32_t cursor = m->cursor;
	size_t n = 0;
	const int err = m->verb == MESSAGE_LIST ? lists_list(root->lists, &cursor, held, MESSAGE_ENTRIES, &n, why)
	                                        : lists_dropped(root->lists, &cursor, held, MESSAGE_ENTRIES, &n, why);

	if (err < 0)
		return err;
	m->n = (uint32_t)n; /* MESSAGE_ENTRIES at most */
	m->cursor = cursor;
	for (uint32_t i = 0; i < m->n; i++) {
		m->entries[i] = net_entry(&held[i].net, held[i].list);
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

/* Addresses that opened too many connections, except those that no engine may block. */
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
		m->entries[m->n++] = net_entry(&net, 0);
	}
	return 0;
}

/* The ports of a list. */
static struct tracked_query ports_of(const struct root *root, uint8_t list)
{
	const struct root_config *const config = &root->config;

	return list == 0 ? (struct tracked_query){.ports = config->ports, .n_ports = config->n_ports}
	                 : (struct tracked_query){.ports = config->more[list - 1].ports, .n_ports = config->more[list - 1].n_ports};
}

/* Those of a list that may be blocked. Returns how many. */
static size_t nets_to_kill(const struct root *root, const struct message *m, uint8_t list, struct net out[static MESSAGE_ENTRIES])
{
	size_t n = 0;

	for (uint32_t i = 0; i < m->n; i++) {
		out[n] = entry_net(&m->entries[i]);
		n += m->entries[i].list == list && may_block(root, &out[n]);
	}
	return n;
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
			err = kill_connections(&clients, hooks_forward(&root->config), &ended, why);
		m->ended += ended;
	}
	return err;
}

/* Where nothing is forwarded, or the hooks cover it, nothing leads past them. */
static int answer_published(const struct root *root, struct message *m, struct why *why)
{
	int err = 0;

	if (!hooks_is_router() || hooks_forward(&root->config))
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

/* UNPASS, CLOSE. */
static int answer_shut(const struct root *root, const struct message *m, struct why *why)
{
	struct net nets[MESSAGE_ENTRIES];

	if (root->gates == NULL)
		return error_no_gate(why);
	for (uint32_t i = 0; i < m->n; i++)
		nets[i] = entry_net(&m->entries[i]);
	return m->verb == MESSAGE_UNPASS ? gate_unpass(root->gates, nets, m->n, why) : gate_forget(root->gates, nets, m->n, why);
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

/* Unread: parsing is for a process without privileges. */
static int open_config(const char *path, int *ret_fd, struct why *why)
{
	*ret_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	return *ret_fd < 0 ? why_set(why, errno, "%s: %s", path, strerror(errno)) : 0;
}

/* number: 0 the main file, from 1 on those of its directory. */
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
		rc = -ESTALE; /* removed just now; -ENOENT would be the end of the list */
	confdir_done(&dir);
	return rc;
}

/* The fields of every answer. */
static void write_limits(const struct root *root, struct message *m)
{
	struct backend_limits limits;

	lists_limits(root->lists, &limits);
	m->n4 = limits.held4;
	m->n6 = limits.held6;
	m->capacity = limits.capacity;
	m->lengths = limits.lengths;
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

/* ret_fd: of a configuration. */
static int answer(struct root *root, struct message *m, int64_t now_s, int *ret_fd, struct why *why)
{
	switch ((enum message_verb)m->verb) { /* message_is_request: it is one of them */
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
	case MESSAGE_CHANGED: /* is no request */
		break;
	}
	return 0;
}

int root_answer(struct root *root, struct message *m, int64_t now_s)
{
	struct why why = {""};
	int err = has_lists(root, m) ? 0 : why_set(&why, EINVAL, "there is no such list of ports"), fd = -1;

	assert(message_is_request(m, message_size(m)));
	root->began |= m->verb == MESSAGE_PREPARE || m->verb == MESSAGE_ADD || m->verb == MESSAGE_DEL || m->verb == MESSAGE_LIST;
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

/* along: a descriptor, or -1. */
static ssize_t send_answer(int fd, struct message *m, int along)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof along)];
	} control = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof along)}};
	struct iovec text = {m, message_size(m)};
	struct msghdr packet = {.msg_iov = &text, .msg_iovlen = 1};

	if (along >= 0) {
		memcpy(CMSG_DATA(&control.header), &along, sizeof along);
		packet.msg_control = &control;
		packet.msg_controllen = sizeof control;
	}
	return sendmsg(fd, &packet, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* --- what others change --- */

static void note_changed(struct root *root)
{
	struct backend_change change;

	if (!lists_changed(root->lists, &change))
		return;
	if (root->changed)
		lists_add_change(&change, &root->change);
	root->change = change;
	root->changed = true;
}

/*
 * Tells the engine, once until it asks for something again: it then compares anyway, and a flood of changes must not fill its
 * socket. -EPIPE: it closed its end.
 */
static int report_changed(struct root *root, int fd)
{
	struct message m = {.verb = MESSAGE_CHANGED};
	const struct backend_change *const change = &root->change;
	char name[4 * BACKEND_WHO_MAX];

	if (!root->changed || root->reported)
		return 0;
	for (size_t i = 0; i < change->n && !change->all; i++)
		m.entries[m.n++] = net_entry(&change->touched[i].net, change->touched[i].list);
	(void)text_escape((struct span){change->name, strlen(change->name)}, name, sizeof name);
	if (change->pid != 0)
		(void)snprintf(m.why, sizeof m.why, "%.200s (process %" PRIu32 ")", name, change->pid);
	if (send(fd, &m, message_size(&m), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return errno == EAGAIN ? 0 : -EPIPE;
	root->changed = false;
	root->reported = true;
	return 0;
}

/* One packet. 0, or -EPIPE: the engine closed its end; -EPROTO: a protocol violation. */
static int serve_one(struct root *root, int fd)
{
	struct message m;
	ssize_t len;
	int along, err;

	/* MSG_TRUNC: the length it had, so that a longer packet is not mistaken for one that fits. */
	len = recv(fd, &m, sizeof m, MSG_TRUNC | MSG_DONTWAIT);
	if (len < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (len <= 0)
		return -EPIPE;
	if (!message_is_request(&m, (size_t)len))
		return -EPROTO;
	root->reported = false;
	along = root_answer(root, &m, clock_steady_ms() / 1000);
	len = send_answer(fd, &m, along);
	err = len < 0 ? errno : 0;
	if (along >= 0)
		(void)close(along);
	/* EAGAIN: it asks and asks and does not listen. */
	return len == (ssize_t)message_size(&m) ? 0 : err == EAGAIN ? -EPROTO : -EPIPE;
}

/* Hands on one signal. True when it was the engine's end; *ret_status is waitpid's then. */
static bool handle_signal(int signals, pid_t engine, int *ret_status)
{
	struct signalfd_siginfo info;

	if (read(signals, &info, sizeof info) != (ssize_t)sizeof info)
		return false;
	if (info.ssi_signo != SIGCHLD)
		(void)kill(engine,
		           (int)info.ssi_signo); /* it is not reaped yet, so the pid is still its own */
	return waitpid(engine, ret_status, WNOHANG) == engine;
}

static int exit_status(int status)
{
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	log_line(LOG_ERR, "the engine was killed by signal %d (%s)", WTERMSIG(status),
	         strsignal(WTERMSIG(status)));
	return STATUS_SYSTEM;
}

static int watched_fd(const struct root *root)
{
	return lists_watched(root->lists);
}

int root_serve(struct root *root, int fd, pid_t engine)
{
	enum { SIGNALS, PACKETS, CHANGES, PLACES };
	struct pollfd polled[PLACES] = {[PACKETS] = {.fd = fd, .events = POLLIN},
	                                [CHANGES] = {.fd = watched_fd(root), .events = POLLIN}};
	int timeout_ms = -1, status = 0;
	bool ended = false;
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	polled[SIGNALS] =
	        (struct pollfd){.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN};
	if (polled[SIGNALS].fd < 0) {
		log_line(LOG_ERR, "no signalfd: %s; the engine is stopped", strerror(errno));
		(void)kill(engine, SIGKILL);
	}
	/* It may have ended before its SIGCHLD was blocked. */
	ended = waitpid(engine, &status, polled[SIGNALS].fd < 0 ? 0 : WNOHANG) == engine;
	while (!ended) {
		const int n = poll(polled, PLACES, timeout_ms);

		if (n < 0)
			continue; /* EINTR by a debugger; nothing else can be */
		if (n == 0) {
			log_line(LOG_ERR, "the engine closed its socket but does not end: killed");
			(void)kill(engine, SIGKILL);
			timeout_ms = -1;
		}
		if (polled[SIGNALS].revents != 0)
			ended = handle_signal(polled[SIGNALS].fd, engine, &status);
		if (polled[PACKETS].revents != 0 && !ended) {
			const int err = serve_one(root, polled[PACKETS].fd);

			if (err == -EPROTO) {
				log_line(LOG_ERR, "the engine sent a packet that is no request: killed");
				(void)kill(engine, SIGKILL);
			}
			if (err < 0) {
				polled[PACKETS] = polled[CHANGES] = (struct pollfd){.fd = -1}; /* poll skips it */
				timeout_ms = LINGER_MS;
			}
		}
		if (polled[CHANGES].revents != 0)
			note_changed(root);
		if (polled[PACKETS].fd >= 0 && !ended)
			(void)report_changed(root, polled[PACKETS].fd); /* an engine that is gone is found above */
	}
	if (polled[SIGNALS].fd >= 0)
		(void)close(polled[SIGNALS].fd);
	return exit_status(status);
}
