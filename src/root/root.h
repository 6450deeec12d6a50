/*
 * root: the process that keeps its privileges, and everything it does.
 *
 * It receives small packets from the engine, checks them, lets the backend act and answers. It parses no
 * configuration, rule, log line or database. What it must know of the configuration arrives as the plain struct
 * below, filled before the engine exists. The configuration file may be readable by root alone: root opens it on
 * request and passes the descriptor to the engine unread. Root forwards SIGTERM, SIGINT, SIGHUP and SIGUSR1 to the
 * engine, and ends when the engine has ended or has closed its end of the socket pair.
 *
 * Stop: when the engine ends with status 0, the chain, the jump and the lists are removed unless keep_on_stop is set.
 * When it dies in any other way they stay for the next start to take over; the rules' own timeout bounds how long
 * they block. If the start fails (the engine ends before it asks for anything but the configuration), whatever
 * root_open created is removed. Only one root process at a time owns a chain and its lists: see claim.h.
 */
#ifndef WFS_ROOT_ROOT_H
#define WFS_ROOT_ROOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/addr.h"
#include "base/gates.h"
#include "base/portlists.h"
#include "base/why.h"

enum {
	ROOT_JUMPS_MAX = 4,   /* chains from which packets jump to ours */
	ROOT_NEVER_MAX = 256, /* allowed networks copied into the root process */
	ROOT_NAME_MAX = 24,   /* chain and list names: chain labels hold 31 bytes, shards append "_x_xx" */
	ROOT_PREFIX_MAX = 29, /* iptables LOG prefix, xt_LOG.h */
	/*
	 * more ADD entries per second are refused, as the engine has run away; a start adds as many as there are
	 * blocks
	 */
	ROOT_ADDS_PER_S = 1000000,
};

enum root_action {
	ROOT_DROP,
	ROOT_REJECT,
	ROOT_RESET,
	ROOT_TARPIT, /* nftables only; packets that cannot be redirected to the tarpit are dropped */
};

/* Where packets are dropped, as bits. AUTO: INPUT, and also FORWARD if the host forwards to containers. */
enum root_hook { ROOT_HOOK_INPUT = 1, ROOT_HOOK_FORWARD = 2, ROOT_HOOK_AUTO = 4 };

/* what happens to connections that are already open when their client is blocked */
enum root_sessions { ROOT_DROPPED, ROOT_KEPT };

struct root_config {
	char backend[ROOT_NAME_MAX]; /* "recent" or another of backend.h, or "auto" (automatic.h) */
	bool manage_rules;           /* false: only fill lists that the administrator's own rules use */
	bool keep_on_stop;
	char chain[ROOT_NAME_MAX];                     /* "SPAMMER" */
	unsigned hooks;                                /* bits of enum root_hook */
	size_t n_jump_from;                            /* 0: the chains follow from hooks */
	char jump_from[ROOT_JUMPS_MAX][ROOT_NAME_MAX]; /* "INPUT"; only for the backend recent */
	/* if manage_rules is false: the administrator's table, family inet, that holds the sets; "" for recent */
	char table[ROOT_NAME_MAX];
	char list[ROOT_NAME_MAX]; /* "spammer"; recent_rules.h lists the names derived from it */
	/* 48..127: IPv6 clients are counted as networks of this length; any other value: as single addresses */
	uint8_t ip6_prefix;
	bool networks; /* wider networks are blocked, too: IPv4 /24 and IPv6 /48 */
	enum root_action action;
	uint16_t tarpit_port; /* the port the tarpit listens on; 0: no tarpit */
	int tarpit_fd;        /* if tarpit_port is set: the socket that receives struct message_tarpit; borrowed */
	enum root_sessions sessions;
	char log_prefix[ROOT_PREFIX_MAX]; /* "": no LOG rule */
	uint32_t seconds;                 /* timeout of the recent rule, at least 2 */
	/* clients that open more new connections than this within connections_s are reported; 0: no such rule */
	uint32_t connections;
	uint32_t connections_s; /* 1..3600 */
	size_t n_ports;         /* of list 0; 0: all ports and protocols */
	uint16_t ports[PORTLISTS_PORTS_MAX];
	size_t n_more; /* further lists, numbered 1 to n_more */
	struct root_list {
		char name[ROOT_NAME_MAX]; /* appended to the chain and list names after a "_": "SPAMMER_auth" */
		size_t n_ports;
		uint16_t ports[PORTLISTS_PORTS_MAX];
	} more[PORTLISTS_MAX - 1];
	struct gates gates; /* n is 0 if there are none; only for nftables and observe */
	size_t n_never;
	const char *path;                 /* the configuration file, borrowed; NULL: it is never requested */
	struct net never[ROOT_NEVER_MAX]; /* fixed part of the allow list: root's copy has the last word */
};

/*
 * Prepares the kernel. Runs before the engine is started, so that a missing feature is reported and exits 3. Errors:
 * a sentence with the remedy: no legacy xtables, no xt_recent, no CAP_NET_ADMIN; -EALREADY if another root process
 * owns the chain or the list.
 */
struct root;
int root_open(const struct root_config *config, struct root **ret, struct why *why);

/*
 * Serves the engine until it ends. Returns the exit status for this process: the engine's own, or 3 if the engine was
 * killed by a signal. A packet that is not a valid request makes root kill the engine, since the engine is then
 * broken or taken over by an attacker. fd: root's end of the pair, borrowed. engine: the child's pid, not yet waited
 * for. The function blocks the signals named above and SIGCHLD. To lose none, call root_block_signals before the
 * fork; the child then unblocks them.
 */
void root_block_signals(void);
int root_serve(struct root *root, int fd, pid_t engine);

/*
 * Answers one request in place. root_serve calls it; tests drive it directly. m: message_is_request is true. now_s:
 * any clock that never goes back, for ROOT_ADDS_PER_S. Returns a descriptor to send along with the answer, which the
 * caller closes, or -1 if there is none.
 */
struct message;
int root_answer(struct root *root, struct message *m, int64_t now_s);

/*
 * Undoes root_open. remove: the engine ended with status 0, so rules and lists are removed unless keep_on_stop is
 * set. What root_open created is removed in any case if the engine requested nothing but the configuration. If
 * manage_rules is false, the lists are emptied instead of removed. NULL does nothing.
 */
void root_close(struct root *root, bool remove);

/*
 * Removes what a killed root process left behind. *ret_removed: something was there. Errors: as root_open; -EALREADY
 * if a root process is running.
 */
int root_clean(const struct root_config *config, bool *ret_removed, struct why *why);

#endif
